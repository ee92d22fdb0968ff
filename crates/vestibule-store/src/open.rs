//! Opening and closing the store: lock, checks, schema, threads.
//!
//! The order matters: nothing in the file changes before the lock is held and the file is known to be ours and not newer
//! than this release. Who only reads needs none of this, and changes nothing.

use crate::altered::{Alterations, Altering};
use crate::checkpoint::Checkpointer;
use crate::tx::Memory;
use crate::writer::{self, Writer, WriterThread};
use crate::{Moment, Ports, Reader, StoreError, backup, connection, migrate};
use rusqlite::Connection;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Where the store is and how it is opened.
#[derive(Clone, Debug)]
pub struct Options {
    path: PathBuf,
    sync: bool,
    max_pages: Option<u32>,
    lock: Option<Arc<Lock>>,
}

impl Options {
    /// The store in this file, every commit on disk before it is answered.
    pub fn new(path: impl Into<PathBuf>) -> Options {
        Options { path: path.into(), sync: true, max_pages: None, lock: None }
    }

    /// Takes the lock now instead of when the store is opened, for who has files to write before. It is held until the
    /// store and these options are gone.
    pub fn locked(self) -> Result<Options, StoreError> {
        let lock = Some(Arc::new(lock(&self.path)?));
        Ok(Options { lock, ..self })
    }

    /// Leaves the syncs out, so that the durability test can show that it finds this. No configuration reaches it.
    #[doc(hidden)]
    pub fn without_sync_for_the_durability_test(mut self) -> Options {
        self.sync = false;
        self
    }

    /// A file that is full at this many pages of 4 KiB, for tests of a full disk. No configuration reaches it.
    #[doc(hidden)]
    pub fn full_at_pages_for_tests(mut self, pages: u32) -> Options {
        self.max_pages = Some(pages);
        self
    }
}

/// An open store. Dropping it finishes what waits, like [`Store::close`].
pub struct Store {
    path: PathBuf,
    writer: Writer,
    thread: Mutex<Option<JoinHandle<()>>>,
    was_clean: bool,
    alterations: Alterations,
    // Held until everything else is gone; none where nothing is written.
    _lock: Option<Arc<Lock>>,
}

impl Store {
    /// Opens the store, makes it if there is none, and brings it to this release's schema. After an unclean stop the
    /// whole file is checked first. Files are readable by their owner only.
    pub fn open(options: Options, ports: Arc<dyn Ports>) -> Result<Store, StoreError> {
        let path = options.path.clone();
        Store::open_file(options, ports).map_err(|error| named(&path, error))
    }

    fn open_file(options: Options, ports: Arc<dyn Ports>) -> Result<Store, StoreError> {
        let Options { path, sync, max_pages, lock: held } = options;
        let lock = match held {
            Some(held) => held,
            None => Arc::new(lock(&path)?),
        };
        reach(&path, &own_only())?;
        inspect(&path)?;
        let mut conn = connection::writing(&path, sync)?;
        let was_clean = !is_running(&conn)?;
        if !was_clean {
            integrity(&conn)?;
        }
        migrate::run(&conn)?;
        set_running(&conn, true)?;
        if let Some(pages) = max_pages {
            conn.pragma_update(None, "max_page_count", pages)?;
        }
        let memory = Some(Memory::load(&conn)?);
        let alterations = Alterations::default();
        let altering = Altering::watch(&mut conn, alterations.clone())?;
        let checkpointer = Arc::new(Checkpointer::start(connection::writing(&path, sync)?)?);
        let (writer, queue) = writer::queue();
        let thread = WriterThread { conn, ports, queue, checkpointer, memory, altering };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || thread.serve())?;
        Ok(Store { path, writer, thread: Mutex::new(Some(thread)), was_clean, alterations, _lock: Some(lock) })
    }

    /// Opens the store to read it, also beside a process that writes: without the lock, without a thread, without the check
    /// after an unclean stop. No row changes; a job is answered with [`StoreError::Closed`]. Nothing if there is no store
    /// yet, or one that [`Store::open`] must bring to this release's schema first.
    pub fn open_to_read(options: Options) -> Result<Option<Store>, StoreError> {
        let path = options.path.clone();
        Store::look_at_file(options).map_err(|error| named(&path, error))
    }

    fn look_at_file(options: Options) -> Result<Option<Store>, StoreError> {
        let Options { path, .. } = options;
        match reach(&path, OpenOptions::new().read(true)) {
            Err(StoreError::Unreachable(_, ErrorKind::NotFound)) => return Ok(None),
            reached => drop(reached?),
        }
        let conn = connection::reading(&path)?;
        migrate::check(&conn, &path)?;
        if !migrate::is_current(&conn)? {
            return Ok(None);
        }
        let was_clean = !is_running(&conn)?;
        // the other end of the queue is dropped, and with it whatever would be queued
        let (writer, _) = writer::queue();
        Ok(Some(Store { path, writer, thread: Mutex::default(), was_clean, alterations: Alterations::default(), _lock: None }))
    }

    /// A handle to submit jobs with.
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// A connection that reads; one for each thread.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// A connection whose look-ups share moments; one for each thread.
    pub fn moment(&self) -> Result<Moment, StoreError> {
        Ok(Moment::new(self.reader()?, self.alterations.clone()))
    }

    /// Whether the process before this one closed the store; if not, and this one writes, the file has been checked and
    /// found whole.
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Writes a consistent copy to `path`, which must not exist; it is on disk when this returns. Writing goes on.
    pub fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        backup::copy(&self.path, path)
    }

    /// Finishes what waits, marks the stop as clean and lets go of the file.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.writer.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

/// The mark that tells the next start whether this process closed the store.
pub(crate) fn set_running(conn: &Connection, running: bool) -> Result<(), StoreError> {
    conn.execute("INSERT OR REPLACE INTO run (row, running) VALUES (1, ?1)", [i64::from(running)])?;
    Ok(())
}

fn is_running(conn: &Connection) -> Result<bool, StoreError> {
    if !conn.table_exists(None, "run")? {
        return Ok(false);
    }
    Ok(conn.query_row("SELECT count(*) FROM run WHERE running <> 0", [], |row| row.get::<_, i64>(0))? > 0)
}

fn own_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// Opens a file, or says which one cannot be opened and why. One that root makes belongs to the owner of its folder.
fn reach(path: &Path, how: &OpenOptions) -> Result<File, StoreError> {
    let opened = || {
        let is_new = !path.exists();
        let file = how.open(path)?;
        if file.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).metadata()?;
        if is_new && file.metadata()?.uid() == 0 && folder.uid() != 0 {
            fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
        }
        Ok(file)
    };
    opened().map_err(|error: std::io::Error| StoreError::Unreachable(path.to_path_buf(), error.kind()))
}

/// An error that a file is at the bottom of, with that file.
fn named(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged | StoreError::Io(_) => StoreError::At(path.to_path_buf(), Box::new(error)),
        other => other,
    }
}

/// Keeps others away from the file. It is given up by name: a process that this one is just starting holds a copy of the open
/// file until it runs its own program, and with it a lock that is only dropped.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // what cannot be given up ends with the last copy of the file
        let _ = self.0.unlock();
    }
}

/// Another process, or another store of this one, may not write the same file.
fn lock(path: &Path) -> Result<Lock, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = reach(Path::new(&name), &own_only())?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Looks at the file without any setting that would change it.
fn inspect(path: &Path) -> Result<(), StoreError> {
    let conn = Connection::open(path)?;
    migrate::check(&conn, path)
}

fn integrity(conn: &Connection) -> Result<(), StoreError> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_lock_that_is_given_up_is_free_though_a_starting_process_has_a_copy_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let held = lock(&path).unwrap();
        let copy = held.0.try_clone().unwrap();
        assert!(matches!(lock(&path), Err(StoreError::InUse(_))));
        drop(held);
        drop(lock(&path).unwrap());
        drop(copy);
    }
}
