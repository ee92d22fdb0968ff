//! Erasing subjects: key, values, index rows, bodies and kept answers go in one transaction.
//!
//! Numbers stay as tombstones, so that erased and unknown are told apart. The answer comes after the old bytes have left
//! the write-ahead log too. Writing the subject's number into the key store's erasure list is the caller's part.

use crate::delivery::DeliveryState;
use crate::subject::SubjectState;
use crate::{Job, StoreError, Tx, index, scan};
use rusqlite::OptionalExtension;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{SubjectNumber, SubjectRow};

/// Erases subjects, each with its own leaf.
pub struct EraseSubjects {
    /// When.
    pub now: Timestamp,
    /// Whom: row, number (compared with the row), leaf.
    pub subjects: Vec<(SubjectRow, SubjectNumber, Vec<u8>)>,
    /// Leave out those that are not pending and past their time: for the sweep of pending subjects.
    pub only_lapsed: bool,
}

/// What became of each subject, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Erased, with what went.
    Erased(EraseReport),
    /// It was erased before; nothing was written.
    Already,
    /// No subject has this row and number; nothing was written.
    Unknown,
    /// It is not pending or its time is not over; nothing was written.
    Kept,
}

/// How much went with a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EraseReport {
    /// Number of the leaf.
    pub leaf: i64,
    /// Records made tombstones.
    pub records: usize,
    /// Rows of both indexes deleted.
    pub index_rows: usize,
    /// Sealed bodies deleted: queued, dead, held, and saved audits.
    pub bodies: usize,
    /// Deliveries that had not ended and now are `erased`.
    pub deliveries: usize,
    /// Kept answers of calls deleted.
    pub answers: usize,
}

impl Job for EraseSubjects {
    type Reply = Vec<Erasure>;
    fn scrubs(reply: &Vec<Erasure>) -> bool {
        // One that is erased already may be asked for again because its bytes still were in the log.
        reply.iter().any(|one| matches!(one, Erasure::Erased(_) | Erasure::Already))
    }
    fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Erasure>, StoreError> {
        self.subjects.iter().map(|(row, number, leaf)| self.one(tx, *row, *number, leaf)).collect()
    }
}

impl EraseSubjects {
    fn one(&self, tx: &mut Tx<'_>, row: SubjectRow, number: SubjectNumber, leaf: &[u8]) -> Result<Erasure, StoreError> {
        let found: Option<(i64, Option<i64>)> = tx
            .sql("SELECT state, pending_until FROM subject WHERE row = ?1 AND number = ?2")?
            .query_row((row.0, number.0), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let lapsed = match found {
            None => return Ok(Erasure::Unknown),
            Some((SubjectState::ERASED, _)) => return Ok(Erasure::Already),
            Some((_, until)) => until.is_some_and(|until| until <= self.now.0),
        };
        if self.only_lapsed && !lapsed {
            return Ok(Erasure::Kept);
        }
        erase(tx, row, self.now, leaf).map(Erasure::Erased)
    }
}

fn erase(tx: &mut Tx<'_>, subject: SubjectRow, now: Timestamp, leaf: &[u8]) -> Result<EraseReport, StoreError> {
    let subject = subject.0;
    let mut report = EraseReport::default();
    let records: Vec<(i64, i64)> = tx
        .sql("SELECT no, count FROM record WHERE subject = ?1")?
        .query_map([subject], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (first, count) in records {
        report.index_rows += index::forget_stable(tx, first, count)?;
    }
    report.index_rows += tx.sql("DELETE FROM subject_index WHERE subject = ?1")?.execute([subject])?;
    report.bodies +=
        tx.sql("DELETE FROM body WHERE event IN (SELECT event FROM record WHERE subject = ?1)")?.execute([subject])?;
    report.bodies +=
        tx.sql("DELETE FROM held WHERE event IN (SELECT event FROM record WHERE subject = ?1)")?.execute([subject])?;
    report.bodies += scan::forget(tx, subject)?;
    report.deliveries = tx
        .sql(
            "UPDATE delivery SET state = ?2, reason = NULL WHERE state NOT IN (?3, ?2, ?4) \
             AND event IN (SELECT event FROM record WHERE subject = ?1)",
        )?
        .execute((subject, DeliveryState::Erased.code(), DeliveryState::Delivered.code(), DeliveryState::Discarded.code()))?;
    report.answers =
        tx.sql("UPDATE idempotency SET state = 2, answer = NULL, subject = NULL WHERE subject = ?1")?.execute([subject])?;
    report.records = tx
        .sql("UPDATE record SET audience = NULL, sealed = NULL, expires = NULL WHERE subject = ?1 AND sealed IS NOT NULL")?
        .execute([subject])?;
    tx.sql(
        "UPDATE subject SET state = ?2, erased = ?3, pending_until = NULL, dek_id = NULL, epoch = NULL, \
         wrapped = NULL, pseudonym = NULL WHERE row = ?1",
    )?
    .execute((subject, SubjectState::ERASED, now.0))?;
    report.leaf = tx.append(leaf)?;
    Ok(report)
}
