//! One workflow: its names and settings, its nodes as steps, and the data that n8n has kept with it.

use std::collections::HashMap;

use vestibule_core::document::{Document, Kind, NodeId};

use super::super::walk;
use super::super::{EntryBy, Kind as StepKind, Logging, Platform, Reach, Role, Scenario, Step};
use super::{Around, flag_at, links, node, text, text_at};
use crate::source::{At, Place, Text};

/// Reads one workflow; `around` is what the envelopes said.
pub(super) fn read<'d>(tape: &Document<'d>, workflow: NodeId, around: &Around<'d>) -> Scenario<'d> {
    let mut unread = Vec::new();
    let mut steps = Vec::new();
    let nodes = tape.member(workflow, "nodes").into_iter().flat_map(|nodes| tape.children(nodes));
    for at in nodes {
        if tape.node(at).kind() == Kind::Object {
            steps.push(node::read(tape, at));
        } else {
            unread.push(At { value: "an entry of `nodes` is no node".to_owned(), place: Place::Node(at) });
        }
    }
    let mut by_name: HashMap<Text<'d>, usize> = HashMap::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        by_name.entry(step.id.clone()).or_insert(index);
    }
    let links = links::read(tape, workflow, &mut steps, &by_name);
    let mut kept = Kept { tape, steps, by_name, extra: HashMap::new() };
    kept.take(tape.member(workflow, "pinData"), "pinned data");
    kept.take(around.run, "data of a run");
    kept.take_static(tape.member(workflow, "staticData"));
    kept.take_texts(workflow);
    let steps = kept.steps;

    let settings = tape.member(workflow, "settings");
    let has_error_trigger = steps.iter().any(|step| step.module == "n8n-nodes-base.errorTrigger" && !step.disabled);
    let mut name = text(tape, workflow, "name").or_else(|| around.name.clone()).unwrap_or_default();
    if around.published {
        name = Text::Owned(format!("{name} (published)"));
    }
    Scenario {
        platform: Platform::N8n,
        name,
        id: text(tape, workflow, "id").or_else(|| around.id.clone()),
        place: Place::Node(workflow),
        active: active(tape, workflow),
        instant: instant(&steps),
        zone: around.zone.clone(),
        owner: around.owner.clone().or_else(|| owner(tape, workflow)),
        changed: around.changed.clone().or_else(|| text_at(tape, workflow, "updatedAt")),
        last_run: around.last_run.clone(),
        logging: settings.map(|settings| logging(tape, settings)).unwrap_or_default(),
        error_workflow: has_error_trigger || settings.is_some_and(|settings| text(tape, settings, "errorWorkflow").is_some()),
        steps,
        links,
        unread,
    }
}

/// An archived workflow does not run, whatever else the file says.
fn active(tape: &Document<'_>, workflow: NodeId) -> Option<At<bool>> {
    let archived = flag_at(tape, workflow, "isArchived").filter(|archived| archived.value);
    archived.map(|at| At { value: false, ..at }).or_else(|| flag_at(tape, workflow, "active"))
}

fn instant(steps: &[Step<'_>]) -> Option<bool> {
    let entries = || steps.iter().filter(|step| !step.disabled).filter_map(Step::entry);
    let at_once =
        |by: EntryBy| matches!(by, EntryBy::Webhook | EntryBy::AppWebhook | EntryBy::Form | EntryBy::Chat | EntryBy::Mcp);
    let in_time = |by: EntryBy| matches!(by, EntryBy::Schedule | EntryBy::Polling);
    if entries().any(|entry| at_once(entry.by)) {
        return Some(true);
    }
    entries().any(|entry| in_time(entry.by)).then_some(false)
}

fn logging(tape: &Document<'_>, settings: NodeId) -> Logging {
    let keeps = |name: &str| {
        let at = text_at(tape, settings, name)?;
        let value = match at.value.as_ref() {
            "all" => true,
            "none" => false,
            _ => return None,
        };
        Some(At { value, place: at.place })
    };
    let manual = || flag_at(tape, settings, "saveManualExecutions").filter(|manual| manual.value);
    Logging {
        confidential: None,
        keeps_failed: keeps("saveDataErrorExecution"),
        keeps_good: keeps("saveDataSuccessExecution").or_else(manual),
    }
}

/// Whoever the file names first as owner: the sharing list, the personal project, or a source-control owner.
fn owner<'d>(tape: &Document<'d>, workflow: NodeId) -> Option<At<Text<'d>>> {
    let member = |name: &str| tape.member(workflow, name);
    let shared = member("shared").into_iter().flat_map(|shared| tape.children(shared));
    let is_owner = |share: &NodeId| text(tape, *share, "role").is_none_or(|role| role == "workflow:owner");
    let of_share = shared.filter(is_owner).find_map(|share| {
        let project = tape.member(share, "project").and_then(|project| text_at(tape, project, "name"));
        project.or_else(|| text_at(tape, tape.member(share, "user")?, "email")).or_else(|| text_at(tape, share, "projectId"))
    });
    let named = |holder: &str, fields: &[&str]| {
        let holder = member(holder)?;
        fields.iter().find_map(|field| text_at(tape, holder, field))
    };
    of_share
        .or_else(|| named("homeProject", &["name", "id"]))
        .or_else(|| named("ownedBy", &["email", "id"]))
        .or_else(|| named("owner", &["personalEmail", "email", "teamName", "projectName", "id"]))
        .or_else(|| text_at(tape, workflow, "owner"))
}

/// Puts kept data on the steps it came from.
struct Kept<'a, 'd> {
    tape: &'a Document<'d>,
    steps: Vec<Step<'d>>,
    by_name: HashMap<Text<'d>, usize>,
    extra: HashMap<Text<'d>, usize>,
}

impl<'d> Kept<'_, 'd> {
    /// An object with one member a node.
    fn take(&mut self, kept: Option<NodeId>, what: &'static str) {
        let Some(kept) = kept.filter(|kept| self.tape.node(*kept).kind() == Kind::Object) else {
            return;
        };
        let tape = self.tape;
        for member in tape.children(kept) {
            let name = tape.name(member).unwrap_or_default();
            self.put(name, member, what);
        }
    }

    /// `global` and `node:NAME`; some stores write the whole as a text.
    fn take_static(&mut self, kept: Option<NodeId>) {
        let Some(kept) = kept else {
            return;
        };
        let tape = self.tape;
        if tape.node(kept).kind() != Kind::Object {
            return self.put(Text::Borrowed(""), kept, "static data");
        }
        for member in tape.children(kept) {
            let name = match tape.name(member).unwrap_or_default() {
                Text::Borrowed(name) => Text::Borrowed(name.strip_prefix("node:").unwrap_or(name)),
                Text::Owned(name) => Text::Owned(name.strip_prefix("node:").map(str::to_owned).unwrap_or(name)),
            };
            self.put(name, member, "static data");
        }
    }

    /// What people wrote about the whole workflow.
    fn take_texts(&mut self, workflow: NodeId) {
        let tape = self.tape;
        let written = ["description", "notes"].iter().filter_map(|name| tape.member(workflow, name));
        for node in written.filter(|node| !tape.is_empty(*node)) {
            let index = self.step_for(Text::Borrowed(""), node, "about the workflow");
            let spots = walk::leaves(tape, node, tape.name(node).unwrap_or_default())
                .into_iter()
                .map(|leaf| walk::spot(tape, leaf.node, leaf.name, Role::Note));
            if let Some(step) = self.steps.get_mut(index) {
                step.spots.extend(spots);
            }
        }
    }

    fn put(&mut self, name: Text<'d>, node: NodeId, what: &'static str) {
        if self.tape.is_empty(node) {
            return;
        }
        let index = self.step_for(name, node, what);
        let leaves = walk::leaves(self.tape, node, Text::Borrowed(""));
        if let Some(step) = self.steps.get_mut(index) {
            step.spots.extend(leaves.into_iter().map(|leaf| walk::spot(self.tape, leaf.node, leaf.name, Role::Pinned)));
        }
    }

    /// The step of this name, or one that stands for data whose step is gone.
    fn step_for(&mut self, name: Text<'d>, node: NodeId, what: &'static str) -> usize {
        if let Some(index) = self.by_name.get(&name).or_else(|| self.extra.get(&name)) {
            return *index;
        }
        let index = self.steps.len();
        let shown = if name.is_empty() { Text::Borrowed(what) } else { Text::Owned(format!("{name} ({what})")) };
        self.steps.push(Step {
            id: shown.clone(),
            name: shown,
            module: Text::Borrowed("n8n.kept"),
            version: None,
            place: Place::Node(node),
            disabled: false,
            reach: Reach::Orphan,
            kind: StepKind::Note,
            connections: Vec::new(),
            spots: Vec::new(),
            handles_errors: false,
            understood: true,
        });
        self.extra.insert(name, index);
        index
    }
}
