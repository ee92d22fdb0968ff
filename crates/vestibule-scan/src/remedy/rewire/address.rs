//! The new address of a step: through the gateway, and without the keys that stood in its query.

use vestibule_core::document::{Document, NodeId};

use super::secrets::{Secrets, is_credential_parameter};
use super::{Draft, Told, shown};
use crate::remedy::Through;

/// Replaces the address that stands at `place`; `before` is its text without the platform's mark of an expression.
pub(super) fn rewrite(
    tape: &Document<'_>,
    place: NodeId,
    before: &str,
    through: &Through,
    secrets: &Secrets<'_>,
    draft: &mut Draft,
) {
    let (base, query) = match split(&through.url, '?').as_slice() {
        [base, ..] => (*base, through.url.get(base.len() + 1..)),
        [] => (through.url.as_str(), None),
    };
    let mut url = base.to_owned();
    let mut kept = 0;
    for parameter in query.into_iter().flat_map(|query| split(query, '&')) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if is_credential_parameter(name, value) || secrets.is_in(value, place) {
            draft.tell(place, format!("parameter {name}"), "…", "");
            continue;
        }
        url.push(if kept == 0 { '?' } else { '&' });
        url.push_str(parameter);
        kept += 1;
    }
    if secrets.is_secret_address(place) || secrets.is_in(&url, place) {
        draft.still.push(
            "Its address holds a key, which stays in the file. Put that part of the path into the `to` of the route and take it out of the address."
                .to_owned(),
        );
    }
    let is_key = secrets.is_secret_address(place);
    let was = if is_key { "an address that is itself a key".to_owned() } else { shown::address_before(before, through) };
    draft.changes.insert(0, Told(place, "address".to_owned(), was, shown::address_after(&url, through)));
    // n8n marks a text with expressions by `=`
    let mark = if tape.string(place).starts_with('=') { "=" } else { "" };
    draft.text(place, &format!("{mark}{url}"));
}

/// The parts of a text between separators that stand outside of expressions.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("{{") {
            depth += 1;
        } else if rest.starts_with("}}") {
            depth = depth.saturating_sub(1);
        } else if c == separator && depth == 0 {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + c.len_utf8();
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}
