//! Values that are computed: which literal parts of them could be a credential.
//!
//! `Bearer {{ $json.token }}` holds none; `{{ "literal" }}`, `{{ $json.token || "literal" }}` and `Bearer abc…{{ x }}` may. Both platforms
//! that have expressions write them as `{{ … }}` with quoted strings inside; what is computed is not worked out.

use super::CredentialKind;
use super::judge::{self, Seen, Trust};
use super::names::Slot;
use super::value::Shape;

/// Longer expressions are programs, and are read as such.
const MOST: usize = 4096;

/// Where the expression that begins at `at` (its first brace) ends: behind its closing braces. `None` where they are missing.
pub(super) fn end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let window = bytes.get(at + 2..bytes.len().min(at + MOST))?;
    memchr::memmem::find(window, b"}}")?;
    let mut quote = None;
    let mut position = at + 2;
    while let Some(byte) = bytes.get(position).filter(|_| position < at + MOST) {
        match (quote, byte) {
            (Some(_), b'\\') => position += 1,
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'"' | b'\'' | b'`') if closes_later(bytes, position, *byte) => quote = Some(*byte),
            (None, b'}') if bytes.get(position + 1) == Some(&b'}') => return Some(position + 2),
            _ => {}
        }
        position += 1;
    }
    None
}

/// A quote that has no partner before the braces close is an apostrophe.
fn closes_later(bytes: &[u8], at: usize, quote: u8) -> bool {
    bytes
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take(2000)
        .take_while(|byte| **byte != b'\n' || quote == b'`')
        .any(|byte| *byte == quote)
}

/// Reports what the literal parts of a computed value are, given its slot.
pub(super) fn judge<'t>(value: &'t str, slot: Slot, trust: Trust, report: &mut dyn FnMut(Seen<'t>)) {
    let mut at = 0;
    while let Some(open) = value.get(at..).and_then(|rest| rest.find("{{")) {
        outside(value.get(at..at + open).unwrap_or_default(), slot, trust, report);
        let Some(close) = end(value, at + open) else {
            return;
        };
        let inner = value.get(at + open + 2..close).unwrap_or_default();
        inside(inner.strip_suffix("}}").unwrap_or(inner), slot, report);
        at = close;
    }
    outside(value.get(at..).unwrap_or_default(), slot, trust, report);
}

/// A literal beside an expression must be a whole key by itself.
fn outside<'t>(literal: &'t str, slot: Slot, trust: Trust, report: &mut dyn FnMut(Seen<'t>)) {
    let slot = if slot == Slot::Password { Slot::Token } else { slot };
    if literal.trim().len() < 16 {
        return;
    }
    if let Some(seen) = judge::literal(literal, slot, trust)
        .filter(|seen| seen.kind == CredentialKind::Secret && Shape::of(seen.secret).is_drawn(seen.secret))
    {
        report(seen);
    }
}

/// String literals inside an expression, but not those that name a member, a step or what is compared.
fn inside<'t>(inner: &'t str, slot: Slot, report: &mut dyn FnMut(Seen<'t>)) {
    let whole = inner.trim();
    let mut rest = inner;
    let mut before = b' ';
    while let Some(open) = rest.find(['"', '\'', '`']) {
        let quote = rest.as_bytes().get(open).copied().unwrap_or(b'"');
        before = rest.get(..open).unwrap_or_default().trim_end().bytes().next_back().unwrap_or(before);
        let body = rest.get(open + 1..).unwrap_or_default();
        let Some(close) = body.find(char::from(quote)) else {
            return;
        };
        let literal = body.get(..close).unwrap_or_default();
        rest = body.get(close + 1..).unwrap_or_default();
        let names_a_member = before == b'[' || rest.trim_start().starts_with(']') || before == b'(' && is_step_call(inner, rest);
        let only = whole.len() == literal.len() + 2;
        if !names_a_member && let Some(seen) = judge::literal(literal, slot, Trust::Quoted) {
            let drawn = Shape::of(seen.secret).is_drawn(seen.secret) || seen.vendor.is_some();
            if (drawn && !literal.contains("${")) || (only && seen.kind == CredentialKind::Secret) {
                report(seen);
            }
        }
        before = b'x';
    }
}

/// `$('Step')` and `$node("Step")`.
fn is_step_call(inner: &str, rest: &str) -> bool {
    let until = inner.len() - rest.len();
    inner
        .get(..until)
        .and_then(|head| head.rfind('('))
        .and_then(|open| inner.get(..open))
        .is_some_and(|head| head.ends_with('$') || head.ends_with("$node") || head.ends_with("$items"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Kq8vT2mZ0xYb4LrPw6Nc";

    fn found(value: &str) -> Vec<String> {
        let mut found = Vec::new();
        judge(value, Slot::Auth, Trust::Sent, &mut |seen| {
            if seen.kind == CredentialKind::Secret {
                found.push(seen.secret.to_owned());
            }
        });
        found
    }

    #[test]
    fn literals_inside_and_beside() {
        for value in [
            "{{ 'Bearer KEY' }}",
            "{{ \"KEY\" }}",
            "{{ $json.t || 'KEY' }}",
            "{{ 'Bearer ' + 'KEY' }}",
            "Bearer KEY{{ $json.x }}",
        ] {
            assert_eq!(found(&value.replace("KEY", KEY)), [KEY], "{value}");
        }
    }

    #[test]
    fn names_are_no_literals() {
        for value in [
            "Bearer {{ $json.token }}",
            "Bearer {{ $('Kq8vT2mZ0xYb4LrPw6Nc').item.json.token }}",
            "{{ $json['Kq8vT2mZ0xYb4LrPw6Nc'] }}",
            "{{ 'Bearer ' + $json.access_token }}",
            "{{ $json.user.concat(':', $json.pass).base64Encode() }}",
        ] {
            assert_eq!(found(value), Vec::<String>::new(), "{value}");
        }
    }

    #[test]
    fn braces_in_quotes_do_not_end_it() {
        assert_eq!(end("{{ '}}' }} x", 0), Some(10));
        assert_eq!(end("{{ it's }} x", 0), Some(10));
        assert_eq!(end("{{ open", 0), None);
    }
}
