//! JSON documents as a flat tape over the bytes that came in, with paths, rewriting and form bodies beside it.
//!
//! A [`Document`] is only made by [`Document::parse`], so whoever holds one knows that the bytes are strict JSON (RFC 8259) in UTF-8:
//! no byte order mark, no duplicate names, no lone surrogates, no NUL, bounded depth and size. Names and values stay spans of the input
//! and are decoded on demand; no tree is built, and numbers keep their text. It deliberately knows nothing of what a field means.

mod edits;
mod error;
mod form;
mod loose;
mod matcher;
mod matching;
mod parse;
mod path;
mod place;
mod string;

pub use edits::Edits;
pub use error::{CODES, ParseError};
pub use form::{Form, FormError};
pub use loose::Loose;
pub use matcher::{Assignment, Matcher, MatcherError};
pub use parse::is_valid_number;
pub use path::{FieldPath, PathError, Step};
pub use place::Shown;
pub use string::escape_string;

use std::borrow::Cow;

/// Bounds on what [`Document::parse`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers within containers; `[[1]]` has depth 2.
    pub depth: u16,
    /// Nodes in all: every value counts one, containers too.
    pub nodes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, nodes: 200_000 }
    }
}

/// What kind of value a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, kept as its text.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Whether the value can hold other values.
    pub fn is_container(self) -> bool {
        matches!(self, Self::Array | Self::Object)
    }
}

/// The place of a node on the tape of its own document. With another document it names another node, or the null node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The value that is the whole document.
    pub const ROOT: Self = Self(0);

    /// The id of the `index`-th node of the tape.
    pub fn new(index: u32) -> Self {
        Self(index)
    }

    /// Position on the tape, for lists that run parallel to it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One value: where it stands, what it is called and how it hangs together with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    start: u32,
    end: u32,
    name_start: u32,
    name_end: u32,
    parent: u32,
    next: u32,
    index: u32,
    kind: Kind,
    flags: u8,
}

const HAS_NAME: u8 = 1;
const NAME_ESCAPED: u8 = 2;
const VALUE_ESCAPED: u8 = 4;

/// What a foreign id resolves to, so that looking up never fails.
const NULL_NODE: Node =
    Node { start: 0, end: 0, name_start: 0, name_end: 0, parent: 0, next: 0, index: 0, kind: Kind::Null, flags: 0 };

impl Node {
    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Byte span of the value in the input; the quotes of a string belong to it.
    pub fn span(&self) -> (usize, usize) {
        (self.start as usize, self.end as usize)
    }

    /// Byte span of the member's name without its quotes; `None` for elements and the root.
    pub fn name_span(&self) -> Option<(usize, usize)> {
        self.has_name().then_some((self.name_start as usize, self.name_end as usize))
    }

    /// Whether the node is a member of an object.
    pub fn has_name(&self) -> bool {
        self.flags & HAS_NAME != 0
    }

    /// Whether the name holds a backslash escape.
    pub fn name_escaped(&self) -> bool {
        self.flags & NAME_ESCAPED != 0
    }

    /// Whether the string value holds a backslash escape.
    pub fn value_escaped(&self) -> bool {
        self.flags & VALUE_ESCAPED != 0
    }

    /// The container it stands in; the root is its own parent.
    pub fn parent(&self) -> NodeId {
        NodeId(self.parent)
    }

    /// The first node after this one and everything in it.
    pub fn next(&self) -> NodeId {
        NodeId(self.next)
    }

    /// Position in its array or object, from 0.
    pub fn position(&self) -> u32 {
        self.index
    }
}

/// A validated JSON document over borrowed bytes. The tape is in document order: a container comes before what it holds.
pub struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("bytes", &self.text.len()).field("nodes", &self.nodes.len()).finish()
    }
}

impl<'a> Document<'a> {
    /// Checks `bytes` and lays them out as a tape.
    ///
    /// # Errors
    /// Anything but one strict JSON value within the limits; the error tells where and which rule, never the content.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, ParseError> {
        match parse::parse::<false>(bytes, limits) {
            Ok((text, nodes)) => Ok(Document { text, nodes }),
            Err(fault) => Err(ParseError::locate(fault.code, bytes, fault.offset)),
        }
    }

    /// The bytes it was read from.
    pub fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Number of nodes; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a document always has a root, and `is_empty` asks about a node")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The id of the whole value.
    pub fn root(&self) -> NodeId {
        NodeId::ROOT
    }

    /// The node of an id.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&NULL_NODE)
    }

    /// All nodes in document order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index as u32), node))
    }

    /// The values directly inside a container, in order; nothing for scalars.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        let node = self.node(id);
        Children { nodes: &self.nodes, at: id.0.saturating_add(1), end: node.next }
    }

    /// The member of an object with this (decoded) name.
    pub fn member(&self, id: NodeId, name: &str) -> Option<NodeId> {
        if self.node(id).kind != Kind::Object {
            return None;
        }
        self.children(id).find(|child| self.name_is(*child, name))
    }

    /// Raw bytes of the value as they stand in the input; quotes included.
    pub fn text(&self, id: NodeId) -> &'a [u8] {
        self.raw(id).as_bytes()
    }

    /// Raw text of the value as it stands in the input; quotes included.
    pub fn raw(&self, id: NodeId) -> &'a str {
        let (start, end) = self.node(id).span();
        self.text.get(start..end).unwrap_or_default()
    }

    /// The decoded value of a string; empty for every other kind.
    pub fn string(&self, id: NodeId) -> Cow<'a, str> {
        let node = self.node(id);
        if node.kind != Kind::String {
            return Cow::Borrowed("");
        }
        let (start, end) = node.span();
        let inner = self.text.get(start + 1..end.saturating_sub(1)).unwrap_or_default();
        string::decode(inner, node.value_escaped())
    }

    /// The decoded name of a member; `None` for elements and the root.
    pub fn name(&self, id: NodeId) -> Option<Cow<'a, str>> {
        let node = self.node(id);
        let (start, end) = node.name_span()?;
        Some(string::decode(self.text.get(start..end).unwrap_or_default(), node.name_escaped()))
    }

    /// Whether the member is called `name`, without allocating.
    pub fn name_is(&self, id: NodeId, name: &str) -> bool {
        let node = self.node(id);
        let Some((start, end)) = node.name_span() else {
            return false;
        };
        if node.name_escaped() {
            return string::decode(self.text.get(start..end).unwrap_or_default(), true) == name;
        }
        // most names differ in length already
        end.saturating_sub(start) == name.len() && self.text.as_bytes().get(start..end) == Some(name.as_bytes())
    }

    /// Whether there is nothing in it: `null`, `""`, `{}` or `[]`.
    pub fn is_empty(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match node.kind {
            Kind::Null => true,
            Kind::String => node.end.saturating_sub(node.start) <= 2,
            Kind::Array | Kind::Object => node.next <= id.0.saturating_add(1),
            Kind::True | Kind::False | Kind::Number => false,
        }
    }
}

/// Iterator over the values directly inside a container.
#[derive(Clone, Debug)]
pub struct Children<'d> {
    nodes: &'d [Node],
    at: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let id = NodeId(self.at);
        self.at = self.nodes.get(id.index())?.next;
        Some(id)
    }
}

#[cfg(test)]
mod tests;
