//! Saved audits of platform accounts: one sealed row for each account, under the key of a pending subject of its own.
//!
//! What stands in a result is sealed elsewhere; here are the account's name, the number of the run and the time. A result
//! goes with its subject: by erasure, or by itself when its time is over.

use crate::row::time;
use crate::subject::{self, SubjectState};
use crate::{Job, StoreError, SubjectUse, Tx};
use rusqlite::{Connection, OptionalExtension, Row};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{SubjectNumber, SubjectRow};

/// A saved audit as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRow {
    /// The account, by its name in the configuration.
    pub account: String,
    /// The subject under whose key it is sealed.
    pub subject: SubjectRow,
    /// Which run saved it, from 1.
    pub run: i64,
    /// When.
    pub saved: Timestamp,
    /// The result.
    pub sealed: Vec<u8>,
}

/// Saves the result of a run in the place of the one before.
pub struct SaveScan {
    /// When.
    pub now: Timestamp,
    /// The account.
    pub account: String,
    /// The run that was read before this one was made; 0 for none.
    pub after: i64,
    /// Under whose key it is sealed.
    pub subject: SubjectUse,
    /// When the result lapses, with its subject.
    pub until: Timestamp,
    /// The result.
    pub sealed: Vec<u8>,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanSaved {
    /// Saved as this run.
    Saved {
        /// From 1.
        run: i64,
    },
    /// Another run was saved meanwhile, or the subject is gone; nothing was written.
    Stale,
}

impl Job for SaveScan {
    type Reply = ScanSaved;
    fn run(&self, tx: &mut Tx<'_>) -> Result<ScanSaved, StoreError> {
        let newest: Option<i64> =
            tx.sql("SELECT run FROM scan WHERE account = ?1")?.query_row([&self.account], |row| row.get(0)).optional()?;
        if newest.unwrap_or(0) != self.after {
            return Ok(ScanSaved::Stale);
        }
        let subject = match &self.subject {
            SubjectUse::New(new) => subject::insert(tx, self.now, new)?,
            SubjectUse::Existing { row, number } => {
                if !prolong(tx, *row, *number, self.until)? {
                    return Ok(ScanSaved::Stale);
                }
                *row
            }
        };
        let run = self.after.checked_add(1).ok_or(StoreError::Range)?;
        tx.sql(
            "INSERT INTO scan (account, subject, run, saved, sealed) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (account) DO UPDATE SET subject = ?2, run = ?3, saved = ?4, sealed = ?5",
        )?
        .execute((&self.account, subject.0, run, self.now.0, &self.sealed))?;
        tx.append(&self.leaf)?;
        Ok(ScanSaved::Saved { run })
    }
}

/// Whether the subject is still there; it then lapses later.
fn prolong(tx: &Tx<'_>, row: SubjectRow, number: SubjectNumber, until: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .sql("UPDATE subject SET pending_until = max(pending_until, ?3) WHERE row = ?1 AND number = ?2 AND state = ?4")?
        .execute((row.0, number.0, until.0, SubjectState::PENDING))?;
    Ok(changed > 0)
}

/// The saved audit of an account.
pub(crate) fn one(conn: &Connection, account: &str) -> Result<Option<ScanRow>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT account, subject, run, saved, sealed FROM scan WHERE account = ?1")?;
    Ok(statement.query_row([account], read).optional()?)
}

/// The names of the accounts that have one.
pub(crate) fn accounts(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT account FROM scan ORDER BY account")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Deletes what is sealed under a subject; how many rows that were.
pub(crate) fn forget(tx: &Tx<'_>, subject: i64) -> Result<usize, StoreError> {
    Ok(tx.sql("DELETE FROM scan WHERE subject = ?1")?.execute([subject])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ScanRow> {
    Ok(ScanRow {
        account: row.get(0)?,
        subject: SubjectRow(row.get(1)?),
        run: row.get(2)?,
        saved: time(row, 3)?,
        sealed: row.get(4)?,
    })
}
