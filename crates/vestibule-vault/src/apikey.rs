//! API keys: how they look, how they are minted, and how one is checked without telling which part was wrong.
//!
//! ```text
//! vst_ live|test _ id 10 _ secret 32 checksum 6        all base62 (0-9A-Za-z)
//! ```
//! The checksum is CRC-32 (ISO-HDLC) of everything before it, zero-padded, so that scanners recognise a key without
//! asking anybody. Stored is HMAC-SHA-256(pepper, mode, id, secret). Owners, expiry and scopes are not kept here.

use crate::bytes::prefix;
use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::labels;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use vestibule_core::id::Mode;
use vestibule_core::secret::Secret;
use zeroize::Zeroizing;

/// Random bytes that minting a key takes.
pub const DRAW: usize = 128;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of a key.
pub const LENGTH: usize = 9 + ID + 1 + SECRET + CHECK;
const ID: usize = 10;
const SECRET: usize = 32;
const CHECK: usize = 6;

/// A new key. The text is shown once; id and hash are stored.
pub struct MintedKey {
    /// The public id, 10 characters.
    pub id: String,
    /// The whole key.
    pub text: Secret<String>,
    /// What is stored instead of the secret.
    pub hash: [u8; 32],
}

/// A text that has the form and checksum of a key. Whether it is one, only [`Keyring::check_api_key`] says.
pub struct ParsedKey {
    /// Test or live.
    pub mode: Mode,
    /// The public id.
    pub id: String,
    secret: Zeroizing<[u8; SECRET]>,
}

/// Takes a key's text apart; no look-up, no secret comparison.
pub fn parse_api_key(text: &str) -> Option<ParsedKey> {
    let bytes = text.as_bytes();
    let (mode, rest) = match bytes.split_first_chunk::<9>()? {
        (b"vst_live_", rest) => (Mode::Live, rest),
        (b"vst_test_", rest) => (Mode::Test, rest),
        _ => return None,
    };
    let (id, rest) = rest.split_first_chunk::<ID>()?;
    let (secret, check) = rest.strip_prefix(b"_")?.split_first_chunk::<SECRET>()?;
    let covered = bytes.get(..bytes.len().checked_sub(CHECK)?)?;
    let base62 = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_alphanumeric);
    if check.len() != CHECK || check != checksum(covered) || !base62(id) || !base62(secret) {
        return None;
    }
    Some(ParsedKey { mode, id: std::str::from_utf8(id).ok()?.to_owned(), secret: Zeroizing::new(*secret) })
}

/// The public id in a text that begins like a key, whole or cut off; nothing in a text that does not.
pub fn id_in(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("vst_live_").or_else(|| text.strip_prefix("vst_test_"))?;
    rest.get(..ID)
}

impl Keyring {
    /// Makes a key; takes at most [`DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn mint_api_key(&self, mode: Mode, draw: &mut Draw) -> Result<MintedKey, VaultError> {
        let mut id = [0; ID];
        let mut secret = Zeroizing::new([0; SECRET]);
        for character in id.iter_mut().chain(secret.iter_mut()) {
            *character = base62(draw)?;
        }
        let id = String::from_utf8_lossy(&id).into_owned();
        let mut text = String::with_capacity(LENGTH);
        text.extend(["vst_", mode.as_str(), "_", &id, "_"]);
        text.extend(secret.iter().copied().map(char::from));
        text.extend(checksum(text.as_bytes()).map(char::from));
        let (_, pepper) = self.pepper.active();
        let hash = hash(pepper, mode, &id, &secret);
        Ok(MintedKey { id, text: Secret::new(text), hash })
    }

    /// Whether a key is the one stored. For an id that is not stored, pass `None`: the answer is no, and takes as long.
    pub fn check_api_key(&self, parsed: &ParsedKey, stored: Option<&[u8; 32]>) -> bool {
        let mut matches = false;
        for (_, pepper) in self.pepper.iter() {
            let hash = hash(pepper, parsed.mode, &parsed.id, &parsed.secret);
            // The dummy is no output anybody could have stored: `stored` decides beside the comparison.
            let against = stored.unwrap_or(&[0; 32]);
            matches |= verify_slices_are_equal(&hash, against).is_ok();
        }
        matches & stored.is_some()
    }
}

fn hash(pepper: &hmac::Key, mode: Mode, id: &str, secret: &[u8; SECRET]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(pepper);
    let context = Context::new(labels::API_KEY).with(&[mode.code()]).with(id.as_bytes());
    mac.update(context.bytes());
    mac.update(secret);
    prefix(mac.sign().as_ref())
}

/// An unbiased character: bytes past the last multiple of 62 are thrown away.
fn base62(draw: &mut Draw) -> Result<u8, VaultError> {
    loop {
        let [byte] = draw.take::<1>()?;
        if byte < 248 {
            return Ok(digit(u32::from(byte)));
        }
    }
}

fn digit(value: u32) -> u8 {
    ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0')
}

fn checksum(text: &[u8]) -> [u8; CHECK] {
    let mut left = crc32(text);
    let mut out = [b'0'; CHECK];
    for character in out.iter_mut().rev() {
        *character = digit(left);
        left /= 62;
    }
    out
}

/// CRC-32, ISO-HDLC, byte by byte.
fn crc32(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = crc32_table();
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        (crc >> 8) ^ TABLE.get(usize::from(low)).copied().unwrap_or_default()
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[expect(clippy::indexing_slicing, reason = "computed before the program runs")]
const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_a_key_that_was_cut_off() {
        let [whole, cut, short, other] =
            ["vst_live_0123456789_abc", "vst_test_0123456789", "vst_live_01234", "0123456789"].map(id_in);
        assert_eq!((whole, cut, short, other), (Some("0123456789"), Some("0123456789"), None, None));
    }

    #[test]
    fn checksum_is_crc_32_in_base62() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(&checksum(b""), b"000000");
        assert!(u64::from(u32::MAX) < 62u64.pow(6));
    }
}
