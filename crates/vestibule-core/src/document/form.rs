//! Form bodies and query strings: `application/x-www-form-urlencoded` (WHATWG URL, section 5), read strictly and written back byte for
//! byte where nothing changed. It deliberately does not interpret names such as `items[0][name]`; they are names.

use std::collections::BTreeMap;

use crate::secret::Wiped;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Pairs in the order in which they were sent. Holds values: it has no `Debug` beyond a count and wipes itself.
pub struct Form {
    raw: Wiped,
    pairs: Vec<Pair>,
}

struct Pair {
    name: String,
    value: Zeroizing<String>,
    /// How many pairs with the same name came before.
    nth: u32,
    /// Span of the value in `raw`; empty and at the end of the name where there is no `=`.
    start: usize,
    end: usize,
    has_equals: bool,
    changed: bool,
}

/// A form that is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FormError {
    /// A `%` that two hexadecimal digits do not follow.
    #[error("a percent escape is malformed at byte {offset}")]
    Escape {
        /// Where, from 0.
        offset: usize,
    },
    /// A byte that must be escaped.
    #[error("an unescaped control character or space at byte {offset}")]
    Character {
        /// Where, from 0.
        offset: usize,
    },
    /// A name or value that is not UTF-8 once decoded.
    #[error("a name or value is not valid UTF-8 at byte {offset}")]
    Utf8 {
        /// Where the name or value starts, from 0.
        offset: usize,
    },
    /// A name or value with a NUL character.
    #[error("a name or value holds a NUL character at byte {offset}")]
    Nul {
        /// Where the name or value starts, from 0.
        offset: usize,
    },
    /// More pairs than are accepted.
    #[error("the form has more than {MAX_PAIRS} pairs")]
    TooMany,
}

impl FormError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Escape { .. } => "form.escape",
            Self::Character { .. } => "form.character",
            Self::Utf8 { .. } => "form.utf8",
            Self::Nul { .. } => "form.nul",
            Self::TooMany => "form.too_many",
        }
    }
}

const MAX_PAIRS: usize = 10_000;

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("pairs", &self.pairs.len()).finish()
    }
}

impl Form {
    /// Reads a body or a query string (without its `?`). Empty pieces between `&` are kept but are no pairs.
    ///
    /// # Errors
    /// Malformed escapes, unescaped controls or spaces, invalid UTF-8, NUL, too many pairs.
    pub fn parse(bytes: &[u8]) -> Result<Form, FormError> {
        if let Some(offset) = bytes.iter().position(|byte| *byte <= b' ' || *byte == 0x7F) {
            return Err(FormError::Character { offset });
        }
        let mut pairs = Vec::new();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut offset = 0;
        for piece in bytes.split(|byte| *byte == b'&') {
            if !piece.is_empty() {
                if pairs.len() >= MAX_PAIRS {
                    return Err(FormError::TooMany);
                }
                let mut pair = Pair::parse(piece, offset)?;
                let count = seen.entry(pair.name.clone()).or_default();
                pair.nth = *count;
                *count += 1;
                pairs.push(pair);
            }
            offset += piece.len() + 1;
        }
        Ok(Form { raw: Wiped::new(bytes.to_vec()), pairs })
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Names and values, decoded, in order.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|pair| (pair.name.as_str(), pair.value.as_str()))
    }

    /// Decoded name of pair `index`.
    pub fn name(&self, index: usize) -> Option<&str> {
        self.pairs.get(index).map(|pair| pair.name.as_str())
    }

    /// Decoded value of pair `index`.
    pub fn value(&self, index: usize) -> Option<&str> {
        self.pairs.get(index).map(|pair| pair.value.as_str())
    }

    /// The decoded value of the `nth` pair with this name, from 0.
    pub fn get(&self, name: &str, nth: u32) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.nth == nth && pair.name == name).map(|pair| pair.value.as_str())
    }

    /// Gives pair `index` another value, given plain; false if there is no such pair.
    pub fn replace(&mut self, index: usize, value: &str) -> bool {
        let Some(pair) = self.pairs.get_mut(index) else {
            return false;
        };
        pair.value = Zeroizing::new(value.to_owned());
        pair.changed = true;
        true
    }

    /// The form as bytes, with other values for some pairs, given plain; the others keep their bytes.
    pub fn with_values(&self, values: &[(usize, &str)]) -> Wiped {
        let added: usize = values.iter().map(|(_, value)| value.len() * 3 + 1).sum();
        let mut out = Wiped::new(Vec::with_capacity(self.raw.len() + added));
        let mut at = 0;
        for (index, pair) in self.pairs.iter().enumerate() {
            let Some((_, value)) = values.iter().find(|(changed, _)| *changed == index) else { continue };
            out.extend_from_slice(self.raw.get(at..pair.start).unwrap_or_default());
            if !pair.has_equals {
                out.push(b'=');
            }
            encode(value, &mut out);
            at = pair.end;
        }
        out.extend_from_slice(self.raw.get(at..).unwrap_or_default());
        out
    }

    /// The form as bytes; pairs that were not replaced keep theirs.
    pub fn serialise(&self) -> Vec<u8> {
        let changed = || self.pairs.iter().filter(|pair| pair.changed);
        let added: usize = changed().map(|pair| pair.value.len() * 3 + 1).sum();
        let mut out = Vec::with_capacity(self.raw.len() + added);
        let mut at = 0;
        for pair in changed() {
            out.extend_from_slice(self.raw.get(at..pair.start).unwrap_or_default());
            if !pair.has_equals {
                out.push(b'=');
            }
            encode(&pair.value, &mut out);
            at = pair.end;
        }
        out.extend_from_slice(self.raw.get(at..).unwrap_or_default());
        out
    }

    /// Each pair's name and how many of the same name came before it.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (&str, u32)> {
        self.pairs.iter().map(|pair| (pair.name.as_str(), pair.nth))
    }
}

impl Pair {
    fn parse(piece: &[u8], offset: usize) -> Result<Pair, FormError> {
        let equals = memchr::memchr(b'=', piece);
        let (name, value) = piece.split_at(equals.unwrap_or(piece.len()));
        let value = value.get(1..).unwrap_or_default();
        let end = offset + piece.len();
        let start = end - value.len();
        Ok(Pair {
            name: decode(name, offset)?,
            value: Zeroizing::new(decode(value, start)?),
            nth: 0,
            start,
            end,
            has_equals: equals.is_some(),
            changed: false,
        })
    }
}

fn decode(bytes: &[u8], offset: usize) -> Result<String, FormError> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().enumerate();
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut digit = || (*rest.next()?.1 as char).to_digit(16);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(FormError::Escape { offset: offset + at });
                };
                out.push((high << 4 | low) as u8);
            }
            other => out.push(*other),
        }
    }
    if out.contains(&0) {
        out.zeroize();
        return Err(FormError::Nul { offset });
    }
    String::from_utf8(out).map_err(|error| {
        error.into_bytes().zeroize();
        FormError::Utf8 { offset }
    })
}

fn encode(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(byte),
            other => out.extend([b'%', hex(other >> 4), hex(other & 15)]),
        }
    }
}

fn hex(nibble: u8) -> u8 {
    b"0123456789ABCDEF".get(usize::from(nibble)).copied().unwrap_or(b'0')
}
