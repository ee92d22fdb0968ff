//! Steps of Make and n8n, moved.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use super::*;

fn rewired(text: &str) -> Rewired {
    let mark = |_: &str| String::new();
    let today = jiff::civil::date(2026, 11, 22);
    let settings = Settings { mark: &mark, today, gateway: "https://gate.example.com", zones: &[] };
    let first = file("file.json", text.as_bytes(), &settings).unwrap();
    let again = file("file.json", &first.text, &settings).unwrap();
    assert!(again.changes.is_empty() && again.text == first.text, "a second time changes nothing");
    first
}

fn text_of(rewired: &Rewired) -> &str {
    std::str::from_utf8(&rewired.text).unwrap()
}

#[test]
fn a_request_of_version_4_asks_for_a_key() {
    let before = r#"{ "name": "Ask",  "flow": [ {"id":1, "module":"http:MakeRequest","version":4,
      "parameters":{"authenticationType":"basicAuth","basicAuthKeychain":8842,"tlsType":""},
      "mapper":{"url":"https://api.openai.com/v1/x?limit=2&api_key=w3Rn7yLq5tKx2vZb","method":"post","headers":[
        {"name":"Accept","value":"*/*"}, {"name":"Authorization","value":"Bearer {{2.token}}"}],"timeout":1.50},
      "metadata":{"restore":{"parameters":{"basicAuthKeychain":{"label":"Old key"}}}}} ] }"#;
    let done = rewired(before);
    let expected = r#"{ "name": "Ask",  "flow": [ {"id":1, "module":"http:MakeRequest","version":4,
      "parameters":{"authenticationType":"apiKey","tlsType":"","apiKeyKeychain":""},
      "mapper":{"url":"https://gate.example.com/out/openai/v1/x?limit=2","method":"post","headers":[
        {"name":"Accept","value":"*/*"}],"timeout":1.50},
      "metadata":{"restore":{"parameters":{}}}} ] }"#;
    assert_eq!(text_of(&done), expected);
    assert_eq!(
        done.difference(),
        "Ask › http:MakeRequest [1], line 3
  - address: https://api.openai.com/v1/x?limit=…&api_key=…
  + address: https://gate.example.com/out/openai/v1/x?limit=…
  - parameter api_key: …
  - header Authorization: …
  - authentication: a stored credential
  + authentication: API key, to be chosen: a key of the type API key, in the header `Authorization`, with the value `Bearer <workflow key>`

Outside the gate, or still to be done by hand:
  `Authorization` took its key from elsewhere in the scenario. The gateway needs a key of its own for this vendor.
    Ask › http:MakeRequest [1], line 1 (http:MakeRequest)
  The credential it used until now belongs into the gateway: name it in the `credential` of the route.
    Ask › http:MakeRequest [1], line 1 (http:MakeRequest)

What to do next:
  1. Give the gateway the routes and grants that `vestibule scan --fix-plan vestibule.toml --gateway URL FILE` writes,
     with the keys that stood here.
  2. Import the file and pick the credential in every step listed above; without it they do not run.
  3. Try it with a test key (its calls go to `test_to` of the route), then ask the vendors for new keys: the old ones have stood in a file.
"
    );
}

#[test]
fn a_request_of_version_3_becomes_the_one_with_a_stored_key() {
    let before = r#"{"flow":[{"id":7,"module":"http:ActionSendData","version":3,"parameters":{"handleErrors":false},"mapper":{"ca":"","qs":[{"name":"q","value":"{{1.q}}"},{"name":"access_token","value":"t8Wn2qLx5vRz"}],"url":"http://ats.example.com/v1","headers":[{"name":"X-API-Key","value":"YOUR_KEY"}],"authUser":"ann","authPass":"k5!","rejectUnauthorized":false}}]}"#;
    let done = rewired(before);
    let expected = r#"{"flow":[{"id":7,"module":"http:ActionSendDataAPIKeyAuth","version":3,"parameters":{"handleErrors":false,"auth":null},"mapper":{"ca":"","qs":[{"name":"q","value":"{{1.q}}"}],"url":"https://gate.example.com/out/ats-example/v1","headers":[],"authUser":"","authPass":"","rejectUnauthorized":true}}]}"#;
    assert_eq!(text_of(&done), expected);
    let settings: Vec<&str> = done.changes.iter().map(|change| change.setting.as_str()).collect();
    assert_eq!(
        settings,
        ["address", "parameter access_token", "header X-API-Key", "user", "password", "certificate check", "authentication"]
    );
    assert_eq!(done.changes[0].before, "http://ats.example.com/v1");
    assert_eq!(done.changes[0].pointer, "/flow/0/mapper/url");
}

#[test]
fn a_node_of_n8n_asks_for_a_credential_by_name() {
    let before = r#"{"name":"W","nodes":[{"id":"a","name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[0,0],"parameters":{"url":"=https://ats.example.com/v1/{{ $json.id }}","sendHeaders":true,"headerParameters":{"parameters":[{"name":"Authorization","value":"Bearer t8Wn2qLx5vRz"},{"name":"X-Trace","value":"1"}]},"options":{"allowUnauthorizedCerts":true}},"credentials":{"httpBasicAuth":{"id":"x1","name":"Old"}}}],"connections":{}}"#;
    let done = rewired(before);
    let expected = r#"{"name":"W","nodes":[{"id":"a","name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[0,0],"parameters":{"url":"=https://gate.example.com/out/ats-example/v1/{{ $json.id }}","sendHeaders":true,"headerParameters":{"parameters":[{"name":"X-Trace","value":"1"}]},"options":{"allowUnauthorizedCerts":false},"authentication":"genericCredentialType","genericAuthType":"httpHeaderAuth"},"credentials":{"httpHeaderAuth":{"id":null,"name":"Vestibule workflow key"}}}],"connections":{}}"#;
    assert_eq!(text_of(&done), expected);
}

#[test]
fn the_first_version_of_the_node_and_headers_as_text() {
    let before = r#"{"name":"W","nodes":[{"name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":1,"parameters":{"url":"https://ats.example.com","jsonParameters":true,"headerParametersJson":"={\"authorization\": \"Bearer {{ $json.key }}\", \"Accept\": \"*/*\"}","allowUnauthorizedCerts":true}}],"connections":{}}"#;
    let done = rewired(before);
    let expected = r#"{"name":"W","nodes":[{"name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":1,"parameters":{"url":"https://gate.example.com/out/ats-example","jsonParameters":true,"headerParametersJson":"={\"Accept\": \"*/*\"}","allowUnauthorizedCerts":false,"authentication":"headerAuth"},"credentials":{"httpHeaderAuth":{"id":null,"name":"Vestibule workflow key"}}}],"connections":{}}"#;
    assert_eq!(text_of(&done), expected);
    let computed = before
        .replace("{\\\"authorization\\\": \\\"Bearer {{ $json.key }}\\\", \\\"Accept\\\": \\\"*/*\\\"}", "{{ $json.headers }}");
    let left = rewired(&computed);
    assert!(left.changes.is_empty() && left.text == computed.as_bytes());
    assert_eq!(left.outside[0].why, HEADERS);
}

#[test]
fn what_cannot_be_moved_is_listed_and_left() {
    let before = r#"{"flow":[
      {"id":1,"module":"slack:WatchMessages","version":4,"parameters":{"__IMTCONN__":3},"mapper":{}},
      {"id":2,"module":"google-sheets:addRow","version":2,"parameters":{"__IMTCONN__":4},"mapper":{"a":"{{1.a}}"}},
      {"id":3,"module":"http:ActionGetFile","version":3,"parameters":{},"mapper":{"url":"https://files.example.com/a"}},
      {"id":4,"module":"http:MakeRequest","version":4,"parameters":{},"mapper":{"url":"{{1.url}}"}},
      {"id":5,"module":"http:MakeRequest","version":4,"parameters":{},"mapper":{"url":"https://a.example.com","headers":"{{1.headers}}"}},
      {"id":6,"module":"http:makeARequest","parameters":{"url":"https://a.example.com"}},
      {"id":7,"module":"datastore:AddRecord","version":1,"parameters":{"datastore":4},"mapper":{}},
      {"id":8,"module":"http:MakeRequest","version":4,"parameters":{},"mapper":{"url":"https://gate.example.com/out/a/b"}}]}"#;
    let done = rewired(before);
    assert_eq!(text_of(&done), before);
    let why: Vec<&str> = done.outside.iter().map(|outside| outside.why.as_str()).collect();
    assert_eq!(why.len(), 7);
    assert_eq!([why[0], why[1], why[3], why[4], why[5], why[6]], [NATIVE_ENTRY, NATIVE, COMPUTED, HEADERS, SHAPE, KEPT_THERE]);
    assert!(why[2].starts_with("This module sends no headers"));
}

#[test]
fn a_key_that_stays_is_told() {
    let before = r#"{"flow":[{"id":1,"module":"util:SetVariable2","version":1,"mapper":{"name":"api_key","scope":"roundtrip","value":"o7Pl4kJh9gFdT2qX"}}]}"#;
    let done = rewired(before);
    assert_eq!(text_of(&done), before);
    assert_eq!(done.outside.iter().map(|outside| outside.why.as_str()).collect::<Vec<_>>(), [KEY_STAYS]);
    assert!(!done.difference().contains("o7Pl4kJh9gFdT2qX"));
}

#[test]
fn two_hosts_never_share_a_route() {
    let request = |id: u8, url: &str| {
        format!(r#"{{"id":{id},"module":"http:MakeRequest","version":4,"parameters":{{}},"mapper":{{"url":"{url}"}}}}"#)
    };
    let file = |urls: &[&str]| {
        let steps: Vec<String> = urls.iter().enumerate().map(|(id, url)| request(id as u8, url)).collect();
        format!(r#"{{"flow":[{}]}}"#, steps.join(","))
    };
    let apart = rewired(&file(&[
        "https://api.acme.com/a",
        "https://auth.acme.com/a",
        "https://api.acme.com:8443/a",
        "https://acme.com",
        "https://api.acme.com/b",
    ]));
    let after: Vec<&str> =
        apart.changes.iter().filter(|change| change.setting == "address").map(|change| change.after.as_str()).collect();
    let gate = "https://gate.example.com/out";
    assert_eq!(
        after,
        ["/api-acme/a", "/auth-acme/a", "/api-acme-8443/a", "/acme", "/api-acme/b"].map(|path| format!("{gate}{path}"))
    );
    let same = rewired(&file(&["https://a-b.acme.com/a", "https://a.b.acme.com/b", "https://a-b.acme.com/c"]));
    assert!(same.changes.is_empty());
    assert!(same.outside.iter().all(|outside| outside.why == SAME_NAME));
}

#[test]
fn other_files_are_not_rewritten() {
    let mark = |_: &str| String::new();
    let settings =
        Settings { mark: &mark, today: jiff::civil::date(2026, 11, 22), gateway: "https://gate.example.com", zones: &[] };
    for text in [r#"{"a":1}"#, "API_KEY=x", "", r#"{"zaps":[{"id":1,"title":"z","nodes":{"1":{"id":1,"type_of":"read"}}}]}"#] {
        assert!(file("file.json", text.as_bytes(), &settings).is_none(), "{text}");
    }
}
