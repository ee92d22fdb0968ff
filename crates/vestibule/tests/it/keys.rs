//! Workflow keys: what is no standing key is a stranger, and a revoked one is refused at once, everywhere.

use crate::outbound::person;
use crate::world::{Answer, Request, World, call};
use serde_json::json;
use vestibule::app::keys::KeyTable;
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

#[test]
fn what_is_no_standing_key_gets_the_answer_of_a_stranger() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let revoked = world.key("intake", Mode::Live);
    world.revoke(&revoked);
    let expired = world.key_for("intake", Mode::Live, 1);
    assert_eq!(world.call(&expired, "POST", "/out/ats/candidates", "{}").status, 201);
    world.advance(Span::days(1));
    let bearer =
        |text: &str| Request::new("POST", "/out/ats/candidates").header("authorization", &format!("Bearer {text}")).json("{}");
    let foreign = World::new().key("intake", Mode::Live);
    let secret = key.len() - 8;
    let mut altered = key.clone();
    altered.replace_range(secret..=secret, if key.as_bytes()[secret] == b'A' { "B" } else { "A" });
    let cases = [
        ("none", Request::new("POST", "/out/ats/candidates").json("{}")),
        ("empty", bearer("")),
        ("malformed", bearer("vst_live_abc")),
        ("damaged", bearer(&altered)),
        ("cut", bearer(&key[..key.len() - 1])),
        ("upper case", bearer(&key.to_uppercase())),
        ("of another gateway", bearer(&foreign)),
        ("revoked", bearer(&revoked)),
        ("expired", bearer(&expired)),
        ("of the other mode", bearer(&key.replace("vst_live_", "vst_test_"))),
        ("basic", Request::new("POST", "/out/ats/candidates").header("authorization", &format!("Basic {key}")).json("{}")),
        ("bare", Request::new("POST", "/out/ats/candidates").header("authorization", &key).json("{}")),
        ("in the query", Request::new("POST", &format!("/out/ats/candidates?key={key}")).json("{}")),
        ("in another header", Request::new("POST", "/out/ats/candidates").header("x-api-key", &key).json("{}")),
        ("twice", bearer(&key).header("authorization", &format!("Bearer {key}"))),
        ("unknown route", Request { target: "/out/nothing".into(), ..bearer("vst_live_abc") }),
    ];
    let answers: Vec<(&str, Answer)> = cases.iter().map(|(what, request)| (*what, world.send(request))).collect();
    let first = &answers[0].1;
    for (what, answer) in &answers {
        assert_eq!((answer.status, &answer.body), (401, &first.body), "{what}");
        assert!(answer.header("vestibule-error").is_none() && answer.header("vestibule-request-id").is_none(), "{what}");
    }
    // the owner is told more
    for (code, count) in [("key.missing", 3), ("key.not_bearer", 3), ("key.revoked", 1), ("key.expired", 1)] {
        assert_eq!(world.refused("ats", code), count, "{code}");
    }
    assert_eq!(world.call(&key, "POST", "/out/ats/candidates", "{}").status, 201);
    assert_eq!(world.ats.count(), 2);
    println!("keys of strangers: {} cases, 1 answer", cases.len());
}

#[test]
fn a_key_does_not_go_on_to_the_vendor() {
    let world = World::new();
    let (key, test) = (world.key("intake", Mode::Live), world.key("intake", Mode::Test));
    let put = |target: &str| call(&key, "PUT", target, "{}");
    let form = |text: String| call(&key, "POST", "/out/ats/candidates", "").typed("application/x-www-form-urlencoded", text);
    let cases = [
        ("the query", call(&key, "POST", &format!("/out/ats/candidates?api_key={key}"), "{}")),
        ("the query", call(&key, "POST", &format!("/out/ats/candidates?x=1&y=Bearer+{test}"), "{}")),
        ("the body", call(&key, "POST", "/out/ats/candidates", &json!({ "auth": { "note": format!("x{key}.") } }).to_string())),
        ("the body", form(format!("a=1&key={key}"))),
        ("the path", put(&format!("/out/ats/candidates/{key}"))),
        ("the header x-on-behalf-of", put("/out/ats/candidates/7").header("x-on-behalf-of", &key)),
        ("the header idempotency-key", put("/out/ats/candidates/7").header("idempotency-key", &key)),
    ];
    for (part, request) in &cases {
        let answer = world.send(request);
        assert_eq!((answer.status, answer.code().as_str()), (422, "key.in_call"), "{part}: {}", answer.text());
        assert!(answer.text().contains(part) && !answer.text().contains(&key), "{part}: {}", answer.text());
    }
    assert_eq!(world.ats.count(), 0, "something left");
    // what only begins like a key is none, and a header that stays here harms nobody
    let body = json!({ "note": format!("keys begin with vst_live_, {}", &key[..key.len() - 1]) }).to_string();
    let answer = world.send(&call(&key, "POST", "/out/ats/candidates?x=vst_", &body).header("x-api-key", &key));
    assert_eq!(answer.status, 201, "{}", answer.text());
    println!("keys in calls: {} cases, 0 sent", cases.len());
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let request = call(&key, "POST", "/out/ats/candidates", &json!({ "first_name": dana.name }).to_string());
    let (mut before, mut after) = (0, 0);
    world.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..20 {
            connections.push(world.connect().await);
        }
        for connection in &mut connections {
            before += usize::from(connection.send(&request).await.unwrap().status == 201);
        }
        for connection in &mut connections {
            connection.write(&request.bytes()).await;
        }
        world.revoke(&key);
        let arrived = world.ats.count();
        for connection in &mut connections {
            let status = connection.read().await.unwrap().status;
            assert!(matches!(status, 201 | 401), "{status}");
        }
        assert!(world.ats.count() <= arrived + connections.len());
        let arrived = world.ats.count();
        for connection in &mut connections {
            after += usize::from(connection.send(&request).await.unwrap().status == 401);
        }
        assert_eq!(world.ats.count(), arrived, "a call went out under a revoked key");
    });
    assert_eq!((before, after), (20, 20));
    println!("revocation: {after} calls after it, 0 went out");
}

#[test]
fn the_receipt_refuses_a_key_that_was_revoked_since_it_was_looked_up() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    // the table that requests are looked up in is kept as it was
    let standing = || KeyTable::of(world.app.sealed_keys().unwrap());
    let before = standing();
    world.revoke(&key);
    world.app.set_keys(before);
    let answer = world.call(&key, "POST", "/out/ats/candidates", &json!({ "first_name": dana.name }).to_string());
    assert_eq!((answer.status, answer.code().as_str()), (401, "key.refused"), "{}", answer.text());
    assert_eq!(world.ats.count(), 0);
    assert!(world.leaves().iter().all(|leaf| leaf.action != "reveal"));
    println!("revocation: 1 receipt refused");
}

#[test]
fn putting_an_old_row_back_is_found() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let copy = world.folder().join("copy.db");
    world.app.store.backup_to(&copy).unwrap();
    world.revoke(&key);
    let error = world.restart(|folder| put_back(folder, &folder.join("copy.db"))).err().expect("an older database");
    assert_eq!(error.code(), "log.behind_key_store");
    println!("authority: 1 older database refused");
}

/// Puts a copy of the database in the place of the present one.
pub fn put_back(folder: &std::path::Path, copy: &std::path::Path) {
    let database = folder.join("data/vestibule.db");
    for ending in ["-wal", "-shm"] {
        let _none = std::fs::remove_file(format!("{}{ending}", database.display()));
    }
    std::fs::copy(copy, database).unwrap();
}
