//! n8n expressions: JavaScript between `{{` and `}}` in a text, and the fields of earlier steps that it reads.
//!
//! The leading `=` that makes a text an expression is taken off by the reader. JavaScript is read as words, strings and signs only; it is
//! neither parsed in full nor worked out.

mod reference;
mod token;

use super::{Piece, Reference, double};
use token::{Token, Tokens};

/// Texts up to this many bytes are always read with their strings and braces; see [`pieces`].
const ALWAYS: usize = 64 * 1024;

/// An expression ends at the `}}` that is outside its strings and braces. Where a text is so broken that looking for such ends would read
/// it again and again, the first `}}` ends the expression, as n8n itself does it.
pub(super) fn pieces<'t>(text: &'t str, take: &mut dyn FnMut(usize, Piece<'t>)) {
    let mut budget = text.len().saturating_mul(4).saturating_add(ALWAYS);
    let mut at = 0;
    while let Some((start, end)) = next_expression(text, at, &mut budget) {
        take_literal(take, text, at, start.saturating_sub(2));
        if let Some(inner) = text.get(start..end) {
            take(start, Piece::Expression(inner));
        }
        at = end + 2;
    }
    take_literal(take, text, at, text.len());
}

/// Each field once for each time it is read, in the order of the text.
pub(super) fn references<'t>(expression: &'t str, found: &mut Vec<Reference<'t>>) {
    reference::all(expression, found);
}

/// What stands between the quotes, as it is written; of a template literal, the parts between its `${}`.
pub(super) fn literals(expression: &str) -> Vec<(usize, &str)> {
    let texts = Tokens::new(expression).filter_map(|(at, token)| match token {
        Token::Text(text) if !text.is_empty() => Some((at, text)),
        _ => None,
    });
    texts.collect()
}

fn take_literal<'t>(take: &mut dyn FnMut(usize, Piece<'t>), text: &'t str, from: usize, to: usize) {
    if let Some(literal) = text.get(from..to).filter(|literal| !literal.is_empty()) {
        take(from, Piece::Literal(literal));
    }
}

/// Where the next expression begins and ends, its marks left out.
fn next_expression(text: &str, from: usize, budget: &mut usize) -> Option<(usize, usize)> {
    let open = double(text.as_bytes(), b'{', from)?;
    let start = open + 2;
    let inner = text.get(start..)?;
    let first_close = double(inner.as_bytes(), b'}', 0)?;
    let plain = !memchr::memchr3_iter(b'\'', b'"', b'`', inner.as_bytes().get(..first_close)?).any(|_| true)
        && memchr::memchr(b'{', inner.as_bytes().get(..first_close)?).is_none();
    if plain {
        return Some((start, start + first_close));
    }
    let end = balanced_end(inner, budget).unwrap_or(first_close);
    Some((start, start + end))
}

/// The offset of the `}}` outside strings and braces.
fn balanced_end(inner: &str, budget: &mut usize) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, token) in Tokens::new(inner) {
        if at > *budget {
            *budget = 0;
            return None;
        }
        match token {
            Token::Sign(b'{') => depth += 1,
            Token::Sign(b'}') if depth > 0 => depth -= 1,
            Token::Sign(b'}') if inner.as_bytes().get(at + 1) == Some(&b'}') => {
                *budget = budget.saturating_sub(at);
                return Some(at);
            }
            _ => {}
        }
    }
    *budget = budget.saturating_sub(inner.len());
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn found(text: &str) -> Vec<(usize, Piece<'_>)> {
        super::super::pieces(crate::model::Platform::N8n, text)
    }

    fn split(text: &str) -> Vec<String> {
        found(text)
            .into_iter()
            .map(|(at, piece)| match piece {
                Piece::Literal(literal) => {
                    assert_eq!(&text[at..at + literal.len()], literal);
                    literal.to_owned()
                }
                Piece::Expression(inner) => {
                    assert_eq!(&text[at..at + inner.len()], inner);
                    format!("<{inner}>")
                }
            })
            .collect()
    }

    #[test]
    fn an_expression_ends_where_its_javascript_ends() {
        let cases: [(&str, &[&str]); 14] = [
            ("", &[]),
            ("plain", &["plain"]),
            ("{{ $json.a }}", &["< $json.a >"]),
            ("Bearer {{$json.t}} end", &["Bearer ", "<$json.t>", " end"]),
            ("{{ {a:{b:1}} }}x", &["< {a:{b:1}} >", "x"]),
            ("{{ \"}}\" + '}}' }}x", &["< \"}}\" + '}}' >", "x"]),
            ("{{ `a ${ f({b:`}}`}) } }}` }}x", &["< `a ${ f({b:`}}`}) } }}` >", "x"]),
            ("{{ a.replace(/'}}/g, \"\") }}x", &["< a.replace(/'}}/g, \"\") >", "x"]),
            ("{{ a /* it's */ }}x", &["< a /* it's */ >", "x"]),
            ("{{ it's }}x", &["< it's >", "x"]),
            ("{{ never closed", &["{{ never closed"]),
            ("{\"a\":\"{{ $json[\"k\"] }}\"}", &["{\"a\":\"", "< $json[\"k\"] >", "\"}"]),
            ("{{}}", &["<>"]),
            ("{{ a }}{{ b }}", &["< a >", "< b >"]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn broken_texts_take_linear_time() {
        // were each opening searched to the end, this would be 10^11 steps
        let text = "{{ ` }} {{ { }} ".repeat(100_000);
        assert!(found(&text).len() > 1_000);
        assert_eq!(found(&"{{".repeat(500_000)).len(), 1);
    }

    #[test]
    fn string_literals_are_found_with_their_places() {
        let text = "$json.a + 'one' + \"t\\\"wo\" + `three ${ x ? 'four' : y } five` + ''";
        let found = literals(text);
        assert_eq!(found.iter().map(|(_, literal)| *literal).collect::<Vec<_>>(), ["one", "t\\\"wo", "three ", "four", " five"]);
        assert!(found.iter().all(|(at, literal)| &text[*at..at + literal.len()] == *literal));
    }
}
