//! Restoring a backup while nothing runs: decrypted beside the target, checked, brought up to what must hold, put in place.
//!
//! Everything that can fail comes before the move: erasures that the key store remembers, the leaf that says so, and the
//! room for a new version of the token key, because numbers that were given out since the backup may be given out again.
//! After the move the key store is told in one step; if it cannot be, the move is undone. The old database, if there is
//! one, is kept under another name.

use super::backup::{HEADER, Header, Live, Scratch, age_error, beside, check, io_error, is_noted};
use super::{By, OpError, keys, verify};
use crate::app::Settings;
use crate::app::keeper::Keeper;
use crate::app::settle::Adopted;
use crate::{files, system};
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vestibule_core::id::{Mode, hex};
use vestibule_core::secret::Secret;
use vestibule_store::{Options, StoreError};
use vestibule_vault::backup as age;

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
    /// Take it though its log does not verify.
    pub with_broken_log: bool,
}

/// Restores a backup. Until the checks have passed, nothing is changed.
pub fn restore(settings: &Settings<'_>, by: &By, order: &Order) -> Result<Value, OpError> {
    let target = &settings.config.store.path;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::private_folder(folder).map_err(|error| io_error(folder, &error))?;
    let _held = hold(target)?;
    if target.exists() && !order.replace {
        let message = format!("there is a database at `{}`: `--replace` keeps it under another name", target.display());
        return Err(OpError::new("restore.not_empty", message));
    }
    let keeper = Arc::new(settings.keeper()?);
    let scratch = Scratch::new(beside(target, ".restoring"));
    let header = decrypt(order, scratch.path(), target)?;
    if keeper.read(|keys| keys.store_id()) != header.key_store {
        return Err(OpError::new("backup.other_keys", "the backup belongs to another key store"));
    }
    let checked = check(scratch.path(), &keeper.read(Live::of), &keeper.keyring(), order.with_broken_log)?;
    if checked.digest != header.digest {
        return Err(OpError::known("backup.damaged"));
    }
    let unknown = gap(&keeper, &header, order.accept_gap.as_deref())?;
    let now = settings.clock.now();
    let adopted = Adopted::write(&keeper, Options::new(scratch.path()), now, |ledger, gap| {
        let mut leaf = ledger.leaf(now, by.0.clone(), verify::RESTORED, Mode::Live);
        leaf.outcome = match checked.broken {
            _ if unknown => "restore.gap".into(),
            Some(_) => "log.broken".into(),
            None => leaf.outcome,
        };
        leaf.refers = gap.map_or(0, |gap| gap.leaf());
        Ok(leaf)
    })?;
    let kept = put_in_place(target, folder, scratch.path(), now.0)?;
    let version = match adopted.conclude(&keeper, now) {
        Ok(version) => version,
        Err(error) => {
            put_back(target, folder, scratch.path(), kept.as_deref())?;
            return Err(error.into());
        }
    };
    Ok(json!({
        "made": system::display(header.made),
        "digest": hex(&header.digest),
        "erased_again": adopted.erased,
        "gap_accepted": unknown,
        "broken_leaf": checked.broken,
        "token_version": version.0,
        "keys_that_stand": keys::standing(&adopted.keys, now),
        "old_database": kept,
        "database": target,
    }))
}

/// Keeps servers away while files change: the lock is the store's own.
fn hold(target: &Path) -> Result<Options, OpError> {
    Options::new(target).locked().map_err(|error| match error {
        StoreError::InUse(path) => {
            let message = format!("a process has the database `{}` open: stop the gateway first", path.display());
            OpError::new("store.in_use", message)
        }
        other => other.into(),
    })
}

/// Decrypts the database to `to`, sealed bytes only, as a file that belongs at `target`, and hands back what stood before it.
fn decrypt(order: &Order, to: &Path, target: &Path) -> Result<Header, OpError> {
    let input = File::open(&order.file).map_err(|error| io_error(&order.file, &error))?;
    let output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let output = output.map_err(|error| io_error(to, &error))?;
    files::settle(&output, target).map_err(|error| io_error(to, &error))?;
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

/// A database is its file and what SQLite puts beside it; the file comes last on its way out, and alone on its way in.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// Moves the old database aside and the copy to its place; what has been moved comes back if not all could be.
fn put_in_place(target: &Path, folder: &Path, copy: &Path, now: i64) -> Result<Option<PathBuf>, OpError> {
    if beside(copy, "-wal").exists() {
        // rows that would not be moved
        return Err(OpError::new("backup.io", format!("`{}` was not closed whole", copy.display())));
    }
    let kept = target.exists().then(|| beside(target, &format!(".before-restore-{now}")));
    let moved = || -> io::Result<()> {
        if let Some(kept) = &kept {
            rename(target, kept)?;
        }
        fs::rename(copy, target)?;
        File::open(folder)?.sync_all()
    };
    match moved() {
        Ok(()) => Ok(kept),
        Err(error) => {
            put_back(target, folder, copy, kept.as_deref())?;
            Err(io_error(target, &error))
        }
    }
}

/// Puts the old database back where it was.
fn put_back(target: &Path, folder: &Path, copy: &Path, kept: Option<&Path>) -> Result<(), OpError> {
    let moved = || -> io::Result<()> {
        if !copy.exists() {
            fs::rename(target, copy)?;
        }
        if let Some(kept) = kept {
            rename(kept, target)?;
        }
        File::open(folder)?.sync_all()
    };
    moved().map_err(|error| io_error(target, &error))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for end in PARTS {
        let part = beside(from, end);
        if part.exists() {
            fs::rename(part, beside(to, end))?;
        }
    }
    Ok(())
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
            with_broken_log: false,
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
        let order = Order {
            file: closed.path("one.age"),
            identity: Secret::new(made.1.clone()),
            replace: false,
            accept_gap: None,
            with_broken_log: false,
        };
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
            with_broken_log: false,
        };
        assert_eq!(closed.restore(&order(None)).unwrap_err().code, "restore.gap");
        assert_eq!(closed.restore(&order(Some("yes"))).unwrap_err().code, "restore.gap");
        let told = closed.restore(&order(made["made"].as_str())).unwrap();
        assert_eq!(told["gap_accepted"], true);
    }

    #[test]
    fn a_restore_needs_no_secret_but_root_key_and_identity() {
        let world = World::new();
        world.accept("anna@example.com");
        let (file, identity) = world.backup("one.age");
        let closed = world.close();
        fs::rename(closed.path("hook"), closed.path("away")).unwrap();
        let order = Order { file, identity: Secret::new(identity), replace: true, accept_gap: None, with_broken_log: false };
        closed.restore(&order).unwrap();
        fs::rename(closed.path("away"), closed.path("hook")).unwrap();
        let world = closed.open().unwrap();
        let log = verify::verify(&world.app, None).unwrap();
        assert_eq!((&log["ok"], log["gaps"][0]["action"].as_str()), (&true.into(), Some(verify::RESTORED)), "{log}");
        world.order_backup("two.age");
    }

    #[test]
    fn a_restore_that_fails_leaves_the_old_database_in_its_place() {
        let world = World::new();
        world.accept("anna@example.com");
        let (file, identity) = world.backup("one.age");
        let digest = backup::digest(&world.app.store.reader().unwrap()).unwrap();
        let keys = world.copy_keys();
        let closed = world.close();
        // the key store's new file has no place: it is written beside the old one, under this name
        fs::create_dir(closed.path("keys/.keystore.new")).unwrap();
        let order = |file: PathBuf| Order {
            file,
            identity: Secret::new(identity.clone()),
            replace: true,
            accept_gap: None,
            with_broken_log: false,
        };
        assert_eq!(closed.restore(&order(file)).unwrap_err().code, "keystore.file");
        fs::write(closed.path("plain.age"), b"SQLite format 3\0").unwrap();
        let refused = closed.restore(&order(closed.path("plain.age"))).unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), ("backup.not_a_backup", "this is no age file"));
        assert_eq!(fs::read_dir(closed.path("data")).unwrap().count(), 2, "the database and its lock");
        assert_eq!(fs::read(closed.path("keys/keystore")).unwrap(), keys);
        assert_eq!(backup::digest(&closed.look().store.reader().unwrap()).unwrap(), digest);
        fs::remove_dir(closed.path("keys/.keystore.new")).unwrap();
        closed.open().unwrap();
    }

    #[test]
    fn what_root_restores_and_changes_still_belongs_to_the_gateway() {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let world = World::new();
        world.accept("anna@example.com");
        let (file, identity) = world.backup("one.age");
        let closed = world.close();
        let owned = ["data", "data/vestibule.db", "data/vestibule.db.lock", "keys", "keys/keystore"];
        for name in owned {
            // only root can give a file away; for everybody else the owners are equal anyway
            let _given = chown(closed.path(name), Some(65_534), Some(65_533));
        }
        let owner = |name: &str| fs::metadata(closed.path(name)).map(|found| (found.uid(), found.gid())).unwrap();
        let before = owner("data");
        for replace in [true, false] {
            let order = Order {
                file: file.clone(),
                identity: Secret::new(identity.clone()),
                replace,
                accept_gap: None,
                with_broken_log: false,
            };
            closed.restore(&order).unwrap();
            assert_eq!(owned.map(owner), [before; 5], "replaced: {replace}");
            closed.remove_database();
        }
    }
}
