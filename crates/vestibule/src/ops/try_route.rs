//! `vestibule try`: what would become of one document on a route in, in the three views: platform, destination, log.
//!
//! It works on the configuration alone: no key, no secret, no database, nothing is written. Tokens are samples. What a
//! destination gets are the values of the file that was given, so this answer does hold them.

use super::{OpError, audit};
use crate::app::ledger::Ledger;
use crate::app::routes;
use crate::config::{self, Config};
use crate::ingress;
use crate::net::body::BodyError;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use vestibule_core::audit::{Actor, Direction, Leaf};
use vestibule_core::clock::Timestamp;
use vestibule_core::document::{Kind, MatcherError};
use vestibule_core::id::{Mode, Pseudonym};
use vestibule_core::protect::{Item, Part, Plan};
use vestibule_core::token::{Block, TokenText};
use vestibule_vault::Draw;

/// The three views of a document, found in `file`, that would come in by `route`. It passes the checks of `ingress`.
pub fn try_route(config: &Config, route: &str, file: &str, document: &[u8], now: Timestamp) -> Result<Value, OpError> {
    let inbound = config.inbound.iter().find(|inbound| inbound.name == route);
    let inbound =
        inbound.ok_or_else(|| OpError::unknown("route in", route, config.inbound.iter().map(|inbound| &*inbound.name)))?;
    if document.len() as u64 > inbound.max_body {
        let (code, most) = (BodyError::TooLarge.code(), inbound.max_body);
        let message = format!("`{file}` is larger than the {most} bytes that `{route}` takes");
        return Err(OpError::new(code, message));
    }
    let doc = ingress::document(document).map_err(|(code, place)| {
        let what = OpError::known(code).message;
        OpError::new(code, format!("`{file}`, {place}: {what}"))
    })?;
    let tied = |error: MatcherError| OpError::new(error.code(), error.to_string());
    if !ingress::is_wanted(&doc, &routes::when(inbound).map_err(tied)?) {
        let leaf = Leaf { action: "event.ignore".into(), outcome: "event.condition".into(), ..leaf(inbound, now) };
        return Ok(json!({ "route": route, "ignored": true, "log": audit::readable(0, &leaf) }));
    }
    let rules = routes::rules(inbound).map_err(tied)?;
    let plan = rules.plan(&doc);
    let mut draw = Draw::new(16 * plan.items().len())?;
    let tokens = plan.items().iter().map(|_| Ok(TokenText::new(&Block(draw.take()?)))).collect::<Result<Vec<_>, OpError>>()?;
    let delivered = (!plan.must_wait()).then(|| plan.write(&tokens, &config.server.token_domain));
    let workflow = inbound.deliver.as_ref().map(|deliver| deliver.workflow.as_str());
    Ok(json!({
        "route": route,
        "ignored": false,
        "held": plan.must_wait(),
        "platform": delivered.as_deref().map(parsed),
        // members of an object have no order here: this is what is sent, byte for byte
        "delivered": delivered.as_deref().map(String::from_utf8_lossy),
        "workflow": workflow,
        "destination": destinations(config, workflow, inbound.mode, &plan),
        "log": log(inbound, &plan, now),
    }))
}

/// For each call that the workflow may make, which of the document's values its places can get.
fn destinations(config: &Config, workflow: Option<&str>, mode: Mode, plan: &Plan<'_, '_>) -> Vec<Value> {
    let Some(workflow) = workflow else { return Vec::new() };
    let grants = config.outbound.iter().flat_map(|out| out.grants.iter().map(move |grant| (out, grant)));
    grants
        .filter(|(_, grant)| grant.workflow == workflow)
        .map(|(out, grant)| {
            let mut places = Map::new();
            let body = grant.reveal.iter().chain(&grant.in_text).map(|place| (place.path.to_string(), &place.categories));
            let named = [("query", &grant.reveal_query), ("path", &grant.reveal_path), ("header", &grant.reveal_header)];
            let named = named
                .into_iter()
                .flat_map(|(kind, list)| list.iter().map(move |place| (format!("{kind} {}", place.name), &place.categories)));
            for (name, categories) in body.chain(named) {
                let fits = plan.items().iter().filter(|item| categories.contains(&item.category));
                places.insert(name, fits.map(|item| json!({ "field": plan.field(item), "value": value(plan, item) })).collect());
            }
            json!({
                "out": out.name,
                "call": format!("{} {}", grant.method, path(&grant.path)),
                // what came in by a test route never reaches the live destination
                "to": if mode == Mode::Test { out.test.as_ref() } else { Some(&out.live) }.map(|there| there.to.to_string()),
                "may_get": places,
            })
        })
        .collect()
}

fn path(pattern: &config::PathPattern) -> String {
    let segments = pattern.segments.iter().map(|segment| match segment {
        config::Segment::Literal(text) => text.clone(),
        config::Segment::Any(Some(name)) => format!("{{{name}}}"),
        config::Segment::Any(None) => "*".to_owned(),
    });
    format!("/{}", segments.collect::<Vec<_>>().join("/"))
}

fn value(plan: &Plan<'_, '_>, item: &Item) -> Value {
    let bytes = plan.value(item);
    let is_text = item.part == Part::Name || plan.kind(item) == Kind::String;
    if is_text { String::from_utf8_lossy(&bytes).into_owned().into() } else { parsed(&bytes) }
}

/// What the log would hold: names of fields and counts.
fn log(inbound: &config::Inbound, plan: &Plan<'_, '_>, now: Timestamp) -> Value {
    let mut fields: Vec<Cow<'_, str>> =
        plan.items().iter().filter(|item| item.rule.is_some()).map(|item| plan.field(item).into()).collect();
    fields.dedup();
    let leaf = Leaf {
        action: if plan.must_wait() { "event.hold" } else { "event.accept" }.into(),
        fields,
        others: plan.unnamed(),
        tokens: plan.items().iter().take(64).map(|_| [0; 8]).collect(),
        subjects: vec![Pseudonym([0; 16])],
        ..leaf(inbound, now)
    };
    audit::readable(0, &leaf)
}

/// What all leaves about an event have in common.
fn leaf(inbound: &config::Inbound, now: Timestamp) -> Leaf<'_> {
    let name = inbound.name.as_str();
    let mut leaf = Ledger::new(0, now).leaf(now, Actor::Source(name.into()), "", inbound.mode);
    leaf.route = name.into();
    leaf.direction = Direction::In;
    leaf.status = 200;
    leaf
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../examples/candidate-intake/vestibule.toml");
    const NOW: Timestamp = Timestamp(1_795_305_600_000);
    const DOCUMENT: &str = r#"{"candidate":{"id":"c-1","email":"anna@example.com","name":"Anna Alt","note":"tall"},"job":{"id":7},"consent":{"given":true}}"#;

    #[test]
    fn three_views_of_one_document() {
        let (config, _) = config::load(EXAMPLE, "vestibule.toml", NOW).unwrap();
        let views = try_route(&config, "careers-apply", "event.json", DOCUMENT.as_bytes(), NOW).unwrap();
        let platform = views["platform"].to_string();
        assert!(platform.contains("c-1") && platform.contains("vt1"), "{platform}");
        for value in ["anna", "Alt", "tall"] {
            assert!(!platform.contains(value) && !views["log"].to_string().contains(value), "{value}");
        }
        let places = &views["destination"][0]["may_get"];
        assert_eq!(places["first_name"][0]["value"], "Anna Alt");
        assert_eq!(views["destination"][0]["call"], "POST /candidates");
        assert!(!views["destination"].to_string().contains("tall"));
        assert_eq!(views["log"]["others"], 2);
    }

    #[test]
    fn what_comes_in_for_the_trial_stays_there() {
        let trial = EXAMPLE.replace("[in.careers-apply]", "[in.careers-apply]\nmode = \"test\"");
        let to = |text: &str| {
            let (config, _) = config::load(text, "vestibule.toml", NOW).unwrap();
            let views = try_route(&config, "careers-apply", "event.json", DOCUMENT.as_bytes(), NOW).unwrap();
            views["destination"][0]["to"].clone()
        };
        assert_eq!((to(EXAMPLE), to(&trial)), ("https://harvest.greenhouse.io/v1".into(), Value::Null));
        let sandbox = trial.replace("[out.greenhouse]", "[out.greenhouse]\ntest_to = \"https://sandbox.example.com/v1\"");
        assert_eq!(to(&sandbox), "https://sandbox.example.com/v1");
    }

    #[test]
    fn bad_documents_and_routes_are_named() {
        let (config, _) = config::load(EXAMPLE, "vestibule.toml", NOW).unwrap();
        let refused = |route, document: &str| try_route(&config, route, "event.json", document.as_bytes(), NOW).unwrap_err();
        let unknown = refused("careers-aply", "{}");
        assert_eq!(
            (unknown.code, &*unknown.message),
            ("cli.unknown_name", "there is no route in `careers-aply`; did you mean `careers-apply`?")
        );
        let twice = refused("careers-apply", "{\"a\":1,\n\"a\":2}");
        assert_eq!((twice.code, &*twice.message), ("json.duplicate_name", "`event.json`, line 2, column 1: member name twice"));
        let token = TokenText::new(&Block([1; 16]));
        assert_eq!(refused("careers-apply", &format!("[\"{token}\"]")).code, "document.token_shaped");
    }

    #[test]
    fn what_a_source_would_be_refused_or_ignored_with_is_said_here_too() {
        let text = EXAMPLE.replace("[in.careers-apply]", "[in.careers-apply]\nmax_body = \"1 KiB\"");
        let (config, _) = config::load(&text, "vestibule.toml", NOW).unwrap();
        let views = |document: &str| try_route(&config, "careers-apply", "event.json", document.as_bytes(), NOW);
        assert_eq!(views(DOCUMENT).unwrap()["log"]["action"], "event.accept");
        for consent in ["\"given\":false", "\"givn\":true"] {
            let views = views(&DOCUMENT.replace("\"given\":true", consent)).unwrap();
            assert_eq!((&views["ignored"], &views["log"]["action"]), (&true.into(), &"event.ignore".into()));
            assert_eq!(views["log"]["outcome"], "event.condition");
            assert!(!views.to_string().contains("Alt") && !views.to_string().contains("vt1"), "{views}");
        }
        let large = views(&DOCUMENT.replace("tall", &"x".repeat(1024))).unwrap_err();
        assert_eq!(
            (large.code, &*large.message),
            ("body.too_large", "`event.json` is larger than the 1024 bytes that `careers-apply` takes")
        );
    }

    #[test]
    fn what_is_delivered_keeps_its_order() {
        let (config, _) = config::load(EXAMPLE, "vestibule.toml", NOW).unwrap();
        let document = DOCUMENT.replacen('{', r#"{"job":{"id":1.50},"#, 1).replace(r#","job":{"id":7}"#, "");
        let views = try_route(&config, "careers-apply", "event.json", document.as_bytes(), NOW).unwrap();
        assert!(views["delivered"].as_str().unwrap().starts_with("{\"job\":{\"id\":1.50},\"candidate\":{\"id\":"), "{views}");
    }
}
