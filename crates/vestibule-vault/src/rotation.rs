//! How keys rotate: announced, active, retired, destroyed.
//!
//! Announcing lets every node read with a key before one writes with it. Activating retires the former active key.
//! Destroying forgets the key's bytes for good, and is refused as long as anything may still need them. These are
//! changes of the open [`KeyStore`] only; the caller writes it and swaps the [`crate::Keyring`] afterwards.

use crate::draw::Draw;
use crate::error::VaultError;
use crate::keystore::{KeyEntry, KeyState, KeyStore, Kind};
use std::collections::BTreeMap;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{KeyVersion, RecordNo};
use zeroize::Zeroizing;

/// Random bytes that announcing or rotating one key takes.
pub const DRAW: usize = 32;
/// How long an epoch key and its outer index key stay active.
pub const EPOCH: Span = Span::days(7);

/// Why a rotation step was refused. Nothing was changed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum RotationError {
    /// The kind already has an announced version.
    #[error("a version of this key is announced already")]
    AlreadyAnnounced,
    /// There is no such version.
    #[error("no such key version")]
    NoSuchVersion,
    /// The version is not in the state this step starts from.
    #[error("the key version is not in the state this step starts from")]
    WrongState,
    /// Token keys change hands at a record number, which this call did not give.
    #[error("token keys rotate by opening a new version at the highest record number")]
    NeedsHighestRecord,
    /// Stored rows still name the version.
    #[error("{0} rows still name this key version")]
    StillNamed(u64),
    /// No backup made after the re-wrap has passed a restore check.
    #[error("no backup made after the re-wrap has passed a restore check")]
    NoCheckedBackup,
    /// The random draw failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl RotationError {
    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            RotationError::AlreadyAnnounced => "rotation.already_announced",
            RotationError::NoSuchVersion => "rotation.no_such_version",
            RotationError::WrongState => "rotation.wrong_state",
            RotationError::NeedsHighestRecord => "rotation.needs_highest_record",
            RotationError::StillNamed(_) => "rotation.still_named",
            RotationError::NoCheckedBackup => "rotation.no_checked_backup",
            RotationError::Vault(error) => error.code(),
        }
    }
}

/// What the caller has found out before it asks for a key's destruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Rows that still name the version, or would be unreadable without it.
    pub rows: u64,
    /// Whether a backup made after the last re-wrap has passed a restore check; asked for epoch keys only.
    pub backup_checked: bool,
}

impl KeyStore {
    /// Makes a new version that everybody can read with and nobody writes with. Takes [`DRAW`] random bytes.
    ///
    /// # Errors
    /// [`RotationError::AlreadyAnnounced`], or an exhausted draw.
    pub fn announce(&mut self, kind: Kind, now: Timestamp, draw: &mut Draw) -> Result<KeyVersion, RotationError> {
        if self.versions(kind).any(|key| key.state == KeyState::Announced) {
            return Err(RotationError::AlreadyAnnounced);
        }
        let newest = self.versions(kind).map(|key| key.version.0).max();
        let version = KeyVersion(newest.unwrap_or(0).saturating_add(1));
        self.keys.push(KeyEntry {
            kind,
            version,
            state: KeyState::Announced,
            created: now,
            activated: None,
            retired: None,
            destroyed: None,
            frozen_at: None,
            key: Some(Zeroizing::new(draw.take().map_err(RotationError::Vault)?)),
        });
        Ok(version)
    }

    /// Makes an announced version the active one and retires the former. Token keys: [`KeyStore::activate_token`].
    ///
    /// # Errors
    /// [`RotationError`].
    pub fn activate(&mut self, kind: Kind, version: KeyVersion, now: Timestamp) -> Result<(), RotationError> {
        if kind == Kind::Token {
            return Err(RotationError::NeedsHighestRecord);
        }
        self.switch(kind, version, now, None)
    }

    /// Makes an announced token key active. The former one is frozen: it covers the record numbers up to `highest`,
    /// which holds the highest number leased so far by each writer, and the new one covers everything after.
    ///
    /// # Errors
    /// [`RotationError`].
    pub fn activate_token(&mut self, version: KeyVersion, highest: &[RecordNo], now: Timestamp) -> Result<(), RotationError> {
        let mut frozen = BTreeMap::new();
        for record in highest {
            let counter = frozen.entry(record.writer()).or_insert(0);
            *counter = (record.as_u64() & RecordNo::MAX_COUNTER).max(*counter);
        }
        self.switch(Kind::Token, version, now, Some(frozen))
    }

    /// Announces and activates in one step, for a single node.
    ///
    /// # Errors
    /// [`RotationError::NeedsHighestRecord`] for token keys.
    pub fn rotate(&mut self, kind: Kind, now: Timestamp, draw: &mut Draw) -> Result<KeyVersion, RotationError> {
        if kind == Kind::Token {
            return Err(RotationError::NeedsHighestRecord);
        }
        let version = self.announce(kind, now, draw)?;
        self.activate(kind, version, now)?;
        Ok(version)
    }

    /// Announces and activates a token key in one step: for a rotation on a single node, and after each restore or
    /// promotion. `highest` as in [`KeyStore::activate_token`].
    ///
    /// # Errors
    /// [`RotationError`].
    pub fn open_new_token_version(
        &mut self,
        highest: &[RecordNo],
        now: Timestamp,
        draw: &mut Draw,
    ) -> Result<KeyVersion, RotationError> {
        let version = self.announce(Kind::Token, now, draw)?;
        self.activate_token(version, highest, now)?;
        Ok(version)
    }

    /// Forgets the bytes of a retired key.
    ///
    /// # Errors
    /// Refused while it is not retired, while rows name it, and for epoch keys while no checked backup exists.
    pub fn destroy(&mut self, kind: Kind, version: KeyVersion, usage: Usage, now: Timestamp) -> Result<(), RotationError> {
        let entry = self.entry(kind, version)?;
        if entry.state != KeyState::Retired {
            return Err(RotationError::WrongState);
        }
        if usage.rows > 0 {
            return Err(RotationError::StillNamed(usage.rows));
        }
        if kind == Kind::Epoch && !usage.backup_checked {
            return Err(RotationError::NoCheckedBackup);
        }
        entry.state = KeyState::Destroyed;
        entry.destroyed = Some(now);
        entry.key = None;
        Ok(())
    }

    /// The kinds whose active version has served its time: epoch and outer index keys after [`EPOCH`].
    pub fn due(&self, now: Timestamp) -> Vec<Kind> {
        [Kind::Epoch, Kind::IndexOuter]
            .into_iter()
            .filter(|kind| self.active(*kind).and_then(|entry| entry.activated).is_none_or(|since| now.since(since) >= EPOCH))
            .collect()
    }

    /// The epoch and outer index keys that came into use more than `age` ago and still exist. Counted from activation,
    /// which is never later than the first use.
    pub fn older_than(&self, age: Span, now: Timestamp) -> Vec<(Kind, KeyVersion)> {
        self.keys
            .iter()
            .filter(|key| matches!(key.kind, Kind::Epoch | Kind::IndexOuter))
            .filter(|key| key.state != KeyState::Destroyed)
            .filter(|key| key.activated.is_some_and(|since| now.since(since) > age))
            .map(|key| (key.kind, key.version))
            .collect()
    }

    fn switch(
        &mut self,
        kind: Kind,
        version: KeyVersion,
        now: Timestamp,
        frozen: Option<BTreeMap<u16, u64>>,
    ) -> Result<(), RotationError> {
        if self.entry(kind, version)?.state != KeyState::Announced {
            return Err(RotationError::WrongState);
        }
        for key in self.keys.iter_mut().filter(|key| key.kind == kind) {
            if key.version == version {
                key.state = KeyState::Active;
                key.activated = Some(now);
            } else if key.state == KeyState::Active {
                key.state = KeyState::Retired;
                key.retired = Some(now);
                key.frozen_at = frozen.clone();
            }
        }
        Ok(())
    }

    fn entry(&mut self, kind: Kind, version: KeyVersion) -> Result<&mut KeyEntry, RotationError> {
        self.keys.iter_mut().find(|key| key.kind == kind && key.version == version).ok_or(RotationError::NoSuchVersion)
    }
}
