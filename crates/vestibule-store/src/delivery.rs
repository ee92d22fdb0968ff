//! Deliveries: leased rows, attempts, and the state each ends in.
//!
//! When to try again is decided by the caller; the store keeps time and outcome of each attempt, never a body of one.
//! A lease is a due time moved to its end: a worker that dies gives its delivery back by doing nothing.

use crate::row::{mode, record, time};
use crate::subject::{self, SubjectData};
use crate::{Job, StoreError, Tx, route};
use rusqlite::{Connection, OptionalExtension, Row};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{DeliveryRow, EventRow, Mode, RecordNo};

/// A delivery to be made of an event.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The workflow it goes to.
    pub workflow: String,
    /// When it is due.
    pub next_at: Timestamp,
}

/// Where a delivery stands. Every one is in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryState {
    /// Waits for its time, or is leased.
    Due,
    /// Given up; its body is kept for redelivery.
    Dead,
    /// Done; its body is deleted.
    Delivered,
    /// Waits until its route is enabled again.
    Paused,
    /// Its subject was erased first.
    Erased,
    /// Thrown away by command; its body is deleted.
    Discarded,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 6] = [
        DeliveryState::Due,
        DeliveryState::Dead,
        DeliveryState::Delivered,
        DeliveryState::Paused,
        DeliveryState::Erased,
        DeliveryState::Discarded,
    ];

    /// The word for it in lists and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Due => "due",
            DeliveryState::Dead => "dead",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Paused => "paused",
            DeliveryState::Erased => "erased",
            DeliveryState::Discarded => "discarded",
        }
    }

    /// The number stored for it.
    pub(crate) const fn code(self) -> i64 {
        match self {
            DeliveryState::Due => 0,
            DeliveryState::Dead => 1,
            DeliveryState::Delivered => 2,
            DeliveryState::Paused => 3,
            DeliveryState::Erased => 4,
            DeliveryState::Discarded => 5,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<DeliveryState> {
        DeliveryState::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Takes deliveries that are due; nobody else gets them until the lease ends.
pub struct LeaseDue {
    /// When.
    pub now: Timestamp,
    /// At most this many.
    pub limit: u32,
    /// How long they are kept from others; longer than an attempt can take.
    pub lease_for: Span,
}

/// A leased delivery with all it takes to make the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its row.
    pub row: DeliveryRow,
    /// Row of its event.
    pub event: EventRow,
    /// Public identifier of the event; the same on every attempt.
    pub event_id: String,
    /// Name of the route.
    pub route: String,
    /// Test or live.
    pub mode: Mode,
    /// The workflow it goes to.
    pub workflow: String,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// When the event was accepted.
    pub accepted: Timestamp,
    /// First number of the event's record.
    pub record: RecordNo,
    /// Whom the event is about, with the wrapped key.
    pub subject: SubjectData,
    /// The sealed body.
    pub body: Vec<u8>,
}

/// Ends an attempt: outcome, history and leaf in one transaction.
pub struct FinishAttempt {
    /// Row of the delivery.
    pub row: DeliveryRow,
    /// Number of the attempt, as leased.
    pub attempt: u32,
    /// When the attempt began.
    pub at: Timestamp,
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: u32,
    /// Stable code of what went wrong.
    pub error: Option<String>,
    /// What follows.
    pub outcome: Attempted,
    /// The leaf; empty for none.
    pub leaf: Vec<u8>,
}

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// It arrived; the body is deleted.
    Delivered,
    /// It is tried again.
    Retry {
        /// When.
        next_at: Timestamp,
    },
    /// It is given up.
    Dead {
        /// Stable code of the reason.
        reason: String,
    },
}

/// What a [`FinishAttempt`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The outcome is the delivery's.
    Recorded,
    /// Another attempt has been leased or the delivery has ended since: history and leaf were written, its state stands.
    Superseded(DeliveryState),
    /// There is no such delivery; nothing was written.
    Unknown,
}

/// Gives back every lease of a process that is gone. Only where no other process delivers from this store.
pub struct ReleaseLeases {
    /// When.
    pub now: Timestamp,
}

/// One attempt as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: u32,
    /// Stable code of what went wrong.
    pub error: Option<String>,
}

impl Job for LeaseDue {
    type Reply = Vec<DueDelivery>;
    fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<DueDelivery>, StoreError> {
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            format!(
                "SELECT {}, d.row, d.event, d.workflow, d.attempt, e.id, e.route, e.mode, e.record, e.accepted, b.sealed \
                 FROM delivery d INDEXED BY delivery_waiting JOIN event e ON e.row = d.event \
                 JOIN subject s ON s.row = e.subject JOIN body b ON b.event = e.row \
                 WHERE d.state <> 2 AND d.state = 0 AND d.next_at <= ?1 ORDER BY d.next_at LIMIT ?2",
                subject::COLUMNS
            )
        });
        let due: Vec<DueDelivery> = tx.sql(&TEXT)?.query_map((self.now.0, self.limit), read_due)?.collect::<Result<_, _>>()?;
        let until = self.now.plus(self.lease_for);
        let mut lease = tx.sql("UPDATE delivery SET attempt = ?2, next_at = ?3 WHERE row = ?1")?;
        for delivery in &due {
            lease.execute((delivery.row.0, delivery.attempt, until.0))?;
        }
        Ok(due)
    }
}

fn read_due(row: &Row<'_>) -> rusqlite::Result<DueDelivery> {
    const AT: usize = subject::WIDTH;
    Ok(DueDelivery {
        row: DeliveryRow(row.get(AT)?),
        event: EventRow(row.get(AT + 1)?),
        workflow: row.get(AT + 2)?,
        attempt: row.get::<_, u32>(AT + 3)?.saturating_add(1),
        event_id: row.get(AT + 4)?,
        route: row.get(AT + 5)?,
        mode: mode(row, AT + 6)?,
        record: record(row, AT + 7)?,
        accepted: time(row, AT + 8)?,
        body: row.get(AT + 9)?,
        subject: subject::read(row, 0)?,
    })
}

impl Job for FinishAttempt {
    type Reply = Finished;
    fn run(&self, tx: &mut Tx<'_>) -> Result<Finished, StoreError> {
        let found: Option<(i64, u32, i64)> = tx
            .sql("SELECT state, attempt, event FROM delivery WHERE row = ?1")?
            .query_row([self.row.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((state, attempt, event)) = found else {
            return Ok(Finished::Unknown);
        };
        let state = DeliveryState::from_code(state).ok_or(StoreError::Malformed("delivery"))?;
        // What arrived has arrived, whoever holds the lease now.
        let open = matches!(state, DeliveryState::Due | DeliveryState::Paused);
        let counts = open && (attempt == self.attempt || self.outcome == Attempted::Delivered);
        if counts {
            self.settle(tx, state, event)?;
        }
        tx.sql(
            "INSERT OR REPLACE INTO attempt (delivery, number, at, status, latency_ms, error) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((self.row.0, self.attempt, self.at.0, self.status, self.latency_ms, &self.error))?;
        if !self.leaf.is_empty() {
            tx.append(&self.leaf)?;
        }
        Ok(if counts { Finished::Recorded } else { Finished::Superseded(state) })
    }
}

impl FinishAttempt {
    fn settle(&self, tx: &Tx<'_>, state: DeliveryState, event: i64) -> Result<(), StoreError> {
        let (state, next_at, reason) = match &self.outcome {
            Attempted::Delivered => (DeliveryState::Delivered, self.at, None),
            // A paused delivery stays paused and is due at this time once it goes on.
            Attempted::Retry { next_at } => (state, *next_at, None),
            Attempted::Dead { reason } => (DeliveryState::Dead, self.at, Some(reason)),
        };
        tx.sql("UPDATE delivery SET state = ?2, next_at = ?3, reason = ?4 WHERE row = ?1")?.execute((
            self.row.0,
            state.code(),
            next_at.0,
            reason,
        ))?;
        if state == DeliveryState::Delivered {
            tx.sql("DELETE FROM body WHERE event = ?1")?.execute([event])?;
        }
        Ok(())
    }
}

impl Job for ReleaseLeases {
    /// How many deliveries are due now that were not before.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        // A leased delivery is one whose last counted attempt has no history yet.
        Ok(tx
            .sql(
                "UPDATE delivery SET next_at = ?1 WHERE state <> 2 AND state = 0 AND next_at > ?1 AND attempt > 0 \
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery = row AND a.number = delivery.attempt)",
            )?
            .execute([self.now.0])?)
    }
}

pub(crate) fn insert(tx: &Tx<'_>, event: EventRow, route: &str, new: &NewDelivery) -> Result<DeliveryRow, StoreError> {
    let state = if route::is_disabled(tx, route) { DeliveryState::Paused } else { DeliveryState::Due };
    tx.sql("INSERT INTO delivery (event, workflow, state, next_at, attempt) VALUES (?1, ?2, ?3, ?4, 0)")?.execute((
        event.0,
        &new.workflow,
        state.code(),
        new.next_at.0,
    ))?;
    Ok(DeliveryRow(tx.conn.last_insert_rowid()))
}

/// The moment the next delivery is due, leased ones at the end of their lease.
pub(crate) fn next_due(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT next_at FROM delivery INDEXED BY delivery_waiting WHERE state <> 2 AND state = 0 \
             ORDER BY next_at LIMIT 1",
        )?
        .query_row([], |row| time(row, 0))
        .optional()?)
}

pub(crate) fn attempts(conn: &Connection, delivery: DeliveryRow) -> Result<Vec<AttemptRow>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT number, at, status, latency_ms, error FROM attempt WHERE delivery = ?1 ORDER BY number")?;
    let rows = statement.query_map([delivery.0], |row| {
        Ok(AttemptRow {
            number: row.get(0)?,
            at: time(row, 1)?,
            status: row.get(2)?,
            latency_ms: row.get(3)?,
            error: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
