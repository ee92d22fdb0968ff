//! What must not come back: values just revealed, and the credential. An answer that repeats a value gets its token
//! instead; anything that repeats the credential is removed.

use super::needles::{Needle, Needles, Sorted, add};
use crate::app::destination::Credential;
use std::cell::OnceCell;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashSet};
use vestibule_core::document::{Document, Kind, Limits};
use vestibule_core::outgoing::Site;
use vestibule_core::runs::runs;
use vestibule_core::secret::Wiped;
use vestibule_core::token::{self, Block, TokenText};
use vestibule_vault::record::ValueKind;
use vestibule_vault::reveal::PlainValue;

/// Shorter values are only recognised whole: parts of words would be taken for them.
const SHORTEST_PART: usize = 4;
/// Shorter values leave too little in base64 to be told from chance.
const SHORTEST_BASE64: usize = 6;

/// The values and credentials of one call, wiped when the call is over.
pub struct Guard {
    needles: Needles,
    /// The values, the longest first.
    values: Vec<(Needle, Block)>,
    /// The values that are recognised inside a text too, as they are, once one of them is to be replaced.
    long: OnceCell<Sorted>,
    /// What such values look like.
    shown_values: Shown,
    /// What credentials and parts of revealed objects look like.
    shown_marks: Shown,
    /// The tokens of the values, once they are asked for.
    tokens: OnceCell<HashSet<Block>>,
    worth: Worth,
}

/// What needles look like in the views of a text.
struct Shown {
    lower: Sorted,
    inner: Sorted,
}

impl Shown {
    fn new<'n>(needles: &Needles, of: impl Iterator<Item = &'n Needle> + Clone) -> Shown {
        let inner = of.clone().filter(|needle| needle.plain.len() >= SHORTEST_BASE64).map(Needle::inner);
        Shown {
            lower: Sorted::new(needles, of.map(|needle| needle.lower.clone()).zip(0..)),
            inner: Sorted::new(needles, inner.zip(0..)),
        }
    }
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
        let needles = Needles::new(room);
        values.sort_by(|(a, _), (b, _)| rank(needles.text(&a.plain), needles.text(&b.plain)));
        let all = || values.iter().map(|(value, _)| value).chain(&marks).map(|needle| needles.text(&needle.plain));
        let shortest = all().map(<[u8]>::len).filter(|length| *length >= SHORTEST_BASE64).min();
        let worth = Worth {
            characters: shortest.map_or(usize::MAX, shortest_core),
            bytes: shortest.unwrap_or(SHORTEST_BASE64) - 2,
            ascii: all().all(<[u8]>::is_ascii),
        };
        let shown_values = Shown::new(&needles, long(&values));
        let shown_marks = Shown::new(&needles, marks.iter());
        Guard { needles, values, long: OnceCell::new(), shown_values, shown_marks, tokens: OnceCell::new(), worth }
    }

    /// The token of this value, if the call revealed it.
    pub(super) fn token_of(&self, text: &[u8]) -> Option<TokenText> {
        let found = self.values.binary_search_by(|(value, _)| rank(self.needles.text(&value.plain), text));
        self.values.get(found.ok()?).map(|(_, block)| TokenText::new(block))
    }

    /// Whether a text of the answer holds the shape of a token that is none of the call's: the platform would take it for a
    /// value of this answer.
    pub(super) fn is_foreign(&self, text: &str) -> bool {
        let own = || self.tokens.get_or_init(|| self.values.iter().map(|(_, block)| *block).collect());
        token::find(text, "").iter().any(|found| !found.block.is_ok_and(|block| own().contains(&block)))
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
        !self.is_shown(&look, &self.shown_marks) && !self.is_shown(&look, &self.shown_values)
    }

    /// Looks for the call's values and credential in a text of the answer.
    pub(super) fn check(&self, text: &str) -> Reflection {
        let look = Look::at(text.to_owned(), self.worth);
        if self.is_shown(&look, &self.shown_marks) {
            return Reflection::Leak;
        }
        if let Some(token) = self.token_of(text.as_bytes()) {
            return Reflection::Replaced(token.as_str().to_owned());
        }
        if !self.is_shown(&look, &self.shown_values) {
            return Reflection::Clean;
        }
        let out = self.replaced(text);
        let look = Look::at(out.clone(), self.worth);
        if self.is_shown(&look, &self.shown_values) { Reflection::Leak } else { Reflection::Replaced(out) }
    }

    /// The text with tokens in the place of values. The longest come first, so that a name within an address does not break
    /// it apart.
    fn replaced(&self, text: &str) -> String {
        let long = || Sorted::new(&self.needles, long(&self.values).map(|value| value.plain.clone()).zip(0..));
        let mut hits = self.long.get_or_init(long).longest_in(&self.needles, text.as_bytes());
        hits.sort_by_key(|(hit, _)| (Reverse(hit.len()), hit.start));
        let mut taken: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (hit, index) in hits {
            if taken.range(..hit.end).next_back().is_none_or(|(_, (end, _))| *end <= hit.start) {
                taken.insert(hit.start, (hit.end, index));
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (start, (end, index)) in taken {
            let Some((_, block)) = self.values.get(index) else { continue };
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(TokenText::new(block).as_str());
            at = end;
        }
        out + text.get(at..).unwrap_or_default()
    }

    fn is_shown(&self, look: &Look, shown: &Shown) -> bool {
        look.views.iter().any(|view| shown.lower.stand_in(&self.needles, view))
            || shown.inner.stand_in(&self.needles, &look.decoded)
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

/// The values that are long enough to be recognised inside a text: the first of all, for the longest stand first.
fn long(values: &[(Needle, Block)]) -> impl Iterator<Item = &Needle> + Clone {
    values.iter().map(|(value, _)| value).filter(|value| value.plain.len() >= SHORTEST_PART)
}

/// The order of values: the longest first. A call may carry thousands, and its answer as many.
fn rank(a: &[u8], b: &[u8]) -> Ordering {
    b.len().cmp(&a.len()).then_with(|| a.cmp(b))
}

/// Lower case as people see it, so that `Ä` and `ä` are the same letter.
fn lower(mut text: Vec<u8>) -> Vec<u8> {
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// A text that is searched, with every encoding undone that it can hold at all: most texts hold none.
struct Look {
    /// In lower case: the text as it is, and with its percent, JSON or HTML escapes or its hexadecimal digits undone. An
    /// encoding that would leave no trace of its own is the raw text.
    views: Vec<Vec<u8>>,
    /// What long runs of the characters of base64 stand for, wherever it begins.
    decoded: Vec<u8>,
}

impl Look {
    fn at(text: String, worth: Worth) -> Look {
        let (mut has_percent, mut has_backslash, mut has_entity) = (false, false, false);
        for at in memchr::memchr3_iter(b'%', b'\\', b'&', text.as_bytes()) {
            match text.as_bytes().get(at) {
                Some(b'%') => has_percent = true,
                Some(b'\\') => has_backslash = true,
                _ => has_entity = true,
            }
        }
        let (mut digits, mut decoded) = (Vec::new(), Vec::new());
        for run in runs(text.as_bytes(), worth.characters.min(2 * SHORTEST_PART), is_base64) {
            let hex = run.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() >= 2 * SHORTEST_PART);
            hex.for_each(|run| unhex(run, &mut digits));
            if run.len() >= worth.characters {
                decode(run, worth, &mut decoded);
            }
        }
        let undone = [
            has_percent.then(|| unescaped(text.as_bytes(), b'%', percent)),
            has_backslash.then(|| unescaped(text.as_bytes(), b'\\', backslash)),
            has_entity.then(|| unescaped(text.as_bytes(), b'&', entity)),
            (!digits.is_empty()).then_some(digits),
        ];
        let views = undone.into_iter().flatten().chain([text.into_bytes()]).map(lower).collect();
        Look { views, decoded }
    }
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

/// What hexadecimal digits stand for, at each of the two places at which a byte can begin.
fn unhex(digits: &[u8], out: &mut Vec<u8>) {
    for digits in [digits, digits.get(1..).unwrap_or_default()] {
        out.extend(digits.as_chunks().0.iter().filter_map(byte_of));
        // stands between what does not belong together
        out.push(b'\n');
    }
}

fn byte_of([high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    Some((digit(*high)? << 4 | digit(*low)?) as u8)
}

/// Bytes with the escapes undone that begin with this mark: `undo` adds what one stands for and tells how long it is.
fn unescaped(bytes: &[u8], mark: u8, undo: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(mark, rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let length = undo(escape, &mut out).unwrap_or_else(|| {
            out.push(mark);
            1
        });
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn percent(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    out.push(byte_of(escape.get(1..)?.first_chunk()?)?);
    Some(3)
}

/// An escape of JSON, two of them for a character beyond the first plane.
fn backslash(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let unit = |at: usize| match escape.get(at..at + 6)? {
        [b'\\', b'u', digits @ ..] => {
            let [high, low] = digits.as_chunks().0 else { return None };
            Some(u16::from_be_bytes([byte_of(high)?, byte_of(low)?]))
        }
        _ => None,
    };
    if let Some(first) = unit(0) {
        let units = [Some(first), unit(6)];
        let c = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
        push(c, out);
        return Some(c.len_utf16() * 6);
    }
    push(
        match escape.get(1)? {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            plain @ (b'"' | b'\\' | b'/') => char::from(*plain),
            _ => return None,
        },
        out,
    );
    Some(2)
}

/// A character reference of HTML: numeric, or one of those that every writer of HTML uses.
fn entity(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    const LONGEST: usize = 12;
    let end = escape.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(escape.get(1..end)?).ok()?;
    let number = |digits: &str, radix| char::from_u32(u32::from_str_radix(digits, radix).ok()?);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix(['#'])? {
            digits if digits.starts_with(['x', 'X']) => number(digits.get(1..)?, 16)?,
            digits => number(digits, 10)?,
        },
    };
    push(c, out);
    Some(end + 1)
}

fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
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
    use vestibule_core::id::hex;
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
                percent_of(needle.as_bytes(), false),
                percent_of(needle.as_bytes(), true),
                String::from_utf8(json_of(needle.as_bytes())).unwrap(),
                String::from_utf8(html_of(needle.as_bytes())).unwrap(),
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
        for text in [hex(needle.as_bytes()), STANDARD.encode(needle), needle.to_lowercase(), percent_of(needle.as_bytes(), true)]
        {
            assert_eq!(found(&guard, &text), Reflection::Leak, "{text}");
        }
        assert_eq!(found(&guard, needle.get(1..).unwrap()), Reflection::Clean);
    }

    #[test]
    fn an_encoding_is_seen_through_however_it_is_mixed() {
        let guard = guard("Dana \u{dc}nal <\u{1f600}>", "s3cret-key");
        for text in [
            "Dana%20\u{dc}nal <\u{1f600}>",
            "D%61na %C3%9Cnal %3C%F0%9F%98%80%3e%ff",
            r"x\u0044ana \u00dcnal <\ud83d\uDE00>\u12",
            "dana &#220;nal &lt;&#x1f600;&gt; &amp",
            "0044616e6120c39c6e616c203cf09f98803e0",
        ] {
            assert_eq!(found(&guard, text), Reflection::Leak, "{text}");
        }
        for text in ["100 % & more", r"C:\users\n", "deadbeef00", "&#x110000;&#;&;", r"\ud83d\u0041", "%", "%f", "\\"] {
            assert_eq!(found(&guard, text), Reflection::Clean, "{text}");
        }
    }

    #[test]
    fn many_values_are_found_like_few() {
        let values: Vec<String> = (0..400).map(|n| format!("dana{n}@example.org")).collect();
        let known = values.iter().zip(0u128..).map(|(value, n)| (value.as_bytes(), Block(n.to_be_bytes())));
        let guard = Guard::of(known, [b"s3cret-key".as_slice()].into_iter());
        for (value, n) in values.iter().zip(0u128..) {
            let token = TokenText::new(&Block(n.to_be_bytes()));
            assert_eq!(found(&guard, value), Reflection::Replaced(token.as_str().into()));
            assert_eq!(found(&guard, &format!("to x{value}, now")), Reflection::Replaced(format!("to x{token}, now")));
            for text in [value.to_uppercase(), hex(value.as_bytes()), STANDARD.encode(value), percent_of(value.as_bytes(), true)]
            {
                assert_eq!(found(&guard, &format!("before {text} after")), Reflection::Leak, "{text}");
            }
        }
        assert_eq!(found(&guard, "dana@example.org and dana17@example.com"), Reflection::Clean);
    }

    fn percent_of(bytes: &[u8], all: bool) -> String {
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

    fn json_of(bytes: &[u8]) -> Vec<u8> {
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

    fn html_of(bytes: &[u8]) -> Vec<u8> {
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
}
