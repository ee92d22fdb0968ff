//! Every value typed into a node, called as n8n's parameters call it: pairs of name and value, chosen items, mapped columns, conditions.

use vestibule_core::document::{Document, Kind, NodeId};

use super::super::{Role, Spot, walk};
use crate::source::Text;

/// How the role of a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Always this one.
    Role(Role),
    /// This one, in a list of names and values.
    Pairs(Role),
    /// A vendor's node: texts are sent as fields, choices are settings.
    Vendor,
    /// Below the options of a vendor's node: only what is worked out is sent.
    Options,
}

/// Members that name the value beside them.
const NAMING: [&str; 13] = [
    "name",
    "key",
    "fieldName",
    "fieldId",
    "field",
    "column",
    "columnName",
    "property",
    "propertyName",
    "parameter",
    "header",
    "attribute",
    "variable",
];
/// Members that the editor writes, in pairs and in conditions.
const EDITOR: [&str; 6] = ["id", "type", "parameterType", "valueProvider", "valueType", "singleValue"];
/// Members of a condition that say how to compare.
const HOW: [&str; 6] = ["id", "operator", "operation", "options", "combinator", "renameOutput"];
/// Parameters by which a person chooses what a vendor's node does.
const CHOICES: [&str; 23] = [
    "resource",
    "operation",
    "authentication",
    "mode",
    "select",
    "event",
    "events",
    "triggerOn",
    "model",
    "modelId",
    "language",
    "format",
    "encoding",
    "dataMode",
    "binaryPropertyName",
    "binaryPropertyOutput",
    "messageType",
    "parse_mode",
    "contentType",
    "returnType",
    "specifyInputSchema",
    "webhookUri",
    "webhookUrl",
];

/// Adds every value at or below `from` to `spots`; `name` is what `from` itself is called.
pub(super) fn take<'d>(tape: &Document<'d>, from: NodeId, name: Text<'d>, rule: Rule, spots: &mut Vec<Spot<'d>>) {
    let mut open = vec![Open { node: from, name, rule, in_list: false }];
    while let Some(next) = open.pop() {
        match tape.node(next.node).kind() {
            Kind::Null => {}
            Kind::Array => {
                let first = open.len();
                let rule = next.rule;
                open.extend(tape.children(next.node).map(|node| Open { node, name: next.name.clone(), rule, in_list: true }));
                open.get_mut(first..).unwrap_or_default().reverse();
            }
            Kind::Object => {
                let first = open.len();
                members(tape, &next, &mut open);
                open.get_mut(first..).unwrap_or_default().reverse();
            }
            _ => spots.extend(spot(tape, next)),
        }
    }
}

struct Open<'d> {
    node: NodeId,
    name: Text<'d>,
    rule: Rule,
    in_list: bool,
}

/// What is to be looked at below an object.
fn members<'d>(tape: &Document<'d>, of: &Open<'d>, open: &mut Vec<Open<'d>>) {
    let has = |name: &str| tape.member(of.node, name).is_some();
    let setting = Rule::Role(Role::Setting);
    if has("__rl") {
        // an item chosen from a list: its id, and what the editor showed
        for node in tape.children(of.node) {
            match tape.name(node).unwrap_or_default().as_ref() {
                "__rl" | "mode" => {}
                "value" => open.push(Open { node, name: of.name.clone(), rule: chosen(of.rule), in_list: false }),
                _ => open.push(Open { node, name: of.name.clone(), rule: Rule::Role(Role::Label), in_list: false }),
            }
        }
        return;
    }
    if has("mappingMode") {
        for node in tape.children(of.node) {
            let name = tape.name(node).unwrap_or_default();
            match name.as_ref() {
                "schema" | "attemptToConvertTypes" | "convertFieldsToString" => {}
                "value" => open.push(Open { node, name: of.name.clone(), rule: mapped(of.rule), in_list: false }),
                _ => open.push(Open { node, name, rule: setting, in_list: false }),
            }
        }
        return;
    }
    if of.rule == Rule::Role(Role::Condition) {
        // what is compared, without how
        let compared = tape.children(of.node).map(|node| (node, tape.name(node).unwrap_or_default()));
        let compared = compared.filter(|(_, name)| !HOW.contains(&name.as_ref()));
        return open.extend(compared.map(|(node, name)| Open { node, name, rule: of.rule, in_list: false }));
    }
    let said = said(tape, of);
    for node in tape.children(of.node) {
        let name = tape.name(node).unwrap_or_default();
        let rule = match of.rule {
            Rule::Vendor if name == "options" || name == "additionalOptions" => Rule::Options,
            rule => rule,
        };
        let Some((naming, said)) = &said else {
            open.push(Open { node, name, rule, in_list: false });
            continue;
        };
        if node == *naming || EDITOR.contains(&name.as_ref()) {
            continue;
        }
        let is_value = said.1 || is_value(&name);
        let name = if is_value { said.0.clone() } else { name };
        open.push(Open { node, name, rule: if is_value { rule } else { setting }, in_list: false });
    }
}

/// The rule for the id of a chosen item: it is a setting, unless the whole place has a role of its own.
fn chosen(rule: Rule) -> Rule {
    match rule {
        Rule::Vendor | Rule::Options => Rule::Role(Role::Setting),
        rule => rule,
    }
}

/// The rule for mapped columns.
fn mapped(rule: Rule) -> Rule {
    match rule {
        Rule::Vendor | Rule::Options => Rule::Role(Role::Field),
        rule => rule,
    }
}

/// The naming member of a pair, what it says, and whether every other member is a value (Notion's `Email|email`).
fn said<'d>(tape: &Document<'d>, of: &Open<'d>) -> Option<(NodeId, (Text<'d>, bool))> {
    if !of.in_list && matches!(of.rule, Rule::Vendor | Rule::Options) {
        return None;
    }
    let naming = NAMING.iter().find_map(|name| tape.member(of.node, name))?;
    let is_named = |node: NodeId| tape.name(node).is_some_and(|name| is_value(&name));
    let said = match tape.string(naming) {
        Text::Borrowed(said) => Text::Borrowed(said.strip_prefix('=').unwrap_or(said)),
        Text::Owned(said) => Text::Owned(said.strip_prefix('=').map(str::to_owned).unwrap_or(said)),
    };
    if said.is_empty() {
        return None;
    }
    if let Some((name, _)) = said.split_once('|').filter(|_| tape.name_is(naming, "key")) {
        return Some((naming, (Text::Owned(name.to_owned()), true)));
    }
    // in a request a name without a value is a parameter that a model fills
    (matches!(of.rule, Rule::Pairs(_)) || tape.children(of.node).any(is_named)).then_some((naming, (said, false)))
}

/// Members that are named by the one beside them; of a file in a form, the name of the field that holds it.
fn is_value(name: &str) -> bool {
    name == "value" || name == "val" || name.ends_with("Value") || name == "inputDataFieldName"
}

/// A scalar; empty texts are nothing that anybody typed.
fn spot<'d>(tape: &Document<'d>, at: Open<'d>) -> Option<Spot<'d>> {
    let mut spot = walk::spot(tape, at.node, at.name, Role::Setting);
    if spot.value.is_empty() {
        return None;
    }
    spot.role = match at.rule {
        Rule::Role(role) | Rule::Pairs(role) => role,
        Rule::Vendor if spot.is_text && !CHOICES.contains(&spot.name.as_ref()) => Role::Field,
        Rule::Options if spot.is_text && spot.value.starts_with('=') => Role::Field,
        Rule::Vendor | Rule::Options => Role::Setting,
    };
    let verbatim = matches!(spot.role, Role::Code | Role::Note | Role::Pinned);
    if spot.is_text && !verbatim {
        spot.dynamic = evaluated(&mut spot.value);
    }
    Some(spot)
}

/// Takes the `=` off. A text with `{{` and without `=` is sent as it stands, but whoever wrote it meant an expression.
fn evaluated(value: &mut Text<'_>) -> bool {
    match value {
        Text::Borrowed(text) => {
            if let Some(rest) = text.strip_prefix('=') {
                *text = rest;
                return true;
            }
        }
        Text::Owned(text) => {
            if text.starts_with('=') {
                text.remove(0);
                return true;
            }
        }
    }
    value.contains("{{")
}
