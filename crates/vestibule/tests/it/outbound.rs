//! Calls out: what a grant names goes out as itself, everything else is an error that says where and how to mend it.

use crate::bad_input::told;
use crate::world::{Answer, MAIL_CREDENTIAL, Reply, Request, SANDBOX_CREDENTIAL, World, application, call, is_token};
use serde_json::{Value, json};
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

/// The tokens of one delivered application.
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
    pub salary: String,
}

/// Sends an application in and reads the tokens from what the platform got.
pub fn person(world: &World, name: &str, email: &str) -> Person {
    let seen = world.deliver("/in/apply", &application(name, email)).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let candidate = &seen["candidate"];
    Person {
        id: text(&candidate["id"]),
        email: text(&candidate["email"]),
        name: text(&candidate["name"]),
        salary: text(&seen["answers"][0]["value"]),
    }
}

#[test]
fn values_go_to_the_places_a_grant_names() {
    let world = World::new();
    let dana = person(&world, "Dana Ünal & Søn <b>", "dana+jobs@example.org");
    let key = world.key("intake", Mode::Live);
    let bare = dana.email.trim_end_matches("@t.example.com").to_owned();

    // path, query and header
    let request = call(
        &key,
        "PUT",
        &format!("/out/ats/candidates/{}?mail={}&page=2", dana.id, dana.email),
        &json!({ "email": bare }).to_string(),
    )
    .header("x-on-behalf-of", &dana.email)
    .header("accept", "application/json")
    .header("cookie", "session=1")
    .header("x-other", "stays here");
    let answer = world.send(&request);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let seen = world.ats.wait_for(1).remove(0);
    assert_eq!(
        seen.target,
        "/v1/candidates/cand-Dana%20%C3%9Cnal%20%26%20S%C3%B8n%20%3Cb%3E?mail=dana%2Bjobs%40example.org&page=2"
    );
    assert_eq!(seen.header("x-on-behalf-of"), Some("dana+jobs@example.org"));
    assert_eq!(seen.json()["email"], "dana+jobs@example.org");
    assert_eq!((seen.header("accept"), seen.header("cookie"), seen.header("x-other")), (Some("application/json"), None, None));

    // a form body, with odd writings of tokens
    let form = format!("first_name=%20{}&id={}&kept=a%26b", dana.name.to_uppercase(), dana.id);
    let answer = world.send(&call(&key, "POST", "/out/ats/candidates", "").typed("application/x-www-form-urlencoded", form));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let seen = world.ats.wait_for(2).remove(1);
    assert_eq!(
        seen.text(),
        "first_name=Dana+%C3%9Cnal+%26+S%C3%B8n+%3Cb%3E&id=cand-Dana+%C3%9Cnal+%26+S%C3%B8n+%3Cb%3E&kept=a%26b"
    );

    // in the middle of texts, escaped for what carries them; the mail service gets its own credential
    let mail = json!({
        "to": dana.email, "html": format!("<p>Dear {}, <a href=\"mailto:{}\">you</a></p>", dana.name, dana.email),
        "text": format!("Dear {}!", dana.name),
    });
    let answer = world.call(&key, "POST", "/out/mail/send", &mail.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let seen = world.ats.wait_for(3).remove(2);
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {MAIL_CREDENTIAL}").as_str()));
    let body = seen.json();
    assert_eq!(body["to"], "dana+jobs@example.org");
    assert_eq!(body["text"], "Dear Dana Ünal & Søn <b>!");
    let html = body["html"].as_str().unwrap();
    assert!(html.starts_with("<p>Dear Dana Ünal &amp; Søn &lt;b&gt;, <a href=\"mailto:dana+jobs@example.org\""), "{html}");

    // several people, where the grant says so
    let eve = person(&world, "Eve", "eve@example.org");
    let answer = world.call(
        &key,
        "POST",
        "/out/ats/bulk",
        &json!({ "people": [{ "email": dana.email }, { "email": eve.email }] }).to_string(),
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    let seen = world.ats.wait_for(4).remove(3);
    assert_eq!(seen.json(), json!({ "people": [{ "email": "dana+jobs@example.org" }, { "email": "eve@example.org" }] }));

    let leaves = world.leaves();
    let reveals: Vec<_> = leaves.iter().filter(|leaf| leaf.action == "reveal").collect();
    assert_eq!(reveals.len(), 4);
    assert_eq!(reveals[3].subjects.len(), 2);
    assert!(reveals[0].host.contains("127.0.0.1"), "a pinned address stands in the log: {}", reveals[0].host);
    println!("places: 4 calls, {} reveals recorded", reveals.len());
}

#[test]
fn headers_go_on_by_name_and_constants_stay() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let target = format!("/out/ats/candidates/{}", dana.id);
    let own = |request: Request| request.header("x-api-version", "1999-01-01").header("accept-language", "de");

    // a header that the grant names goes on with a text of the workflow's own; constants are the gateway's
    let answer = world.send(&own(call(&key, "PUT", &target, "{}")).header("X-On-Behalf-Of", "4711"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    // the same grant does not name it for another call
    let answer = world.send(&own(call(&key, "POST", "/out/ats/candidates", "{}")).header("x-on-behalf-of", "4711"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    // test calls get the constants too
    let test = world.key("intake", Mode::Test);
    assert_eq!(world.send(&own(call(&test, "POST", "/out/ats/candidates", "{}"))).status, 201);
    let (live, sandbox) = (world.ats.wait_for(2), world.sandbox.wait_for(1));
    for (seen, on_behalf) in [(&live[0], Some("4711")), (&live[1], None), (&sandbox[0], None)] {
        assert_eq!(seen.header("x-on-behalf-of"), on_behalf);
        assert_eq!((seen.header("x-api-version"), seen.header("accept-language")), (Some("2026-01-01"), Some("en")));
        assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-api-version").count(), 1);
    }

    // such a text is part of the call, and addresses somebody like any other
    let keyed = |value: &str| call(&key, "PUT", &target, "{}").header("x-on-behalf-of", value).header("idempotency-key", "run-1");
    assert_eq!(world.send(&keyed("1")).status, 201);
    assert_eq!(world.send(&keyed("2")).code(), "idempotency.conflict");
    let mail = json!({ "to": dana.email }).to_string();
    let copied = |to: &str| world.send(&call(&key, "POST", "/out/mail/send", &mail).header("x-cc", to));
    assert_eq!(copied("eve@evil.test").code(), "grant.addressee");
    for fine in ["team@example.com", &dana.email] {
        let answer = copied(fine);
        assert_eq!(answer.status, 201, "{fine}: {}", answer.text());
    }
    println!("headers: 6 calls, 2 refused");
}

#[test]
fn what_no_grant_names_is_refused_and_nothing_leaves() {
    let world = World::new();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@example.org"));
    let trial = world.deliver("/in/trial", &application("Test", "test@example.org")).json();
    let trial = trial["candidate"]["email"].as_str().unwrap().to_owned();
    let update = world.deliver("/in/update", &application("Uma", "uma@example.org")).json();
    let update = update["candidate"]["email"].as_str().unwrap().to_owned();
    let key = world.key("intake", Mode::Live);
    let test_key = world.key("intake", Mode::Test);
    let mailer = world.key("mailer", Mode::Live);
    let ended = world.key("ended", Mode::Live);
    let erased = person(&world, "Gone", "gone@example.org");
    world.erase(&erased.email);

    let body = |field: &str, token: &str| json!({ field: token }).to_string();
    let text = |html: &str, to: &str| json!({ "to": to, "html": html }).to_string();
    let mut damaged = dana.name.clone();
    damaged.replace_range(20..21, if damaged.as_bytes()[20] == b'x' { "y" } else { "x" });
    let foreign = vestibule_core::token::TokenText::new(&vestibule_core::token::Block([7; 16])).to_string();
    let wide: String = dana.name.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    let cyrillic = dana.name.replacen("v", "ѵ", 1);
    let split = format!("{}\u{200b}{}", &dana.name[..10], &dana.name[10..]);
    let in_query = format!("/out/ats/candidates?first_name={}", dana.name);
    let in_path = format!("/out/ats/{}", dana.name);
    let twice = dana.email.replace('@', "%2540");
    let cases: Vec<(&str, &str, u16, &str, &str, &str, String)> = vec![
        ("a place the grant does not name", &key, 403, "grant.place", "POST", "/out/ats/candidates", body("other", &dana.email)),
        (
            "a token in the middle of a value",
            &key,
            403,
            "grant.place",
            "POST",
            "/out/ats/candidates",
            body("first_name", &format!("Dear {}", dana.name)),
        ),
        ("a token as a member's name", &key, 403, "grant.place", "POST", "/out/ats/candidates", body(&dana.name, "x")),
        ("another category", &key, 403, "grant.category", "POST", "/out/ats/candidates", body("first_name", &dana.email)),
        (
            "a text that does not open salaries",
            &key,
            403,
            "grant.category",
            "POST",
            "/out/mail/send",
            text(&format!("<p>{}</p>", dana.salary), &dana.email),
        ),
        ("a token in a query that names none", &key, 403, "grant.place", "POST", &in_query, String::new()),
        ("a token in a path that names none", &key, 403, "grant.path", "POST", &in_path, String::new()),
        (
            "a second subject",
            &key,
            403,
            "token.second_subject",
            "POST",
            "/out/ats/candidates",
            json!({ "first_name": dana.name, "emails": [{ "value": eve.email }] }).to_string(),
        ),
        (
            "more tokens than a call may hold",
            &key,
            422,
            "token.too_many",
            "POST",
            "/out/ats/candidates",
            json!({ "emails": vec![json!({ "value": dana.email }); 4097] }).to_string(),
        ),
        (
            "an addressee of another domain",
            &key,
            403,
            "grant.addressee",
            "POST",
            "/out/mail/send",
            text(&format!("Dear {}", dana.name), "eve@evil.test"),
        ),
        (
            "an addressee with a tail",
            &key,
            403,
            "grant.addressee",
            "POST",
            "/out/mail/send",
            text(&format!("Dear {}", dana.name), "a@example.com, b@evil.test"),
        ),
        (
            "an escaped addressee",
            &key,
            403,
            "grant.addressee",
            "POST",
            "/out/mail/send",
            format!(r#"{{"to":"a@\u0065vil.test","html":"Dear {}"}}"#, dana.name),
        ),
        (
            "a list of addressees, one outside",
            &key,
            403,
            "grant.addressee",
            "POST",
            "/out/mail/send",
            json!({ "to": dana.email, "cc": ["team@example.org", "x@evil.test"] }).to_string(),
        ),
        (
            "another person's token as addressee",
            &key,
            403,
            "",
            "POST",
            "/out/mail/send",
            text(&format!("Dear {}", dana.name), &eve.email),
        ),
        (
            "another workflow's token",
            &key,
            403,
            "token.other_workflow",
            "POST",
            "/out/ats/candidates",
            json!({ "emails": [{ "value": update }] }).to_string(),
        ),
        (
            "the other workflow with ours",
            &mailer,
            403,
            "token.other_workflow",
            "POST",
            "/out/ats/candidates",
            body("email", &dana.email),
        ),
        (
            "a test token in a live call",
            &key,
            403,
            "token.other_mode",
            "POST",
            "/out/ats/candidates",
            json!({ "emails": [{ "value": trial }] }).to_string(),
        ),
        (
            "a live token in a test call",
            &test_key,
            403,
            "token.other_mode",
            "POST",
            "/out/ats/candidates",
            json!({ "emails": [{ "value": dana.email }] }).to_string(),
        ),
        ("a route without a sandbox", &test_key, 403, "grant.no_test", "POST", "/out/mail/send", text("x", "a@example.com")),
        ("a workflow without a grant", &mailer, 403, "grant.none", "POST", "/out/mail/send", text("x", "a@example.com")),
        ("another path", &key, 403, "grant.path", "POST", "/out/ats/users", String::new()),
        ("a longer path", &key, 403, "grant.path", "POST", "/out/ats/candidates/1/notes", String::new()),
        ("another method", &key, 403, "grant.method", "DELETE", "/out/ats/candidates", String::new()),
        ("two dots", &key, 400, "path.unsafe", "POST", "/out/ats/candidates/../users", String::new()),
        ("two escaped dots", &key, 400, "path.unsafe", "POST", "/out/ats/candidates/%2e%2E/users", String::new()),
        ("an encoded slash", &key, 400, "path.unsafe", "PUT", "/out/ats/candidates/a%2Fb", String::new()),
        ("an encoded backslash", &key, 400, "path.unsafe", "PUT", "/out/ats/candidates/a%5cb", String::new()),
        ("an encoded percent", &key, 400, "path.unsafe", "PUT", "/out/ats/candidates/a%252Fb", String::new()),
        ("an encoded NUL", &key, 400, "path.unsafe", "PUT", "/out/ats/candidates/a%00", String::new()),
        ("an empty segment", &key, 400, "path.unsafe", "POST", "/out/ats//candidates", String::new()),
        ("an unknown destination", &key, 404, "route.unknown", "POST", "/out/nothing/candidates", String::new()),
        ("a damaged token", &key, 422, "token.damaged", "POST", "/out/ats/candidates", body("first_name", &damaged)),
        ("half a token", &key, 422, "token.damaged", "POST", "/out/ats/candidates", body("first_name", &dana.name[..30])),
        ("a foreign token", &key, 422, "token.foreign", "POST", "/out/ats/candidates", body("first_name", &foreign)),
        (
            "an unknown token",
            &key,
            422,
            "token.unknown",
            "POST",
            "/out/ats/candidates",
            body("first_name", &world.unknown_token()),
        ),
        ("an erased token", &key, 422, "token.erased", "POST", "/out/ats/candidates", body("first_name", &erased.name)),
        ("a full-width token", &key, 422, "token.lookalike", "POST", "/out/ats/candidates", body("first_name", &wide)),
        ("a token with a look-alike", &key, 422, "token.lookalike", "POST", "/out/ats/candidates", body("first_name", &cyrillic)),
        (
            "a token with a zero-width space",
            &key,
            422,
            "token.lookalike",
            "POST",
            "/out/ats/candidates",
            body("first_name", &split),
        ),
        (
            "a token encoded twice",
            &key,
            403,
            "grant.place",
            "POST",
            "/out/ats/candidates",
            json!({ "emails": [{ "value": twice }] }).to_string(),
        ),
        ("a near token where no place is", &key, 422, "token.lookalike", "POST", "/out/ats/candidates", body("other", &wide)),
        ("not JSON", &key, 400, "json.", "POST", "/out/ats/candidates", "{\"Mq7Zt4Xw9Kp2\"".into()),
        ("a member twice", &key, 400, "json.", "POST", "/out/ats/candidates", r#"{"Mq7Zt4Xw9Kp2":1,"Mq7Zt4Xw9Kp2":2}"#.into()),
        ("10,000 levels", &key, 400, "json.", "POST", "/out/ats/candidates", "[".repeat(10_000)),
        ("too large", &key, 413, "body.too_large", "POST", "/out/ats/candidates", format!("\"{}\"", "x".repeat(1024 * 1024))),
    ];
    let revealed_before = reveals(&world);
    for (what, key, status, code, method, target, body) in &cases {
        let answer = world.call(key, method, target, body);
        assert!(answer.code().starts_with(code), "{what}: {} {}", answer.status, answer.text());
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        // a name that the configuration does not have stands nowhere
        let route = target.split('/').nth(2).filter(|name| *name != "nothing").unwrap_or_default();
        told(&world, what, &answer, "call.refuse", route);
    }
    let more = more_refusals(&world, &key, &dana);
    world.advance(Span::days(2));
    for (what, key, code, target) in [
        ("an ended workflow", &ended, "workflow.expired", "/out/ats/candidates"),
        ("an ended grant", &key, "grant.expired", "/out/ats/soon-over"),
    ] {
        let answer = world.call(key, "POST", target, "");
        assert_eq!((answer.status, answer.code().as_str()), (403, code), "{what}: {}", answer.text());
        told(&world, what, &answer, "call.refuse", "ats");
    }
    assert_eq!(world.ats.count() + world.sandbox.count() + world.stranger.count(), 0, "something left");
    assert_eq!(reveals(&world), revealed_before);
    println!("refused calls: {} cases, 0 reached a destination", cases.len() + more + 2);
}

/// Refusals that take more than a body.
fn more_refusals(world: &World, key: &str, dana: &Person) -> usize {
    let base = || call(key, "POST", "/out/ats/candidates", "{}");
    let long = format!("/out/ats/candidates?q={}", "x".repeat(9_000));
    let cases = [
        ("compressed", 415, "body.compressed", base().header("content-encoding", "gzip")),
        ("multipart", 415, "body.content_type", base().typed("multipart/form-data; boundary=x", "--x--")),
        ("another charset", 415, "body.content_type", base().typed("application/json; charset=latin1", "{}")),
        ("no content type", 415, "body.content_type", base().without("content-type")),
        ("a header twice", 400, "request.duplicate_header", base().header("content-type", "application/json")),
        (
            "two idempotency keys",
            400,
            "request.duplicate_header",
            base().header("idempotency-key", "a").header("idempotency-key", "b"),
        ),
        ("a long idempotency key", 400, "request.header", base().header("idempotency-key", &"k".repeat(256))),
        ("a token as idempotency key", 403, "grant.place", base().header("idempotency-key", &dana.email)),
        ("a token in a header that passes", 403, "grant.place", base().header("accept", &dana.name)),
        ("a token in a header that stays here", 403, "grant.place", base().header("x-other", &dana.email)),
        ("a token inside one", 403, "grant.place", base().header("cookie", &format!("session=caf\u{e9}; who={}", dana.name))),
        ("a header that is no text", 400, "request.header", base().header("accept", "caf\u{e9}")),
        ("a long target", 414, "request.target_too_long", call(key, "POST", &long, "")),
    ];
    for (what, status, code, request) in &cases {
        let answer = world.send(request);
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{what}: {}", answer.text());
        told(world, what, &answer, "call.refuse", "ats");
    }
    cases.len()
}

#[test]
fn values_that_would_lead_elsewhere_do_not_go_there() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    let mut cases = 0;
    for name in ["../admin", "a/b", "..", ".", "a\\b", "line\nbreak", "tab\tand\u{7f}"] {
        let dana = person(&world, name, &format!("dana{cases}@example.org"));
        let answer = world.call(&key, "POST", &format!("/out/ats/names/{}", dana.name), "");
        assert_eq!((answer.status, answer.code().as_str()), (422, "value.unsafe_in_path"), "{name:?}: {}", answer.text());
        cases += 1;
        if name.chars().any(char::is_control) {
            let answer = world.send(&call(&key, "POST", "/out/ats/names/x", "").header("x-name", &dana.name));
            assert_eq!((answer.status, answer.code().as_str()), (422, "value.control_in_place"), "{name:?}: {}", answer.text());
            let mail = json!({ "to": dana.email, "text": format!("Dear {}", dana.name) });
            let answer = world.call(&key, "POST", "/out/mail/send", &mail.to_string());
            assert_eq!((answer.status, answer.code().as_str()), (422, "value.control_in_text"), "{name:?}: {}", answer.text());
            cases += 2;
        }
    }
    assert_eq!(world.ats.count(), 0);
    println!("values that lead elsewhere: {cases} cases, 0 sent");
}

#[test]
fn test_calls_go_to_the_sandbox_with_its_own_credential() {
    let world = World::new();
    let trial = world.deliver("/in/trial", &application("Test", "test@example.org")).json();
    let email = trial["candidate"]["email"].as_str().unwrap();
    let key = world.key("intake", Mode::Test);
    let answer = world.call(&key, "POST", "/out/ats/candidates", &json!({ "emails": [{ "value": email }] }).to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let seen = world.sandbox.wait_for(1).remove(0);
    assert_eq!(seen.json()["emails"][0]["value"], "test@example.org");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {SANDBOX_CREDENTIAL}").as_str()));
    assert_eq!(world.ats.count(), 0);
    assert!(world.leaves().iter().any(|leaf| leaf.action == "reveal" && leaf.mode == Mode::Test));
    println!("test calls: 1 case, 0 reached the live system");
}

#[test]
fn vendors_that_fail_are_told_apart_from_the_gateway() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    let key = world.key("intake", Mode::Live);
    let body = json!({ "email": dana.email }).to_string();
    let ats_body = json!({ "first_name": dana.name }).to_string();
    let gateway = |answer: &Answer| (answer.status, answer.code(), answer.header("vestibule-error").map(str::to_owned));
    let own = |status: u16, code: &str| (status, code.to_owned(), Some("gateway".to_owned()));
    let mut cases = 0;
    for (route, status, code) in [
        ("dead", 502, "upstream.connect"),
        ("stranger", 502, "upstream.tls"),
        ("misnamed", 502, "upstream.tls"),
        ("private", 502, "upstream.address_refused"),
        ("nowhere", 502, "upstream.dns"),
    ] {
        let answer = world.call(&key, "POST", &format!("/out/{route}/call"), &body);
        assert_eq!(gateway(&answer), own(status, code), "{}", answer.text());
        cases += 1;
    }
    assert_eq!(world.ats.count() + world.stranger.count(), 0, "a vendor that failed verification got bytes");
    assert!(world.dialed.lock().unwrap().iter().all(|address| address.ip().is_loopback()), "a private address was dialed");
    let json = [("content-type", "application/json")];
    let big = format!("\"{}\"", "x".repeat(70_000));
    let replies = [
        (Reply::Close, 502, "upstream.broken"),
        (Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()), 502, "upstream.broken"),
        (Reply::with(200, &json, big.as_bytes()), 502, "upstream.too_large"),
        (Reply::with(302, &[("location", "https://elsewhere.test/")], b""), 502, "upstream.redirect"),
        (Reply::with(307, &[("location", "/v1/other")], b""), 502, "upstream.redirect"),
        (Reply::with(200, &[("content-type", "text/html")], b"<p>dana@example.org</p>"), 502, "upstream.not_json"),
        (Reply::with(200, &[], b"{}"), 502, "upstream.not_json"),
        (Reply::with(200, &json, b"{\"a\":"), 502, "upstream.bad_json"),
        (Reply::with(200, &json, b"{\"a\":1,\"a\":2}"), 502, "upstream.bad_json"),
        (
            Reply::with(200, &[("content-type", "application/json"), ("content-encoding", "gzip")], b"{}"),
            502,
            "upstream.compressed",
        ),
    ];
    for (reply, status, code) in replies {
        let what = format!("{reply:?}").chars().take(80).collect::<String>();
        world.ats.next([reply]);
        let answer = world.call(&key, "POST", "/out/ats/candidates", &ats_body);
        assert_eq!(gateway(&answer), own(status, code), "{what}: {}", answer.text());
        cases += 1;
    }
    world.ats.next([Reply::Silence]);
    let answer = world.call(&key, "POST", "/out/slow/call", &body);
    assert_eq!(gateway(&answer), own(504, "upstream.timeout"), "{}", answer.text());
    cases += 1;
    // the vendor's own errors pass as the vendor's, scrubbed like every answer
    for status in [400, 401, 404, 422, 429, 500, 503] {
        world.ats.next([Reply::with(
            status,
            &[("content-type", "application/json"), ("retry-after", "7"), ("set-cookie", "a=b")],
            br#"{"id":3,"error":"dana@example.org"}"#,
        )]);
        let answer = world.call(&key, "POST", "/out/ats/candidates", &ats_body);
        assert_eq!((answer.status, answer.header("vestibule-error")), (status, Some("upstream")), "{}", answer.text());
        assert_eq!(
            (answer.text().as_str(), answer.header("retry-after"), answer.header("set-cookie")),
            (r#"{"id":3}"#, Some("7"), None)
        );
        cases += 1;
    }
    // the outcome of a call is written after its answer
    world.until("the outcome of each reveal", |_| ends(&world) >= cases);
    assert_eq!((reveals(&world), ends(&world)), (cases, cases), "each reveal has its outcome");
    println!("failing vendors: {cases} cases");
}

#[test]
fn an_answer_that_nothing_changed_passes() {
    let world = World::new();
    let key = world.key("intake", Mode::Live);
    world.ats.next([Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"7\"\r\n\r\n".to_vec())]);
    let answer = world.send(&call(&key, "GET", "/out/ats/free", "").header("if-none-match", "\"7\""));
    assert_eq!((answer.status, answer.header("vestibule-error"), answer.text().as_str()), (304, None, ""));
    assert_eq!(world.ats.wait_for(1)[0].header("if-none-match"), Some("\"7\""));
    world.until("its outcome", |_| ends(&world) == 1);
    assert!(world.leaves().iter().any(|leaf| leaf.action == "call.end" && leaf.outcome == "ok" && leaf.status == 304));
    println!("unchanged: 1 answer");
}

fn ends(world: &World) -> usize {
    world.leaves().iter().filter(|leaf| leaf.action == "call.end").count()
}

fn reveals(world: &World) -> usize {
    world.leaves().iter().filter(|leaf| leaf.action == "reveal").count()
}

#[test]
fn tokens_say_nothing_about_their_shape() {
    let world = World::new();
    let dana = person(&world, "Dana", "dana@example.org");
    for token in [&dana.id, &dana.email, &dana.name, &dana.salary] {
        assert!(is_token(token), "{token}");
    }
    let again = person(&world, "Dana", "dana@example.org");
    assert_eq!((&again.email, &again.id), (&dana.email, &dana.id), "stable tokens stay");
    assert_ne!(again.name, dana.name, "others are one-off");
    let sales = world.deliver("/in/sales", &application("Dana", "dana@example.org")).json();
    assert_ne!(sales["candidate"]["email"], dana.email, "two realms never share a token");
    println!("tokens: 2 stable, 2 one-off, 2 realms apart");
}
