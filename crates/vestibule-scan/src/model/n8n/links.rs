//! Which node feeds which, and how the flow comes to each: on the ordinary way, on an error output, as a tool of an agent, or not at all.

use std::collections::{HashMap, HashSet};

use vestibule_core::document::{Document, Kind, NodeId};

use super::super::{Kind as StepKind, Reach, Step};
use super::kinds;
use crate::source::Text;

/// How one step hangs on another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Data flows on.
    Main,
    /// Data flows on if the step failed.
    Error,
    /// It is a tool of the other.
    Tool,
    /// It is another part of the other: a model, a memory, a parser.
    Part,
}

/// The links of a workflow; sets [`Step::reach`].
pub(super) fn read<'d>(
    tape: &Document<'d>,
    workflow: NodeId,
    steps: &mut [Step<'d>],
    by_name: &HashMap<Text<'d>, usize>,
) -> Vec<(usize, usize)> {
    let mut links = Vec::new();
    let sources = tape.member(workflow, "connections").into_iter().flat_map(|all| tape.children(all));
    for source in sources.filter(|source| tape.node(*source).kind() == Kind::Object) {
        let Some(from) = tape.name(source).and_then(|name| by_name.get(&name).copied()) else {
            continue;
        };
        let error_output = steps.get(from).and_then(|step| error_output(tape, step));
        for kind in tape.children(source) {
            let name = tape.name(kind).unwrap_or_default();
            for (output, targets) in tape.children(kind).enumerate() {
                let way = match name.as_ref() {
                    "main" if error_output == Some(output) => Way::Error,
                    "main" => Way::Main,
                    "error" => Way::Error,
                    "ai_tool" => Way::Tool,
                    _ => Way::Part,
                };
                let targets = tape.children(targets).filter_map(|target| {
                    let name = tape.string(tape.member(target, "node")?);
                    by_name.get(&name).copied()
                });
                links.extend(targets.map(|to| (from, to, way)));
            }
        }
    }
    reach(steps, &links);
    let mut seen = HashSet::with_capacity(links.len());
    links.iter().map(|(from, to, _)| (*from, *to)).filter(|link| seen.insert(*link)).collect()
}

/// The output that carries failures, for nodes with `onError: continueErrorOutput`: the one after all others.
fn error_output(tape: &Document<'_>, step: &Step<'_>) -> Option<usize> {
    let crate::source::Place::Node(node) = step.place else {
        return None;
    };
    let on_error = tape.member(node, "onError").map(|on_error| tape.string(on_error));
    if on_error.as_deref() != Some("continueErrorOutput") {
        return None;
    }
    let parameters = || tape.member(node, "parameters");
    let rules =
        |at: Option<NodeId>| ["values", "rules"].iter().find_map(|name| Some(tape.children(tape.member(at?, name)?).count()));
    Some(match kinds::short(&step.module) {
        "if" | "splitInBatches" => 2,
        "compareDatasets" => 4,
        "switch" => rules(parameters().and_then(|all| tape.member(all, "rules"))).unwrap_or(4),
        _ => 1,
    })
}

fn reach(steps: &mut [Step<'_>], links: &[(usize, usize, Way)]) {
    let mut next: Vec<Vec<(usize, Way)>> = vec![Vec::new(); steps.len()];
    let mut parts: Vec<Vec<(usize, Way)>> = vec![Vec::new(); steps.len()];
    let mut fed = vec![false; steps.len()];
    for (from, to, way) in links {
        match way {
            Way::Main | Way::Error => {
                next.get_mut(*from).into_iter().for_each(|next| next.push((*to, *way)));
                fed.get_mut(*to).into_iter().for_each(|fed| *fed = true);
            }
            Way::Tool | Way::Part => parts.get_mut(*to).into_iter().for_each(|parts| parts.push((*from, *way))),
        }
    }
    let is_entry = |step: &Step<'_>| matches!(step.kind, StepKind::Entry(_));
    let has_entry = steps.iter().any(is_entry);
    let leads_on = |index: usize| {
        next.get(index).is_some_and(|next| !next.is_empty()) || parts.get(index).is_some_and(|parts| !parts.is_empty())
    };
    let starts = |(index, step): (usize, &Step<'_>)| {
        // a selection of nodes has no entry; it begins where nothing comes in
        let starts = is_entry(step) || !has_entry && leads_on(index) && !fed.get(index).copied().unwrap_or(true);
        starts.then_some((index, Reach::Flow))
    };
    let mut open: Vec<(usize, Reach)> = steps.iter().enumerate().filter_map(starts).collect();
    let mut found: Vec<Option<Reach>> = vec![None; steps.len()];
    while let Some((index, reach)) = open.pop() {
        let Some(known) = found.get_mut(index) else {
            continue;
        };
        if known.is_some_and(|known| rank(known) <= rank(reach)) {
            continue;
        }
        *known = Some(reach);
        for (to, way) in next.get(index).into_iter().flatten() {
            open.push((*to, if *way == Way::Error { Reach::OnError } else { reach }));
        }
        for (part, way) in parts.get(index).into_iter().flatten() {
            open.push((*part, if *way == Way::Tool { Reach::Tool } else { reach }));
        }
    }
    for (step, reach) in steps.iter_mut().zip(found) {
        // a note is read where it is, whatever leads to it
        step.reach = reach.unwrap_or(if matches!(step.kind, StepKind::Note) { Reach::Flow } else { Reach::Orphan });
    }
}

/// Whoever is reached in several ways is told by the most ordinary one.
fn rank(reach: Reach) -> u8 {
    match reach {
        Reach::Flow => 0,
        Reach::Tool => 1,
        Reach::OnError => 2,
        Reach::Orphan => 3,
    }
}
