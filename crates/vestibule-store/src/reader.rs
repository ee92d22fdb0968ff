//! Reading beside the writer: one connection a thread, each call sees the newest commit.
//!
//! It never writes and never waits for the writer. MACs of the rows are for the caller to check.

use crate::altered::Alterations;
use crate::audit::{self, Head, LeafRow, OriginRow};
use crate::delivery::{self, AttemptRow, DeliveryState};
use crate::row::{bytes, count, record, time, version};
use crate::subject::{self, SubjectData};
use crate::{
    ApiKeyRow, DeadFilter, EventData, HeldBody, IndexRow, RecordData, ScanRow, StableRow, StoreError, Tag, apikey, backup,
    connection, deadletter, event, meta, record as records, route, scan,
};
use rusqlite::{Connection, OptionalExtension, Row};
use std::cell::Cell;
use std::path::Path;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{DeliveryRow, EventRow, KeyVersion, RecordNo, Slot, SubjectNumber, SubjectRow};

/// A connection that reads. Not for sharing between threads.
pub struct Reader {
    conn: Connection,
}

/// A row of the subject index with its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectHit {
    /// The tag that was found.
    pub tag: Tag,
    /// MAC over the index row.
    pub mac: [u8; 16],
    /// The subject.
    pub subject: SubjectData,
}

/// A delivery in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRowData {
    /// Its row.
    pub row: DeliveryRow,
    /// Its event.
    pub event: EventData,
    /// The workflow it goes to.
    pub workflow: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is due (open), or when it ended (delivered, dead).
    pub at: Timestamp,
    /// Attempts leased so far.
    pub attempt: u32,
    /// Stable code of why it is dead.
    pub reason: Option<String>,
}

/// Figures for `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Events ever accepted.
    pub events: u64,
    /// Deliveries by state.
    pub deliveries: Vec<(DeliveryState, u64)>,
    /// Leaves in the log.
    pub leaves: u64,
    /// People who are known by an identifier and not erased. A pending subject may stand for anybody, or for nobody.
    pub people: u64,
    /// Held bodies that wait for a word.
    pub held: u64,
    /// Keys that are not revoked.
    pub keys: u64,
    /// Bytes of the database file, without the write-ahead log.
    pub file_bytes: u64,
}

/// A reader whose look-ups share a moment: the first begins it, and until [`Moment::end`] all see the store as it was then.
/// That saves each of them the locks of a transaction of its own and reading pages again that another commit has touched.
/// What it has not seen may have come since. Keep a moment short: it keeps the write-ahead log from starting over.
pub struct Moment {
    reader: Reader,
    lasts: Cell<bool>,
    alterations: Alterations,
    seen: Cell<u64>,
}

impl Moment {
    pub(crate) fn new(reader: Reader, alterations: Alterations) -> Moment {
        Moment { reader, lasts: Cell::new(false), alterations, seen: Cell::new(0) }
    }

    /// Begins a moment unless one lasts; true if it did, so that the caller sees to its end.
    pub fn begin(&self) -> Result<bool, StoreError> {
        if self.lasts.get() {
            return Ok(false);
        }
        // before the moment, not in it: a commit in between must count as unseen
        self.seen.set(self.alterations.count());
        self.reader.conn.prepare_cached("BEGIN")?.execute([])?;
        self.lasts.set(true);
        Ok(true)
    }

    /// The reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// How many commits that altered or removed a record or a subject the moment has certainly seen. What it found of
    /// these stands until [`Moment::alterations`] is more.
    pub fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// How many such commits there are by now.
    pub fn alterations(&self) -> u64 {
        self.alterations.count()
    }

    /// Ends the moment: what is read from now on is newer.
    pub fn end(&self) {
        self.lasts.set(false);
        let conn = &self.reader.conn;
        let ended = conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if ended.is_err() && !conn.is_autocommit() {
            // nothing was written; what must not stay is the transaction
            drop(conn.execute_batch("ROLLBACK"));
        }
    }
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Reader, StoreError> {
        Ok(Reader { conn: connection::reading(path)? })
    }

    /// Runs several reads over one state of the store. Keep it short: it keeps the write-ahead log from starting over.
    pub fn at_one_moment<T>(&self, read: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let moment = self.conn.unchecked_transaction()?;
        let found = read(self)?;
        moment.finish()?;
        Ok(found)
    }

    /// The first of these tags that is in the subject index, with its subject.
    pub fn subject_by_tags(&self, tags: &[Tag]) -> Result<Option<SubjectHit>, StoreError> {
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            format!(
                "SELECT {}, i.mac FROM subject_index i JOIN subject s ON s.row = i.subject \
                 WHERE i.epoch = ?1 AND i.tag = ?2",
                subject::COLUMNS
            )
        });
        self.first(&TEXT, tags, |tag, row| {
            Ok(SubjectHit { tag, mac: bytes(row, subject::WIDTH)?, subject: subject::read(row, 0)? })
        })
    }

    /// The first of these tags that is in the stable-token index.
    pub fn stable_by_tags(&self, tags: &[Tag]) -> Result<Option<StableRow>, StoreError> {
        self.first("SELECT record, slot, random, mac FROM stable_index WHERE epoch = ?1 AND tag = ?2", tags, |tag, row| {
            Ok(StableRow { tag, record: record(row, 0)?, slot: Slot(row.get(1)?), random: bytes(row, 2)?, mac: bytes(row, 3)? })
        })
    }

    /// Whether a call is claimed under this key of an `Idempotency-Key`, answered or not.
    pub fn is_claimed(&self, key: &[u8; 16], now: Timestamp) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT 1 FROM idempotency WHERE key = ?1 AND until > ?2")?;
        Ok(query.exists((key, now.0))?)
    }

    /// The saved audit of a platform account.
    pub fn scan(&self, account: &str) -> Result<Option<ScanRow>, StoreError> {
        scan::one(&self.conn, account)
    }

    /// The accounts that have a saved audit, by name.
    pub fn scan_accounts(&self) -> Result<Vec<String>, StoreError> {
        scan::accounts(&self.conn)
    }

    /// The subject in this row.
    pub fn subject(&self, row: SubjectRow) -> Result<Option<SubjectData>, StoreError> {
        subject::by_row(&self.conn, row)
    }

    /// The rows of the subjects with these numbers; reads the whole table, for applying an erasure list.
    pub fn subjects_by_number(
        &self,
        numbers: &std::collections::HashSet<SubjectNumber>,
    ) -> Result<Vec<(SubjectRow, SubjectNumber)>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT row, number FROM subject")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let number = SubjectNumber(bytes(row, 1)?);
            if numbers.contains(&number) {
                found.push((SubjectRow(row.get(0)?), number));
            }
        }
        Ok(found)
    }

    /// Pending subjects whose time is over, the oldest first.
    pub fn lapsed_subjects(&self, now: Timestamp, limit: u32) -> Result<Vec<SubjectData>, StoreError> {
        let text = format!(
            "SELECT {} FROM subject s WHERE s.pending_until IS NOT NULL AND s.pending_until <= ?1 \
             ORDER BY s.pending_until LIMIT ?2",
            subject::COLUMNS
        );
        self.all(&text, (now.0, limit), |row| subject::read(row, 0))
    }

    /// Subjects whose key is wrapped under this epoch, rows after `after`.
    pub fn subjects_of_epoch(&self, epoch: KeyVersion, after: SubjectRow, limit: u32) -> Result<Vec<SubjectData>, StoreError> {
        let text = format!(
            "SELECT {} FROM subject s WHERE s.epoch IS NOT NULL AND s.epoch = ?1 AND s.row > ?2 ORDER BY s.row LIMIT ?3",
            subject::COLUMNS
        );
        self.all(&text, (epoch.0, after.0, limit), |row| subject::read(row, 0))
    }

    /// How many subjects' keys each epoch wraps.
    pub fn epochs(&self) -> Result<Vec<(KeyVersion, u64)>, StoreError> {
        self.versions("SELECT epoch, count(*) FROM subject WHERE epoch IS NOT NULL GROUP BY epoch")
    }

    /// How many rows of each index stand under each outer key: subject index, stable-token index.
    #[allow(clippy::type_complexity, reason = "two lists of the same shape")]
    pub fn index_epochs(&self) -> Result<(Vec<(KeyVersion, u64)>, Vec<(KeyVersion, u64)>), StoreError> {
        Ok((
            self.versions("SELECT epoch, count(*) FROM subject_index GROUP BY epoch")?,
            self.versions("SELECT epoch, count(*) FROM stable_index GROUP BY epoch")?,
        ))
    }

    /// Rows of the subject index under this outer key, with their subject; those rewrapped drop out of the next page.
    pub fn subject_index_of_epoch(&self, epoch: KeyVersion, limit: u32) -> Result<Vec<(IndexRow, SubjectRow)>, StoreError> {
        self.all(
            "SELECT epoch, tag, mac, subject FROM subject_index WHERE epoch = ?1 ORDER BY tag LIMIT ?2",
            (epoch.0, limit),
            |row| {
                let tag = Tag { epoch: version(row, 0)?, bytes: bytes(row, 1)? };
                Ok((IndexRow { tag, mac: bytes(row, 2)? }, SubjectRow(row.get(3)?)))
            },
        )
    }

    /// Rows of the stable-token index under this outer key; those rewrapped drop out of the next page.
    pub fn stable_index_of_epoch(&self, epoch: KeyVersion, limit: u32) -> Result<Vec<StableRow>, StoreError> {
        self.all(
            "SELECT epoch, tag, record, slot, random, mac FROM stable_index WHERE epoch = ?1 ORDER BY tag LIMIT ?2",
            (epoch.0, limit),
            |row| {
                Ok(StableRow {
                    tag: Tag { epoch: version(row, 0)?, bytes: bytes(row, 1)? },
                    record: record(row, 2)?,
                    slot: Slot(row.get(3)?),
                    random: bytes(row, 4)?,
                    mac: bytes(row, 5)?,
                })
            },
        )
    }

    /// The record that covers this number, a tombstone too, with its subject.
    pub fn record(&self, number: RecordNo) -> Result<Option<RecordData>, StoreError> {
        records::covering(&self.conn, number)
    }

    /// The highest record number in use, of any writer.
    pub fn highest_record(&self) -> Result<Option<RecordNo>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT no + count - 1 FROM record ORDER BY no DESC LIMIT 1")?
            .query_row([], |row| record(row, 0))
            .optional()?)
    }

    /// The event in this row.
    pub fn event(&self, event: EventRow) -> Result<Option<EventData>, StoreError> {
        event::by_row(&self.conn, event)
    }

    /// The held body of an event.
    pub fn held(&self, event: EventRow) -> Result<Option<HeldBody>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT until, sealed FROM held WHERE event = ?1")?
            .query_row([event.0], |row| Ok(HeldBody { until: time(row, 0)?, sealed: row.get(1)? }))
            .optional()?)
    }

    /// Held events whose time is over, rows after `after`.
    pub fn lapsed_held(&self, now: Timestamp, after: EventRow, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let text = "SELECT event FROM held WHERE until <= ?1 AND event > ?2 ORDER BY event LIMIT ?3";
        self.all(text, (now.0, after.0, limit), |row| Ok(EventRow(row.get(0)?)))
    }

    /// The end of the log.
    pub fn head(&self) -> Result<Head, StoreError> {
        self.at_one_moment(|reader| audit::head(&reader.conn))
    }

    /// Every origin of the log, the oldest first.
    pub fn origins(&self) -> Result<Vec<OriginRow>, StoreError> {
        audit::origins(&self.conn)
    }

    /// The leaves numbered `from` to `to`, both included.
    pub fn leaves(&self, from: i64, to: i64) -> Result<Vec<LeafRow>, StoreError> {
        audit::leaves(&self.conn, from, to)
    }

    /// Every key, by identifier.
    pub fn keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        apikey::all(&self.conn)
    }

    /// A named value.
    pub fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        meta::value(&self.conn, name)
    }

    /// Deliveries in this state, the highest rows first, below `before` if given.
    pub fn deliveries(
        &self,
        state: DeliveryState,
        before: Option<DeliveryRow>,
        limit: u32,
    ) -> Result<Vec<DeliveryRowData>, StoreError> {
        self.all(
            "SELECT d.row, d.event, d.workflow, d.state, d.next_at, d.attempt, d.reason, \
             e.id, e.route, e.mode, e.subject, e.record, e.accepted \
             FROM delivery d JOIN event e ON e.row = d.event \
             WHERE d.state = ?1 AND d.row < ?2 ORDER BY d.row DESC LIMIT ?3",
            (state.code(), before.map_or(i64::MAX, |row| row.0), limit),
            read_delivery,
        )
    }

    /// When the next delivery is due; leased ones count at the end of their lease.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        delivery::next_due(&self.conn)
    }

    /// Every attempt of a delivery, the first one first.
    pub fn attempts(&self, delivery: DeliveryRow) -> Result<Vec<AttemptRow>, StoreError> {
        delivery::attempts(&self.conn, delivery)
    }

    /// How many dead letters a filter finds.
    pub fn count_dead(&self, filter: &DeadFilter) -> Result<u64, StoreError> {
        deadletter::count(&self.conn, filter)
    }

    /// Disabled routes: name, since when, stable code of why.
    pub fn disabled_routes(&self) -> Result<Vec<(String, Timestamp, String)>, StoreError> {
        route::disabled(&self.conn)
    }

    /// Figures for `status`.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.at_one_moment(|reader| {
            let conn = &reader.conn;
            // Rows of events and deliveries are never deleted, so the highest one counts them.
            let number = |text: &str| -> Result<u64, StoreError> { Ok(conn.query_row(text, [], |row| count(row, 0))?) };
            let all = number("SELECT coalesce(max(row), 0) FROM delivery")?;
            let open: Vec<(i64, u64)> = reader.all(
                "SELECT state, count(*) FROM delivery INDEXED BY delivery_waiting WHERE state <> 2 GROUP BY state",
                [],
                |row| Ok((row.get(0)?, count(row, 1)?)),
            )?;
            let waiting: u64 = open.iter().map(|(_, count)| count).sum();
            let of = |state: DeliveryState| match state {
                DeliveryState::Delivered => all.saturating_sub(waiting),
                other => open.iter().find(|(code, _)| *code == other.code()).map_or(0, |(_, number)| *number),
            };
            Ok(Counts {
                events: number("SELECT coalesce(max(row), 0) FROM event")?,
                deliveries: DeliveryState::ALL.map(|state| (state, of(state))).to_vec(),
                leaves: number("SELECT coalesce(max(seq), 0) FROM leaf")?,
                // all that have a key, without those that are pending: both are counted in an index
                people: number("SELECT count(*) FROM subject WHERE epoch IS NOT NULL")?
                    .saturating_sub(number("SELECT count(*) FROM subject WHERE pending_until IS NOT NULL")?),
                held: number("SELECT count(*) FROM held")?,
                keys: number("SELECT count(*) FROM api_key WHERE revoked IS NULL")?,
                file_bytes: number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
            })
        })
    }

    /// Gives every row of the logical state, in a fixed order and in canonical bytes, to `each`: name of the table, then
    /// the row. Two stores with the same rows give the same bytes.
    pub fn digest(&self, each: impl FnMut(&str, &[u8])) -> Result<(), StoreError> {
        self.at_one_moment(|reader| backup::digest(&reader.conn, each))
    }

    fn first<T>(
        &self,
        text: &str,
        tags: &[Tag],
        read: impl Fn(Tag, &Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(text)?;
        for tag in tags {
            let found = statement.query_row((tag.epoch.0, tag.bytes), |row| read(*tag, row)).optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn all<T>(
        &self,
        text: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(text)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn versions(&self, text: &str) -> Result<Vec<(KeyVersion, u64)>, StoreError> {
        self.all(text, [], |row| Ok((version(row, 0)?, count(row, 1)?)))
    }
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRowData> {
    let code: i64 = row.get(3)?;
    Ok(DeliveryRowData {
        row: DeliveryRow(row.get(0)?),
        workflow: row.get(2)?,
        state: DeliveryState::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(3, code))?,
        at: time(row, 4)?,
        attempt: row.get(5)?,
        reason: row.get(6)?,
        event: EventData {
            row: EventRow(row.get(1)?),
            id: row.get(7)?,
            route: row.get(8)?,
            mode: crate::row::mode(row, 9)?,
            subject: SubjectRow(row.get(10)?),
            record: record(row, 11)?,
            accepted: time(row, 12)?,
        },
    })
}
