//! Calls that write, made once: the first answer is kept sealed and given to every repeat.
//!
//! What is the same call is decided by the caller, who makes keys and fingerprints with a key of the vault.

use crate::row::{bytes, time};
use crate::{Job, StoreError, Tx};
use rusqlite::OptionalExtension;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::SubjectRow;

const IN_FLIGHT: i64 = 0;
const DONE: i64 = 1;

/// Claims a key before the call goes out.
pub struct Begin {
    /// Keyed fingerprint of workflow and `Idempotency-Key`.
    pub key: [u8; 16],
    /// Keyed fingerprint of the call.
    pub fingerprint: [u8; 16],
    /// When.
    pub now: Timestamp,
    /// Until when a repeat gets the first answer.
    pub until: Timestamp,
}

/// What a [`Begin`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is claimed: make the call.
    Fresh,
    /// The first call has not been answered. After a crash nobody knows whether it arrived, so the claim stands until it
    /// lapses.
    InFlight {
        /// When the first call began.
        since: Timestamp,
    },
    /// The first answer.
    Done {
        /// Sealed.
        answer: Vec<u8>,
        /// Under the key of this subject.
        subject: SubjectRow,
    },
    /// There was a first answer and its subject has been erased.
    Erased,
    /// The key was used for another call.
    Conflict,
}

/// Keeps the answer of a claimed call.
pub struct Finish {
    /// The key.
    pub key: [u8; 16],
    /// The sealed answer.
    pub answer: Vec<u8>,
    /// Under the key of this subject.
    pub subject: SubjectRow,
}

/// Gives a claim back: the call certainly had no effect.
pub struct Abandon {
    /// The key.
    pub key: [u8; 16],
}

impl Job for Begin {
    type Reply = Begun;
    fn run(&self, tx: &mut Tx<'_>) -> Result<Begun, StoreError> {
        let found = tx
            .sql("SELECT fingerprint, state, begun, until, subject, answer FROM idempotency WHERE key = ?1")?
            .query_row([self.key], |row| {
                let answer: Option<Vec<u8>> = row.get(5)?;
                let subject = row.get::<_, Option<i64>>(4)?.map(SubjectRow);
                let begun = match (row.get::<_, i64>(1)?, answer, subject) {
                    (IN_FLIGHT, ..) => Begun::InFlight { since: time(row, 2)? },
                    (DONE, Some(answer), Some(subject)) => Begun::Done { answer, subject },
                    _ => Begun::Erased,
                };
                Ok((bytes::<16>(row, 0)?, time(row, 3)?, begun))
            })
            .optional()?;
        match found {
            Some((fingerprint, until, begun)) if until > self.now => {
                Ok(if fingerprint == self.fingerprint { begun } else { Begun::Conflict })
            }
            _ => {
                tx.sql(
                    "INSERT OR REPLACE INTO idempotency (key, fingerprint, state, begun, until) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((self.key, self.fingerprint, IN_FLIGHT, self.now.0, self.until.0))?;
                Ok(Begun::Fresh)
            }
        }
    }
}

impl Job for Finish {
    /// False: the claim is gone, or the subject has been erased meanwhile; the answer is not kept.
    type Reply = bool;
    fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let alive = tx.sql("SELECT 1 FROM subject WHERE row = ?1 AND wrapped IS NOT NULL")?.exists([self.subject.0])?;
        let text = if alive {
            "UPDATE idempotency SET state = 1, answer = ?2, subject = ?3 WHERE key = ?1 AND state = 0"
        } else {
            "UPDATE idempotency SET state = 2 WHERE key = ?1 AND state = 0 AND ?2 IS NOT NULL AND ?3 IS NOT NULL"
        };
        Ok(tx.sql(text)?.execute((self.key, &self.answer, self.subject.0))? > 0 && alive)
    }
}

impl Job for Abandon {
    type Reply = ();
    fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.sql("DELETE FROM idempotency WHERE key = ?1 AND state = 0")?.execute([self.key])?;
        Ok(())
    }
}
