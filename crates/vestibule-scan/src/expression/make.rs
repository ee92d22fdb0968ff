//! Make's expressions (IML): `{{1.array[].field}}`, ``{{2.`odd name`}}``, `{{if(1.a = "x"; "y"; 3.z)}}`.
//!
//! One pass each, no recursion. Quotes and back quotes protect braces; a quote that is never closed inside its expression is an
//! ordinary character, because texts hold inches and apostrophes. What a function computes is not worked out, with one exception: the
//! names that `map` and `get` take as text belong to the field they are applied to.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{Piece, Reference, double};

/// How far behind a quoted `}}` the real end of the expression is looked for.
const REACH: usize = 4_096;

/// Words that stand for a value of their own.
const KEYWORDS: [&str; 20] = [
    "now",
    "timestamp",
    "uuid",
    "random",
    "pi",
    "true",
    "false",
    "null",
    "empty",
    "emptystring",
    "emptyarray",
    "space",
    "nbsp",
    "newline",
    "tab",
    "carriagereturn",
    "executionId",
    "ignore",
    "erase",
    "undefined",
];

/// Words between two values; a name with spaces ends before them.
const OPERATORS: [&str; 8] = ["and", "or", "mod", "not", "is", "in", "contains", "xor"];

pub(super) fn pieces<'t>(text: &'t str, take: &mut dyn FnMut(usize, Piece<'t>)) {
    let mut at = 0;
    while let Some((open, inner, end)) = next_expression(text, at) {
        take_literal(take, text, at, open);
        take(inner, Piece::Expression(text.get(inner..end).unwrap_or_default()));
        at = end + 2;
    }
    take_literal(take, text, at, text.len());
}

pub(super) fn references<'t>(expression: &'t str, found: &mut Vec<Reference<'t>>) {
    Lexer { text: expression, whole: expression.trim(), at: 0, open: Vec::new(), found }.run();
}

pub(super) fn literals(expression: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = expression.as_bytes().get(at) {
        match byte {
            b'"' | b'\'' | b'`' => match closing(expression, at, *byte) {
                Some(end) => {
                    if *byte != b'`' {
                        found.push((at + 1, expression.get(at + 1..end).unwrap_or_default()));
                    }
                    at = end + 1;
                }
                None => at += 1,
            },
            _ => at += 1,
        }
    }
    found
}

fn take_literal<'t>(take: &mut dyn FnMut(usize, Piece<'t>), text: &'t str, from: usize, to: usize) {
    match text.get(from..to) {
        Some(literal) if !literal.is_empty() => take(from, Piece::Literal(literal)),
        _ => {}
    }
}

/// Where the next expression opens, where its inside begins and where it ends. Of more than two braces in a row the last two open it:
/// the others belong to the JSON text around.
fn next_expression(text: &str, from: usize) -> Option<(usize, usize, usize)> {
    let bytes = text.as_bytes();
    let first = double(bytes, b'{', from)?;
    let braces = bytes.get(first..)?.iter().take_while(|byte| **byte == b'{').count();
    let inner = first + braces;
    Some((inner - 2, inner, end_of_expression(text, inner)?))
}

/// The `}}` that closes the expression whose inside begins at `from`.
fn end_of_expression(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let find_close = |from: usize| double(bytes, b'}', from);
    let mut close = find_close(from)?;
    let mut at = from;
    loop {
        if at > close {
            close = find_close(at)?;
        }
        match bytes.get(at)? {
            b'}' if at == close => return Some(at),
            quote @ (b'"' | b'\'' | b'`') => {
                let end = closing(text, at, *quote).filter(|end| *end < close || (*quote == b'"' && protects(text, at, *end)));
                at = end.map_or(at + 1, |end| end + 1);
            }
            _ => at += 1,
        }
    }
}

/// Whether the double quotes at `start` and `end` hold braces as text, rather than standing in two different expressions.
fn protects(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let inside = bytes.get(start..end).unwrap_or_default();
    let behind = bytes.get(end..).unwrap_or_default();
    let behind = behind.get(..REACH).unwrap_or(behind);
    let close = memmem::find(behind, b"}}");
    memmem::find(inside, b"{{").is_none()
        && close.is_some_and(|close| memmem::find(behind.get(..close).unwrap_or_default(), b"{{").is_none())
}

fn closing(text: &str, start: usize, quote: u8) -> Option<usize> {
    memchr(quote, text.as_bytes().get(start + 1..)?).map(|at| start + 1 + at)
}

/// What is open around the place where the lexer stands.
enum Open<'t> {
    /// A parenthesis: the function's name, the argument that is read, and the reference that was its first argument.
    Call { function: &'t str, argument: usize, first: Option<usize> },
    /// A bracket in the middle of a path.
    Index { path: Vec<Cow<'t, str>> },
}

struct Lexer<'t, 'f> {
    text: &'t str,
    whole: &'t str,
    at: usize,
    open: Vec<Open<'t>>,
    found: &'f mut Vec<Reference<'t>>,
}

impl<'t> Lexer<'t, '_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' => self.string(byte),
                b'`' => self.path(Vec::new()),
                b'(' => self.call(""),
                b')' => {
                    self.at += 1;
                    while let Some(Open::Index { path }) = self.open.pop() {
                        self.end_path(path, false);
                    }
                }
                b';' => {
                    self.at += 1;
                    if let Some(Open::Call { argument, .. }) = self.open.last_mut() {
                        *argument += 1;
                    }
                }
                b']' => {
                    self.at += 1;
                    if let Some(Open::Index { path }) = self.open.pop_if(|open| matches!(open, Open::Index { .. })) {
                        self.path_on(path);
                    }
                }
                byte if is_name(byte) => self.path(Vec::new()),
                _ => self.at += 1,
            }
        }
        while let Some(open) = self.open.pop() {
            if let Open::Index { path } = open {
                self.end_path(path, false);
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// A quoted text; the second argument of `map` and `get` names members of the first.
    fn string(&mut self, quote: u8) {
        let Some(end) = closing(self.text, self.at, quote) else {
            self.at += 1;
            return;
        };
        let inside = self.text.get(self.at + 1..end).unwrap_or_default();
        self.at = end + 1;
        if let Some(Open::Call { function: "map" | "get", argument: 1, first: Some(first) }) = self.open.last()
            && let Some(reference) = self.found.get_mut(*first)
        {
            reference.field.extend(inside.split('.').filter(|name| !name.is_empty()).map(Cow::Borrowed));
        }
    }

    fn call(&mut self, function: &'t str) {
        self.at += 1;
        self.open.push(Open::Call { function, argument: 0, first: None });
    }

    /// A path from its next segment on.
    fn path(&mut self, mut path: Vec<Cow<'t, str>>) {
        let quoted = self.peek() == Some(b'`');
        let segment = if quoted { self.quoted_segment() } else { Some(self.plain_segment(&path)) };
        let Some(segment) = segment else {
            self.at += 1;
            return self.end_path(path, false);
        };
        if path.is_empty() && !quoted && self.peek() == Some(b'(') {
            return self.call(segment);
        }
        path.push(Cow::Borrowed(segment));
        if quoted && path.len() == 1 && self.peek() != Some(b'.') && self.peek() != Some(b'[') {
            return self.end_path(path, true);
        }
        self.path_on(path);
    }

    /// What follows a segment: another, an index, or the end.
    fn path_on(&mut self, path: Vec<Cow<'t, str>>) {
        let next = self.text.as_bytes().get(self.at + 1).copied();
        match self.peek() {
            Some(b'.') if next.is_some_and(|next| next == b'`' || is_name(next)) => {
                self.at += 1;
                self.path(path);
            }
            Some(b'[') => {
                self.at += 1;
                self.open.push(Open::Index { path });
            }
            _ => self.end_path(path, false),
        }
    }

    fn quoted_segment(&mut self) -> Option<&'t str> {
        let end = closing(self.text, self.at, b'`')?;
        let segment = self.text.get(self.at + 1..end);
        self.at = end + 1;
        segment
    }

    /// A name. Below a step it may hold spaces where no operator follows: people type `1.Phone Number` by hand.
    fn plain_segment(&mut self, path: &[Cow<'t, str>]) -> &'t str {
        let rest = self.rest();
        let mut end = name_length(rest);
        let below_step = path.first().is_some_and(|first| is_number(first));
        while let Some(word) = rest.get(end..).and_then(|after| after.strip_prefix(' ')).filter(|_| below_step) {
            let length = name_length(word);
            let (name, after) = word.split_at_checked(length).unwrap_or_default();
            let is_word = name.starts_with(char::is_alphabetic) && !after.starts_with('(') && !after.starts_with('.');
            if !is_word || OPERATORS.contains(&name) {
                break;
            }
            end += 1 + length;
        }
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn end_path(&mut self, path: Vec<Cow<'t, str>>, quoted: bool) {
        let whole = self.whole;
        let mut segments = path.into_iter();
        let Some(first) = segments.next() else { return };
        let rest: Vec<Cow<'t, str>> = segments.collect();
        let alone = rest.is_empty() && !quoted;
        let reference = if is_number(&first) {
            let ends_quoted = self.text.as_bytes().get(self.at.wrapping_sub(1)) == Some(&b'`');
            let is_fraction = !ends_quoted && matches!(rest.as_slice(), [only] if is_number(only));
            if is_fraction || (alone && whole != first) {
                return;
            }
            Reference { step: Some(first), field: rest }
        } else if alone && (whole != first || KEYWORDS.contains(&first.as_ref())) {
            return;
        } else {
            Reference { step: None, field: std::iter::once(first).chain(rest).collect() }
        };
        if let Some(Open::Call { argument: 0, first, .. }) = self.open.last_mut() {
            first.get_or_insert(self.found.len());
        }
        self.found.push(reference);
    }
}

/// Letters, digits and what names hold besides them; every byte of a character beyond ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@' | b'#') || byte >= 0x80
}

/// Length of the name at the start of the text; hyphens and colons stand inside names only.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let goes_on = |at: usize, byte: u8| {
        is_name(byte) || (matches!(byte, b'-' | b':') && bytes.get(at + 1).is_some_and(|next| is_name(*next)))
    };
    bytes.iter().enumerate().take_while(|(at, byte)| goes_on(*at, **byte)).count()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |(offset, piece): (usize, Piece<'_>)| match piece {
            Piece::Literal(inner) => format!("{offset}:{inner}"),
            Piece::Expression(inner) => format!("{offset}<{inner}>"),
        };
        super::super::pieces(crate::model::Platform::Make, text).into_iter().map(show).collect()
    }

    fn used(expression: &str) -> Vec<String> {
        let show = |reference: Reference<'_>| format!("{}|{}", reference.step.unwrap_or("-".into()), reference.field.join("/"));
        super::super::references(crate::model::Platform::Make, expression).into_iter().map(show).collect()
    }

    #[test]
    fn texts_fall_into_literals_and_expressions() {
        assert_eq!(shown(""), [""; 0]);
        assert_eq!(shown("plain"), ["0:plain"]);
        assert_eq!(shown("a {{1.b}} c"), ["0:a ", "4<1.b>", "9: c"]);
        assert_eq!(shown("{{1.a}}{{2.b}}"), ["2<1.a>", "9<2.b>"]);
        assert_eq!(shown("never {{1.closed"), ["0:never {{1.closed"]);
        assert_eq!(shown("x}} {{y}}"), ["0:x}} ", "6<y>"]);
    }

    #[test]
    fn braces_of_the_text_around_stay_outside() {
        assert_eq!(shown(r#"{"a":{{1.b}}}"#), [r#"0:{"a":"#, "7<1.b>", "12:}"]);
        assert_eq!(shown(r#"{{{1.b}}}"#), ["0:{", "3<1.b>", "8:}"]);
        assert_eq!(shown("é{{1.é}}"), ["0:é", "4<1.é>"]);
    }

    #[test]
    fn quotes_protect_and_odd_quotes_do_not() {
        assert_eq!(
            shown(r#"{"k":"{{replace(4.json; """"; "'")}}"}"#),
            [r#"0:{"k":""#, r#"8<replace(4.json; """"; "'")>"#, r#"36:"}"#]
        );
        assert_eq!(shown(r#"{{if(1.a; "}}"; "{")}} z"#), [r#"2<if(1.a; "}}"; "{")>"#, "22: z"]);
        assert_eq!(shown("{{ifempty(1.a; don't)}} and {{2.b}}'s"), ["2<ifempty(1.a; don't)>", "23: and ", "30<2.b>", "35:'s"]);
        assert_eq!(shown(r#"{{1.inch}} 5" {{x(2.b; 3")}} "#), ["2<1.inch>", r#"10: 5" "#, r#"16<x(2.b; 3")>"#, "28: "]);
        assert_eq!(shown("{{1.`a}}b`}}"), ["2<1.`a>", "8:b`}}"]);
    }

    #[test]
    fn fields_of_earlier_steps_are_seen() {
        assert_eq!(used("1.email"), ["1|email"]);
        assert_eq!(used("1.events[].message.id"), ["1|events/message/id"]);
        assert_eq!(used("1.items[2].sku"), ["1|items/sku"]);
        assert_eq!(used("3.headers.`x-record-uuid`"), ["3|headers/x-record-uuid"]);
        assert_eq!(used("1.`0`"), ["1|0"]);
        assert_eq!(used("13.`対応詳細`.value[].`添付`"), ["13|対応詳細/value/添付"]);
        assert_eq!(used("2"), ["2|"]);
        assert_eq!(used(" email "), ["-|email"]);
        assert_eq!(used("var.input.person_name"), ["-|var/input/person_name"]);
    }

    #[test]
    fn fields_inside_functions_and_operations_are_seen() {
        assert_eq!(used(r#"if(1.age >= 18 and 2.ok; lower(1.Full Name); "no.way")"#), ["1|age", "2|ok", "1|Full Name"]);
        assert_eq!(used("(22.subtotal - 23.discount) * 1.5"), ["22|subtotal", "23|discount"]);
        assert_eq!(used("substring(1.text; 0; 30)"), ["1|text"]);
        assert_eq!(used("formatDate(now; \"YYYY\")"), [""; 0]);
        assert_eq!(used("1.rows[2.index].email"), ["2|index", "1|rows/email"]);
        assert_eq!(used("if(1.a; Yes; No)"), ["1|a"]);
        assert_eq!(used("1.a + 2.b"), ["1|a", "2|b"]);
    }

    #[test]
    fn names_given_as_text_belong_to_the_field() {
        assert_eq!(used(r#"first(map(5.array; "email"; "type"; 7.kind))"#), ["5|array/email", "7|kind"]);
        assert_eq!(used(r#"get(1.data; "person.phone")"#), ["1|data/person/phone"]);
        assert_eq!(used(r#"join(5.array; "email")"#), ["5|array"]);
    }

    #[test]
    fn nothing_that_is_broken_hangs_or_panics() {
        for text in
            ["1.", ".", "1.a[", "1.a[2.b", "]", ")))", "(((", "\"", "'", "`", "1.`", "1.a[)].b", ";;", "é.ü[", "1. a", "-", "a:-"]
        {
            used(text);
            literals(text);
            shown(&format!("{{{{{text}}}}}"));
        }
        let deep = "1.a[".repeat(50_000);
        assert_eq!(used(&deep).len(), 50_000);
        let open = "{{\"".repeat(50_000);
        assert_eq!(shown(&open).len(), 1);
    }

    #[test]
    fn texts_inside_expressions_are_seen() {
        let found = literals(r#"if(1.a = "x"; 'two words'; 1.`not "this"`)"#);
        assert_eq!(found, [(10, "x"), (15, "two words")]);
        assert_eq!(literals(r#"a; 5" and"#), []);
    }
}
