//! Backups: a consistent copy of the database, checked, then encrypted to an age recipient. Keys are not in it.
//!
//! ```text
//! file   = age v1 over (header | database)
//! header = "VSTBACK" 0x00 | format u16 = 1 | made i64 | backup id 16 | key store id 16
//!        | log origin 16 | leaves u64 | MAC of the newest leaf 32 | digest 32 | oldest epoch u32 | length u64
//! ```
//! Integers are big-endian; the digest is over every row of the logical state. The copy passes the checks of a restore
//! before it is encrypted, because this machine cannot read the encrypted one. Each backup is noted in the key store:
//! that is how a restore tells a key store that is newer, and how an old epoch key may end.

use super::{By, OpError, verify};
use crate::app::App;
use crate::{files, system};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vestibule_core::audit::Head;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, hex};
use vestibule_store::{AppendLeaf, Options, Ports, Reader, Store};
use vestibule_vault::keystore::{KeyState, MadeCopy};
use vestibule_vault::{Draw, KeyStore, Keyring, Kind, VaultError, backup as age, chain};

const MAGIC: &[u8; 8] = b"VSTBACK\0";
const FORMAT: u16 = 1;
/// Bytes of a header.
pub const HEADER: usize = 8 + 2 + 8 + 16 + 16 + 16 + 8 + 32 + 32 + 4 + 8;
/// What stands before everything else in the key store's note of a backup.
const NOTE: &str = "backup";
/// How the names of copies begin that lie in the data folder while they are checked.
const SCRATCH: &str = ".backup-";

/// A backup to be made.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// The file to write; it must not exist.
    pub to: PathBuf,
    /// The age recipient, `age1…`.
    pub recipient: String,
    /// The folder of the database, where the copy lies while it is checked.
    pub folder: PathBuf,
    /// Make it though the log does not verify: without any new backup no old key ends.
    pub with_broken_log: bool,
}

impl Order {
    /// A backup of a database whose log verifies.
    pub fn new(to: PathBuf, recipient: String, folder: PathBuf) -> Order {
        Order { to, recipient, folder, with_broken_log: false }
    }
}

/// What a backup says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// When it was made.
    pub made: Timestamp,
    /// Its random id.
    pub id: [u8; 16],
    /// The key store without which it cannot be read.
    pub key_store: [u8; 16],
    /// The end of its log.
    pub head: Head,
    /// Of every row of its logical state.
    pub digest: [u8; 32],
    /// The oldest epoch that wraps a key in it.
    pub oldest_epoch: KeyVersion,
    /// Bytes of the database.
    pub length: u64,
}

/// Makes a backup.
pub fn backup(app: &App, by: &By, order: &Order) -> Result<Value, OpError> {
    age::recipient_check(&order.recipient).map_err(age_error)?;
    let id: [u8; 16] = Draw::new(16)?.take()?;
    let scratch = Scratch::new(order.folder.join(format!("{SCRATCH}{}.db", hex(&id))));
    let made = app.clock.now();
    app.store.backup_to(scratch.path())?;
    let checked = check(scratch.path(), &app.keeper.read(Live::of), &app.keeper.keyring(), order.with_broken_log)?;
    let copy = File::open(scratch.path()).map_err(|error| io_error(scratch.path(), &error))?;
    let header = Header {
        made,
        id,
        key_store: app.keeper.read(KeyStore::store_id),
        head: checked.head,
        digest: checked.digest,
        oldest_epoch: checked.oldest_epoch,
        length: copy.metadata().map_err(|error| io_error(scratch.path(), &error))?.len(),
    };
    write(&order.to, &order.recipient, &header, copy)?;

    let label = format!("{NOTE} {} {} {}", hex(&id), header.oldest_epoch.0, order.to.display());
    app.keeper.change(|keys| {
        keys.note_copy(MadeCopy { made, label });
        Ok::<_, VaultError>(())
    })?;
    let mut leaf = by.leaf(app, "backup.make", Mode::Live);
    if let Some(broken) = checked.broken {
        leaf.outcome = "log.broken".into();
        leaf.refers = broken;
    }
    app.writer.call(AppendLeaf { leaf: leaf.to_bytes() })?;
    app.save_head()?;
    Ok(json!({
        "file": order.to,
        "id": hex(&id),
        "made": system::display(made),
        "bytes": header.length,
        "digest": hex(&header.digest),
        "head": header.head.to_string(),
        "broken_leaf": checked.broken,
    }))
}

/// Whether a checked backup exists in which nothing is wrapped under this epoch or an older one.
pub fn covers(app: &App, epoch: KeyVersion) -> bool {
    app.keeper.read(|keys| keys.copies().iter().filter_map(noted).any(|(_, oldest)| oldest > epoch))
}

/// Whether the key store knows of this backup: then it is not older.
pub fn is_noted(keys: &KeyStore, id: [u8; 16]) -> bool {
    let id = hex(&id);
    keys.copies().iter().filter_map(noted).any(|(known, _)| known == id)
}

/// The newest backup that the key store knows of.
pub fn newest(app: &App) -> Option<Timestamp> {
    app.keeper.read(|keys| keys.copies().iter().filter(|copy| noted(copy).is_some()).map(|copy| copy.made).max())
}

fn noted(copy: &MadeCopy) -> Option<(&str, KeyVersion)> {
    let mut words = copy.label.split(' ');
    let (Some(NOTE), Some(id), Some(oldest)) = (words.next(), words.next(), words.next()) else { return None };
    Some((id, KeyVersion(oldest.parse().ok()?)))
}

/// What is known of a copy that passed.
pub struct Checked {
    /// The end of its log.
    pub head: Head,
    /// Of its logical state.
    pub digest: [u8; 32],
    /// The oldest epoch that wraps a key in it; the active one where it holds no key.
    pub oldest_epoch: KeyVersion,
    /// The first leaf that does not verify, which was accepted.
    pub broken: Option<i64>,
}

/// The versions of the keys that a database needs and that still exist.
pub struct Live(Vec<(Kind, KeyVersion)>);

impl Live {
    /// Those of a key store.
    pub fn of(keys: &KeyStore) -> Live {
        let entries = [Kind::Epoch, Kind::IndexOuter].into_iter().flat_map(|kind| keys.versions(kind));
        let live = entries.filter(|entry| entry.state() != KeyState::Destroyed);
        Live(live.map(|entry| (entry.kind(), entry.version())).collect())
    }
}

/// The checks of a restore: the file is whole, its log verifies or that it does not is accepted, and every key it needs
/// exists.
pub fn check(path: &Path, live: &Live, keyring: &Keyring, with_broken_log: bool) -> Result<Checked, OpError> {
    let store = Store::open(Options::new(path), Arc::new(NoLeaves))?;
    let reader = store.reader()?;
    let log = verify::read(&reader, keyring, None, None)?;
    let broken = log.findings.first().map(|(leaf, _)| *leaf);
    if let Some((leaf, why)) = log.findings.first().filter(|_| !with_broken_log) {
        let message = format!("leaf {leaf} of the log: {why}; `--with-broken-log` goes on without it and says so in the log");
        return Err(OpError::new("log.broken", message));
    }
    let epochs = reader.epochs()?;
    let (subjects, stable) = reader.index_epochs()?;
    let outers = subjects.iter().chain(&stable).map(|(version, _)| (Kind::IndexOuter, *version));
    let mut needed = epochs.iter().map(|(version, _)| (Kind::Epoch, *version)).chain(outers);
    if !needed.all(|key| live.0.contains(&key)) {
        let message =
            "a key that the backup needs is not in the key store: it has ended, or is newer than this copy of the key store";
        return Err(OpError::new("backup.too_old", message));
    }
    let head = log.head.unwrap_or(Head { origin: [0; 16], size: 0, mac: [0; 32] });
    let oldest_epoch = epochs.iter().map(|(version, _)| *version).min().unwrap_or(keyring.active_epoch());
    Ok(Checked { head, digest: digest(&reader)?, oldest_epoch, broken })
}

/// A digest of every row of the logical state: two stores with the same rows have the same.
pub fn digest(reader: &Reader) -> Result<[u8; 32], OpError> {
    let mut digest = [0; 32];
    let mut input = Vec::new();
    reader.digest(|table, row| {
        input.clear();
        input.extend_from_slice(&digest);
        input.extend_from_slice(table.as_bytes());
        input.push(0);
        input.extend_from_slice(row);
        digest = chain::leaf_hash(&input);
    })?;
    Ok(digest)
}

fn write(to: &Path, recipient: &str, header: &Header, copy: File) -> Result<(), OpError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => OpError::new("cli.exists", format!("`{}` exists already", to.display())),
        _ => io_error(to, &error),
    })?;
    let head = header.to_bytes();
    files::inherit(&file, to).map_err(|error| io_error(to, &error))?;
    let written = age::encrypt(recipient, head.chain(copy), &mut file).map_err(age_error);
    let whole = written.and_then(|written| {
        let expected = header.length + HEADER as u64;
        file.sync_all().map_err(|error| io_error(to, &error))?;
        if written == expected { Ok(()) } else { Err(OpError::known("backup.io")) }
    });
    if whole.is_err() {
        // half a backup must not be taken for one
        drop(fs::remove_file(to));
    }
    whole
}

impl Header {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_be_bytes());
        out.extend_from_slice(&self.made.0.to_be_bytes());
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.key_store);
        out.extend_from_slice(&self.head.origin);
        out.extend_from_slice(&self.head.size.to_be_bytes());
        out.extend_from_slice(&self.head.mac);
        out.extend_from_slice(&self.digest);
        out.extend_from_slice(&self.oldest_epoch.0.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
        out
    }

    /// Reads a header; none if it is not one of a format this version knows.
    pub fn from_bytes(bytes: &[u8]) -> Option<Header> {
        let mut rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&FORMAT.to_be_bytes())?;
        let header = Header {
            made: Timestamp(i64::from_be_bytes(take(&mut rest)?)),
            id: take(&mut rest)?,
            key_store: take(&mut rest)?,
            head: Head { origin: take(&mut rest)?, size: u64::from_be_bytes(take(&mut rest)?), mac: take(&mut rest)? },
            digest: take(&mut rest)?,
            oldest_epoch: KeyVersion(u32::from_be_bytes(take(&mut rest)?)),
            length: u64::from_be_bytes(take(&mut rest)?),
        };
        rest.is_empty().then_some(header)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

/// A copy of sealed bytes that goes away with what SQLite puts beside it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A copy at this path.
    pub fn new(path: PathBuf) -> Scratch {
        Scratch(path)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            drop(fs::remove_file(beside(&self.0, end)));
        }
    }
}

/// Removes copies that a process left behind which ended in the middle of a backup. Only for whoever has the database open.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(SCRATCH) && name.contains(".db")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The file that lies beside a database under its name with this ending.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

pub(super) fn age_error(error: age::BackupError) -> OpError {
    OpError::new(error.code(), error.to_string())
}

pub(super) fn io_error(path: &Path, error: &io::Error) -> OpError {
    let code = if error.kind() == io::ErrorKind::PermissionDenied { "file.permission" } else { "backup.io" };
    OpError::new(code, files::at(path, error.kind()))
}

/// Ports of a store that is only looked at.
pub(super) struct NoLeaves;

impl Ports for NoLeaves {
    fn leaf_mac(&self, _: &[u8; 32], _: &[u8]) -> [u8; 32] {
        // a leaf under this MAC would not verify; nothing appends one
        [0; 32]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};

    #[test]
    fn headers_come_back_whole_or_not_at_all() {
        let header = Header {
            made: Timestamp(5),
            id: [1; 16],
            key_store: [2; 16],
            head: Head { origin: [3; 16], size: 9, mac: [4; 32] },
            digest: [5; 32],
            oldest_epoch: KeyVersion(7),
            length: 11,
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(Header::from_bytes(&bytes), Some(header));
        for cut in 0..bytes.len() {
            assert_eq!(Header::from_bytes(bytes.get(..cut).unwrap()), None);
        }
        let mut newer = bytes;
        if let Some(format) = newer.get_mut(9) {
            *format = 2;
        }
        assert_eq!(Header::from_bytes(&newer), None);
    }

    #[test]
    fn nothing_is_left_in_the_data_folder_and_leftovers_go() {
        let world = World::new();
        world.accept("anna@example.com");
        let folder = world.path("data");
        let names = || {
            let entries = fs::read_dir(&folder).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let before = names();
        world.order_backup("one.age");
        assert_eq!(names(), before);
        fs::write(folder.join(".backup-00.db-wal"), b"left").unwrap();
        sweep(&folder).unwrap();
        assert_eq!(names(), before);
    }

    #[test]
    fn a_changed_byte_of_the_file_is_damage() {
        let world = World::new();
        let (file, identity) = world.backup("one.age");
        let mut bytes = fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        if let Some(byte) = bytes.get_mut(last) {
            *byte ^= 1;
        }
        fs::write(&file, bytes).unwrap();
        let order = crate::ops::restore::Order {
            file,
            identity: vestibule_core::secret::Secret::new(identity),
            replace: true,
            accept_gap: None,
            with_broken_log: false,
        };
        let closed = world.close();
        assert_eq!(closed.restore(&order).unwrap_err().code, "backup.damaged");
        assert!(closed.open().is_ok(), "nothing was changed");
    }

    #[test]
    fn a_log_that_does_not_verify_is_backed_up_and_restored_only_by_name() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        let closed = world.close();
        closed.sql().execute_batch("UPDATE leaf SET mac = zeroblob(32) WHERE seq = 2").unwrap();
        let world = closed.open().unwrap();
        let pair = age::generate();
        let order = |with_broken_log| Order {
            with_broken_log,
            ..Order::new(world.path("one.age"), pair.recipient.clone(), world.path("data"))
        };
        let refused = backup(&world.app, &by(), &order(false)).unwrap_err();
        assert_eq!(refused.code, "log.broken");
        assert!(refused.message.starts_with("leaf 2 of the log"), "{}", refused.message);
        assert_eq!(backup(&world.app, &by(), &order(true)).unwrap()["broken_leaf"], 2);
        let head = world.app.store.reader().unwrap().head().unwrap();
        let leaf = world.app.store.reader().unwrap().leaves(head.seq, head.seq).unwrap().remove(0).leaf;
        let leaf = vestibule_core::audit::Leaf::from_bytes(&leaf).unwrap();
        assert_eq!((&*leaf.action, &*leaf.outcome, leaf.refers), ("backup.make", "log.broken", 2));
        let report = verify::verify(&world.app, None).unwrap();
        assert_eq!((&report["size"], &report["findings"][0]["leaf"]), (&1.into(), &2.into()), "one leaf is whole before it");

        let order = |with_broken_log| crate::ops::restore::Order {
            file: world.path("one.age"),
            identity: vestibule_core::secret::Secret::new(pair.identity.expose().clone()),
            replace: true,
            accept_gap: None,
            with_broken_log,
        };
        let (refused, taken) = (order(false), order(true));
        let closed = world.close();
        assert_eq!(closed.restore(&refused).unwrap_err().code, "log.broken");
        assert_eq!(closed.restore(&taken).unwrap()["broken_leaf"], 2);
        let world = closed.open().unwrap();
        assert_eq!(crate::ops::whois::whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "live");
    }
}
