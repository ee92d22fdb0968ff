//! `vestibule try`: what would become of one document on a route in, in the three views: platform, destination, log.
//!
//! It works on the configuration alone: no key, no secret, no database, nothing is written. Tokens are samples. What a
//! destination gets are the values of the file that was given, so this answer does hold them.

use super::{OpError, audit};
use crate::app::routes;
use crate::config::{self, Config};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use vestibule_core::audit::{Actor, Direction, Leaf};
use vestibule_core::clock::Timestamp;
use vestibule_core::document::{Document, Kind, Limits};
use vestibule_core::id::Pseudonym;
use vestibule_core::protect::{Item, Part, Plan};
use vestibule_core::token::{self, Block, TokenText};
use vestibule_vault::Draw;

/// The three views of a document that would come in by `route`.
pub fn try_route(config: &Config, route: &str, document: &[u8], now: Timestamp) -> Result<Value, OpError> {
    let inbound = config.inbound.iter().find(|inbound| inbound.name == route);
    let inbound = inbound.ok_or_else(|| OpError::new("cli.unknown_name", format!("there is no route `{route}`")))?;
    let doc = Document::parse(document, &Limits::default())
        .map_err(|error| OpError::new(error.code, format!("line {}, column {}", error.line, error.column)))?;
    for (id, node) in doc.nodes() {
        let shaped = doc.name(id).is_some_and(|name| token::contains_token_shape(&name))
            || (node.kind() == Kind::String && token::contains_token_shape(&doc.string(id)));
        if shaped {
            return Err(OpError::new("document.token_shaped", format!("at {}", doc.path(id))));
        }
    }
    let rules = routes::rules(inbound).map_err(|error| OpError::new(error.code(), error.to_string()))?;
    let plan = rules.plan(&doc);
    let mut draw = Draw::new(16 * plan.items().len())?;
    let tokens = plan.items().iter().map(|_| Ok(TokenText::new(&Block(draw.take()?)))).collect::<Result<Vec<_>, OpError>>()?;
    let platform = if plan.must_wait() { Value::Null } else { parsed(&plan.write(&tokens, &config.server.token_domain)) };
    let workflow = inbound.deliver.as_ref().map(|deliver| deliver.workflow.as_str());
    Ok(json!({
        "route": route,
        "held": plan.must_wait(),
        "platform": platform,
        "workflow": workflow,
        "destination": destinations(config, workflow, &plan),
        "log": log(inbound, &plan, now),
    }))
}

/// For each call that the workflow may make, which of the document's values its places can get.
fn destinations(config: &Config, workflow: Option<&str>, plan: &Plan<'_, '_>) -> Vec<Value> {
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
                "to": out.live.to.to_string(),
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
        at: now,
        writer: 0,
        counter: 0,
        actor: Actor::Source(inbound.name.as_str().into()),
        action: if plan.must_wait() { "event.hold" } else { "event.accept" }.into(),
        mode: inbound.mode,
        route: inbound.name.as_str().into(),
        direction: Direction::In,
        host: Cow::default(),
        fields,
        others: plan.unnamed(),
        tokens: plan.items().iter().take(64).map(|_| [0; 8]).collect(),
        subjects: vec![Pseudonym([0; 16])],
        outcome: "ok".into(),
        status: 200,
        request: Cow::default(),
        refers: 0,
    };
    audit::readable(0, &leaf)
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
    const DOCUMENT: &str =
        r#"{"candidate":{"id":"c-1","email":"anna@example.com","name":"Anna Alt","note":"tall"},"job":{"id":7}}"#;

    #[test]
    fn three_views_of_one_document() {
        let (config, _) = config::load(EXAMPLE, "vestibule.toml", NOW).unwrap();
        let views = try_route(&config, "careers-apply", DOCUMENT.as_bytes(), NOW).unwrap();
        let platform = views["platform"].to_string();
        assert!(platform.contains("c-1") && platform.contains("vt1"), "{platform}");
        for value in ["anna", "Alt", "tall"] {
            assert!(!platform.contains(value) && !views["log"].to_string().contains(value), "{value}");
        }
        let places = &views["destination"][0]["may_get"];
        assert_eq!(places["first_name"][0]["value"], "Anna Alt");
        assert_eq!(views["destination"][0]["call"], "POST /candidates");
        assert!(!views["destination"].to_string().contains("tall"));
        assert_eq!(views["log"]["others"], 1);
    }

    #[test]
    fn bad_documents_and_routes_are_named() {
        let (config, _) = config::load(EXAMPLE, "vestibule.toml", NOW).unwrap();
        let code = |route, document: &str| try_route(&config, route, document.as_bytes(), NOW).unwrap_err().code;
        assert_eq!(code("nowhere", "{}"), "cli.unknown_name");
        assert_eq!(code("careers-apply", "{\"a\":1,\"a\":2}"), "json.duplicate_name");
        let token = TokenText::new(&Block([1; 16]));
        assert_eq!(code("careers-apply", &format!("[\"{token}\"]")), "document.token_shaped");
    }
}
