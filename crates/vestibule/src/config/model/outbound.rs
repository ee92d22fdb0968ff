//! The model of data going out: destinations, credentials, grants, answers.
//!
//! Types only. Deciding, revealing and sending happen elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::document::FieldPath;
use vestibule_core::network::Origin;

use super::SecretRef;

/// A destination: workflows call here instead of the vendor.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Its name in the file and in the path `/out/NAME/…`.
    pub name: String,
    /// The system behind it, by name.
    pub system: Option<String>,
    /// Where live calls go.
    pub live: Destination,
    /// Where test calls go; absent: they are refused with `grant.no_test`.
    pub test: Option<Destination>,
    /// How long to wait for the connection.
    pub connect_timeout: Span,
    /// How long to wait for the answer.
    pub timeout: Span,
    /// Largest answer in bytes.
    pub max_answer: u64,
    /// Headers that every call gets, by lower-case name, with their values.
    pub headers: Vec<(String, String)>,
    /// Who may call what, in the order of the file.
    pub grants: Vec<Grant>,
}

/// A server that calls go to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Origin and base path.
    pub to: Origin,
    /// The address of a private system: no look-up happens.
    pub address: Option<SocketAddr>,
    /// PEM file of the only authority that is trusted for it.
    pub ca: Option<PathBuf>,
    /// What the gateway adds to the call; absent: nothing.
    pub credential: Option<Credential>,
}

/// What the gateway adds to a call.
#[derive(Clone, Debug)]
pub enum Credential {
    /// HTTP Basic. The secret is `user:password`; without a colon it is the user, and the password is empty.
    Basic(SecretRef),
    /// `Authorization: Bearer <secret>`.
    Bearer(SecretRef),
    /// A named header.
    Header {
        /// Its name, lower case.
        name: String,
        /// Its value.
        value: SecretRef,
    },
}

/// One workflow, one call, exact places.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The workflow, by name.
    pub workflow: String,
    /// The method, upper case.
    pub method: String,
    /// The path below the destination's base path.
    pub path: PathPattern,
    /// Places of the body.
    pub reveal: Vec<BodyPlace>,
    /// Parameters of the query, by name.
    pub reveal_query: Vec<NamedPlace>,
    /// Segments of the path, by the name they have in `path`.
    pub reveal_path: Vec<NamedPlace>,
    /// Headers, by lower-case name.
    pub reveal_header: Vec<NamedPlace>,
    /// Places of the body where tokens may stand in the middle of a text.
    pub in_text: Vec<BodyPlace>,
    /// Conditions on addressees; all must hold.
    pub conditions: Vec<AddresseeCondition>,
    /// Narrower than the workflow's purpose, if given.
    pub purpose: Option<String>,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// Whether one call may hold tokens of several people.
    pub batch: bool,
    /// What passes of the answer.
    pub answer: Answer,
}

/// A path with literal segments and wildcards for one segment each. At each position from the left a literal is the
/// better match, so two different patterns never tie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// Its segments; empty for `/`.
    pub segments: Vec<Segment>,
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any text of one segment; `{name}` has a name, `*` has none.
    Any(Option<String>),
}

/// A place of the body and what may be restored there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyPlace {
    /// The place.
    pub path: FieldPath,
    /// Codes of the categories allowed there.
    pub categories: Vec<u16>,
}

/// A named place outside the body and what may be restored there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Name of the parameter, segment or header.
    pub name: String,
    /// Codes of the categories allowed there.
    pub categories: Vec<u16>,
}

/// Who may stand in a place that addresses somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddresseeCondition {
    /// The place of the body.
    pub path: FieldPath,
    /// Any of these is enough.
    pub any_of: Vec<Addressee>,
}

/// One kind of addressee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// A token of the person this call is about.
    SameSubject,
    /// A literal address of this domain, lower case without `@`.
    Domain(String),
    /// This literal address, lower case.
    Address(String),
}

/// What passes of an upstream's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Places that pass if the value has the type.
    pub keep: Vec<(FieldPath, JsonType)>,
    /// What happens to everything else.
    pub otherwise: AnswerOtherwise,
}

/// The type a kept value must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
}

/// What happens to the rest of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerOtherwise {
    /// It is removed.
    Drop,
    /// It is tokenized for the calling workflow and the call's subject.
    Tokenize {
        /// How long the values are kept.
        retention: Span,
    },
}

impl std::fmt::Display for PathPattern {
    /// The pattern as written in `call`, with its leading slash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Any(Some(name)) => write!(f, "/{{{name}}}"),
            Segment::Any(None) => f.write_str("/*"),
        })
    }
}
