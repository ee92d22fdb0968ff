//! One node as a step: what it does, what it is connected with, and every value typed into it.

use vestibule_core::document::{Document, Kind, NodeId};

use super::super::{Auth, Connection, Kind as StepKind, Reach, Request, Role, Spot, Step};
use super::kinds::{self, Class};
use super::spots::{self, Rule};
use super::{entry, flag_at, operation, text};
use crate::source::{At, Place, Text};

/// Members of a node that are read elsewhere, or that only the editor writes.
const OWN: [&str; 22] = [
    "parameters",
    "id",
    "name",
    "type",
    "typeVersion",
    "position",
    "credentials",
    "webhookId",
    "disabled",
    "onError",
    "continueOnFail",
    "retryOnFail",
    "executeOnce",
    "alwaysOutputData",
    "maxTries",
    "waitBetweenTries",
    "notesInFlow",
    "color",
    "cid",
    "creator",
    "extendsCredential",
    "issues",
];

/// Reads a node.
pub(super) fn read<'d>(tape: &Document<'d>, node: NodeId) -> Step<'d> {
    let module = text(tape, node, "type").unwrap_or_default();
    let name = text(tape, node, "name");
    let class = kinds::class(&module);
    let parameters = tape.member(node, "parameters");
    let mut spots = Vec::new();
    // every member, so that nothing hides behind a repeated name
    for member in tape.children(node) {
        let called = tape.name(member).unwrap_or_default();
        if called == "parameters" {
            take_parameters(tape, member, class, &mut spots);
        } else if called == "notes" {
            spots::take(tape, member, called, Rule::Role(Role::Note), &mut spots);
        } else if !OWN.contains(&called.as_ref()) {
            spots::take(tape, member, called, Rule::Role(Role::Setting), &mut spots);
        }
    }
    let connections = connections(tape, node, &mut spots);
    let on = |name: &str| flag_at(tape, node, name).is_some_and(|flag| flag.value);
    let continues = text(tape, node, "onError").is_some_and(|on_error| on_error.starts_with("continue"));
    Step {
        id: name.clone().unwrap_or_default(),
        name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| Text::Owned(kinds::short(&module).to_owned())),
        version: tape.member(node, "typeVersion").map(|version| Text::Borrowed(tape.raw(version))),
        place: Place::Node(node),
        disabled: on("disabled"),
        reach: Reach::Orphan,
        kind: kind(tape, node, parameters, class, &module),
        connections,
        spots,
        handles_errors: continues || on("continueOnFail") || on("retryOnFail"),
        understood: kinds::is_official(&module),
        module,
    }
}

fn kind(tape: &Document<'_>, node: NodeId, parameters: Option<NodeId>, class: Class, module: &str) -> StepKind {
    let of = |name: &str| text(tape, parameters?, name);
    match class {
        Class::Entry => StepKind::Entry(entry::read(tape, node, parameters, module)),
        Class::Http => StepKind::Request(request(tape, node, parameters, "GET")),
        Class::GraphQl => StepKind::Request(request(tape, node, parameters, "POST")),
        Class::Code | Class::Command => StepKind::Code,
        Class::Set => StepKind::Assign,
        Class::Reply => StepKind::Reply,
        Class::Condition | Class::Flow => StepKind::Flow,
        Class::Note => StepKind::Note,
        Class::App | Class::Community => {
            let query = of("query");
            let query = query.as_deref().map(|query| query.trim_start_matches('='));
            let reads =
                operation::reads(module, of("resource").as_deref(), of("operation").as_deref(), query, of("mode").as_deref());
            StepKind::App { reads }
        }
    }
}

fn request(tape: &Document<'_>, node: NodeId, parameters: Option<NodeId>, default: &str) -> Request {
    let of = |name: &str| text(tape, parameters?, name);
    let method = of("method").or_else(|| of("requestMethod"));
    let method = match method {
        Some(method) => (!method.starts_with('=')).then(|| method.to_ascii_uppercase()),
        None => Some(default.to_owned()),
    };
    let auth = match of("authentication").as_deref() {
        None | Some("none") => Auth::None,
        Some(stated) if stated.starts_with('=') => Auth::Unseen,
        Some(_) => Auth::Stored,
    };
    let options = parameters.and_then(|parameters| tape.member(parameters, "options"));
    // version 3 and later keep it in the options, earlier versions beside them
    let unverified =
        [options, parameters].into_iter().flatten().filter_map(|holder| flag_at(tape, holder, "allowUnauthorizedCerts"));
    let unverified = unverified.reduce(|first, second| if second.value { second } else { first });
    Request {
        method,
        auth,
        verifies_tls: unverified.map(|at| At { value: !at.value, place: at.place }),
        follows_redirects: options.and_then(|options| redirects(tape, node, options)),
    }
}

/// Where the file says that redirects are followed, or that they are not. Where the option was added and left as it was, its default
/// counts: off up to version 3, on since version 4.
fn redirects(tape: &Document<'_>, node: NodeId, options: NodeId) -> Option<At<bool>> {
    let across = flag_at(tape, options, "sendCredentialsOnCrossOriginRedirect").filter(|across| across.value);
    let old = ["followAllRedirects", "followRedirect"].into_iter().filter_map(|name| flag_at(tape, options, name));
    let old = old.reduce(|first, second| if first.value { first } else { second });
    let new = || {
        let outer = tape.member(options, "redirect")?;
        let inner = tape.member(outer, "redirect").unwrap_or(outer);
        flag_at(tape, inner, "followRedirects").or_else(|| {
            let version = tape.member(node, "typeVersion").and_then(|version| tape.raw(version).parse::<f64>().ok());
            Some(At { value: version.is_none_or(|version| version >= 4.0), place: Place::Node(outer) })
        })
    };
    across.or(old).or_else(new)
}

/// `credentials: {TYPE: {id, name}}`, or in old files `{TYPE: NAME}`.
fn connections<'d>(tape: &Document<'d>, node: NodeId, spots: &mut Vec<Spot<'d>>) -> Vec<Connection<'d>> {
    let stored = tape.member(node, "credentials").into_iter().flat_map(|all| tape.children(all));
    let mut connections = Vec::new();
    for stored in stored {
        let (id, label) = match tape.node(stored).kind() {
            Kind::Object => (tape.member(stored, "id"), tape.member(stored, "name")),
            Kind::String => (None, Some(stored)),
            _ => continue,
        };
        let id = id.filter(|id| !tape.is_empty(*id));
        let label = label.filter(|label| !tape.is_empty(*label));
        let Some(first) = id.or(label) else {
            continue;
        };
        let shown = |node: NodeId| match tape.node(node).kind() {
            Kind::String => tape.string(node),
            _ => Text::Borrowed(tape.raw(node)),
        };
        if let Some(label) = label {
            spots::take(tape, label, tape.name(stored).unwrap_or_default(), Rule::Role(Role::Label), spots);
        }
        connections.push(Connection {
            id: shown(first),
            label: label.map(shown),
            kind: tape.name(stored),
            place: Place::Node(first),
        });
    }
    connections
}

/// The values of a node's parameters, with the role that each has in a node of this class.
fn take_parameters<'d>(tape: &Document<'d>, parameters: NodeId, class: Class, spots: &mut Vec<Spot<'d>>) {
    if tape.node(parameters).kind() != Kind::Object {
        return spots::take(tape, parameters, Text::Borrowed("parameters"), Rule::Role(Role::Setting), spots);
    }
    for parameter in tape.children(parameters) {
        let name = tape.name(parameter).unwrap_or_default();
        let is_text = !tape.node(parameter).kind().is_container();
        let (rule, named) = match class {
            Class::Http => http(&name, is_text),
            Class::GraphQl => graph_ql(&name),
            Class::Code => (code(&name), true),
            Class::Command if name == "command" => (Rule::Role(Role::Command), true),
            Class::Set => assigned(&name),
            Class::Reply => replied(&name),
            Class::Condition => (condition(&name), true),
            Class::Note if name == "content" => (Rule::Role(Role::Note), true),
            Class::Flow if name == "workflowInputs" || name == "fields" => (Rule::Role(Role::Assigned), true),
            Class::App | Class::Community => (vendor(&name), true),
            _ => (Rule::Role(Role::Setting), true),
        };
        let called = if named { name } else { Text::Borrowed("") };
        spots::take(tape, parameter, called, rule, spots);
    }
}

/// The parts of a request, under their names in all versions; the second says whether the parameter's own name names the value.
fn http(name: &str, is_text: bool) -> (Rule, bool) {
    let rule = match name {
        "url" => return (Rule::Role(Role::Url), true),
        "headerParameters" | "headerParametersUi" | "parametersHeaders" if !is_text => Rule::Pairs(Role::Header),
        "queryParameters" | "queryParametersUi" | "parametersQuery" if !is_text => Rule::Pairs(Role::Query),
        "bodyParameters" | "bodyParametersUi" | "parametersBody" if !is_text => Rule::Pairs(Role::Field),
        "headerParameters" | "headerParametersUi" | "parametersHeaders" | "jsonHeaders" | "headerParametersJson" => {
            Rule::Role(if is_text { Role::Headers } else { Role::Header })
        }
        "queryParameters" | "queryParametersUi" | "parametersQuery" | "jsonQuery" | "queryParametersJson" => {
            Rule::Role(Role::Query)
        }
        "bodyParameters" | "bodyParametersUi" | "parametersBody" | "jsonBody" | "bodyParametersJson" | "body" => {
            Rule::Role(if is_text { Role::Body } else { Role::Field })
        }
        _ => return (Rule::Role(Role::Setting), true),
    };
    (rule, false)
}

fn graph_ql(name: &str) -> (Rule, bool) {
    match name {
        "endpoint" => (Rule::Role(Role::Url), true),
        "headerParametersUi" => (Rule::Pairs(Role::Header), false),
        "query" | "variables" => (Rule::Role(Role::Body), true),
        _ => (Rule::Role(Role::Setting), true),
    }
}

fn code(name: &str) -> Rule {
    Rule::Role(if matches!(name, "jsCode" | "pythonCode" | "functionCode" | "code") { Role::Code } else { Role::Setting })
}

fn assigned(name: &str) -> (Rule, bool) {
    match name {
        "assignments" | "values" | "fields" => (Rule::Role(Role::Assigned), true),
        "jsonOutput" | "rawJson" | "jsonData" => (Rule::Role(Role::Assigned), false),
        _ => (Rule::Role(Role::Setting), true),
    }
}

fn replied(name: &str) -> (Rule, bool) {
    match name {
        "responseBody" | "payload" => (Rule::Role(Role::Reply), false),
        "redirectURL" | "message" | "options" => (Rule::Role(Role::Reply), true),
        _ => (Rule::Role(Role::Setting), true),
    }
}

fn condition(name: &str) -> Rule {
    let is_condition = matches!(name, "conditions" | "rules" | "value1" | "value2" | "output" | "dataType");
    Rule::Role(if is_condition { Role::Condition } else { Role::Setting })
}

/// A vendor's node; its options are told apart from what it sends.
fn vendor(name: &str) -> Rule {
    match name {
        "options" | "additionalOptions" => Rule::Options,
        "toolDescription" | "descriptionType" => Rule::Role(Role::Setting),
        _ => Rule::Vendor,
    }
}
