//! What stands around a blueprint: names, owner, zone, switches that Make's API or a saved account adds.

use std::borrow::Cow;
use std::collections::HashMap;

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::{Found, What, flag_at, text_at};
use crate::model::Logging;
use crate::source::{At, Place, Text};

/// How many members of an object around scenarios are looked at, again for each scenario: those that Make writes have some thirty.
const MEMBERS: usize = 200;

/// Webhooks and connections of a saved account, by id; empty for other files.
#[derive(Default)]
pub(super) struct Account<'d> {
    hooks: HashMap<Text<'d>, NodeId>,
    connections: HashMap<Text<'d>, NodeId>,
}

impl<'d> Account<'d> {
    pub(super) fn new(tape: &Document<'d>, envelope: Option<NodeId>) -> Self {
        let by_id = |name: &str| {
            let all = envelope.and_then(|envelope| tape.member(envelope, name));
            all.into_iter().flat_map(|all| tape.children(all)).filter_map(|each| Some((tape.name(each)?, each))).collect()
        };
        Self { hooks: by_id("hooks"), connections: by_id("connections") }
    }

    pub(super) fn hook(&self, id: &str) -> Option<NodeId> {
        self.hooks.get(id).copied()
    }

    pub(super) fn connection(&self, id: &str) -> Option<NodeId> {
        self.connections.get(id).copied()
    }
}

/// What the objects around a blueprint, and its own settings, say of the scenario.
pub(super) struct Outer<'t, 'd> {
    tape: &'t Document<'d>,
    /// Where to look, nearest first.
    levels: Vec<NodeId>,
    metadata: Option<NodeId>,
    /// The envelope of a saved account.
    pub(super) account: Option<NodeId>,
}

impl<'t, 'd> Outer<'t, 'd> {
    pub(super) fn new(tape: &'t Document<'d>, found: &Found) -> Self {
        let is_account =
            |node: &NodeId| tape.member(*node, "vestibule_account").is_some_and(|platform| tape.string(platform) == "make");
        let mut levels = Vec::new();
        for node in found.around.iter().rev() {
            levels.extend(tape.member(*node, "scenario").filter(|inner| !found.around.contains(inner)));
            levels.push(*node);
        }
        if found.what == What::Listed {
            levels.insert(0, found.blueprint);
        }
        Self {
            tape,
            levels,
            metadata: tape.member(found.blueprint, "metadata"),
            account: found.around.iter().copied().find(is_account),
        }
        .with_own_name(found)
    }

    /// A blueprint's own name counts before the names around it.
    fn with_own_name(mut self, found: &Found) -> Self {
        if found.what == What::Blueprint {
            self.levels.insert(0, found.blueprint);
        }
        self
    }

    fn find(&self, names: &[&str]) -> Option<NodeId> {
        let member =
            |level: NodeId, name: &str| self.tape.children(level).take(MEMBERS).find(|child| self.tape.name_is(*child, name));
        let in_level = |level: &NodeId| names.iter().find_map(|name| member(*level, name));
        self.levels.iter().find_map(in_level)
    }

    pub(super) fn metadata(&self, name: &str) -> Option<NodeId> {
        self.tape.member(self.metadata?, name)
    }

    fn setting(&self, name: &str) -> Option<NodeId> {
        self.tape.member(self.metadata("scenario")?, name)
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<At<Text<'d>>> {
        text_at(self.tape, self.find(names)?)
    }

    pub(super) fn flag(&self, names: &[&str]) -> Option<At<bool>> {
        flag_at(self.tape, self.find(names)?)
    }

    pub(super) fn name(&self) -> Text<'d> {
        self.text(&["name"]).map(|name| name.value).unwrap_or_default()
    }

    pub(super) fn instant(&self) -> Option<bool> {
        let said = self.metadata("instant").or_else(|| self.find(&["instant"])).and_then(|node| flag_at(self.tape, node));
        let scheduled = || {
            let scheduling = self.metadata("scheduling").or_else(|| self.find(&["scheduling"]))?;
            let kind = self.tape.string(self.tape.member(scheduling, "type")?);
            Some(matches!(kind.as_ref(), "immediately" | "instant"))
        };
        said.map(|said| said.value).or_else(scheduled)
    }

    pub(super) fn owner(&self) -> Option<At<Text<'d>>> {
        let owner = self.find(&["owner", "createdByUser", "updatedByUser"])?;
        if self.tape.node(owner).kind() == Json::Object {
            return ["email", "name", "id"].iter().find_map(|name| text_at(self.tape, self.tape.member(owner, name)?));
        }
        text_at(self.tape, owner)
    }

    /// An empty text where a saved account knows that the scenario has never run.
    pub(super) fn last_run(&self) -> Option<At<Text<'d>>> {
        let node = self.find(&["last_run", "lastRun", "lastExecution"])?;
        match self.tape.node(node).kind() {
            Json::Null => Some(At { value: Cow::Borrowed(""), place: Place::Node(node) }),
            _ => text_at(self.tape, node),
        }
    }

    pub(super) fn logging(&self) -> Logging {
        let setting = |name: &str| self.setting(name).and_then(|node| flag_at(self.tape, node));
        Logging { confidential: setting("confidential"), keeps_failed: setting("dlq"), keeps_good: None }
    }
}
