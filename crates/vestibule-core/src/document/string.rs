//! JSON strings: finding their end, decoding and writing them. It deliberately does not check UTF-8; the parser has done so.

use std::borrow::Cow;

use super::parse::{Fault, fault};

/// Finds the closing quote of a string whose content starts at `pos`; also tells whether it holds an escape.
#[inline]
pub(super) fn scan<const LOOSE: bool>(bytes: &[u8], mut pos: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        let mut words = 0;
        while let Some(chunk) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<8>()) {
            let hit = special(u64::from_le_bytes(*chunk));
            if hit != 0 {
                pos += (hit.trailing_zeros() / 8) as usize;
                break;
            }
            pos += 8;
            words += 1;
            if words == SHORT {
                pos = skip_plain(bytes, pos);
            }
        }
        match bytes.get(pos) {
            Some(b'"') => return Ok((pos, escaped)),
            Some(b'\\') => {
                escaped = true;
                pos = escape::<LOOSE>(bytes, pos)?;
            }
            Some(0) => return fault("json.nul", pos),
            Some(0x01..=0x1F) => return fault("json.control", pos),
            Some(_) => pos += 1,
            None => return fault("json.unfinished", pos),
        }
    }
}

/// Words of 8 bytes after which a string counts as long.
const SHORT: u32 = 4;

/// Goes over whole blocks without quote, backslash and control character: in a long text, many bytes at once.
fn skip_plain(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<64>()) {
        // no stop at the first: so the compiler does many at a time
        if block.iter().fold(false, |any, byte| any | matches!(byte, b'"' | b'\\') | (*byte < b' ')) {
            break;
        }
        pos += block.len();
    }
    pos
}

/// Decodes the inside of a string that [`scan`] has accepted.
pub(super) fn decode(inner: &str, escaped: bool) -> Cow<'_, str> {
    if !escaped {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, tail)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (decoded, used) = unicode(chars.as_str());
                out.push(decoded);
                rest = chars.as_str().get(used..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `text` as a JSON string with quotes. Only what RFC 8259 demands is escaped; everything else stays as it is.
pub fn escape_string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    escape_pieces(text, |piece| out.extend_from_slice(piece));
    out
}

/// The pieces of [`escape_string`], one after the other.
pub(crate) fn escape_pieces(text: &str, mut put: impl FnMut(&[u8])) {
    put(b"\"");
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)) {
        let (plain, tail) = rest.split_at(at);
        put(plain);
        let Some((byte, tail)) = tail.split_first() else {
            break;
        };
        match byte {
            b'"' => put(b"\\\""),
            b'\\' => put(b"\\\\"),
            b'\n' => put(b"\\n"),
            b'\r' => put(b"\\r"),
            b'\t' => put(b"\\t"),
            0x08 => put(b"\\b"),
            0x0C => put(b"\\f"),
            other => put(format!("\\u{other:04x}").as_bytes()),
        }
        rest = tail;
    }
    put(rest);
    put(b"\"");
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bit set in each byte that is a quote, a backslash or a control character; exact up to and including the lowest hit.
#[inline]
fn special(word: u64) -> u64 {
    let zero_bytes = |value: u64| value.wrapping_sub(ONES) & !value;
    let quote = zero_bytes(word ^ (ONES * 0x22));
    let backslash = zero_bytes(word ^ (ONES * 0x5C));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

/// Index just after the escape whose backslash stands at `pos`.
fn escape<const LOOSE: bool>(bytes: &[u8], pos: usize) -> Result<usize, Fault> {
    match bytes.get(pos + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(pos + 2),
        Some(b'u') => match hex4(bytes.get(pos + 2..)) {
            None => fault("json.escape", pos),
            Some(0 | 0xD800..=0xDFFF) if LOOSE => Ok(pos + 6),
            Some(0) => fault("json.nul", pos),
            Some(0xDC00..=0xDFFF) => fault("json.surrogate", pos),
            Some(0xD800..=0xDBFF) => match (bytes.get(pos + 6..pos + 8), hex4(bytes.get(pos + 8..))) {
                (Some(b"\\u"), Some(0xDC00..=0xDFFF)) => Ok(pos + 12),
                _ => fault("json.surrogate", pos),
            },
            Some(_) => Ok(pos + 6),
        },
        Some(_) => fault("json.escape", pos),
        None => fault("json.unfinished", pos + 1),
    }
}

/// The character of a `\u` escape whose digits start `text`, and how many bytes it takes from there.
fn unicode(text: &str) -> (char, usize) {
    let bytes = text.as_bytes();
    let first = hex4(Some(bytes)).unwrap_or(0xFFFD);
    if let (0xD800..=0xDBFF, Some(b"\\u"), Some(low @ 0xDC00..=0xDFFF)) = (first, bytes.get(4..6), hex4(bytes.get(6..))) {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}

fn hex4(bytes: Option<&[u8]>) -> Option<u32> {
    let digits = bytes?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn what_is_special_is_found_wherever_it_stands() {
        let mut seen = 0;
        for at in 0..400 {
            for plain in [b'a', 0x7F, 0xC3] {
                for special in 0..=u8::MAX {
                    let mut text = vec![plain; at];
                    text.extend([special, b'n', b'"']);
                    let found = scan::<false>(&text, 0).map_err(|fault| (fault.code, fault.offset));
                    let expected = match special {
                        b'"' => Ok((at, false)),
                        b'\\' => Ok((at + 2, true)),
                        0 => Err(("json.nul", at)),
                        0x01..=0x1F => Err(("json.control", at)),
                        _ => Ok((at + 2, false)),
                    };
                    assert_eq!(found, expected, "{special:#x} at {at}");
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 400 * 3 * 256);
    }
}
