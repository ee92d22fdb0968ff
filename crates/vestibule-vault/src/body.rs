//! Whole bodies that must wait: queued, held, quarantined, dead, the stored answers of idempotent calls, and the saved
//! audits of platform accounts.
//!
//! They are sealed under the subject's key, kept fields included, so that erasure reaches them. The purpose and the id
//! of the row are bound, so a held body cannot be queued by moving bytes. Inside stands a u32 length and zeros up to a
//! multiple of 256 bytes. One function seals, for the rule that only sealed bodies wait; opening one is not a reveal:
//! it holds tokens and kept fields, except for held bodies, which are as they came.

use crate::bytes::Reader;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::labels;
use crate::sealbox::{self, SALT_DRAW};
use crate::subject::SubjectKey;
use vestibule_core::secret::Wiped;

/// Random bytes that sealing one body takes.
pub const DRAW: usize = SALT_DRAW;
/// The longest body, in bytes.
pub const MAX_BODY: usize = 256 << 20;

const STEP: usize = 256;

/// Why a body waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPurpose {
    /// For delivery.
    Queued,
    /// For the owner's decision.
    Held,
    /// Because a rule refused it.
    Quarantined,
    /// Because its delivery was given up.
    Dead,
    /// To answer a repeated call.
    Answer,
    /// To be compared with the next audit.
    Scan,
}

impl BodyPurpose {
    fn label(self) -> &'static [u8] {
        match self {
            BodyPurpose::Queued => labels::BODY_QUEUED,
            BodyPurpose::Held => labels::BODY_HELD,
            BodyPurpose::Quarantined => labels::BODY_QUARANTINED,
            BodyPurpose::Dead => labels::BODY_DEAD,
            BodyPurpose::Answer => labels::BODY_ANSWER,
            BodyPurpose::Scan => labels::BODY_SCAN,
        }
    }
}

impl Keyring {
    /// Seals a body for one purpose and row; takes [`DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] over [`MAX_BODY`], [`VaultError::DrawExhausted`].
    pub fn seal_body(
        &self,
        key: &SubjectKey,
        purpose: BodyPurpose,
        id: &[u8],
        body: &[u8],
        draw: &mut Draw,
    ) -> Result<Vec<u8>, VaultError> {
        let len = match u32::try_from(body.len()) {
            Ok(len) if body.len() <= MAX_BODY => len,
            _ => return Err(VaultError::TooLong("body")),
        };
        let padded = (body.len() + 4).next_multiple_of(STEP);
        let mut plain = Wiped::new(Vec::with_capacity(padded));
        plain.extend_from_slice(&len.to_be_bytes());
        plain.extend_from_slice(body);
        plain.resize(padded, 0);
        let context = key.context(purpose.label()).with(id);
        sealbox::seal(key.expander(), &self.salter, &draw.take()?, &context, &plain)
    }

    /// Opens a body sealed for the same purpose and row.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn open_body(&self, key: &SubjectKey, purpose: BodyPurpose, id: &[u8], sealed: &[u8]) -> Result<Wiped, VaultError> {
        let context = key.context(purpose.label()).with(id);
        let mut plain = sealbox::open(key.expander(), &context, sealed)?;
        let len = Reader::new(&plain)
            .u32()
            .and_then(|len| usize::try_from(len).ok())
            .filter(|len| (len + 4).next_multiple_of(STEP) == plain.len())
            .ok_or(VaultError::Sealed)?;
        plain.copy_within(4..4 + len, 0);
        plain.truncate(len);
        Ok(plain)
    }
}
