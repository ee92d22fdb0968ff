//! The client for n8n.

use super::platform::{N8N_TOKEN, Platform, parts, slice};
use crate::world::{Reply, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What an instance holds.
#[derive(Clone)]
pub struct Instance {
    pub workflows: Value,
    /// The size of a page, whatever is asked for.
    pub page: usize,
    /// Paths that are answered with a status, by their end.
    pub refused: BTreeMap<&'static str, u16>,
}

impl Instance {
    pub fn recorded() -> Instance {
        let workflows = serde_json::from_str(include_str!("n8n_workflows.json")).unwrap();
        Instance { workflows, page: 250, refused: BTreeMap::new() }
    }

    /// Answers as n8n documents it: the cursor holds offset and size of the next page.
    pub fn answer(&self, seen: &Seen) -> Reply {
        let (path, query) = parts(seen);
        let path = path.strip_prefix("/flows/api/v1/").unwrap_or_else(|| panic!("{path}"));
        if seen.header("x-n8n-api-key") != Some(N8N_TOKEN) {
            return Reply::json(401, r#"{"message":"unauthorized"}"#);
        }
        if let Some((_, status)) = self.refused.iter().find(|(end, _)| path.ends_with(*end)) {
            return Reply::json(*status, r#"{"message":"Forbidden"}"#);
        }
        let cursor = query.get("cursor").and_then(|text| text.strip_prefix("next+/=")?.split_once(':'));
        let number = |text: &str| text.parse::<usize>().unwrap();
        let asked = query.get("limit").map_or(100, |text| number(text));
        let (offset, limit) = cursor.map_or((0, asked.min(self.page)), |(offset, limit)| (number(offset), number(limit)));
        match path {
            "workflows" => {
                let data = slice(&self.workflows, offset, limit);
                let end = offset + data.len();
                let next = (end < self.workflows.as_array().unwrap().len()).then(|| format!("next+/={end}:{limit}"));
                Reply::json(200, &json!({ "data": data, "nextCursor": next }).to_string())
            }
            "executions" => {
                let data = match query.get("workflowId").map(String::as_str) {
                    Some("2tUt1wbLX592XDdX") => {
                        json!([{ "id": 1000, "finished": true, "mode": "webhook", "startedAt": "2026-11-19T10:00:00.000Z",
                        "stoppedAt": "2026-11-19T10:00:01.000Z", "workflowId": "2tUt1wbLX592XDdX", "waitTill": null, "status": "success" }])
                    }
                    _ => json!([]),
                };
                Reply::json(200, &json!({ "data": data, "nextCursor": null }).to_string())
            }
            "users" => {
                let user = json!({ "id": "123e4567-e89b-12d3-a456-426614174000", "email": "tom.arlt@example.com", "firstName": "Tom", "isPending": false });
                Reply::json(200, &json!({ "data": [user], "nextCursor": null }).to_string())
            }
            _ => Reply::json(404, r#"{"message":"not found"}"#),
        }
    }
}

fn served(instance: Instance) -> Platform {
    let platform = Platform::new();
    platform.peer.otherwise(move |seen| instance.answer(seen));
    platform
}

#[test]
fn each_workflow_becomes_one_file_and_a_published_version_that_differs_another() {
    let platform = served(Instance::recorded());
    let run = platform.fetch(&platform.n8n());
    let fetched = run.ok();
    assert_eq!((fetched.platform, fetched.host.as_str(), fetched.read, fetched.complete), ("n8n", "n8n.test", 3, true));
    assert_eq!((fetched.notes.len(), fetched.unread.len()), (0, 0));
    let names = ["n8n/2tUt1wbLX592XDdX.json", "n8n/2tUt1wbLX592XDdX-published.json", "n8n/7.json", "n8n/Kd8.json"];
    assert_eq!(run.names(), names);
    let owners: Vec<_> = run.files.iter().map(|file| file.owner.as_deref()).collect();
    let ines = Some("ines.vogt@example.com");
    assert_eq!(owners, [ines, ines, Some("tom.arlt@example.com"), None]);

    let first = run.json(names[0]);
    let recorded = Instance::recorded().workflows[0].clone();
    assert_eq!((&first["vestibule_account"], &first["zone"]), (&json!("n8n"), &json!("n8n.test")));
    assert_eq!((&first["owner"], &first["changed"]), (&json!("ines.vogt@example.com"), &json!("2026-10-02T08:00:00.000Z")));
    assert_eq!(first["last_run"], "2026-11-19T10:00:00.000Z");
    for part in ["id", "name", "active", "nodes", "connections", "settings", "pinData"] {
        assert_eq!(first["workflow"][part], recorded[part], "{part}");
    }
    assert!(first["workflow"].get("shared").is_none() && first["workflow"].get("activeVersion").is_none());

    let published = run.json(names[1]);
    assert_eq!(published["workflow"]["nodes"], recorded["activeVersion"]["nodes"], "what runs is not what stands in the editor");
    assert!(published["workflow"].get("pinData").is_none());
    assert_eq!(run.json(names[2])["last_run"], Value::Null);
    assert!(run.json(names[3]).get("last_run").is_none(), "its runs are not kept");
    println!("n8n: {} requests for {} workflows", platform.peer.count(), fetched.read);
}

#[test]
fn every_request_is_a_get_with_the_key_and_nothing_else() {
    let platform = served(Instance::recorded());
    platform.fetch(&platform.n8n()).ok();
    let seen = platform.peer.seen();
    assert_eq!(seen.len(), 5, "one list, one look at runs for each, one look at users");
    for request in &seen {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0), "{}", request.target);
        assert_eq!((request.header("x-n8n-api-key"), request.header("authorization")), (Some(N8N_TOKEN), None));
        assert!(request.target.starts_with("/flows/api/v1/"), "the base path stays: {}", request.target);
        let (_, query) = parts(request);
        assert!(!request.target.contains("executions") || query["includeData"] == "false", "no data of a run is fetched");
    }
}

#[test]
fn an_address_with_the_path_of_the_api_is_understood() {
    let platform = served(Instance::recorded());
    let account = platform.account("n8n", "platform = \"n8n\"\nurl = \"https://n8n.test/flows/api/v1/\"");
    assert_eq!(platform.fetch(&account).ok().read, 3);
}

#[test]
fn cursors_are_followed_to_the_end_and_never_in_a_circle() {
    for page in [1, 2, 3] {
        let platform = served(Instance { page, ..Instance::recorded() });
        let run = platform.fetch(&platform.n8n());
        assert_eq!((run.ok().read, run.ok().complete), (3, true), "{page} at a time");
    }
    let platform = Platform::new();
    let instance = Instance::recorded();
    platform.peer.otherwise(move |seen| match parts(seen).0.ends_with("/workflows") {
        true => Reply::json(200, &json!({ "data": instance.workflows, "nextCursor": "again" }).to_string()),
        false => instance.answer(seen),
    });
    let run = platform.fetch(&platform.n8n());
    assert_eq!(run.ok().read, 3);
    let lists = platform.asked().iter().filter(|target| target.contains("/workflows?")).count();
    assert_eq!(lists, 2);
}

#[test]
fn a_page_that_is_too_large_is_asked_for_in_smaller_ones() {
    // together the workflows exceed the bound of an answer, one by one they do not
    let big = |id: &str, bytes: usize| json!({ "id": id, "name": id, "nodes": [], "connections": {}, "settings": {}, "staticData": "x".repeat(bytes) });
    let many: Vec<Value> = ["a", "b", "c", "d", "e", "f"].iter().map(|id| big(id, 90_000)).collect();
    let platform = served(Instance { workflows: many.into(), ..Instance::recorded() });
    let run = platform.fetch(&platform.n8n());
    assert_eq!((run.names().len(), run.ok().complete, run.ok().notes.len()), (6, true, 0));
    let sizes: Vec<String> = platform
        .peer
        .seen()
        .iter()
        .filter(|seen| seen.target.contains("/workflows?"))
        .map(|seen| parts(seen).1["limit"].clone())
        .collect();
    assert_eq!(sizes[..3], ["25", "5", "1"]);

    let workflows = json!([big("a", 10), big("b", 400_000), big("c", 10)]);
    let platform = served(Instance { workflows, ..Instance::recorded() });
    let run = platform.fetch(&platform.n8n());
    assert_eq!((run.names(), run.ok().complete), (vec!["n8n/a.json"], false));
    assert!(run.ok().notes[0].contains("too large"), "{:?}", run.ok().notes);
}

#[test]
fn a_key_that_is_not_accepted_or_lacks_a_right_is_told_by_name() {
    let platform = served(Instance::recorded());
    platform.put_token("n8n", "another-key-Ab4");
    let (code, words) = platform.fetch(&platform.n8n()).error();
    assert!(code == "scan.token_refused" && !words.contains("Ab4"), "{words}");
    let refused = |end: &'static str, status| {
        let platform = served(Instance { refused: [(end, status)].into(), ..Instance::recorded() });
        platform.fetch(&platform.n8n())
    };
    let (code, words) = refused("workflows", 403).error();
    assert!(code == "scan.scope_missing" && words.contains("workflow:list"), "{words}");
    assert_eq!(refused("workflows", 404).error().0, "scan.not_found");
    let run = refused("executions", 403);
    assert!(run.ok().notes[0].contains("`execution:list`"), "{:?}", run.ok().notes);
    assert!(run.json("n8n/7.json").get("last_run").is_none(), "unknown is not never");
    let run = refused("users", 403);
    assert!(run.ok().notes[0].contains("`user:list`"), "{:?}", run.ok().notes);
    assert_eq!(run.files[2].owner.as_deref(), Some("123e4567-e89b-12d3-a456-426614174000"));
}

#[test]
fn odd_workflows_are_told() {
    let workflows = json!([null, { "name": "no id" }, { "id": "../x" }, { "id": "ok", "shared": "odd", "nodes": 3 }]);
    let platform = served(Instance { workflows, ..Instance::recorded() });
    let run = platform.fetch(&platform.n8n());
    assert_eq!((run.names(), run.ok().complete, run.ok().notes.len()), (vec!["n8n/ok.json"], false, 3));
    for body in ["", "<html>", "{}", r#"{"data":{}}"#] {
        let text = body.to_owned();
        platform.peer.otherwise(move |_| Reply::json(200, &text));
        assert_eq!(platform.fetch(&platform.n8n()).error().0, "scan.odd_answer", "{body}");
    }
}
