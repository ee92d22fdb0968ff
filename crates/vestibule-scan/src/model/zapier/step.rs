//! One step of a Zap, as it stands in the file and as a step of the graph.

use vestibule_core::document::{Document, Kind as JsonKind, NodeId};

use super::app::{self, Tool};
use super::params;
use crate::model::{Auth, Connection, Entry, Kind, Reach, Request, Role, Spot, Step, walk};
use crate::source::{At, Place, Text};

/// A step as it stands in the file.
pub(super) struct Raw<'d> {
    pub(super) node: NodeId,
    pub(super) id: Text<'d>,
    /// Empty for a root.
    pub(super) parent: Text<'d>,
    pub(super) type_of: Text<'d>,
    pub(super) action: Text<'d>,
    /// The app's key with suffix and version.
    pub(super) selected: Text<'d>,
    pub(super) title: Text<'d>,
    pub(super) params: Option<NodeId>,
    pub(super) meta: Option<NodeId>,
    pub(super) authentication: Option<NodeId>,
    pub(super) paused: Option<NodeId>,
    pub(super) created: Option<NodeId>,
    pub(super) changed: Option<NodeId>,
    user: Option<NodeId>,
    account: Option<NodeId>,
    has_interval: bool,
    /// Members that are not known, read by name.
    pub(super) rest: Vec<NodeId>,
}

impl<'d> Raw<'d> {
    /// The members of a step; `None` if it is no object.
    pub(super) fn read(tape: &Document<'d>, node: NodeId) -> Option<Self> {
        if tape.node(node).kind() != JsonKind::Object {
            return None;
        }
        let mut raw = Self {
            node,
            id: Text::default(),
            parent: Text::default(),
            type_of: Text::default(),
            action: Text::default(),
            selected: Text::default(),
            title: Text::default(),
            params: None,
            meta: None,
            authentication: None,
            paused: None,
            created: None,
            changed: None,
            user: None,
            account: None,
            has_interval: false,
            rest: Vec::new(),
        };
        for member in tape.children(node) {
            match tape.name(member).unwrap_or_default().as_ref() {
                "id" => raw.id = word(tape, member),
                "parent_id" => raw.parent = word(tape, member),
                "type_of" | "type" => raw.type_of = word(tape, member),
                "action" | "action_key" => raw.action = word(tape, member),
                "selected_api" | "app" | "app_key" => raw.selected = word(tape, member),
                "title" => raw.title = word(tape, member),
                "params" if raw.params.is_none() => raw.params = Some(member),
                "meta" if raw.meta.is_none() => raw.meta = Some(member),
                "authentication_id" | "authentication" | "authorization" | "connection_id" | "connection" => {
                    raw.authentication = Some(member)
                }
                "paused" => raw.paused = Some(member),
                "created_at" => raw.created = Some(member),
                "last_changed" | "updated_at" => raw.changed = Some(member),
                "customuser_id" | "user_id" | "owner" => raw.user = Some(member),
                "account_id" => raw.account = Some(member),
                "triple_stores" => {
                    let interval = tape.member(member, "polling_interval_override");
                    raw.has_interval =
                        interval.is_some_and(|interval| !matches!(tape.raw(interval), "0" | "null" | "false" | "\"\""));
                }
                "root_id" | "folders" => {}
                _ => raw.rest.push(member),
            }
        }
        if raw.id.is_empty() {
            raw.id = tape.name(node).unwrap_or_default();
        }
        Some(raw)
    }

    pub(super) fn is_root(&self) -> bool {
        self.parent.is_empty()
    }

    pub(super) fn reads(&self) -> bool {
        matches!(self.type_of.as_ref(), "read" | "trigger")
    }

    pub(super) fn handles_errors(&self) -> bool {
        app::tool(app::key(&self.selected).0) == Tool::ErrorHandler || self.action.contains("error_handler")
    }

    /// The person's id, else the account's.
    pub(super) fn owner(&self, tape: &Document<'d>) -> Option<At<Text<'d>>> {
        let said =
            [self.user, self.account].into_iter().flatten().map(|node| At { value: word(tape, node), place: Place::Node(node) });
        said.into_iter().find(|owner| !owner.value.is_empty())
    }
}

/// The step of the graph; `is_start` for the first step of the flow.
pub(super) fn build<'d>(tape: &Document<'d>, raw: &Raw<'d>, reach: Reach, is_start: bool) -> Step<'d> {
    let (key, version) = app::key(&raw.selected);
    let tool = app::tool(key);
    let (spots, request) = params::read(tape, raw, tool, is_start);
    let kind = match (tool, request) {
        _ if is_start && (raw.reads() || raw.type_of.is_empty()) => start(raw, key),
        (_, Some(request)) => Kind::Request(request),
        (Tool::Webhook, None) => {
            Kind::Request(Request { method: None, auth: Auth::Unseen, verifies_tls: None, follows_redirects: None })
        }
        (Tool::Code, None) => Kind::Code,
        (Tool::Condition | Tool::Flow | Tool::ErrorHandler, None) => Kind::Flow,
        (Tool::App, None) => Kind::App { reads: reads(&raw.type_of) },
    };
    let name = match title(tape, raw, is_start) {
        Some(title) => title,
        None if raw.selected.is_empty() && raw.action.is_empty() => format!("step {}", raw.id).into(),
        None => app::title(key, &raw.action).into(),
    };
    let bare = raw.selected.split('@').next().unwrap_or_default();
    let module = if raw.action.is_empty() { bare.to_owned() } else { format!("{bare}:{}", raw.action) };
    Step {
        id: raw.id.clone(),
        name,
        module: module.into(),
        version: version.map(|version| version.to_owned().into()),
        place: Place::Node(raw.node),
        disabled: false,
        reach,
        kind,
        connections: connection(tape, raw, key).into_iter().collect(),
        spots,
        handles_errors: false,
        understood: !raw.selected.is_empty(),
    }
}

/// A part of an export that is no step of any Zap.
pub(super) fn other<'d>(name: Text<'d>, place: Place, spots: Vec<Spot<'d>>) -> Step<'d> {
    Step {
        id: Text::default(),
        name,
        module: "zapier:export".into(),
        version: None,
        place,
        disabled: false,
        reach: Reach::Orphan,
        kind: Kind::Assign,
        connections: Vec::new(),
        spots,
        handles_errors: true,
        understood: false,
    }
}

fn start(raw: &Raw<'_>, key: &str) -> Kind {
    let (by, protection) = app::entry(key, &raw.action, raw.has_interval);
    let method = matches!(by, crate::model::EntryBy::Webhook).then(|| "ANY".to_owned());
    Kind::Entry(Entry { by, protection, method, place: Place::Node(raw.node) })
}

fn reads(type_of: &str) -> Option<bool> {
    match type_of {
        "read" | "search" | "trigger" => Some(true),
        "write" | "action" | "create" => Some(false),
        _ => None,
    }
}

/// What people call the step; the root's own title is the Zap's.
fn title<'d>(tape: &Document<'d>, raw: &Raw<'d>, is_start: bool) -> Option<Text<'d>> {
    let said = raw.meta.and_then(|meta| tape.member(meta, "stepTitle")).map(|title| word(tape, title));
    let own = Some(raw.title.clone()).filter(|_| !is_start);
    said.filter(|title| !title.trim().is_empty()).or(own.filter(|title| !title.trim().is_empty()))
}

fn connection<'d>(tape: &Document<'d>, raw: &Raw<'d>, key: &str) -> Option<Connection<'d>> {
    let node = raw.authentication?;
    let said = |names: &[&str]| {
        names.iter().find_map(|name| tape.member(node, name)).map(|member| word(tape, member)).filter(|word| !word.is_empty())
    };
    let (id, label) = match tape.node(node).kind() {
        JsonKind::Object => (said(&["id", "authentication_id"])?, said(&["label", "title", "name"])),
        _ => (word(tape, node), None),
    };
    if id.is_empty() || id == "0" {
        return None;
    }
    let label = label.or_else(|| address_in_labels(tape, raw));
    Some(Connection {
        id,
        label,
        kind: Some(key.to_owned().into()).filter(|kind: &Text<'_>| !kind.is_empty()),
        place: Place::Node(node),
    })
}

/// Labels of chosen values often hold the address that the connection belongs to.
fn address_in_labels<'d>(tape: &Document<'d>, raw: &Raw<'d>) -> Option<Text<'d>> {
    let labels = raw.meta.and_then(|meta| tape.member(meta, "parammap"))?;
    let is_address = |text: &Text<'_>| text.contains('@') && !text.contains("{{") && !text.trim().contains(' ');
    tape.children(labels).map(|label| tape.string(label)).find(is_address)
}

/// A scalar as text; nothing for `null` and for what holds other values.
pub(super) fn word<'d>(tape: &Document<'d>, node: NodeId) -> Text<'d> {
    match tape.node(node).kind() {
        JsonKind::String => tape.string(node),
        JsonKind::Number | JsonKind::True | JsonKind::False => Text::Borrowed(tape.raw(node)),
        JsonKind::Null | JsonKind::Array | JsonKind::Object => Text::default(),
    }
}

/// Values below a member, called as they are called there; empty texts are nobody's.
pub(super) fn values<'d>(tape: &Document<'d>, member: NodeId, role: Role) -> impl Iterator<Item = Spot<'d>> {
    let name = tape.name(member).unwrap_or_default();
    let leaves = walk::each_leaf(tape, member, name).filter(|leaf| !tape.is_empty(leaf.node));
    leaves.map(move |leaf| params::spot(tape, &leaf, role))
}
