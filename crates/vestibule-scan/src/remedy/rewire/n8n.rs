//! n8n's HTTP nodes: the node of every version, its twin for agents, and the older tool.
//!
//! The node asks for a credential of the kind Header Auth by name and without an id: n8n takes the one of that name on import, and
//! shows the node as incomplete where there is none.

use vestibule_core::document::{Document, Edits, Kind as Json, Limits, Loose, NodeId};

use super::secrets::{Secrets, is_credential_header, is_credential_parameter};
use super::{Draft, HEADERS, Operation, SHAPE, proof_before};
use crate::model::Step;
use crate::source::Place;

/// What the credential is to be called.
const CREDENTIAL: &str = "{\"httpHeaderAuth\":{\"id\":null,\"name\":\"Vestibule workflow key\"}}";
const CHOOSE: &str = "Header Auth, to be made: the credential “Vestibule workflow key” with the name `Authorization` and the value `Bearer <workflow key>`";

/// Where the versions keep lists of headers: the member, and the list in it.
const HEADER_LISTS: [(&str, &str); 3] =
    [("headerParameters", "parameters"), ("headerParametersUi", "parameter"), ("parametersHeaders", "values")];
/// Where they keep lists of query parameters.
const QUERY_LISTS: [(&str, &str); 3] =
    [("queryParameters", "parameters"), ("queryParametersUi", "parameter"), ("parametersQuery", "values")];

pub(super) fn rewrite(
    tape: &Document<'_>,
    step: &Step<'_>,
    url: NodeId,
    secrets: &Secrets<'_>,
    draft: &mut Draft,
) -> Result<(), &'static str> {
    let Place::Node(node) = step.place else { return Err(SHAPE) };
    let kind = step.module.rsplit('.').next().unwrap_or_default();
    let parameters = tape.node(url).parent();
    if !["httpRequest", "httpRequestTool", "toolHttpRequest"].contains(&kind)
        || tape.member(node, "parameters") != Some(parameters)
    {
        return Err(SHAPE);
    }
    for (lists, is_header) in [(&HEADER_LISTS, true), (&QUERY_LISTS, false)] {
        for (member, list) in lists {
            if let Some(list) = tape.member(parameters, member).and_then(|member| tape.member(member, list)) {
                clean_list(tape, list, is_header, secrets, draft);
            }
        }
    }
    for (name, is_header) in
        [("jsonHeaders", true), ("headerParametersJson", true), ("jsonQuery", false), ("queryParametersJson", false)]
    {
        if let Some(text) = tape.member(parameters, name) {
            clean_text(tape, text, is_header, secrets, draft)?;
        }
    }
    certificates(tape, parameters, draft);
    let is_first = kind == "httpRequest" && step.version.as_deref().is_none_or(|version| version.split('.').next() == Some("1"));
    if is_first {
        draft.set(tape, parameters, "authentication", "\"headerAuth\"");
    } else {
        draft.set(tape, parameters, "authentication", "\"genericCredentialType\"");
        draft.set(tape, parameters, "genericAuthType", "\"httpHeaderAuth\"");
    }
    draft.unset(tape, parameters, &["nodeCredentialType"]);
    draft.set(tape, node, "credentials", CREDENTIAL);
    let told = tape.member(parameters, "authentication").unwrap_or(parameters);
    draft.tell(told, "authentication", proof_before(step.request()), CHOOSE);
    Ok(())
}

/// `[{"name": …, "value": …}]`
fn clean_list(tape: &Document<'_>, list: NodeId, is_header: bool, secrets: &Secrets<'_>, draft: &mut Draft) {
    for pair in tape.children(list) {
        let Some(name) = tape.member(pair, "name") else { continue };
        // a header without a value would be sent empty, beside the key
        let value = tape.member(pair, "value").unwrap_or(name);
        let (said, text) = (tape.string(name), if value == name { "".into() } else { tape.string(value) });
        let is_credential = if is_header { secrets.is_header(&said, value) } else { secrets.is_parameter(&said, &text, value) };
        if is_credential {
            draft.tell(value, format!("{} {said}", if is_header { "header" } else { "parameter" }), "…", "");
            draft.key_from_elsewhere(&said, &text);
            draft.operations.push(Operation::Remove(pair));
        }
    }
}

/// Headers or parameters as one JSON text, perhaps with expressions in it. A text that cannot be taken apart stays where nothing in it
/// looks like a credential.
fn clean_text(
    tape: &Document<'_>,
    node: NodeId,
    is_header: bool,
    secrets: &Secrets<'_>,
    draft: &mut Draft,
) -> Result<(), &'static str> {
    if tape.node(node).kind() != Json::String || tape.is_empty(node) {
        return Ok(());
    }
    let text = tape.string(node);
    let (mark, json) = text.split_at_checked(usize::from(text.starts_with('='))).unwrap_or_default();
    let Some(inner) = Loose::parse(json.as_bytes(), &Limits::default())
        .ok()
        .filter(|inner| inner.tape().node(inner.tape().root()).kind() == Json::Object)
    else {
        let lower = text.to_ascii_lowercase();
        let is_computed = lower.trim_start_matches(['=', ' ']).starts_with("{{");
        let suspicious = is_computed || lower.contains("auth") || lower.contains("key") || secrets.holds(&Place::Node(node));
        return if suspicious { Err(HEADERS) } else { Ok(()) };
    };
    let (inner, mut edits) = (inner.tape(), Edits::new());
    for member in inner.children(inner.root()) {
        let name = inner.name(member).unwrap_or_default();
        let value = inner.string(member);
        let named = if is_header { is_credential_header(&name) } else { is_credential_parameter(&name, &value) };
        if named || secrets.is_in(&value, node) {
            draft.tell(node, format!("{} {name}", if is_header { "header" } else { "parameter" }), "…", "");
            draft.key_from_elsewhere(&name, &value);
            edits.remove(member);
        }
    }
    if !edits.is_empty() {
        let cleaned = edits.apply(inner);
        draft.text(node, &format!("{mark}{}", String::from_utf8_lossy(&cleaned)));
    }
    Ok(())
}

fn certificates(tape: &Document<'_>, parameters: NodeId, draft: &mut Draft) {
    let options = tape.member(parameters, "options");
    for object in [Some(parameters), options].into_iter().flatten() {
        if let Some(off) = tape.member(object, "allowUnauthorizedCerts").filter(|off| tape.raw(*off) == "true") {
            draft.tell(off, "certificate check", "off", "on");
            draft.operations.push(Operation::Replace(off, b"false".to_vec()));
        }
    }
    if let Some(own) = tape.member(parameters, "provideSslCertificates").filter(|own| tape.raw(*own) == "true") {
        draft.tell(own, "certificate of its own", "sent", "none");
        draft.operations.push(Operation::Replace(own, b"false".to_vec()));
        draft.still.push("The vendor asks for a client certificate: the gateway must show it.".to_owned());
    }
}
