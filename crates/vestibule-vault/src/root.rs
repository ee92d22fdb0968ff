//! The root key: 32 bytes that wrap the key store and nothing else.
//!
//! Its text form is `vroot1_` and the base64url of the key with a 4-byte checksum, so that a mistyped root is told from
//! a wrong one. Where the text comes from (file, environment, credential) is the binary's matter.

use crate::bytes::prefix;
use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::labels;
use crate::sealbox::Expander;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_core::secret::Secret;
use zeroize::{Zeroize, Zeroizing};

/// Random bytes that a new root takes.
pub const DRAW: usize = 32;

const PREFIX: &[u8] = b"vroot1_";

/// Why a text is no root key.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum RootError {
    /// It does not begin with `vroot1_`.
    #[error("a root key begins with `vroot1_`")]
    NotARoot,
    /// The characters or the length are wrong.
    #[error("the root key is not complete or holds a character that does not belong there")]
    Malformed,
    /// The checksum does not fit: a typing error.
    #[error("the root key's checksum does not fit, so a character is wrong")]
    Checksum,
}

impl RootError {
    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            RootError::NotARoot => "root.not_a_root",
            RootError::Malformed => "root.malformed",
            RootError::Checksum => "root.checksum",
        }
    }
}

/// A root key, wiped when dropped.
pub struct Root(Zeroizing<[u8; 32]>);

impl Root {
    /// A new root from 32 drawn bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn generate(draw: &mut Draw) -> Result<Root, VaultError> {
        Ok(Root(Zeroizing::new(draw.take()?)))
    }

    /// Reads the text form; surrounding white space is tolerated, because files end in a newline.
    ///
    /// # Errors
    /// [`RootError`], which never quotes the text.
    pub fn parse(text: &[u8]) -> Result<Root, RootError> {
        let encoded = text.trim_ascii().strip_prefix(PREFIX).ok_or(RootError::NotARoot)?;
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map(Zeroizing::new).map_err(|_| RootError::Malformed)?;
        let (key, check) = decoded.split_first_chunk::<32>().ok_or(RootError::Malformed)?;
        match check.len() {
            4 if check == checksum(key) => Ok(Root(Zeroizing::new(*key))),
            4 => Err(RootError::Checksum),
            _ => Err(RootError::Malformed),
        }
    }

    /// The text form, 55 characters.
    pub fn to_text(&self) -> Secret<String> {
        let mut bytes = Zeroizing::new([0u8; 36]);
        let check = checksum(&self.0);
        for (to, from) in bytes.iter_mut().zip(self.0.iter().chain(&check)) {
            *to = *from;
        }
        let mut text = String::with_capacity(55);
        text.push_str("vroot1_");
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        bytes.zeroize();
        Secret::new(text)
    }

    /// A short id that tells roots apart and says nothing about them.
    pub fn id(&self) -> [u8; 8] {
        let id = self.expander().expand(&[Context::new(labels::ROOT_ID).bytes()]);
        *id
    }

    pub(crate) fn expander(&self) -> Expander {
        Expander::new(&self.0)
    }
}

fn checksum(key: &[u8; 32]) -> [u8; 4] {
    let context = Context::new(labels::ROOT_CHECKSUM);
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(context.bytes());
    hash.update(key);
    prefix(hash.finish().as_ref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn text_form_round_trips_and_typing_errors_are_found() {
        let root = Root::generate(&mut Draw::new(DRAW).unwrap()).unwrap();
        let text = root.to_text();
        let text = text.expose();
        assert_eq!(text.len(), 55);
        let again = Root::parse(format!("  {text}\n").as_bytes()).unwrap();
        assert_eq!(again.id(), root.id());
        for i in 0..text.len() {
            let mut bad = text.clone().into_bytes();
            if let Some(byte) = bad.get_mut(i) {
                *byte = if *byte == b'A' { b'B' } else { b'A' };
            }
            assert!(Root::parse(&bad).is_err(), "character {i}");
        }
        let error = |text: &[u8]| match Root::parse(text) {
            Err(error) => error,
            Ok(_) => panic!("accepted"),
        };
        assert_eq!(error(b"hunter2"), RootError::NotARoot);
        assert_eq!(error(b"vroot1_AAAA"), RootError::Malformed);
    }
}
