//! Workflows written as code and deployed with Zapier's SDK: the file that describes one, with its trigger and connections.
//!
//! The code itself is a file of its own and is read as any program is.

use vestibule_core::document::{Document, Kind as JsonKind, NodeId};

use super::step::{self, Raw};
use crate::model::{Connection, Kind, Reach, Role, Scenario, Step};
use crate::source::{At, Place, Text};

/// The workflow described by an object with a `trigger`, or by a trigger alone.
pub(super) fn read<'d>(tape: &Document<'d>, root: NodeId) -> Option<Scenario<'d>> {
    let trigger = match tape.member(root, "trigger") {
        Some(trigger) => Some(trigger).filter(|trigger| tape.member(*trigger, "selected_api").is_some())?,
        None => {
            Some(root).filter(|root| tape.member(*root, "selected_api").is_some() && tape.member(*root, "action").is_some())?
        }
    };
    let mut scenario = super::empty(tape, root);
    let raw = Raw::read(tape, trigger)?;
    let start = step::build(tape, &raw, Reach::Flow, true);
    scenario.instant = start.entry().and_then(super::starts_at_once);
    debug_assert!(super::is_start(&start.kind) || !raw.type_of.is_empty());
    scenario.steps.push(start);
    if trigger != root {
        scenario.id = tape.member(root, "workflow_id").map(|id| step::word(tape, id)).or(scenario.id);
        scenario.active = active(tape, root);
        let changed = ["version_created_at", "updated_at", "created_at"].iter().find_map(|name| tape.member(root, name));
        scenario.changed = changed.map(|node| At { value: step::word(tape, node), place: Place::Node(node) });
        scenario.steps.push(code(tape, root, trigger));
        scenario.links.push((0, 1));
    }
    Some(scenario)
}

fn active(tape: &Document<'_>, root: NodeId) -> Option<At<bool>> {
    let node = tape.member(root, "enabled")?;
    let is_known = matches!(tape.node(node).kind(), JsonKind::True | JsonKind::False);
    is_known.then(|| At { value: tape.node(node).kind() == JsonKind::True, place: Place::Node(node) })
}

/// The program of the workflow, with everything that is configured for it.
fn code<'d>(tape: &Document<'d>, root: NodeId, trigger: NodeId) -> Step<'d> {
    let mut connections = Vec::new();
    let mut spots = Vec::new();
    for member in tape.children(root).filter(|member| *member != trigger) {
        match tape.name(member).unwrap_or_default().as_ref() {
            "connections" => connections.extend(tape.children(member).filter_map(|alias| connection(tape, alias))),
            "name" | "title" | "id" | "workflow_id" | "enabled" | "created_at" | "updated_at" | "version_created_at" => {}
            "description" => spots.extend(step::values(tape, member, Role::Note)),
            _ => spots.extend(step::values(tape, member, Role::Setting)),
        }
    }
    Step {
        id: Text::default(),
        name: "workflow code".into(),
        module: "zapier:workflow".into(),
        version: tape.member(root, "zapier_durable_version").map(|version| step::word(tape, version)),
        place: Place::Node(root),
        disabled: false,
        reach: Reach::Flow,
        kind: Kind::Code,
        connections,
        spots,
        handles_errors: false,
        understood: true,
    }
}

/// A connection by its alias, as an id or as an object that holds one.
fn connection<'d>(tape: &Document<'d>, alias: NodeId) -> Option<Connection<'d>> {
    let node = ["connectionId", "connection_id", "id"].iter().find_map(|name| tape.member(alias, name)).unwrap_or(alias);
    let id = step::word(tape, node);
    (!id.is_empty()).then(|| Connection { id, label: tape.name(alias), kind: None, place: Place::Node(node) })
}
