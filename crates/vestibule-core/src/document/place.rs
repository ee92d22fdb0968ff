//! Where a node stands, in words fit for errors and logs: member names that could carry data are shown as `?`.

use std::fmt::Write as _;
use std::sync::Arc;

use super::path::write_member;
use super::{Document, FieldPath, Kind, NodeId, Step};
use crate::names::is_known_name;

/// The place that a path names, as [`Document::path`] shows it, made ready: all that remains to be put in are positions of elements that
/// only the document tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What stands before the first position, or is all.
    first: Arc<str>,
    /// How far above the node a position is to be read, and what follows it.
    rest: Vec<(usize, String)>,
}

impl FieldPath {
    /// The place this path names, as [`Document::path`] shows it.
    pub fn shown(&self) -> Shown {
        let (mut first, mut rest) = (String::new(), Vec::new());
        for (step, height) in self.steps().iter().zip((0..self.steps().len()).rev()) {
            let piece = rest.last_mut().map_or(&mut first, |(_, piece)| piece);
            match step {
                Step::Member(name) => show_member(piece, name, is_known_name),
                Step::Index(position) => show_element(piece, position),
                Step::Select { .. } | Step::Any => {
                    piece.push('[');
                    rest.push((height, "]".to_owned()));
                }
            }
        }
        Shown { first: or_root(first).into(), rest }
    }
}

impl Shown {
    /// The place of this node, which the path fits.
    pub fn of(&self, doc: &Document<'_>, node: NodeId) -> Arc<str> {
        if self.rest.is_empty() {
            return Arc::clone(&self.first);
        }
        let mut out = String::with_capacity(self.first.len() + self.rest.iter().map(|(_, piece)| piece.len() + 4).sum::<usize>());
        out.push_str(&self.first);
        for (height, piece) in &self.rest {
            let element = (0..*height).fold(node, |at, _| doc.node(at).parent());
            // writing to a String cannot fail
            let _ = write!(out, "{}", doc.node(element).position());
            out.push_str(piece);
        }
        out.into()
    }
}

impl Document<'_> {
    /// The place in our path syntax, such as `answers[0].value`. A name that is not made of generic field words is data like any
    /// value and is shown as `?`.
    pub fn path(&self, id: NodeId) -> String {
        self.path_with(id, is_known_name)
    }

    /// Like [`Document::path`], with the caller's word for which names may be shown; for names that the configuration spells out.
    pub fn path_with(&self, id: NodeId, may_show: impl Fn(&str) -> bool) -> String {
        let mut out = String::new();
        for node in self.line_of(id) {
            match self.name(node) {
                Some(name) => show_member(&mut out, &name, &may_show),
                None => show_element(&mut out, &self.node(node).position()),
            }
        }
        or_root(out)
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
        let line = self.line_of(id);
        let mut out = String::with_capacity(line.len() * 12);
        for node in line {
            out.push('/');
            match self.name(node) {
                Some(name) if name.contains(['~', '/']) => out.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Some(name) => out.push_str(&name),
                // writing to a String cannot fail
                None => {
                    let _ = write!(out, "{}", self.node(node).position());
                }
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

fn show_member(out: &mut String, name: &str, may_show: impl Fn(&str) -> bool) {
    let first = out.is_empty();
    // writing to a String cannot fail
    let _ = write_member(out, if may_show(name) { name } else { "?" }, first);
}

fn show_element(out: &mut String, position: &dyn std::fmt::Display) {
    let _ = write!(out, "[{position}]");
}

fn or_root(out: String) -> String {
    if out.is_empty() { "$".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::document::{Assignment, Document, FieldPath, Limits, Matcher, NodeId};

    #[test]
    fn a_path_is_shown_as_the_node_it_names() {
        let json = br#"{"email":1,"Dana Smith":{"phone":2},"answers":[{"a b":3,"ref":"salary"},[4]],"$":5,"first.name":6,
            "lists":[[{"id":7}],[{"id":8},{"id":9}]]}"#;
        let doc = Document::parse(json, &Limits::default()).unwrap();
        let paths = [
            ("$", 1),
            ("email", 1),
            ("[\"Dana Smith\"].phone", 1),
            ("answers", 1),
            ("answers[0][\"a b\"]", 1),
            ("answers[1][0]", 1),
            ("[\"$\"]", 1),
            ("[\"first.name\"]", 1),
            ("answers[*]", 2),
            ("answers[*][0]", 1),
            ("answers[ref=salary][\"a b\"]", 1),
            ("lists[*][*]", 3),
            ("lists[1][*].id", 2),
            ("lists[*][*].id", 3),
        ];
        for (text, count) in paths {
            let path: FieldPath = text.parse().unwrap();
            let matcher = Matcher::compile(std::slice::from_ref(&path)).unwrap();
            let assigned = matcher.assign(&doc);
            let is_named = |id: NodeId| assigned.get(id.index()) == Some(&Assignment::Rule(0));
            let topmost = doc.nodes().map(|(id, _)| id);
            let topmost = topmost.filter(|id| is_named(*id) && (*id == doc.root() || !is_named(doc.node(*id).parent())));
            let shown = path.shown();
            assert_eq!(topmost.map(|id| assert_eq!(*shown.of(&doc, id), doc.path(id), "{text}")).count(), count, "{text}");
        }
    }
}
