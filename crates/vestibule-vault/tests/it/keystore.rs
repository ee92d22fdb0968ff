//! The key store: P19, every damaged byte, what it carries over.

use super::{draw, live, new_root, new_subject, store};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{RecordNo, SubjectNumber};
use vestibule_vault::keystore::{Head, KeyState, KeyStoreError, Kind, MadeCopy, WRITE_DRAW};
use vestibule_vault::rotation::Usage;
use vestibule_vault::{KeyStore, Root};

fn error(bytes: &[u8], root: &Root) -> KeyStoreError {
    match KeyStore::open(bytes, root) {
        Err(error) => error,
        Ok(_) => panic!("opened"),
    }
}

#[test]
fn a_wrong_root_changes_nothing_however_often() {
    let (store, root) = (store(), new_root());
    let ring = store.keyring().unwrap();
    let subject = new_subject(&ring);
    let bytes = store.to_bytes(&root, &mut draw(WRITE_DRAW)).unwrap();
    let before = bytes.clone();
    for _ in 0..1000 {
        assert_eq!(error(&bytes, &new_root()), KeyStoreError::WrongRoot);
    }
    assert_eq!(bytes, before);
    let ring = KeyStore::open(&bytes, &root).unwrap().keyring().unwrap();
    let opened = ring.open_subject(live(), subject.number, subject.dek_id, &subject.wrapped);
    let pseudonym = ring.open_pseudonym(&opened.unwrap(), &subject.sealed_pseudonym);
    assert_eq!(pseudonym.unwrap(), subject.pseudonym);
    println!("P19: 1000 wrong roots, then the right one: everything reads");
}

#[test]
fn every_damage_is_found_and_named() {
    let (store, root) = (store(), new_root());
    let bytes = store.to_bytes(&root, &mut draw(WRITE_DRAW)).unwrap();
    let mut flips = 0;
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut bad = bytes.clone();
            bad[at] ^= bit;
            let expected: &[KeyStoreError] = match at {
                0..8 => &[KeyStoreError::NotAKeyStore],
                8..10 => &[
                    KeyStoreError::Newer(0x8001),
                    KeyStoreError::Newer(0x101),
                    KeyStoreError::Newer(0x81),
                    KeyStoreError::Damaged,
                ],
                18..22 => &[KeyStoreError::Truncated, KeyStoreError::Damaged],
                _ => &[KeyStoreError::Damaged],
            };
            let found = error(&bad, &root);
            assert!(expected.contains(&found), "byte {at}: {found}");
            flips += 1;
        }
        let cut = error(&bytes[..at], &root);
        assert!(matches!(cut, KeyStoreError::Truncated | KeyStoreError::NotAKeyStore), "cut at {at}");
        assert!(at == 0 || cut == KeyStoreError::Truncated);
    }
    let longer = [bytes.as_slice(), b"\n"].concat();
    assert_eq!(error(&longer, &root), KeyStoreError::Damaged);
    println!("key store: {flips} flips and {} cuts, all found", bytes.len());
}

#[test]
fn a_change_with_a_corrected_checksum_is_still_found() {
    let (store, root) = (store(), new_root());
    let mut bytes = store.to_bytes(&root, &mut draw(WRITE_DRAW)).unwrap();
    let at = bytes.len() - 60;
    bytes[at] ^= 1;
    let covered = bytes.len() - 32;
    let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes[..covered]);
    bytes[covered..].copy_from_slice(checksum.as_ref());
    assert_eq!(error(&bytes, &root), KeyStoreError::Damaged);
}

#[test]
fn everything_in_it_survives_writing_and_a_new_root() {
    let (mut store, root) = (store(), new_root());
    let erased: Vec<_> = (0..50u8).map(|n| (SubjectNumber([n; 16]), Timestamp(i64::from(n)))).collect();
    for (number, at) in &erased {
        store.erase(*number, *at);
        store.erase(*number, Timestamp(999));
    }
    let head = Head { origin: [1; 16], size: 77, mac: [2; 32] };
    store.set_head(head);
    store.raise_authority_revision(12);
    store.raise_authority_revision(11);
    let copy = MadeCopy { made: Timestamp(5), label: "backup, Tuesday".to_owned() };
    store.note_copy(copy.clone());
    let highest = [RecordNo::new(1, 500).unwrap(), RecordNo::new(9, 3).unwrap()];
    store.open_new_token_version(&highest, Timestamp(6), &mut draw(32)).unwrap();
    let first = store.rotate(Kind::Replay, Timestamp(7), &mut draw(32)).unwrap();
    let old = store.versions(Kind::Replay).next().unwrap().version();
    let unused = Usage { rows: 0, backup_checked: true };
    store.destroy(Kind::Replay, old, unused, Timestamp(8)).unwrap();
    store.announce(Kind::Audit, Timestamp(9), &mut draw(32)).unwrap();

    let next_root = new_root();
    let bytes = store.to_bytes(&root, &mut draw(WRITE_DRAW)).unwrap();
    let again = KeyStore::open(&bytes, &root).unwrap();
    let moved = again.to_bytes(&next_root, &mut draw(WRITE_DRAW)).unwrap();
    assert_eq!(error(&moved, &root), KeyStoreError::WrongRoot);
    let last = KeyStore::open(&moved, &next_root).unwrap();
    for store in [&again, &last] {
        assert_eq!(store.erased(), erased);
        assert!(store.is_erased(SubjectNumber([49; 16])) && !store.is_erased(SubjectNumber([50; 16])));
        assert_eq!(store.head(), Some(&head));
        assert_eq!(store.authority_revision(), 12);
        assert_eq!(store.copies(), std::slice::from_ref(&copy));
        assert_eq!((store.store_id(), store.tenant()), (again.store_id(), 1));
        let frozen = store.versions(Kind::Token).next().unwrap().frozen_at().unwrap();
        assert_eq!(frozen.iter().map(|(w, c)| (*w, *c)).collect::<Vec<_>>(), [(1, 500), (9, 3)]);
        let states: Vec<_> = store.versions(Kind::Replay).map(|key| (key.version(), key.state(), key.destroyed())).collect();
        assert_eq!(states, [(old, KeyState::Destroyed, Some(Timestamp(8))), (first, KeyState::Active, None)]);
        assert_eq!(store.versions(Kind::Audit).last().unwrap().state(), KeyState::Announced);
    }
    let tag = |store: &KeyStore| store.keyring().unwrap().leaf_mac(&[0; 32], b"leaf");
    assert_eq!(tag(&store), tag(&last));
    store.forget_erased(Timestamp(49));
    assert_eq!(store.erased(), [(SubjectNumber([49; 16]), Timestamp(49))]);
}
