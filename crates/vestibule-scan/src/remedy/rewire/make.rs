//! Make's HTTP modules.
//!
//! Version 4 (`http:MakeRequest`) gets the authentication type `apiKey` with an empty key. A version 3 request becomes
//! `http:ActionSendDataAPIKeyAuth`, the same module with a stored key: its other settings and its output are the same, so that later
//! steps keep their mappings. A header with a placeholder instead would import as well, but invites to type the key into the step,
//! where every export shows it. “Get a file” sends no headers and stays.

use std::collections::HashSet;

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::secrets::{Secrets, is_credential_header};
use super::{Draft, HEADERS, Operation, SHAPE, proof_before};
use crate::model::{Role, Step};
use crate::source::Place;

const CHOOSE: &str =
    "API key, to be chosen: a key of the type API key, in the header `Authorization`, with the value `Bearer <workflow key>`";
const NO_HEADERS: &str =
    "This module sends no headers, so it can show the gateway no key. Use HTTP › Make a request instead, then it can be moved.";

/// What the editor keeps of the settings that change; it would show the old ones.
const KEPT: [&str; 7] =
    ["authenticationType", "apiKeyKeychain", "basicAuthKeychain", "oAuthAccount", "tlsType", "auth", "account"];

pub(super) fn rewrite(
    tape: &Document<'_>,
    step: &Step<'_>,
    url: NodeId,
    secrets: &Secrets<'_>,
    draft: &mut Draft,
) -> Result<(), &'static str> {
    let Place::Node(module) = step.place else { return Err(SHAPE) };
    let version_4 = step.module == "http:MakeRequest";
    if !version_4 && !step.module.starts_with("http:ActionSendData") {
        return Err(if step.module.starts_with("http:") && step.understood { NO_HEADERS } else { SHAPE });
    }
    let mapper = tape.node(url).parent();
    if !step.understood || tape.member(module, "mapper") != Some(mapper) {
        return Err(SHAPE);
    }
    let parameters = tape.member(module, "parameters").filter(|parameters| tape.node(*parameters).kind() == Json::Object);
    let parts: Vec<NodeId> = [Some(mapper), parameters, Some(module)].into_iter().flatten().collect();
    pairs(tape, step, &parts, secrets, draft)?;
    certificates(tape, mapper, draft);
    match (parameters, version_4) {
        (Some(parameters), true) => {
            draft.set(tape, parameters, "authenticationType", "\"apiKey\"");
            draft.set(tape, parameters, "apiKeyKeychain", "\"\"");
            draft.unset(tape, parameters, &["basicAuthKeychain", "oAuthAccount"]);
            if let Some(tls) = tape.member(parameters, "tlsType").filter(|tls| !tape.is_empty(*tls)) {
                draft.tell(tls, "certificate of its own", tape.string(tls), "none");
                draft.text(tls, "");
            }
        }
        (Some(parameters), false) => {
            draft.set(tape, parameters, "auth", "null");
            draft.unset(tape, parameters, &["account"]);
        }
        (None, true) => draft.set(tape, module, "parameters", "{\"authenticationType\":\"apiKey\",\"apiKeyKeychain\":\"\"}"),
        (None, false) => draft.set(tape, module, "parameters", "{\"auth\":null,\"handleErrors\":false}"),
    }
    if !version_4 && let Some(key) = tape.member(module, "module") {
        draft.operations.push(Operation::Replace(key, b"\"http:ActionSendDataAPIKeyAuth\"".to_vec()));
    }
    draft.tell(parameters.unwrap_or(module), "authentication", proof_before(step.request()), CHOOSE);
    forget(tape, module, draft);
    Ok(())
}

/// Takes credentials out of headers and query, and empties user and password.
fn pairs(
    tape: &Document<'_>,
    step: &Step<'_>,
    parts: &[NodeId],
    secrets: &Secrets<'_>,
    draft: &mut Draft,
) -> Result<(), &'static str> {
    let mut gone = HashSet::new();
    for spot in &step.spots {
        let Place::Node(node) = spot.place else { continue };
        let Some((member, element)) = within(tape, parts, node) else { continue };
        let is_whole = element.is_none();
        let (what, is_credential) = match spot.role {
            Role::Headers if is_whole => return Err(HEADERS),
            Role::Headers => ("header", secrets.holds(&spot.place)),
            Role::Header => ("header", secrets.is_header(&spot.name, node)),
            Role::Query if is_whole && secrets.holds(&spot.place) => return Err(HEADERS),
            Role::Query => ("parameter", secrets.is_parameter(&spot.name, &spot.value, node)),
            Role::User | Role::Password if !gone.contains(&member) => {
                draft.tell(node, if spot.role == Role::User { "user" } else { "password" }, "…", "");
                draft.text(member, "");
                gone.insert(member);
                continue;
            }
            _ => continue,
        };
        let Some(pair) = element.filter(|pair| is_credential && !gone.contains(pair)) else { continue };
        draft.tell(node, format!("{what} {}", spot.name), "…", "");
        draft.key_from_elsewhere(&spot.name, &spot.value);
        draft.operations.push(Operation::Remove(pair));
        gone.insert(pair);
    }
    for name in parts.iter().flat_map(|part| empty_headers(tape, *part)) {
        let pair = tape.node(name).parent();
        if !gone.contains(&pair) {
            draft.tell(name, format!("header {}", tape.string(name)), "empty", "");
            draft.operations.push(Operation::Remove(pair));
        }
    }
    Ok(())
}

/// Names of credential headers in the list of headers: one without a value would be sent empty, beside the key.
fn empty_headers<'t>(tape: &'t Document<'_>, part: NodeId) -> impl Iterator<Item = NodeId> + 't {
    let headers =
        tape.children(part).filter(|member| tape.name_is(*member, "headers") && tape.node(*member).kind() == Json::Array);
    let names = headers.flat_map(|headers| tape.children(headers)).filter_map(|pair| tape.member(pair, "name"));
    names.filter(|name| is_credential_header(&tape.string(*name)))
}

/// The member of one of the parts that the value stands in, and the element or member of that one.
fn within(tape: &Document<'_>, parts: &[NodeId], value: NodeId) -> Option<(NodeId, Option<NodeId>)> {
    let (mut node, mut inner) = (value, None);
    loop {
        let parent = tape.node(node).parent();
        if parts.contains(&parent) {
            return Some((node, inner));
        }
        if parent == node {
            return None;
        }
        inner = Some(node);
        node = parent;
    }
}

/// Certificates are checked, and none of one's own is needed: the gateway has a public one, and shows the vendor its own.
fn certificates(tape: &Document<'_>, mapper: NodeId, draft: &mut Draft) {
    for member in tape.children(mapper) {
        let is_on = tape.raw(member) == "true" || tape.string(member) == "true";
        let is_off = tape.raw(member) == "false" || tape.string(member) == "false";
        if tape.name_is(member, "rejectUnauthorized") && is_off {
            draft.tell(member, "certificate check", "off", "on");
            draft.operations.push(Operation::Replace(member, b"true".to_vec()));
        } else if tape.name_is(member, "useMtls") && is_on {
            draft.tell(member, "certificate of its own", "sent", "none");
            draft.operations.push(Operation::Replace(member, b"false".to_vec()));
            draft.still.push("The vendor asks for a client certificate: the gateway must show it.".to_owned());
        } else if tape.name_is(member, "ca") && !tape.is_empty(member) {
            draft.tell(member, "certificate that is trusted", "one of its own", "the public ones");
            draft.text(member, "");
        }
    }
}

fn forget(tape: &Document<'_>, module: NodeId, draft: &mut Draft) {
    let restore = tape.member(module, "metadata").and_then(|metadata| tape.member(metadata, "restore"));
    let Some(restore) = restore else { return };
    draft.unset(tape, restore, &KEPT);
    if let Some(parameters) = tape.member(restore, "parameters") {
        draft.unset(tape, parameters, &KEPT);
    }
}
