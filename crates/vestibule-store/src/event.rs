//! Accepting an event: replay check, subject, sealed record and body, delivery and leaf in one transaction.
//!
//! The caller has verified and protected the event; the store decides only what must be decided in one order for all:
//! is it new, and does what the caller read still stand.

use crate::record::Basis;
use crate::row::{mode, record, stored, time};
use crate::{IndexRow, Job, NewDelivery, NewRecord, StableRow, StoreError, SubjectUse, Tag, Tx, delivery};
use rusqlite::{Connection, OptionalExtension};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{DeliveryRow, EventRow, Mode, RecordNo, SubjectRow};

/// One verified and protected event.
pub struct AcceptEvent {
    /// When it is accepted.
    pub now: Timestamp,
    /// Name of the route.
    pub route: String,
    /// Test or live.
    pub mode: Mode,
    /// Keyed fingerprint of what makes the event the same event again.
    pub source_key: [u8; 16],
    /// Keyed fingerprint of its body, to tell a repeat from a conflict.
    pub body_key: [u8; 16],
    /// The same two under older versions of the key they are made with: a repeat is known by any of them.
    pub older_keys: Vec<([u8; 16], [u8; 16])>,
    /// Until when a repeat is recognised; `Timestamp(i64::MAX)` for as long as the store lives.
    pub replay_until: Timestamp,
    /// Public identifier of the event.
    pub event_id: String,
    /// Whom it is about.
    pub subject: SubjectUse,
    /// Rows to add to the subject index.
    pub index: Vec<IndexRow>,
    /// Tags that were looked up as absent from the subject index, beside those of `index`.
    pub absent_subjects: Vec<Tag>,
    /// Its protected fields.
    pub record: NewRecord,
    /// New stable tokens.
    pub stable: Vec<StableRow>,
    /// Tags that were looked up as absent from the stable-token index, beside those of `stable`.
    pub absent_stable: Vec<Tag>,
    /// Records whose audience grows: first number, audience as read, audience to be.
    pub audience_updates: Vec<(RecordNo, Vec<u8>, Vec<u8>)>,
    /// The sealed body to be delivered; empty if none is.
    pub body: Vec<u8>,
    /// A sealed body that waits for its owner's word.
    pub held: Option<HeldBody>,
    /// The held event that goes on as this one. Its body must still be there: without it the person has been erased, or
    /// somebody else has decided.
    pub releases: Option<EventRow>,
    /// Where it goes.
    pub delivery: Option<NewDelivery>,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// A sealed body that is kept for some days until somebody decides.
#[derive(Clone, Debug)]
pub struct HeldBody {
    /// When the event goes on without it.
    pub until: Timestamp,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptReply {
    /// Written.
    Accepted {
        /// Row of the event.
        event: EventRow,
        /// Row of its delivery, if it has one.
        delivery: Option<DeliveryRow>,
        /// Number of its leaf.
        leaf: i64,
    },
    /// The same event was accepted before; nothing was written.
    Repeat {
        /// Identifier it was given then.
        event_id: String,
        /// When that was.
        accepted_at: Timestamp,
    },
    /// The same identifier was accepted before with another body; nothing was written.
    Conflict,
    /// What was held is there no more; nothing was written.
    Gone,
    /// What the caller had read has changed; nothing was written, protect it again.
    Stale(Stale),
}

/// What has changed between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// The subject has been erased, or was never there.
    Subject,
    /// A tag of the subject index that was absent now exists.
    SubjectTag,
    /// A tag of the stable-token index that was absent now exists.
    StableTag,
    /// The audience of a record is another.
    Audience,
}

/// An event as stored, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventData {
    /// Its row.
    pub row: EventRow,
    /// Its public identifier.
    pub id: String,
    /// Name of its route.
    pub route: String,
    /// Test or live.
    pub mode: Mode,
    /// Whom it is about.
    pub subject: SubjectRow,
    /// First number of its record.
    pub record: RecordNo,
    /// When it was accepted.
    pub accepted: Timestamp,
}

impl Job for AcceptEvent {
    type Reply = AcceptReply;
    fn run(&self, tx: &mut Tx<'_>) -> Result<AcceptReply, StoreError> {
        let newest = (self.source_key, self.body_key);
        for (source_key, body_key) in std::iter::once(&newest).chain(&self.older_keys) {
            if let Some(seen) = tx.memory.replay.find(tx.conn, source_key, self.now)? {
                return if seen.body == *body_key { repeat(tx, seen.event) } else { Ok(AcceptReply::Conflict) };
            }
        }
        if let Some(held) = self.releases
            && !tx.sql("SELECT 1 FROM held WHERE event = ?1")?.exists([held.0])?
        {
            return Ok(AcceptReply::Gone);
        }
        let basis = Basis {
            subject: &self.subject,
            absent_subjects: &self.absent_subjects,
            absent_stable: &self.absent_stable,
            index: &self.index,
            stable: &self.stable,
            audience_updates: &self.audience_updates,
        };
        if let Some(stale) = basis.stale(tx)? {
            return Ok(AcceptReply::Stale(stale));
        }

        let event = EventRow(tx.memory.next_event);
        tx.memory.next_event += 1;
        let subject = basis.write(tx, self.now, Some(event), &self.record)?;
        tx.sql(
            "INSERT INTO event (row, id, route, mode, subject, record, accepted, source_key, body_key, repeat_until) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            event.0,
            &self.event_id,
            &self.route,
            self.mode.code(),
            subject.0,
            stored(self.record.first),
            self.now.0,
            self.source_key,
            self.body_key,
            self.replay_until.0,
        ))?;
        if !self.body.is_empty() {
            tx.sql("INSERT INTO body (event, sealed) VALUES (?1, ?2)")?.execute((event.0, &self.body))?;
        }
        if let Some(held) = &self.held {
            tx.sql("INSERT INTO held (event, until, sealed) VALUES (?1, ?2, ?3)")?.execute((
                event.0,
                held.until.0,
                &held.sealed,
            ))?;
        }
        let delivery = match &self.delivery {
            None => None,
            Some(new) => Some(delivery::insert(tx, event, &self.route, new)?),
        };
        tx.memory.replay.insert(tx.conn, &self.source_key, &self.body_key, event, self.now, self.replay_until)?;
        Ok(AcceptReply::Accepted { event, delivery, leaf: tx.append(&self.leaf)? })
    }
}

fn repeat(tx: &Tx<'_>, event: EventRow) -> Result<AcceptReply, StoreError> {
    let event = by_row(tx.conn, event)?.ok_or(StoreError::Malformed("replay"))?;
    Ok(AcceptReply::Repeat { event_id: event.id, accepted_at: event.accepted })
}

pub(crate) fn by_row(conn: &Connection, event: EventRow) -> Result<Option<EventData>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id, route, mode, subject, record, accepted FROM event WHERE row = ?1")?
        .query_row([event.0], |row| {
            Ok(EventData {
                row: event,
                id: row.get(0)?,
                route: row.get(1)?,
                mode: mode(row, 2)?,
                subject: SubjectRow(row.get(3)?),
                record: record(row, 4)?,
                accepted: time(row, 5)?,
            })
        })
        .optional()?)
}

/// The row the next event gets: rows are never deleted, so the highest one tells.
pub(crate) fn next(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.query_row("SELECT coalesce(max(row), 0) + 1 FROM event", [], |row| row.get(0))?)
}
