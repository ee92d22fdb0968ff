//! Where a node stands, in words fit for errors and logs: member names that could carry data are shown as `?`.

use std::fmt::Write as _;

use super::path::write_member;
use super::{Document, Kind, NodeId};
use crate::names::is_known_name;

impl Document<'_> {
    /// The place in our path syntax, such as `answers[0].value`. A name that is not made of generic field words is data like any
    /// value and is shown as `?`.
    pub fn path(&self, id: NodeId) -> String {
        self.path_with(id, is_known_name)
    }

    /// Like [`Document::path`], with the caller's word for which names may be shown; for names that the configuration spells out.
    pub fn path_with(&self, id: NodeId, may_show: impl Fn(&str) -> bool) -> String {
        // writing to a String cannot fail
        let mut out = String::new();
        for node in self.line_of(id) {
            if let Some(name) = self.name(node) {
                let first = out.is_empty();
                let shown = if may_show(&name) { &name } else { "?" };
                let _ = write_member(&mut out, shown, first);
            } else {
                let _ = write!(out, "[{}]", self.node(node).position());
            }
        }
        if out.is_empty() { "$".to_owned() } else { out }
    }

    /// The place as a JSON Pointer (RFC 6901), with names that could carry data shown as `?`.
    pub fn pointer(&self, id: NodeId) -> String {
        let mut out = String::new();
        for node in self.line_of(id) {
            out.push('/');
            match self.name(node) {
                Some(name) if is_known_name(&name) => out.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Some(_) => out.push('?'),
                None => out.push_str(&self.node(node).position().to_string()),
            }
        }
        out
    }

    /// The place as a JSON Pointer (RFC 6901) with every name as it is: for the auditor of files, whose reader has the file before them.
    pub fn exact_pointer(&self, id: NodeId) -> String {
        let mut out = String::new();
        for node in self.line_of(id) {
            out.push('/');
            match self.name(node) {
                Some(name) => out.push_str(&name.replace('~', "~0").replace('/', "~1")),
                None => out.push_str(&self.node(node).position().to_string()),
            }
        }
        out
    }

    /// The nodes from below the root down to `id`.
    fn line_of(&self, id: NodeId) -> Vec<NodeId> {
        let mut line = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT && at.index() < self.len() {
            line.push(at);
            at = self.node(at).parent();
        }
        line.reverse();
        line
    }

    /// The text a selector such as `[ref=salary]` compares with: decoded for strings, as written for numbers and booleans.
    pub(super) fn selector_text(&self, id: NodeId) -> Option<std::borrow::Cow<'_, str>> {
        match self.node(id).kind() {
            Kind::String => Some(self.string(id)),
            Kind::Number | Kind::True | Kind::False => Some(self.raw(id).into()),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }
}
