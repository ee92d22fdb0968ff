//! The error of everything that works with an open keyring.
//!
//! A wrong key, a wrong place and a changed byte are one error towards the outside, [`VaultError::Sealed`]: telling them
//! apart would make an oracle. Errors carry no values, no keys and no identifiers.

use crate::keystore::Kind;
use vestibule_core::id::KeyVersion;

/// Why an operation with keys failed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum VaultError {
    /// Wrong key, wrong place or changed bytes.
    #[error("sealed data cannot be opened")]
    Sealed,
    /// The system's random generator refused.
    #[error("the system gave no random bytes")]
    Random,
    /// The request drew fewer random bytes than it needed.
    #[error("the random draw of this request is used up")]
    DrawExhausted,
    /// No key of this kind is active.
    #[error("no active key of kind `{0}`")]
    NoActiveKey(Kind),
    /// The key version named by stored data was destroyed or is not known here.
    #[error("key version {1:?} of kind `{0}` is not available")]
    KeyGone(Kind, KeyVersion),
    /// No live token key covers this record number.
    #[error("no live token key covers this record number")]
    RecordNotCovered,
    /// A field id, a value or a list is longer than its format allows.
    #[error("too long for its format: `{0}`")]
    TooLong(&'static str),
    /// The permit is older than a second.
    #[error("the permit is no longer fresh")]
    PermitStale,
    /// The permit does not cover a slot that was asked for.
    #[error("the permit does not cover this slot")]
    NotPermitted,
    /// The token does not name this slot, or the row does not hold it.
    #[error("the token does not belong to this record")]
    TokenMismatch,
    /// The library refused an operation that cannot fail with valid lengths.
    #[error("a cryptographic primitive failed")]
    Primitive,
}

impl VaultError {
    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            VaultError::Sealed => "vault.sealed",
            VaultError::Random => "vault.random",
            VaultError::DrawExhausted => "vault.draw_exhausted",
            VaultError::NoActiveKey(_) => "vault.no_active_key",
            VaultError::KeyGone(..) => "vault.key_gone",
            VaultError::RecordNotCovered => "vault.record_not_covered",
            VaultError::TooLong(_) => "vault.too_long",
            VaultError::PermitStale => "vault.permit_stale",
            VaultError::NotPermitted => "vault.not_permitted",
            VaultError::TokenMismatch => "vault.token_mismatch",
            VaultError::Primitive => "vault.primitive",
        }
    }
}
