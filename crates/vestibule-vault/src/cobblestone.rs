//! C2SP chunked encryption with AES-256-GCM and SHA-512: Cobblestone-256.
//!
//! As published at <https://c2sp.org/chunked-encryption>: a salt of 24 bytes, a commitment of 32, then chunks of 16 KiB
//! of which the last is always shorter, each under the base nonce XOR its number. A message that was cut, reordered or
//! extended fails at the latest at its end, so whatever a [`Decryptor`] gave out before is not to be used until
//! [`Decryptor::finish`] said yes. Keys must be uniformly random; which key and context, is the caller's matter
//! ([`crate::file`] binds both to a subject).

use crate::bytes::Reader;
use crate::error::VaultError;
use crate::sealbox::{COMMITMENT, Expander, MessageKey, SALT, TAG};
use vestibule_core::secret::Wiped;
use zeroize::Zeroize;

/// Bytes of a full chunk of plaintext.
pub const CHUNK: usize = 16 * 1024;
/// Bytes before the first chunk: salt and commitment.
pub const HEADER: usize = SALT + COMMITMENT;
/// Random bytes that one message takes.
pub const DRAW: usize = SALT;

const SEALED_CHUNK: usize = CHUNK + TAG;
const MAX_CHUNKS: u64 = 1 << 38;
const LABEL: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// Encrypts a whole message.
///
/// # Errors
/// [`VaultError::Primitive`].
pub fn encrypt(key: &[u8; 32], context: &[u8], salt: [u8; SALT], message: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut out = Vec::with_capacity(HEADER + message.len() + (message.len() / CHUNK + 1) * TAG);
    let (mut encryptor, header) = Encryptor::new(key, context, salt)?;
    out.extend_from_slice(&header);
    encryptor.update(message, &mut out)?;
    encryptor.finish(&mut out)?;
    Ok(out)
}

/// Decrypts a whole message; gives out nothing unless all of it is right. A key that is not 32 bytes long opens nothing.
///
/// # Errors
/// [`VaultError::Sealed`].
pub fn decrypt(key: &[u8], context: &[u8], sealed: &[u8]) -> Result<Wiped, VaultError> {
    let key = key.try_into().map_err(|_| VaultError::Sealed)?;
    let (header, chunks) = sealed.split_first_chunk::<HEADER>().ok_or(VaultError::Sealed)?;
    let mut decryptor = Decryptor::new(key, context, header)?;
    let mut out = Wiped::new(Vec::with_capacity(chunks.len()));
    decryptor.update(chunks, &mut out)?;
    decryptor.finish(&mut out)?;
    Ok(out)
}

/// Encrypts piece by piece, holding at most one chunk.
pub struct Encryptor {
    stream: Stream,
}

impl Encryptor {
    /// Starts a message; the header comes before everything else. The salt must never repeat for the same key.
    ///
    /// # Errors
    /// [`VaultError::Primitive`].
    pub fn new(key: &[u8; 32], context: &[u8], salt: [u8; SALT]) -> Result<(Encryptor, [u8; HEADER]), VaultError> {
        let message = derive(key, context, &salt)?;
        let mut header = [0; HEADER];
        for (to, from) in header.iter_mut().zip(salt.iter().chain(&message.commitment)) {
            *to = *from;
        }
        let stream = Stream::new(message);
        Ok((Encryptor { stream }, header))
    }

    /// Takes more plaintext and appends the chunks that are full.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] after 2^38 chunks.
    pub fn update(&mut self, mut plain: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
        while let Some(rest) = self.stream.fill(plain, CHUNK) {
            plain = rest;
            self.chunk(out)?;
        }
        Ok(())
    }

    /// Appends the last, short chunk.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] after 2^38 chunks.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), VaultError> {
        self.chunk(out)
    }

    fn chunk(&mut self, out: &mut Vec<u8>) -> Result<(), VaultError> {
        let number = self.stream.next()?;
        let tag = self.stream.key.seal_in_place(number, &[], &mut self.stream.buffer)?;
        out.extend_from_slice(&self.stream.buffer);
        out.extend_from_slice(&tag);
        self.stream.buffer.clear();
        Ok(())
    }
}

/// Decrypts piece by piece. After an error it gives out nothing more.
pub struct Decryptor {
    stream: Stream,
    failed: bool,
}

impl Decryptor {
    /// Starts with the header of a message; a wrong key or context is found here.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn new(key: &[u8; 32], context: &[u8], header: &[u8; HEADER]) -> Result<Decryptor, VaultError> {
        let mut reader = Reader::new(header);
        let (Some(salt), Some(commitment)) = (reader.array::<SALT>(), reader.array()) else {
            return Err(VaultError::Sealed);
        };
        let message = derive(key, context, salt)?;
        message.check(commitment)?;
        Ok(Decryptor { stream: Stream::new(message), failed: false })
    }

    /// Takes more ciphertext and appends the chunks that are complete and authentic.
    ///
    /// # Errors
    /// [`VaultError::Sealed`], from then on always.
    pub fn update(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
        while !self.failed
            && let Some(rest) = self.stream.fill(sealed, SEALED_CHUNK)
        {
            sealed = rest;
            self.chunk(out)?;
        }
        if self.failed { Err(VaultError::Sealed) } else { Ok(()) }
    }

    /// Takes what is left as the last chunk; only now is the message whole.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), VaultError> {
        if self.failed {
            return Err(VaultError::Sealed);
        }
        self.chunk(out)
    }

    fn chunk(&mut self, out: &mut Vec<u8>) -> Result<(), VaultError> {
        self.failed = true;
        let number = self.stream.next()?;
        let sealed = &self.stream.buffer;
        let len = sealed.len().checked_sub(TAG).ok_or(VaultError::Sealed)?;
        let start = out.len();
        out.resize(start + len, 0);
        let plain = out.get_mut(start..).ok_or(VaultError::Primitive)?;
        if let Err(error) = self.stream.key.open_into(number, &[], sealed, plain) {
            plain.zeroize();
            out.truncate(start);
            return Err(error);
        }
        self.stream.buffer.clear();
        self.failed = false;
        Ok(())
    }
}

struct Stream {
    key: MessageKey,
    buffer: Wiped,
    number: u64,
}

impl Stream {
    fn new(key: MessageKey) -> Stream {
        Stream { key, buffer: Wiped::new(Vec::with_capacity(SEALED_CHUNK)), number: 0 }
    }

    /// Moves bytes into the buffer until it holds `size`; then returns what was not needed, else nothing.
    fn fill<'a>(&mut self, bytes: &'a [u8], size: usize) -> Option<&'a [u8]> {
        let wanted = size.saturating_sub(self.buffer.len());
        match bytes.split_at_checked(wanted) {
            Some((now, rest)) => {
                self.buffer.extend_from_slice(now);
                Some(rest)
            }
            None => {
                self.buffer.extend_from_slice(bytes);
                None
            }
        }
    }

    fn next(&mut self) -> Result<u64, VaultError> {
        let number = self.number;
        if number >= MAX_CHUNKS {
            return Err(VaultError::TooLong("message"));
        }
        self.number += 1;
        Ok(number)
    }
}

fn derive(key: &[u8; 32], context: &[u8], salt: &[u8; SALT]) -> Result<MessageKey, VaultError> {
    MessageKey::derive(&Expander::new(key), &[LABEL, salt, context])
}
