//! What must not come back: values just revealed, and the credential. An answer that repeats a value gets its token
//! instead; anything that repeats the credential is removed.

use crate::app::destination::Credential;
use memchr::memmem;
use std::cmp::Ordering;
use std::ops::Range;
use vestibule_core::document::{Document, Kind, Limits};
use vestibule_core::outgoing::Site;
use vestibule_core::runs::runs;
use vestibule_core::secret::{Secret, Wiped};
use vestibule_core::token::{Block, TokenText};
use vestibule_vault::record::ValueKind;
use vestibule_vault::reveal::PlainValue;

/// Shorter values are only recognised whole: parts of words would be taken for them.
const SHORTEST_PART: usize = 4;
/// Shorter values leave too little in base64 to be told from chance.
const SHORTEST_BASE64: usize = 6;

/// Signs of a needle that are looked for before the needle itself.
const SIGNS: usize = 4;

/// The values and credentials of one call, wiped when the call is over.
pub struct Guard {
    needles: Needles,
    /// The values, the longest first.
    values: Vec<(Needle, Block)>,
    marks: Vec<Needle>,
    worth: Worth,
}

/// Which runs of base64 are worth a look.
#[derive(Clone, Copy)]
struct Worth {
    /// The fewest characters that a needle takes.
    characters: usize,
    /// The fewest bytes of the inside of a needle.
    bytes: usize,
    /// Whether all needles are ASCII: then most of what words of a text stand for is none of them at once.
    ascii: bool,
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
        let known = sites.iter().zip(values).map(|(site, value)| (value.bytes, site.block));
        let marks = credential.iter().flat_map(|credential| &credential.marks).map(|mark| mark.expose().as_slice());
        let jsons = values.iter().filter(|value| value.kind == ValueKind::Json);
        let parts: Vec<_> = jsons.flat_map(|value| parts(value.bytes)).collect();
        Guard::of(known, marks.chain(parts.iter().map(|part| part.as_slice())))
    }

    fn of<'a>(known: impl Iterator<Item = (&'a [u8], Block)> + Clone, marks: impl Iterator<Item = &'a [u8]> + Clone) -> Guard {
        let texts = known.clone().map(|(value, _)| value).chain(marks.clone());
        // lower case takes at most half as much again, and a text that grew would leave a copy behind
        let mut room = Wiped::new(Vec::with_capacity(texts.map(|text| text.len() * 5 / 2 + 1).sum()));
        let mut values: Vec<(Needle, Block)> = Vec::with_capacity(known.size_hint().0);
        values.extend(known.filter(|(value, _)| !value.is_empty()).map(|(value, block)| (add(&mut room, value), block)));
        let marks: Vec<Needle> = marks.map(|mark| add(&mut room, mark)).collect();
        let needles = Needles(Secret::new(room));
        // the longest first, so that a name within an address does not break it apart
        values.sort_by(|(a, _), (b, _)| rank(needles.plain(a), needles.plain(b)));
        let all = || values.iter().map(|(value, _)| value).chain(&marks).map(|needle| needles.plain(needle));
        let shortest = all().map(<[u8]>::len).filter(|length| *length >= SHORTEST_BASE64).min();
        let worth = Worth {
            characters: shortest.map_or(usize::MAX, shortest_core),
            bytes: shortest.unwrap_or(SHORTEST_BASE64) - 2,
            ascii: all().all(<[u8]>::is_ascii),
        };
        Guard { needles, values, marks, worth }
    }

    /// The token of this value, if the call revealed it.
    pub(super) fn token_of(&self, text: &[u8]) -> Option<TokenText> {
        let found = self.values.binary_search_by(|(value, _)| rank(self.needles.plain(value), text));
        self.values.get(found.ok()?).map(|(_, block)| TokenText::new(block))
    }

    /// Whether all of these texts of an answer are clean, seen at one glance. False may be a mistake: then each is to be
    /// checked.
    pub(super) fn is_clean<T: AsRef<str>>(&self, texts: impl Iterator<Item = T> + Clone) -> bool {
        let mut all = String::with_capacity(texts.clone().map(|text| text.as_ref().len() + 1).sum());
        for text in texts {
            let text = text.as_ref();
            if self.token_of(text.as_bytes()).is_some() {
                return false;
            }
            all.push_str(text);
            // belongs to no encoding, so that no two texts make one
            all.push('\n');
        }
        let look = Look::at(all, self.worth);
        !self.marks.iter().chain(self.long().map(|(value, _)| value)).any(|needle| self.is_shown(&look, needle))
    }

    /// Looks for the call's values and credential in a text of the answer.
    pub(super) fn check(&self, text: &str) -> Reflection {
        let look = Look::at(text.to_owned(), self.worth);
        if self.marks.iter().any(|mark| self.is_shown(&look, mark)) {
            return Reflection::Leak;
        }
        if let Some(token) = self.token_of(text.as_bytes()) {
            return Reflection::Replaced(token.as_str().to_owned());
        }
        if !self.long().any(|(value, _)| self.is_shown(&look, value)) {
            return Reflection::Clean;
        }
        let mut out = text.to_owned();
        for (value, block) in self.long() {
            if let Ok(value) = std::str::from_utf8(self.needles.plain(value))
                && out.contains(value)
            {
                out = out.replace(value, TokenText::new(block).as_str());
            }
        }
        let look = Look::at(out.clone(), self.worth);
        if self.long().any(|(value, _)| self.is_shown(&look, value)) { Reflection::Leak } else { Reflection::Replaced(out) }
    }

    fn long(&self) -> impl Iterator<Item = &(Needle, Block)> {
        self.values.iter().filter(|(value, _)| value.plain.len() >= SHORTEST_PART)
    }

    fn is_shown(&self, look: &Look, needle: &Needle) -> bool {
        look.shows(self.needles.plain(needle), self.needles.lower(needle))
    }
}

/// The texts and numbers in a revealed object or list. A part has no token of its own, so an answer that repeats one may
/// not pass; short ones would be found in everything.
fn parts(json: &[u8]) -> Vec<Wiped> {
    let Ok(doc) = Document::parse(json, &Limits::default()) else { return Vec::new() };
    let part = |id| match doc.node(id).kind() {
        Kind::String => doc.string(id).into_owned().into_bytes(),
        Kind::Number => doc.text(id).to_vec(),
        _ => Vec::new(),
    };
    let parts = doc.nodes().map(|(id, _)| Wiped::new(part(id)));
    parts.filter(|part| part.len() >= SHORTEST_PART).collect()
}

/// The order of values: the longest first. A call may carry thousands, and its answer as many.
fn rank(a: &[u8], b: &[u8]) -> Ordering {
    b.len().cmp(&a.len()).then_with(|| a.cmp(b))
}

/// What is searched for: where it stands as it is, and where in lower case.
struct Needle {
    plain: Range<usize>,
    lower: Range<usize>,
}

/// The texts of all needles of a call, one behind the other: there are many, and each is short.
struct Needles(Secret<Wiped>);

impl Needles {
    fn plain(&self, needle: &Needle) -> &[u8] {
        self.0.expose().get(needle.plain.clone()).unwrap_or_default()
    }

    fn lower(&self, needle: &Needle) -> &[u8] {
        self.0.expose().get(needle.lower.clone()).unwrap_or_default()
    }
}

/// Adds a needle to the texts of all.
fn add(texts: &mut Wiped, text: &[u8]) -> Needle {
    let mut put = |text: &[u8]| {
        texts.extend_from_slice(text);
        texts.len() - text.len()..texts.len()
    };
    let plain = put(text);
    let lower = match std::str::from_utf8(text) {
        Ok(text) if !text.is_ascii() => put(&Wiped::new(text.to_lowercase().into_bytes())),
        _ => {
            let lower = put(text);
            texts.get_mut(lower.clone()).unwrap_or_default().make_ascii_lowercase();
            lower
        }
    };
    Needle { plain, lower }
}

/// Lower case as people see it, so that `Ä` and `ä` are the same letter.
fn lower(mut text: String) -> Vec<u8> {
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return text.into_bytes();
    }
    text.to_lowercase().into_bytes()
}

/// A text that is searched, and which encodings it can hold at all: most texts hold none, and are searched once for each
/// needle.
struct Look {
    lower: Vec<u8>,
    percent: bool,
    backslash: bool,
    entity: bool,
    /// The longest run of hexadecimal digits.
    digits: usize,
    /// What long runs of the characters of base64 stand for.
    decoded: Vec<u8>,
}

impl Look {
    fn at(text: String, worth: Worth) -> Look {
        let mut look =
            Look { lower: Vec::new(), percent: false, backslash: false, entity: false, digits: 0, decoded: Vec::new() };
        for at in memchr::memchr3_iter(b'%', b'\\', b'&', text.as_bytes()) {
            match text.as_bytes().get(at) {
                Some(b'%') => look.percent = true,
                Some(b'\\') => look.backslash = true,
                _ => look.entity = true,
            }
        }
        let least_digits = 2 * SHORTEST_PART;
        for run in runs(text.as_bytes(), worth.characters.min(least_digits), is_base64) {
            let digits = run.split(|byte| !byte.is_ascii_hexdigit()).map(<[u8]>::len).max();
            look.digits = look.digits.max(digits.unwrap_or(0));
            if run.len() >= worth.characters {
                decode(run, worth, &mut look.decoded);
            }
        }
        look.lower = lower(text);
        look
    }

    /// Whether every sign of a needle stands somewhere in the text. Signs are rare in words: this is a quick no for most
    /// addresses, numbers and links, and `true` for everything else.
    fn may_hold(&self, encoded: &[u8]) -> bool {
        let mut signs = encoded.iter().filter(|byte| byte.is_ascii_punctuation()).take(SIGNS);
        signs.all(|sign| memchr::memchr(*sign, &self.lower).is_some())
    }

    /// Whether the needle stands there: raw, in other case, hexadecimal, percent, JSON, HTML, or base64 wherever it
    /// begins. An encoding that would leave no trace of its own is the raw text.
    fn shows(&self, plain: &[u8], lower: &[u8]) -> bool {
        let found = |encoded: &[u8]| self.may_hold(encoded) && memmem::find(&self.lower, encoded).is_some();
        // no encoding is shorter than what it encodes
        self.lower.len() >= plain.len().min(lower.len())
            && (found(lower)
                || (self.digits >= plain.len() * 2 && found(hex(plain).as_bytes()))
                || (self.percent && [false, true].iter().any(|all| found(percent(plain, *all).to_ascii_lowercase().as_bytes())))
                || (self.backslash && found(&json(plain).to_ascii_lowercase()))
                || (self.entity && found(&html(plain).to_ascii_lowercase()))
                || (plain.len() >= SHORTEST_BASE64
                    && self.decoded.len() >= plain.len() - 2
                    && memmem::find(&self.decoded, inner(plain)).is_some()))
    }
}

/// A needle without its first and last byte: these share characters of base64 with what stands beside them, which may be
/// missing.
fn inner(plain: &[u8]) -> &[u8] {
    plain.get(1..plain.len().saturating_sub(1)).unwrap_or(plain)
}

/// Appends what a run of base64 stands for, at each of the four places at which it can begin within a group of
/// characters. The first byte may be made up of zeros in part: what stands before the run is not known. Where all needles
/// are ASCII, what is not is left out, and so are stretches too short for any of them.
fn decode(run: &[u8], worth: Worth, out: &mut Vec<u8>) {
    for before in [0, 6, 4, 2] {
        let (mut bits, mut have) = (0u32, before);
        let mut stretch = out.len();
        for byte in run {
            bits = bits << 6 | u32::from(sextet(*byte));
            have += 6;
            if have >= 8 {
                have -= 8;
                let byte = (bits >> have) as u8;
                if worth.ascii && !byte.is_ascii() && out.len() - stretch < worth.bytes {
                    out.truncate(stretch);
                } else {
                    out.push(byte);
                    stretch = if byte.is_ascii() { stretch } else { out.len() };
                }
            }
        }
        if worth.ascii && out.len() - stretch < worth.bytes {
            out.truncate(stretch);
        }
    }
}

/// Whether this is a character of base64, in either alphabet. Comparisons, and no table, can be made for many bytes at once.
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// No character of base64.
const NONE: u8 = 0xFF;

/// The six bits of a character of base64, in either alphabet.
fn sextet(byte: u8) -> u8 {
    static SEXTETS: [u8; 256] = sextets();
    SEXTETS.get(usize::from(byte)).copied().unwrap_or(NONE)
}

#[expect(clippy::indexing_slicing, reason = "computed before the program runs")]
const fn sextets() -> [u8; 256] {
    let mut out = [NONE; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < alphabet.len() {
        out[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    out[b'-' as usize] = 62;
    out[b'_' as usize] = 63;
    out
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

/// The fewest characters of base64 that the inside of a needle of this length takes, wherever it begins.
fn shortest_core(length: usize) -> usize {
    ((length - 2) * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use vestibule_core::token::Block;

    fn guard(value: &str, mark: &str) -> Guard {
        Guard::of([(value.as_bytes(), Block([7; 16]))].into_iter(), [mark.as_bytes()].into_iter())
    }

    /// What the check finds; the glance over several texts may not overlook it, and has nothing against a clean one.
    fn found(guard: &Guard, text: &str) -> Reflection {
        let outcome = guard.check(text);
        let is_clean = outcome == Reflection::Clean;
        assert_eq!(guard.is_clean([text].into_iter()), is_clean, "{text}");
        assert_eq!(guard.is_clean(["first", text, "last"].into_iter()), is_clean, "{text}");
        outcome
    }

    #[test]
    fn values_come_back_as_their_tokens() {
        let guard = guard("dana@example.org", "s3cret-key");
        let token = TokenText::new(&Block([7; 16]));
        assert_eq!(found(&guard, "dana@example.org"), Reflection::Replaced(token.as_str().into()));
        assert_eq!(
            found(&guard, "mail to dana@example.org sent"),
            Reflection::Replaced(format!("mail to {} sent", token.as_str()))
        );
        assert_eq!(found(&guard, "mail sent"), Reflection::Clean);
    }

    #[test]
    fn encoded_values_and_credentials_do_not_pass() {
        let secret = "s3cret-key<&>\"/ä";
        let guard = guard("dana@example.org", secret);
        let mut seen = 0;
        for needle in ["dana@example.org", secret] {
            let encodings = [
                hex(needle.as_bytes()),
                hex(needle.as_bytes()).to_uppercase(),
                percent(needle.as_bytes(), false),
                percent(needle.as_bytes(), true),
                String::from_utf8(json(needle.as_bytes())).unwrap(),
                String::from_utf8(html(needle.as_bytes())).unwrap(),
                STANDARD.encode(needle),
                STANDARD.encode(format!("x{needle}y")),
                STANDARD.encode(format!("xy{needle}z")),
                URL_SAFE_NO_PAD.encode(format!("xyz{needle}")),
                needle.to_uppercase(),
            ];
            for text in encodings {
                let outcome = found(&guard, &format!("before {text} after"));
                assert_ne!(outcome, Reflection::Clean, "{text}");
                seen += 1;
            }
        }
        assert_eq!(seen, 22);
        assert_eq!(found(&guard, &format!("key {secret}")), Reflection::Leak);
    }

    #[test]
    fn base64_is_found_at_each_offset_even_where_its_ends_are_cut() {
        let mut seen = 0;
        for length in 6..60 {
            let needle: String = ('!'..='z').cycle().skip(length * 7).take(length).collect();
            let guard = guard("another value", &needle);
            // beside bytes that are not ASCII, which are left out of what is searched
            for beside in ["\u{f6}", "x\u{f6}", "\u{f6}y\u{f6}"] {
                let text = STANDARD.encode(format!("{beside}{needle}{beside}"));
                assert_eq!(found(&guard, &text), Reflection::Leak, "{text}");
            }
            for offset in 0..3 {
                let text = STANDARD.encode(format!("{}{needle}{}", "a".repeat(offset), "b".repeat(offset)));
                // from the first character that the needle alone decides, to the last
                let alone = text.get((offset * 8).div_ceil(6)..(offset + length) * 8 / 6).unwrap();
                for text in [alone, &text, &text.replace('+', "-").replace('/', "_"), &format!("see {text}!")] {
                    assert_eq!(found(&guard, text), Reflection::Leak, "{text}");
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 54 * 3 * 4);
    }

    #[test]
    fn lower_case_fits_into_the_room_that_is_made_for_it() {
        let lower = |c: char| c.to_lowercase().map(char::len_utf8).sum::<usize>();
        assert!((char::MIN..=char::MAX).all(|c| lower(c) * 2 <= c.len_utf8() * 3));
    }

    #[test]
    fn the_characters_of_base64_are_those_that_decode() {
        assert!((0..=u8::MAX).all(|byte| is_base64(byte) == (sextet(byte) != NONE)));
    }

    #[test]
    fn a_needle_alone_in_an_encoding_is_found_too() {
        let needle = "Lindenallee 7, 10115 Berlin";
        let guard = guard(needle, "s3cret-key");
        for text in [hex(needle.as_bytes()), STANDARD.encode(needle), needle.to_lowercase(), percent(needle.as_bytes(), true)] {
            assert_eq!(found(&guard, &text), Reflection::Leak, "{text}");
        }
        assert_eq!(found(&guard, needle.get(1..).unwrap()), Reflection::Clean);
    }
}
