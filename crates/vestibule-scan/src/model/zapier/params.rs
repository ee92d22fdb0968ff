//! What is configured in a step: its parameters by role, and the request of a webhook step.
//!
//! Shapes of webhook steps are those of exports: `url`, `headers` and `data` as objects or texts, `basic_auth` as `user|password`.

use vestibule_core::document::{Document, Kind as JsonKind, NodeId};

use super::app::Tool;
use super::step::{Raw, values, word};
use crate::model::walk::{self, Leaf};
use crate::model::{Auth, Request, Role, Spot};
use crate::source::{Place, Text};

/// Values of a step, and its request if it sends one.
pub(super) fn read<'d>(tape: &Document<'d>, raw: &Raw<'d>, tool: Tool, is_start: bool) -> (Vec<Spot<'d>>, Option<Request>) {
    let mut spots = Vec::new();
    let mut request = None;
    if let Some(params) = raw.params {
        let is_raw =
            raw.action.contains("raw_request") || raw.action.contains("api_request") || raw.action.contains("custom_request");
        match tool {
            Tool::Webhook => request = Some(webhook(tape, params, raw, &mut spots)),
            Tool::App if is_raw => request = Some(webhook(tape, params, raw, &mut spots)),
            Tool::Code => code(tape, params, &mut spots),
            Tool::Condition => conditions(tape, params, &mut spots),
            Tool::Flow | Tool::ErrorHandler => spots.extend(values(tape, params, Role::Assigned)),
            Tool::App => fields(tape, params, is_start, &mut spots),
        }
    }
    if let Some(meta) = raw.meta {
        labels(tape, meta, &mut spots);
    }
    for member in &raw.rest {
        let name = tape.name(*member).unwrap_or_default().to_ascii_lowercase();
        let is_kept = ["sample", "test", "example", "result", "output", "data"].iter().any(|word| name.contains(word));
        let is_note = ["note", "description", "comment"].iter().any(|word| name.contains(word));
        let role = if is_kept {
            Role::Pinned
        } else if is_note {
            Role::Note
        } else {
            Role::Setting
        };
        spots.extend(values(tape, *member, role));
    }
    (spots, request.filter(|_| !is_start))
}

/// A spot of a leaf; only texts can hold references.
pub(super) fn spot<'d>(tape: &Document<'d>, leaf: &Leaf<'d>, role: Role) -> Spot<'d> {
    let spot = walk::spot(tape, leaf.node, leaf.name.clone(), role);
    let dynamic = spot.is_text && spot.value.contains("{{");
    Spot { dynamic, ..spot }
}

fn webhook<'d>(tape: &Document<'d>, params: NodeId, raw: &Raw<'d>, spots: &mut Vec<Spot<'d>>) -> Request {
    let method = method(tape, params, raw);
    let sends_query = matches!(method.as_deref(), Some("GET" | "HEAD"));
    let mut auth = if raw.authentication.is_some_and(|node| !tape.is_empty(node)) { Auth::Stored } else { Auth::None };
    for member in tape.children(params) {
        let is_text = tape.node(member).kind() == JsonKind::String;
        let role = match tape.name(member).unwrap_or_default().as_ref() {
            "url" => Role::Url,
            "headers" if is_text => Role::Headers,
            "headers" => Role::Header,
            "querystring" | "query" | "query_params" | "query_string" | "qs" => Role::Query,
            "data" | "body" | "payload" | "json" if is_text => Role::Body,
            "data" | "body" | "payload" | "json" if sends_query => Role::Query,
            "data" | "body" | "payload" | "json" | "file" => Role::Field,
            "basic_auth" | "auth" if is_text && !tape.is_empty(member) => {
                auth = Auth::Inline;
                basic(tape, member, spots);
                continue;
            }
            _ => Role::Setting,
        };
        spots.extend(values(tape, member, role));
    }
    Request { method, auth, verifies_tls: None, follows_redirects: None }
}

/// By the action's name, else as it is set; `None` for a method that is computed or not told.
fn method(tape: &Document<'_>, params: NodeId, raw: &Raw<'_>) -> Option<String> {
    let by_action = raw.action.to_ascii_uppercase();
    if matches!(by_action.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD") {
        return Some(by_action);
    }
    let set = word(tape, tape.member(params, "method")?).trim().to_ascii_uppercase();
    (!set.is_empty() && set.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(set)
}

/// `user|password` in one text; a text without a bar counts as the password.
fn basic<'d>(tape: &Document<'d>, node: NodeId, spots: &mut Vec<Spot<'d>>) {
    let text = tape.string(node);
    let (user, password): (Text<'d>, Text<'d>) = match &text {
        Text::Borrowed(text) => {
            text.split_once('|').map_or(("".into(), (*text).into()), |(user, password)| (user.into(), password.into()))
        }
        Text::Owned(text) => text.split_once('|').map_or((Text::default(), text.clone().into()), |(user, password)| {
            (user.to_owned().into(), password.to_owned().into())
        }),
    };
    let name = tape.name(node).unwrap_or_default();
    for (role, value) in [(Role::User, user), (Role::Password, password)] {
        if !value.is_empty() {
            let dynamic = value.contains("{{");
            spots.push(Spot { role, name: name.clone(), value, dynamic, is_text: true, place: Place::Node(node) });
        }
    }
}

fn code<'d>(tape: &Document<'d>, params: NodeId, spots: &mut Vec<Spot<'d>>) {
    for member in tape.children(params) {
        let role = match tape.name(member).unwrap_or_default().as_ref() {
            "code" => Role::Code,
            "input" | "input_data" | "inputData" => Role::Assigned,
            _ => Role::Setting,
        };
        spots.extend(values(tape, member, role));
    }
}

/// What a filter compares; the numbers that tie its lines together mean nothing.
fn conditions<'d>(tape: &Document<'d>, params: NodeId, spots: &mut Vec<Spot<'d>>) {
    for member in tape.children(params) {
        if !tape.name_is(member, "filter_criteria") {
            spots.extend(values(tape, member, Role::Setting));
            continue;
        }
        for criterion in tape.children(member) {
            let parts = tape.children(criterion).filter(|part| !tape.name_is(*part, "id") && !tape.name_is(*part, "group"));
            for part in parts {
                let is_key = tape.name_is(part, "key");
                spots.extend(values(tape, part, Role::Condition).map(|spot| if is_key { reference(spot) } else { spot }));
            }
        }
    }
}

/// The left side of a condition is a reference without marks: `18__emails`.
fn reference(mut spot: Spot<'_>) -> Spot<'_> {
    let is_bare = spot.is_text && !spot.dynamic && spot.value.contains("__");
    if is_bare {
        spot.value = format!("{{{{{}}}}}", spot.value).into();
        spot.dynamic = true;
    }
    spot
}

/// Parameters of an app: what a trigger is set to, what an action or search sends. Names that begin with `_zap_` steer Zapier itself.
fn fields<'d>(tape: &Document<'d>, params: NodeId, is_start: bool, spots: &mut Vec<Spot<'d>>) {
    for member in tape.children(params) {
        let is_setting = is_start || tape.name(member).is_some_and(|name| name.starts_with("_zap_"));
        spots.extend(values(tape, member, if is_setting { Role::Setting } else { Role::Field }));
    }
}

/// Labels of chosen values, and whatever else a person may have written; what the editor keeps for itself is left out.
fn labels<'d>(tape: &Document<'d>, meta: NodeId, spots: &mut Vec<Spot<'d>>) {
    for member in tape.children(meta) {
        let role = match tape.name(member).unwrap_or_default().as_ref() {
            "parammap" => Role::Label,
            "stepTitle" | "timezone" | "validation" | "selectedGives" => continue,
            name if name.starts_with('$') => continue,
            name if name.to_ascii_lowercase().contains("sample") => Role::Pinned,
            _ => Role::Note,
        };
        spots.extend(values(tape, member, role));
    }
}
