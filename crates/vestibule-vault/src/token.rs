//! Tokens: one AES-256 block over record, slot and a random part.
//!
//! ```text
//! block = AES-256(token key, record number 7 bytes | slot 1 | random 6 | zero 2)
//! ```
//! The block looks random and tells nothing, not even its age; whoever holds the key sees order and linkage, never
//! values. Which version made a block is found by the two zero bytes together with the record numbers each version
//! covers: a version that was frozen covers the numbers up to its freezing, the next one those after. Frozen versions are
//! tried first, because their bounded range leaves chance no room (about one in 2^46 at a million records). A block is
//! a claim, not a proof: the random part is compared with the record's before anything opens. The text form is core's.

use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::keystore::KeyStore;
use crate::keystore::{KeyState, Kind};
use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use std::collections::BTreeMap;
use vestibule_core::id::{KeyVersion, RecordNo, Slot};

/// What a token's block names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRef {
    /// The version of the token key.
    pub version: KeyVersion,
    /// The record.
    pub record: RecordNo,
    /// The slot in the record.
    pub slot: Slot,
    /// The random part, equal to the slot's.
    pub random: [u8; 6],
}

/// One version of the token key with the record numbers it covers.
pub(crate) struct TokenKey {
    encrypt: EncryptingKey,
    decrypt: DecryptingKey,
    /// By writer: the highest counter that belongs to an earlier version.
    after: BTreeMap<u16, u64>,
    /// By writer: the highest counter that belongs to this version, once it is frozen.
    up_to: Option<BTreeMap<u16, u64>>,
    writes: bool,
}

impl TokenKey {
    pub(crate) fn new(key: &[u8; 32], store: &KeyStore, version: KeyVersion) -> Result<TokenKey, VaultError> {
        let mut after = BTreeMap::new();
        for earlier in store.versions(Kind::Token).filter(|entry| entry.version < version) {
            for (writer, counter) in earlier.frozen_at.iter().flatten() {
                let highest = after.entry(*writer).or_insert(*counter);
                *highest = (*highest).max(*counter);
            }
        }
        let entry = store
            .versions(Kind::Token)
            .find(|entry| entry.version == version)
            .ok_or(VaultError::KeyGone(Kind::Token, version))?;
        let unbound = || UnboundCipherKey::new(&AES_256, key).map_err(|_| VaultError::Primitive);
        Ok(TokenKey {
            encrypt: EncryptingKey::ecb(unbound()?).map_err(|_| VaultError::Primitive)?,
            decrypt: DecryptingKey::ecb(unbound()?).map_err(|_| VaultError::Primitive)?,
            after,
            up_to: entry.frozen_at.clone(),
            writes: entry.state != KeyState::Announced,
        })
    }

    fn covers(&self, record: RecordNo) -> bool {
        let counter = record.as_u64() & RecordNo::MAX_COUNTER;
        let writer = record.writer();
        let late_enough = self.after.get(&writer).is_none_or(|after| counter > *after);
        let early_enough = match &self.up_to {
            Some(up_to) => up_to.get(&writer).is_some_and(|up_to| counter <= *up_to),
            None => true,
        };
        late_enough && early_enough
    }
}

impl Keyring {
    /// The block of the token for a slot. The same arguments give the same block for as long as the key of that record's
    /// range lives, so a stable token needs no text in the database.
    ///
    /// # Errors
    /// [`VaultError::RecordNotCovered`] if the key that covers the record was destroyed.
    pub fn token(&self, record: RecordNo, slot: Slot, random: [u8; 6]) -> Result<[u8; 16], VaultError> {
        let (_, key) =
            self.tokens.iter().find(|(_, key)| key.writes && key.covers(record)).ok_or(VaultError::RecordNotCovered)?;
        let mut number = u128::from(record.as_u64()) << 8 | u128::from(slot.0);
        for byte in random {
            number = number << 8 | u128::from(byte);
        }
        let mut block = (number << 16).to_be_bytes();
        key.encrypt.encrypt(&mut block).map_err(|_| VaultError::Primitive)?;
        Ok(block)
    }

    /// What a block names, or nothing if no live token key made it.
    pub fn open_token(&self, block: [u8; 16]) -> Option<TokenRef> {
        let frozen = self.tokens.iter().rev().filter(|(_, key)| key.up_to.is_some());
        let open = self.tokens.iter().filter(|(_, key)| key.up_to.is_none());
        frozen.chain(open).find_map(|(version, key)| {
            let mut plain = block;
            key.decrypt.decrypt(&mut plain, DecryptionContext::None).ok()?;
            let number = u128::from_be_bytes(plain);
            let [.., a, b, c, d, e, f] = ((number >> 16) as u64).to_be_bytes();
            let record = RecordNo::from_u64((number >> 72) as u64)?;
            (number as u16 == 0 && key.covers(record)).then_some(TokenRef {
                version: *version,
                record,
                slot: Slot((number >> 64) as u8),
                random: [a, b, c, d, e, f],
            })
        })
    }
}
