//! The keyring: an immutable snapshot of all live keys, expanded once.
//!
//! Requests work with a keyring and never with the key store, so there is no lock on their path; a rotation makes a new
//! keyring that is swapped whole. What each key does stands in the module of its purpose ([`crate::subject`],
//! [`crate::record`], [`crate::token`], [`crate::index`], [`crate::chain`] …), as methods of [`Keyring`].

use crate::error::VaultError;
use crate::fingerprint::FingerprintKey;
use crate::index::{InnerKey, OuterKey};
use crate::keystore::{KeyState, KeyStore, Kind};
use crate::sealbox::{Expander, Salter};
use crate::token::TokenKey;
use aws_lc_rs::hmac;
use vestibule_core::id::KeyVersion;

/// All live keys, ready for use. `Send` and `Sync`; share it in an `Arc`.
pub struct Keyring {
    pub(crate) epochs: Versions<Expander>,
    pub(crate) tokens: Versions<TokenKey>,
    pub(crate) inner: Versions<InnerKey>,
    pub(crate) outer: Versions<OuterKey>,
    pub(crate) audit: Versions<hmac::Key>,
    pub(crate) authority: Versions<hmac::Key>,
    pub(crate) fingerprint: Versions<FingerprintKey>,
    pub(crate) replay: Versions<hmac::Key>,
    pub(crate) pepper: Versions<hmac::Key>,
    pub(crate) delivery: Versions<hmac::Key>,
    pub(crate) salter: Salter,
}

impl Keyring {
    pub(crate) fn from_store(store: &KeyStore) -> Result<Keyring, VaultError> {
        let mac = |kind| Versions::collect(store, kind, |key, _| Ok(hmac::Key::new(hmac::HMAC_SHA256, key)));
        let salts = Versions::collect(store, Kind::Salt, |key, _| Ok(Salter::new(key)))?;
        Ok(Keyring {
            epochs: Versions::collect(store, Kind::Epoch, |key, _| Ok(Expander::new(key)))?,
            tokens: Versions::collect(store, Kind::Token, |key, version| TokenKey::new(key, store, version))?,
            inner: Versions::collect(store, Kind::IndexInner, |key, _| Ok(InnerKey::new(key)))?,
            outer: Versions::collect(store, Kind::IndexOuter, |key, _| OuterKey::new(key))?,
            audit: mac(Kind::Audit)?,
            authority: mac(Kind::Authority)?,
            fingerprint: Versions::collect(store, Kind::Fingerprint, |key, _| FingerprintKey::new(key))?,
            replay: mac(Kind::Replay)?,
            pepper: mac(Kind::ApiKey)?,
            delivery: mac(Kind::Delivery)?,
            salter: salts.into_active().ok_or(VaultError::NoActiveKey(Kind::Salt))?,
        })
    }

    /// The epoch under which new subject keys are wrapped.
    pub fn active_epoch(&self) -> KeyVersion {
        self.epochs.active().0
    }

    /// The epoch under which new index tags are wrapped.
    pub fn active_index_epoch(&self) -> KeyVersion {
        self.outer.active().0
    }
}

/// The live versions of one key: the active one first, then retired ones from new to old, then an announced one.
pub(crate) struct Versions<T> {
    active: (KeyVersion, T),
    others: Vec<(KeyVersion, T)>,
}

impl<T> Versions<T> {
    fn collect(
        store: &KeyStore,
        kind: Kind,
        expand: impl Fn(&[u8; 32], KeyVersion) -> Result<T, VaultError>,
    ) -> Result<Versions<T>, VaultError> {
        let mut active = None;
        let mut others = Vec::new();
        let mut live: Vec<_> = store.versions(kind).filter_map(|entry| Some((entry, entry.key.as_ref()?))).collect();
        live.sort_by_key(|(entry, _)| {
            let announced = entry.state == KeyState::Announced;
            (announced, std::cmp::Reverse(entry.version))
        });
        for (entry, key) in live {
            let expanded = (entry.version, expand(key, entry.version)?);
            match entry.state {
                KeyState::Active => active = Some(expanded),
                _ => others.push(expanded),
            }
        }
        Ok(Versions { active: active.ok_or(VaultError::NoActiveKey(kind))?, others })
    }

    pub(crate) fn active(&self) -> &(KeyVersion, T) {
        &self.active
    }

    /// Active first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &(KeyVersion, T)> {
        std::iter::once(&self.active).chain(&self.others)
    }

    pub(crate) fn find(&self, kind: Kind, version: KeyVersion) -> Result<&T, VaultError> {
        self.iter().find(|(live, _)| *live == version).map(|(_, key)| key).ok_or(VaultError::KeyGone(kind, version))
    }

    fn into_active(self) -> Option<T> {
        Some(self.active.1)
    }
}
