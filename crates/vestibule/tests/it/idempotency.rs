//! `Idempotency-Key`: a call that writes and comes again gets the first answer, and the vendor no second candidate.

use crate::outbound::person;
use crate::world::{Reply, Request, World, call};
use serde_json::json;
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

fn keyed(key: &str, target: &str, id: &str, body: &str) -> Request {
    call(key, "POST", target, body).header("idempotency-key", id)
}

#[test]
fn a_repeat_gets_the_first_answer_and_makes_no_second_call() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let body = json!({ "first_name": dana.name }).to_string();
    let request = keyed(&key, "/out/ats/candidates", "run-1", &body);
    world.ats.next([Reply::json(201, r#"{"id":11,"status":"first"}"#)]);
    let first = world.send(&request);
    assert_eq!((first.status, first.header("idempotent-replay")), (201, None));
    let again = world.send(&request);
    assert_eq!((again.status, &again.body, again.header("idempotent-replay")), (201, &first.body, Some("true")));
    assert_eq!(world.ats.count(), 1);

    let other_body = world.send(&keyed(&key, "/out/ats/candidates", "run-1", "{}"));
    let other_query = world.send(&keyed(&key, "/out/ats/candidates?a=1", "run-1", &body));
    for answer in [&other_body, &other_query] {
        assert_eq!((answer.status, answer.code().as_str()), (409, "idempotency.conflict"));
    }
    assert_eq!(world.ats.count(), 1);
    assert_eq!(world.send(&keyed(&key, "/out/ats/candidates", "run-2", &body)).status, 201);
    assert_eq!(world.ats.count(), 2, "another key is another call");

    let world = world.restart(|_| ()).unwrap();
    assert_eq!(world.send(&request).body, first.body, "after a restart");
    assert_eq!(world.ats.count(), 2);
    world.advance(Span::hours(25));
    world.minute();
    assert_eq!(world.send(&request).header("idempotent-replay"), None, "a day later");
    assert_eq!(world.ats.count(), 3);
    println!("idempotency: 7 cases, 3 calls of 3 keys in their days");
}

#[test]
fn many_at_once_are_one_call() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let request = keyed(&key, "/out/ats/candidates", "run-1", r#"{"a":1}"#);
    let statuses = world.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..50 {
            connections.push(world.connect().await);
        }
        for connection in &mut connections {
            connection.write(&request.bytes()).await;
        }
        let mut answers = Vec::new();
        for connection in &mut connections {
            answers.push(connection.read().await.unwrap());
        }
        answers
    });
    let first = statuses.iter().filter(|answer| answer.status == 201 && answer.header("idempotent-replay").is_none()).count();
    let rest = statuses.iter().filter(|answer| answer.status == 409 && answer.code() == "idempotency.in_flight").count();
    let repeats = statuses.iter().filter(|answer| answer.header("idempotent-replay").is_some()).count();
    assert_eq!((first, rest + repeats, world.ats.count()), (1, 49, 1));
    println!("idempotency: {} at once, 1 call", statuses.len());
}

#[test]
fn a_call_that_may_have_arrived_is_not_made_again_and_one_that_cannot_have_is() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let body = json!({ "email": dana.email }).to_string();

    // a time limit: the vendor may have acted
    let slow = keyed(&key, "/out/slow/call", "run-1", &body);
    world.ats.next([Reply::Silence]);
    let (first, second) = world.block_on(async {
        let mut one = world.connect().await;
        one.write(&slow.bytes()).await;
        world.ats.wait_for(1);
        let second = world.connect().await.send(&slow).await.unwrap();
        (one.read().await.unwrap(), second)
    });
    assert_eq!((second.status, second.code().as_str()), (409, "idempotency.in_flight"));
    assert_eq!((first.status, first.code().as_str()), (504, "upstream.timeout"));
    let again = world.send(&slow);
    assert_eq!((again.status, &again.body), (504, &first.body));
    assert_eq!(world.ats.count(), 1, "made again although it may have arrived");

    // no connection, and a refusal of our own: nothing can have arrived
    let dead = keyed(&key, "/out/dead/call", "run-2", &body);
    for _ in 0..2 {
        assert_eq!(world.send(&dead).code(), "upstream.connect");
    }
    let wrong = json!({ "first_name": dana.email }).to_string();
    for body in [wrong, json!({ "first_name": dana.name }).to_string()] {
        let answer = world.send(&keyed(&key, "/out/ats/candidates", "run-3", &body));
        assert!(matches!((answer.status, answer.code().as_str()), (403, "grant.category") | (201, "")), "{}", answer.text());
    }
    assert_eq!(world.ats.count(), 2);

    // an answer that may not pass is kept as the refusal it was
    let html = keyed(&key, "/out/ats/candidates", "run-4", "{}");
    world.ats.next([Reply::with(200, &[("content-type", "text/html")], b"<p>")]);
    for _ in 0..2 {
        assert_eq!(world.send(&html).code(), "upstream.not_json");
    }
    assert_eq!(world.ats.count(), 3);
    println!("idempotency: 4 ways to fail, each once");
}

#[test]
fn an_answer_that_says_try_again_is_not_kept() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let wait = [("content-type", "application/json"), ("retry-after", "7")];
    let html = [("content-type", "text/html"), ("retry-after", "7")];
    // of a vendor that did nothing, a repeat asks again
    let undone = [
        (Reply::with(429, &wait, b"{}"), 429),
        (Reply::with(503, &wait, b"{}"), 503),
        (Reply::with(503, &html, b"<p>"), 502),
        (Reply::json(401, "{}"), 401),
        (Reply::json(407, "{}"), 407),
    ];
    let cases = undone.len();
    for (position, (reply, status)) in undone.into_iter().enumerate() {
        let request = keyed(&key, "/out/ats/candidates", &format!("run-{position}"), "{}");
        world.ats.next([reply]);
        assert_eq!(world.send(&request).status, status);
        let again = world.send(&request);
        assert_eq!((again.status, again.header("idempotent-replay")), (201, None), "case {position}: {}", again.text());
    }
    assert_eq!(world.ats.count(), 2 * cases);

    // of any other one it gets the first answer, which no cache may keep
    let unsaid = keyed(&key, "/out/ats/candidates", "run-unsaid", "{}");
    world.ats.next([Reply::json(503, "{}")]);
    assert_eq!(world.send(&unsaid).status, 503);
    let again = world.send(&unsaid);
    assert_eq!((again.status, again.header("idempotent-replay")), (503, Some("true")));
    assert_eq!(again.header("cache-control"), Some("no-store"));
    assert_eq!(world.ats.count(), 2 * cases + 1);
    println!("idempotency: {cases} answers asked for again, 1 kept");
}

#[test]
fn who_may_send_again_is_told_so_and_nobody_else() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let cases = [
        ("a key answers the same for a day", keyed(&key, "/out/slow/call", "run-1", "{}"), false),
        ("a second call would write twice", call(&key, "POST", "/out/slow/call", "{}"), false),
        ("reading twice changes nothing", call(&key, "GET", "/out/slow/call", ""), true),
    ];
    for (what, request, retryable) in &cases {
        for (reply, code) in
            [(Reply::Silence, "upstream.timeout"), (Reply::Bytes(b"SSH-2.0\r\n\r\n".to_vec()), "upstream.broken")]
        {
            let request = if *what == cases[0].0 { request.clone().with("idempotency-key", code) } else { request.clone() };
            world.ats.next([reply]);
            let answer = world.send(&request);
            assert_eq!(answer.code(), code, "{what}: {}", answer.text());
            assert_eq!(answer.json()["retryable"], *retryable, "{what}: {}", answer.text());
            assert_eq!(answer.header("retry-after").is_some(), *retryable, "{what}");
        }
    }
    println!("sending again: {} kinds of calls, 2 ways to fail", cases.len());
}

#[test]
fn a_stop_waits_for_a_call_whose_caller_has_hung_up() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let request = keyed(&key, "/out/slow/call", "run-1", "{}");
    world.ats.next([Reply::Silence]);
    world.block_on(async {
        let mut caller = world.connect().await;
        caller.write(&request.bytes()).await;
        world.ats.wait_for(1);
    });
    let world = world.restart(|_| ()).unwrap();
    assert!(world.leaves().iter().any(|leaf| leaf.action == "call.end" && leaf.outcome == "upstream.timeout"));
    let again = world.send(&request);
    assert_eq!((again.code().as_str(), again.header("idempotent-replay")), ("upstream.timeout", Some("true")));
    assert_eq!(world.ats.count(), 1);
    println!("stop: 1 call without a caller, finished");
}

#[test]
fn erasing_the_person_erases_the_kept_answer() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let request = keyed(&key, "/out/ats/candidates", "run-1", &json!({ "first_name": dana.name }).to_string());
    assert_eq!(world.send(&request).status, 201);
    world.erase(&dana.email);
    let again = world.send(&request);
    assert_eq!((again.status, again.code().as_str()), (422, "token.erased"), "{}", again.text());
    assert_eq!(world.ats.count(), 1);
    println!("idempotency: 1 kept answer erased");
}
