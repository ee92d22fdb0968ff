//! n8n workflows: the file of an export, a list of them, the answers of n8n's interface, an execution, a copied selection of nodes.
//!
//! It finds the workflows; [`workflow`] reads one. Whatever stands beside workflows in a list is told as unread, not passed over.

mod entry;
mod kinds;
mod links;
mod node;
mod operation;
mod spots;
mod workflow;

use vestibule_core::document::{Document, Kind, NodeId};

use super::Scenario;
use crate::source::{At, Place, Source, Text};

/// Members of answers and envelopes that hold a workflow or a list of them.
const WRAPPERS: [&str; 8] = ["workflow", "workflowData", "data", "workflows", "items", "results", "templates", "activeVersion"];
/// Envelopes in envelopes, at most.
const DEPTH: u32 = 5;

/// Every workflow in the file; `None` if there is none in it.
pub fn read<'d>(source: &Source<'d>) -> Option<Vec<Scenario<'d>>> {
    let tape = source.tape()?;
    let mut finder = Finder { tape, found: Vec::new(), other: Vec::new() };
    finder.look(tape.root(), &Around::default(), DEPTH);
    let mut scenarios: Vec<Scenario<'d>> =
        finder.found.iter().map(|(node, around)| workflow::read(tape, *node, around)).collect();
    let first = scenarios.first_mut()?;
    first.unread.extend(
        finder.other.into_iter().map(|node| At {
            value: "an entry of the list is no workflow and was not read".to_owned(),
            place: Place::Node(node),
        }),
    );
    Some(scenarios)
}

/// What the envelopes around a workflow say of it.
#[derive(Clone, Debug, Default)]
struct Around<'d> {
    name: Option<Text<'d>>,
    id: Option<Text<'d>>,
    zone: Option<At<Text<'d>>>,
    owner: Option<At<Text<'d>>>,
    changed: Option<At<Text<'d>>>,
    last_run: Option<At<Text<'d>>>,
    /// The data of a run, by node name.
    run: Option<NodeId>,
    /// It is the published state of the workflow before it in the file.
    published: bool,
}

struct Finder<'a, 'd> {
    tape: &'a Document<'d>,
    found: Vec<(NodeId, Around<'d>)>,
    other: Vec<NodeId>,
}

impl<'d> Finder<'_, 'd> {
    fn look(&mut self, node: NodeId, around: &Around<'d>, depth: u32) {
        let tape = self.tape;
        match tape.node(node).kind() {
            Kind::Array => {
                let before = self.found.len();
                let mut other = Vec::new();
                for child in tape.children(node) {
                    let seen = self.found.len();
                    if let Some(depth) = depth.checked_sub(1) {
                        self.look(child, around, depth);
                    }
                    if self.found.len() == seen {
                        other.push(child);
                    }
                }
                if self.found.len() > before {
                    self.other.append(&mut other);
                }
            }
            Kind::Object if is_workflow(tape, node) => {
                self.found.push((node, around.clone()));
                self.published_state(node, around);
            }
            Kind::Object => {
                let Some(depth) = depth.checked_sub(1) else {
                    return;
                };
                let around = widened(tape, node, around);
                for child in tape.children(node) {
                    let wraps = WRAPPERS.iter().any(|name| tape.name_is(child, name));
                    if wraps && tape.node(child).kind().is_container() {
                        self.look(child, &around, depth);
                    }
                }
            }
            _ => {}
        }
    }

    /// n8n 2 keeps what runs apart from what is being edited.
    fn published_state(&mut self, node: NodeId, around: &Around<'d>) {
        let tape = self.tape;
        let Some(active) = tape.member(node, "activeVersion").filter(|active| is_workflow(tape, *active)) else {
            return;
        };
        let version = |of: NodeId| tape.member(of, "versionId").map(|id| tape.raw(id));
        if version(active).is_some() && version(active) == version(node) {
            return;
        }
        let around = Around { name: text(tape, node, "name"), id: text(tape, node, "id"), published: true, ..around.clone() };
        self.found.push((active, around));
    }
}

/// An object with a list of nodes as n8n writes them.
fn is_workflow(tape: &Document<'_>, object: NodeId) -> bool {
    let Some(nodes) = tape.member(object, "nodes").filter(|nodes| tape.node(*nodes).kind() == Kind::Array) else {
        return false;
    };
    let is_node = |node: NodeId| {
        let of = |name: &str| tape.member(node, name);
        let is_named_type = of("type").is_some_and(|kind| tape.string(kind).contains('.'));
        let has_parameters = of("parameters").is_some_and(|parameters| tape.node(parameters).kind() == Kind::Object);
        is_named_type && (has_parameters || of("typeVersion").is_some() || of("credentials").is_some())
            || has_parameters && of("typeVersion").is_some() && of("position").is_some()
    };
    if tape.is_empty(nodes) {
        return tape.member(object, "connections").is_some_and(|links| tape.node(links).kind() == Kind::Object);
    }
    tape.children(nodes).take(32).any(is_node)
}

/// What an envelope adds to what is known.
fn widened<'d>(tape: &Document<'d>, envelope: NodeId, around: &Around<'d>) -> Around<'d> {
    let mut around = around.clone();
    let own = tape.member(envelope, "vestibule_account").is_some();
    if own {
        around.zone = text_at(tape, envelope, "zone").or(around.zone);
        around.owner = text_at(tape, envelope, "owner").or(around.owner);
        around.changed = text_at(tape, envelope, "changed").or(around.changed);
        // an empty text where the account has no run on record
        let never = tape.member(envelope, "last_run").filter(|node| tape.node(*node).kind() == Kind::Null);
        let never = never.map(|node| At { value: Text::Borrowed(""), place: Place::Node(node) });
        around.last_run = text_at(tape, envelope, "last_run").or(never).or(around.last_run);
        return around;
    }
    let is_execution = tape.member(envelope, "workflowData").is_some();
    if is_execution {
        around.last_run = text_at(tape, envelope, "startedAt").or(around.last_run);
        let result = tape.member(envelope, "data").and_then(|data| tape.member(data, "resultData"));
        around.run = result.and_then(|result| tape.member(result, "runData"));
    } else {
        around.name = text(tape, envelope, "name").or(around.name);
    }
    around
}

/// The text of a member, if it is one and not empty.
fn text<'d>(tape: &Document<'d>, object: NodeId, name: &str) -> Option<Text<'d>> {
    text_at(tape, object, name).map(|at| at.value)
}

/// The text of a member with its place; a number counts as its text.
fn text_at<'d>(tape: &Document<'d>, object: NodeId, name: &str) -> Option<At<Text<'d>>> {
    let node = tape.member(object, name)?;
    let value = match tape.node(node).kind() {
        Kind::String => tape.string(node),
        Kind::Number => Text::Borrowed(tape.raw(node)),
        _ => return None,
    };
    (!value.is_empty()).then_some(At { value, place: Place::Node(node) })
}

/// A setting that is on or off, with its place.
fn flag_at(tape: &Document<'_>, object: NodeId, name: &str) -> Option<At<bool>> {
    let node = tape.member(object, name)?;
    let value = match tape.node(node).kind() {
        Kind::True => true,
        Kind::False => false,
        Kind::String if matches!(tape.string(node).as_ref(), "true" | "=true" | "={{ true }}" | "={{true}}") => true,
        Kind::String if matches!(tape.string(node).as_ref(), "false" | "=false" | "={{ false }}" | "={{false}}") => false,
        _ => return None,
    };
    Some(At { value, place: Place::Node(node) })
}
