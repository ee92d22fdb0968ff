//! The audit log's words: what a leaf says, its canonical bytes, and heads that can be kept outside.
//!
//! A leaf never holds a value: fields stand there by their configured name, tokens by a keyed fingerprint, the subject by
//! a random pseudonym. Its bytes are the input of the RFC 6962 leaf hash and of the chained MAC, both made by the vault.
//! The format is versioned by its first byte and frozen by a test: exports and checkpoints of later versions read it.

use crate::clock::Timestamp;
use crate::id::{Mode, Pseudonym, base32};
use std::borrow::Cow;

/// One line of the log. Its texts are borrowed where somebody has them: a call writes two leaves of seven texts each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// When it happened, by the gateway's clock.
    pub at: Timestamp,
    /// The writer that made the leaf.
    pub writer: u16,
    /// The writer's own count, strictly growing.
    pub counter: u64,
    /// Who acted.
    pub actor: Actor<'a>,
    /// What was done, for example `event.accept` or `reveal`.
    pub action: Cow<'a, str>,
    /// Test or live.
    pub mode: Mode,
    /// The route's name; empty where none is concerned.
    pub route: Cow<'a, str>,
    /// Which way data moved.
    pub direction: Direction,
    /// The host the data went to or came from; empty where none is concerned.
    pub host: Cow<'a, str>,
    /// Fields by their configured names; see [`fields`].
    pub fields: Vec<Cow<'a, str>>,
    /// How many more values were concerned: that no rule names, or whose token is not listed.
    pub others: u32,
    /// Keyed fingerprints of the tokens, eight bytes each.
    pub tokens: Vec<[u8; 8]>,
    /// The subjects, by pseudonym.
    pub subjects: Vec<Pseudonym>,
    /// How it ended: `ok`, or a code of the catalogue.
    pub outcome: Cow<'a, str>,
    /// The HTTP status that goes with the outcome, 0 where there is none.
    pub status: u16,
    /// The request's id.
    pub request: Cow<'a, str>,
    /// The sequence number of the leaf whose outcome this is, 0 for none.
    pub refers: i64,
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// A source, by the name of its route.
    Source(Cow<'a, str>),
    /// A workflow, and the id of the key it used.
    Workflow(Cow<'a, str>, Cow<'a, str>),
    /// Somebody at the command line or console.
    Person(Cow<'a, str>),
    /// The gateway itself, by the name of the job.
    Service(Cow<'a, str>),
}

impl<'a> Actor<'a> {
    fn parts(&self) -> (u8, &str, &str) {
        match self {
            Actor::Source(name) => (1, name, ""),
            Actor::Workflow(name, key) => (2, name, key),
            Actor::Person(name) => (3, name, ""),
            Actor::Service(name) => (4, name, ""),
        }
    }

    fn from_parts(kind: u8, name: Cow<'a, str>, key: Cow<'a, str>) -> Option<Actor<'a>> {
        match kind {
            1 => Some(Actor::Source(name)),
            2 => Some(Actor::Workflow(name, key)),
            3 => Some(Actor::Person(name)),
            4 => Some(Actor::Service(name)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::Source(name) => write!(f, "source:{name}"),
            Actor::Workflow(name, key) if key.is_empty() => write!(f, "workflow:{name}"),
            Actor::Workflow(name, key) => write!(f, "workflow:{name}/{key}"),
            Actor::Person(name) => write!(f, "person:{name}"),
            Actor::Service(name) => write!(f, "service:{name}"),
        }
    }
}

/// Which way data moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a source to the gateway.
    In,
    /// From the gateway to a destination.
    Out,
    /// From the gateway to the automation platform.
    Deliver,
    /// Nowhere.
    Internal,
}

impl Direction {
    /// The word used in JSON and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::Deliver => "deliver",
            Direction::Internal => "internal",
        }
    }

    fn code(self) -> u8 {
        match self {
            Direction::In => 1,
            Direction::Out => 2,
            Direction::Deliver => 3,
            Direction::Internal => 4,
        }
    }

    fn from_code(code: u8) -> Option<Direction> {
        [Direction::In, Direction::Out, Direction::Deliver, Direction::Internal]
            .into_iter()
            .find(|direction| direction.code() == code)
    }
}

/// A leaf whose bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no leaf of a format this version knows")]
pub struct LeafError;

const FORMAT: u8 = 1;
/// Fields in one leaf at most: a list of thousands says no more.
const FIELDS: usize = 64;

/// The fields of a leaf: each of these names once, in order, and no more than a leaf holds.
pub fn fields<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let mut out: Vec<Cow<'a, str>> = Vec::with_capacity(names.size_hint().0.min(FIELDS));
    for name in names {
        if out.len() == FIELDS {
            break;
        }
        if !out.iter().any(|known| *known == name) {
            out.push(name.into());
        }
    }
    out
}

impl Leaf<'_> {
    /// The canonical bytes: format byte, fixed numbers big-endian, then every text as u32 length and bytes, every list
    /// as u32 count and items, in the order of the struct.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, name, key) = self.actor.parts();
        let texts = [name, key, &self.action, &self.route, &self.host, &self.outcome, &self.request];
        let text_bytes: usize = texts.into_iter().chain(self.fields.iter().map(Cow::as_ref)).map(|text| 4 + text.len()).sum();
        let mut out = Vec::with_capacity(64 + text_bytes + 8 * self.tokens.len() + 16 * self.subjects.len());
        out.push(FORMAT);
        out.extend(self.at.0.to_be_bytes());
        out.extend(self.writer.to_be_bytes());
        out.extend(self.counter.to_be_bytes());
        out.extend([kind, self.mode.code(), self.direction.code()]);
        out.extend(self.others.to_be_bytes());
        out.extend(self.status.to_be_bytes());
        out.extend(self.refers.to_be_bytes());
        for text in texts {
            put(&mut out, text.as_bytes());
        }
        put_count(&mut out, self.fields.len());
        self.fields.iter().for_each(|field| put(&mut out, field.as_bytes()));
        put_count(&mut out, self.tokens.len());
        self.tokens.iter().for_each(|token| out.extend(token));
        put_count(&mut out, self.subjects.len());
        self.subjects.iter().for_each(|subject| out.extend(subject.0));
        out
    }

    /// Reads canonical bytes; refuses any that `to_bytes` would not have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Leaf<'static>, LeafError> {
        let mut input = Input(bytes);
        let [FORMAT] = input.array()? else { return Err(LeafError) };
        let at = Timestamp(i64::from_be_bytes(input.array()?));
        let writer = u16::from_be_bytes(input.array()?);
        let counter = u64::from_be_bytes(input.array()?);
        let [kind, mode, direction] = input.array()?;
        let others = u32::from_be_bytes(input.array()?);
        let status = u16::from_be_bytes(input.array()?);
        let refers = i64::from_be_bytes(input.array()?);
        let (name, key) = (input.text()?, input.text()?);
        let leaf = Leaf {
            at,
            writer,
            counter,
            actor: Actor::from_parts(kind, name, key).ok_or(LeafError)?,
            action: input.text()?,
            mode: Mode::from_code(mode).ok_or(LeafError)?,
            route: input.text()?,
            direction: Direction::from_code(direction).ok_or(LeafError)?,
            host: input.text()?,
            fields: Vec::new(),
            others,
            tokens: Vec::new(),
            subjects: Vec::new(),
            outcome: input.text()?,
            status,
            request: input.text()?,
            refers,
        };
        let fields = (0..input.count()?).map(|_| input.text()).collect::<Result<_, _>>()?;
        let tokens = (0..input.count()?).map(|_| input.array()).collect::<Result<_, _>>()?;
        let subjects = (0..input.count()?).map(|_| input.array().map(Pseudonym)).collect::<Result<_, _>>()?;
        if !input.0.is_empty() {
            return Err(LeafError);
        }
        Ok(Leaf { fields, tokens, subjects, ..leaf })
    }
}

/// The newest point of the log, small enough to be written on paper: whoever keeps one can show a later rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The origin of the log, drawn at random when it was opened.
    pub origin: [u8; 16],
    /// How many leaves the log had.
    pub size: u64,
    /// The chained MAC of the last of them.
    pub mac: [u8; 32],
}

/// A head that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a head looks like `vh1-<origin>-<size>-<mac>`")]
pub struct HeadError;

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "vh1-{}-{}-{}", base32(&self.origin), self.size, base32(&self.mac))
    }
}

impl std::str::FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Head, HeadError> {
        let mut parts = text.trim().split('-');
        let (Some("vh1"), Some(origin), Some(size), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HeadError);
        };
        let head = Head {
            origin: unbase32(origin).ok_or(HeadError)?,
            size: size.parse().map_err(|_| HeadError)?,
            mac: unbase32(mac).ok_or(HeadError)?,
        };
        (head.to_string() == text.trim()).then_some(head).ok_or(HeadError)
    }
}

fn unbase32<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = Vec::with_capacity(N);
    let (mut acc, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let digit = b"0123456789abcdefghjkmnpqrstvwxyz".iter().position(|&c| c == byte)?;
        acc = (acc << 5) | digit as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((acc >> bits) as u8);
            acc &= (1 << bits) - 1;
        }
    }
    out.try_into().ok()
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend(bytes);
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    // a leaf is bounded far below four gigabytes: its lists come from one request
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], LeafError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(LeafError)?;
        self.0 = rest;
        Ok(*head)
    }

    fn count(&mut self) -> Result<u32, LeafError> {
        let count = u32::from_be_bytes(self.array()?);
        // every item takes at least four bytes, so a larger count is a lie
        (count as usize <= self.0.len() / 4).then_some(count).ok_or(LeafError)
    }

    fn text(&mut self) -> Result<Cow<'static, str>, LeafError> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (text, rest) = self.0.split_at_checked(length).ok_or(LeafError)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map(Cow::Owned).map_err(|_| LeafError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::id::hex;

    #[test]
    fn fields_stand_once_and_are_few() {
        assert_eq!(fields(["b", "a", "b", "a", "a"].into_iter()), ["b", "a"]);
        let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        assert_eq!(fields(many.iter().map(String::as_str)), many[..FIELDS]);
    }

    fn leaf() -> Leaf<'static> {
        Leaf {
            at: Timestamp(1_700_000_000_123),
            writer: 1,
            counter: 7,
            actor: Actor::Workflow("intake".into(), "k1".into()),
            action: "reveal".into(),
            mode: Mode::Live,
            route: "ats".into(),
            direction: Direction::Out,
            host: "ats.example".into(),
            fields: vec!["email".into()],
            others: 2,
            tokens: vec![[9; 8]],
            subjects: vec![Pseudonym([3; 16])],
            outcome: "ok".into(),
            status: 200,
            request: "r1".into(),
            refers: 0,
        }
    }

    #[test]
    fn the_format_is_frozen() {
        let expected = "010000018bcfe5687b000100000000000000070201020000000200c800000000000000000000000\
                        6696e74616b65000000026b310000000672657665616c0000000361747300\
                        00000b6174732e6578616d706c65000000026f6b00000002723100000001000000\
                        05656d61696c0000000109090909090909090000000103030303030303030303030303030303";
        assert_eq!(hex(&leaf().to_bytes()), expected.replace(char::is_whitespace, ""));
    }

    #[test]
    fn leaves_come_back_and_damage_is_seen() {
        let bytes = leaf().to_bytes();
        assert_eq!(Leaf::from_bytes(&bytes).unwrap(), leaf());
        for cut in 0..bytes.len() {
            assert_eq!(Leaf::from_bytes(&bytes[..cut]), Err(LeafError));
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Leaf::from_bytes(&longer), Err(LeafError));
    }

    #[test]
    fn heads_survive_paper() {
        let head = Head { origin: [5; 16], size: 42, mac: [250; 32] };
        assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        for bad in ["", "vh1", "vh2-a-1-b", "vh1-a-1-b", "vh1-0-x-0"] {
            assert_eq!(bad.parse::<Head>(), Err(HeadError), "{bad}");
        }
        let text = head.to_string();
        assert_eq!(text.replace("-42-", "-042-").parse::<Head>(), Err(HeadError));
    }
}
