//! What stands in a blueprint beside its modules.

use std::borrow::Cow;
use std::collections::HashMap;

use vestibule_core::document::{Document, NodeId};

use super::{Found, WRAPPERS, What, scalar};
use crate::model::{Kind, Reach, Role, Scenario, Spot, Step, walk};
use crate::source::{Place, Text};

/// Members of a blueprint that hold no values of people: structure, schemas, positions, what the API adds.
const STRUCTURE: [&str; 24] = [
    "name",
    "flow",
    "subflows",
    "modules",
    "metadata",
    "interface",
    "io",
    "idSequence",
    "scheduling",
    "id",
    "zone",
    "slug",
    "created",
    "updated",
    "lastEdit",
    "createdByUser",
    "updatedByUser",
    "usedPackages",
    "usedModules",
    "packages",
    "type",
    "version",
    "owner",
    "status",
];

/// Members of a blueprint's metadata that hold no values of people.
const SETTINGS: [&str; 9] = ["scenario", "zone", "instant", "version", "scheduling", "schedule", "parts", "region", "interface"];

/// Members of the objects around a blueprint that hold no values of people either.
const AROUND: [&str; 12] = [
    "code",
    "success",
    "teamId",
    "organizationId",
    "hookId",
    "folderId",
    "isActive",
    "isPaused",
    "pg",
    "message",
    "nextExec",
    "changed",
];

/// What stands in a blueprint beside its modules: notes of the designer, samples of runs, and members nobody expects there, and those in
/// the objects around it. Notes and samples go to the step they belong to; what belongs to none becomes a step of its own, of no
/// module, so that it is audited as well.
pub(super) fn read<'d>(tape: &Document<'d>, found: &Found, around: &[NodeId], scenario: &mut Scenario<'d>) {
    let blueprint = found.blueprint;
    let mut rest = Vec::new();
    match found.what {
        What::Blueprint => members(tape, blueprint, scenario, &mut rest),
        What::Quoted => rest.push(walk::spot(tape, blueprint, Cow::Borrowed("blueprint"), Role::Body)),
        What::Modules | What::Listed => {}
    }
    for outer in around {
        let is_known = |child: &NodeId| {
            [&STRUCTURE[..], &WRAPPERS, &AROUND].iter().any(|names| names.iter().any(|name| tape.name_is(*child, name)))
        };
        for child in tape.children(*outer).filter(|child| !is_known(child)) {
            other(tape, child, &mut rest);
        }
    }
    rest.retain(|spot: &Spot<'_>| spot.is_text && !spot.value.is_empty());
    if !rest.is_empty() {
        scenario.steps.push(settings_step(blueprint, rest));
    }
}

fn members<'d>(tape: &Document<'d>, blueprint: NodeId, scenario: &mut Scenario<'d>, rest: &mut Vec<Spot<'d>>) {
    for child in tape.children(blueprint) {
        if tape.name_is(child, "metadata") {
            metadata(tape, child, scenario, rest);
        } else if !STRUCTURE.iter().any(|name| tape.name_is(child, name)) {
            other(tape, child, rest);
        }
    }
}

/// A member that nobody expects, read by name.
fn other<'d>(tape: &Document<'d>, member: NodeId, rest: &mut Vec<Spot<'d>>) {
    let name = tape.name(member).unwrap_or_default();
    let role = if name == "description" { Role::Note } else { Role::Setting };
    rest.extend(walk::leaves(tape, member, name).into_iter().map(|leaf| walk::spot(tape, leaf.node, leaf.name, role)));
}

fn metadata<'d>(tape: &Document<'d>, metadata: NodeId, scenario: &mut Scenario<'d>, rest: &mut Vec<Spot<'d>>) {
    for child in tape.children(metadata) {
        if tape.name_is(child, "designer") {
            for part in tape.children(child) {
                if tape.name_is(part, "notes") {
                    notes(tape, part, scenario, rest);
                } else if tape.name_is(part, "samples") {
                    samples(tape, part, scenario, rest);
                }
            }
        } else if tape.name_is(child, "notes") {
            notes(tape, child, scenario, rest);
        } else if !SETTINGS.iter().any(|name| tape.name_is(child, name)) {
            let leaves = walk::leaves(tape, child, tape.name(child).unwrap_or_default());
            rest.extend(leaves.into_iter().map(|leaf| walk::spot(tape, leaf.node, leaf.name, Role::Setting)));
        }
    }
}

/// `[{"id": 3, "text": "…"}]`: notes pinned to modules.
fn notes<'d>(tape: &Document<'d>, notes: NodeId, scenario: &mut Scenario<'d>, rest: &mut Vec<Spot<'d>>) {
    let by_id = by_id(scenario);
    for note in tape.children(notes) {
        let id = ["id", "moduleId", "module"].iter().find_map(|name| tape.member(note, name));
        let texts = walk::leaves(tape, note, Cow::Borrowed("note")).into_iter().filter(|leaf| Some(leaf.node) != id);
        let spots = texts.map(|leaf| walk::spot(tape, leaf.node, Cow::Borrowed("note"), Role::Note)).filter(|spot| spot.is_text);
        place(id.map(|id| scalar(tape, id)), spots.collect(), &by_id, scenario, rest);
    }
}

/// `{"3": {…}}`: what modules gave in an earlier run.
fn samples<'d>(tape: &Document<'d>, samples: NodeId, scenario: &mut Scenario<'d>, rest: &mut Vec<Spot<'d>>) {
    let by_id = by_id(scenario);
    for sample in tape.children(samples) {
        let leaves = walk::leaves(tape, sample, Cow::Borrowed("sample"));
        let spots = leaves.into_iter().map(|leaf| walk::spot(tape, leaf.node, leaf.name, Role::Pinned)).collect();
        place(tape.name(sample), spots, &by_id, scenario, rest);
    }
}

/// Gives spots to the step of this id. The index is made once, where there is something to give.
fn place<'d>(
    id: Option<Text<'d>>,
    spots: Vec<Spot<'d>>,
    by_id: &HashMap<Text<'d>, usize>,
    scenario: &mut Scenario<'d>,
    rest: &mut Vec<Spot<'d>>,
) {
    match id.and_then(|id| scenario.steps.get_mut(*by_id.get(&id)?)) {
        Some(step) => step.spots.extend(spots),
        None => rest.extend(spots),
    }
}

/// Steps by their number; of several with one number the first.
fn by_id<'d>(scenario: &Scenario<'d>) -> HashMap<Text<'d>, usize> {
    scenario.steps.iter().enumerate().rev().map(|(index, step)| (step.id.clone(), index)).collect()
}

fn settings_step<'d>(blueprint: NodeId, spots: Vec<Spot<'d>>) -> Step<'d> {
    Step {
        id: Cow::Borrowed(""),
        name: Cow::Borrowed("scenario settings"),
        module: Cow::Borrowed(""),
        version: None,
        place: Place::Node(blueprint),
        disabled: false,
        reach: Reach::Flow,
        kind: Kind::Note,
        connections: Vec::new(),
        spots,
        handles_errors: false,
        understood: true,
    }
}
