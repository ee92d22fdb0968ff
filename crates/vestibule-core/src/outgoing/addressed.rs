//! Whom a call would reach: everything in it that a vendor could read as an addressee.
//!
//! Vendors do not all read a request as we do: some know `To` for `to`, `to[]` for a list, a query parameter for a member
//! of the body. So a condition on `to` holds for every spelling of it, in body, form and query alike. And because no
//! grant can list every member that addresses somebody (`bcc`, `recipients`), a literal that reads as an address anywhere
//! else in the call is handed on too, as a stray. What is text that merely mentions an address is deliberately left
//! alone, and so is what an encoding of the vendor's own hides (a whole message in base64). Of the path, what the caller
//! chooses is looked at, and what the grant spells out is not.

use super::Spot;
use crate::document::{Document, FieldPath, Form, Kind, Matcher, MatcherError, NodeId, Step};
use crate::policy::addressee::reads_as_address;
use crate::protect;
use crate::token::{is_invisible, look_alike};
use std::collections::BTreeSet;

/// The addressee places of a grant, in the order of its conditions.
pub struct Addressed(Vec<Place>);

struct Place {
    name: String,
    path: FieldPath,
    matcher: Matcher,
}

/// Something that a vendor could read as an addressee.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached<'d> {
    /// The condition it falls under, by position; none for a stray.
    pub condition: Option<usize>,
    /// Where, in words that hold no value.
    pub at: String,
    /// Where a token would stand there, and whether in the query; none for a name.
    pub spot: Option<(Spot, bool)>,
    /// The decoded text; empty for anything that is no text.
    pub text: std::borrow::Cow<'d, str>,
}

/// What a call carries, parsed.
#[derive(Clone, Copy)]
pub enum Carried<'d, 'a> {
    /// No body.
    Empty,
    /// A document.
    Json(&'d Document<'a>),
    /// A form.
    Form(&'d Form),
}

impl Addressed {
    /// Compiles the paths of a grant's conditions.
    pub fn compile(paths: &[FieldPath]) -> Result<Addressed, MatcherError> {
        let place = |path: &FieldPath| {
            let matcher = Matcher::compile(std::slice::from_ref(path))?;
            Ok(Place { name: path.to_string(), path: path.clone(), matcher })
        };
        paths.iter().map(place).collect::<Result<_, _>>().map(Addressed)
    }

    /// Everything in a call that could be an addressee; `open` are the segments of its path that the caller chooses, decoded.
    /// Nothing where the grant has no conditions.
    pub fn find<'d>(
        &self,
        carried: Carried<'d, '_>,
        query: Option<&'d Form>,
        open: impl Iterator<Item = (usize, String)>,
    ) -> Vec<Reached<'d>> {
        let mut out = Vec::new();
        if self.0.is_empty() {
            return out;
        }
        match carried {
            Carried::Empty => {}
            Carried::Json(doc) => self.in_json(doc, &mut out),
            Carried::Form(form) => self.in_pairs(form, "the form", false, &mut out),
        }
        if let Some(query) = query {
            self.in_pairs(query, "the query", true, &mut out);
        }
        for (position, text) in open.filter(|(_, text)| reads_as_address(text)) {
            let at = format!("segment {} of the path", position + 1);
            out.push(Reached { condition: None, at, spot: Some((Spot::Segment(position), false)), text: text.into() });
        }
        out
    }

    /// What a vendor could read as an addressee in headers, by name and text.
    pub fn find_headers<'d>(&self, headers: impl Iterator<Item = (&'d str, &'d str)>, out: &mut Vec<Reached<'d>>) {
        if self.0.is_empty() {
            return;
        }
        for (name, text) in headers.filter(|(_, text)| reads_as_address(text)) {
            out.push(Reached { condition: None, at: format!("the header {name}"), spot: None, text: text.into() });
        }
    }

    fn in_json<'d>(&self, doc: &'d Document<'_>, out: &mut Vec<Reached<'d>>) {
        let mut seen = BTreeSet::new();
        for (condition, place) in self.0.iter().enumerate() {
            let mut nodes: BTreeSet<NodeId> = protect::places(doc, &place.matcher).into_iter().collect();
            read_loosely(doc, doc.root(), place.path.steps(), &mut nodes);
            for top in nodes {
                for id in within(doc, top) {
                    let named = id != top && doc.name(id).is_some_and(|name| name.contains('@'));
                    if named {
                        let text = doc.name(id).unwrap_or_default();
                        out.push(Reached { condition: Some(condition), at: place.name.clone(), spot: None, text });
                    }
                    if !doc.node(id).kind().is_container() && !doc.is_empty(id) {
                        let spot = Some((Spot::Value(id), false));
                        out.push(Reached { condition: Some(condition), at: place.name.clone(), spot, text: doc.string(id) });
                    }
                    seen.insert(id);
                }
            }
        }
        for (id, node) in doc.nodes().filter(|(id, _)| !seen.contains(id)) {
            let value = (node.kind() == Kind::String).then(|| (doc.string(id), Some((Spot::Value(id), false))));
            let name = doc.name(id).map(|name| (name, None));
            for (text, spot) in value.into_iter().chain(name).filter(|(text, _)| reads_as_address(text)) {
                out.push(Reached { condition: None, at: doc.path(id), spot, text });
            }
        }
    }

    fn in_pairs<'d>(&self, form: &'d Form, what: &str, query: bool, out: &mut Vec<Reached<'d>>) {
        for (index, (name, value)) in form.pairs().enumerate() {
            let at = || format!("pair {} of {what}", index + 1);
            let mut named = false;
            for (condition, place) in self.0.iter().enumerate() {
                let Some(Step::Member(first)) = place.path.steps().first() else { continue };
                if reading(first) == reading(name) {
                    named = true;
                    if !value.is_empty() {
                        let spot = Some((Spot::Pair(index, 0, value.len()), query));
                        out.push(Reached { condition: Some(condition), at: at(), spot, text: value.into() });
                    }
                }
            }
            let spot = || Some((Spot::Pair(index, 0, value.len()), query));
            let texts = [Some((name, None)), (!named).then(|| (value, spot()))];
            for (text, spot) in texts.into_iter().flatten().filter(|(text, _)| reads_as_address(text)) {
                out.push(Reached { condition: None, at: at(), spot, text: text.into() });
            }
        }
    }
}

/// Adds every node that a tolerant vendor would find under these steps.
fn read_loosely(doc: &Document<'_>, node: NodeId, steps: &[Step], out: &mut BTreeSet<NodeId>) {
    let Some((step, rest)) = steps.split_first() else {
        out.insert(node);
        return;
    };
    match (step, doc.node(node).kind()) {
        (Step::Member(wanted), Kind::Object) => {
            let wanted = reading(wanted);
            let fits = |child: &NodeId| doc.name(*child).is_some_and(|name| reading(&name) == wanted);
            doc.children(node).filter(fits).for_each(|child| read_loosely(doc, child, rest, out));
        }
        (Step::Any, Kind::Array) => doc.children(node).for_each(|child| read_loosely(doc, child, rest, out)),
        (Step::Index(at), Kind::Array) => {
            let fits = |child: &NodeId| doc.node(*child).position() == *at;
            doc.children(node).filter(fits).for_each(|child| read_loosely(doc, child, rest, out));
        }
        (Step::Select { key, value }, Kind::Array) => {
            let (key, value) = (reading(key), reading(value));
            let selects = |member: NodeId| {
                doc.name(member).is_some_and(|name| reading(&name) == key) && reading(&doc.string(member)) == value
            };
            let fits = |child: &NodeId| doc.children(*child).any(selects);
            doc.children(node).filter(fits).for_each(|child| read_loosely(doc, child, rest, out));
        }
        // a list where one is expected, one where a list is expected: some vendors take either
        (_, Kind::Null) => {}
        _ if node == doc.root() => {}
        _ => _ = out.insert(node),
    }
}

/// A node and everything in it.
fn within(doc: &Document<'_>, top: NodeId) -> impl Iterator<Item = NodeId> {
    let end = doc.node(top).next().index();
    (top.index()..end).filter_map(|index| u32::try_from(index).ok().map(NodeId::new))
}

/// A name as the most tolerant vendor reads it: without case, blanks, `_`, `-`, and what stands behind `[` or `.`.
fn reading(name: &str) -> String {
    let head = name.find(['[', '.']).filter(|at| *at > 0).and_then(|at| name.get(..at)).unwrap_or(name);
    head.chars()
        .filter(|c| !c.is_whitespace() && !is_invisible(*c) && !matches!(c, '_' | '-'))
        .map(|c| if c.is_ascii() { c } else { look_alike(c).unwrap_or(c) })
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::document::Limits;

    fn reached(paths: &[&str], json: &str) -> Vec<(Option<usize>, String)> {
        let paths: Vec<FieldPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        let doc = Document::parse(json.as_bytes(), &Limits::default()).unwrap();
        let found = Addressed::compile(&paths).unwrap().find(Carried::Json(&doc), None, std::iter::empty());
        found.into_iter().map(|found| (found.condition, found.text.into_owned())).collect()
    }

    #[test]
    fn every_spelling_of_a_place_is_the_place() {
        for name in ["to", "To", "TO", "t_o", "to[]", "to[0]", "to.address", " to ", "t\u{200b}o", "\u{ff54}\u{ff4f}"] {
            let json = format!(r#"{{"{name}":"a@b.example"}}"#);
            assert_eq!(reached(&["to"], &json), [(Some(0), "a@b.example".to_owned())], "{name}");
        }
        assert_eq!(reached(&["ask"], r#"{"a\u017f\u212a":"x"}"#), [(Some(0), "x".to_owned())], "letters that fold to others");
        assert_eq!(reached(&["to"], r#"{"total":"x","t":"y"}"#), []);
    }

    #[test]
    fn lists_and_single_values_stand_for_each_other() {
        let one = |text: &str| vec![(Some(0), text.to_owned())];
        assert_eq!(reached(&["cc[*]"], r#"{"cc":"x"}"#), one("x"));
        assert_eq!(reached(&["m.to"], r#"{"m":[{"to":"x"}]}"#), one("x"));
        assert_eq!(reached(&["r[kind=to].v"], r#"{"r":[{"Kind":"To","v":"x"},{"kind":"from","v":"y"}]}"#), one("x"));
        assert_eq!(reached(&["to[0]"], r#"{"to":["x","y"]}"#), one("x"));
        assert_eq!(reached(&["to"], r#"{"to":{"a@b.example":[]}}"#), one("a@b.example"));
        assert_eq!(reached(&["to"], r#"{"to":null,"cc":[]}"#), []);
    }

    #[test]
    fn addresses_elsewhere_are_strays_and_texts_are_not() {
        let stray = |text: &str| vec![(None, text.to_owned())];
        for text in ["a@b.example", " a@b.example ", "Dana <a@b.example>", "x@y.example, a@b.example", "mailto:a@b.example"] {
            assert_eq!(reached(&["to"], &format!(r#"{{"bcc":["{text}"]}}"#)), stray(text));
        }
        assert_eq!(reached(&["to"], r#"{"a@b.example":1}"#), stray("a@b.example"));
        assert_eq!(reached(&["to"], r#"{"text":"write to hr@b.example soon","handle":"@dana"}"#), []);
        assert_eq!(reached(&[], r#"{"bcc":"a@b.example"}"#), [], "a grant without conditions");
    }

    #[test]
    fn addresses_in_the_path_are_strays() {
        let path = || [(1, "a@b.example".to_owned()), (2, "notes".to_owned())].into_iter();
        let found = Addressed::compile(&["to".parse().unwrap()]).unwrap().find(Carried::Empty, None, path());
        let shown: Vec<_> = found.iter().map(|found| (found.condition, found.at.as_str(), found.text.as_ref())).collect();
        assert_eq!(shown, [(None, "segment 2 of the path", "a@b.example")]);
        assert_eq!(Addressed::compile(&[]).unwrap().find(Carried::Empty, None, path()), [], "a grant without conditions");
    }

    #[test]
    fn forms_are_read_like_documents() {
        let found = |text: &str| -> Vec<(Option<usize>, String)> {
            let form = Form::parse(text.as_bytes()).unwrap();
            let addressed = Addressed::compile(&["to".parse().unwrap()]).unwrap();
            let found = addressed.find(Carried::Form(&form), Some(&form), std::iter::empty());
            assert_eq!(found.len() % 2, 0);
            let half = found.len() / 2;
            found.into_iter().take(half).map(|found| (found.condition, found.text.into_owned())).collect()
        };
        for name in ["to", "To", "to[]", "to%5B0%5D", "to.x"] {
            assert_eq!(found(&format!("{name}=a%40b.example&x=1")), [(Some(0), "a@b.example".to_owned())], "{name}");
        }
        assert_eq!(found("bcc=a%40b.example&text=mail+a%40b.example+now"), [(None, "a@b.example".to_owned())]);
    }
}
