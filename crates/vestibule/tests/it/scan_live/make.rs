//! The client for Make.

use super::platform::{MAKE_TOKEN, Platform, parts, slice};
use crate::world::{Reply, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// What a team at Make holds, and how much it gives at a time.
#[derive(Clone)]
pub struct Team {
    pub scenarios: Value,
    pub blueprints: Value,
    pub hooks: Value,
    pub connections: Value,
    pub logs: Value,
    pub page: usize,
    /// Paths that are answered with a status, by their end.
    pub refused: BTreeMap<&'static str, u16>,
}

impl Team {
    pub fn recorded() -> Team {
        let read = |text: &str| serde_json::from_str(text).unwrap();
        Team {
            scenarios: read(include_str!("make_scenarios.json")),
            blueprints: read(include_str!("make_blueprints.json")),
            hooks: read(include_str!("make_hooks.json")),
            connections: read(include_str!("make_connections.json")),
            logs: read(include_str!("make_logs.json")),
            page: 100,
            refused: BTreeMap::new(),
        }
    }

    /// Answers as Make documents it.
    pub fn answer(&self, seen: &Seen) -> Reply {
        let (path, query) = parts(seen);
        if seen.header("authorization") != Some(&format!("Token {MAKE_TOKEN}")) {
            return Reply::json(401, r#"{"detail":"Access denied.","message":"Unauthorized","code":"SC401"}"#);
        }
        if let Some((_, status)) = self.refused.iter().find(|(end, _)| path.ends_with(*end)) {
            return Reply::json(*status, r#"{"detail":"Permission denied.","message":"not quoted","code":"SC403"}"#);
        }
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let (offset, asked) = (number("pg[offset]").unwrap_or(0), number("pg[limit]").unwrap_or(self.page));
        let limit = asked.min(self.page);
        let list = |name: &str, all: &Value| {
            assert_eq!(query.get("teamId").map(String::as_str), Some("215"));
            let pg = json!({ "sortBy": "id", "sortDir": "asc", "offset": offset, "limit": limit });
            Reply::json(200, &json!({ name: slice(all, offset, limit), "pg": pg }).to_string())
        };
        let steps: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        match steps.as_slice() {
            ["scenarios"] => list("scenarios", &self.scenarios),
            ["hooks"] => list("hooks", &self.hooks),
            ["connections"] => list("connections", &self.connections),
            ["scenarios", id, "blueprint"] => match self.blueprints.get(*id) {
                Some(blueprint) => Reply::json(200, &blueprint.to_string()),
                None => Reply::json(404, r#"{"detail":"Not found."}"#),
            },
            ["scenarios", "925", "logs"] => Reply::json(200, &self.logs.to_string()),
            ["scenarios", _, "logs"] => Reply::json(200, r#"{"scenarioLogs":[],"pg":{"limit":10}}"#),
            _ => Reply::json(404, "{}"),
        }
    }
}

fn served(team: Team) -> Platform {
    let platform = Platform::new();
    platform.peer.otherwise(move |seen| team.answer(seen));
    platform
}

#[test]
fn each_scenario_becomes_one_file_with_what_an_export_does_not_hold() {
    let platform = served(Team::recorded());
    let run = platform.fetch(&platform.make());
    let fetched = run.ok();
    assert_eq!((fetched.account.as_str(), fetched.platform, fetched.host.as_str()), ("make", "make", "eu1.make.test"));
    assert_eq!((fetched.read, fetched.unread.len(), fetched.complete), (3, 0, true));
    assert_eq!(fetched.notes, Vec::<String>::new());
    assert_eq!(run.names(), ["make/925.json", "make/926.json", "make/930.json"]);
    let owners: Vec<_> = run.files.iter().map(|file| file.owner.as_deref()).collect();
    assert_eq!(owners, [Some("ines.vogt@example.com"), Some("tom.arlt@example.com"), Some("985")]);

    let first = run.json("make/925.json");
    let recorded = Team::recorded();
    assert_eq!((&first["vestibule_account"], &first["zone"]), (&json!("make"), &json!("eu1.make.test")));
    let scenario = json!({
        "id": 925, "name": "Applications to the ATS", "active": true, "instant": true, "owner": "ines.vogt@example.com",
        "changed": "2026-09-22T06:40:56.692Z", "last_run": "2026-11-20T04:35:44.497Z",
    });
    assert_eq!(first["scenario"], scenario, "an entry about an edit is no run");
    let hooks = json!({ "58": { "name": "Applications", "type": "gateway-webhook", "protection": "open" } });
    assert_eq!(first["hooks"], hooks, "only what the scenario uses");
    let connection = json!({ "name": "Recruiting mailbox", "type": "google-restricted", "owner": "ines.vogt@example.com" });
    let nobodys = json!({ "name": "My Airtable connection", "type": "airtable2", "owner": null });
    assert_eq!(first["connections"], json!({ "2": nobodys, "15": connection }));
    assert_eq!(first["blueprint"], recorded.blueprints["925"]["response"]["blueprint"]);

    let second = run.json("make/926.json");
    assert_eq!((&second["scenario"]["active"], &second["scenario"]["instant"]), (&json!(false), &json!(false)));
    assert_eq!(second["scenario"]["last_run"], Value::Null, "asked for, and none is kept");
    assert_eq!((&second["hooks"], &second["connections"]), (&json!({}), &json!({})));
    assert_eq!(run.json("make/930.json")["scenario"]["changed"], Value::Null);
    println!("make: {} requests for {} scenarios", platform.peer.count(), fetched.read);
}

#[test]
fn a_blueprint_is_handed_on_byte_for_byte() {
    let platform = Platform::new();
    let team = Team::recorded();
    let odd = r#"{"name" :  "odd\ud800","flow":[ ],"flow":[1.50, 1e400],"x":"\u0000"}"#;
    platform.peer.otherwise(move |seen| match seen.target.ends_with("/925/blueprint") {
        true => Reply::json(200, &format!(r#"{{"code":"OK","response":{{"blueprint":{odd},"idSequence":4}}}}"#)),
        false => team.answer(seen),
    });
    let run = platform.fetch(&platform.make());
    let file = run.files.iter().find(|file| file.name == "make/925.json").unwrap();
    let text = String::from_utf8(file.bytes.clone()).unwrap();
    assert!(text.ends_with(&format!("\"blueprint\":{odd}}}")), "{text}");
}

#[test]
fn every_request_is_a_get_with_the_token_and_nothing_else() {
    let platform = served(Team::recorded());
    platform.fetch(&platform.make()).ok();
    let seen = platform.peer.seen();
    assert!(seen.len() >= 9, "{}", seen.len());
    for request in &seen {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0), "{}", request.target);
        assert_eq!(request.header("authorization"), Some(format!("Token {MAKE_TOKEN}").as_str()));
        assert!(request.target.starts_with("/api/v2/") && !request.target.contains('['), "{}", request.target);
        assert!(!request.target.contains(MAKE_TOKEN));
    }
}

#[test]
fn lists_are_read_to_their_end_whatever_the_platform_gives_at_a_time() {
    let mut team = Team::recorded();
    let template = team.scenarios[1].clone();
    let many: Vec<Value> = (1..=25)
        .map(|id| {
            let mut scenario = template.clone();
            scenario["id"] = json!(id);
            scenario
        })
        .collect();
    team.blueprints =
        (1..=25).map(|id: u32| (id.to_string(), team.blueprints["926"].clone())).collect::<serde_json::Map<_, _>>().into();
    team.scenarios = many.into();
    for page in [1, 4, 25, 26, 100] {
        let platform = served(Team { page, ..team.clone() });
        let run = platform.fetch(&platform.make());
        assert_eq!((run.ok().read, run.ok().complete), (25, true), "{page} at a time");
        assert_eq!((run.names()[0], run.names()[24]), ("make/1.json", "make/25.json"));
    }
}

#[test]
fn hooks_and_connections_past_the_first_page_are_found() {
    let mut team = Team::recorded();
    let (hook, connection) = (team.hooks[0].clone(), team.connections[1].clone());
    let fill = |wanted: &Value| -> Value {
        let mut all: Vec<Value> = (1000..1060).map(|id| json!({ "id": id, "name": "filler" })).collect();
        all.push(wanted.clone());
        all.into()
    };
    (team.hooks, team.connections, team.page) = (fill(&hook), fill(&connection), 50);
    let platform = served(team);
    let run = platform.fetch(&platform.make());
    let first = run.json("make/925.json");
    assert_eq!(first["hooks"]["58"]["protection"], "open");
    assert_eq!(first["connections"]["15"]["owner"], "ines.vogt@example.com");
}

#[test]
fn lists_that_never_end_do() {
    let platform = Platform::new();
    let team = Team::recorded();
    // whatever page is asked for, the first one comes back
    platform.peer.otherwise(move |seen| {
        let (path, _) = parts(seen);
        match path.as_str() {
            "/api/v2/scenarios" => Reply::json(200, &json!({ "scenarios": team.scenarios, "pg": { "limit": 3 } }).to_string()),
            _ => team.answer(seen),
        }
    });
    let run = platform.fetch(&platform.make());
    assert_eq!(run.names().len(), 3);
    let lists = platform.asked().iter().filter(|target| target.starts_with("/api/v2/scenarios?")).count();
    assert_eq!(lists, 2);
}

#[test]
fn a_token_that_is_not_accepted_or_lacks_a_right_is_told_by_name() {
    let platform = served(Team::recorded());
    platform.put_token("make", "another-token-Ab4");
    let (code, words) = platform.fetch(&platform.make()).error();
    assert_eq!(code, "scan.token_refused");
    assert!(words.contains("eu1.make.test") && words.contains("zone") && !words.contains("Ab4"), "{words}");

    let refused = |end: &'static str, status| {
        let platform = served(Team { refused: [(end, status)].into(), ..Team::recorded() });
        let run = platform.fetch(&platform.make());
        (platform, run)
    };
    let (platform, run) = refused("/scenarios", 403);
    let (code, words) = run.error();
    assert_eq!((code, platform.peer.count()), ("scan.scope_missing", 1));
    assert!(words.contains("`scenarios:read`") && !words.contains("not quoted"), "{words}");
    let (_, run) = refused("/scenarios", 404);
    assert_eq!(run.error().0, "scan.not_found");

    let (_, run) = refused("/hooks", 403);
    let [note] = run.ok().notes.as_slice() else { panic!("{:?}", run.ok().notes) };
    assert!(note.contains("`hooks:read`") && note.contains("protection of webhooks cannot be seen"), "{note}");
    assert_eq!((run.names().len(), &run.json("make/925.json")["hooks"]), (3, &json!({})));
    let (_, run) = refused("/connections", 403);
    assert!(run.ok().notes[0].contains("`connections:read`"), "{:?}", run.ok().notes);
    let (platform, run) = refused("/logs", 403);
    assert!(run.ok().notes[0].contains("last ran cannot be seen"), "{:?}", run.ok().notes);
    assert!(run.json("make/925.json")["scenario"].get("last_run").is_none(), "unknown is not never");
    assert_eq!(platform.asked().iter().filter(|target| target.contains("/logs?")).count(), 1, "one refusal is enough");
}

#[test]
fn one_scenario_that_is_refused_stands_apart_and_the_rest_is_read() {
    for (status, word) in [(403, "scenarios:read"), (404, "404"), (500, "500")] {
        let platform = served(Team { refused: [("/926/blueprint", status)].into(), ..Team::recorded() });
        let run = platform.fetch(&platform.make());
        assert_eq!(run.names(), ["make/925.json", "make/930.json"]);
        let [(file, why)] = run.ok().unread.as_slice() else { panic!("{:?}", run.ok().unread) };
        assert_eq!(file, "make/926.json");
        assert!(why.contains(word), "{why}");
        assert!(run.ok().complete, "everything was read or is named");
    }
}

#[test]
fn a_platform_that_fails_again_and_again_is_not_asked_for_every_scenario() {
    let long: Vec<Value> = (1..=40).map(|id| json!({ "id": id, "name": "n" })).collect();
    let platform = served(Team { scenarios: long.into(), refused: [("/blueprint", 503)].into(), ..Team::recorded() });
    let run = platform.fetch(&platform.make());
    assert_eq!(run.error().0, "scan.platform_failed");
    let asked = platform.asked().iter().filter(|target| target.ends_with("/blueprint")).count();
    assert_eq!(asked, 20, "five scenarios, four tries each");
}

#[test]
fn a_platform_that_asks_for_patience_gets_it_within_bounds() {
    let platform = served(Team::recorded());
    let busy = |after: &'static str| Reply::with(429, &[("retry-after", after)], b"Requests limit for organization exceeded");
    platform.peer.next([busy("7"), busy("3600"), Reply::status(429)]);
    assert_eq!(platform.fetch(&platform.make()).names().len(), 3);
    assert_eq!(platform.waits(), [7, 120, 20], "what is asked for, at most two minutes; else growing");

    platform.peer.otherwise(|_| Reply::status(429));
    assert_eq!(platform.fetch(&platform.make()).error().0, "scan.rate_limited");
    assert_eq!(platform.waits(), [5, 10, 20, 30, 30]);

    let before = platform.peer.count();
    platform.peer.otherwise(|_| Reply::status(502));
    let (code, words) = platform.fetch(&platform.make()).error();
    assert_eq!((code, platform.waits().as_slice()), ("scan.platform_failed", &[1, 3, 9][..]));
    assert!(words.contains("502"), "{words}");
    assert_eq!(platform.peer.count() - before, 4);

    platform.peer.otherwise(|_| Reply::Close);
    assert_eq!(platform.fetch(&platform.make()).error().0, "upstream.broken");
    assert_eq!(platform.waits(), [1, 3, 9]);
}

#[test]
fn an_account_does_not_take_for_ever() {
    let platform = Platform::new();
    // each request is answered after five waits of two minutes
    let long: Vec<Value> = (1..=40).map(|id| json!({ "id": id, "name": "n" })).collect();
    let team = Team { scenarios: long.into(), ..Team::recorded() };
    let count = Mutex::new(0);
    platform.peer.otherwise(move |seen| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count % 6 {
            0 => team.answer(seen),
            _ => Reply::with(429, &[("retry-after", "120")], b""),
        }
    });
    assert_eq!(platform.fetch(&platform.make()).error().0, "scan.too_long");
    assert!(platform.waits().iter().sum::<i64>() <= 4 * 3600);
}

#[test]
fn slow_huge_and_moved_answers_end_in_a_word() {
    let mut platform = served(Team::recorded());
    platform.impatient(Duration::from_millis(200));
    platform.peer.otherwise(|_| Reply::Silence);
    assert_eq!(platform.fetch(&platform.make()).error().0, "upstream.timeout");

    let platform = Platform::new();
    let team = Team::recorded();
    platform.peer.otherwise(move |seen| match seen.target.ends_with("/926/blueprint") {
        true => Reply::json(200, &format!("\"{}\"", "x".repeat(300 * 1024))),
        false => team.answer(seen),
    });
    let run = platform.fetch(&platform.make());
    assert_eq!(run.names(), ["make/925.json", "make/930.json"]);
    assert!(run.ok().unread[0].1.contains("too large"), "{:?}", run.ok().unread);

    platform.peer.otherwise(|_| Reply::with(302, &[("location", "https://elsewhere.test/steal")], b""));
    assert_eq!(platform.fetch(&platform.make()).error().0, "upstream.redirect");
}

#[test]
fn odd_shapes_are_told_and_never_read_as_nothing() {
    let platform = Platform::new();
    for body in [
        "",
        "<html>Sign in</html>",
        "[]",
        "{}",
        "null",
        r#"{"scenarios":{}}"#,
        r#"{"scenarios":null}"#,
        "{\"scenarios\":[",
        "\u{feff}{}",
    ] {
        let text = body.to_owned();
        platform.peer.otherwise(move |_| Reply::json(200, &text));
        assert_eq!(platform.fetch(&platform.make()).error().0, "scan.odd_answer", "{body}");
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    platform.peer.otherwise(move |_| Reply::json(200, &deep));
    assert!(platform.fetch(&platform.make()).fetched.is_err());

    // entries that are none are passed over; what has a number is read
    let team = Team {
        scenarios: json!([null, 7, {}, { "id": "../secret" }, { "id": -1 }, { "id": 926 }, { "id": 926 }, { "id": 930, "name": 3 }]),
        ..Team::recorded()
    };
    platform.peer.otherwise(move |seen| team.answer(seen));
    let run = platform.fetch(&platform.make());
    assert_eq!(run.names(), ["make/926.json", "make/930.json"]);
    assert_eq!(run.json("make/926.json")["scenario"]["name"], "926");

    for blueprint in
        ["{}", "null", r#"{"response":{}}"#, r#"{"response":{"blueprint":null}}"#, r#"{"response":{"blueprint":"text"}}"#]
    {
        let (text, team) = (blueprint.to_owned(), Team::recorded());
        platform.peer.otherwise(move |seen| match seen.target.ends_with("/926/blueprint") {
            true => Reply::json(200, &text),
            false => team.answer(seen),
        });
        let run = platform.fetch(&platform.make());
        assert_eq!(run.ok().unread.len(), 1, "{blueprint}");
        assert!(run.ok().unread[0].1.contains("documentation"), "{:?}", run.ok().unread);
    }
}
