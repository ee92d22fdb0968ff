//! Third: strict JSON without token-shaped text, and the route's own conditions.

use super::authenticate::{Authenticated, Replay};
use super::refuse::Refused;
use crate::app::routes::InRoute;
use crate::config::Scalar;
use vestibule_core::document::{Document, Kind, Limits, Matcher, NodeId};
use vestibule_core::{protect, token};

/// An authentic request whose body is one strict JSON document.
pub struct Validated<'a> {
    doc: Document<'a>,
    replay: &'a Replay,
}

impl<'a> Validated<'a> {
    /// A held event that its owner has decided about: it was validated when it came in.
    pub(super) fn held(body: &'a [u8], replay: &'a Replay) -> Result<Validated<'a>, Refused> {
        let doc = Document::parse(body, &Limits::default()).map_err(|error| Refused::known(error.code))?;
        Ok(Validated { doc, replay })
    }

    pub(super) fn document(&self) -> &Document<'a> {
        &self.doc
    }

    pub(super) fn replay(&self) -> &'a Replay {
        self.replay
    }

    /// Whether the route's conditions hold; if not, the event is neither stored nor forwarded (R96).
    pub(super) fn is_wanted(&self, route: &InRoute) -> bool {
        is_wanted(&self.doc, &route.when)
    }
}

/// Checks that the body is what the source says it is.
pub(super) fn validate(authenticated: &Authenticated) -> Result<Validated<'_>, Refused> {
    if !authenticated.media_type().is_some_and(is_json) {
        return Err(Refused::known("body.content_type"));
    }
    let doc = document(authenticated.body()).map_err(|(code, place)| Refused::Known { code, place: Some(place) })?;
    Ok(Validated { doc, replay: authenticated.replay() })
}

/// The body as a strict document without token-shaped text, or the code and the place of what is wrong with it.
pub(crate) fn document(body: &[u8]) -> Result<Document<'_>, (&'static str, String)> {
    let doc = Document::parse(body, &Limits::default())
        .map_err(|error| (error.code, format!("line {}, column {}", error.line, error.column)))?;
    for (id, node) in doc.nodes() {
        let shaped = doc.name(id).is_some_and(|name| token::contains_token_shape(&name))
            || (node.kind() == Kind::String && token::contains_token_shape(&doc.string(id)));
        if shaped {
            return Err(("document.token_shaped", doc.path(id)));
        }
    }
    Ok(doc)
}

/// Whether a route's conditions hold for a document.
pub(crate) fn is_wanted(doc: &Document<'_>, when: &[(Matcher, Vec<Scalar>)]) -> bool {
    when.iter().all(|(matcher, any_of)| {
        let places = protect::places(doc, matcher);
        places.iter().any(|node| any_of.iter().any(|scalar| equals(doc, *node, scalar)))
    })
}

/// `application/json` or a `+json` type, in UTF-8.
pub(crate) fn is_json(media_type: &str) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(byte);
    let Some((kind, subtype)) = essence(media_type).as_bytes().split_at_checked("application/".len()) else { return false };
    let suffix = subtype.get(subtype.len().saturating_sub("+json".len())..).unwrap_or_default();
    let names_json = subtype.eq_ignore_ascii_case(b"json") || suffix.eq_ignore_ascii_case(b"+json");
    kind.eq_ignore_ascii_case(b"application/") && subtype.iter().all(is_token) && names_json && is_utf8(media_type)
}

/// A media type without its parameters, in the case it came in.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether the parameters of a media type name no other character set than UTF-8.
pub(crate) fn is_utf8(media_type: &str) -> bool {
    media_type.split(';').skip(1).all(|parameter| match parameter.trim().split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

fn equals(doc: &Document<'_>, node: NodeId, scalar: &Scalar) -> bool {
    match (doc.node(node).kind(), scalar) {
        (Kind::String, Scalar::Text(text)) => doc.string(node) == text.as_str(),
        (Kind::Number, Scalar::Integer(number)) => doc.raw(node).parse::<i64>() == Ok(*number),
        (Kind::True, Scalar::Boolean(true)) | (Kind::False, Scalar::Boolean(false)) => true,
        _ => false,
    }
}
