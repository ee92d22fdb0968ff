//! Reader of Zapier's exports: the account's data export (`gdpr_v1`), exported Zaps (version 2), single Zaps, and code workflows.
//!
//! Steps are put in the order in which a Zap runs them, by parent; what nothing leads to is an orphan. Only the root's switch says
//! whether a Zap runs: steps of running Zaps are exported as paused too. What the editor keeps for itself in `meta` is not read.

mod app;
mod params;
mod step;
mod workflow;

use std::collections::HashMap;

use vestibule_core::document::{Document, Kind as JsonKind, NodeId};

use super::{Entry, EntryBy, Kind, Platform, Reach, Role, Scenario, Step, walk};
use crate::source::{At, Place, Source, Text};
use step::Raw;

/// Every Zap in the file; `None` if it is none of Zapier's shapes.
pub fn read<'d>(source: &Source<'d>) -> Option<Vec<Scenario<'d>>> {
    let tape = source.tape()?;
    let root = tape.root();
    if let Some(zaps) = tape.member(root, "zaps").filter(|zaps| is_list_of_zaps(tape, *zaps)) {
        return Some(export(tape, root, zaps));
    }
    if let Some(inner) = tape.member(root, "zap").filter(|inner| tape.node(*inner).kind() == JsonKind::Object) {
        // the steps stand inside the Zap or beside it
        let list = steps_of(tape, inner).or_else(|| steps_of(tape, root))?;
        return Some(vec![zap(tape, inner, list)]);
    }
    if let Some(list) = steps_of(tape, root) {
        return Some(vec![zap(tape, root, list)]);
    }
    if let Some(workflow) = workflow::read(tape, root) {
        return Some(vec![workflow]);
    }
    if tape.node(root).kind() != JsonKind::Array {
        return None;
    }
    if is_list_of_steps(tape, root) {
        return Some(vec![zap(tape, root, root)]);
    }
    let first = tape.children(root).next()?;
    if steps_of(tape, first).is_some() {
        return Some(zaps_of(tape, root));
    }
    workflow::read(tape, first)?;
    Some(tape.children(root).filter_map(|child| workflow::read(tape, child)).collect())
}

/// An export with everything that stands in it beside the Zaps.
fn export<'d>(tape: &Document<'d>, root: NodeId, list: NodeId) -> Vec<Scenario<'d>> {
    let mut scenarios = zaps_of(tape, list);
    let mut rest = empty(tape, root);
    for member in tape.children(root).filter(|member| *member != list && !tape.name_is(*member, "metadata")) {
        let name = tape.name(member).unwrap_or_default();
        let spots: Vec<_> =
            walk::each_leaf(tape, member, name.clone()).map(|leaf| params::spot(tape, &leaf, Role::Setting)).collect();
        if !spots.is_empty() {
            rest.steps.push(step::other(name, Place::Node(member), spots));
        }
    }
    if scenarios.is_empty() || !rest.steps.is_empty() {
        scenarios.push(rest);
    }
    scenarios
}

fn zaps_of<'d>(tape: &Document<'d>, list: NodeId) -> Vec<Scenario<'d>> {
    let mut scenarios = Vec::new();
    for child in tape.children(list) {
        match steps_of(tape, child) {
            Some(steps) => scenarios.push(zap(tape, child, steps)),
            None => {
                let mut scenario = empty(tape, child);
                scenario.unread.push(At { value: "a Zap without steps".to_owned(), place: Place::Node(child) });
                let spots =
                    walk::each_leaf(tape, child, Text::default()).map(|leaf| params::spot(tape, &leaf, Role::Setting)).collect();
                scenario.steps.push(step::other(scenario.name.clone(), Place::Node(child), spots));
                scenarios.push(scenario);
            }
        }
    }
    scenarios
}

fn is_list_of_zaps(tape: &Document<'_>, list: NodeId) -> bool {
    tape.node(list).kind() == JsonKind::Array && tape.children(list).take(3).all(|zap| tape.node(zap).kind() == JsonKind::Object)
}

/// The steps of a Zap, an object by id or an array.
fn steps_of(tape: &Document<'_>, zap: NodeId) -> Option<NodeId> {
    let lists = ["nodes", "steps"].iter().filter_map(|name| tape.member(zap, name));
    lists.into_iter().find(|list| is_list_of_steps(tape, *list))
}

fn is_list_of_steps(tape: &Document<'_>, list: NodeId) -> bool {
    let has = |step: NodeId, name: &str| tape.member(step, name).is_some();
    let is_step = |step: NodeId| {
        has(step, "selected_api")
            || (has(step, "type_of") && has(step, "params"))
            || (has(step, "app") && has(step, "action") && !has(step, "module"))
    };
    tape.node(list).kind().is_container() && tape.children(list).take(4).any(is_step)
}

fn empty<'d>(tape: &Document<'d>, at: NodeId) -> Scenario<'d> {
    let said = |name: &str| tape.member(at, name).map(|member| step::word(tape, member)).filter(|word| !word.is_empty());
    Scenario {
        name: said("title").or_else(|| said("name")).unwrap_or_default(),
        id: said("id"),
        ..Scenario::bare(Platform::Zapier, Place::Node(at))
    }
}

fn zap<'d>(tape: &Document<'d>, at: NodeId, list: NodeId) -> Scenario<'d> {
    let mut scenario = empty(tape, at);
    let mut raw = Vec::new();
    for child in tape.children(list) {
        match Raw::read(tape, child) {
            Some(step) => raw.push(step),
            None => scenario.unread.push(At { value: "a step that is no object".to_owned(), place: Place::Node(child) }),
        }
    }
    if scenario.name.is_empty() {
        scenario.name = raw.iter().find(|raw| raw.is_root()).map(|raw| raw.title.clone()).unwrap_or_default();
    }
    let order = Order::of(&raw);
    scenario.active = switch(tape, at, &order, &raw);
    scenario.owner = order.first(&raw).and_then(|root| root.owner(tape));
    scenario.changed = newest(tape, &raw);
    let mut position = vec![0; raw.len()];
    for (place, (index, reach)) in order.steps.iter().enumerate() {
        if let (Some(raw), Some(position)) = (raw.get(*index), position.get_mut(*index)) {
            *position = place;
            let is_start = place == 0 && order.has_root;
            scenario.steps.push(step::build(tape, raw, *reach, is_start));
        }
    }
    for (child, parent) in order.parents.iter().enumerate() {
        let ends = parent.and_then(|parent| Some((*position.get(parent)?, *position.get(child)?)));
        scenario.links.extend(ends);
    }
    scenario.links.sort_unstable();
    mark_handled(&mut scenario);
    scenario.instant = scenario.steps.first().and_then(Step::entry).and_then(starts_at_once);
    words_beside(tape, at, list, &mut scenario);
    scenario
}

/// A step whose errors another step handles.
fn mark_handled(scenario: &mut Scenario<'_>) {
    let is = |steps: &[Step<'_>], index: usize, reach: Reach| steps.get(index).is_some_and(|step| step.reach == reach);
    for (from, to) in &scenario.links {
        let handled = is(&scenario.steps, *to, Reach::OnError) && is(&scenario.steps, *from, Reach::Flow);
        if let Some(step) = scenario.steps.get_mut(*from).filter(|_| handled) {
            step.handles_errors = true;
        }
    }
}

/// What a person wrote at the Zap itself goes with its first step.
fn words_beside<'d>(tape: &Document<'d>, at: NodeId, list: NodeId, scenario: &mut Scenario<'d>) {
    const KNOWN: [&str; 10] =
        ["id", "title", "name", "status", "state", "nodes", "steps", "created_at", "updated_at", "last_changed"];
    let Some(first) = scenario.steps.first_mut().filter(|_| tape.node(at).kind() == JsonKind::Object) else {
        return;
    };
    for member in tape.children(at).filter(|member| *member != list) {
        let name = tape.name(member).unwrap_or_default();
        if KNOWN.contains(&name.as_ref()) {
            continue;
        }
        let role = if matches!(name.as_ref(), "description" | "note" | "notes" | "comment") { Role::Note } else { Role::Setting };
        first.spots.extend(walk::each_leaf(tape, member, name).map(|leaf| params::spot(tape, &leaf, role)));
    }
}

/// Whether the Zap runs: by its own word, else by its root's switch.
fn switch(tape: &Document<'_>, at: NodeId, order: &Order, raw: &[Raw<'_>]) -> Option<At<bool>> {
    for name in ["status", "state", "live", "enabled", "is_enabled"] {
        if let Some(member) = tape.member(at, name) {
            let value = match step::word(tape, member).to_ascii_lowercase().as_str() {
                "on" | "true" | "live" | "active" | "enabled" => true,
                "off" | "false" | "draft" | "paused" | "inactive" | "disabled" => false,
                _ => continue,
            };
            return Some(At { value, place: Place::Node(member) });
        }
    }
    let paused = order.first(raw)?.paused?;
    Some(At { value: tape.node(paused).kind() == JsonKind::False, place: Place::Node(paused) })
}

/// The latest change of any step; Zapier writes all times alike, so the words compare.
fn newest<'d>(tape: &Document<'d>, raw: &[Raw<'d>]) -> Option<At<Text<'d>>> {
    let changes = raw.iter().filter_map(|raw| raw.changed.or(raw.created));
    let newest = changes.max_by_key(|node| step::word(tape, *node))?;
    Some(At { value: step::word(tape, newest), place: Place::Node(newest) }).filter(|at| !at.value.is_empty())
}

fn starts_at_once(entry: &Entry) -> Option<bool> {
    match entry.by {
        EntryBy::Webhook | EntryBy::AppWebhook | EntryBy::Form | EntryBy::Chat | EntryBy::Mcp | EntryBy::Mail => Some(true),
        EntryBy::Schedule | EntryBy::Polling => Some(false),
        EntryBy::Scenario | EntryBy::Manual | EntryBy::Other => None,
    }
}

/// The order in which a Zap runs its steps.
struct Order {
    /// Index of each step and how the flow comes to it.
    steps: Vec<(usize, Reach)>,
    /// Index of each step's parent.
    parents: Vec<Option<usize>>,
    has_root: bool,
}

impl Order {
    /// From each root downwards, children in the order of the file; then whatever was not reached.
    fn of(raw: &[Raw<'_>]) -> Self {
        let by_id: HashMap<&str, usize> = raw.iter().enumerate().rev().map(|(index, raw)| (raw.id.as_ref(), index)).collect();
        let is_list = raw.iter().all(|raw| raw.parent.is_empty());
        let parent_of = |index: usize, raw: &Raw<'_>| {
            if is_list { index.checked_sub(1) } else { by_id.get(raw.parent.as_ref()).copied().filter(|parent| *parent != index) }
        };
        let parents: Vec<Option<usize>> = raw.iter().enumerate().map(|(index, raw)| parent_of(index, raw)).collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); raw.len()];
        for (child, parent) in parents.iter().enumerate() {
            if let Some(children) = parent.and_then(|parent| children.get_mut(parent)) {
                children.push(child);
            }
        }
        let is_root = |index: usize, raw: &Raw<'_>| if is_list { index == 0 } else { raw.is_root() };
        let mut roots: Vec<usize> =
            raw.iter().enumerate().filter(|(index, raw)| is_root(*index, raw)).map(|(index, _)| index).collect();
        // a trigger before anything else that has no parent
        roots.sort_by_key(|index| !raw.get(*index).is_some_and(|raw| raw.reads()));
        let mut order = Self { steps: Vec::with_capacity(raw.len()), parents, has_root: !roots.is_empty() };
        let mut seen = vec![false; raw.len()];
        for (count, root) in roots.iter().enumerate() {
            order.below(*root, if count == 0 { Reach::Flow } else { Reach::Orphan }, &children, raw, &mut seen);
        }
        for index in 0..raw.len() {
            if seen.get(index) == Some(&false) {
                order.below(index, Reach::Orphan, &children, raw, &mut seen);
            }
        }
        order
    }

    fn below(&mut self, root: usize, reach: Reach, children: &[Vec<usize>], raw: &[Raw<'_>], seen: &mut [bool]) {
        let mut open = vec![(root, reach)];
        while let Some((index, reach)) = open.pop() {
            let Some(seen) = seen.get_mut(index).filter(|seen| !**seen) else {
                continue;
            };
            *seen = true;
            let handles = raw.get(index).is_some_and(|raw| reach == Reach::Flow && raw.handles_errors());
            let reach = if handles { Reach::OnError } else { reach };
            self.steps.push((index, reach));
            open.extend(children.get(index).into_iter().flatten().rev().map(|child| (*child, reach)));
        }
    }

    fn first<'r, 'd>(&self, raw: &'r [Raw<'d>]) -> Option<&'r Raw<'d>> {
        raw.get(self.steps.first()?.0)
    }
}

/// Whether a step's kind starts the Zap.
fn is_start(kind: &Kind) -> bool {
    matches!(kind, Kind::Entry(_))
}
