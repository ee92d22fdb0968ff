//! The whole job once: a signed application comes in, the platform gets tokens, the ATS gets the real values with a
//! credential that the platform never had.

use crate::world::{ATS_CREDENTIAL, Connection, HOOK, HOOK_KEY, World, application, by, is_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashSet;
use vestibule::app::routes::Routes;
use vestibule::{config, ops};
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

#[test]
fn an_application_goes_through_as_tokens_and_arrives_as_itself() {
    let world = World::new();
    let got = world.deliver("/in/apply", &application("Dana Ünal", "dana@example.org"));

    assert_eq!((got.method.as_str(), got.target.as_str()), ("POST", HOOK));
    assert_eq!(got.header("x-make-apikey"), Some(HOOK_KEY));
    let seen = got.json();
    let candidate = &seen["candidate"];
    for field in ["id", "email", "name", "phone", "cv", "age", "remote"] {
        assert!(is_token(candidate[field].as_str().unwrap()), "{field}");
    }
    assert!(candidate["email"].as_str().unwrap().ends_with("@t.example.com"));
    assert_eq!(candidate["country"], "DE");
    assert_eq!(seen["job"]["id"], "J-77");
    assert!(is_token(seen["answers"][0]["value"].as_str().unwrap()));
    assert_eq!((&seen["email_domain"], &seen["has_cv"]), (&"example.org".into(), &true.into()));
    assert!(seen.get("unlisted").is_none() && !got.text().contains("hobby\",\"value"));

    let key = world.key("intake", Mode::Live);
    let body = serde_json::json!({
        "first_name": candidate["name"], "emails": [{ "value": candidate["email"] }], "phone": candidate["phone"],
        "cv": candidate["cv"], "age": candidate["age"], "remote": candidate["remote"], "literal": "stays",
    });
    let answer = world.call(&key, "POST", "/out/ats/candidates", &body.to_string());
    assert_eq!((answer.status, answer.json()), (201, serde_json::json!({ "id": 7, "status": "new" })));

    let arrived = world.ats.wait_for(1).remove(0);
    assert_eq!((arrived.method.as_str(), arrived.target.as_str()), ("POST", "/v1/candidates"));
    let basic = format!("Basic {}", STANDARD.encode(ATS_CREDENTIAL));
    assert_eq!(arrived.header("authorization"), Some(basic.as_str()));
    let expected = serde_json::json!({
        "first_name": "Dana Ünal", "emails": [{ "value": "dana@example.org" }], "phone": "+49 30 901820",
        "cv": "JVBERi0xLjcKJcOkw7zDtsOfCg==", "age": 34, "remote": true, "literal": "stays",
    });
    assert_eq!(arrived.json(), expected);

    world.until("the delivery is recorded", |reader| reader.next_due().unwrap().is_none());
    for action in ["event.accept", "deliver.end", "reveal", "call.end"] {
        // the outcome of a call is written after its answer
        world.until(action, |_| world.leaves().iter().any(|leaf| leaf.action == action));
    }
    let world = world.restart(|_| ()).unwrap();
    let answer = world.call(&key, "POST", "/out/ats/candidates", &body.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    println!("both ways: 2 calls");
}

#[test]
fn a_held_event_waits_for_its_owner() {
    let world = World::new();
    let body = r#"{"job":{"id":"J-1"},"candidate":{"name":"Dana"}}"#;
    assert_eq!(world.send(&world.event("/in/held", body)).status, 200);
    assert_eq!(world.send(&world.event("/in/held", r#"{"job":{"id":"J-2"}}"#)).status, 200);
    let seen = world.platform.wait_for(1);
    assert_eq!(seen[0].json(), serde_json::json!({ "job": { "id": "J-2" } }), "an event whose values all have rules goes on");
    let held = ops::held::list(&world.app).unwrap();
    assert_eq!(held["count"], 1);
    ops::held::release(&world.app, &by(), held["events"][0]["id"].as_i64().unwrap()).unwrap();
    let seen = world.platform.wait_for(2);
    assert_eq!(seen[1].json(), serde_json::json!({ "job": { "id": "J-1" } }), "what still has no rule is dropped");
    assert_eq!(ops::held::list(&world.app).unwrap()["count"], 0);
    println!("held events: 1 released, 1 never held");
}

/// The leaves about the end of an event's time: request and outcome.
fn lapses(world: &World) -> Vec<(String, String)> {
    let leaves = world.leaves().into_iter().filter(|leaf| leaf.action == "held.lapse");
    leaves.map(|leaf| (leaf.request.into_owned(), leaf.outcome.into_owned())).collect()
}

#[test]
fn a_held_event_that_nobody_decides_about_is_not_lost() {
    // P4: never nowhere
    let world = World::new();
    let body = r#"{"job":{"id":"J-1"},"candidate":{"name":"Dana"}}"#;
    let accepted = world.send(&world.event("/in/held", body)).json()["event"].as_str().unwrap().to_owned();
    world.minute();
    assert_eq!((world.platform.count(), lapses(&world)), (0, vec![]), "its time is not over");
    world.advance(Span::days(7));
    world.minute();
    let seen = world.platform.wait_for(1);
    assert_eq!(seen[0].json(), serde_json::json!({ "job": { "id": "J-1" } }), "what no rule names is dropped");
    assert_eq!(seen[0].header("webhook-id"), Some(accepted.as_str()));
    assert_eq!(lapses(&world), [(accepted, "ok".to_owned())]);
    world.minute();
    assert_eq!((ops::held::list(&world.app).unwrap()["count"].as_u64(), lapses(&world).len()), (Some(0), 1));
}

#[test]
fn a_held_event_without_its_route_ends_with_a_word() {
    let world = World::new();
    let body = r#"{"job":{"id":"J-1"},"candidate":{"name":"Dana"}}"#;
    let accepted = world.send(&world.event("/in/held", body)).json()["event"].as_str().unwrap().to_owned();
    let text = world.config().replace("[in.held]", "[in.renamed]");
    let (config, _) = config::load(&text, "vestibule.toml", world.now()).unwrap_or_else(|report| panic!("{report:?}"));
    world.app.set_routes(Routes::compile(&config).unwrap());
    world.advance(Span::days(7));
    world.minute();
    assert_eq!(lapses(&world), [(accepted, "route.unknown".to_owned())]);
    assert_eq!(world.refused("held", "route.unknown"), 1);
    assert_eq!((ops::held::list(&world.app).unwrap()["count"].as_u64(), world.platform.count()), (Some(0), 0));
}

#[test]
fn events_of_one_new_person_at_once_find_the_same_person() {
    let world = World::new();
    let gate = world.plain_gate();
    let requests: Vec<Vec<u8>> = (0..200)
        .map(|n| {
            world
                .event(
                    "/in/apply",
                    &application(&format!("Dana {n}"), "dana@example.org")
                        .replace("cand-Dana ", "cand-")
                        .replace(&format!("\"cand-{n}\""), "\"cand-1\""),
                )
                .bytes()
        })
        .collect();
    let statuses = world.block_on(async {
        let mut connections = Vec::new();
        for request in &requests {
            let mut connection = Connection::plain(gate.address).await;
            connection.write(request).await;
            connections.push(connection);
        }
        let mut statuses = Vec::new();
        for connection in &mut connections {
            statuses.push(connection.read().await.unwrap().status);
        }
        statuses
    });
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((accepted, statuses.len()), (200, 200), "{:?}", world.app.counters.refused());
    let seen = world.platform.wait_for(200);
    let of = |field: &str| -> HashSet<String> { seen.iter().map(|seen| seen.json()["candidate"][field].to_string()).collect() };
    assert_eq!((of("email").len(), of("id").len()), (1, 1), "one person, one stable token");
    assert_eq!(of("name").len(), 200, "other tokens are one-off");
    assert_eq!(world.app.store.reader().unwrap().counts().unwrap().people, 1);
    println!("one new person: {accepted} events at once, 1 subject, 1 stable token");
}
