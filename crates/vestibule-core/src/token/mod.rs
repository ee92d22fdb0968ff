//! The text of a token: writing it, reading it back, and finding it in any text.
//!
//! `vt1`, then the 16-byte block as 26 characters of lower-case Crockford base32 (big-endian, the two spare low bits zero), then 4
//! characters with the top 20 bits of CRC-32/ISO-HDLC over the 29 characters before: 33 in all, letters and digits only. The checksum
//! is no secret and proves nothing; it tells a damaged token from a foreign one. What a block means only the vault knows.

mod fold;
mod search;
mod view;
mod whole;

pub(crate) use fold::{is_invisible, look_alike};
pub use search::{Carrier, Found, contains_token_shape, find, may_hold};
pub(crate) use whole::plain;
pub use whole::{Whole, whole};

use thiserror::Error;

/// The 16 bytes that a token carries: opaque here, opened by the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(pub [u8; 16]);

/// Characters of a token.
pub const TOKEN_LEN: usize = 33;

const PREFIX: &[u8; 3] = b"vt1";
const BLOCK_CHARS: usize = 26;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const NO_DIGIT: u8 = 0xFF;
const DIGITS: [u8; 256] = digit_table();

/// The canonical text of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenText([u8; TOKEN_LEN]);

impl TokenText {
    /// Writes a block as text.
    pub fn new(block: &Block) -> Self {
        let mut text = [0; TOKEN_LEN];
        let (head, check) = text.split_at_mut(TOKEN_LEN - CHECK_CHARS);
        let (prefix, body) = head.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        let bits = u128::from_be_bytes(block.0);
        for (at, char) in body.iter_mut().rev().enumerate() {
            *char = letter(if at == 0 { (bits << 2) as u32 } else { (bits >> (5 * at - 2)) as u32 });
        }
        write_check(head, check);
        Self(text)
    }

    /// The text, in lower case.
    pub fn as_str(&self) -> &str {
        // the alphabet is ASCII
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that looks like a token and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Wrong length or checksum: something on the way cut or changed it.
    #[error("a token is damaged")]
    Damaged,
    /// Written with characters that only look like a token's: zero-width, full-width, homoglyphs, escaped more than once.
    #[error("a token is written with odd characters")]
    Near,
}

impl TokenFault {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged => "token.damaged",
            Self::Near => "token.lookalike",
        }
    }
}

/// Reads text that is exactly one token, in any case.
///
/// # Errors
/// [`TokenFault::Near`] for a look-alike, [`TokenFault::Damaged`] for everything else.
pub fn parse(text: &str) -> Result<Block, TokenFault> {
    if let Some(block) = text.as_bytes().try_into().ok().and_then(read) {
        return Ok(block);
    }
    let near = search::find(text, "").iter().any(|found| found.block == Err(TokenFault::Near));
    Err(if near { TokenFault::Near } else { TokenFault::Damaged })
}

const CHECK_CHARS: usize = 4;

/// The block of 33 characters that are a token in any case.
fn read(text: &[u8; TOKEN_LEN]) -> Option<Block> {
    let text = text.map(|byte| byte.to_ascii_lowercase());
    let body = text.strip_prefix(PREFIX)?.first_chunk::<BLOCK_CHARS>()?;
    let mut bits: u128 = 0;
    for (at, byte) in body.iter().enumerate() {
        let digit = digit(*byte)?;
        if at + 1 < BLOCK_CHARS {
            bits = bits << 5 | u128::from(digit);
        } else if digit & 3 != 0 {
            return None;
        } else {
            bits = bits << 3 | u128::from(digit >> 2);
        }
    }
    let (head, check) = text.split_at(TOKEN_LEN - CHECK_CHARS);
    let mut expected = [0; CHECK_CHARS];
    write_check(head, &mut expected);
    (expected == check).then_some(Block(bits.to_be_bytes()))
}

fn write_check(head: &[u8], check: &mut [u8]) {
    let crc = crc32fast::hash(head);
    for (at, char) in check.iter_mut().enumerate() {
        *char = letter(crc >> (27 - 5 * at as u32));
    }
}

fn letter(bits: u32) -> u8 {
    ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0')
}

/// The value of a lower-case character of the alphabet.
fn digit(byte: u8) -> Option<u8> {
    DIGITS.get(usize::from(byte)).copied().filter(|digit| *digit != NO_DIGIT)
}

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time, where a wrong index stops the build")]
const fn digit_table() -> [u8; 256] {
    let mut table = [NO_DIGIT; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        table[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests;
