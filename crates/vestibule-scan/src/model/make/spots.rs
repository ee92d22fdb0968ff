//! Every value of a module, each once and under the name people know it by.
//!
//! Make keeps names and values apart (`{"name": "X-Key", "value": "…"}`, `{"key": …, "value": …}`), writes some parts as text and
//! some as structure, and hand-made blueprints put anything anywhere: what is not recognised is read by name.

use std::borrow::Cow;

use vestibule_core::document::{Document, Kind as Json, NodeId};

use super::scalar;
use crate::expression;
use crate::model::{Platform, Role, Spot, walk};
use crate::source::Text;

/// How the values of a module are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A request.
    Http,
    /// The answer to a webhook.
    Reply,
    /// Variables.
    Assign,
    /// Code with inputs.
    Code,
    /// Values that are transformed for later steps.
    Values,
    /// Nothing leaves and nothing is kept.
    Settings,
    /// Fields of a vendor; `free` where people write the request themselves.
    App { free: bool },
}

/// Members that name the value beside them.
const NAMING: [&str; 5] = ["name", "key", "header", "field", "parameter"];
/// Members that hold the value so named.
const NAMED: [&str; 4] = ["value", "data", "val", "values"];

/// The values found so far.
pub(super) struct Spots<'t, 'd> {
    tape: &'t Document<'d>,
    shape: Shape,
    spots: Vec<Spot<'d>>,
}

impl<'t, 'd> Spots<'t, 'd> {
    pub(super) fn new(tape: &'t Document<'d>, shape: Shape) -> Self {
        Self { tape, shape, spots: Vec::new() }
    }

    pub(super) fn done(self) -> Vec<Spot<'d>> {
        self.spots
    }

    /// What is mapped.
    pub(super) fn mapper(&mut self, mapper: NodeId) {
        if self.tape.node(mapper).kind() != Json::Object {
            let role = if self.shape == Shape::Http { Role::Body } else { self.otherwise() };
            return self.leaves(mapper, Cow::Borrowed("mapper"), role);
        }
        if self.shape == Shape::Assign && self.naming(mapper).is_some() {
            return self.pair(mapper, Role::Assigned);
        }
        for member in self.tape.children(mapper) {
            self.member(member, self.otherwise());
        }
    }

    /// What is set once: options, chosen items. Hand-made blueprints put whole requests here.
    pub(super) fn parameters(&mut self, parameters: NodeId, is_connection: impl Fn(NodeId) -> bool) {
        if self.tape.node(parameters).kind() != Json::Object {
            return self.leaves(parameters, Cow::Borrowed("parameters"), Role::Setting);
        }
        for member in self.tape.children(parameters) {
            if !is_connection(member) {
                self.member(member, Role::Setting);
            }
        }
    }

    /// A member that Make's own modules do not have.
    pub(super) fn beside(&mut self, member: NodeId) {
        let name = self.tape.name(member).unwrap_or_default();
        match name.as_ref() {
            "note" | "notes" | "comment" | "_comment" | "description" => self.leaves(member, name, Role::Note),
            _ => self.member(member, Role::Setting),
        }
    }

    /// Settings of the flow, such as `flags.groupBy`.
    pub(super) fn settings(&mut self, node: NodeId) {
        self.leaves(node, Cow::Borrowed("flags"), Role::Setting);
    }

    /// What stands beside the modules of a route, branch or tool: its name, condition and description.
    pub(super) fn around(&mut self, groups: NodeId) {
        let elements: Vec<NodeId> = match self.tape.node(groups).kind() {
            Json::Array => self.tape.children(groups).collect(),
            _ => vec![groups],
        };
        for element in elements {
            let holds_modules = ["flow", "module"]
                .iter()
                .any(|name| self.tape.member(element, name).is_some_and(|inner| self.is_container(inner)));
            if !holds_modules {
                continue;
            }
            for member in self.tape.children(element) {
                let name = self.tape.name(member).unwrap_or_default();
                match name.as_ref() {
                    "flow" | "module" => {}
                    "filter" | "condition" | "conditions" => self.conditions(member),
                    "name" | "label" => self.leaves(member, name, Role::Label),
                    _ => self.leaves(member, name, Role::Setting),
                }
            }
        }
    }

    /// A filter: `{"name", "conditions": [[{"a", "o", "b"}]]}`, or a text. A literal right side is called as the field on the left.
    pub(super) fn conditions(&mut self, filter: NodeId) {
        let mut open = vec![(filter, Cow::Borrowed("filter"))];
        while let Some((node, name)) = open.pop() {
            match self.tape.node(node).kind() {
                Json::Null => {}
                Json::Array => push_reversed(&mut open, self.tape.children(node).map(|child| (child, name.clone()))),
                Json::Object => {
                    let compared = self.tape.member(node, "a").map(|left| self.compared(left));
                    let members = self.tape.children(node).filter(|child| !self.tape.name_is(*child, "o")).map(|child| {
                        let own = self.tape.name(child).unwrap_or_default();
                        match &compared {
                            Some(compared) if own == "b" => (child, compared.clone()),
                            _ => (child, own),
                        }
                    });
                    push_reversed(&mut open, members.collect::<Vec<_>>().into_iter());
                }
                _ if name == "name" || name == "label" => self.push(node, name, Role::Label),
                _ => self.push(node, name, Role::Condition),
            }
        }
    }

    /// What the editor keeps to show again: labels and paths of connections and chosen items.
    pub(super) fn labels(&mut self, restore: NodeId) {
        let mut open = vec![(restore, Cow::Borrowed("restore"))];
        while let Some((node, parent)) = open.pop() {
            let mut inner = Vec::new();
            for child in self.tape.children(node) {
                let own = self.tape.name(child).unwrap_or_else(|| parent.clone());
                if own == "label" || own == "path" {
                    self.leaves(child, parent.clone(), Role::Label);
                } else if self.is_container(child) {
                    inner.push((child, own));
                }
            }
            push_reversed(&mut open, inner.into_iter());
        }
    }

    /// The role of a value that its name does not sort.
    fn otherwise(&self) -> Role {
        match self.shape {
            Shape::App { .. } => Role::Field,
            Shape::Reply => Role::Reply,
            Shape::Assign | Shape::Values => Role::Assigned,
            Shape::Http | Shape::Code | Shape::Settings => Role::Setting,
        }
    }

    fn member(&mut self, member: NodeId, otherwise: Role) {
        let name = self.tape.name(member).unwrap_or_default();
        match self.shape {
            Shape::Http | Shape::App { free: true } => self.request_part(member, name, otherwise),
            Shape::Reply => match name.as_ref() {
                "headers" => self.pairs(member, name, Role::Header),
                "status" | "statusCode" => self.leaves(member, name, Role::Setting),
                _ => self.leaves(member, name, otherwise),
            },
            Shape::Assign => match name.as_ref() {
                "variables" => self.pairs(member, name, Role::Assigned),
                "scope" => self.leaves(member, name, Role::Setting),
                _ => self.leaves(member, name, otherwise),
            },
            Shape::Code if is_code(&name) => self.leaves(member, name, Role::Code),
            Shape::Code if name == "input" || name == "inputs" => self.pairs(member, name, Role::Assigned),
            Shape::Code => self.leaves(member, name, otherwise),
            Shape::App { free: false } if is_code(&name) => self.leaves(member, name, Role::Code),
            Shape::App { free: false } if name == "headers" => self.pairs(member, name, Role::Header),
            Shape::App { free: false } | Shape::Values | Shape::Settings => self.leaves(member, name, otherwise),
        }
    }

    fn request_part(&mut self, member: NodeId, name: Text<'d>, otherwise: Role) {
        match name.as_ref() {
            "url" | "URL" | "uri" | "endpoint" | "baseUrl" | "baseURL" => self.leaves(member, name, Role::Url),
            "headers" | "header" | "customHeaders" if !self.is_container(member) => self.push(member, name, Role::Headers),
            "headers" | "header" | "customHeaders" => self.pairs(member, name, Role::Header),
            "qs" | "query" | "queryString" | "queryParameters" | "queryParams" => self.pairs(member, name, Role::Query),
            "authUser" | "username" | "user" => self.leaves(member, name, Role::User),
            "authPass" | "password" => self.leaves(member, name, Role::Password),
            "data" | "body" | "rawBody" | "requestBody" | "payload" | "json" => self.body(member, name),
            "formFields" | "formDataFields" | "formData" | "fields" => self.pairs(member, name, Role::Field),
            other if other.ends_with("BodyContent") => self.body(member, name),
            _ => self.leaves(member, name, otherwise),
        }
    }

    fn body(&mut self, node: NodeId, name: Text<'d>) {
        match self.tape.node(node).kind() {
            Json::Array | Json::Object => self.pairs(node, name, Role::Field),
            _ => self.push(node, name, Role::Body),
        }
    }

    /// A list of named values; anything else is read by name.
    fn pairs(&mut self, node: NodeId, name: Text<'d>, role: Role) {
        if self.tape.node(node).kind() != Json::Array {
            return self.leaves(node, name, role);
        }
        for element in self.tape.children(node) {
            if self.naming(element).is_some() {
                self.pair(element, role);
            } else {
                self.leaves(element, name.clone(), role);
            }
        }
    }

    /// `{"name": …, "value": …}` with whatever stands beside. The name is a value of its own only where it is no plain name.
    fn pair(&mut self, pair: NodeId, role: Role) {
        let Some(naming) = self.naming(pair) else { return };
        let said = self.tape.string(naming);
        for child in self.tape.children(pair) {
            if child == naming {
                if said.contains([' ', ':', '{']) {
                    self.push(child, Cow::Borrowed("name"), if role == Role::Header { Role::Headers } else { role });
                }
                continue;
            }
            let own = self.tape.name(child).unwrap_or_default();
            if NAMED.contains(&own.as_ref()) {
                self.leaves(child, said.clone(), role);
            } else {
                let is_choice = own.ends_with("ype") || own == "scope" || own == "mode";
                self.leaves(child, own, if is_choice { Role::Setting } else { role });
            }
        }
    }

    /// The member that names its siblings, in an object that has one and a value beside it.
    fn naming(&self, object: NodeId) -> Option<NodeId> {
        let has_value = NAMED.iter().any(|name| self.tape.member(object, name).is_some());
        let naming = NAMING.iter().find_map(|name| self.tape.member(object, name))?;
        (has_value && self.tape.node(naming).kind() == Json::String).then_some(naming)
    }

    /// Scalars at or below a node: a scalar has the name given, what is structured keeps its inner names.
    fn leaves(&mut self, node: NodeId, name: Text<'d>, role: Role) {
        if !self.is_container(node) {
            return self.push(node, name, role);
        }
        for leaf in walk::leaves(self.tape, node, name) {
            self.push(leaf.node, leaf.name, role);
        }
    }

    /// One scalar; nothing for what is empty.
    fn push(&mut self, node: NodeId, name: Text<'d>, role: Role) {
        let kind = self.tape.node(node).kind();
        if kind.is_container() || self.tape.is_empty(node) {
            return;
        }
        let mut spot = walk::spot(self.tape, node, name, role);
        spot.dynamic = spot.is_text && spot.value.contains("{{");
        self.spots.push(spot);
    }

    /// What the left side of a condition is called.
    fn compared(&self, left: NodeId) -> Text<'d> {
        let text = scalar(self.tape, left);
        let last =
            expression::used(Platform::Make, &text).pop().and_then(|mut reference| reference.field.pop()).map(Cow::into_owned);
        last.map_or(Cow::Borrowed("b"), Cow::Owned)
    }

    fn is_container(&self, node: NodeId) -> bool {
        self.tape.node(node).kind().is_container()
    }
}

fn is_code(name: &str) -> bool {
    matches!(name, "code" | "script" | "sourceCode" | "javascript" | "python" | "jsCode" | "source")
        || name.starts_with("codeEditor")
        || name.starts_with("codeString")
}

fn push_reversed<T>(open: &mut Vec<T>, items: impl Iterator<Item = T>) {
    let first = open.len();
    open.extend(items);
    open.get_mut(first..).unwrap_or_default().reverse();
}
