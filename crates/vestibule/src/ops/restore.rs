//! Restoring a backup while nothing runs: decrypted beside the target, checked, put in place, brought up to what must hold.
//!
//! Erasures that the key store remembers are applied before anything is served. The old database, if there is one, is
//! kept under another name. After a restore a new version of the token key opens, because numbers that were given out
//! since the backup may be given out again.

use super::backup::{HEADER, Header, Live, NoLeaves, Scratch, age_error, beside, check, io_error, is_noted};
use super::{By, OpError, keys, rotate, verify};
use crate::app::keeper::Keeper;
use crate::app::{App, Settings, authority};
use crate::{files, system};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vestibule_core::id::{Mode, SubjectNumber, hex};
use vestibule_core::secret::Secret;
use vestibule_store::{AppendLeaf, Options, Store, SubjectState};
use vestibule_vault::{KeyStore, backup as age};

/// What to restore, and what the operator accepts.
pub struct Order {
    /// The backup.
    pub file: PathBuf,
    /// The age identity that opens it.
    pub identity: Secret<String>,
    /// Put it in the place of a database that is there; that one is kept under another name.
    pub replace: bool,
    /// The moment of the backup, given back by the operator: accepts that erasures since then may be missing.
    pub accept_gap: Option<String>,
}

/// Restores a backup. Until the checks have passed, nothing is changed.
pub fn restore(settings: &Settings<'_>, by: &By, order: &Order) -> Result<Value, OpError> {
    let target = &settings.config.store.path;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::private_folder(folder).map_err(|error| io_error(folder, &error))?;
    let _held = hold(target)?;
    if target.exists() && !order.replace {
        return Err(OpError::new("restore.not_empty", format!("there is a database at `{}`", target.display())));
    }
    let keeper = Keeper::open(&settings.config.keys.store, settings.root.expose().as_bytes())?;
    let scratch = Scratch::new(beside(target, ".restoring"));
    let header = decrypt(order, scratch.path())?;
    if keeper.read(|keys| keys.store_id()) != header.key_store {
        return Err(OpError::new("backup.other_keys", "the backup belongs to another key store"));
    }
    let checked = check(scratch.path(), &keeper.read(Live::of), &keeper.keyring())?;
    if checked.digest != header.digest {
        return Err(OpError::known("backup.damaged"));
    }
    let gap = gap(&keeper, &header, order.accept_gap.as_deref())?;
    let applied = prepare(&keeper, scratch.path())?;
    let kept = put_in_place(target, folder, scratch.path(), settings.clock.now().0)?;
    drop(_held);

    let app = App::open(settings)?;
    let version = rotate::new_token_version(&app)?;
    let mut leaf = by.leaf(&app, verify::RESTORED, Mode::Live);
    if gap {
        leaf.outcome = "restore.gap".into();
    }
    app.writer.call(AppendLeaf { leaf: leaf.to_bytes() })?;
    app.save_head()?;
    let now = settings.clock.now();
    let stands: Vec<Value> = app.keys().rows().filter(|row| now < row.expires).map(|row| keys::entry(row, now)).collect();
    Ok(json!({
        "made": system::display(header.made),
        "digest": hex(&header.digest),
        "erased_again": applied,
        "gap_accepted": gap,
        "token_version": version.0,
        "keys_that_stand": stands,
        "old_database": kept,
        "database": target,
    }))
}

/// Keeps servers away while files change: the lock is the store's own.
fn hold(target: &Path) -> Result<File, OpError> {
    let path = beside(target, ".lock");
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let lock = lock.map_err(|error| io_error(&path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpError::known("store.in_use")),
        Err(TryLockError::Error(error)) => Err(io_error(&path, &error)),
    }
}

/// Decrypts the database to `to`, sealed bytes only, and hands back what stood before it.
fn decrypt(order: &Order, to: &Path) -> Result<Header, OpError> {
    let input = File::open(&order.file).map_err(|error| io_error(&order.file, &error))?;
    let output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let output = output.map_err(|error| io_error(to, &error))?;
    let mut split = Split { header: Vec::with_capacity(HEADER), output };
    let length = age::decrypt(&order.identity, io::BufReader::new(input), &mut split).map_err(age_error)?;
    split.output.sync_all().map_err(|error| io_error(to, &error))?;
    let header = Header::from_bytes(&split.header).ok_or(OpError::known("backup.damaged"))?;
    if length == header.length + HEADER as u64 { Ok(header) } else { Err(OpError::known("backup.damaged")) }
}

/// Writes the first bytes to memory and the rest to a file.
struct Split {
    header: Vec<u8>,
    output: File,
}

impl Write for Split {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let missing = HEADER.saturating_sub(self.header.len()).min(bytes.len());
        let (head, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.header.extend_from_slice(head);
        self.output.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Whether erasures may be missing, which the operator must have accepted by naming the moment of the backup.
fn gap(keeper: &Keeper, header: &Header, accepted: Option<&str>) -> Result<bool, OpError> {
    let newer = keeper.read(|keys| is_noted(keys, header.id) || keys.head().is_some_and(|head| head.size > header.head.size));
    if newer {
        return Ok(false);
    }
    let moment = system::display(header.made);
    if accepted == Some(moment.as_str()) {
        return Ok(true);
    }
    let message = format!("the key store is not newer than the backup of {moment}: `--accept-gap {moment}` accepts that");
    Err(OpError::new("restore.gap", message))
}

/// Writes into the copy what the next start needs to accept it; returns how many persons are erased again by it.
fn prepare(keeper: &Keeper, copy: &Path) -> Result<usize, OpError> {
    let store = Store::open(Options::new(copy), Arc::new(NoLeaves))?;
    let reader = store.reader()?;
    let known = keeper.read(KeyStore::authority_revision);
    let keyring = keeper.keyring();
    let sealed = authority::read(&reader, &keyring)?;
    if sealed.revision < known {
        // the list of the backup stands from now on, and counts as the newest change
        store.writer().call(authority::seal(&keyring, known + 1, &sealed.rows))?;
    }
    let erased: HashSet<SubjectNumber> = keeper.read(|keys| keys.erased().iter().map(|(number, _)| *number).collect());
    let mut back = 0;
    for (row, _) in reader.subjects_by_number(&erased)? {
        back += usize::from(reader.subject(row)?.is_some_and(|subject| subject.state != SubjectState::Erased));
    }
    drop(reader);
    store.close();
    Ok(back)
}

/// Moves the old database aside and the copy to its place.
fn put_in_place(target: &Path, folder: &Path, copy: &Path, now: i64) -> Result<Option<PathBuf>, OpError> {
    let kept = target.exists().then(|| beside(target, &format!(".before-restore-{now}")));
    let moved = || -> io::Result<()> {
        if let Some(kept) = &kept {
            for end in ["-wal", "-shm", ""] {
                let from = beside(target, end);
                if from.exists() {
                    fs::rename(from, beside(kept, end))?;
                }
            }
        }
        fs::rename(copy, target)?;
        File::open(folder)?.sync_all()
    };
    moved().map_err(|error| io_error(target, &error))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::backup;
    use crate::ops::erase::{Whom, erase};
    use crate::ops::testing::{World, by};
    use crate::ops::whois::whois;

    #[test]
    fn a_backup_brings_back_the_same_state_and_nobody_who_was_erased() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        let bert = world.accept("bert@example.com");
        let (file, identity) = world.backup("one.age");
        let digest = backup::digest(&world.app.store.reader().unwrap()).unwrap();
        let again = world.backup("two.age");
        assert_ne!(digest, backup::digest(&world.app.store.reader().unwrap()).unwrap(), "a backup leaves a leaf");
        erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap();
        let order = |identity: &str, replace| Order {
            file: file.clone(),
            identity: Secret::new(identity.to_owned()),
            replace,
            accept_gap: None,
        };
        let closed = world.close();
        assert_eq!(closed.restore(&order(&identity, false)).unwrap_err().code, "restore.not_empty");
        assert_eq!(closed.restore(&order(&again.1, true)).unwrap_err().code, "backup.wrong_identity");
        let told = closed.restore(&order(&identity, true)).unwrap();
        assert_eq!(told["erased_again"], 1);
        assert_eq!(told["gap_accepted"], false);
        assert!(told["old_database"].is_string());
        let world = closed.open().unwrap();
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "erased");
        assert_eq!(whois(&world.app, &by(), bert.as_str()).unwrap()["state"], "live");
        assert_eq!(verify::verify(&world.app, None).unwrap()["ok"], true);
        assert_eq!(told["token_version"], 2);
    }

    #[test]
    fn an_empty_machine_gets_the_same_rows_and_log() {
        let world = World::new();
        world.accept("anna@example.com");
        let made = world.order_backup("one.age");
        let closed = world.close();
        closed.remove_database();
        let order =
            Order { file: closed.path("one.age"), identity: Secret::new(made.1.clone()), replace: false, accept_gap: None };
        let told = closed.restore(&order).unwrap();
        assert_eq!(told["digest"], made.0["digest"]);
        let world = closed.open().unwrap();
        let head: vestibule_core::audit::Head = made.0["head"].as_str().unwrap().parse().unwrap();
        let at = i64::try_from(head.size).unwrap();
        assert_eq!(world.app.store.reader().unwrap().leaves(at, at).unwrap()[0].mac, head.mac);
        assert_eq!(verify::verify(&world.app, Some(&head.to_string())).unwrap()["ok"], true);
    }

    #[test]
    fn an_older_key_store_needs_the_gap_named() {
        let world = World::new();
        let keys = world.copy_keys();
        world.accept("anna@example.com");
        let (made, identity) = world.order_backup("one.age");
        let closed = world.close();
        closed.put_keys(&keys);
        let order = |accept: Option<&str>| Order {
            file: closed.path("one.age"),
            identity: Secret::new(identity.clone()),
            replace: true,
            accept_gap: accept.map(str::to_owned),
        };
        assert_eq!(closed.restore(&order(None)).unwrap_err().code, "restore.gap");
        assert_eq!(closed.restore(&order(Some("yes"))).unwrap_err().code, "restore.gap");
        let told = closed.restore(&order(made["made"].as_str())).unwrap();
        assert_eq!(told["gap_accepted"], true);
    }
}
