//! Bytes to text: byte order marks, UTF-16, what is no text; and lines and columns.
//!
//! Encodings are told by marks and by where zeros stand. Nothing is guessed about 8-bit code pages: what is not UTF-8 is read with
//! replacement characters, and the caller is told.

use std::borrow::Cow;
use std::sync::OnceLock;

/// Bytes that were looked at to tell UTF-16 without a byte order mark from binary data.
const GLANCE: usize = 4096;

/// What the bytes of a file are.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded<'b> {
    /// Text in UTF-8 without a byte order mark.
    Text {
        /// The text.
        text: Cow<'b, str>,
        /// Some bytes were no characters and were replaced.
        lossy: bool,
    },
    /// No text.
    Binary,
}

/// Reads bytes as text.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return eight_bit(rest);
    }
    if bytes.starts_with(b"\xFF\xFE\0\0") || bytes.starts_with(b"\0\0\xFE\xFF") {
        return Decoded::Binary;
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return sixteen_bit(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return sixteen_bit(rest, u16::from_be_bytes);
    }
    match zeros(bytes) {
        Zeros::None => eight_bit(bytes),
        Zeros::High => sixteen_bit(bytes, u16::from_le_bytes),
        Zeros::Low => sixteen_bit(bytes, u16::from_be_bytes),
        Zeros::Anywhere => Decoded::Binary,
    }
}

/// The beginning of a text, at most this many bytes of it.
pub(crate) fn head(text: &str, most: usize) -> &str {
    (0..4).filter_map(|less| text.get(..most.checked_sub(less)?)).next().unwrap_or(text)
}

/// Line starts and character counts at fixed distances, so that finding a line and a column never reads more than one stretch.
#[derive(Debug, Default)]
pub struct Lines(OnceLock<Vec<Mark>>);

/// Bytes between two marks.
const STRETCH: usize = 4096;

/// The line at the start of a stretch, from 0, and the characters of that line before it.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    line: u32,
    column: u32,
}

impl Lines {
    /// Line and column, from 1, of a byte offset; the column in characters. `text` is always the same for one index.
    pub fn at(&self, text: &str, offset: usize) -> (u32, u32) {
        let bytes = text.as_bytes();
        let offset = offset.min(bytes.len());
        let mark = match offset / STRETCH {
            0 => Mark::default(),
            stretch => self.0.get_or_init(|| marks(bytes)).get(stretch - 1).copied().unwrap_or_default(),
        };
        let rest = bytes.get(offset - offset % STRETCH..offset).unwrap_or_default();
        let Mark { line, column } = mark.after(rest);
        (line.saturating_add(1), column.saturating_add(1))
    }
}

impl Mark {
    fn after(self, bytes: &[u8]) -> Self {
        match memchr::memrchr(b'\n', bytes) {
            None => Self { column: self.column.saturating_add(characters(bytes)), ..self },
            Some(last) => {
                let (before, after) = bytes.split_at_checked(last + 1).unwrap_or_default();
                let lines = memchr::memchr_iter(b'\n', before).count() as u32;
                Self { line: self.line.saturating_add(lines), column: characters(after) }
            }
        }
    }
}

/// The mark at the end of each whole stretch.
fn marks(bytes: &[u8]) -> Vec<Mark> {
    let mut mark = Mark::default();
    let stretches = bytes.chunks_exact(STRETCH);
    stretches
        .map(|stretch| {
            mark = mark.after(stretch);
            mark
        })
        .collect()
}

fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
}

fn eight_bit(bytes: &[u8]) -> Decoded<'_> {
    // checking is several times as fast as looking for what to replace
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded::Text { text: Cow::Borrowed(text), lossy: false },
        Err(_) => Decoded::Text { text: String::from_utf8_lossy(bytes), lossy: true },
    }
}

fn sixteen_bit(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded<'static> {
    let pairs = bytes.chunks_exact(2);
    let mut lossy = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
    let mut text = String::with_capacity(bytes.len() / 2);
    for character in char::decode_utf16(units) {
        lossy |= character.is_err();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Decoded::Text { text: Cow::Owned(text), lossy }
}

/// Where zeros stand in the first bytes of a file.
enum Zeros {
    None,
    /// At odd places only: UTF-16 with the low byte first.
    High,
    /// At even places only: UTF-16 with the high byte first.
    Low,
    Anywhere,
}

fn zeros(bytes: &[u8]) -> Zeros {
    if memchr::memchr(0, bytes).is_none() {
        return Zeros::None;
    }
    let glance = bytes.get(..GLANCE).unwrap_or(bytes);
    let pairs = glance.chunks_exact(2);
    let count = pairs.len();
    let (mut low, mut high) = (0, 0);
    for pair in pairs {
        low += usize::from(pair.first() == Some(&0));
        high += usize::from(pair.get(1) == Some(&0));
    }
    // Latin text has a zero in nearly each pair; names and punctuation of JSON keep it above this in any script
    if bytes.len().is_multiple_of(2) && high * 4 >= count && low * 20 <= count {
        Zeros::High
    } else if bytes.len().is_multiple_of(2) && low * 4 >= count && high * 20 <= count {
        Zeros::Low
    } else {
        Zeros::Anywhere
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;

    fn text(bytes: &[u8]) -> (String, bool) {
        match decode(bytes) {
            Decoded::Text { text, lossy } => (text.into_owned(), lossy),
            Decoded::Binary => panic!("binary"),
        }
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let plain = "{\"name\":\"Zoë 😀 работа\"}";
        assert_eq!(text(plain.as_bytes()), (plain.to_owned(), false));
        assert_eq!(text(&[b"\xEF\xBB\xBF", plain.as_bytes()].concat()), (plain.to_owned(), false));
        for (mark, bytes) in [(b"\xFF\xFE", u16::to_le_bytes as fn(u16) -> [u8; 2]), (b"\xFE\xFF", u16::to_be_bytes)] {
            let encoded = utf16(plain, bytes);
            assert_eq!(text(&encoded), (plain.to_owned(), false), "without a mark");
            assert_eq!(text(&[mark.as_slice(), &encoded].concat()), (plain.to_owned(), false));
        }
    }

    #[test]
    fn what_is_no_character_is_replaced_and_said() {
        assert_eq!(text(b"caf\xE9"), ("caf\u{FFFD}".to_owned(), true));
        assert_eq!(text(b"\xFF\xFEa\0\0\xD8"), ("a\u{FFFD}".to_owned(), true));
        assert_eq!(text(b"\xFF\xFEa\0b"), ("a".to_owned(), true));
    }

    #[test]
    fn what_is_no_text_is_binary() {
        for bytes in [b"\x7FELF\0\0\0\x01\x02".as_slice(), b"abc\0def", b"\xFF\xFE\0\0a\0\0\0", &[0; 64]] {
            assert_eq!(decode(bytes), Decoded::Binary, "{bytes:?}");
        }
    }

    #[test]
    fn lines_and_columns_are_those_of_a_plain_count() {
        let mut text = String::new();
        for line in 0..900 {
            text.push_str(&"é".repeat(line % 37));
            text.push_str(if line % 11 == 0 { "x" } else { "x\n" });
        }
        text.push_str(&"long ä".repeat(3000));
        let lines = Lines::default();
        for (offset, _) in text.char_indices().step_by(7).chain([(text.len(), ' ')]) {
            let before = &text[..offset];
            let line = before.matches('\n').count() as u32 + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() as u32 + 1;
            assert_eq!(lines.at(&text, offset), (line, column), "{offset}");
        }
        assert_eq!(lines.at(&text, usize::MAX), lines.at(&text, text.len()));
    }
}
