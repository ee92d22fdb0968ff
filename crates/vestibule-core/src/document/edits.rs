//! Rewriting a document by copying it: every byte that no edit touches stays as it was, so order, number text and white space survive.
//!
//! It deliberately does not check that replaced values are JSON, nor that a new name is free: the caller makes both.

use std::collections::BTreeMap;
use std::ops::Range;

use super::string::escape_pieces;
use super::{Document, Kind, NodeId, escape_string};
use crate::secret::Wiped;

/// Edits to one document, collected in any order. What they carry is wiped when they go.
///
/// Edits inside a removed or replaced node vanish with it. Of two edits of the same kind to the same node the later counts; removal
/// beats both replacing and renaming.
#[derive(Default)]
pub struct Edits {
    /// The JSON of all new values, one behind the other: there are many, and each is short.
    texts: Wiped,
    values: Vec<(NodeId, Range<usize>)>,
    names: BTreeMap<NodeId, String>,
    removed: Vec<NodeId>,
    inserted: BTreeMap<NodeId, Vec<NewMember>>,
}

impl std::fmt::Debug for Edits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edits").field("values", &self.values.len()).field("names", &self.names.len()).finish_non_exhaustive()
    }
}

/// Plain name and JSON value.
type NewMember = (String, Wiped);

/// One piece of the input to be left out, and what stands there instead.
struct Splice {
    start: usize,
    end: usize,
    instead: Instead,
}

enum Instead {
    /// Something is only left out.
    Nothing,
    /// A part of [`Edits::texts`].
    Text(Range<usize>),
    Own(Wiped),
}

impl Splice {
    fn bytes<'s>(&'s self, texts: &'s [u8]) -> &'s [u8] {
        match &self.instead {
            Instead::Nothing => &[],
            Instead::Text(range) => texts.get(range.clone()).unwrap_or_default(),
            Instead::Own(bytes) => bytes,
        }
    }
}

impl Edits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// No edits, with room for so many new values of so many bytes together.
    pub fn with_room(values: usize, bytes: usize) -> Self {
        Self { texts: Wiped::new(Vec::with_capacity(bytes)), values: Vec::with_capacity(values), ..Self::default() }
    }

    /// Whether applying would copy the document unchanged.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.names.is_empty() && self.removed.is_empty() && self.inserted.is_empty()
    }

    /// Puts `json`, which must be one JSON value, in the place of the node's value.
    pub fn replace(&mut self, node: NodeId, json: Vec<u8>) {
        let json = Wiped::new(json);
        self.replace_by(node, |texts| texts.append(&json));
    }

    /// Puts this text, as a JSON string, in the place of the node's value.
    pub fn replace_with_text(&mut self, node: NodeId, text: &str) {
        self.replace_by(node, |texts| escape_pieces(text, |piece| texts.append(piece)));
    }

    fn replace_by(&mut self, node: NodeId, put: impl FnOnce(&mut Wiped)) {
        let start = self.texts.len();
        put(&mut self.texts);
        self.values.push((node, start..self.texts.len()));
    }

    /// Gives a member another name, given plain. Nothing happens to elements and the root.
    pub fn rename(&mut self, node: NodeId, name: &str) {
        self.names.insert(node, name.to_owned());
    }

    /// Takes a member or element out, with its comma. The root becomes `null`, because a document cannot be nothing.
    pub fn remove(&mut self, node: NodeId) {
        if node == NodeId::ROOT {
            self.replace(node, b"null".to_vec());
        } else {
            self.removed.push(node);
        }
    }

    /// Takes several out.
    pub fn remove_all(&mut self, nodes: &[NodeId]) {
        self.removed.reserve(nodes.len());
        nodes.iter().for_each(|node| self.remove(*node));
    }

    /// Appends members (plain name, one JSON value) at the end of an object; nothing happens to other kinds. A member that already
    /// stands there under the same name gives way, so that no name is doubled; of equal new names the later counts.
    pub fn insert_members(&mut self, object: NodeId, members: Vec<(String, Vec<u8>)>) {
        let list = self.inserted.entry(object).or_default();
        for (name, json) in members {
            list.retain(|(known, _)| *known != name);
            list.push((name, Wiped::new(json)));
        }
    }

    /// The document with the edits done.
    pub fn apply(mut self, doc: &Document<'_>) -> Vec<u8> {
        self.give_way_to_inserted(doc);
        let inserted = self.inserted.len() + self.names.len();
        let mut splices = Vec::with_capacity(self.values.len() + self.removed.len() + inserted);
        self.removed.sort_unstable();
        self.removed.dedup();
        let is_gone = |node: NodeId| self.removed.binary_search(&node).is_ok();
        self.splice_removed(doc, is_gone, &mut splices);
        self.splice_inserted(doc, is_gone, &mut splices);
        self.splice_names_and_values(doc, &mut splices);
        splices.sort_unstable_by_key(|splice| (splice.start, splice.end));
        join(doc.bytes(), &splices, &self.texts)
    }

    /// Removes members whose final name is also the name of an inserted one.
    fn give_way_to_inserted(&mut self, doc: &Document<'_>) {
        self.inserted.retain(|object, members| doc.node(*object).kind() == Kind::Object && !members.is_empty());
        for (object, members) in &self.inserted {
            for child in doc.children(*object) {
                let taken = match self.names.get(&child) {
                    Some(new_name) => members.iter().any(|(name, _)| name == new_name),
                    None => members.iter().any(|(name, _)| doc.name_is(child, name)),
                };
                if taken {
                    self.removed.push(child);
                }
            }
        }
    }

    /// Leaves out removed nodes so that exactly the commas between the remaining ones remain.
    fn splice_removed(&self, doc: &Document<'_>, is_gone: impl Fn(NodeId) -> bool, splices: &mut Vec<Splice>) {
        let mut containers: Vec<NodeId> = Vec::new();
        for parent in self.removed.iter().map(|node| doc.node(*node).parent()) {
            // many have the same one
            if containers.last() != Some(&parent) && !is_gone(parent) {
                containers.push(parent);
            }
        }
        containers.sort_unstable();
        containers.dedup();
        for container in containers {
            let mut kept_before = false;
            let mut previous_end = 0;
            let mut children = doc.children(container).peekable();
            while let Some(child) = children.next() {
                let (start, end) = full_span(doc, child);
                if !is_gone(child) {
                    kept_before = true;
                } else if kept_before {
                    splices.push(Splice { start: previous_end, end, instead: Instead::Nothing });
                } else {
                    let until = children.peek().map_or(end, |next| full_span(doc, *next).0);
                    splices.push(Splice { start, end: until, instead: Instead::Nothing });
                }
                previous_end = end;
            }
        }
    }

    fn splice_inserted(&self, doc: &Document<'_>, is_gone: impl Fn(NodeId) -> bool, splices: &mut Vec<Splice>) {
        for (object, members) in &self.inserted {
            let (open, _) = doc.node(*object).span();
            let last = doc.children(*object).last();
            let at = last.map_or(open + 1, |last| full_span(doc, last).1);
            let mut comma = doc.children(*object).any(|child| !is_gone(child));
            let mut bytes = Vec::with_capacity(members.iter().map(|(name, json)| name.len() + json.len() + 8).sum());
            for (name, json) in members {
                if comma {
                    bytes.push(b',');
                }
                comma = true;
                bytes.extend_from_slice(&escape_string(name));
                bytes.push(b':');
                bytes.extend_from_slice(json);
            }
            splices.push(Splice { start: at, end: at, instead: Instead::Own(Wiped::new(bytes)) });
        }
    }

    fn splice_names_and_values(&mut self, doc: &Document<'_>, splices: &mut Vec<Splice>) {
        // of several for one node the last one counts
        self.values.reverse();
        self.values.sort_by_key(|(node, _)| *node);
        self.values.dedup_by_key(|(node, _)| *node);
        for (node, range) in self.values.drain(..) {
            let (start, end) = doc.node(node).span();
            splices.push(Splice { start, end, instead: Instead::Text(range) });
        }
        for (node, name) in &self.names {
            if let Some((start, end)) = doc.node(*node).name_span() {
                let instead = Instead::Own(Wiped::new(escape_string(name)));
                splices.push(Splice { start: start - 1, end: end + 1, instead });
            }
        }
    }
}

/// Copies the input around the splices. One that lies within an earlier one is gone with it. The size is known before, so that no
/// half-written copy of a value stays behind in memory.
fn join(input: &[u8], splices: &[Splice], texts: &[u8]) -> Vec<u8> {
    let mut size = 0;
    pieces(input, splices, texts, |piece| size += piece.len());
    let mut out = Vec::with_capacity(size);
    pieces(input, splices, texts, |piece| out.extend_from_slice(piece));
    out
}

fn pieces(input: &[u8], splices: &[Splice], texts: &[u8], mut put: impl FnMut(&[u8])) {
    let mut at = 0;
    for splice in splices {
        if splice.start < at {
            continue;
        }
        put(input.get(at..splice.start).unwrap_or_default());
        put(splice.bytes(texts));
        at = splice.end;
    }
    put(input.get(at..).unwrap_or_default());
}

/// From the name's opening quote, where there is one, to the end of the value.
fn full_span(doc: &Document<'_>, node: NodeId) -> (usize, usize) {
    let (start, end) = doc.node(node).span();
    (doc.node(node).name_span().map_or(start, |(name, _)| name - 1), end)
}
