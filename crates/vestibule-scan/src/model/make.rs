//! Reads Make scenarios: exported blueprints in all their shapes, answers of Make's API, and scenarios saved from an account.
//!
//! A file is Make's when an object in it has a `flow` of modules; it is looked for at the root and below the members that wrap it in
//! API answers, never deeper. What stands in a module is sorted by [`module`]; here is only what belongs to the scenario as a whole.
//! It deliberately judges nothing and asks nobody: a webhook's protection is known only where a saved account says it.

mod beside;
mod catalogue;
mod flow;
mod module;
mod outer;
mod spots;

use std::borrow::Cow;
use std::collections::HashSet;

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::{EntryBy, Platform, Scenario, Step};
use crate::source::{At, Place, Source, Text};

/// Members below which an answer of the API, or a saved account, holds the blueprint.
const WRAPPERS: [&str; 13] = [
    "blueprint",
    "response",
    "data",
    "result",
    "results",
    "scenario",
    "scenarios",
    "template",
    "templates",
    "templatePublic",
    "templateBlueprint",
    "blueprints",
    "items",
];

/// How deep wrappers may stand in one another.
const DEPTH: usize = 6;

/// Every scenario in the file; `None` if it is none of this platform's shapes.
pub fn read<'d>(source: &Source<'d>) -> Option<Vec<Scenario<'d>>> {
    let tape = source.tape()?;
    let found = find(tape);
    // what several scenarios stand in is read with the first
    let mut seen = HashSet::new();
    let read = found.iter().map(|found| {
        let around: Vec<NodeId> = found.around.iter().copied().filter(|node| seen.insert(*node)).collect();
        scenario(tape, found, &around)
    });
    let scenarios: Vec<Scenario<'d>> = read.collect();
    (!scenarios.is_empty()).then_some(scenarios)
}

/// A blueprint and the objects around it, outermost first: they hold what the API says of the scenario.
struct Found {
    blueprint: NodeId,
    around: Vec<NodeId>,
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    /// An object with a flow.
    Blueprint,
    /// An array of modules, as it is copied from the editor's source.
    Modules,
    /// An entry of a list of scenarios, without its blueprint.
    Listed,
    /// A blueprint that stands in the file as a text.
    Quoted,
}

fn find(tape: &Document<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut open = vec![(tape.root(), Vec::new())];
    while let Some((node, around)) = open.pop() {
        match tape.node(node).kind() {
            Json::Object if is_blueprint(tape, node) => found.push(Found { blueprint: node, around, what: What::Blueprint }),
            Json::Object => {
                let (first, before) = (open.len(), found.len());
                let inner: Vec<NodeId> = around.iter().copied().chain([node]).collect();
                for child in tape.children(node) {
                    let wraps = WRAPPERS.iter().any(|name| tape.name_is(child, name));
                    let is_text = tape.node(child).kind() == Json::String;
                    if wraps && is_text && tape.name_is(child, "blueprint") && tape.raw(child).contains("flow") {
                        found.push(Found { blueprint: child, around: inner.clone(), what: What::Quoted });
                    } else if wraps && around.len() < DEPTH {
                        open.push((child, inner.clone()));
                    }
                }
                if open.len() == first && found.len() == before && is_listed(tape, node) {
                    found.push(Found { blueprint: node, around, what: What::Listed });
                }
                open.get_mut(first..).unwrap_or_default().reverse();
            }
            Json::Array if around.len() < DEPTH && tape.children(node).next().is_some_and(|first| is_module(tape, first)) => {
                found.push(Found { blueprint: node, around, what: What::Modules });
            }
            Json::Array => {
                let first = open.len();
                let is_object = |child: &NodeId| tape.node(*child).kind() == Json::Object;
                open.extend(tape.children(node).filter(is_object).map(|child| (child, around.clone())));
                open.get_mut(first..).unwrap_or_default().reverse();
            }
            _ => {}
        }
    }
    found
}

/// Whether the object has a flow with a module in it, or an empty one beside settings that only Make writes.
fn is_blueprint(tape: &Document<'_>, node: NodeId) -> bool {
    let holds_module =
        |list: NodeId| tape.node(list).kind() == Json::Array && tape.children(list).any(|child| is_module(tape, child));
    let is_empty_flow = |list: NodeId| tape.node(list).kind() == Json::Array && tape.is_empty(list);
    let in_subflows = tape.member(node, "subflows").is_some_and(|subflows| {
        tape.node(subflows).kind() == Json::Array
            && tape.children(subflows).any(|each| tape.member(each, "flow").is_some_and(holds_module))
    });
    let settings = || {
        let metadata = tape.member(node, "metadata")?;
        ["scenario", "designer", "zone"].iter().find_map(|name| tape.member(metadata, name))
    };
    in_subflows
        || ["flow", "modules"].iter().any(|name| tape.member(node, name).is_some_and(holds_module))
        || (tape.member(node, "flow").is_some_and(is_empty_flow) && settings().is_some())
}

/// Whether the object is a module: it names one as `app:action`.
fn is_module(tape: &Document<'_>, node: NodeId) -> bool {
    let Some(key) = tape.member(node, "module") else {
        return false;
    };
    let key = tape.string(key);
    let action =
        key.split_once(':').is_some_and(|(app, action)| !app.is_empty() && !action.is_empty() && !action.starts_with('/'));
    action || (!key.is_empty() && tape.member(node, "mapper").is_some())
}

/// Whether the object is an entry of the API's list of scenarios.
fn is_listed(tape: &Document<'_>, node: NodeId) -> bool {
    let has = |name: &str| tape.member(node, name).is_some();
    has("name") && has("teamId") && (has("scheduling") || has("usedPackages") || has("hookId"))
}

fn scenario<'d>(tape: &Document<'d>, found: &Found, around: &[NodeId]) -> Scenario<'d> {
    let blueprint = found.blueprint;
    let outer = outer::Outer::new(tape, found);
    let mut scenario = Scenario {
        platform: Platform::Make,
        name: outer.name(),
        id: outer.text(&["id", "scenarioId"]).map(|id| id.value),
        place: Place::Node(blueprint),
        active: outer.flag(&["active", "isActive", "islinked"]),
        instant: outer.instant(),
        zone: outer.metadata("zone").and_then(|zone| text_at(tape, zone)).or_else(|| outer.text(&["zone"])),
        owner: outer.owner(),
        changed: outer.text(&["changed", "lastEdit", "lastEdited", "updated", "updatedAt"]),
        last_run: outer.last_run(),
        logging: outer.logging(),
        error_workflow: false,
        steps: Vec::new(),
        links: Vec::new(),
        unread: Vec::new(),
    };
    let unread = match found.what {
        What::Listed => Some("a list of scenarios without their blueprints"),
        What::Quoted => Some("the blueprint stands in the file as a text; save it as a file of its own"),
        What::Blueprint | What::Modules => None,
    };
    if let Some(why) = unread {
        scenario.unread.push(At { value: why.to_owned(), place: Place::Node(blueprint) });
    } else {
        let account = outer::Account::new(tape, outer.account);
        flow::read(tape, blueprint, found.what == What::Modules, &account, &mut scenario);
    }
    let around = if outer.account.is_some() { &[] } else { around };
    beside::read(tape, found, around, &mut scenario);
    let entry = scenario.steps.iter().find_map(Step::entry).map(|entry| entry.by);
    if scenario.instant.is_none() && matches!(entry, Some(EntryBy::Webhook | EntryBy::AppWebhook | EntryBy::Mail)) {
        scenario.instant = Some(true);
    }
    scenario
}

/// The text of a scalar: decoded where it is a string, as it is written otherwise; empty for containers and `null`.
fn scalar<'d>(tape: &Document<'d>, node: NodeId) -> Text<'d> {
    match tape.node(node).kind() {
        Json::String => tape.string(node),
        Json::Number | Json::True | Json::False => Cow::Borrowed(tape.raw(node)),
        Json::Null | Json::Array | Json::Object => Cow::Borrowed(""),
    }
}

fn text_at<'d>(tape: &Document<'d>, node: NodeId) -> Option<At<Text<'d>>> {
    let value = scalar(tape, node);
    (!value.is_empty()).then_some(At { value, place: Place::Node(node) })
}

/// A switch: `true`, `"true"` and their opposites; anything else says nothing.
fn flag_at(tape: &Document<'_>, node: NodeId) -> Option<At<bool>> {
    let value = match tape.node(node).kind() {
        Json::True => true,
        Json::False => false,
        Json::String if tape.string(node) == "true" => true,
        Json::String if tape.string(node) == "false" => false,
        _ => return None,
    };
    Some(At { value, place: Place::Node(node) })
}
