//! Bad input from sources: strangers get one answer that tells nothing, a known source gets code, place and fix, and
//! nothing stays behind.

use crate::outbound::person;
use crate::world::{Answer, Connection, Reply, Request, Scheme, Source, World, application, call};
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;
use vestibule_core::problem;

/// Stands in everything that is refused, and must come back nowhere.
const MARK: &str = "Mq7Zt4Xw9Kp2";

#[test]
fn strangers_get_one_answer() {
    let world = World::new();
    let body = application(MARK, "dana@example.org");
    let good = || world.event("/in/apply", &body);
    let source = Source::at("/in/apply");
    let signed_at = |span: Span| source.event(world.now().plus(span), &world.fresh_id(), body.as_str());
    let forged = Source { secret: "whsec_YW5vdGhlci1zZWNyZXQtb2Ytc29tZWJvZHktZWxzZQ==", ..source.clone() };
    let large = "x".repeat(1024 * 1024 + 1);
    let mut cases: Vec<(&str, &str, Request)> = vec![
        ("forged", "signature.mismatch", forged.event(world.now(), "msg_forged", body.as_str())),
        ("altered", "signature.mismatch", good().json(body.replace("DE", "AT"))),
        ("stale", "signature.stale", signed_at(Span::seconds(-301))),
        ("future", "signature.future", signed_at(Span::seconds(301))),
        ("unsigned", "signature.missing", Request::new("POST", "/in/apply").json(body.as_str())),
        ("another method", "request.method", Request { method: "GET".into(), ..good() }),
        ("PUT", "request.method", Request { method: "PUT".into(), ..good() }),
        ("a query", "request.query", Request { target: format!("/in/apply?key={MARK}"), ..good() }),
        ("compressed", "body.compressed", good().header("content-encoding", "gzip")),
        ("two content types", "request.duplicate_header", good().header("content-type", "application/json")),
        ("declared too large", "body.too_large", world.event("/in/apply", &large)),
        ("an address not listed", "request.address", Request { target: "/in/elsewhere".into(), ..good() }),
        (
            "the key of another scheme",
            "signature.missing",
            Source::with(Scheme::Bearer, "/in/apply").event(world.now(), "", body.as_str()),
        ),
        (
            "a wrong bearer",
            "signature.mismatch",
            Request::new("POST", "/in/bearer").header("authorization", &format!("Bearer {MARK}")),
        ),
        ("a wrong key", "signature.mismatch", Request::new("POST", "/in/header").header("x-api-key", MARK)),
        ("an odd id", "signature.malformed", source.event(world.now(), "msg.with.dots", body.as_str())),
    ];
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = good().headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
        cases.push(("a header twice", "signature.duplicate_header", good().header(name, &value)));
    }
    let mut first: Option<Answer> = None;
    for (what, code, request) in &cases {
        let route = request.target.trim_start_matches("/in/").split('?').next().unwrap();
        let before = world.refused(route, code);
        let answer = world.send(request);
        assert_eq!(world.refused(route, code), before + 1, "{what}: {:?}", world.app.counters.refused());
        let first = first.get_or_insert_with(|| answer.clone());
        assert_eq!((answer.status, &answer.body), (401, &first.body), "{what}");
        assert_eq!(telling(&answer), telling(first), "{what}");
    }
    let endless = world.block_on(chunked_without_end(&world));
    assert_eq!((endless.status, &endless.body), (401, &first.as_ref().unwrap().body));
    let unknown: Vec<Answer> =
        ["/in/nothing", "/", "/in", "/in/apply/", "/IN/APPLY", "/in//apply", "/in/%61pply", &format!("/{MARK}")]
            .iter()
            .map(|path| world.send(&Request { target: (*path).into(), ..good() }))
            .collect();
    for answer in &unknown {
        assert_eq!((answer.status, &answer.body), (404, &unknown[0].body));
        assert_eq!(telling(answer), telling(&unknown[0]));
    }
    let counted: u64 = world.app.counters.refused().iter().map(|(_, _, count)| count.total).sum();
    assert_eq!(counted as usize, cases.len() + 1 + unknown.len());
    nothing_stays(&world);
    // counted per route and reason, not one leaf each
    assert!(world.leaves().iter().all(|leaf| leaf.action != "event.refuse"));
    println!("bad input of strangers: {} cases, 1 answer; {} unknown paths, 1 answer", cases.len() + 1, unknown.len());
}

/// A body that never ends, over the limit.
async fn chunked_without_end(world: &World) -> Answer {
    let request = world.event("/in/apply", "").header("transfer-encoding", "chunked");
    let mut connection: Connection = world.connect().await;
    connection.write(&request.bytes()).await;
    let chunk = format!("10000\r\n{}\r\n", MARK.repeat(5462).get(..0x10000).unwrap());
    for _ in 0..17 {
        connection.write(chunk.as_bytes()).await;
    }
    connection.read().await.expect("an answer before the end")
}

#[test]
fn a_known_source_is_told_what_is_wrong() {
    let world = World::new();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let token = "vt1".to_owned() + &"0".repeat(30);
    let bodies: Vec<(&str, u16, &str, Vec<u8>)> = vec![
        ("not JSON", 400, "json.", format!("<{MARK}>").into_bytes()),
        ("empty", 400, "json.", Vec::new()),
        ("cut off", 400, "json.", format!(r#"{{"a":"{MARK}"#).into_bytes()),
        ("two documents", 400, "json.", b"{} {}".to_vec()),
        ("not UTF-8", 400, "json.", [b"{\"a\":\"".as_slice(), MARK.as_bytes(), b"\xff\"}"].concat()),
        ("a lone surrogate", 400, "json.", format!(r#"{{"a":"{MARK}\ud800"}}"#).into_bytes()),
        ("a byte order mark", 400, "json.", b"\xef\xbb\xbf{}".to_vec()),
        ("UTF-16", 400, "json.", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a member twice", 400, "json.", format!(r#"{{"{MARK}":1,"{MARK}":2}}"#).into_bytes()),
        ("a member twice, escaped", 400, "json.", format!(r#"{{"a{MARK}":1,"\u0061{MARK}":2}}"#).into_bytes()),
        ("10,000 levels", 400, "json.", deep.into_bytes()),
        ("a token", 422, "document.token_shaped", format!(r#"{{"candidate":{{"{MARK}":"{token}"}}}}"#).into_bytes()),
        ("a token in a text", 422, "document.token_shaped", format!(r#"{{"a":"{MARK} {token} {MARK}"}}"#).into_bytes()),
        ("a token as a name", 422, "document.token_shaped", format!(r#"{{"{token}":"{MARK}"}}"#).into_bytes()),
        ("a token with odd characters", 422, "document.token_shaped", format!(r#"{{"a":"ｖｔ１{}"}}"#, &token[3..]).into_bytes()),
    ];
    let mut cases: Vec<(&str, u16, &str, Request)> = bodies
        .into_iter()
        .map(|(what, status, code, body)| {
            (what, status, code, Source::at("/in/apply").event(world.now(), &world.fresh_id(), body))
        })
        .collect();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/jsonx",
        "",
    ] {
        cases.push((
            "wrong content type",
            415,
            "body.content_type",
            world.event("/in/apply", "{}").with("content-type", media_type),
        ));
    }
    cases.push(("no content type", 415, "body.content_type", world.event("/in/apply", "{}").without("content-type")));
    for (what, status, code, request) in &cases {
        let answer = world.send(request);
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        assert!(answer.code().starts_with(code), "{what}: {}", answer.text());
        told(&world, what, &answer, "event.refuse", "apply");
    }
    nothing_stays(&world);
    println!("bad input of known sources: {} cases", cases.len());
}

#[test]
fn a_source_that_shows_its_key_is_told_before_its_body_is_read() {
    let world = World::new();
    let large = format!(r#"{{"a":"{}"}}"#, MARK.repeat(1024 * 1024 / MARK.len()));
    let mut count = 0;
    for (scheme, path) in [(Scheme::Bearer, "/in/bearer"), (Scheme::Header, "/in/header")] {
        let source = Source::with(scheme, path);
        let good = || source.event(world.now(), "", format!(r#"{{"a":"{MARK}"}}"#));
        let cases = [
            ("another method", 405, "request.method", Request { method: "PUT".into(), ..good() }),
            ("a query", 400, "request.query", Request { target: format!("{path}?key={MARK}"), ..good() }),
            ("compressed", 415, "body.compressed", good().header("content-encoding", "gzip")),
            ("two content types", 400, "request.duplicate_header", good().header("content-type", "application/json")),
            ("too large", 413, "body.too_large", source.event(world.now(), "", large.as_str())),
        ];
        for (what, status, code, request) in cases {
            let answer = world.send(&request);
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {}", answer.text());
            assert_eq!(answer.header("allow"), (status == 405).then_some("POST"), "{what}");
            told(&world, what, &answer, "event.refuse", path.trim_start_matches("/in/"));
            count += 1;
        }
        let wrong = Request { target: format!("{path}?a"), ..Request::new("POST", path).json(MARK) };
        assert_eq!(world.send(&wrong.header("authorization", "Bearer wrong").header("x-api-key", "wrong")).status, 401);
    }
    nothing_stays(&world);
    println!("bad input of sources with a key: {count} cases");
}

/// The answer is a problem that helps and repeats nothing, and the refusal stands in the log.
pub fn told(world: &World, what: &str, answer: &Answer, action: &str, route: &str) {
    let body = answer.json();
    let code = answer.code();
    let entry = problem::find(&code).unwrap_or_else(|| panic!("{what}: `{code}` is not in the catalogue"));
    assert_eq!((body["status"].as_u64(), body["fix"].as_str()), (Some(u64::from(answer.status)), Some(entry.fix)), "{what}");
    assert_eq!(body["retryable"].as_bool(), Some(entry.retryable), "{what}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.header("vestibule-error"), Some("gateway"), "{what}");
    let text = String::from_utf8_lossy(&answer.raw).into_owned();
    assert!(!text.contains(MARK) && !text.contains("vt1"), "{what}: {text}");
    let request = body["request_id"].as_str().unwrap();
    let leaves = world.leaves();
    let leaf = leaves.iter().find(|leaf| leaf.action == action && leaf.request == request);
    let leaf = leaf.unwrap_or_else(|| panic!("{what}: no leaf"));
    assert_eq!((leaf.outcome.as_ref(), leaf.status, leaf.route.as_ref()), (code.as_str(), answer.status, route), "{what}");
    assert!(!format!("{leaf:?}").contains(MARK), "{what}: {leaf:?}");
}

#[test]
fn an_event_that_conditions_leave_out_is_answered_and_forgotten() {
    let world = World::new();
    let bodies = [
        application(MARK, "dana@example.org").replace(r#""given":true"#, r#""given":false"#),
        application(MARK, "dana@example.org").replace(r#""given":true"#, r#""given":"true""#),
        application(MARK, "dana@example.org").replace("consent", "other"),
    ];
    for body in &bodies {
        let answer = world.send(&world.event("/in/apply", body));
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"status":"ignored"}"#));
    }
    nothing_stays(&world);
    assert_eq!(world.leaves().iter().filter(|leaf| leaf.action == "event.ignore").count(), bodies.len());
    assert_eq!(world.app.counters.left_out()["apply"], bodies.len() as u64, "and its owner can see it");
    println!("events left out: {} cases", bodies.len());
}

#[test]
fn a_wrong_clock_refuses_and_lets_in_again_when_it_is_right() {
    let world = World::new();
    let source = Source::at("/in/apply");
    let right = world.now();
    let mut id = 0;
    let mut send = |world: &World| {
        id += 1;
        world.send(&source.event(right, &format!("msg_{id}"), application("Dana", "dana@example.org"))).status
    };
    for (wrong, expected) in [(-600, 401), (600, 401), (-290, 200), (290, 200)] {
        world.advance(Span::seconds(wrong));
        assert_eq!(send(&world), expected, "{wrong} s");
        world.advance(Span::seconds(-wrong));
    }
    assert_eq!((world.refused("apply", "signature.future"), world.refused("apply", "signature.stale")), (1, 1));
    println!("wrong clock: 4 cases");
}

#[test]
fn a_full_disk_takes_nothing_in_and_reveals_nothing() {
    let world = World::opened(|text| text, |options| options.full_at_pages_for_tests(160));
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let body = serde_json::json!({ "first_name": dana.name }).to_string();
    assert_eq!(world.call(&key, "POST", "/out/ats/candidates", &body).status, 201);
    let big = |n: u32| application(&MARK.repeat(400), &format!("dana{n}@example.org"));
    let before = world.events();
    let mut accepted = Vec::new();
    let refused = loop {
        let event = world.event("/in/apply", &big(accepted.len() as u32));
        let answer = world.send(&event);
        if answer.status != 200 {
            break answer;
        }
        accepted.push(event);
        assert!(accepted.len() < 1_000, "the disk never fills");
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "store.full"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json()["retryable"], true);
    // what is left of the last page may still take small leaves; then nothing goes out any more
    let mut revealed = 1;
    let refused = loop {
        let answer = world.call(&key, "POST", "/out/ats/candidates", &body);
        if answer.status != 201 {
            break answer;
        }
        revealed += 1;
        assert!(revealed < 10_000, "the disk never fills");
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "store.full"), "{}", refused.text());
    assert_eq!(world.ats.count(), revealed, "a call went out without its record");
    assert_eq!(world.events() - before, accepted.len() as u64);
    // on a disk with room again, everything that was acknowledged is there
    let world = world.restart(|_| ()).unwrap();
    for event in &accepted {
        assert_eq!(world.send(event).status, 200);
    }
    assert_eq!(world.events() - before, accepted.len() as u64);
    assert_eq!(world.call(&key, "POST", "/out/ats/candidates", &body).status, 201);
    println!("full disk: {} events and {revealed} calls before, 0 after; all kept", accepted.len());
}

#[test]
fn all_bodies_together_have_a_limit_and_give_it_back() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let large = "x".repeat(1_000_000);
    let event = world.event("/in/apply", &format!("\"{large}\"")).bytes();
    let outgoing = call(&key, "POST", "/out/ats/candidates", &format!("\"{large}\""));
    let small = world.event("/in/apply", &application("Dana", "dana@example.org"));
    world.block_on(async {
        // four bodies of almost a mebibyte that never end, of the four mebibytes that there are
        let mut open = Vec::new();
        for _ in 0..4 {
            let mut connection = world.connect().await;
            connection.write(&event[..event.len() - 1]).await;
            open.push(connection);
        }
        world.until("the bodies have arrived", |_| world.app.budget.used() >= 4_000_000);
        let refused = world.connect().await.send(&outgoing).await.unwrap();
        assert_eq!((refused.status, refused.code().as_str()), (503, "body.budget"), "{}", refused.text());
        let mut stranger = world.connect().await;
        stranger.write(&event).await;
        assert_eq!(stranger.read().await.unwrap().status, 503);
        assert_eq!(world.connect().await.send(&small).await.unwrap().status, 200, "small events still come in");
        // the answer of a vendor takes its part too
        let (large_answer, asks) =
            (Reply::json(200, &format!("\"{}\"", "x".repeat(300_000))), call(&key, "POST", "/out/mail/send", "{}"));
        world.ats.next([large_answer.clone()]);
        let refused = world.connect().await.send(&asks).await.unwrap();
        assert_eq!((refused.status, refused.code().as_str()), (502, "upstream.budget"), "{}", refused.text());
        drop(open);
        world.until("the bodies are given back", |_| world.app.budget.used() == 0);
        let answer = world.connect().await.send(&outgoing).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        world.ats.next([large_answer]);
        assert_eq!(world.connect().await.send(&asks).await.unwrap().status, 200);
        world.until("the answer is given back", |_| world.app.budget.used() == 0);
    });
    assert_eq!(world.refused("apply", "body.budget"), 1);
    println!("body budget: 3 refused, 3 taken");
}

/// No event, record, subject, delivery or kept answer, and the mark in no file.
pub fn nothing_stays(world: &World) {
    let counts = world.app.store.reader().unwrap().counts().unwrap();
    assert_eq!((counts.events, counts.people, counts.held), (0, 0, 0));
    assert!(counts.deliveries.iter().all(|(_, count)| *count == 0));
    assert_eq!(world.app.store.reader().unwrap().highest_record().unwrap(), None);
    assert_eq!(world.platform.count() + world.ats.count() + world.sandbox.count(), 0);
    for entry in std::fs::read_dir(world.folder().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, MARK.as_bytes()).is_none());
    }
}

/// The headers that could tell something: not the time, and not that a connection ends whose body was not read.
fn telling(answer: &Answer) -> Vec<&(String, String)> {
    answer.headers.iter().filter(|(name, _)| name != "date" && name != "connection").collect()
}
