//! Ranges of record numbers: a number is handed out once, ever.
//!
//! Numbers lost in a crash stay lost; there are 2^40 for each writer.

use crate::row::stored;
use crate::{Job, StoreError, Tx};
use rusqlite::OptionalExtension;
use vestibule_core::id::RecordNo;

/// Takes the next `count` record numbers of a writer; they are durable as taken before the answer.
pub struct LeaseRecords {
    /// Number of the writer: the upper 16 bits of each record number.
    pub writer: u16,
    /// How many numbers.
    pub count: u32,
}

impl Job for LeaseRecords {
    /// The first number of the range; [`StoreError::Range`] when the writer's counters are used up.
    type Reply = RecordNo;
    fn run(&self, tx: &mut Tx<'_>) -> Result<RecordNo, StoreError> {
        let next: Option<i64> =
            tx.sql("SELECT next FROM record_lease WHERE writer = ?1")?.query_row([self.writer], |row| row.get(0)).optional()?;
        // A token is never made for number 0 of writer 0, so that an all-zero block means nothing.
        let first = match next {
            Some(next) => u64::try_from(next).ok().and_then(RecordNo::from_u64),
            None => RecordNo::new(self.writer, 1),
        };
        let first = first.ok_or(StoreError::Range)?;
        let after = first.offset(u64::from(self.count)).ok_or(StoreError::Range)?;
        tx.sql("INSERT OR REPLACE INTO record_lease (writer, next) VALUES (?1, ?2)")?.execute((self.writer, stored(after)))?;
        Ok(first)
    }
}
