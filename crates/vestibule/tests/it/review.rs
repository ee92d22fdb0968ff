//! Ways around the rules that were looked for on purpose, each of which once led somewhere.

use crate::outbound::person;
use crate::world::{Answer, Reply, World, application, call};
use serde_json::json;
use vestibule::ops;
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

/// Grants that only this file needs.
const MORE: &str = r#"
[[out.mail.grant]]
workflow = "intake"
call     = "POST /bulk"
reveal   = { "to" = "email" }
in_text  = { "text" = "name" }
where    = { "to" = "same-subject" }
batch    = true

[[out.mail.grant]]
workflow = "intake"
call     = "POST /reply"
reveal   = { "to" = "email", "reply_to" = "email" }
in_text  = { "text" = "email" }
where    = { "to" = "@example.com" }

[[out.mail.grant]]
workflow = "intake"
call     = "POST /to/{mailbox}/send"
reveal   = { "to" = "email" }
reveal_path = { "mailbox" = "email" }
in_text  = { "To" = "name", "text" = "name" }
where    = { "to" = "same-subject | @example.com", "cc" = "@example.com" }

[[out.mail.grant]]
workflow = "intake"
call     = "POST /from/desk@agency.test/send"
in_text  = { "text" = "name", "body.content" = "name", "content[*].value" = "name" }
where    = { "cc" = "@example.com" }

[[out.ats.grant]]
workflow = "mailer"
call     = "POST /names"
reveal   = { "name" = "name", "email" = "email", "id" = "user_id" }

[in.second]
path      = "/in/second"
realm     = "hr"
secret    = "file:{folder}/secrets/standard"
subject   = { id = "candidate.id", email = "candidate.email" }
fields    = { "candidate.id" = "user_id", "candidate.email" = "email", "people[*].email" = "email", "people[*].name" = "name" }
{deliver}

[[out.ats.grant]]
workflow = "intake"
call     = "POST /many"
reveal   = { "people[*].email" = "email" }
batch    = true
answer   = { otherwise = "tokenize" }
"#;

fn world() -> World {
    World::with(|text| {
        // the names in braces are filled in already: borrow them from a route that has them
        let deliver = text.lines().find(|line| line.starts_with("deliver") && line.contains("\"mailer\"")).unwrap().to_owned();
        let folder =
            text.lines().find_map(|line| line.strip_prefix("store = \"")?.strip_suffix("/keys/keys\"")).unwrap().to_owned();
        let more: Vec<String> = MORE
            .replace("{folder}", &folder)
            .lines()
            .map(|line| if line == "{deliver}" { deliver.clone() } else { line.to_owned() })
            .collect();
        text + &more.join("\n")
    })
}

fn refused(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {}", answer.text());
}

#[test]
fn no_second_spelling_of_an_addressee_escapes_its_condition() {
    let world = world();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@evil.test"));
    let key = world.key("intake", Mode::Live);
    let text = format!("Dear {}", dana.name);
    let evil = "eve@evil.test";

    let json_bodies = [
        ("no addressee at all", json!({ "text": text })),
        ("an addressee without entries", json!({ "to": [], "text": text })),
        ("another case", json!({ "to": dana.email, "To": evil, "text": text })),
        ("another case, alone", json!({ "TO": evil, "text": text })),
        ("another case of a list", json!({ "to": dana.email, "CC": [evil], "text": text })),
        ("a letter that folds to another", json!({ "to": dana.email, "ｔｏ": evil, "text": text })),
        ("blanks around the name", json!({ "to": dana.email, " to": evil, "text": text })),
        ("brackets behind the name", json!({ "to": dana.email, "to[]": evil, "text": text })),
        ("an address as a name", json!({ "to": { evil: "a@example.com" }, "text": text })),
        ("an address as a name over nothing", json!({ "to": { "a": "a@example.com", evil: [] }, "text": text })),
        ("a member that no condition names", json!({ "to": dana.email, "bcc": evil, "text": text })),
        ("one far below", json!({ "to": dana.email, "more": [{ "recipients": [format!("Eve <{evil}>")] }], "text": text })),
        ("one as a name", json!({ "to": dana.email, "variables": { evil: {} }, "text": text })),
        ("a value that is no list where a list is", json!({ "to": dana.email, "cc": evil, "text": text })),
    ];
    let mut cases = json_bodies.len();
    for (what, body) in &json_bodies {
        refused(what, &world.call(&key, "POST", "/out/mail/send", &body.to_string()), 403, "grant.addressee");
    }
    let good = json!({ "to": dana.email, "text": text }).to_string();
    for query in [
        "to=eve@evil.test",
        "to[]=eve%40evil.test",
        "TO=eve@evil.test",
        "cc=eve@evil.test",
        "%74o=eve@evil.test",
        "to.0=eve@evil.test",
        "recipient=eve%40evil.test",
    ] {
        refused(query, &world.call(&key, "POST", &format!("/out/mail/send?{query}"), &good), 403, "grant.addressee");
        cases += 1;
    }
    for pair in [
        "&cc=eve@evil.test",
        "&to=eve@evil.test",
        "&to[]=eve@evil.test",
        "&to%5B0%5D=eve@evil.test",
        "&TO=eve@evil.test",
        "&To%5Bx%5D=eve@evil.test",
        "&bcc=eve@evil.test",
        "&eve@evil.test",
    ] {
        let form = format!("to={}{pair}", dana.email);
        let answer = world.send(&call(&key, "POST", "/out/mail/send", "").typed("application/x-www-form-urlencoded", form));
        refused(pair, &answer, 403, "grant.addressee");
        cases += 1;
    }
    let team = json!({ "cc": "team@example.com", "text": text }).to_string();
    for mailbox in ["eve@evil.test", "eve%40evil.test", "Eve%20%3Ceve@evil.test%3E"] {
        refused(mailbox, &world.call(&key, "POST", &format!("/out/mail/to/{mailbox}/send"), &team), 403, "grant.addressee");
        cases += 1;
    }
    // what a source put into a name would become a part of the address
    for around in [format!("{}@example.com", dana.name), dana.name.clone(), format!("x, {}@example.com", dana.name)] {
        let body = json!({ "cc": "team@example.com", "To": around }).to_string();
        refused(&around, &world.call(&key, "POST", "/out/mail/to/box/send", &body), 403, "grant.addressee");
        cases += 1;
    }
    // several people in one call: an addressee that is one of them is not the person of the others
    let body = json!({ "to": eve.email, "text": format!("{} {}", eve.name, dana.name) }).to_string();
    refused("one of several", &world.call(&key, "POST", "/out/mail/bulk", &body), 403, "grant.addressee");
    assert_eq!(world.ats.count(), 0, "something left");

    // what the condition allows goes out as before, in a form too
    let fine = json!({ "to": dana.email, "reply_to": "hr@example.com", "html": format!("{text}, or write to hr@agency.test"), "cc": null });
    for body in [good, fine.to_string()] {
        let answer = world.call(&key, "POST", "/out/mail/send?page=2", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    // in the path too: a mailbox that a condition admits, one that the grant spells out, and a token at its place
    for path in ["to/hr@example.com", "to/box", &format!("to/{}", dana.email), "from/desk@agency.test"] {
        let answer = world.call(&key, "POST", &format!("/out/mail/{path}/send"), &team);
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    }
    // a token elsewhere is where the grant says it may be
    let body = json!({ "to": "team@example.com", "reply_to": dana.email, "text": dana.email }).to_string();
    let answer = world.call(&key, "POST", "/out/mail/reply", &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let aside = json!({ "to": format!("Dana <{}>", dana.email), "text": text }).to_string();
    refused("a token with a name before it", &world.call(&key, "POST", "/out/mail/send", &aside), 403, "grant.place");
    for form in [format!("to={}&cc=team%40example.org", dana.email), format!("to={}&to=a@example.com&total=3", dana.email)] {
        let answer = world.send(&call(&key, "POST", "/out/mail/send", "").typed("application/x-www-form-urlencoded", form));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    println!("addressees that dodge their condition: {} cases, 0 sent", cases + 1);
}

#[test]
fn many_values_of_one_event_have_a_token_each_and_equal_ones_the_same() {
    let world = world();
    let people: Vec<_> = (0..600).map(|n| json!({ "email": format!("p{}@example.org", n % 300), "name": "Dana" })).collect();
    let body = json!({ "candidate": { "id": "cand-1", "email": "p7@example.org" }, "people": people });
    for _ in 0..2 {
        let seen = world.deliver("/in/second", &body.to_string()).json();
        let tokens: Vec<String> =
            seen["people"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
        assert_eq!(tokens[..300], tokens[300..]);
        assert_eq!(tokens.iter().collect::<std::collections::BTreeSet<_>>().len(), 300);
        assert_eq!(seen["candidate"]["email"], tokens[7].as_str());
    }
    // the log names each field once, however long the list
    let leaves = world.leaves();
    let accepted: Vec<_> = leaves.iter().filter(|leaf| leaf.action == "event.accept").collect();
    assert_eq!(accepted.len(), 2);
    for leaf in accepted {
        assert_eq!(leaf.fields, ["candidate.email", "candidate.id", "people[*].email", "people[*].name"]);
        assert_eq!((leaf.tokens.len(), leaf.others), (64, 2 + 2 * 600 - 64));
    }
}

#[test]
fn an_addressee_is_one_address_whatever_the_source_put_there() {
    let world = world();
    let key = world.key("intake", Mode::Live);
    let odd = [
        json!(["dana@example.org", "eve@evil.test"]),
        json!({ "address": "eve@evil.test" }),
        json!("dana@example.org, eve@evil.test"),
        json!("dana@example.org;eve"),
        json!("dana@example.org\r\nBcc: eve@evil.test"),
        json!("Dana <eve@evil.test>"),
    ];
    for (at, email) in odd.iter().enumerate() {
        let mut body: serde_json::Value = serde_json::from_str(&application(&format!("Dana{at}"), "x")).unwrap();
        body["candidate"]["email"] = email.clone();
        let seen = world.deliver("/in/apply", &body.to_string()).json();
        let body =
            json!({ "to": seen["candidate"]["email"], "text": format!("Dear {}", seen["candidate"]["name"].as_str().unwrap()) });
        let answer = world.call(&key, "POST", "/out/mail/send", &body.to_string());
        assert_eq!(answer.status, 422, "{email}: {}", answer.text());
        assert!(answer.code().starts_with("value."), "{email}: {}", answer.text());
        // where no condition is, it goes out as the source sent it
        let plain = json!({ "emails": [{ "value": seen["candidate"]["email"] }] });
        assert_eq!(world.call(&key, "POST", "/out/ats/candidates", &plain.to_string()).status, 201, "{email}");
    }
    assert_eq!(world.ats.count(), odd.len());
    println!("addressees that are more than one: {} cases, 0 written to", odd.len());
}

#[test]
fn a_place_is_the_place_itself_and_nothing_below_it() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let bodies = [
        json!({ "first_name": { "x": dana.name } }),
        json!({ "first_name": [dana.name] }),
        json!({ "note": [[{ "a": dana.name }]] }),
    ];
    for body in &bodies {
        refused("below", &world.call(&key, "POST", "/out/ats/candidates", &body.to_string()), 403, "grant.place");
    }
    let text = json!({ "to": dana.email, "html": { "inner": format!("Dear {}", dana.name) } });
    refused("below a text", &world.call(&key, "POST", "/out/mail/send", &text.to_string()), 403, "grant.place");
    assert_eq!(world.ats.count(), 0);
    println!("places below places: {} cases", bodies.len() + 1);
}

#[test]
fn a_header_place_holds_one_token() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let request = call(&key, "PUT", &format!("/out/ats/candidates/{}", dana.id), "").header("x-on-behalf-of", &dana.email);
    refused("twice", &world.send(&request.header("x-on-behalf-of", &dana.email)), 400, "request.duplicate_header");
    println!("header places: 1 case");
}

#[test]
fn a_stable_token_that_is_used_again_opens_alone() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let again = world.deliver("/in/update", &application("Dana", "dana@example.org")).json();
    assert_eq!(again["candidate"]["email"], dana.email.as_str(), "the same person, the same token");
    let mailer = world.key("mailer", Mode::Live);
    let call = |body: serde_json::Value| world.call(&mailer, "POST", "/out/ats/names", &body.to_string());
    refused("the rest of the first event", &call(json!({ "name": dana.name })), 403, "token.other_workflow");
    assert_eq!(call(json!({ "email": dana.email })).status, 201);
    assert_eq!(call(json!({ "name": again["candidate"]["name"] })).status, 201);
    // two values of one record, shared with the same event
    let both = world.deliver("/in/second", &application("Dana", "dana@example.org")).json();
    assert_eq!((&both["candidate"]["id"], &both["candidate"]["email"]), (&dana.id.as_str().into(), &dana.email.as_str().into()));
    assert_eq!(call(json!({ "id": dana.id, "email": dana.email })).status, 201);
    refused("the rest", &call(json!({ "name": dana.name })), 403, "token.other_workflow");
    // the workflow of the first event opens what it always did
    let intake = world.key("intake", Mode::Live);
    let body = json!({ "first_name": dana.name, "emails": [{ "value": dana.email }] });
    assert_eq!(world.call(&intake, "POST", "/out/ats/candidates", &body.to_string()).status, 201);
    println!("audiences: 1 stable token shared, 0 of its neighbours");
}

#[test]
fn the_vendor_reads_the_body_as_what_was_checked() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let body = json!({ "first_name": dana.name }).to_string();
    for media_type in ["application/json; a=b, application/x-www-form-urlencoded", "Application/JSON;charset=UTF-8"] {
        let answer = world.send(&call(&key, "POST", "/out/ats/candidates", "").typed(media_type, body.as_str()));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let seen = world.ats.wait_after(world.ats.count() - 1);
        assert_eq!(seen.header("content-type"), Some("application/json"), "{media_type}");
    }
    let others = [
        ("application/x-www-form-urlencoded, application/x+json", &body),
        ("application/x-www-form-urlencoded;charset=utf-7", &"a=b".to_owned()),
        ("application/x-www-form-urlencoded; charset=utf-16", &"a=b".to_owned()),
    ];
    for (media_type, body) in &others {
        let answer = world.send(&call(&key, "POST", "/out/ats/candidates", "").typed(media_type, body.as_str()));
        refused(media_type, &answer, 415, "body.content_type");
    }
    println!("media types: {} cases", others.len() + 2);
}

#[test]
fn what_happens_after_the_vendor_acted_never_makes_it_act_again() {
    let world = World::opened(|text| text, |options| options.full_at_pages_for_tests(260));
    let key = world.key("intake", Mode::Live);
    let big = |n: u32| application(&"x".repeat(5_000), &format!("dana{n}@example.org"));
    let mut taken = 0;
    while world.send(&world.event("/in/apply", &big(taken))).status == 200 {
        taken += 1;
        assert!(taken < 1_000, "the disk never fills");
    }
    // small leaves still fit; the tokens of a large answer do not
    let answer = json!({ "values": "y".repeat(60_000) }).to_string();
    world.ats.otherwise(move |_| Reply::json(201, &answer));
    let request = call(&key, "POST", "/out/ats/free", "{}").header("idempotency-key", "run-1");
    let first = world.send(&request);
    assert_eq!((first.code().as_str(), world.ats.count()), ("answer.not_kept", 1), "{}", first.text());
    let again = world.send(&request);
    assert!(matches!(again.status, 500 | 409), "{}", again.text());
    assert_eq!(world.ats.count(), 1, "the vendor acted twice");
    // without a key nothing but the answer itself keeps an obedient caller from a second call, whatever the method promises
    for method in ["POST", "GET"] {
        let answer = world.call(&key, method, "/out/ats/free", "");
        assert_eq!((answer.status, answer.code().as_str()), (500, "answer.not_kept"), "{}", answer.text());
        assert_eq!((&answer.json()["retryable"], answer.header("retry-after")), (&json!(false), None), "{}", answer.text());
    }
    println!("failing after the vendor acted: 3 cases, 1 call each");
}

#[test]
fn a_key_marks_the_same_call_with_the_same_headers_and_outlives_rotation() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let target = format!("/out/ats/candidates/{}", dana.id);
    let base = || call(&key, "PUT", &target, "").header("idempotency-key", "run-1");
    assert_eq!(world.send(&base().header("x-on-behalf-of", &dana.email)).status, 201);
    refused("without the header", &world.send(&base()), 409, "idempotency.conflict");
    rotate_replay_key(&world);
    let again = world.send(&base().header("x-on-behalf-of", &dana.email));
    assert_eq!((again.status, again.header("idempotent-replay")), (201, Some("true")), "{}", again.text());
    refused("another call after rotation", &world.send(&base()), 409, "idempotency.conflict");
    assert_eq!(world.ats.count(), 1);
    println!("idempotency: 2 other calls told apart, 1 rotation survived");
}

#[test]
fn two_workflows_with_one_idempotency_key_do_not_meet_at_the_vendor() {
    let world = world();
    let calls = [("intake", "/out/ats/candidates"), ("mailer", "/out/ats/names")];
    for (workflow, target) in calls {
        let key = world.key(workflow, Mode::Live);
        assert_eq!(
            world.send(&call(&key, "POST", target, "{}").header("idempotency-key", "Dana Smith 1")).status,
            201,
            "{workflow}"
        );
    }
    let seen: Vec<_> = world.ats.wait_for(2).iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert!(seen.iter().all(|key| key.as_ref().is_some_and(|key| key.len() == 32 && !key.contains(' '))), "{seen:?}");
    assert_ne!(seen[0], seen[1]);
    println!("idempotency keys at the vendor: 2 calls, none as the platform wrote it");
}

fn rotate_replay_key(world: &World) {
    ops::rotate::rotate(&world.app, &crate::world::by(), "replay").unwrap();
}

#[test]
fn a_part_of_a_revealed_object_does_not_come_back() {
    let world = world();
    let body = json!({ "zzqx": { "street": "Lindenallee 77", "number": 4930901820u64 } });
    let seen = world.deliver("/in/open", &body.to_string()).json();
    let token = seen.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
    let key = world.key("intake", Mode::Live);
    for echo in ["Lindenallee 77", "call 4930901820 now"] {
        world.ats.next([Reply::json(200, &json!({ "echo": echo }).to_string())]);
        let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "any": token }).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.text().contains(echo), "{}", answer.text());
    }
    assert_eq!(world.ats.wait_for(1)[0].json()["any"], body["zzqx"]);
    println!("parts of objects: 2 cases, 0 came back");
}

#[test]
fn a_value_put_into_html_is_never_markup() {
    let world = world();
    let dana = person(&world, "<img src=x onerror=alert(1)>", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    for html in [format!("Dear {}", dana.name), dana.name.clone()] {
        let body = json!({ "to": dana.email, "html": html, "text": html });
        let answer = world.call(&key, "POST", "/out/mail/send", &body.to_string());
        assert_eq!(answer.status, 201, "{}", answer.text());
        let seen = world.ats.wait_after(world.ats.count() - 1).json();
        assert!(!seen["html"].as_str().unwrap().contains('<'), "{seen}");
        assert!(seen["text"].as_str().unwrap().contains("<img"), "a plain text stays as it is: {seen}");
    }
    // what stands beside a text says what it is, once for each object
    let text = format!("Dear {}", dana.name);
    let sent = |body: &serde_json::Value| {
        let answer = world.call(&key, "POST", "/out/mail/from/desk@agency.test/send", &body.to_string());
        assert_eq!(answer.status, 201, "{}", answer.text());
        world.ats.wait_after(world.ats.count() - 1).json()
    };
    for (name, kind) in
        [("contentType", "HTML"), ("content_type", "text/html; charset=utf-8"), ("format", "html"), ("mimeType", "Text/HTML")]
    {
        let seen = sent(&json!({ "cc": "team@example.com", "text": text, "body": { name: kind, "content": text } }));
        assert!(!seen["body"]["content"].as_str().unwrap().contains('<'), "{name}: {seen}");
        assert!(seen["text"].as_str().unwrap().contains("<img"), "{name}: {seen}");
    }
    let parts = json!([{ "type": "text/plain", "value": text }, { "type": "text/html", "value": text }]);
    let seen = sent(&json!({ "cc": "team@example.com", "content": parts, "body": { "contentType": "text", "content": text } }));
    let is_markup = |value: &serde_json::Value| value.as_str().unwrap().contains('<');
    assert!(is_markup(&seen["content"][0]["value"]) && !is_markup(&seen["content"][1]["value"]), "{seen}");
    assert!(is_markup(&seen["body"]["content"]), "{seen}");
    println!("markup in values: 8 cases");
}

#[test]
fn an_answer_about_several_people_belongs_to_none_of_them() {
    let world = world();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@example.org"));
    let key = world.key("intake", Mode::Live);
    world.ats.next([Reply::json(200, r#"{"note":"about Eve alone"}"#)]);
    let body = json!({ "people": [{ "email": dana.email }, { "email": eve.email }] }).to_string();
    let answer = world.call(&key, "POST", "/out/ats/many", &body).json();
    let note = answer["note"].as_str().unwrap();
    // the first person's own call does not take it along
    let body = json!({ "email": dana.email, "any": note }).to_string();
    refused("somebody else's", &world.call(&key, "POST", "/out/ats/free", &body), 403, "token.second_subject");
    println!("answers about several people: 1 case");
}

#[test]
fn a_token_ends_with_its_retention_and_not_with_the_next_sweep() {
    let world = world();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    world.ats.next([Reply::json(200, r#"{"note":"kept for ten days"}"#), Reply::json(200, r#"{"note":"about nobody"}"#)]);
    let note = |target: &str| world.call(&key, "PUT", target, "").json()["note"].as_str().unwrap().to_owned();
    let (of_dana, of_nobody) = (note(&format!("/out/ats/candidates/{}", dana.id)), note("/out/ats/candidates/7"));
    world.advance(Span::days(11));
    for token in [of_dana, of_nobody] {
        let answer = world.call(&key, "POST", "/out/ats/free", &json!({ "any": token }).to_string());
        assert_eq!(answer.code(), "token.expired", "{}", answer.text());
    }
    // somebody nobody could name
    let seen = world.deliver("/in/open", r#"{"note":"pending"}"#).json();
    let body = json!({ "any": seen["note"] }).to_string();
    assert_eq!(world.call(&key, "POST", "/out/ats/free", &body).status, 201);
    world.advance(Span::days(31));
    let answer = world.call(&key, "POST", "/out/ats/free", &body);
    assert_eq!(answer.code(), "token.expired", "{}", answer.text());
    println!("ends of retention: 3 cases, no sweep between");
}

#[test]
fn what_follows_a_request_of_two_lengths_is_not_read() {
    let world = world();
    let hidden = "POST /in/hidden HTTP/1.1\r\nhost: gate.test\r\ncontent-length: 0\r\n\r\n";
    let framings = [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 5",
        "content-length: +5",
        "content-length: 0x5",
        "content-length:\r\n 5",
    ];
    for framing in framings {
        let raw = format!("POST /in/apply HTTP/1.1\r\nhost: gate.test\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}");
        let answers = world.send_raw(raw.as_bytes());
        assert!(answers.len() <= 1, "{framing}: {} answers", answers.len());
        assert!(answers.iter().all(|answer| matches!(answer.status, 400 | 401)), "{framing}");
    }
    println!("framings that two servers read differently: {}, 0 requests behind them", framings.len());
}

#[test]
fn a_parameter_does_not_change_the_method() {
    let world = world();
    let key = world.key("intake", Mode::Live);
    let form = |body: &str| call(&key, "POST", "/out/ats/candidates", "").typed("application/x-www-form-urlencoded", body);
    let requests = [
        call(&key, "POST", "/out/ats/candidates?_method=DELETE", "{}"),
        call(&key, "POST", "/out/ats/candidates?a=1&%5FHttpMethod=PATCH", "{}"),
        call(&key, "POST", "/out/ats/candidates?X-HTTP-Method-Override=DELETE", ""),
        call(&key, "POST", "/out/ats/candidates", r#"{"_method":"delete"}"#),
        call(&key, "POST", "/out/ats/candidates", r#"{"\u005fmethod":"delete"}"#),
        form("_method=delete"),
        form("a=1&%5Fmethod=put"),
    ];
    for request in &requests {
        refused(&request.target, &world.send(request), 403, "grant.method");
    }
    let header =
        call(&key, "POST", "/out/ats/candidates", r#"{"inner":{"_method":"x"}}"#).header("x-http-method-override", "DELETE");
    assert_eq!(world.send(&header).status, 201);
    assert_eq!(world.ats.wait_for(1)[0].header("x-http-method-override"), None);
    assert_eq!(world.ats.count(), 1);
    println!("second methods: {} cases, 0 sent", requests.len() + 1);
}

#[test]
fn the_first_spelling_of_a_value_does_not_spoil_its_stable_token() {
    let world = world();
    let key = world.key("intake", Mode::Live);
    let odd = person(&world, "Dana", "\tdana@example.org\n");
    let dana = person(&world, "Dana", "dana@example.org");
    assert_ne!(odd.email, dana.email);
    let body = json!({ "to": dana.email, "text": "Dear you" }).to_string();
    assert_eq!(world.call(&key, "POST", "/out/mail/send", &body).status, 201);
    assert_eq!(world.ats.wait_for(1)[0].json()["to"], "dana@example.org");
    println!("first spellings: 1 case");
}
