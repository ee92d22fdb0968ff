//! Counts the commits that altered or removed a record or a subject, so that what was read of them may be kept in memory for as
//! long as nothing has changed.
//!
//! SQLite itself tells of each row, so no job can forget to. New rows do not count: they change nothing that was read. It
//! does not see what another process writes, of which the lock on the file allows none.

use crate::StoreError;
use rusqlite::Connection;
use rusqlite::hooks::Action;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The number of such commits since the store was opened. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alterations(Arc<AtomicU64>);

impl Alterations {
    /// How many there were. A row read after this stands at least until it has grown.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// The writer's side: what the transaction at hand has altered.
pub(crate) struct Altering {
    row: Arc<AtomicBool>,
    commits: Alterations,
}

impl Altering {
    /// Watches the one connection that writes.
    pub(crate) fn watch(conn: &mut Connection, commits: Alterations) -> Result<Altering, StoreError> {
        let row = Arc::new(AtomicBool::new(false));
        let altered = Arc::clone(&row);
        conn.update_hook(Some(move |action, _: &str, table: &str, _| {
            if action != Action::SQLITE_INSERT && matches!(table, "record" | "subject") {
                altered.store(true, Ordering::Relaxed);
            }
        }))?;
        Ok(Altering { row, commits })
    }

    /// Whether the transaction at hand has altered or removed any, as far as it has come.
    pub(crate) fn has_altered(&self) -> bool {
        self.row.load(Ordering::Relaxed)
    }

    /// To be called after each commit and before its jobs are answered; true if it altered or removed any.
    pub(crate) fn committed(&self) -> bool {
        let altered = self.row.swap(false, Ordering::Relaxed);
        if altered {
            self.commits.0.fetch_add(1, Ordering::Release);
        }
        altered
    }
}
