//! Blind indexes: finding a subject, or a stable token, by a value that the database does not hold.
//!
//! ```text
//! inner = first 16 bytes of HMAC-SHA-256(key of the category, LP(1) LP(index) LP(scope) LP(realm) LP(category)
//!                                                             LP(normalised value) [LP(sender)] [LP(subject)])
//! tag   = AES-256(outer key of the epoch, inner)
//! ```
//! The subject index finds a person within a realm, by an e-mail address, whoever sends it, or by an id together with its
//! sender, because two systems give the same id to two people. The stable-token index adds the subject, so that two
//! subjects and two realms never share a token. Each epoch the outer layer is re-encrypted without the value, and the
//! tags of an old copy of the database mean nothing once the outer key of their epoch is destroyed. The MAC of a row is
//! keyed by the same epoch, so it is made anew with the outer layer. Which categories may be indexed is core's decision.

use crate::bytes::prefix;
use crate::context::Context;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::keystore::Kind;
use crate::labels;
use crate::mac::equal;
use crate::sealbox::Expander;
use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use std::sync::OnceLock;
use vestibule_core::id::{KeyVersion, Scope, SubjectNumber};

/// A tag as it stands in an index row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The epoch of its outer layer.
    pub epoch: KeyVersion,
    /// The sixteen bytes.
    pub bytes: [u8; 16],
}

/// One version of the inner key: a key per category, made when first used.
pub(crate) struct InnerKey {
    secret: Expander,
    categories: Box<[OnceLock<hmac::Key>]>,
}

impl InnerKey {
    pub(crate) fn new(key: &[u8; 32]) -> InnerKey {
        InnerKey { secret: Expander::new(key), categories: std::iter::repeat_with(OnceLock::new).take(256).collect() }
    }

    fn tag(&self, category: u16, context: &Context) -> [u8; 16] {
        let tag = match self.categories.get(usize::from(category)) {
            Some(cell) => {
                let key = cell.get_or_init(|| self.category(category));
                hmac::sign(key, context.bytes())
            }
            None => hmac::sign(&self.category(category), context.bytes()),
        };
        prefix(tag.as_ref())
    }

    fn category(&self, category: u16) -> hmac::Key {
        let context = Context::new(labels::INDEX_CATEGORY).with(&category.to_be_bytes());
        let key = self.secret.subkey(&context);
        hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
    }
}

/// One epoch of the outer key.
pub(crate) struct OuterKey {
    encrypt: EncryptingKey,
    decrypt: DecryptingKey,
    mac: hmac::Key,
}

impl OuterKey {
    pub(crate) fn new(key: &[u8; 32]) -> Result<OuterKey, VaultError> {
        let secret = Expander::new(key);
        let wrap = secret.subkey(&Context::new(labels::INDEX_OUTER));
        let mac = secret.subkey(&Context::new(labels::INDEX_MAC));
        let unbound = || UnboundCipherKey::new(&AES_256, wrap.as_slice()).map_err(|_| VaultError::Primitive);
        Ok(OuterKey {
            encrypt: EncryptingKey::ecb(unbound()?).map_err(|_| VaultError::Primitive)?,
            decrypt: DecryptingKey::ecb(unbound()?).map_err(|_| VaultError::Primitive)?,
            mac: hmac::Key::new(hmac::HMAC_SHA256, mac.as_slice()),
        })
    }

    fn wrap(&self, mut inner: [u8; 16]) -> Result<[u8; 16], VaultError> {
        self.encrypt.encrypt(&mut inner).map_err(|_| VaultError::Primitive)?;
        Ok(inner)
    }

    fn unwrap(&self, mut bytes: [u8; 16]) -> Result<[u8; 16], VaultError> {
        self.decrypt.decrypt(&mut bytes, DecryptionContext::None).map_err(|_| VaultError::Primitive)?;
        Ok(bytes)
    }
}

impl Keyring {
    /// The tags under which a subject with this value may stand: write the first, look up all. `sender`: whose id the value
    /// is; none for a value that means the same whoever sends it.
    ///
    /// # Errors
    /// [`VaultError::Primitive`].
    pub fn subject_tags(
        &self,
        scope: Scope,
        realm: &str,
        category: u16,
        normalised: &[u8],
        sender: Option<&str>,
    ) -> Result<Vec<Tag>, VaultError> {
        let mut context = Context::new(labels::INDEX_SUBJECT)
            .with(&scope.to_bytes())
            .with(realm.as_bytes())
            .with(&category.to_be_bytes())
            .with(normalised);
        if let Some(sender) = sender {
            context = context.with(sender.as_bytes());
        }
        self.tags(category, &context)
    }

    /// The tags under which the stable token of this subject's value may stand: write the first, look up all.
    ///
    /// # Errors
    /// [`VaultError::Primitive`].
    pub fn stable_tags(
        &self,
        scope: Scope,
        realm: &str,
        category: u16,
        subject: SubjectNumber,
        normalised: &[u8],
    ) -> Result<Vec<Tag>, VaultError> {
        let context = Context::new(labels::INDEX_STABLE)
            .with(&scope.to_bytes())
            .with(realm.as_bytes())
            .with(&category.to_be_bytes())
            .with(normalised)
            .with(&subject.0);
        self.tags(category, &context)
    }

    /// The MAC of an index row: the table, the tag and whatever else stands in the row.
    ///
    /// # Errors
    /// [`VaultError::KeyGone`] if the tag's epoch was destroyed.
    pub fn index_mac(&self, table: &str, tag: &Tag, parts: &[&[u8]]) -> Result<[u8; 16], VaultError> {
        let outer = self.outer.find(Kind::IndexOuter, tag.epoch)?;
        let context = Context::new(labels::INDEX_MAC)
            .with(table.as_bytes())
            .with(&tag.epoch.0.to_be_bytes())
            .with(&tag.bytes)
            .with_all(parts);
        Ok(prefix(hmac::sign(&outer.mac, context.bytes()).as_ref()))
    }

    /// Whether an index row is as it was written.
    pub fn index_mac_verify(&self, table: &str, tag: &Tag, parts: &[&[u8]], mac: &[u8; 16]) -> bool {
        self.index_mac(table, tag, parts).is_ok_and(|expected| equal(&expected, mac))
    }

    /// The same tag under the active epoch. Make the row's MAC anew, after verifying the old one.
    ///
    /// # Errors
    /// [`VaultError::KeyGone`] if the tag's epoch was destroyed.
    pub fn rewrap_tag(&self, tag: &Tag) -> Result<Tag, VaultError> {
        let inner = self.outer.find(Kind::IndexOuter, tag.epoch)?.unwrap(tag.bytes)?;
        let (epoch, outer) = self.outer.active();
        Ok(Tag { epoch: *epoch, bytes: outer.wrap(inner)? })
    }

    fn tags(&self, category: u16, context: &Context) -> Result<Vec<Tag>, VaultError> {
        let mut tags = Vec::with_capacity(2);
        for (_, inner) in self.inner.iter() {
            let inner = inner.tag(category, context);
            for (epoch, outer) in self.outer.iter() {
                tags.push(Tag { epoch: *epoch, bytes: outer.wrap(inner)? });
            }
        }
        Ok(tags)
    }
}
