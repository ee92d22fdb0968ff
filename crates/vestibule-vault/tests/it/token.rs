//! Tokens: round trip, bit spread, foreign and damaged blocks, the ranges of frozen versions.

use super::{draw, store};
use proptest::prelude::*;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, RecordNo, Slot};
use vestibule_vault::VaultError;
use vestibule_vault::keystore::Kind;
use vestibule_vault::rotation::Usage;

fn number(writer: u16, counter: u64) -> RecordNo {
    RecordNo::new(writer, counter).unwrap()
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(writer: u16, counter in 0..=RecordNo::MAX_COUNTER, slot: u8, random: [u8; 6]) {
        let ring = store().keyring().unwrap();
        let block = ring.token(number(writer, counter), Slot(slot), random).unwrap();
        let token = ring.open_token(block).unwrap();
        prop_assert_eq!((token.version, token.record), (KeyVersion(1), number(writer, counter)));
        prop_assert_eq!((token.slot, token.random), (Slot(slot), random));
    }
}

#[test]
fn neighbours_look_unrelated() {
    let ring = store().keyring().unwrap();
    let (mut bits, mut pairs) = (0, 0);
    let mut seen = std::collections::HashSet::new();
    for counter in 0..2000 {
        let a = ring.token(number(1, counter), Slot(0), [0; 6]).unwrap();
        let b = ring.token(number(1, counter), Slot(1), [0; 6]).unwrap();
        bits += (u128::from_be_bytes(a) ^ u128::from_be_bytes(b)).count_ones();
        pairs += 1;
        assert!(seen.insert(a) && seen.insert(b));
    }
    let mean = f64::from(bits) / f64::from(pairs);
    println!("token: neighbours differ in {mean:.2} of 128 bits");
    assert!((63.0..65.0).contains(&mean));
}

#[test]
fn foreign_and_damaged_blocks_open_to_nothing() {
    let (ours, theirs) = (store().keyring().unwrap(), store().keyring().unwrap());
    // A chance hit needs two zero bytes: one in 65,536. The bounds leave room for a few.
    let (mut foreign, mut damaged) = (0, 0);
    for counter in 0..2000 {
        let block = theirs.token(number(1, counter), Slot(0), [7; 6]).unwrap();
        foreign += u32::from(ours.open_token(block).is_some());
        let mut block = ours.token(number(1, counter), Slot(0), [7; 6]).unwrap();
        block[(counter % 16) as usize] ^= 1 << (counter % 8);
        damaged += u32::from(ours.open_token(block).is_some());
    }
    println!("token: of 2000 foreign blocks {foreign} decode by chance, of 2000 damaged {damaged}");
    assert!(foreign <= 3 && damaged <= 3);
}

#[test]
fn a_frozen_version_covers_exactly_its_numbers() {
    let mut store = store();
    let before = store.keyring().unwrap();
    let token = |ring: &vestibule_vault::Keyring, record| ring.token(record, Slot(1), [9; 6]);
    // The last number of each writer in the database that is kept; what was made after it is void.
    let (kept, lost) = (number(1, 100), number(1, 101));
    let (old, void) = (token(&before, kept).unwrap(), token(&before, lost).unwrap());
    let other_writer = token(&before, number(2, 5)).unwrap();
    store.open_new_token_version(&[kept, number(1, 50)], Timestamp(1), &mut draw(32)).unwrap();
    let ring = store.keyring().unwrap();
    assert_eq!(ring.open_token(old).unwrap().version, KeyVersion(1));
    assert_eq!(ring.open_token(void), None);
    assert_eq!(ring.open_token(other_writer), None, "a writer that was not named had written nothing");
    assert_eq!(token(&ring, kept).unwrap(), old);
    let fresh = token(&ring, lost).unwrap();
    assert_ne!(fresh, void);
    assert_eq!(ring.open_token(fresh).unwrap().version, KeyVersion(2));

    store.open_new_token_version(&[number(1, 200), number(2, 9)], Timestamp(2), &mut draw(32)).unwrap();
    let ring = store.keyring().unwrap();
    for (record, version) in [(100, 1), (101, 2), (200, 2), (201, 3)] {
        let block = token(&ring, number(1, record)).unwrap();
        assert_eq!(ring.open_token(block).unwrap().version, KeyVersion(version), "{record}");
    }
    store.destroy(Kind::Token, KeyVersion(1), Usage { rows: 0, backup_checked: false }, Timestamp(3)).unwrap();
    let ring = store.keyring().unwrap();
    assert_eq!(ring.open_token(old), None);
    assert_eq!(token(&ring, kept), Err(VaultError::RecordNotCovered));
    assert_eq!(ring.open_token(fresh).unwrap().record, lost);
}

#[test]
fn no_token_is_taken_for_one_of_another_version() {
    let mut store = store();
    for n in 1..4 {
        store.open_new_token_version(&[number(1, n * 50_000)], Timestamp(n as i64), &mut draw(32)).unwrap();
    }
    let ring = store.keyring().unwrap();
    for counter in 1..200_000 {
        let record = number(1, counter);
        let token = ring.open_token(ring.token(record, Slot(0), [1; 6]).unwrap()).unwrap();
        assert_eq!(token.record, record);
    }
}
