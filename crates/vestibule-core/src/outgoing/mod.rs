//! Calls on their way out: where tokens stand in them, and how the real values are put in their places.
//!
//! Finding ([`Places::find_json`] and its siblings) and composing ([`compose_json`]) never look at the same bytes twice:
//! what was found is what is replaced, and restored bytes are never scanned again. Every token-shaped text that stands
//! where the grant names no place is reported, so that the decision can refuse it; nothing is passed over.

mod addressed;
mod compose;
mod find;

pub use addressed::{Addressed, Carried, Reached};
pub use compose::{ComposeFault, Shape, Value, addressee, compose_form, compose_json, header_value, path_segment, query_value};

use crate::document::{FieldPath, Matcher, MatcherError, NodeId, Shown, Step};
use crate::policy::Carrier;
use crate::token::{Block, Carrier as Escaping};
use std::collections::HashMap;
use std::sync::Arc;

/// A place of a grant, as the configuration names it.
#[derive(Clone, Debug)]
pub enum Named {
    /// The whole of a value in the body.
    Body(FieldPath),
    /// The middle of a text in the body.
    Text(FieldPath),
    /// A value of the query, by its name.
    Query(String),
    /// A segment of the path, by its position below the route.
    Path(usize),
    /// A header, by its lower-case name.
    Header(String),
}

/// The compiled places of a grant. Indexes are those of the list it was compiled from.
pub struct Places {
    matcher: Matcher,
    /// One for each path of the matcher.
    body: Vec<BodyPlace>,
    /// Body places that are a single name: the pairs of a form.
    form: HashMap<String, usize>,
    query: HashMap<String, usize>,
    path: HashMap<usize, usize>,
    header: HashMap<String, usize>,
    everywhere: Option<usize>,
}

/// What a grant says of one path of a body.
struct BodyPlace {
    /// The place for whole values.
    whole: Option<usize>,
    /// The place for the middle of texts.
    text: Option<usize>,
    /// The path as it stands in errors and in the log.
    shown: Shown,
}

/// A token in a call.
#[derive(Clone, Debug)]
pub struct Site {
    /// What carries it.
    pub carrier: Carrier,
    /// The grant's place, if it names this one.
    pub place: Option<usize>,
    /// Where it stands, in words that hold no value.
    pub at: Arc<str>,
    /// The token.
    pub block: Block,
    /// Where the bytes go.
    pub spot: Spot,
}

/// Where the bytes of a restored value go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The whole value of a JSON node.
    Value(NodeId),
    /// The name of a JSON member.
    Name(NodeId),
    /// From byte to byte of the decoded text of a JSON node, in this escaping.
    Text(NodeId, usize, usize, Escaping),
    /// From byte to byte of the decoded value of a form pair or query pair.
    Pair(usize, usize, usize),
    /// A segment of the path.
    Segment(usize),
    /// A header.
    Header(String),
}

/// A token that cannot be used: a code of the catalogue and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at {at}")]
pub struct SiteFault {
    /// `token.damaged` or `token.lookalike`.
    pub code: &'static str,
    /// Where, in words that hold no value.
    pub at: String,
}

impl Places {
    /// Compiles the places of a grant.
    pub fn compile(named: &[Named]) -> Result<Places, MatcherError> {
        let mut paths: Vec<FieldPath> = Vec::new();
        let mut places = Places {
            matcher: Matcher::compile(&[])?,
            body: Vec::new(),
            form: HashMap::new(),
            query: HashMap::new(),
            path: HashMap::new(),
            header: HashMap::new(),
            everywhere: None,
        };
        for (index, place) in named.iter().enumerate() {
            match place {
                Named::Body(path) | Named::Text(path) => {
                    if let (Named::Body(_), [Step::Member(name)]) = (place, path.steps()) {
                        places.form.insert(name.clone(), index);
                    }
                    let slot = paths.iter().position(|known| known == path).unwrap_or_else(|| {
                        paths.push(path.clone());
                        places.body.push(BodyPlace { whole: None, text: None, shown: path.shown() });
                        paths.len() - 1
                    });
                    if let Some(entry) = places.body.get_mut(slot) {
                        match place {
                            Named::Body(_) => entry.whole = Some(index),
                            _ => entry.text = Some(index),
                        }
                    }
                }
                Named::Query(name) => _ = places.query.insert(name.clone(), index),
                Named::Path(position) => _ = places.path.insert(*position, index),
                Named::Header(name) => _ = places.header.insert(name.clone(), index),
            }
        }
        places.matcher = Matcher::compile(&paths)?;
        Ok(places)
    }

    /// Places that name every value and member name of a body under place 0. For the trial, whose stand-ins are all
    /// ours; no configuration can ask for it.
    pub fn everywhere() -> Result<Places, MatcherError> {
        Ok(Places { everywhere: Some(0), ..Places::compile(&[])? })
    }

    /// Whether these are the places of the trial, where every document goes out as it came.
    pub fn is_everywhere(&self) -> bool {
        self.everywhere.is_some()
    }

    /// The headers that may carry a token.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.header.keys().map(String::as_str)
    }
}
