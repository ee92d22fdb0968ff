//! What must not come back: values just revealed, and the credential. An answer that repeats a value gets its token
//! instead; anything that repeats the credential is removed.

use crate::app::destination::Credential;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use vestibule_core::document::{Document, Kind, Limits};
use vestibule_core::outgoing::Site;
use vestibule_core::secret::Secret;
use vestibule_core::token::TokenText;
use vestibule_vault::record::ValueKind;
use vestibule_vault::reveal::PlainValue;
use zeroize::Zeroizing;

/// Shorter values are only recognised whole: parts of words would be taken for them.
const SHORTEST_PART: usize = 4;

/// The values and credentials of one call, wiped when the call is over.
pub struct Guard {
    values: Vec<(Needle, TokenText)>,
    marks: Vec<Needle>,
}

/// What an answer's text turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Reflection {
    /// Nothing of the call.
    Clean,
    /// A value, or text with values in it: this is what stands there instead.
    Replaced(String),
    /// It repeats a credential, a part of a revealed object, or a value in an encoding: it may not pass.
    Leak,
}

impl Guard {
    /// The guard of a call.
    pub(super) fn new(sites: &[Site], values: &[PlainValue<'_>], credential: Option<&Credential>) -> Guard {
        let mut known: Vec<(Needle, TokenText)> = sites
            .iter()
            .zip(values)
            .filter(|(_, value)| !value.bytes.is_empty())
            .map(|(site, value)| (Needle::new(value.bytes), TokenText::new(&site.block)))
            .collect();
        // the longest first, so that a name within an address does not break it apart
        known.sort_by_key(|(value, _)| std::cmp::Reverse(value.plain().len()));
        let marks = credential.iter().flat_map(|credential| &credential.marks).map(|mark| Needle::new(mark.expose()));
        let parts = values.iter().filter(|value| value.kind == ValueKind::Json).flat_map(|value| parts(value.bytes));
        Guard { values: known, marks: marks.chain(parts).collect() }
    }

    /// The token of this value, if the call revealed it.
    pub(super) fn token_of(&self, text: &[u8]) -> Option<TokenText> {
        self.values.iter().find(|(value, _)| value.plain() == text).map(|(_, token)| *token)
    }

    /// Looks for the call's values and credential in a text of the answer.
    pub(super) fn check(&self, text: &str) -> Reflection {
        let look = Look::at(text);
        if self.marks.iter().any(|mark| look.shows(mark)) {
            return Reflection::Leak;
        }
        if let Some(token) = self.token_of(text.as_bytes()) {
            return Reflection::Replaced(token.as_str().to_owned());
        }
        if !self.long().any(|(value, _)| look.shows(value)) {
            return Reflection::Clean;
        }
        let mut out = text.to_owned();
        for (value, token) in self.long() {
            if let Ok(value) = std::str::from_utf8(value.plain())
                && out.contains(value)
            {
                out = out.replace(value, token.as_str());
            }
        }
        let look = Look::at(&out);
        if self.long().any(|(value, _)| look.shows(value)) { Reflection::Leak } else { Reflection::Replaced(out) }
    }

    fn long(&self) -> impl Iterator<Item = &(Needle, TokenText)> {
        self.values.iter().filter(|(value, _)| value.plain().len() >= SHORTEST_PART)
    }
}

/// The texts and numbers in a revealed object or list. A part has no token of its own, so an answer that repeats one may
/// not pass; short ones would be found in everything.
fn parts(json: &[u8]) -> Vec<Needle> {
    let Ok(doc) = Document::parse(json, &Limits::default()) else { return Vec::new() };
    let part = |id| match doc.node(id).kind() {
        Kind::String => doc.string(id).into_owned().into_bytes(),
        Kind::Number => doc.text(id).to_vec(),
        _ => Vec::new(),
    };
    let parts = doc.nodes().map(|(id, _)| Zeroizing::new(part(id)));
    parts.filter(|part| part.len() >= SHORTEST_PART).map(|part| Needle::new(&part)).collect()
}

/// What is searched for: as it is, and in lower case.
struct Needle {
    plain: Secret<Vec<u8>>,
    lower: Secret<Vec<u8>>,
}

impl Needle {
    fn new(bytes: &[u8]) -> Needle {
        Needle { plain: Secret::new(bytes.to_vec()), lower: Secret::new(lower(bytes)) }
    }

    fn plain(&self) -> &[u8] {
        self.plain.expose()
    }
}

/// Lower case as people see it, so that `Ä` and `ä` are the same letter.
fn lower(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_ascii() => text.to_lowercase().into_bytes(),
        _ => bytes.to_ascii_lowercase(),
    }
}

/// A text that is searched, and which encodings it can hold at all: most texts hold none, and are searched once for each
/// needle.
struct Look<'t> {
    text: &'t [u8],
    lower: Vec<u8>,
    percent: bool,
    backslash: bool,
    entity: bool,
    /// The longest run of characters of which hexadecimal and base64 are made.
    run: usize,
}

impl<'t> Look<'t> {
    fn at(text: &'t str) -> Look<'t> {
        let text = text.as_bytes();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        Look {
            text,
            lower: lower(text),
            percent: memchr::memchr(b'%', text).is_some(),
            backslash: memchr::memchr(b'\\', text).is_some(),
            entity: memchr::memchr(b'&', text).is_some(),
            run: text.split(|byte| !is_part(byte)).map(<[u8]>::len).max().unwrap_or(0),
        }
    }

    /// Whether the needle stands there: raw, in other case, hexadecimal, percent, JSON, HTML, or base64 at its three
    /// offsets. An encoding that would leave no trace of its own is the raw text.
    fn shows(&self, needle: &Needle) -> bool {
        let plain = needle.plain();
        let found = |encoded: &[u8]| memmem::find(&self.lower, encoded).is_some();
        // no encoding is shorter than what it encodes
        self.lower.len() >= plain.len().min(needle.lower.expose().len())
            && (found(needle.lower.expose())
                || (self.run >= plain.len() * 2 && found(hex(plain).as_bytes()))
                || (self.percent && [false, true].iter().any(|all| found(percent(plain, *all).to_ascii_lowercase().as_bytes())))
                || (self.backslash && found(&json(plain).to_ascii_lowercase()))
                || (self.entity && found(&html(plain).to_ascii_lowercase()))
                || (self.run >= shortest_core(plain.len())
                    && base64_cores(plain).iter().any(|core| memmem::find(self.text, core.as_bytes()).is_some())))
    }
}

fn hex(bytes: &[u8]) -> String {
    vestibule_core::id::hex(bytes)
}

fn percent(bytes: &[u8], all: bool) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !all && (byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}

fn json(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for c in String::from_utf8_lossy(bytes).encode_utf16() {
        match u8::try_from(c) {
            Ok(byte @ (b'"' | b'\\' | b'/')) => out.extend([b'\\', byte]),
            Ok(byte) if byte.is_ascii_graphic() || byte == b' ' => out.push(byte),
            _ => out.extend(format!("\\u{c:04x}").bytes()),
        }
    }
    out
}

fn html(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'&' => out.extend(b"&amp;"),
            b'<' => out.extend(b"&lt;"),
            b'>' => out.extend(b"&gt;"),
            b'"' => out.extend(b"&quot;"),
            b'\'' => out.extend(b"&#39;"),
            _ => out.push(*byte),
        }
    }
    out
}

/// No core of a needle of this length is shorter: each byte makes 4/3 characters, and less than two are shared with what
/// stands around it.
fn shortest_core(length: usize) -> usize {
    (length * 4 / 3).saturating_sub(1)
}

/// The characters of a base64 text that depend on the needle alone, at each of the three offsets. Short needles leave
/// too little to be told from chance.
fn base64_cores(needle: &[u8]) -> Vec<String> {
    if needle.len() < 6 {
        return Vec::new();
    }
    (0..3usize)
        .filter_map(|offset| {
            let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(needle.iter().copied()).collect();
            let text = STANDARD_NO_PAD.encode(&padded);
            let start = (offset * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            text.get(start..end).map(str::to_owned)
        })
        .flat_map(|core| [core.replace('+', "-").replace('/', "_"), core])
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use vestibule_core::token::Block;

    fn guard(value: &str, mark: &str) -> Guard {
        Guard {
            values: vec![(Needle::new(value.as_bytes()), TokenText::new(&Block([7; 16])))],
            marks: vec![Needle::new(mark.as_bytes())],
        }
    }

    #[test]
    fn values_come_back_as_their_tokens() {
        let guard = guard("dana@example.org", "s3cret-key");
        let token = TokenText::new(&Block([7; 16]));
        assert_eq!(guard.check("dana@example.org"), Reflection::Replaced(token.as_str().into()));
        assert_eq!(guard.check("mail to dana@example.org sent"), Reflection::Replaced(format!("mail to {} sent", token.as_str())));
        assert_eq!(guard.check("mail sent"), Reflection::Clean);
    }

    #[test]
    fn encoded_values_and_credentials_do_not_pass() {
        let secret = "s3cret-key<&>\"/ä";
        let guard = guard("dana@example.org", secret);
        let mut seen = 0;
        for needle in ["dana@example.org", secret] {
            let encodings = [
                hex(needle.as_bytes()), hex(needle.as_bytes()).to_uppercase(), percent(needle.as_bytes(), false), percent(needle.as_bytes(), true),
                String::from_utf8(json(needle.as_bytes())).unwrap(), String::from_utf8(html(needle.as_bytes())).unwrap(),
                STANDARD.encode(needle), STANDARD.encode(format!("x{needle}y")), STANDARD.encode(format!("xy{needle}z")),
                URL_SAFE_NO_PAD.encode(format!("xyz{needle}")), needle.to_uppercase(),
            ];
            for text in encodings {
                let outcome = guard.check(&format!("before {text} after"));
                assert_ne!(outcome, Reflection::Clean, "{text}");
                seen += 1;
            }
        }
        assert_eq!(seen, 22);
        assert_eq!(guard.check(&format!("key {secret}")), Reflection::Leak);
    }

    #[test]
    fn no_core_is_shorter_than_the_run_that_is_looked_for() {
        for length in 6..200 {
            let cores = base64_cores(&vec![b'~'; length]);
            assert_eq!(cores.len(), 6);
            assert!(cores.iter().all(|core| core.len() >= shortest_core(length)), "{length}");
        }
    }

    #[test]
    fn a_needle_alone_in_an_encoding_is_found_too() {
        let needle = "Lindenallee 7, 10115 Berlin";
        let guard = guard(needle, "s3cret-key");
        for text in [hex(needle.as_bytes()), STANDARD.encode(needle), needle.to_lowercase(), percent(needle.as_bytes(), true)] {
            assert_eq!(guard.check(&text), Reflection::Leak, "{text}");
        }
        assert_eq!(guard.check(needle.get(1..).unwrap()), Reflection::Clean);
    }
}
