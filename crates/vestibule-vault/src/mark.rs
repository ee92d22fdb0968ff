//! Marks of secret values that stand in other people's files: equal values can be told, and nothing else.
//!
//! A mark is short on purpose. With the salt in hand a guess can be tried, but so many texts share one mark that a hit proves little
//! about a value that was drawn at random. Who keeps the salt, and for how long, is the caller's matter.

use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::labels;
use aws_lc_rs::hmac;
use std::fmt::Write as _;

/// Bytes of a salt.
pub const SALT: usize = 32;

/// Makes marks under one salt.
pub struct Marker(hmac::Key);

impl Marker {
    /// Marks under this salt.
    pub fn new(salt: &[u8; SALT]) -> Marker {
        Marker(hmac::Key::new(hmac::HMAC_SHA256, salt))
    }

    /// The mark of a value: HMAC-SHA-256, cut to 8 hex digits.
    pub fn mark(&self, value: &str) -> String {
        let tag = hmac::sign(&self.0, Context::new(labels::SCAN_MARK).with(value.as_bytes()).bytes());
        tag.as_ref().iter().take(4).fold(String::with_capacity(8), |mut text, byte| {
            // writing to a String cannot fail
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// A new salt.
///
/// # Errors
/// [`VaultError::Random`] if the system generator refuses.
pub fn salt() -> Result<[u8; SALT], VaultError> {
    Draw::new(SALT)?.take()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_mark_tells_equal_values_under_one_salt_only() {
        let (one, other) = (Marker::new(&[1; SALT]), Marker::new(&[2; SALT]));
        assert_eq!(one.mark("value"), one.mark("value"));
        assert_ne!(one.mark("value"), one.mark("Value"));
        assert_ne!(one.mark("value"), other.mark("value"));
        let mark = one.mark("");
        assert!(mark.len() == 8 && mark.chars().all(|c| c.is_ascii_hexdigit()), "{mark}");
        // frozen: marks are kept in baselines and suppressions
        assert_eq!(one.mark("value"), "e3b68b02");
    }

    #[test]
    fn salts_differ() {
        assert_ne!(salt().unwrap(), salt().unwrap());
    }
}
