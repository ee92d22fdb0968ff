//! What must not come back: values just revealed, and the credential. An answer that repeats a value gets its token
//! instead; anything that repeats the credential is removed.

use crate::app::destination::Credential;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use vestibule_core::outgoing::Site;
use vestibule_core::secret::Secret;
use vestibule_core::token::TokenText;
use vestibule_vault::reveal::PlainValue;

/// Shorter values are only recognised whole: parts of words would be taken for them.
const SHORTEST_PART: usize = 4;

/// The values and credentials of one call, wiped when the call is over.
pub struct Guard {
    values: Vec<(Secret<Vec<u8>>, TokenText)>,
    marks: Vec<Secret<Vec<u8>>>,
}

/// What an answer's text turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Reflection {
    /// Nothing of the call.
    Clean,
    /// A value, or text with values in it: this is what stands there instead.
    Replaced(String),
    /// It repeats a credential, or a value in an encoding: it may not pass.
    Leak,
}

impl Guard {
    /// The guard of a call.
    pub(super) fn new(sites: &[Site], values: &[PlainValue<'_>], credential: Option<&Credential>) -> Guard {
        let mut known: Vec<(Secret<Vec<u8>>, TokenText)> = sites
            .iter()
            .zip(values)
            .filter(|(_, value)| !value.bytes.is_empty())
            .map(|(site, value)| (Secret::new(value.bytes.to_vec()), TokenText::new(&site.block)))
            .collect();
        // the longest first, so that a name within an address does not break it apart
        known.sort_by_key(|(value, _)| std::cmp::Reverse(value.expose().len()));
        let marks = credential.map(|credential| credential.marks.iter().map(|mark| Secret::new(mark.expose().clone())).collect());
        Guard { values: known, marks: marks.unwrap_or_default() }
    }

    /// The token of this value, if the call revealed it.
    pub(super) fn token_of(&self, text: &[u8]) -> Option<TokenText> {
        self.values.iter().find(|(value, _)| value.expose() == text).map(|(_, token)| *token)
    }

    /// Looks for the call's values and credential in a text of the answer.
    pub(super) fn check(&self, text: &str) -> Reflection {
        if self.marks.iter().any(|mark| in_any_encoding(mark.expose(), text.as_bytes())) {
            return Reflection::Leak;
        }
        if let Some(token) = self.token_of(text.as_bytes()) {
            return Reflection::Replaced(token.as_str().to_owned());
        }
        let mut out = text.to_owned();
        for (value, token) in self.long() {
            if let Ok(value) = std::str::from_utf8(value.expose())
                && out.contains(value)
            {
                out = out.replace(value, token.as_str());
            }
        }
        if self.long().any(|(value, _)| in_any_encoding(value.expose(), out.as_bytes())) {
            return Reflection::Leak;
        }
        if out == text { Reflection::Clean } else { Reflection::Replaced(out) }
    }

    fn long(&self) -> impl Iterator<Item = &(Secret<Vec<u8>>, TokenText)> {
        self.values.iter().filter(|(value, _)| value.expose().len() >= SHORTEST_PART)
    }
}

/// Raw, other case, hexadecimal, percent, JSON, HTML, and base64 at its three offsets.
fn in_any_encoding(needle: &[u8], haystack: &[u8]) -> bool {
    let lower = haystack.to_ascii_lowercase();
    let small = needle.to_ascii_lowercase();
    let found = |encoded: &[u8]| memmem::find(&lower, encoded).is_some();
    found(&small)
        || found(hex(needle).as_bytes())
        || found(percent(needle, false).to_ascii_lowercase().as_bytes())
        || found(percent(needle, true).to_ascii_lowercase().as_bytes())
        || found(&json(needle).to_ascii_lowercase())
        || found(&html(needle).to_ascii_lowercase())
        || base64_cores(needle).iter().any(|core| memmem::find(haystack, core.as_bytes()).is_some())
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
            values: vec![(Secret::new(value.as_bytes().to_vec()), TokenText::new(&Block([7; 16])))],
            marks: vec![Secret::new(mark.as_bytes().to_vec())],
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
}
