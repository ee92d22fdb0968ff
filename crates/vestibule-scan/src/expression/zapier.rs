//! References of Zapier: `{{294083718__name}}` and, since formulas, `{{=gives["294083718"]["name"]}}`.
//!
//! In the plain form the step's id and the field are joined by two underscores, and `[]` stands between a list and a field of its
//! elements. Only a formula can hold quotes; field names of the plain form may hold an apostrophe.

use std::borrow::Cow;

use super::{Piece, Reference, double};

pub(super) fn pieces<'t>(text: &'t str, take: &mut dyn FnMut(usize, Piece<'t>)) {
    let mut at = 0;
    let mut literal = 0;
    while let Some(open) = double(text.as_bytes(), b'{', at) {
        let inside = open + 2;
        let Some(close) = text.get(inside..).and_then(end).map(|end| inside + end) else {
            break;
        };
        take_literal(take, text, literal, open);
        take(inside, Piece::Expression(text.get(inside..close).unwrap_or_default()));
        at = close + 2;
        literal = at;
    }
    take_literal(take, text, literal, text.len());
}

fn take_literal<'t>(take: &mut dyn FnMut(usize, Piece<'t>), text: &'t str, start: usize, end: usize) {
    if let Some(literal) = text.get(start..end).filter(|literal| !literal.is_empty()) {
        take(start, Piece::Literal(literal));
    }
}

/// Where the closing marks stand; in a formula those inside quotes are none.
fn end(inside: &str) -> Option<usize> {
    if !inside.trim_start().starts_with('=') {
        return double(inside.as_bytes(), b'}', 0);
    }
    let bytes = inside.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'"', b'\'', b'}', rest)).map(|found| at + found) {
        at = match bytes.get(found) {
            Some(b'}') if bytes.get(found + 1) == Some(&b'}') => return Some(found),
            Some(quote @ (b'"' | b'\'')) => quoted(inside, found + 1, *quote).map_or(found + 1, |end| end + 1),
            _ => found + 1,
        };
    }
    None
}

/// Where a quoted text that starts at `at` ends.
fn quoted(text: &str, at: usize, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = at;
    loop {
        let found = at + memchr::memchr2(quote, b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&quote) {
            return Some(found);
        }
        at = found + 2;
    }
}

pub(super) fn references<'t>(expression: &'t str, found: &mut Vec<Reference<'t>>) {
    let inner = expression.trim();
    match inner.strip_prefix('=') {
        Some(formula) => found.extend(chains(formula).into_iter().filter_map(|chain| chain.reference())),
        None if inner.is_empty() => {}
        None => found.push(plain(inner)),
    }
}

/// String literals of a formula that are no step ids and no field names, with their offsets.
pub(super) fn literals(expression: &str) -> Vec<(usize, &str)> {
    let Some(formula) = expression.trim_start().strip_prefix('=') else {
        return Vec::new();
    };
    let shift = expression.len() - formula.len();
    let names: Vec<usize> = chains(formula).into_iter().flat_map(|chain| chain.starts).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = formula.as_bytes().get(at..).and_then(|rest| memchr::memchr2(b'"', b'\'', rest)).map(|open| at + open)
    {
        let quote = formula.as_bytes().get(open).copied().unwrap_or(b'"');
        let Some(close) = quoted(formula, open + 1, quote) else {
            break;
        };
        if !names.contains(&(open + 1)) {
            found.push((shift + open + 1, formula.get(open + 1..close).unwrap_or_default()));
        }
        at = close + 1;
    }
    found
}

/// `294083718__address__city`, `results[]data__name`; without a step's id it is a word of Zapier's own such as `zap_meta_human_now`.
fn plain(inner: &str) -> Reference<'_> {
    let is_id = |id: &str| {
        let digits = id.strip_prefix("_GEN_").unwrap_or(id);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match inner.split_once("__") {
        Some((id, field)) if is_id(id) => Reference { step: Some(Cow::Borrowed(id)), field: members(field) },
        _ if is_id(inner) => Reference { step: Some(Cow::Borrowed(inner)), field: Vec::new() },
        _ => Reference { step: None, field: members(inner) },
    }
}

fn members(field: &str) -> Vec<Cow<'_, str>> {
    let parts = field.split("[]").flat_map(|part| part.split("__"));
    parts.map(str::trim).filter(|part| !part.is_empty() && part.parse::<u32>().is_err()).map(Cow::Borrowed).collect()
}

/// `gives["id"]["field"]`, also written with dots.
#[derive(Default)]
struct Chain<'f> {
    /// Members behind the word, step first.
    members: Vec<&'f str>,
    /// Offsets of the members that stand in quotes.
    starts: Vec<usize>,
}

impl<'f> Chain<'f> {
    fn reference(self) -> Option<Reference<'f>> {
        let mut members_of = self.members.into_iter();
        let step = members_of.next()?;
        Some(Reference { step: Some(Cow::Borrowed(step)), field: members_of.flat_map(members).collect() })
    }
}

/// Words behind which a formula names a step.
const SOURCES: [&str; 5] = ["gives", "output", "outputs", "steps", "inputs"];

fn chains(formula: &str) -> Vec<Chain<'_>> {
    let mut chains = Vec::new();
    let mut at = 0;
    while let Some(rest) = formula.get(at..).filter(|rest| !rest.is_empty()) {
        let byte = rest.as_bytes().first().copied().unwrap_or(b' ');
        if byte == b'"' || byte == b'\'' {
            at = quoted(formula, at + 1, byte).map_or(formula.len(), |end| end + 1);
        } else if is_word(byte) {
            let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
            let word = rest.get(..length).unwrap_or_default();
            at += length;
            if SOURCES.contains(&word) {
                let (chain, end) = chain(formula, at);
                at = end;
                chains.push(chain);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    chains
}

fn chain(formula: &str, start: usize) -> (Chain<'_>, usize) {
    let bytes = formula.as_bytes();
    let mut chain = Chain::default();
    let mut at = start;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'['), Some(quote @ (b'"' | b'\''))) => {
                let Some(end) = quoted(formula, at + 2, *quote) else {
                    return (chain, formula.len());
                };
                chain.members.push(formula.get(at + 2..end).unwrap_or_default());
                chain.starts.push(at + 2);
                at = if bytes.get(end + 1) == Some(&b']') { end + 2 } else { end + 1 };
            }
            (Some(b'['), Some(b'0'..=b'9')) => {
                let length = bytes.get(at + 1..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
                // a step's id may be written without quotes, a position is left out
                if chain.members.is_empty() {
                    chain.members.push(formula.get(at + 1..at + 1 + length).unwrap_or_default());
                }
                at += length + 2;
            }
            (Some(b'.'), Some(next)) if is_word(*next) => {
                let length = bytes.get(at + 1..).unwrap_or_default().iter().take_while(|byte| is_word(**byte)).count();
                chain.members.push(formula.get(at + 1..at + 1 + length).unwrap_or_default());
                at += length + 1;
            }
            _ => return (chain, at.min(formula.len())),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(expression: &str) -> Vec<String> {
        let show = |reference: Reference<'_>| format!("{}:{}", reference.step.unwrap_or_default(), reference.field.join("."));
        super::super::references(crate::model::Platform::Zapier, expression).into_iter().map(show).collect()
    }

    fn found(text: &str) -> Vec<(usize, Piece<'_>)> {
        super::super::pieces(crate::model::Platform::Zapier, text)
    }

    #[test]
    fn texts_are_cut_at_references() {
        let text = "Hi {{1__name}}, {{=gives[\"2\"][\"a}}b\"]}} {{open";
        let expected = [
            (0, Piece::Literal("Hi ")),
            (5, Piece::Expression("1__name")),
            (14, Piece::Literal(", ")),
            (18, Piece::Expression("=gives[\"2\"][\"a}}b\"]")),
            (39, Piece::Literal(" {{open")),
        ];
        assert_eq!(found(text), expected);
        assert_eq!(found("{{1__what's up}}"), [(2, Piece::Expression("1__what's up"))]);
        assert_eq!(found(""), []);
        assert_eq!(found("{{}}"), [(2, Piece::Expression(""))]);
    }

    #[test]
    fn references_name_step_and_field() {
        assert_eq!(reads("294083718__question_zyW7ek"), ["294083718:question_zyW7ek"]);
        assert_eq!(reads("1__fields__Photo Link[]url"), ["1:fields.Photo Link.url"]);
        assert_eq!(reads("3___zap_search_was_found_status"), ["3:_zap_search_was_found_status"]);
        assert_eq!(reads("_GEN_177__email"), ["_GEN_177:email"]);
        assert_eq!(reads("zap_meta_human_now"), [":zap_meta_human_now"]);
        assert_eq!(reads("first_name"), [":first_name"]);
        assert_eq!(reads("17"), ["17:"]);
        assert_eq!(reads(" "), [""; 0]);
    }

    #[test]
    fn formulas_are_read_for_every_step_they_use() {
        assert_eq!(reads("=gives[\"3\"][\"To\"]"), ["3:To"]);
        assert_eq!(reads("=gives['3'][\"results[]old\"][\"data\"][\"f2\"]"), ["3:results.old.data.f2"]);
        assert_eq!(reads("=Object.to_json(output['7'])"), ["7:"]);
        assert_eq!(
            reads("=concat(gives['1'].name, \" gives['2']['x'] \", gives[4][0]['mail'])"),
            ["1:", "4:mail"].map(|read| read.replace("1:", "1:name"))
        );
        assert_eq!(reads("=1+1"), [""; 0]);
        assert_eq!(reads("=gives["), [""; 0]);
    }

    #[test]
    fn literals_of_formulas_are_no_field_names() {
        let formula = "=concat(\"Bearer x\", gives[\"1\"]['y'], 'z')";
        let found = literals(formula);
        assert_eq!(found, [(9, "Bearer x"), (38, "z")]);
        assert!(found.iter().all(|(at, literal)| formula.get(*at..at + literal.len()) == Some(*literal)));
        assert_eq!(literals("1__a\"b\""), []);
    }
}
