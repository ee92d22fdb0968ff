//! Answers of platforms as tapes, and envelopes put together from pieces of them.
//!
//! What a platform keeps is handed on byte for byte: read loosely, because people have typed it, and never rewritten, so
//! that the auditor sees what is there.

use std::borrow::Cow;
use vestibule_core::document::{Document, Kind, Limits, Loose, NodeId};

/// Bounds of one answer: its bytes are bounded before.
const LIMITS: Limits = Limits { depth: 1_000, nodes: 2_000_000 };
/// Longest text that is taken out of a list: names, addresses, times.
const MOST_TEXT: usize = 1_000;

/// One answer.
pub(super) struct Answer<'a>(Loose<'a>);

impl<'a> Answer<'a> {
    /// Nothing if it is no JSON within the bounds.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Answer<'a>> {
        Loose::parse(bytes, &LIMITS).ok().map(Answer)
    }

    pub(super) fn tape(&self) -> &Document<'a> {
        self.0.tape()
    }

    /// The value at these names, from the root.
    pub(super) fn at(&self, names: &[&str]) -> Option<NodeId> {
        names.iter().try_fold(NodeId::ROOT, |node, name| self.tape().member(node, name))
    }

    /// The elements of the list at these names.
    pub(super) fn list(&self, names: &[&str]) -> Option<Vec<NodeId>> {
        let node = self.at(names).filter(|node| self.kind(*node) == Kind::Array)?;
        Some(self.tape().children(node).collect())
    }

    pub(super) fn kind(&self, node: NodeId) -> Kind {
        self.tape().node(node).kind()
    }

    /// The text of a member, if it is a text that is not empty and of ordinary length.
    pub(super) fn text(&self, node: NodeId, name: &str) -> Option<Cow<'a, str>> {
        let member = self.tape().member(node, name).filter(|member| self.kind(*member) == Kind::String)?;
        Some(self.tape().string(member)).filter(|text| !text.trim().is_empty() && text.len() <= MOST_TEXT)
    }

    /// The truth of a member.
    pub(super) fn truth(&self, node: NodeId, name: &str) -> Option<bool> {
        match self.kind(self.tape().member(node, name)?) {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The identifier in a member: a number or a text, of letters, digits, `-` and `_` only. It becomes part of paths.
    pub(super) fn id(&self, node: NodeId, name: &str) -> Option<String> {
        let member = self.tape().member(node, name)?;
        let text = match self.kind(member) {
            Kind::Number => Cow::Borrowed(self.tape().raw(member)),
            Kind::String => self.tape().string(member),
            _ => return None,
        };
        let is_plain = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        is_plain.then(|| text.into_owned())
    }

    /// Whether a member is there and says something: no `null`, no `false`, nothing empty.
    pub(super) fn says(&self, node: NodeId, name: &str) -> bool {
        self.tape().member(node, name).is_some_and(|member| !self.tape().is_empty(member) && self.kind(member) != Kind::False)
    }
}

/// Writes JSON objects member by member.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Object {
        Object(String::from("{"))
    }

    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Object {
        self.name(name).0.push_str(&quoted(value));
        self
    }

    /// The text, or `null`.
    pub(super) fn maybe(&mut self, name: &str, value: Option<&str>) -> &mut Object {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Object {
        self.name(name).0.push_str(json);
        self
    }

    pub(super) fn end(self) -> String {
        self.0 + "}"
    }

    fn name(&mut self, name: &str) -> &mut Object {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self
    }
}

/// The members of an object as they stand there, except those with these names.
pub(super) fn without(answer: &Answer<'_>, node: NodeId, names: &[&str]) -> String {
    let tape = answer.tape();
    let mut object = Object::new();
    for member in tape.children(node) {
        if let Some(name) = tape.name(member).filter(|name| !names.contains(&name.as_ref())) {
            object.raw(&name, tape.raw(member));
        }
    }
    object.end()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn identifiers_cannot_lead_elsewhere() {
        let answer =
            Answer::parse(br#"[{"id":12},{"id":"aB-9_"},{"id":"../x"},{"id":""},{"id":1.5},{"id":"a?b"},{"id":{}},{}]"#).unwrap();
        let ids: Vec<_> = answer.tape().children(NodeId::ROOT).map(|node| answer.id(node, "id")).collect();
        let known: Vec<_> = ids.iter().map(Option::as_deref).collect();
        assert_eq!(known, [Some("12"), Some("aB-9_"), None, None, None, None, None, None]);
    }

    #[test]
    fn objects_come_out_as_they_went_in_but_for_what_is_left_out() {
        let bytes = br#"{"a" : [1,  2], "b":{"x":"\ud800"}, "shared":[{"email":"dana@example.com"}], "a":1e400, "q\"":null}"#;
        let answer = Answer::parse(bytes).unwrap();
        let out = without(&answer, NodeId::ROOT, &["shared"]);
        assert_eq!(out, r#"{"a":[1,  2],"b":{"x":"\ud800"},"a":1e400,"q\"":null}"#);
        assert_eq!(without(&Answer::parse(b"{}").unwrap(), NodeId::ROOT, &[]), "{}");
    }

    #[test]
    fn texts_are_quoted_whatever_they_hold() {
        let mut object = Object::new();
        object.text("na\"me", "a\"\n\u{1}b").maybe("gone", None).raw("list", "[1]");
        let value: serde_json::Value = serde_json::from_str(&object.end()).unwrap();
        assert_eq!(value, serde_json::json!({ "na\"me": "a\"\n\u{1}b", "gone": null, "list": [1] }));
    }
}
