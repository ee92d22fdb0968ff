//! The key of a stored subject, unwrapped.

use vestibule_core::id::Scope;
use vestibule_store::SubjectData;
use vestibule_vault::subject::WrappedDek;
use vestibule_vault::{Keyring, SubjectKey, VaultError};

/// Why a subject's key cannot be had.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum SubjectError {
    /// The subject has been erased.
    #[error("the person has been erased")]
    Erased,
    /// The key does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl SubjectError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            SubjectError::Erased => "subject.erased",
            SubjectError::Vault(error) => error.code(),
        }
    }
}

/// Unwraps the key of a subject.
pub fn unwrap(keyring: &Keyring, subject: &SubjectData) -> Result<SubjectKey, SubjectError> {
    let stored = subject.key.as_ref().ok_or(SubjectError::Erased)?;
    let wrapped = WrappedDek { epoch: stored.epoch, bytes: stored.wrapped.clone() };
    Ok(keyring.open_subject(Scope::of(subject.mode), subject.number, stored.dek_id, &wrapped)?)
}
