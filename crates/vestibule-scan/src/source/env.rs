//! Files of settings, one `NAME=value` or `name: value` a line: `.env`, `.properties`, `.ini`.
//!
//! Assignments that are commented out are read as well: an old key in a comment is still a key. Nothing is expanded or computed.

use std::borrow::Cow;

/// A line of a file of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'t> {
    /// What is set; empty for a line that sets nothing.
    pub name: &'t str,
    /// To what, without quotes; for a line that sets nothing, the line.
    pub value: Cow<'t, str>,
    /// Byte offset of the value.
    pub offset: usize,
}

/// Every line that is not empty.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let length = line_length(rest);
            let start = at;
            at += length;
            let whole = rest.get(..length).unwrap_or_default();
            let line = whole.trim();
            if !line.is_empty() {
                return Some(read(line, start + (whole.len() - whole.trim_start().len())));
            }
        }
    })
}

/// Whether most lines are assignments, as in a file of settings rather than a program.
pub fn looks_like(text: &str) -> bool {
    let (mut assigned, mut other) = (0, 0);
    for line in text.lines().take(200).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';', '['])) {
        let is_plain = split(line).is_some_and(|(name, value, _)| {
            !name.is_empty() && !value.ends_with([';', '{', '(', ',']) && !line.contains("==") && !value.starts_with(['{', '('])
        });
        *(if is_plain { &mut assigned } else { &mut other }) += 1;
    }
    assigned > 0 && other * 5 <= assigned
}

/// Bytes of the first line of `rest`; a key block in quotes is one line.
fn line_length(rest: &str) -> usize {
    let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
    let first = rest.get(..end).unwrap_or(rest);
    let Some(quote) = ["\"-----BEGIN", "'-----BEGIN"].iter().find_map(|mark| first.find(mark)) else {
        return end;
    };
    let closing = rest.as_bytes().get(quote).copied().unwrap_or(b'"');
    let after = rest.as_bytes().get(quote + 1..).unwrap_or_default();
    match memchr::memchr(closing, after.get(..16 << 10).unwrap_or(after)) {
        Some(length) if quote + length + 2 > end => {
            let from = quote + length + 2;
            let tail = rest.as_bytes().get(from..).unwrap_or_default();
            memchr::memchr(b'\n', tail).map_or(rest.len(), |at| from + at + 1)
        }
        _ => end,
    }
}

fn read(line: &str, offset: usize) -> Line<'_> {
    let plain = line.trim_start_matches(['#', ';', ' ', '\t']);
    let is_comment = plain.len() < line.len();
    // in a comment only what cannot be prose
    let is_meant = |name: &str, value: &str| {
        !is_comment
            || (!value.contains(' ')
                && (is_constant(name) || plain.get(name.len()..).is_some_and(|rest| rest.trim_start().starts_with('='))))
    };
    let found = split(plain).filter(|(name, value, _)| is_meant(name, value));
    match found {
        Some((name, value, at)) => {
            let (value, shift) = unquoted(value);
            Line { name, value: Cow::Borrowed(value), offset: offset + (line.len() - plain.len()) + at + shift }
        }
        None => Line { name: "", value: Cow::Borrowed(line), offset },
    }
}

/// Name, value and the place of the value in the line.
fn split(line: &str) -> Option<(&str, &str, usize)> {
    let rest = ["export ", "set ", "setx ", "ENV ", "ARG "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let end = rest.find(['=', ':'])?;
    let name = rest.get(..end)?.trim();
    let is_name = !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let raw = rest.get(end + 1..)?;
    let value = raw.trim();
    let is_address = raw.starts_with("//");
    let at = line.len() - rest.len() + end + 1 + (raw.len() - raw.trim_start().len());
    (is_name && !is_address).then_some((name, value, at))
}

fn is_constant(name: &str) -> bool {
    name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A value without its quotes or a comment behind it, and how many bytes stand before it.
fn unquoted(value: &str) -> (&str, usize) {
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = value.strip_prefix(quote) {
            return (inner.rfind(quote).and_then(|end| inner.get(..end)).unwrap_or(inner), 1);
        }
    }
    (value.find(" #").and_then(|end| value.get(..end)).unwrap_or(value).trim_end(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_of_every_spelling_are_read() {
        let text = "# settings\nAPI_KEY=abc # live\nexport NAME = \"two words\"\n\r\n#OLD_KEY='zz'\nhost: 10.0.0.1\n[section]\nhttp://x\nEMPTY=\n";
        let expected = [
            ("", "# settings"),
            ("API_KEY", "abc"),
            ("NAME", "two words"),
            ("OLD_KEY", "zz"),
            ("host", "10.0.0.1"),
            ("", "[section]"),
            ("", "http://x"),
            ("EMPTY", ""),
        ];
        let read: Vec<Line<'_>> = lines(text).collect();
        assert_eq!(read.iter().map(|line| (line.name, line.value.as_ref())).collect::<Vec<_>>(), expected);
        for line in read {
            assert!(text.get(line.offset..).is_some_and(|rest| rest.starts_with(line.value.as_ref())), "{line:?}");
        }
    }

    #[test]
    fn a_key_block_in_quotes_is_one_value() {
        let text = "K=\"-----BEGIN X-----\nab\n-----END X-----\"\nB=\"-----BEGIN\nC=1";
        let names: Vec<&str> = lines(text).map(|line| line.name).collect();
        assert_eq!(names, ["K", "B", "C"]);
        assert!(lines(text).next().is_some_and(|line| line.value.ends_with("-----END X-----")));
    }

    #[test]
    fn programs_and_prose_are_no_settings() {
        assert!(looks_like("A=1\nB=2\n"));
        assert!(looks_like("[db]\nhost = x\n"));
        assert!(!looks_like("if (a == b) {\n  return 1;\n}\nx = 2\n"));
        assert!(!looks_like("Dear all,\nplease read this\n"));
        assert!(!looks_like(""));
    }
}
