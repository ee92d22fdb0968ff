//! Values read by name only: every scalar below a node becomes a spot, called as its file calls it.
//!
//! In `{"name": "X-Api-Key", "value": "…"}` the value is called `X-Api-Key`, not `value`. Elements of an array are called as the array.

use std::borrow::Cow;

use vestibule_core::document::{Document, Kind, NodeId};

use super::{Role, Spot};
use crate::source::{Place, Text};

/// Members that name their sibling.
const NAMING: [&str; 7] = ["name", "key", "header", "field", "parameter", "label", "id"];
/// Members that are named by a sibling.
const NAMED: [&str; 4] = ["value", "val", "values", "data"];

/// A scalar below the node where the walk began.
pub struct Leaf<'d> {
    /// What it is called.
    pub name: Text<'d>,
    /// Where it stands.
    pub node: NodeId,
}

/// Every string, number and boolean at or below `from`, in document order; `name` is what `from` itself is called.
pub fn leaves<'d>(tape: &Document<'d>, from: NodeId, name: Text<'d>) -> Vec<Leaf<'d>> {
    each_leaf(tape, from, name).collect()
}

/// Like [`leaves`], one at a time: for files that are too large to hold all.
pub fn each_leaf<'t, 'd>(tape: &'t Document<'d>, from: NodeId, name: Text<'d>) -> Leaves<'t, 'd> {
    Leaves { tape, at: from, end: tape.node(from).next(), first: Some(name), open: Vec::new() }
}

/// See [`each_leaf`].
pub struct Leaves<'t, 'd> {
    tape: &'t Document<'d>,
    at: NodeId,
    end: NodeId,
    /// What the node that the walk began at is called.
    first: Option<Text<'d>>,
    open: Vec<Open<'d>>,
}

/// A container around the place where the walk is.
struct Open<'d> {
    end: NodeId,
    name: Text<'d>,
    /// What its values are called, where a naming member says so.
    said: Option<Text<'d>>,
}

impl<'d> Iterator for Leaves<'_, 'd> {
    type Item = Leaf<'d>;

    fn next(&mut self) -> Option<Leaf<'d>> {
        while self.at < self.end {
            let id = self.at;
            let node = self.tape.node(id);
            self.at = NodeId::new(id.index() as u32 + 1);
            while self.open.last().is_some_and(|open| open.end <= id) {
                self.open.pop();
            }
            let around = self.open.last();
            let name = match (self.first.take(), self.tape.name(id), around) {
                (Some(first), _, _) => first,
                (None, Some(own), around) => match around.and_then(|open| open.said.as_ref()) {
                    Some(said) if NAMED.contains(&own.as_ref()) => said.clone(),
                    _ => own,
                },
                (None, None, around) => around.map(|open| open.name.clone()).unwrap_or_default(),
            };
            match node.kind() {
                Kind::Null => {}
                Kind::String | Kind::Number | Kind::True | Kind::False => return Some(Leaf { name, node: id }),
                Kind::Array => self.open.push(Open { end: node.next(), name, said: None }),
                Kind::Object => {
                    let said = named_by_sibling(self.tape, id);
                    self.open.push(Open { end: node.next(), name, said });
                }
            }
        }
        None
    }
}

/// What a naming member says the value beside it is called.
fn named_by_sibling<'d>(tape: &Document<'d>, object: NodeId) -> Option<Text<'d>> {
    let has_value = tape.children(object).any(|child| NAMED.iter().any(|name| tape.name_is(child, name)));
    if !has_value {
        return None;
    }
    let naming = NAMING.iter().find_map(|name| tape.member(object, name))?;
    let said = tape.string(naming);
    (tape.node(naming).kind() == Kind::String && !said.is_empty()).then_some(said)
}

/// A spot from a scalar: strings decoded, numbers and booleans as they are written.
pub fn spot<'d>(tape: &Document<'d>, node: NodeId, name: Text<'d>, role: Role) -> Spot<'d> {
    let is_text = tape.node(node).kind() == Kind::String;
    let value = if is_text { tape.string(node) } else { Cow::Borrowed(tape.raw(node)) };
    Spot { role, name, value, dynamic: false, is_text, place: Place::Node(node) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use vestibule_core::document::{Limits, Loose};

    #[test]
    fn values_are_called_as_people_call_them() {
        let text = br#"{"url":"u","headers":[{"name":"X-Key","value":"v"},{"value":"w","key":"Y"}],"tags":["a",["b",1]],"o":{"deep":true,"none":null},"value":"x"}"#;
        let loose = Loose::parse(text, &Limits::default()).unwrap();
        let tape = loose.tape();
        let seen: Vec<(String, &str)> = leaves(tape, tape.root(), "root".into())
            .into_iter()
            .map(|leaf| (leaf.name.into_owned(), tape.raw(leaf.node)))
            .collect();
        let expected = [
            ("url", "\"u\""),
            ("name", "\"X-Key\""),
            ("X-Key", "\"v\""),
            ("Y", "\"w\""),
            ("key", "\"Y\""),
            ("tags", "\"a\""),
            ("tags", "\"b\""),
            ("tags", "1"),
            ("deep", "true"),
            ("value", "\"x\""),
        ];
        assert_eq!(seen, expected.map(|(name, raw)| (name.to_owned(), raw)));
    }
}
