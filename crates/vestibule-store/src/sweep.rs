//! What lapses by itself: records past their retention, replay keys, kept answers.
//!
//! Pending subjects lapse by [`crate::EraseSubjects`], because each needs its leaf. A held event whose time is over is no
//! matter of the store: it goes on without what was held back, and only then its body goes by [`DropHeld`].

use crate::{Job, StoreError, Tx, index};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::EventRow;

/// Deletes what has lapsed, a bounded amount at a time; repeat until it finds nothing.
pub struct Sweep {
    /// When.
    pub now: Timestamp,
    /// At most this many rows of each kind.
    pub limit: u32,
}

/// How many of each kind went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Records past their retention, made tombstones.
    pub records: usize,
    /// Replay keys.
    pub replay: usize,
    /// Kept answers of calls.
    pub answers: usize,
}

/// Deletes one held body, after it was decided about.
pub struct DropHeld {
    /// Its event.
    pub event: EventRow,
    /// The leaf.
    pub leaf: Vec<u8>,
}

impl Swept {
    /// Whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Swept::default()
    }
}

impl Job for Sweep {
    type Reply = Swept;
    fn scrubs(swept: &Swept) -> bool {
        // Replay keys are fingerprints of nothing that can be read.
        swept.records + swept.answers > 0
    }
    fn run(&self, tx: &mut Tx<'_>) -> Result<Swept, StoreError> {
        let bounds = (self.now.0, self.limit);
        let records: Vec<(i64, i64)> = tx
            .sql("SELECT no, count FROM record WHERE expires IS NOT NULL AND expires <= ?1 LIMIT ?2")?
            .query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for &(first, count) in &records {
            index::forget_stable(tx, first, count)?;
            tx.sql("UPDATE record SET audience = NULL, sealed = NULL, expires = NULL WHERE no = ?1")?.execute([first])?;
        }
        let answers = tx
            .sql("DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE until <= ?1 LIMIT ?2)")?
            .execute(bounds)?;
        let replay = tx.memory.replay.sweep(tx.conn, self.now, self.limit)?;
        Ok(Swept { records: records.len(), replay, answers })
    }
}

impl Job for DropHeld {
    /// Whether there was one.
    type Reply = bool;
    fn scrubs(dropped: &bool) -> bool {
        *dropped
    }
    fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let dropped = tx.sql("DELETE FROM held WHERE event = ?1")?.execute([self.event.0])? > 0;
        if dropped {
            tx.append(&self.leaf)?;
        }
        Ok(dropped)
    }
}
