//! A copy of a running store has the same logical state, opens, and differs as soon as anything is written.

use crate::support::{Fixture, Mixer};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use vestibule_core::id::{SubjectNumber, SubjectRow};
use vestibule_store::{AppendLeaf, EraseSubjects, Options, Reader, Store, StoreError};

fn digest(reader: &Reader) -> (usize, Vec<u8>) {
    let (mut rows, mut all) = (0, Vec::new());
    reader
        .digest(|table, row| {
            rows += 1;
            all.extend([table.as_bytes(), b"\0", row].concat());
        })
        .unwrap();
    (rows, all)
}

#[test]
fn a_copy_has_the_same_digest_and_opens() {
    let fixture = Fixture::new();
    for n in 1..=20 {
        fixture.accept(n);
    }
    let number = SubjectNumber(crate::support::id("subject 3"));
    let subjects = vec![(SubjectRow(3), number, b"erase".to_vec())];
    fixture.writer().call(EraseSubjects { now: crate::support::NOW, subjects, only_lapsed: false }).unwrap();
    let copy = fixture.folder.path().join("copy.db");
    fixture.store().backup_to(&copy).unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let before = digest(&fixture.reader());
    assert!(before.0 > 100, "{}", before.0);

    let restored = Store::open(Options::new(&copy), Arc::new(Mixer)).unwrap();
    assert!(!restored.was_clean(), "a copy of a running store is checked when it is opened");
    assert_eq!(digest(&restored.reader().unwrap()), before);
    assert_eq!(restored.reader().unwrap().head().unwrap(), fixture.reader().head().unwrap());
    restored.writer().call(AppendLeaf { leaf: b"more".to_vec() }).unwrap();
    assert_ne!(digest(&restored.reader().unwrap()), before);
    assert_eq!(digest(&fixture.reader()), before);
}

#[test]
fn a_copy_never_overwrites() {
    let fixture = Fixture::new();
    let taken = fixture.folder.path().join("taken");
    std::fs::write(&taken, b"something").unwrap();
    assert!(matches!(fixture.store().backup_to(&taken), Err(StoreError::Io(_))));
    assert_eq!(std::fs::read(&taken).unwrap(), b"something");
}
