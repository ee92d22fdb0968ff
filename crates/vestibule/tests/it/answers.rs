//! What comes back from vendors: kept fields with their type, tokens for the rest, and nothing of the call in the clear.

use crate::outbound::{Person, person};
use crate::world::{ATS_CREDENTIAL, MAIL_CREDENTIAL, Reply, World, is_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_core::clock::Span;
use vestibule_core::id::{Mode, hex};

/// Makes the call that opens name and e-mail address, with this answer of the vendor, and reads what the platform gets.
fn answered(world: &World, key: &str, dana: &Person, answer: &str) -> Value {
    world.ats.next([Reply::json(200, answer)]);
    let body = json!({ "first_name": dana.name, "emails": [{ "value": dana.email }] });
    let answer = world.call(key, "POST", "/out/ats/candidates", &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn kept_fields_have_their_type_and_the_rest_is_dropped() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let cases = [
        (r#"{"id":7,"status":"new","score":1.50,"new":true,"owner":"x"}"#, r#"{"id":7,"status":"new","score":1.50,"new":true}"#),
        (r#"{"id":"7","status":8,"score":"1.5","new":1}"#, "{}"),
        (r#"{"id":7.0,"status":["new"],"score":{"x":1},"new":"true"}"#, "{}"),
        (r#"{"id":7e2,"status":{"a":"b"}}"#, "{}"),
        (r#"{"id":null,"status":null,"score":null,"new":null}"#, r#"{"id":null,"status":null,"score":null,"new":null}"#),
        (r#"{ "nested" : {"id":7} , "id" : 12345678901234567890 }"#, r#"{ "id" : 12345678901234567890 }"#),
        (r#"[{"id":7}]"#, "null"),
        (r#"{"\u0069d":7}"#, r#"{"\u0069d":7}"#),
    ];
    for (sent, expected) in cases {
        let got = answered(&world, &key, &dana, sent);
        assert_eq!(got, serde_json::from_str::<Value>(expected).unwrap(), "{sent}");
    }
    for scalar in ["\"dana@example.org\"", "17", "true"] {
        world.ats.next([Reply::json(200, scalar)]);
        let answer = world.call(&key, "POST", "/out/ats/candidates", "{}");
        assert!(!answer.text().contains("dana") && !answer.text().contains("17"), "{scalar}: {}", answer.text());
    }
    world.ats.next([Reply::status(204)]);
    let answer = world.call(&key, "POST", "/out/ats/candidates", "{}");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    println!("kept fields: {} cases", cases.len() + 4);
}

#[test]
fn values_of_the_call_come_back_as_tokens_and_credentials_never() {
    let world = World::new();
    let (name, email) = ("Dana Ünal/\"Søn\"", "dana@example.org");
    let dana = person(&world, name, email);
    let key = world.key("intake", Mode::Live);
    let status = |text: &str| answered(&world, &key, &dana, &json!({ "id": 1, "status": text }).to_string());
    let bare = dana.email.trim_end_matches("@t.example.com").to_owned();

    assert_eq!(status(email)["status"], bare.as_str());
    assert_eq!(status(name)["status"], dana.name.as_str());
    assert_eq!(status(&format!("created {email} today"))["status"], format!("created {bare} today"));
    let mut cases = 3;
    let percent: String = email.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (user, password) = ATS_CREDENTIAL.split_once(':').unwrap();
    let leaks = [
        email.to_uppercase(),
        hex(email.as_bytes()),
        STANDARD.encode(email),
        STANDARD.encode(format!("x{email}")),
        STANDARD.encode(format!("xy{email}")),
        percent,
        "dana%40example.org".into(),
        "dana&#39;s".replace("&#39;s", "@EXAMPLE.org"),
        ATS_CREDENTIAL.into(),
        user.into(),
        password.into(),
        password.to_lowercase(),
        STANDARD.encode(ATS_CREDENTIAL),
        format!("Basic {}", STANDARD.encode(ATS_CREDENTIAL)),
        hex(password.as_bytes()),
        STANDARD.encode(format!("k={password}")),
    ];
    for leak in &leaks {
        let got = status(&format!("before {leak} after"));
        assert_eq!(got, json!({ "id": 1 }), "{leak}");
        cases += 1;
    }
    assert!(world.refused("ats", "upstream.reflected_secret") >= leaks.len() as u64);
    world.ats.next([Reply::json(200, &json!({ "message": format!("sent with {MAIL_CREDENTIAL}") }).to_string())]);
    let answer = world.call(&key, "POST", "/out/mail/send", &json!({ "to": dana.email }).to_string());
    assert_eq!(answer.text(), "{}");
    println!("reflected values: {} cases, 0 in the clear", cases + 1);
}

/// A vendor that was sent a token, or made one up, cannot have the platform take it for a value of its answer.
#[test]
fn a_token_that_is_none_of_the_calls_does_not_pass() {
    let world = World::new();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@example.org"));
    let key = world.key("intake", Mode::Live);
    let status = |text: &str| answered(&world, &key, &dana, &json!({ "id": 1, "status": text }).to_string());
    let percent: String = eve.name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let foreign = [
        eve.email.clone(),
        eve.name.clone(),
        eve.name.to_uppercase(),
        format!("see {} and {}", dana.name, eve.name),
        format!("dana@example.org and {}", eve.name),
        format!("{percent}%ff"),
        eve.name.get(..28).unwrap().to_owned(),
        eve.name.replacen('v', "\u{ff56}", 1),
    ];
    for text in &foreign {
        assert_eq!(status(text), json!({ "id": 1 }), "{text}");
    }
    assert_eq!(world.refused("ats", "upstream.token_shaped"), foreign.len() as u64);
    for own in [dana.name.clone(), dana.email.clone(), format!("see {}", dana.name)] {
        assert_eq!(status(&own)["status"], own.as_str());
    }
    println!("tokens in answers: {} foreign ones, 0 passed", foreign.len());
}

#[test]
fn the_rest_can_come_as_tokens_that_open_in_a_next_call() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let sent = json!({
        "person": { "email": "manager@vendor.test", "name": "Mia Manager" }, "emails": ["dana@example.org", "third@vendor.test"],
        "count": 3, "done": true, "none": null, "list": [], "echo": "stays", "odd name of Mia": { "a": 1 },
    });
    world.ats.next([Reply::json(200, &sent.to_string())]);
    let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "email": dana.email }).to_string());
    let got = answer.json();
    for clear in ["vendor.test", "Mia", "dana@example.org"] {
        assert!(!answer.text().contains(clear), "{clear}: {}", answer.text());
    }
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} in {got}")).to_owned();
    let (manager, count, done) = (text(&got["person"]["email"]), text(&got["count"]), text(&got["done"]));
    assert!([&manager, &count, &done].iter().all(|token| is_token(token)));
    assert_eq!(text(&got["emails"][0]), dana.email.trim_end_matches("@t.example.com"), "a value of the call keeps its token");
    assert_eq!((&got["none"], &got["list"], &got["echo"]), (&Value::Null, &json!([]), &json!("stays")));
    let (name, subtree) = got.as_object().unwrap().iter().find(|(name, _)| is_token(name)).expect("an odd name is a token");

    for (token, expected) in [
        (&manager, json!("manager@vendor.test")),
        (&count, json!(3)),
        (&done, json!(true)),
        (&text(subtree), json!({ "a": 1 })),
        (name, json!("odd name of Mia")),
    ] {
        let before = world.ats.count();
        let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "any": token }).to_string());
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(world.ats.wait_after(before).json()["any"], expected);
    }
    let mailer = world.key("mailer", Mode::Live);
    let answer = world.call(&mailer, "POST", "/out/ats/candidates", &json!({ "email": manager }).to_string());
    assert_eq!((answer.status, answer.code().as_str()), (403, "token.other_workflow"));
    world.advance(Span::days(31));
    world.minute();
    let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "any": manager }).to_string());
    assert_eq!((answer.status, answer.code().as_str()), (422, "token.expired"), "{}", answer.text());
    let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "email": dana.email }).to_string());
    assert_eq!(answer.status, 201, "the application itself stays: {}", answer.text());
    println!("tokens of answers: 5 opened in a next call, 1 refused to another workflow, 1 gone after its retention");
}

#[test]
fn an_answer_about_nobody_known_can_be_tokenized_too() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    world.ats.next([Reply::json(200, r#"{"email":"unknown@vendor.test"}"#)]);
    let answer = world.call(&key, "POST", "/out/ats/free", "{}").json();
    let token = answer["email"].as_str().unwrap();
    assert!(is_token(token));
    let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "any": token }).to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(world.ats.wait_for(2)[1].json()["any"], "unknown@vendor.test");
    println!("answers about nobody known: 1 case");
}

/// A grant that opens what came in answers, towards the person of the call alone.
const ANY_MAIL: &str = r#"
[[out.mail.grant]]
workflow = "intake"
call     = "POST /any"
reveal   = { "to" = "any" }
in_text  = { "text" = "any" }
where    = { "to" = "same-subject" }
"#;

#[test]
fn each_entry_of_a_list_may_be_somebody_else() {
    let world = World::with(|text| text + ANY_MAIL);
    let key = world.key("intake", Mode::Live);
    let (alice, bob) =
        (json!({ "email": "alice@one.test", "note": "of Alice" }), json!({ "email": "bob@two.test", "note": "of Bob" }));
    let asked = |sent: &Value| {
        world.ats.next([Reply::json(200, &sent.to_string())]);
        world.call(&key, "POST", "/out/ats/free", "{}").json()
    };
    let mailed = |to: &Value, text: &Value| {
        let body = json!({ "to": to, "text": text }).to_string();
        let answer = world.call(&key, "POST", "/out/mail/any", &body);
        if answer.status == 201 { "sent".to_owned() } else { answer.code() }
    };
    // P21: at the top, under a member, lists in lists, and one record under each id
    let list = asked(&json!([alice, bob]));
    let under = asked(&json!({ "data": { "people": [[alice], [bob]] }, "note": "of somebody" }));
    let (first, second) = (&under["data"]["people"][0][0], &under["data"]["people"][1][0]);
    for (to, text) in
        [(&list[1]["email"], &list[0]["note"]), (&second["email"], &first["note"]), (&second["email"], &under["note"])]
    {
        assert_eq!(mailed(to, text), "token.second_subject");
    }
    let by_id = asked(&json!({ "alice-17": "alice@one.test", "bob-18": "bob@two.test" }));
    let by_id: Vec<&Value> = by_id.as_object().unwrap().values().collect();
    assert_eq!(mailed(by_id[0], by_id[1]), "token.second_subject");
    // one entry is one person, and so is an answer without entries
    assert_eq!(mailed(&list[1]["email"], &list[1]["note"]), "sent");
    assert_eq!(mailed(&second["email"], &second["note"]), "sent");
    let one = asked(&alice);
    assert_eq!(mailed(&one["email"], &one["note"]), "sent");
    let sent: Vec<Value> =
        world.ats.seen().iter().filter(|seen| seen.target == "/any").map(|seen| seen.json()["to"].clone()).collect();
    assert_eq!(sent, ["bob@two.test", "bob@two.test", "alice@one.test"]);

    // a call about one person has an answer about that person, lists and all
    let dana = person(&world, "Dana", "dana@example.org");
    world.ats.next([Reply::json(
        200,
        &json!({ "notes": [{ "note": "one" }, { "note": "two" }], "email": "dana@work.test" }).to_string(),
    )]);
    let of_dana = world.call(&key, "POST", "/out/ats/free", &json!({ "email": dana.email }).to_string()).json();
    let text = format!("{} {}", of_dana["notes"][0]["note"].as_str().unwrap(), of_dana["notes"][1]["note"].as_str().unwrap());
    assert_eq!(mailed(&of_dana["email"], &text.into()), "sent");

    let many: Vec<Value> = (0..4097).map(Value::from).collect();
    world.ats.next([Reply::json(200, &json!(many).to_string())]);
    let answer = world.call(&key, "POST", "/out/ats/free", "{}");
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream.too_many_entries"));
    println!("entries of answers: 4 pairs of two people refused, 4 of one sent");
}
