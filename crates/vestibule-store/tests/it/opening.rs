//! Opening: refuses what is not its own, what is newer, what is damaged and what is in use; says how the last stop was.

use crate::support::{Fixture, Mixer};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use vestibule_store::{AppendLeaf, Options, SetMeta, Store, StoreError};

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(Options::new(path), Arc::new(Mixer))
}

/// The error names the file.
fn damaged(path: &Path) -> StoreError {
    StoreError::At(path.to_path_buf(), Box::new(StoreError::Damaged))
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
    assert_eq!(open(&fixture.path()).err(), Some(StoreError::NewerSchema { found: 99, known: 2 }));
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
    assert_eq!(open(&garbage).err(), Some(damaged(&garbage)));
    assert_eq!((std::fs::read(&other).unwrap(), std::fs::read(&garbage).unwrap()), before);
}

fn open_to_read(path: &Path) -> Result<Option<Store>, StoreError> {
    Store::open_to_read(Options::new(path))
}

#[test]
fn reading_takes_no_lock_and_changes_nothing() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    let beside = open_to_read(&fixture.path()).unwrap().unwrap();
    fixture.accept(2);
    assert_eq!(beside.reader().unwrap().counts().unwrap().events, 2, "the newest commit is seen");
    let leaf = || AppendLeaf { leaf: b"leaf".to_vec() };
    assert_eq!(beside.writer().call(leaf()), Err(StoreError::Closed));
    beside.close();
    fixture.writer().call(leaf()).unwrap();
    fixture.close();
    let (path, before) = (fixture.path(), std::fs::read(fixture.path()).unwrap());
    let reading = open_to_read(&path).unwrap().unwrap();
    assert!(reading.was_clean());
    assert_eq!(reading.reader().unwrap().head().unwrap().seq, 3);
    assert_eq!(reading.writer().call(leaf()), Err(StoreError::Closed));
    let writing = open(&path).unwrap();
    assert!(writing.was_clean(), "who only read has left no mark");
    writing.close();
    reading.close();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_cannot_be_read_yet_is_told_from_what_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(open_to_read(&path("absent")).unwrap().is_none());
    assert!(!path("absent").exists());
    std::fs::write(path("empty"), b"").unwrap();
    assert!(open_to_read(&path("empty")).unwrap().is_none());
    std::fs::write(path("garbage"), vec![b'x'; 10_000]).unwrap();
    assert_eq!(open_to_read(&path("garbage")).err(), Some(damaged(&path("garbage"))));
    sql(&path("other"), "CREATE TABLE notes (text TEXT)");
    assert_eq!(open_to_read(&path("other")).err(), Some(StoreError::Foreign(path("other"))));
    open(&path("newer")).unwrap().close();
    sql(&path("newer"), "PRAGMA user_version = 99");
    assert_eq!(open_to_read(&path("newer")).err(), Some(StoreError::NewerSchema { found: 99, known: 2 }));
}

#[test]
fn what_a_killed_process_left_in_the_write_ahead_log_is_read() {
    let fixture = Fixture::new();
    fixture.writer().call(AppendLeaf { leaf: b"leaf".to_vec() }).unwrap();
    let killed = fixture.folder.path().join("killed.db");
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(name(&fixture.path()), name(&killed)).unwrap();
    }
    let before = std::fs::read(&killed).unwrap();
    let reading = open_to_read(&killed).unwrap().unwrap();
    assert!(!reading.was_clean());
    assert_eq!(reading.reader().unwrap().head().unwrap().seq, 1);
    reading.close();
    assert_eq!(std::fs::read(&killed).unwrap(), before);
    assert!(!open(&killed).unwrap().was_clean(), "the next start still checks the file");
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
    assert_eq!(open(&fixture.path()).err(), Some(damaged(&fixture.path())));
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

#[test]
fn a_file_that_cannot_be_opened_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, taken) = (folder.path().join("none/vestibule.db"), folder.path().join("folder"));
    std::fs::create_dir(&taken).unwrap();
    let error = open(&missing).err().unwrap();
    let lock = folder.path().join("none/vestibule.db.lock");
    assert_eq!((error.code(), error), ("store.unreachable", StoreError::Unreachable(lock, ErrorKind::NotFound)));
    let error = StoreError::Unreachable(taken.clone(), ErrorKind::IsADirectory);
    assert_eq!(open(&taken).err(), Some(error.clone()));
    assert_eq!(open_to_read(&taken).err(), Some(error));
    assert!(open_to_read(&missing).unwrap().is_none());
}

#[test]
fn what_root_makes_belongs_to_the_owner_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    // only root can give a folder away; for everybody else the owners are equal anyway
    let _given = std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_533));
    let owner = |path: &Path| path.metadata().map(|found| found.uid()).unwrap();
    drop(open(&path).unwrap());
    for made in [path.clone(), folder.path().join("vestibule.db.lock")] {
        assert_eq!(owner(&made), owner(folder.path()), "{}", made.display());
    }
}
