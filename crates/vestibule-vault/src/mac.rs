//! Signatures by HMAC over other people's formats, and the comparison of secrets.
//!
//! What to sign and how it is written is core's matter; here are the primitives. Our own MACs stand in
//! [`crate::chain`], [`crate::fingerprint`] and [`crate::index`].

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest, hmac};
use vestibule_core::secret::Secret;

/// The hash functions that signature schemes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Only for senders that offer nothing better.
    HmacSha1,
    /// HMAC-SHA-256.
    HmacSha256,
    /// HMAC-SHA-512.
    HmacSha512,
}

/// A signing secret, expanded once.
pub struct Signer(hmac::Key);

impl Signer {
    /// Expands a secret for one algorithm.
    pub fn new(algorithm: Algorithm, secret: &[u8]) -> Signer {
        let algorithm = match algorithm {
            Algorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::HmacSha256 => hmac::HMAC_SHA256,
            Algorithm::HmacSha512 => hmac::HMAC_SHA512,
        };
        Signer(hmac::Key::new(algorithm, secret))
    }

    /// The MAC over the concatenated parts.
    pub fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }

    /// Whether `expected` is the whole MAC over the concatenated parts, in constant time.
    pub fn verify(&self, parts: &[&[u8]], expected: &[u8]) -> bool {
        verify_slices_are_equal(&self.sign(parts), expected).is_ok()
    }
}

/// The MAC over the concatenated parts. For a secret used again and again, keep a [`Signer`].
pub fn sign(algorithm: Algorithm, secret: &Secret<Vec<u8>>, parts: &[&[u8]]) -> Vec<u8> {
    Signer::new(algorithm, secret.expose()).sign(parts)
}

/// Whether `expected` is the whole MAC over the concatenated parts, in constant time.
pub fn verify(algorithm: Algorithm, secret: &Secret<Vec<u8>>, parts: &[&[u8]], expected: &[u8]) -> bool {
    Signer::new(algorithm, secret.expose()).verify(parts, expected)
}

/// Whether two secrets are equal, in time that tells neither their content nor where they differ: their hashes are
/// compared, so different lengths compare like different contents.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    let hash = |bytes| digest::digest(&digest::SHA256, bytes);
    verify_slices_are_equal(hash(a).as_ref(), hash(b).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_concatenated_and_shortened_macs_refused() {
        let signer = Signer::new(Algorithm::HmacSha256, b"secret");
        let mac = signer.sign(&[b"a", b"bc"]);
        assert_eq!(mac, signer.sign(&[b"abc"]));
        assert!(signer.verify(&[b"abc"], &mac));
        assert!(!signer.verify(&[b"abd"], &mac));
        assert!(!signer.verify(&[b"abc"], mac.get(..16).unwrap_or_default()));
        assert!(!signer.verify(&[b"abc"], b""));
    }

    #[test]
    fn equality_is_that_of_bytes() {
        assert!(equal(b"", b""));
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"ab"));
        assert!(!equal(b"abc", b"abd"));
    }
}
