//! One module of a blueprint becomes one step.

use std::borrow::Cow;

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::catalogue::{self, Class};
use super::flow::{self, Position};
use super::outer::Account;
use super::spots::{self, Shape};
use super::{flag_at, scalar, text_at};
use crate::model::{Auth, Connection, Entry, EntryBy, Kind, Protection, Request, Role, Spot, Step};
use crate::source::{Place, Text};

/// Parameters that hold the id of a stored connection or key, whatever the module.
const CONNECTIONS: [&str; 8] =
    ["__IMTCONN__", "__IMTKEY__", "account", "connection", "auth", "makeConnectionId", "oAuthAccount", "keychain"];

/// Parameters that hold the id of a webhook.
const HOOKS: [&str; 2] = ["__IMTHOOK__", "hook"];

/// Members of a module that are read elsewhere or are no values.
const STRUCTURE: [&str; 13] = [
    "id",
    "module",
    "version",
    "parameters",
    "mapper",
    "metadata",
    "filter",
    "flags",
    "label",
    "name",
    "title",
    "disabled",
    "isErrorHandler",
];

/// The step of a module.
pub(super) fn read<'d>(tape: &Document<'d>, node: NodeId, position: &Position, account: &Account<'d>) -> Step<'d> {
    let parts = Parts::new(tape, node);
    let key = parts.text("module");
    let (class, known) = catalogue::class(&key);
    let hook = HOOKS.iter().find_map(|name| parts.parameter(name));
    let connections = connections(&parts, account);
    let shape = shape(class, &key);
    let mut found = spots::Spots::new(tape, shape);
    parts.sort(&mut found, &connections);
    let spots = found.done();
    let kind = kind(&parts, class, &key, hook, position, account, &spots);
    let understood = parts.has_ordinary_shape()
        && match class {
            Class::App => key.contains(':') && (!connections.is_empty() || hook.is_some()),
            Class::Http => known && parts.mapper.is_some_and(|mapper| tape.node(mapper).kind() == Json::Object),
            _ => known,
        };
    Step {
        id: parts.text("id"),
        name: parts.name().unwrap_or_else(|| key.clone()),
        version: parts.member("version").map(|version| scalar(tape, version)).filter(|version| !version.is_empty()),
        place: Place::Node(node),
        disabled: position.disabled || flow::is_disabled(tape, node),
        reach: position.reach,
        handles_errors: handles_errors(tape, node),
        module: key,
        kind,
        connections,
        spots,
        understood,
    }
}

/// A module with the members that are looked at more than once.
struct Parts<'t, 'd> {
    tape: &'t Document<'d>,
    node: NodeId,
    parameters: Option<NodeId>,
    mapper: Option<NodeId>,
    metadata: Option<NodeId>,
}

impl<'t, 'd> Parts<'t, 'd> {
    fn new(tape: &'t Document<'d>, node: NodeId) -> Self {
        let member = |name: &str| tape.member(node, name);
        Self { tape, node, parameters: member("parameters"), mapper: member("mapper"), metadata: member("metadata") }
    }

    fn member(&self, name: &str) -> Option<NodeId> {
        self.tape.member(self.node, name)
    }

    fn text(&self, name: &str) -> Text<'d> {
        self.member(name).map(|node| scalar(self.tape, node)).unwrap_or_default()
    }

    fn parameter(&self, name: &str) -> Option<NodeId> {
        self.tape.member(self.parameters?, name)
    }

    /// A setting of a request: in the mapper, as Make writes it, or where hand-made blueprints put it.
    fn setting(&self, name: &str) -> Option<NodeId> {
        [self.mapper, self.parameters, Some(self.node)].into_iter().flatten().find_map(|part| self.tape.member(part, name))
    }

    fn flag(&self, names: &[&str]) -> Option<crate::source::At<bool>> {
        names.iter().find_map(|name| flag_at(self.tape, self.setting(name)?))
    }

    /// What people call it.
    fn name(&self) -> Option<Text<'d>> {
        let tape = self.tape;
        let designed = self.metadata.and_then(|metadata| tape.member(tape.member(metadata, "designer")?, "name"));
        let own = || ["label", "name", "title"].iter().find_map(|name| self.member(name));
        text_at(tape, designed.or_else(own)?).map(|name| name.value)
    }

    /// Whether mapper and parameters are what Make writes: objects, or nothing.
    fn has_ordinary_shape(&self) -> bool {
        let is_ordinary = |part: Option<NodeId>| {
            part.is_none_or(|part| matches!(self.tape.node(part).kind(), Json::Object | Json::Null) || self.tape.is_empty(part))
        };
        is_ordinary(self.mapper) && is_ordinary(self.parameters)
    }

    /// Every value, part by part; a part that stands there twice is read twice.
    fn sort(&self, found: &mut spots::Spots<'t, 'd>, connections: &[Connection<'d>]) {
        let tape = self.tape;
        let is_connection = |node: NodeId| {
            tape.node(node).kind() == Json::Number && connections.iter().any(|connection| connection.place == Place::Node(node))
        };
        for child in tape.children(self.node) {
            if tape.name_is(child, "mapper") {
                found.mapper(child);
            } else if tape.name_is(child, "parameters") {
                found.parameters(child, is_connection);
            } else if tape.name_is(child, "filter") {
                found.conditions(child);
            } else if tape.name_is(child, "flags") {
                found.settings(child);
            } else if tape.name_is(child, "metadata") {
                let restore = tape.children(child).filter(|part| tape.name_is(*part, "restore"));
                restore.for_each(|restore| found.labels(restore));
            } else if !flow::nested(tape, child).is_empty() {
                found.around(child);
            } else if !STRUCTURE.iter().any(|name| tape.name_is(child, name)) {
                found.beside(child);
            }
        }
    }
}

fn shape(class: Class, key: &str) -> Shape {
    match class {
        Class::Http => Shape::Http,
        Class::Reply => Shape::Reply,
        Class::Assign => Shape::Assign,
        Class::Code => Shape::Code,
        Class::Parse => Shape::Values,
        Class::Store => Shape::App { free: false },
        Class::App => Shape::App { free: catalogue::is_free_request(key) },
        Class::Flow | Class::Webhook | Class::MailHook | Class::Clock | Class::Called => Shape::Settings,
    }
}

fn kind(
    parts: &Parts<'_, '_>,
    class: Class,
    key: &str,
    hook: Option<NodeId>,
    position: &Position,
    account: &Account<'_>,
    spots: &[Spot<'_>],
) -> Kind {
    let entry = |by, protection, place: Option<NodeId>| {
        Kind::Entry(Entry { by, protection, method: None, place: Place::Node(place.unwrap_or(parts.node)) })
    };
    match class {
        Class::Webhook => entry(EntryBy::Webhook, protection(parts.tape, hook, account), hook),
        Class::MailHook => entry(EntryBy::Mail, protection(parts.tape, hook, account), hook),
        Class::Clock => entry(EntryBy::Schedule, Protection::None, None),
        Class::Called => entry(EntryBy::Scenario, Protection::None, None),
        Class::App if hook.is_some() => entry(EntryBy::AppWebhook, protection(parts.tape, hook, account), hook),
        Class::App if position.first && catalogue::is_trigger(key) => entry(EntryBy::Polling, Protection::None, None),
        Class::App | Class::Store => Kind::App { reads: catalogue::reads(key) },
        Class::Reply => Kind::Reply,
        Class::Http => Kind::Request(request(parts, key, spots)),
        Class::Assign => Kind::Assign,
        Class::Code => Kind::Code,
        Class::Flow | Class::Parse => Kind::Flow,
    }
}

/// What a saved account knows of the webhook; a blueprint alone does not show it.
fn protection(tape: &Document<'_>, hook: Option<NodeId>, account: &Account<'_>) -> Protection {
    let known = hook.and_then(|hook| tape.member(account.hook(&scalar(tape, hook))?, "protection"));
    match known.map(|known| tape.string(known)).as_deref() {
        Some("open") => Protection::Open,
        Some("guarded") => Protection::Guarded,
        _ => Protection::Unseen,
    }
}

fn request(parts: &Parts<'_, '_>, key: &str, spots: &[Spot<'_>]) -> Request {
    let method = parts.setting("method").map(|method| scalar(parts.tape, method)).filter(|method| !method.is_empty());
    let method = match method {
        Some(method) if method.contains("{{") => None,
        Some(method) => Some(method.trim().to_ascii_uppercase()),
        None => Some("GET".to_owned()),
    };
    Request {
        method,
        auth: auth(parts, key, spots),
        verifies_tls: parts.flag(&["rejectUnauthorized"]),
        follows_redirects: parts.flag(&["followRedirect", "allowRedirects", "followRedirects"]),
    }
}

fn auth(parts: &Parts<'_, '_>, key: &str, spots: &[Spot<'_>]) -> Auth {
    let said = parts.setting("authenticationType").map(|kind| scalar(parts.tape, kind));
    match said.as_deref() {
        Some("noAuth") => return if typed_in(spots) { Auth::Inline } else { Auth::None },
        Some("apiKey" | "basicAuth" | "oAuth") => return Auth::Stored,
        _ => {}
    }
    let stored = parts.parameters.is_some_and(|parameters| {
        parts.tape.children(parameters).any(|child| {
            let name = parts.tape.name(child).unwrap_or_default();
            is_connection_name(&name) && name != "proxyKeychain" && is_id(parts.tape, child)
        })
    });
    if stored {
        Auth::Stored
    } else if typed_in(spots) {
        Auth::Inline
    } else if catalogue::stores_credential(key) {
        Auth::Stored
    } else if key.starts_with("http:MakeRequest") || key.starts_with("http:Action") {
        Auth::None
    } else {
        Auth::Unseen
    }
}

fn typed_in(spots: &[Spot<'_>]) -> bool {
    spots.iter().any(|spot| matches!(spot.role, Role::User | Role::Password))
}

/// An error branch of its own, or `builtin` directives behind it.
fn handles_errors(tape: &Document<'_>, node: NodeId) -> bool {
    let is_handler = |child: &NodeId| {
        ["onerror", "on_error", "onError", "errorHandler", "errorHandlers"].iter().any(|name| tape.name_is(*child, name))
    };
    tape.children(node).filter(is_handler).any(|handler| tape.node(handler).kind().is_container() && !tape.is_empty(handler))
}

/// The stored connections that the parameters name, with what the editor keeps of them.
fn connections<'d>(parts: &Parts<'_, 'd>, account: &Account<'_>) -> Vec<Connection<'d>> {
    let (tape, Some(parameters)) = (parts.tape, parts.parameters) else {
        return Vec::new();
    };
    let declared = declared_connections(parts);
    let mut found = Vec::new();
    for child in tape.children(parameters) {
        let name = tape.name(child).unwrap_or_default();
        if !is_id(tape, child) || !(is_connection_name(&name) || declared.contains(&name)) {
            continue;
        }
        let id = scalar(tape, child);
        let kept = kept(parts, &name);
        let known = account.connection(&id);
        let text = |of: Option<NodeId>, name: &str| Some(text_at(tape, tape.member(of?, name)?)?.value);
        let data = kept.and_then(|kept| tape.member(kept, "data"));
        found.push(Connection {
            label: text(kept, "label").or_else(|| text(known, "name")),
            kind: text(data, "connection").or_else(|| text(known, "type")),
            place: Place::Node(child),
            id,
        });
    }
    found
}

/// What the editor keeps of a parameter: `metadata.restore.parameters.NAME`, in older files `metadata.restore.NAME`.
fn kept(parts: &Parts<'_, '_>, name: &str) -> Option<NodeId> {
    let restore = parts.tape.member(parts.metadata?, "restore")?;
    let newer = parts.tape.member(restore, "parameters").and_then(|parameters| parts.tape.member(parameters, name));
    newer.or_else(|| parts.tape.member(restore, name))
}

/// Names that the module's own schema declares as accounts or keys.
fn declared_connections<'d>(parts: &Parts<'_, 'd>) -> Vec<Text<'d>> {
    let tape = parts.tape;
    let schema = parts.metadata.and_then(|metadata| tape.member(metadata, "parameters"));
    let is_connection = |field: &NodeId| {
        tape.member(*field, "type").is_some_and(|kind| {
            let kind = tape.string(kind);
            kind.starts_with("account") || kind.starts_with("keychain")
        })
    };
    let fields = schema.into_iter().flat_map(|schema| tape.children(schema)).filter(is_connection);
    fields.filter_map(|field| tape.member(field, "name")).map(|name| tape.string(name)).collect()
}

fn is_connection_name(name: &str) -> bool {
    CONNECTIONS.contains(&name) || name.ends_with("Keychain")
}

/// A number other than 0, or a text that is no expression: exports whose ids were scrubbed hold placeholders.
fn is_id(tape: &Document<'_>, node: NodeId) -> bool {
    let id: Cow<'_, str> = scalar(tape, node);
    matches!(tape.node(node).kind(), Json::Number | Json::String) && !id.is_empty() && id != "0"
}
