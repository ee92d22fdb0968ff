//! The way through a blueprint: flows, routes, branches, error handlers, tools of agents, orphans.
//!
//! Steps come in the order of the file. Nesting is followed with a stack of its own, so that depth costs memory in proportion and
//! nothing else.

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::outer::Account;
use super::{flag_at, is_module, module};
use crate::model::{Reach, Scenario};
use crate::source::{At, Place};

/// A list of modules inside a module.
pub(super) struct Group {
    modules: Vec<NodeId>,
    reach: Option<Reach>,
    disabled: bool,
    /// The flow goes on behind it where the branches come together.
    joins: bool,
}

/// Where a module stands.
pub(super) struct Position {
    pub(super) reach: Reach,
    pub(super) disabled: bool,
    /// Nothing leads to it.
    pub(super) first: bool,
}

/// A list on the stack, with the step before its next module.
struct Frame {
    modules: std::vec::IntoIter<NodeId>,
    previous: Option<usize>,
    reach: Reach,
    disabled: bool,
    /// Last steps of branches that come together before the next module.
    joined: Vec<usize>,
    /// The frame that goes on when this one ends.
    joins: Option<usize>,
}

/// Adds every step of the blueprint, or of a bare list of modules, and the links between them.
pub(super) fn read<'d>(
    tape: &Document<'d>,
    blueprint: NodeId,
    is_list: bool,
    account: &Account<'d>,
    scenario: &mut Scenario<'d>,
) {
    let mut frames: Vec<Frame> = roots(tape, blueprint, is_list)
        .into_iter()
        .map(|(modules, reach)| Frame::new(modules, None, reach, false, None))
        .rev()
        .collect();
    while let Some(frame) = frames.last_mut() {
        let Some(node) = frame.modules.next() else {
            close(&mut frames);
            continue;
        };
        if tape.node(node).kind() != Json::Object {
            let value = "an element of a flow that is no module".to_owned();
            scenario.unread.push(At { value, place: Place::Node(node) });
            continue;
        }
        let index = scenario.steps.len();
        scenario.links.extend(frame.previous.into_iter().chain(frame.joined.drain(..)).map(|from| (from, index)));
        let position = Position { reach: frame.reach, disabled: frame.disabled, first: frame.previous.is_none() };
        let step = module::read(tape, node, &position, account);
        frame.previous = Some(index);
        let (reach, disabled) = (frame.reach, step.disabled);
        scenario.steps.push(step);
        let parent = frames.len() - 1;
        for group in tape.children(node).flat_map(|child| nested(tape, child)).collect::<Vec<_>>().into_iter().rev() {
            let joins = group.joins.then_some(parent);
            frames.push(Frame::new(group.modules, Some(index), group.reach.unwrap_or(reach), disabled || group.disabled, joins));
        }
    }
}

/// The lists of modules below one member of a module; none for ordinary settings.
pub(super) fn nested(tape: &Document<'_>, member: NodeId) -> Vec<Group> {
    if ["parameters", "mapper", "metadata", "filter", "flags"].iter().any(|name| tape.name_is(member, name)) {
        return Vec::new();
    }
    let name = tape.name(member).unwrap_or_default().to_ascii_lowercase();
    let reach = match name.as_str() {
        "onerror" | "on_error" | "errorhandler" | "errorhandlers" => Some(Reach::OnError),
        "tools" => Some(Reach::Tool),
        _ => None,
    };
    let mut groups = Vec::new();
    let mut inline = Vec::new();
    let elements: Vec<NodeId> = match tape.node(member).kind() {
        Json::Array => tape.children(member).collect(),
        Json::Object => vec![member],
        _ => return groups,
    };
    for element in elements {
        if is_module(tape, element) {
            inline.push(element);
        } else if let Some(modules) = inner_list(tape, element) {
            groups.extend(Group::inline(&mut inline, reach));
            groups.push(Group {
                modules,
                reach,
                disabled: is_disabled(tape, element),
                joins: name == "branches" && merges(tape, element),
            });
        }
    }
    groups.extend(Group::inline(&mut inline, reach));
    groups
}

/// Whether a branch comes together with the others again; `"merge": false` says that it ends.
fn merges(tape: &Document<'_>, branch: NodeId) -> bool {
    tape.member(branch, "merge").and_then(|merge| flag_at(tape, merge)).is_none_or(|merge| merge.value)
}

/// The modules of a route, branch or tool: a flow, one module, or a bare list.
fn inner_list(tape: &Document<'_>, element: NodeId) -> Option<Vec<NodeId>> {
    if let Some(flow) = tape.member(element, "flow").filter(|flow| tape.node(*flow).kind() == Json::Array) {
        return Some(tape.children(flow).collect());
    }
    if let Some(module) = tape.member(element, "module").filter(|module| is_module(tape, *module)) {
        return Some(vec![module]);
    }
    let is_list = tape.node(element).kind() == Json::Array && tape.children(element).any(|child| is_module(tape, child));
    is_list.then(|| tape.children(element).collect())
}

/// Whether a module, route or branch is switched off in the editor.
pub(super) fn is_disabled(tape: &Document<'_>, node: NodeId) -> bool {
    let says =
        |object: NodeId| tape.member(object, "disabled").and_then(|flag| flag_at(tape, flag)).is_some_and(|flag| flag.value);
    says(node) || ["flags", "metadata"].iter().any(|name| tape.member(node, name).is_some_and(says))
}

/// The lists a blueprint starts with: its flow, pasted parts, and what hangs together with nothing.
fn roots(tape: &Document<'_>, blueprint: NodeId, is_list: bool) -> Vec<(Vec<NodeId>, Reach)> {
    if is_list {
        return vec![(tape.children(blueprint).collect(), Reach::Flow)];
    }
    let mut roots = Vec::new();
    for child in tape.children(blueprint) {
        let is_array = tape.node(child).kind() == Json::Array;
        if is_array && ["flow", "modules"].iter().any(|name| tape.name_is(child, name)) {
            roots.push((tape.children(child).collect(), Reach::Flow));
        } else if is_array && tape.name_is(child, "subflows") {
            let flows = tape.children(child).filter_map(|subflow| tape.member(subflow, "flow"));
            roots.extend(flows.map(|flow| (tape.children(flow).collect(), Reach::Flow)));
        } else if tape.name_is(child, "metadata") {
            let orphans = tape.member(child, "designer").and_then(|designer| tape.member(designer, "orphans"));
            roots.extend(
                orphans.into_iter().flat_map(|orphans| nested(tape, orphans)).map(|group| (group.modules, Reach::Orphan)),
            );
        }
    }
    roots
}

/// Takes the finished list off the stack; a branch hands its last step on to where the branches come together.
fn close(frames: &mut Vec<Frame>) {
    let Some(done) = frames.pop() else { return };
    if let Some(parent) = done.joins.and_then(|parent| frames.get_mut(parent)) {
        let last = done.previous.filter(|last| Some(*last) != parent.previous);
        parent.joined.extend(last.into_iter().chain(done.joined));
    }
}

impl Group {
    /// Modules that stand in the list themselves.
    fn inline(modules: &mut Vec<NodeId>, reach: Option<Reach>) -> Option<Self> {
        (!modules.is_empty()).then(|| Self { modules: std::mem::take(modules), reach, disabled: false, joins: false })
    }
}

impl Frame {
    fn new(modules: Vec<NodeId>, previous: Option<usize>, reach: Reach, disabled: bool, joins: Option<usize>) -> Self {
        Self { modules: modules.into_iter(), previous, reach, disabled, joined: Vec::new(), joins }
    }
}
