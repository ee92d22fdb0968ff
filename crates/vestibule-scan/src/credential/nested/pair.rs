//! One name and its value inside a text: where the name begins and ends, which separator follows, what the value is.

use crate::credential::expression;
use crate::credential::judge::{self, Seen};
use crate::credential::names::Slot;
use crate::credential::value::{Shape, boundary, line};
use crate::model::Role;

const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 8192;
const LONGEST_WORD: usize = 512;

/// A name met in a text.
#[derive(Debug)]
pub(super) struct Named<'t> {
    pub(super) text: &'t str,
    pub(super) end: usize,
    /// In quotes: a member, a header, an argument.
    pub(super) quoted: bool,
    /// Written `--name`.
    option: bool,
    /// Written `<name>`.
    tag: bool,
}

/// A value met behind a name.
#[derive(Debug)]
pub(super) struct Found<'t> {
    pub(super) value: &'t str,
    pub(super) end: usize,
    pub(super) quoted: bool,
    /// More prose follows on the line.
    prose: bool,
    /// Found past other words, so that the name is less sure.
    far: bool,
}

impl Found<'_> {
    /// Whether what was seen is believable where it stands.
    pub(super) fn allows(&self, seen: &Seen<'_>, slot: Slot) -> bool {
        let sure = seen.vendor.is_some() || Shape::of(seen.secret).is_drawn(seen.secret);
        let weak = self.prose || (self.far && slot != Slot::Password);
        sure || !weak
    }
}

/// The whole name around an anchor, with up to two words of prose before it: `API key`, `mot de passe`.
pub(super) fn name_around(text: &str, start: usize, end: usize) -> Option<Named<'_>> {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || *byte >= 0x80;
    let before = bytes.get(..start)?.iter().rev().take(LONGEST_NAME).take_while(|byte| is_name(byte)).count();
    let after = bytes.get(end..)?.iter().take(LONGEST_NAME).take_while(|byte| is_name(byte)).count();
    if before + after + (end - start) >= LONGEST_NAME {
        return None;
    }
    let (mut from, to) = (start - before, end + after);
    let option = text.get(from..to)?.starts_with('-');
    from += text.get(from..to)?.bytes().take_while(|byte| *byte == b'-').count();
    for _ in 0..2 {
        let head = text.get(..from)?;
        let Some(words) = head.strip_suffix(' ').filter(|words| words.ends_with(|sign: char| sign.is_alphabetic())) else {
            break;
        };
        let word = words.chars().rev().take(24).take_while(|sign| sign.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
        from = words.len() - word;
    }
    let quoted = matches!(bytes.get(to), Some(b'"' | b'\'' | b'`'))
        || text.get(to..)?.starts_with("\\\"")
        || text.get(to..)?.starts_with("\\'");
    let tag = from > 0 && matches!(bytes.get(from - 1), Some(b'<' | b':')) && bytes.get(to) == Some(&b'>');
    Some(Named { text: text.get(from..to)?, end: to, quoted, option, tag })
}

/// What kind of separator was met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Colon,
    Equals,
    Comma,
    Tag,
    Bar,
    Is,
    Space,
}

/// The value behind a name, if there is one that is a literal.
pub(super) fn value_after<'t>(text: &'t str, named: &Named<'_>, role: Role) -> Option<Found<'t>> {
    let mut at = Cursor { text, at: named.end };
    at.skip(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'*' | b']'), 8);
    at.closing_tag();
    let gap = at.skip(|byte| matches!(byte, b' ' | b'\t'), 24);
    let mut far = false;
    let mut separator = at.separator(named, role, gap);
    if separator.is_none() && (role == Role::Note || at.peek() == Some(b'(')) {
        far = true;
        separator = at.far_colon();
    }
    let separator = separator?;
    let spaced = at.skip(|byte| matches!(byte, b' ' | b'\t' | b'*' | b'_'), 24) > 0;
    at.skip(
        |byte| matches!(byte, b'\n' | b'\r' | b' ' | b'\t'),
        if separator == Separator::Colon || separator == Separator::Comma || separator == Separator::Equals { 80 } else { 0 },
    );
    at.member_value();
    at.string_prefix();
    if separator == Separator::Comma && at.rest().starts_with("val") {
        // `key: 'x-api-key', value: '…'`
        let word = at.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let (value, end) = at.after_value_word(at.at + word)?;
        return Some(Found { value, end, quoted: true, prose: false, far });
    }
    let quote = at.quote();
    if quote.is_none() && separator == Separator::Comma {
        return None;
    }
    if let Some(quote) = quote {
        let (value, end) = at.quoted(quote)?;
        if value == "value" || value == "val" {
            // `"name": "X-Api-Key", "value": "…"`
            return at.after_value_word(end).map(|(value, end)| Found { value, end, quoted: true, prose: false, far });
        }
        if let Some((value, end)) = at.joined(value, end, quote) {
            return Some(Found { value, end, quoted: true, prose: false, far });
        }
        return Some(Found { value, end, quoted: true, prose: false, far });
    }
    if text.get(named.end..at.at).is_some_and(|gap| gap.contains('\n')) {
        return None;
    }
    at.unquoted(separator, spaced, role, far)
}

/// The first word of a command line, out of its quotes, and where it ends.
pub(super) fn shell_word(text: &str) -> (&str, usize) {
    let text = line(text, LONGEST_WORD).trim_start();
    for quote in ["\\\"", "\"", "'"] {
        if let Some(body) = text.strip_prefix(quote)
            && let Some(close) = body.find(quote)
        {
            return (body.get(..close).unwrap_or_default(), close);
        }
    }
    let length = text.find(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '`')).unwrap_or(text.len());
    (text.get(..length).unwrap_or_default(), length)
}

/// The second of two quoted arguments, behind the opening bracket.
pub(super) fn second_argument(text: &str) -> Option<&str> {
    let mut at = Cursor { text, at: 0 };
    at.skip(|byte| byte == b' ', 4);
    let quote = at.quote()?;
    let (_, end) = at.quoted(quote)?;
    at.at = end;
    at.skip(|byte| matches!(byte, b' ' | b','), 8);
    let quote = at.quote()?;
    at.quoted(quote).map(|(value, _)| value)
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool, most: usize) -> usize {
        let length = self.rest().bytes().take(most).take_while(|byte| wanted(*byte)).count();
        self.at += length;
        length
    }

    fn separator(&mut self, named: &Named<'_>, role: Role, gap: usize) -> Option<Separator> {
        let rest = self.rest();
        let (separator, length) = if rest.starts_with("://") {
            return None;
        } else if rest.starts_with("::") {
            (Separator::Colon, 2)
        } else if rest.starts_with(':') || rest.starts_with('：') {
            let length = if rest.starts_with(':') { 1 } else { '：'.len_utf8() };
            (Separator::Colon, length + usize::from(rest.as_bytes().get(1) == Some(&b'=')))
        } else if rest.starts_with("!=") || rest.starts_with("==") || rest.starts_with("=>") {
            (Separator::Equals, rest.bytes().take(3).take_while(|byte| matches!(byte, b'=' | b'!' | b'>')).count())
        } else if rest.starts_with('=') {
            (Separator::Equals, 1)
        } else if (rest.starts_with("||") || rest.starts_with("??"))
            && rest.get(2..).is_some_and(|behind| behind.trim_start_matches(' ').starts_with(['"', '\'', '`']))
        {
            (Separator::Equals, 2)
        } else if rest.starts_with("-&gt;") || rest.starts_with("->") || rest.starts_with('→') {
            (Separator::Is, if rest.starts_with('→') { '→'.len_utf8() } else { rest.find('>').unwrap_or(1) + 1 })
        } else if rest.starts_with(',') && named.quoted {
            (Separator::Comma, 1)
        } else if rest.starts_with('>') && named.tag {
            (Separator::Tag, 1)
        } else if rest.starts_with('|') && role == Role::Note {
            (Separator::Bar, 1)
        } else if gap > 0 && (named.option || (named.text.ends_with("PASSWORD") && rest.starts_with('\''))) {
            // `--password x`, and SQL: `CREATE USER x WITH PASSWORD 'x'`
            (Separator::Space, 0)
        } else {
            let word =
                ["is ", "ist ", "lautet ", "es ", "est ", "é "].into_iter().find(|word| gap > 0 && rest.starts_with(word))?;
            (Separator::Is, word.len())
        };
        self.at += length;
        Some(separator)
    }

    /// `<b>Token</b>: …`
    fn closing_tag(&mut self) {
        let tag = self.rest().strip_prefix("</").and_then(|rest| rest.find('>')).filter(|length| *length <= 8);
        self.at += tag.map_or(0, |length| length + 3);
    }

    /// `Token for the staging tenant: …`, `API key (production): …`
    fn far_colon(&mut self) -> Option<Separator> {
        let line = line(self.rest(), 64);
        let colon = line.find(':').filter(|colon| *colon <= 48)?;
        let plain = line
            .get(..colon)?
            .chars()
            .all(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '(' | ')' | '-' | '\'' | '/' | '*' | '.' | '_'));
        let address = line.get(colon..)?.starts_with("://");
        self.at += colon + 1;
        (plain && !address).then_some(Separator::Colon)
    }

    /// `{"value": …` and `[` before the value.
    fn member_value(&mut self) {
        let rest = self.rest();
        let open = rest.bytes().take(24).take_while(|byte| matches!(byte, b'{' | b'[' | b' ' | b'\n' | b'\t' | b'\r')).count();
        if open == 0 || rest.starts_with("{{") {
            return;
        }
        let inner = rest.get(open..).unwrap_or_default().trim_start_matches(['\\', '"', '\'']);
        let member = ["value", "stringValue", "default", "rawValue"].into_iter().find(|member| inner.starts_with(member));
        if let Some(member) = member {
            let behind = inner.get(member.len()..).unwrap_or_default();
            let skipped = behind.bytes().take(8).take_while(|byte| matches!(byte, b'\\' | b'"' | b'\'' | b' ' | b':')).count();
            // back to the opening quote of the value
            let gap = behind.get(..skipped).unwrap_or_default();
            let quotes = gap.rfind(':').map_or(skipped, |colon| colon + 1);
            self.at += rest.len() - inner.len() + member.len() + quotes;
            self.skip(|byte| byte == b' ', 8);
        } else if rest.starts_with('[') {
            self.at += open;
        }
    }

    /// `f"…"`, `r'…'`, `String("…")`, `process.env.X || '…'`.
    fn string_prefix(&mut self) {
        let rest = self.rest();
        let word = rest
            .bytes()
            .take(80)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'?'))
            .count();
        if word == 0 {
            return;
        }
        let behind = rest.get(word..).unwrap_or_default();
        if word == 1 && rest.starts_with(['f', 'r', 'b', 'u']) && behind.starts_with(['"', '\'']) {
            self.at += 1;
            return;
        }
        let name = rest.get(..word).unwrap_or_default();
        if let Some(inner) = behind.strip_prefix('(').filter(|inner| inner.starts_with(['"', '\'', '`'])) {
            let wraps = ["Buffer.from", "String", "atob", "bytes", "SecretStr", "encodeURIComponent", "str"].contains(&name);
            self.at += if wraps { rest.len() - inner.len() } else { 0 };
            return;
        }
        let spaces = behind.len() - behind.trim_start_matches(' ').len();
        let behind = behind.trim_start_matches(' ');
        // a type before the value: `token: string = "…"`
        if let Some(value) = behind.strip_prefix("= ").filter(|_| ["string", "str", "String", "any", "const"].contains(&name)) {
            self.at += rest.len() - value.len();
            return;
        }
        let fallback = ["||", "??", "or ", "?:"].into_iter().find(|word| behind.starts_with(word));
        if let Some(fallback) = fallback {
            let value = behind.get(fallback.len()..).unwrap_or_default();
            let gap = value.len() - value.trim_start_matches(' ').len();
            if value.trim_start_matches(' ').starts_with(['"', '\'', '`']) {
                self.at += word + spaces + fallback.len() + gap;
            }
        }
    }

    /// Steps over an opening quote, escaped or not.
    fn quote(&mut self) -> Option<u8> {
        let escapes = self.rest().bytes().take(7).take_while(|byte| *byte == b'\\').count();
        let quote = self.text.as_bytes().get(self.at + escapes).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
        self.at += escapes + 1;
        // three quotes, or Markdown's code fence
        if self.rest().as_bytes().get(..2) == Some([quote, quote].as_slice()) {
            self.at += 2;
        }
        Some(quote)
    }

    /// Up to the closing quote; expressions of the platform are stepped over.
    fn quoted(&self, quote: u8) -> Option<(&'t str, usize)> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < self.at + LONGEST_VALUE {
            match bytes.get(at)? {
                b'{' if bytes.get(at + 1) == Some(&b'{') => at = expression::end(self.text, at)?,
                b'\n' if quote != b'`' && !self.rest().starts_with("-----BEGIN") => return None,
                byte if *byte == quote => {
                    let value = self.text.get(self.at..at)?.trim_end_matches('\\');
                    return Some((value, at + 1));
                }
                _ => at += 1,
            }
        }
        None
    }

    /// Behind `"value"`: its separator and quoted text.
    fn after_value_word(&self, end: usize) -> Option<(&'t str, usize)> {
        let mut at = Cursor { text: self.text, at: end };
        at.skip(|byte| matches!(byte, b' ' | b'\\' | b'"' | b'\''), 4);
        (at.peek() == Some(b':')).then_some(())?;
        at.at += 1;
        at.skip(|byte| matches!(byte, b' ' | b'\n'), 8);
        let quote = at.quote()?;
        at.quoted(quote)
    }

    /// `'Bearer ' + 'literal'`
    fn joined(&self, value: &str, end: usize, quote: u8) -> Option<(&'t str, usize)> {
        let is_scheme = value.ends_with(' ') && judge::scheme(&format!("{value}x")).is_some();
        let behind = self.text.get(end..)?;
        let plus = behind.trim_start().strip_prefix(['+', '.', '~'])?;
        if !is_scheme {
            return None;
        }
        let open = end + behind.len() - plus.trim_start().len();
        let at = Cursor { text: self.text, at: open + 1 };
        (self.text.as_bytes().get(open) == Some(&quote)).then(|| at.quoted(quote)).flatten()
    }

    fn unquoted(&mut self, separator: Separator, spaced: bool, role: Role, far: bool) -> Option<Found<'t>> {
        let start = self.at;
        let mut end = self.word_end(start);
        let word = self.text.get(start..end)?;
        // `Authorization: Bearer abc`
        if self.text.as_bytes().get(end) == Some(&b' ') && judge::scheme(&format!("{word} x")).is_some() {
            end = self.word_end(end + 1);
        }
        let value = self.text.get(start..end)?.trim_end_matches(['.', ',', ')', '*']);
        let next = self.text.as_bytes().get(end).copied();
        let calls = matches!(next, Some(b'(' | b'['));
        let in_string = matches!(next, Some(b'"' | b'\'' | b'`' | b'\\'));
        if value.is_empty()
            || calls
            || (role == Role::Code && !in_string && (spaced || separator == Separator::Colon) && separator != Separator::Is)
        {
            return None;
        }
        if role == Role::Code && !in_string && is_identifier_path(value) {
            return None;
        }
        let line = line(self.text.get(end..)?, 64).trim_start_matches(['.', ')', '*', ' ', '_']);
        let prose = next == Some(b' ')
            && line.starts_with(|sign: char| sign.is_alphabetic())
            && !matches!(role, Role::Command | Role::Code);
        Some(Found { value, end, quoted: false, prose, far: far || separator == Separator::Is && role != Role::Note })
    }

    fn word_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < start + LONGEST_VALUE {
            match bytes.get(at) {
                Some(b'{') if bytes.get(at + 1) == Some(&b'{') => {
                    let Some(end) = expression::end(self.text, at) else {
                        break;
                    };
                    at = end;
                }
                None
                | Some(
                    b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'&' | b';' | b'<' | b'>' | b')' | b']' | b'}' | b'|'
                    | b'\\' | b'(' | b'[' | b',',
                ) => break,
                Some(_) => at += 1,
            }
        }
        boundary(self.text, at)
    }
}

/// `item.json.token2`, `this.key`
fn is_identifier_path(value: &str) -> bool {
    value.contains('.')
        && value
            .split('.')
            .all(|part| part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$')))
}
