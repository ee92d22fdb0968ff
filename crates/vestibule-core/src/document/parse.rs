//! The validating parser: one pass over the bytes, one tape entry a value, no recursion and no allocation per value.
//!
//! UTF-8 is checked for the whole input first, so that every later span is a piece of valid text. Duplicate names are found while the
//! names are read as long as an object is small; a large object, or one with escaped names, is sorted once when it ends, so that no input makes it quadratic.

use super::string::{self, scan};
use super::{HAS_NAME, Kind, Limits, NAME_ESCAPED, Node, VALUE_ESCAPED};

/// Which rule was broken, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) offset: usize,
}

pub(super) fn fault<T>(code: &'static str, offset: usize) -> Result<T, Fault> {
    Err(Fault { code, offset })
}

/// Members up to which names are compared one by one.
const SMALL_OBJECT: u32 = 64;

pub(super) fn parse<'a, const LOOSE: bool>(bytes: &'a [u8], limits: &Limits) -> Result<(&'a str, Vec<Node>), Fault> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return fault("json.byte_order_mark", 0);
    }
    if u32::try_from(bytes.len()).is_err() {
        return fault("json.too_large", 0);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return fault("json.utf8", error.valid_up_to()),
    };
    let guess = (bytes.len() / 24 + 4).min(4096).min(limits.nodes as usize);
    let mut parser =
        Parser::<LOOSE> { text, bytes, pos: 0, nodes: Vec::with_capacity(guess), frames: Vec::with_capacity(8), limits: *limits };
    parser.run()?;
    Ok((text, parser.nodes))
}

/// Whether `bytes` are exactly one number of RFC 8259, section 6.
pub fn is_valid_number(bytes: &[u8]) -> bool {
    number_end(bytes, 0) == Some(bytes.len())
}

struct Frame {
    node: u32,
    count: u32,
    /// One bit for each name seen, by a cheap hash: a clear bit proves the name new.
    seen: u64,
    is_object: bool,
    /// Names are compared when the object ends.
    deferred: bool,
}

/// The name a value is about to get: span without quotes, and flags.
#[derive(Clone, Copy, Default)]
struct Name {
    start: u32,
    end: u32,
    flags: u8,
}

struct Parser<'a, const LOOSE: bool> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    limits: Limits,
}

impl<const LOOSE: bool> Parser<'_, LOOSE> {
    fn run(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.peek().is_none() {
            return fault("json.empty", self.pos);
        }
        let mut name = Name::default();
        loop {
            if self.value(name)? {
                let closing = self.frames.last().map(|frame| if frame.is_object { b'}' } else { b']' });
                self.skip_space();
                if self.peek() != closing {
                    name = self.next_name()?;
                    continue;
                }
            }
            match self.after_value()? {
                Some(next) => name = next,
                None => return Ok(()),
            }
        }
    }

    /// Reads one scalar or the opening of a container; true if a container was opened.
    #[inline]
    fn value(&mut self, name: Name) -> Result<bool, Fault> {
        let start = self.pos;
        let (kind, end, flags) = match self.peek() {
            Some(b'"') => {
                let (quote, escaped) = scan::<LOOSE>(self.bytes, start + 1)?;
                (Kind::String, quote + 1, if escaped { VALUE_ESCAPED } else { 0 })
            }
            Some(b'{') => (Kind::Object, start + 1, 0),
            Some(b'[') => (Kind::Array, start + 1, 0),
            Some(b'-' | b'0'..=b'9') => match number_end(self.bytes, start) {
                Some(end) => (Kind::Number, end, 0),
                None => return fault("json.number", start),
            },
            Some(b't') => (Kind::True, self.literal(b"true")?, 0),
            Some(b'f') => (Kind::False, self.literal(b"false")?, 0),
            Some(b'n') => (Kind::Null, self.literal(b"null")?, 0),
            Some(_) => return fault("json.syntax", start),
            None => return fault("json.unfinished", start),
        };
        let id = self.nodes.len() as u32;
        if id >= self.limits.nodes {
            return fault("json.nodes", start);
        }
        let (parent, index) = match self.frames.last_mut() {
            Some(frame) => {
                let index = frame.count;
                frame.count += 1;
                (frame.node, index)
            }
            None => (0, 0),
        };
        self.nodes.push(Node {
            start: start as u32,
            end: end as u32,
            name_start: name.start,
            name_end: name.end,
            parent,
            next: id + 1,
            index,
            kind,
            flags: flags | name.flags,
        });
        self.pos = end;
        if !kind.is_container() {
            return Ok(false);
        }
        if self.frames.len() >= usize::from(self.limits.depth) {
            return fault("json.depth", start);
        }
        self.frames.push(Frame { node: id, count: 0, seen: 0, is_object: kind == Kind::Object, deferred: false });
        Ok(true)
    }

    /// Goes over closing brackets to the next value; `None` at the end of the document.
    #[inline]
    fn after_value(&mut self) -> Result<Option<Name>, Fault> {
        loop {
            self.skip_space();
            let Some(frame) = self.frames.last() else {
                return if self.pos == self.bytes.len() { Ok(None) } else { fault("json.trailing", self.pos) };
            };
            match (self.peek(), frame.is_object) {
                (Some(b','), _) => {
                    self.pos += 1;
                    self.skip_space();
                    return Ok(Some(self.next_name()?));
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.close()?,
                (Some(_), _) => return fault("json.syntax", self.pos),
                (None, _) => return fault("json.unfinished", self.pos),
            }
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.deferred {
            self.check_sorted(frame.node)?;
        }
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            node.end = self.pos as u32;
            node.next = next;
        }
        Ok(())
    }

    /// The name and colon before a member's value; nothing inside an array.
    #[inline]
    fn next_name(&mut self) -> Result<Name, Fault> {
        if !self.frames.last().is_some_and(|frame| frame.is_object) {
            return Ok(Name::default());
        }
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return fault("json.syntax", self.pos),
            None => return fault("json.unfinished", self.pos),
        }
        let start = self.pos + 1;
        let (end, escaped) = scan::<LOOSE>(self.bytes, start)?;
        self.check_name(start, end, escaped)?;
        self.pos = end + 1;
        self.skip_space();
        match self.peek() {
            Some(b':') => self.pos += 1,
            Some(_) => return fault("json.syntax", self.pos),
            None => return fault("json.unfinished", self.pos),
        }
        self.skip_space();
        let flags = if escaped { HAS_NAME | NAME_ESCAPED } else { HAS_NAME };
        Ok(Name { start: start as u32, end: end as u32, flags })
    }

    /// Refuses a name that its object already has, unless that is left to the end of the object.
    #[inline]
    fn check_name(&mut self, start: usize, end: usize, escaped: bool) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut().filter(|_| !LOOSE) else {
            return Ok(());
        };
        if escaped || frame.count >= SMALL_OBJECT {
            frame.deferred = true;
        }
        if frame.deferred {
            return Ok(());
        }
        let name = self.bytes.get(start..end).unwrap_or_default();
        let bit = 1_u64 << name_hash(name);
        let maybe_known = frame.seen & bit != 0;
        frame.seen |= bit;
        if !maybe_known {
            return Ok(());
        }
        let mut at = frame.node as usize + 1;
        while let Some(node) = self.nodes.get(at) {
            if self.bytes.get(node.name_start as usize..node.name_end as usize) == Some(name) {
                return fault("json.duplicate_name", start - 1);
            }
            at = node.next as usize;
        }
        Ok(())
    }

    /// Compares all names of the object `id`, whose members end with the tape.
    fn check_sorted(&self, id: u32) -> Result<(), Fault> {
        let mut names = Vec::new();
        let mut at = id as usize + 1;
        while let Some(node) = self.nodes.get(at) {
            let raw = self.text.get(node.name_start as usize..node.name_end as usize).unwrap_or_default();
            names.push((string::decode(raw, node.name_escaped()), node.name_start));
            at = node.next as usize;
        }
        names.sort_unstable();
        let repeated = names.windows(2).filter_map(|pair| match pair {
            [(first, _), (second, offset)] if first == second => Some(*offset),
            _ => None,
        });
        match repeated.min() {
            Some(offset) => fault("json.duplicate_name", offset as usize - 1),
            None => Ok(()),
        }
    }

    fn literal(&self, word: &[u8]) -> Result<usize, Fault> {
        let end = self.pos + word.len();
        if self.bytes.get(self.pos..end) == Some(word) { Ok(end) } else { fault("json.literal", self.pos) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }
}

#[inline]
fn name_hash(name: &[u8]) -> u32 {
    let first = name.first().copied().unwrap_or(0);
    let last = name.last().copied().unwrap_or(0);
    let middle = name.get(name.len() / 2).copied().unwrap_or(0);
    (u32::from(first) ^ (u32::from(last) << 1) ^ (u32::from(middle) << 2)).wrapping_add(name.len() as u32 * 11) & 63
}

/// Index just after the number that starts at `pos`; `None` if it is malformed.
fn number_end(bytes: &[u8], mut pos: usize) -> Option<usize> {
    if bytes.get(pos) == Some(&b'-') {
        pos += 1;
    }
    pos = match bytes.get(pos)? {
        b'0' => pos + 1,
        b'1'..=b'9' => digits(bytes, pos)?,
        _ => return None,
    };
    if bytes.get(pos) == Some(&b'.') {
        pos = digits(bytes, pos + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(pos) {
        pos += 1;
        if let Some(b'+' | b'-') = bytes.get(pos) {
            pos += 1;
        }
        pos = digits(bytes, pos)?;
    }
    match bytes.get(pos) {
        Some(b'0'..=b'9' | b'.' | b'+' | b'-') => None,
        _ => Some(pos),
    }
}

/// Index just after one or more digits.
fn digits(bytes: &[u8], pos: usize) -> Option<usize> {
    let rest = bytes.get(pos..)?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(pos + count)
}
