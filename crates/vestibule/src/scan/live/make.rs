//! Make: the scenarios of one team with their blueprints, webhooks, connections and last runs (API version 2,
//! <https://developers.make.com/api-documentation>).
//!
//! The protection of a webhook stands in no blueprint; the list of hooks has it. A right that the token lacks for hooks,
//! connections or runs leaves a note, and what hangs on it stays unseen; without the scenarios themselves nothing is read.

use super::call::{Api, Asked};
use super::json::{Answer, Object};
use super::{AccountFile, Fetched, LiveError, MOST_SCENARIOS};
use std::collections::{BTreeMap, HashSet};
use vestibule_core::document::{Kind, NodeId};

const SCENARIOS: Asked = Asked { what: "scenarios", scope: "scenarios:read" };
const BLUEPRINT: Asked = Asked { what: "the blueprint of a scenario", scope: "scenarios:read" };
const RUNS: Asked = Asked { what: "the last runs of a scenario", scope: "scenarios:read" };
const HOOKS: Asked = Asked { what: "webhooks", scope: "hooks:read" };
const CONNECTIONS: Asked = Asked { what: "connections", scope: "connections:read" };

/// Entries asked for at a time.
const PAGE: usize = 100;
/// Scenarios in a row that the platform fails to give, after which it is not asked for more.
const FAILURES: usize = 4;
/// Pages after which a list ends, whatever the platform says.
const PAGES: usize = 200;

/// A scenario in the list.
struct Scenario {
    id: String,
    name: String,
    active: Option<bool>,
    instant: Option<bool>,
    owner: Option<String>,
    changed: Option<String>,
}

/// What is said of hooks and connections, by their number, as JSON.
type Named = BTreeMap<String, String>;

/// Reads a team.
pub(super) async fn read(
    api: &Api<'_>,
    team: u64,
    fetched: &mut Fetched,
    take: &mut dyn FnMut(AccountFile),
) -> Result<(), LiveError> {
    let mut scenarios = Vec::new();
    let whole = pages(api, SCENARIOS, "scenarios", team, &mut |answer, node| {
        let id = answer.id(node, "id")?;
        scenarios.push(scenario(answer, node, id.clone()));
        Some(id)
    })
    .await?;
    if !whole || scenarios.len() > MOST_SCENARIOS {
        fetched.notes.push(format!("only the first {MOST_SCENARIOS} scenarios were read"));
        fetched.complete = false;
        scenarios.truncate(MOST_SCENARIOS);
    }
    let hooks = named(api, HOOKS, "hooks", team, fetched, "the protection of webhooks cannot be seen", hook).await?;
    let connections =
        named(api, CONNECTIONS, "connections", team, fetched, "whose connections are used cannot be seen", connection).await?;
    let mut runs = true;
    let mut failures = 0;
    for scenario in &scenarios {
        api.in_time()?;
        let blueprint = match api.get(&format!("/api/v2/scenarios/{}/blueprint", scenario.id), BLUEPRINT).await {
            Ok(bytes) => bytes,
            Err(error) if error.is_about_one() && failures < FAILURES => {
                failures += usize::from(error.is_failure());
                fetched.miss(&scenario.id, &error);
                continue;
            }
            Err(error) => return Err(error),
        };
        failures = 0;
        let last_run = if runs { last_run(api, scenario, fetched, &mut runs).await? } else { None };
        let file = Answer::parse(&blueprint).and_then(|answer| envelope(api, scenario, last_run, &hooks, &connections, &answer));
        let Some(bytes) = file else {
            fetched.miss(&scenario.id, &api.odd(BLUEPRINT));
            continue;
        };
        fetched.read += 1;
        take(AccountFile {
            name: fetched.file(&scenario.id),
            bytes,
            scenario: scenario.name.clone(),
            owner: scenario.owner.clone(),
        });
    }
    Ok(())
}

/// Reads a list page by page, each entry once. `each` gives an entry's number; false if the list went on past the bounds.
async fn pages(
    api: &Api<'_>,
    asked: Asked,
    list: &str,
    team: u64,
    each: &mut dyn FnMut(&Answer<'_>, NodeId) -> Option<String>,
) -> Result<bool, LiveError> {
    let mut seen = HashSet::new();
    let mut offset = 0;
    for _ in 0..PAGES {
        api.in_time()?;
        // brackets are escaped, as the documentation asks; connections are not documented to have pages
        let page = match list {
            "connections" if offset == 0 => String::new(),
            _ => format!("&pg%5BsortBy%5D=id&pg%5BsortDir%5D=asc&pg%5Blimit%5D={PAGE}&pg%5Boffset%5D={offset}"),
        };
        let bytes = api.get(&format!("/api/v2/{list}?teamId={team}{page}"), asked).await?;
        let answer = Answer::parse(&bytes).ok_or_else(|| api.odd(asked))?;
        let nodes = answer.list(&[list]).ok_or_else(|| api.odd(asked))?;
        let mut fresh = false;
        for node in &nodes {
            let is_known = answer.id(*node, "id").is_some_and(|id| seen.contains(&id));
            if !is_known && let Some(id) = each(&answer, *node) {
                fresh |= seen.insert(id);
            }
        }
        offset += nodes.len();
        // the platform may give fewer at a time than was asked for, and says so
        let limit = answer.at(&["pg", "limit"]).and_then(|node| answer.tape().raw(node).parse::<usize>().ok());
        let is_last = nodes.len() < limit.unwrap_or(if page.is_empty() { usize::MAX } else { PAGE });
        if is_last || !fresh {
            return Ok(true);
        }
        if seen.len() > MOST_SCENARIOS {
            return Ok(false);
        }
    }
    Ok(false)
}

/// A list that can be done without: if the token may not read it, a note says what follows.
async fn named(
    api: &Api<'_>,
    asked: Asked,
    list: &'static str,
    team: u64,
    fetched: &mut Fetched,
    then: &str,
    say: fn(&Answer<'_>, NodeId) -> String,
) -> Result<Named, LiveError> {
    let mut named = Named::new();
    let mut each = |answer: &Answer<'_>, node| {
        let id = answer.id(node, "id")?;
        named.insert(id.clone(), say(answer, node));
        Some(id)
    };
    match pages(api, asked, list, team, &mut each).await {
        Ok(true) => {}
        Ok(false) => fetched.notes.push(format!("only the first {MOST_SCENARIOS} {} were read", asked.what)),
        Err(error) if error.is_about_one() => fetched.notes.push(format!("{error}; {then}")),
        Err(error) => return Err(error),
    }
    Ok(named)
}

fn scenario(answer: &Answer<'_>, node: NodeId, id: String) -> Scenario {
    let inside = |name: &str| answer.tape().member(node, name);
    let schedule = inside("scheduling").and_then(|node| answer.text(node, "type"));
    let owner = inside("createdByUser").and_then(|user| {
        let person = answer.text(user, "email").or_else(|| answer.text(user, "name")).map(|text| text.into_owned());
        person.or_else(|| answer.id(user, "id"))
    });
    Scenario {
        name: answer.text(node, "name").map(|text| text.into_owned()).unwrap_or_else(|| id.clone()),
        // `islinked` is the older name of the same
        active: answer.truth(node, "isActive").or_else(|| answer.truth(node, "islinked")),
        instant: schedule.map(|kind| kind == "immediately"),
        owner,
        changed: answer.text(node, "lastEdit").map(|text| text.into_owned()),
        id,
    }
}

/// Name, type and protection of a hook.
///
/// `data` of a `gateway-webhook` holds what its dialog asks: `ip`, the address list, and, where API keys are set,
/// `authenticationMethod` with their numbers. One that holds the settings of the dialog and neither of the two is open to
/// everybody who knows its address. What a vendor's own hook checks is not told.
fn hook(answer: &Answer<'_>, node: NodeId) -> String {
    let kind = answer.text(node, "typeName");
    let protection = match (kind.as_deref(), answer.tape().member(node, "data")) {
        (Some("gateway-webhook"), Some(data)) if answer.kind(data) == Kind::Object => {
            let keys = answer.tape().member(data, "authenticationMethod").is_some_and(|method| has_keys(answer, method));
            if keys || answer.says(data, "ip") {
                "guarded"
            } else if answer.says(data, "authenticationMethod") || answer.tape().is_empty(data) {
                "unseen"
            } else {
                "open"
            }
        }
        (Some("gateway-mailhook"), _) => "open",
        _ => "unseen",
    };
    let mut object = Object::new();
    object.maybe("name", answer.text(node, "name").as_deref());
    object.maybe("type", kind.as_deref());
    object.text("protection", protection);
    object.end()
}

fn has_keys(answer: &Answer<'_>, method: NodeId) -> bool {
    // written as `apikey` and as `apiKey`
    answer.tape().children(method).any(|member| {
        let is_list = answer.kind(member) == Kind::Array && !answer.tape().is_empty(member);
        is_list && answer.tape().name(member).is_some_and(|name| name.to_ascii_lowercase().contains("key"))
    })
}

/// Name, type and, where the platform knows it, the address of the person behind a connection.
fn connection(answer: &Answer<'_>, node: NodeId) -> String {
    let metadata = answer.tape().member(node, "metadata");
    // other connections say there which workspace or account they lead to
    let person = metadata.and_then(|metadata| answer.text(metadata, "value")).filter(|value| value.contains('@'));
    let mut object = Object::new();
    object.maybe("name", answer.text(node, "name").as_deref());
    object.maybe("type", answer.text(node, "accountName").as_deref());
    object.maybe("owner", person.as_deref());
    object.end()
}

/// When a scenario last ran, as JSON; `null` if the platform keeps no run of it, nothing if it cannot be known.
async fn last_run(
    api: &Api<'_>,
    scenario: &Scenario,
    fetched: &mut Fetched,
    go_on: &mut bool,
) -> Result<Option<String>, LiveError> {
    let path = format!("/api/v2/scenarios/{}/logs?pg%5BsortDir%5D=desc&pg%5Blimit%5D=10", scenario.id);
    let bytes = match api.get(&path, RUNS).await {
        Ok(bytes) => bytes,
        Err(error) if error.is_about_one() => {
            // what one scenario's log refuses, the next one's mostly refuses too, and each try costs minutes
            *go_on = false;
            fetched.notes.push(format!("{error}; when scenarios last ran cannot be seen"));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let Some(answer) = Answer::parse(&bytes) else { return Ok(None) };
    let Some(entries) = answer.list(&["scenarioLogs"]) else { return Ok(None) };
    let ran = |node: &NodeId| {
        // entries about edits and starts stand among those about runs
        let is_run = answer.text(*node, "eventType").is_none_or(|event| event.starts_with("EXECUTION"));
        let time = answer.text(*node, "timestamp").filter(|_| is_run)?;
        Some(serde_json::Value::from(time.as_ref()).to_string())
    };
    Ok(Some(entries.iter().find_map(ran).unwrap_or_else(|| "null".into())))
}

/// The file of a scenario; nothing if the answer holds no blueprint.
fn envelope(
    api: &Api<'_>,
    scenario: &Scenario,
    last_run: Option<String>,
    hooks: &Named,
    connections: &Named,
    answer: &Answer<'_>,
) -> Option<Vec<u8>> {
    let found = [&["response", "blueprint"][..], &["blueprint"]].into_iter().find_map(|names| answer.at(names));
    let blueprint = found.filter(|node| answer.kind(*node) == Kind::Object)?;
    let used = used(answer, blueprint);
    let mut about = Object::new();
    about.raw("id", &scenario.id).text("name", &scenario.name);
    let truth = |value: Option<bool>| value.map_or("null", |value| if value { "true" } else { "false" });
    about.raw("active", truth(scenario.active)).raw("instant", truth(scenario.instant));
    about.maybe("owner", scenario.owner.as_deref()).maybe("changed", scenario.changed.as_deref());
    if let Some(last_run) = last_run {
        about.raw("last_run", &last_run);
    }
    let mut file = Object::new();
    file.text("vestibule_account", "make").text("zone", &api.host()).raw("scenario", &about.end());
    file.raw("hooks", &of(hooks, &used)).raw("connections", &of(connections, &used));
    file.raw("blueprint", answer.tape().raw(blueprint));
    Some(file.end().into_bytes())
}

/// The numbers that stand among the parameters of modules: hooks, connections, keychains, data stores.
fn used(answer: &Answer<'_>, blueprint: NodeId) -> HashSet<String> {
    let tape = answer.tape();
    let end = tape.node(blueprint).next();
    let inside = tape.nodes().skip(blueprint.index()).take_while(|(id, _)| *id < end);
    let parameters = inside.filter(|(id, _)| tape.name_is(*id, "parameters"));
    let values = parameters.flat_map(|(id, _)| tape.children(id));
    values.filter(|id| answer.kind(*id) == Kind::Number).map(|id| tape.raw(id).to_owned()).collect()
}

/// Those that are used, so that a file holds nobody's connection without need.
fn of(all: &Named, used: &HashSet<String>) -> String {
    let mut object = Object::new();
    for (id, said) in all.iter().filter(|(id, _)| used.contains(*id)) {
        object.raw(id, said);
    }
    object.end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn protection(hook_json: &str) -> String {
        let answer = Answer::parse(hook_json.as_bytes()).unwrap();
        let said: serde_json::Value = serde_json::from_str(&hook(&answer, NodeId::ROOT)).unwrap();
        said.get("protection").and_then(serde_json::Value::as_str).unwrap().to_owned()
    }

    #[test]
    fn the_protection_of_a_hook_is_what_its_dialog_says() {
        let of = |kind: &str, data: &str| protection(&format!(r#"{{"name":"n","typeName":"{kind}","data":{data}}}"#));
        let dialog = r#""udt":null,"headers":false,"method":false,"stringify":false,"teamId":4"#;
        for (rest, expected) in [
            (r#""ip":null"#, "open"),
            (r#""ip":"""#, "open"),
            (r#""ip":"203.0.113.7/32""#, "guarded"),
            (r#""ip":null,"authenticationMethod":{"apiKeyHeaderName":"x-make-apikey","apikey":[148031]}"#, "guarded"),
            (r#""ip":null,"authenticationMethod":{"apiKeys":[1,2]}"#, "guarded"),
            (r#""ip":null,"authenticationMethod":{"apiKeyHeaderName":"x-make-apikey","apikey":[]}"#, "unseen"),
            (r#""ip":null,"authenticationMethod":null"#, "open"),
        ] {
            assert_eq!(of("gateway-webhook", &format!("{{{rest},{dialog}}}")), expected, "{rest}");
        }
        assert_eq!(of("gateway-webhook", "{}"), "unseen");
        assert_eq!(of("gateway-webhook", "null"), "unseen");
        assert_eq!(of("airtable2:watch", "{}"), "unseen");
        assert_eq!(of("gateway-mailhook", "null"), "open");
        assert_eq!(protection(r#"{"name":"n"}"#), "unseen");
    }

    #[test]
    fn only_numbers_among_parameters_name_what_is_used() {
        let bytes = br#"{"blueprint":{"flow":[{"id":7,"parameters":{"hook":58,"x":{"y":9}},"routes":[{"flow":[{"parameters":
            {"__IMTCONN__":15,"name":"16"},"mapper":{"z":17}}]}]}]},"parameters":{"after":99}}"#;
        let answer = Answer::parse(bytes).unwrap();
        let mut used: Vec<String> = used(&answer, answer.at(&["blueprint"]).unwrap()).into_iter().collect();
        used.sort_unstable();
        assert_eq!(used, ["15", "58"]);
    }
}
