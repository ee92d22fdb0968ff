//! The one way anything is sealed: salt, derived key, commitment, AES-256-GCM.
//!
//! ```text
//! key 32 || base nonce 12 || commitment 32 = HKDF-Expand-SHA-512(secret, context || LP(salt))
//! box = salt 24 | commitment 32 | AES-256-GCM(key, base nonce XOR i, plaintext) | tag 16
//! ```
//! The shape is that of C2SP chunked encryption (<https://c2sp.org/chunked-encryption>), HKDF-Expand is RFC 5869
//! section 2.3. The commitment is compared before anything is decrypted, so a ciphertext opens under one key only.
//! The salt is a MAC over 32 random bytes, the context and the plaintext: a cloned machine or a repeated draw repeats a
//! nonce only for the very same message. What goes into contexts is the matter of the callers.

use crate::bytes::{Reader, prefix};
use crate::context::Context;
use crate::error::VaultError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use vestibule_core::secret::Wiped;
use zeroize::Zeroizing;

/// Bytes of a salt.
pub(crate) const SALT: usize = 24;
/// Bytes of a commitment.
pub(crate) const COMMITMENT: usize = 32;
/// Bytes of an authentication tag.
pub(crate) const TAG: usize = 16;
/// Random bytes that one salt takes.
pub(crate) const SALT_DRAW: usize = 32;
/// What a box adds to its plaintext.
pub(crate) const OVERHEAD: usize = SALT + COMMITMENT + TAG;

/// A 32-byte secret, ready for HKDF-Expand with SHA-512: the HMAC key is expanded once, which saves a quarter of each
/// derivation over the library's own HKDF. Wiped when dropped.
pub(crate) struct Expander(hmac::Key);

impl Expander {
    pub(crate) fn new(secret: &[u8; 32]) -> Expander {
        Expander(hmac::Key::new(hmac::HMAC_SHA512, secret))
    }

    /// HKDF-Expand (RFC 5869, section 2.3) over the concatenated `info`. `N` is at most 255 blocks of 64 bytes.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 255 * 64) };
        let mut out = Zeroizing::new([0; N]);
        let mut previous: Option<hmac::Tag> = None;
        for (counter, block) in (1u8..=255).zip(out.chunks_mut(64)) {
            let mut mac = hmac::Context::with_key(&self.0);
            if let Some(previous) = &previous {
                mac.update(previous.as_ref());
            }
            for part in info {
                mac.update(part);
            }
            mac.update(&[counter]);
            let tag = mac.sign();
            for (to, from) in block.iter_mut().zip(tag.as_ref()) {
                *to = *from;
            }
            previous = Some(tag);
        }
        out
    }

    /// 32 bytes for a context.
    pub(crate) fn subkey(&self, context: &Context) -> Zeroizing<[u8; 32]> {
        self.expand(&[context.bytes()])
    }
}

/// Makes salts.
pub(crate) struct Salter(hmac::Key);

impl Salter {
    pub(crate) fn new(key: &[u8; 32]) -> Salter {
        Salter(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The salt of one message: its context and its whole plaintext go in, with everything else that the AEAD will
    /// authenticate.
    pub(crate) fn salt<'a>(
        &self,
        random: &[u8; SALT_DRAW],
        context: &Context,
        message: impl IntoIterator<Item = &'a [u8]>,
    ) -> [u8; SALT] {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(random);
        mac.update(context.bytes());
        for part in message {
            mac.update(part);
        }
        prefix(mac.sign().as_ref())
    }
}

/// The keys of one message: derived, never stored.
pub(crate) struct MessageKey {
    aead: LessSafeKey,
    base: [u8; 12],
    pub(crate) commitment: [u8; COMMITMENT],
}

impl MessageKey {
    /// Derives from a secret and the concatenation of `info`.
    pub(crate) fn derive(secret: &Expander, info: &[&[u8]]) -> Result<MessageKey, VaultError> {
        let out = secret.expand::<{ 32 + 12 + COMMITMENT }>(info);
        let mut reader = Reader::new(out.as_slice());
        let (Some(key), Some(base), Some(commitment)) = (reader.array::<32>(), reader.array(), reader.array()) else {
            return Err(VaultError::Primitive);
        };
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Primitive)?;
        Ok(MessageKey { aead: LessSafeKey::new(key), base: *base, commitment: *commitment })
    }

    /// Derives for a context and salt of our own.
    pub(crate) fn for_context(secret: &Expander, context: &Context, salt: &[u8; SALT]) -> Result<MessageKey, VaultError> {
        const LP_SALT: [u8; 4] = (SALT as u32).to_be_bytes();
        MessageKey::derive(secret, &[context.bytes(), &LP_SALT, salt])
    }

    /// Whether `commitment` is this key's, in constant time.
    pub(crate) fn check(&self, commitment: &[u8; COMMITMENT]) -> Result<(), VaultError> {
        verify_slices_are_equal(&self.commitment, commitment).map_err(|_| VaultError::Sealed)
    }

    /// Encrypts `data` in place as part `i` of the message and returns its tag.
    pub(crate) fn seal_in_place(&self, i: u64, aad: &[u8], data: &mut [u8]) -> Result<[u8; TAG], VaultError> {
        self.aead
            .seal_in_place_separate_tag(self.nonce(i), Aad::from(aad), data)
            .map(|tag| prefix(tag.as_ref()))
            .map_err(|_| VaultError::Primitive)
    }

    /// Decrypts part `i` (ciphertext and tag) into `out`, which must have the length of the plaintext.
    pub(crate) fn open_into(&self, i: u64, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<(), VaultError> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(VaultError::Sealed)?;
        self.aead.open_separate_gather(self.nonce(i), Aad::from(aad), ciphertext, tag, out).map_err(|_| VaultError::Sealed)
    }

    /// The base nonce XOR `i` as a big-endian number.
    fn nonce(&self, i: u64) -> Nonce {
        let base = self.base;
        let mut wide = [0u8; 16];
        for (to, from) in wide.iter_mut().skip(4).zip(base) {
            *to = from;
        }
        let mixed = (u128::from_be_bytes(wide) ^ u128::from(i)).to_be_bytes();
        Nonce::assume_unique_for_key(mixed.last_chunk::<12>().copied().unwrap_or(base))
    }
}

/// Seals one plaintext in a box of its own.
pub(crate) fn seal(
    secret: &Expander,
    salter: &Salter,
    random: &[u8; SALT_DRAW],
    context: &Context,
    plaintext: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let salt = salter.salt(random, context, [plaintext]);
    let key = MessageKey::for_context(secret, context, &salt)?;
    let mut out = Vec::with_capacity(plaintext.len() + OVERHEAD);
    out.extend_from_slice(&salt);
    out.extend_from_slice(&key.commitment);
    out.extend_from_slice(plaintext);
    let data = out.get_mut(SALT + COMMITMENT..).ok_or(VaultError::Primitive)?;
    let tag = key.seal_in_place(0, &[], data)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// Opens a box made by [`seal`] for the same context.
pub(crate) fn open(secret: &Expander, context: &Context, sealed: &[u8]) -> Result<Wiped, VaultError> {
    let mut reader = Reader::new(sealed);
    let (Some(salt), Some(commitment)) = (reader.array(), reader.array()) else {
        return Err(VaultError::Sealed);
    };
    let len = reader.rest().len().checked_sub(TAG).ok_or(VaultError::Sealed)?;
    let key = MessageKey::for_context(secret, context, salt)?;
    key.check(commitment)?;
    let mut out = Wiped::new(vec![0; len]);
    key.open_into(0, &[], reader.rest(), &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn sealed() -> (Expander, Vec<u8>) {
        let secret = Expander::new(&[7; 32]);
        let context = Context::new(b"test").with(b"here");
        let sealed = seal(&secret, &Salter::new(&[9; 32]), &[1; 32], &context, b"value").unwrap();
        (secret, sealed)
    }

    #[test]
    fn opens_only_in_its_place_and_unchanged() {
        let (secret, sealed) = sealed();
        let here = Context::new(b"test").with(b"here");
        assert_eq!(&**open(&secret, &here, &sealed).unwrap(), b"value");
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert_eq!(open(&secret, &here, &bad).unwrap_err(), VaultError::Sealed);
            assert!(open(&secret, &here, &sealed[..i]).is_err());
        }
        for other in [Context::new(b"test").with(b"there"), Context::new(b"tes").with(b"here")] {
            assert!(open(&secret, &other, &sealed).is_err());
        }
        assert!(open(&Expander::new(&[8; 32]), &here, &sealed).is_err());
    }

    #[test]
    fn a_repeated_draw_repeats_a_salt_only_for_the_same_message() {
        let salter = Salter::new(&[9; 32]);
        let salt = |context: &[u8], text: &[u8]| salter.salt(&[1; 32], &Context::new(b"test").with(context), [text]);
        assert_eq!(salt(b"a", b"x"), salt(b"a", b"x"));
        assert_ne!(salt(b"a", b"x"), salt(b"a", b"y"));
        assert_ne!(salt(b"a", b"x"), salt(b"b", b"x"));
    }

    #[test]
    fn expand_is_that_of_the_library() {
        struct Length(usize);
        impl aws_lc_rs::hkdf::KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let theirs = aws_lc_rs::hkdf::Prk::new_less_safe(aws_lc_rs::hkdf::HKDF_SHA512, &[7; 32]);
        let mut expected = [0; 200];
        let okm = theirs.expand(&[b"in", b"fo"], Length(200)).unwrap();
        okm.fill(&mut expected).unwrap();
        let ours = Expander::new(&[7; 32]);
        assert_eq!(*ours.expand::<200>(&[b"i", b"nfo"]), expected);
        assert_eq!(ours.expand::<8>(&[b"info"])[..], expected[..8]);
    }

    #[test]
    fn nonces_are_the_base_xor_the_part() {
        let key = MessageKey::derive(&Expander::new(&[7; 32]), &[b"info"]).unwrap();
        let nonces: Vec<[u8; 12]> = [0, 1, 255, 256].map(|i| *key.nonce(i).as_ref()).to_vec();
        assert_eq!(nonces[0], key.base);
        assert_eq!(nonces[1][11], key.base[11] ^ 1);
        assert_eq!(nonces[2][11], key.base[11] ^ 255);
        assert_eq!((nonces[3][11], nonces[3][10]), (key.base[11], key.base[10] ^ 1));
    }
}
