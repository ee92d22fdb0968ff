//! Tests that need the inside of the crate: opening slots without a permit, and draws of known bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod frozen;
mod record;
mod swap;

use crate::record::{PackedRecord, SlotValue, ValueKind};
use crate::reveal::{Open, testing};
use crate::subject::{CREATE_DRAW, NewSubject, SubjectKey};
use crate::token::TokenRef;
use crate::{Draw, KeyStore, Keyring, VaultError, keystore};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, RecordNo, Scope, Slot};

fn draw(len: usize) -> Draw {
    Draw::new(len).unwrap()
}

fn store() -> KeyStore {
    KeyStore::create(1, &mut draw(keystore::CREATE_DRAW), Timestamp(0)).unwrap()
}

fn subject(ring: &Keyring, mode: Mode) -> NewSubject {
    ring.create_subject(Scope::of(mode), &mut draw(CREATE_DRAW)).unwrap()
}

fn number(n: u64) -> RecordNo {
    RecordNo::new(1, n).unwrap()
}

fn string<'a>(field: &'a str, random: [u8; 6], value: &'a [u8]) -> SlotValue<'a> {
    SlotValue { category: 7, field, kind: ValueKind::String, random, value }
}

/// Opens one slot with the random part that the row itself claims, so that only the sealing can refuse.
fn open_claimed(key: &SubjectKey, first: RecordNo, row: &[u8], record: RecordNo, slot: u8) -> Result<Vec<u8>, VaultError> {
    let packed = PackedRecord::parse(row.to_vec())?;
    let random = packed.slot(first, record, Slot(slot)).ok_or(VaultError::TokenMismatch)?.random;
    let token = TokenRef { version: KeyVersion(1), record, slot: Slot(slot), random };
    let opened = testing::open(&[Open { key, first, packed: &packed, token }])?;
    Ok(opened[0].2.clone())
}
