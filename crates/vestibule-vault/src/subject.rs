//! Subject keys: one data-encryption key (DEK) per data subject, wrapped under the epoch key.
//!
//! The wrap is bound to scope, subject number, DEK id and epoch. Contexts of values name the DEK id and never the epoch,
//! so that re-wrapping each epoch changes no value. Destroying the wrapped DEK makes everything sealed under it
//! unreadable; deciding when is not the vault's matter.

use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::keystore::Kind;
use crate::labels;
use crate::sealbox::{self, Expander, MessageKey, SALT, SALT_DRAW};
use std::sync::{Arc, Mutex, PoisonError};
use vestibule_core::id::{DekId, KeyVersion, Pseudonym, Scope, SubjectNumber};
use zeroize::Zeroizing;

/// Random bytes that a new subject takes.
pub const CREATE_DRAW: usize = 16 + 16 + 32 + 16 + 2 * SALT_DRAW;
/// Random bytes that one re-wrap takes.
pub const REWRAP_DRAW: usize = SALT_DRAW;

/// A subject key as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDek {
    /// The epoch key that wraps it.
    pub epoch: KeyVersion,
    /// The sealed box, 104 bytes.
    pub bytes: Vec<u8>,
}

/// A subject's open key with the identity that every context names. Wiped when dropped.
pub struct SubjectKey {
    scope: Scope,
    number: SubjectNumber,
    dek_id: DekId,
    dek: Expander,
    /// The key of a record that was derived last: what is opened together mostly lies in one.
    last: Mutex<Option<RecordKey>>,
}

/// The key of a record and what it was derived from.
struct RecordKey {
    context: Context,
    salt: [u8; SALT],
    key: Arc<MessageKey>,
}

impl SubjectKey {
    fn new(scope: Scope, number: SubjectNumber, dek_id: DekId, dek: &[u8; 32]) -> SubjectKey {
        SubjectKey { scope, number, dek_id, dek: Expander::new(dek), last: Mutex::new(None) }
    }

    /// The key of a record, derived unless it is the one derived last.
    pub(crate) fn record_key(&self, context: Context, salt: &[u8; SALT]) -> Result<Arc<MessageKey>, VaultError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.context == context && last.salt == *salt) {
            return Ok(Arc::clone(&last.key));
        }
        let key = Arc::new(MessageKey::for_context(&self.dek, &context, salt)?);
        *last = Some(RecordKey { context, salt: *salt, key: Arc::clone(&key) });
        Ok(key)
    }

    /// Tenant and mode.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The subject.
    pub fn number(&self) -> SubjectNumber {
        self.number
    }

    /// The key's id.
    pub fn dek_id(&self) -> DekId {
        self.dek_id
    }

    /// The context of something sealed under this key: purpose, tenant and mode, subject, DEK id.
    pub(crate) fn context(&self, purpose: &[u8]) -> Context {
        Context::new(purpose).with(&self.scope.to_bytes()).with(&self.number.0).with(&self.dek_id.0)
    }

    pub(crate) fn expander(&self) -> &Expander {
        &self.dek
    }
}

/// What is stored and used for a subject that was not known before.
pub struct NewSubject {
    /// Its random number.
    pub number: SubjectNumber,
    /// The id of its key.
    pub dek_id: DekId,
    /// Its key, wrapped.
    pub wrapped: WrappedDek,
    /// Its random name in the log.
    pub pseudonym: Pseudonym,
    /// The same, sealed under its key, for the database.
    pub sealed_pseudonym: Vec<u8>,
    /// Its open key.
    pub key: SubjectKey,
}

impl Keyring {
    /// Makes a subject with number, key and pseudonym; takes [`CREATE_DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn create_subject(&self, scope: Scope, draw: &mut Draw) -> Result<NewSubject, VaultError> {
        let number = SubjectNumber(draw.take()?);
        let dek_id = DekId(draw.take()?);
        let dek = Zeroizing::new(draw.take::<32>()?);
        let pseudonym = Pseudonym(draw.take()?);
        let wrapped = self.wrap(scope, number, dek_id, &dek, draw)?;
        let key = SubjectKey::new(scope, number, dek_id, &dek);
        let sealed_pseudonym =
            sealbox::seal(key.expander(), &self.salter, &draw.take()?, &key.context(labels::PSEUDONYM), &pseudonym.0)?;
        Ok(NewSubject { number, dek_id, wrapped, pseudonym, sealed_pseudonym, key })
    }

    /// Unwraps a subject's key.
    ///
    /// # Errors
    /// [`VaultError::KeyGone`] if the epoch was destroyed, [`VaultError::Sealed`] for anything that does not fit.
    pub fn open_subject(
        &self,
        scope: Scope,
        number: SubjectNumber,
        dek_id: DekId,
        wrapped: &WrappedDek,
    ) -> Result<SubjectKey, VaultError> {
        let dek = self.unwrap_dek(scope, number, dek_id, wrapped)?;
        Ok(SubjectKey::new(scope, number, dek_id, &dek))
    }

    /// Wraps a subject's key under the active epoch; takes [`REWRAP_DRAW`] random bytes.
    ///
    /// # Errors
    /// As [`Keyring::open_subject`].
    pub fn rewrap_subject(
        &self,
        scope: Scope,
        number: SubjectNumber,
        dek_id: DekId,
        wrapped: &WrappedDek,
        draw: &mut Draw,
    ) -> Result<WrappedDek, VaultError> {
        let dek = self.unwrap_dek(scope, number, dek_id, wrapped)?;
        self.wrap(scope, number, dek_id, &dek, draw)
    }

    /// The name a subject has in the log.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn open_pseudonym(&self, key: &SubjectKey, sealed: &[u8]) -> Result<Pseudonym, VaultError> {
        let plain = sealbox::open(key.expander(), &key.context(labels::PSEUDONYM), sealed)?;
        <[u8; 16]>::try_from(plain.as_slice()).map(Pseudonym).map_err(|_| VaultError::Sealed)
    }

    fn wrap(
        &self,
        scope: Scope,
        number: SubjectNumber,
        dek_id: DekId,
        dek: &[u8; 32],
        draw: &mut Draw,
    ) -> Result<WrappedDek, VaultError> {
        let (epoch, kek) = self.epochs.active();
        let context = wrap_context(scope, number, dek_id, *epoch);
        Ok(WrappedDek { epoch: *epoch, bytes: sealbox::seal(kek, &self.salter, &draw.take()?, &context, dek)? })
    }

    fn unwrap_dek(
        &self,
        scope: Scope,
        number: SubjectNumber,
        dek_id: DekId,
        wrapped: &WrappedDek,
    ) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let kek = self.epochs.find(Kind::Epoch, wrapped.epoch)?;
        let context = wrap_context(scope, number, dek_id, wrapped.epoch);
        let plain = sealbox::open(kek, &context, &wrapped.bytes)?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new).map_err(|_| VaultError::Sealed)
    }
}

fn wrap_context(scope: Scope, number: SubjectNumber, dek_id: DekId, epoch: KeyVersion) -> Context {
    Context::new(labels::DEK).with(&scope.to_bytes()).with(&number.0).with(&dek_id.0).with(&epoch.0.to_be_bytes())
}
