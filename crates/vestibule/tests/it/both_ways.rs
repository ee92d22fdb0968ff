//! The whole job once: a signed application comes in, the platform gets tokens, the ATS gets the real values with a
//! credential that the platform never had.

use crate::world::{ATS_CREDENTIAL, HOOK, HOOK_KEY, World, application, is_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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

    let actions: Vec<String> = world.leaves().into_iter().map(|leaf| leaf.action).collect();
    for action in ["event.accept", "deliver.end", "reveal", "call.end"] {
        assert!(actions.iter().any(|known| known == action), "{action} in {actions:?}");
    }
    let world = world.restart(|_| ()).unwrap();
    let answer = world.call(&key, "POST", "/out/ats/candidates", &body.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    println!("both ways: 2 calls");
}
