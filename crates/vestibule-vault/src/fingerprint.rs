//! Keyed fingerprints: of requests (to find a repeat), of bodies (to tell a repeat from a conflict), of tokens (for the
//! log), the signing secrets of deliveries, and the marks of values in saved audits.
//!
//! None of them leads back to what it was made of without the key. How long they are kept is the store's matter.

use crate::bytes::prefix;
use crate::context::Context;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::labels;
use crate::mark::{self, Marker};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_core::id::{KeyVersion, Scope};
use vestibule_core::secret::Secret;
use zeroize::Zeroizing;

/// The key under which tokens get their fingerprints. It does nothing else.
pub(crate) struct FingerprintKey(EncryptingKey);

impl FingerprintKey {
    pub(crate) fn new(key: &[u8; 32]) -> Result<FingerprintKey, VaultError> {
        let key = UnboundCipherKey::new(&AES_256, key).map_err(|_| VaultError::Primitive)?;
        Ok(FingerprintKey(EncryptingKey::ecb(key).map_err(|_| VaultError::Primitive)?))
    }

    /// The first half of the token's block, encrypted as one block of AES-256: short, and a call has many.
    fn of(&self, block: &[u8; 16]) -> Result<[u8; 8], VaultError> {
        let mut block = *block;
        self.0.encrypt(&mut block).map_err(|_| VaultError::Primitive)?;
        Ok(prefix(&block))
    }
}

/// What a request is known by, under one version of the replay key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayKeys {
    /// The version.
    pub version: KeyVersion,
    /// From the source and its signed event id.
    pub event: [u8; 16],
    /// From the body.
    pub body: [u8; 16],
}

impl Keyring {
    /// The replay key of a request under the active version: the source and what identifies the event, which is its
    /// signed id or, where there is none, its body.
    pub fn replay_key(&self, scope: Scope, source: &str, parts: &[&[u8]]) -> [u8; 16] {
        let (_, key) = self.replay.active();
        sign(key, &replay_context(scope, source, parts))
    }

    /// The fingerprint of a body under the active version.
    pub fn body_fingerprint(&self, scope: Scope, body: &[u8]) -> [u8; 16] {
        let (_, key) = self.replay.active();
        sign(key, &body_context(scope, body))
    }

    /// Both under every live version, the active one first: after a rotation a repeat is still found under the old one.
    pub fn replay_keys(&self, scope: Scope, source: &str, parts: &[&[u8]], body: &[u8]) -> Vec<ReplayKeys> {
        let event = replay_context(scope, source, parts);
        let body = body_context(scope, body);
        self.replay
            .iter()
            .map(|(version, key)| ReplayKeys { version: *version, event: sign(key, &event), body: sign(key, &body) })
            .collect()
    }

    /// The fingerprint of a token for the log.
    ///
    /// # Errors
    /// [`VaultError::Primitive`].
    pub fn fingerprint_token(&self, block: &[u8; 16]) -> Result<[u8; 8], VaultError> {
        let (_, key) = self.fingerprint.active();
        key.of(block)
    }

    /// The fingerprint of a token under every live version, to search a log that is older than a rotation.
    ///
    /// # Errors
    /// [`VaultError::Primitive`].
    pub fn token_fingerprints(&self, block: &[u8; 16]) -> Result<Vec<[u8; 8]>, VaultError> {
        self.fingerprint.iter().map(|(_, key)| key.of(block)).collect()
    }

    /// What marks secret values in saved audits. The oldest version of the replay key makes the salt: it is never destroyed,
    /// so that marks of two audits can be compared, whatever was rotated in between.
    pub fn scan_marker(&self) -> Marker {
        let oldest = self.replay.iter().min_by_key(|(version, _)| *version);
        let (_, key) = oldest.unwrap_or_else(|| self.replay.active());
        let salt = Zeroizing::new(sign::<{ mark::SALT }>(key, &Context::new(labels::SCAN_SALT)));
        Marker::new(&salt)
    }

    /// The secrets that deliveries of a route are signed with: the active one first, then those a receiver may still
    /// hold.
    pub fn delivery_secret(&self, route: &str) -> Vec<(KeyVersion, Secret<[u8; 32]>)> {
        let context = Context::new(labels::DELIVERY).with(route.as_bytes());
        self.delivery.iter().map(|(version, key)| (*version, Secret::new(sign(key, &context)))).collect()
    }
}

/// A delivery secret as Standard Webhooks writes it: `whsec_` and base64.
pub fn delivery_secret_text(secret: &Secret<[u8; 32]>) -> Secret<String> {
    let mut text = String::with_capacity(50);
    text.push_str("whsec_");
    STANDARD.encode_string(secret.expose(), &mut text);
    Secret::new(text)
}

fn replay_context(scope: Scope, source: &str, parts: &[&[u8]]) -> Context {
    Context::new(labels::REPLAY).with(&scope.to_bytes()).with(source.as_bytes()).with_all(parts)
}

/// The body is hashed first, so that several versions cost one pass; SHA-512/256 is the faster hash where the machine
/// has no instructions for SHA-256.
fn body_context(scope: Scope, body: &[u8]) -> Context {
    let hash = digest::digest(&digest::SHA512_256, body);
    Context::new(labels::BODY_FINGERPRINT).with(&scope.to_bytes()).with(hash.as_ref())
}

fn sign<const N: usize>(key: &hmac::Key, context: &Context) -> [u8; N] {
    let tag = Zeroizing::new(prefix::<32>(hmac::sign(key, context.bytes()).as_ref()));
    prefix(tag.as_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_token_s_fingerprint_is_half_a_block_of_aes() {
        // FIPS 197, appendix C.3
        let key = std::array::from_fn(|i| i as u8);
        let block = std::array::from_fn(|i| i as u8 * 0x11);
        let fingerprint = FingerprintKey::new(&key).unwrap().of(&block).unwrap();
        assert_eq!(fingerprint, [0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf]);
    }
}
