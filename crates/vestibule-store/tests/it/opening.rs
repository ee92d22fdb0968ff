//! Opening: refuses what is not its own, what is newer, what is damaged and what is in use; says how the last stop was.

use crate::support::{Fixture, Mixer};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use vestibule_store::{AppendLeaf, Options, SetMeta, Store, StoreError};

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(Options::new(path), Arc::new(Mixer))
}

fn sql(path: &Path, text: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(text).unwrap();
}

#[test]
fn one_process_at_a_time() {
    let mut fixture = Fixture::new();
    assert_eq!(open(&fixture.path()).err(), Some(StoreError::InUse(fixture.path())));
    fixture.close();
    assert!(open(&fixture.path()).is_ok());
}

#[test]
fn files_are_for_their_owner_only() {
    let fixture = Fixture::new();
    fixture.accept(1);
    for entry in std::fs::read_dir(fixture.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_newer_schema_is_refused_and_untouched() {
    let mut fixture = Fixture::new();
    fixture.close();
    sql(&fixture.path(), "PRAGMA user_version = 99");
    let before = std::fs::read(fixture.path()).unwrap();
    assert_eq!(open(&fixture.path()).err(), Some(StoreError::NewerSchema { found: 99, known: 1 }));
    assert_eq!(std::fs::read(fixture.path()).unwrap(), before);
}

#[test]
fn another_products_database_and_garbage_are_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let (other, garbage) = (folder.path().join("other.db"), folder.path().join("garbage"));
    sql(&other, "CREATE TABLE notes (text TEXT)");
    std::fs::write(&garbage, vec![b'x'; 10_000]).unwrap();
    let before = (std::fs::read(&other).unwrap(), std::fs::read(&garbage).unwrap());
    assert_eq!(open(&other).err(), Some(StoreError::Foreign(other.clone())));
    assert_eq!(open(&garbage).err(), Some(StoreError::Damaged));
    assert_eq!((std::fs::read(&other).unwrap(), std::fs::read(&garbage).unwrap()), before);
}

#[test]
fn a_clean_stop_is_told_from_an_unclean_one() {
    let mut fixture = Fixture::new();
    assert!(fixture.store().was_clean());
    fixture.reopen();
    assert!(fixture.store().was_clean());
    // The files as a killed process leaves them.
    let killed = fixture.folder.path().join("killed.db");
    fixture.writer().call(AppendLeaf { leaf: b"leaf".to_vec() }).unwrap();
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(name(&fixture.path()), name(&killed)).unwrap();
    }
    let store = open(&killed).unwrap();
    assert!(!store.was_clean());
    assert_eq!(store.reader().unwrap().head().unwrap().seq, 1);
    store.close();
    assert!(open(&killed).unwrap().was_clean());
}

#[test]
fn damage_is_found_after_an_unclean_stop() {
    let mut fixture = Fixture::new();
    for n in 1..=200 {
        fixture.accept(n);
    }
    fixture.close();
    sql(&fixture.path(), "UPDATE run SET running = 1; PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(fixture.path()).unwrap();
    let page = bytes.len() / 4096 / 2 * 4096;
    bytes[page..page + 64].fill(0xff);
    std::fs::write(fixture.path(), &bytes).unwrap();
    assert_eq!(open(&fixture.path()).err(), Some(StoreError::Damaged));
}

#[test]
fn named_values_are_kept() {
    let mut fixture = Fixture::new();
    let set = |value: &[u8]| SetMeta { name: "instance".into(), value: value.to_vec() };
    assert_eq!(fixture.reader().meta("instance").unwrap(), None);
    fixture.writer().call(set(b"one")).unwrap();
    fixture.writer().call(set(b"two")).unwrap();
    fixture.reopen();
    assert_eq!(fixture.reader().meta("instance").unwrap().as_deref(), Some(&b"two"[..]));
}
