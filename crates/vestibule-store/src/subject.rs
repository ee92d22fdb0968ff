//! Data subjects: a random number, a wrapped key, a sealed pseudonym.
//!
//! Who a subject is stands nowhere in this table; identifiers find it through the subject index. Erased subjects stay as
//! rows without key, so that erased and unknown are told apart.

use crate::row::{bytes, mode, optional_time, time};
use crate::{Job, StoreError, Tx};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::HashMap;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{DekId, KeyVersion, Mode, SubjectNumber, SubjectRow};

/// Where a subject stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectState {
    /// Known, its key present.
    Live,
    /// Known by no identifier yet; erased when its time is over.
    Pending,
    /// Its key is gone; only the number is left.
    Erased,
}

impl SubjectState {
    pub(crate) const LIVE: i64 = 0;
    pub(crate) const PENDING: i64 = 1;
    pub(crate) const ERASED: i64 = 2;
}

/// A subject to be added.
#[derive(Clone, Debug)]
pub struct NewSubjectRow {
    /// Its random number.
    pub number: SubjectNumber,
    /// Test or live.
    pub mode: Mode,
    /// The realm it is matched in.
    pub realm: String,
    /// Name of its key.
    pub dek_id: DekId,
    /// The key-encryption key that wraps it.
    pub epoch: KeyVersion,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// Its pseudonym, sealed under its key.
    pub sealed_pseudonym: Vec<u8>,
    /// Set for a pending subject: when it is erased.
    pub pending_until: Option<Timestamp>,
}

/// The subject an event belongs to.
#[derive(Clone, Debug)]
pub enum SubjectUse {
    /// One that was found.
    Existing {
        /// Its row.
        row: SubjectRow,
        /// Its number, compared with the row.
        number: SubjectNumber,
    },
    /// One that is added with the event.
    New(NewSubjectRow),
}

/// A subject as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectData {
    /// Its row.
    pub row: SubjectRow,
    /// Its random number.
    pub number: SubjectNumber,
    /// Test or live.
    pub mode: Mode,
    /// The realm it is matched in.
    pub realm: String,
    /// Live, pending or erased.
    pub state: SubjectState,
    /// When it was added.
    pub created: Timestamp,
    /// For a pending subject: when it is erased.
    pub pending_until: Option<Timestamp>,
    /// When it was erased.
    pub erased: Option<Timestamp>,
    /// Its key; `None` once erased.
    pub key: Option<SubjectKeyRow>,
}

/// The wrapped key of a subject and what is sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKeyRow {
    /// Name of the key.
    pub dek_id: DekId,
    /// The key-encryption key that wraps it.
    pub epoch: KeyVersion,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// The pseudonym, sealed under the key.
    pub sealed_pseudonym: Vec<u8>,
}

/// Adds a subject that comes with no event: one whom nobody can name, for values that need somebody's key.
pub struct AddSubject {
    /// When.
    pub now: Timestamp,
    /// The subject.
    pub subject: NewSubjectRow,
}

impl Job for AddSubject {
    type Reply = SubjectRow;
    fn run(&self, tx: &mut Tx<'_>) -> Result<SubjectRow, StoreError> {
        insert(tx, self.now, &self.subject)
    }
}

/// The columns [`read`] takes, in its order, of a table called `s`.
pub(crate) const COLUMNS: &str = "s.row, s.number, s.mode, s.realm, s.state, s.created, s.pending_until, s.erased, \
    s.dek_id, s.epoch, s.wrapped, s.pseudonym";
/// How many columns that is.
pub(crate) const WIDTH: usize = 12;

/// Reads [`COLUMNS`] that begin at `at`.
pub(crate) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<SubjectData> {
    let state = match row.get::<_, i64>(at + 4)? {
        SubjectState::LIVE => SubjectState::Live,
        SubjectState::PENDING => SubjectState::Pending,
        SubjectState::ERASED => SubjectState::Erased,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(at + 4, other)),
    };
    let key = match row.get::<_, Option<Vec<u8>>>(at + 10)? {
        None => None,
        Some(wrapped) => Some(SubjectKeyRow {
            dek_id: DekId(bytes(row, at + 8)?),
            epoch: KeyVersion(row.get(at + 9)?),
            wrapped,
            sealed_pseudonym: row.get(at + 11)?,
        }),
    };
    Ok(SubjectData {
        row: SubjectRow(row.get(at)?),
        number: SubjectNumber(bytes(row, at + 1)?),
        mode: mode(row, at + 2)?,
        realm: row.get(at + 3)?,
        state,
        created: time(row, at + 5)?,
        pending_until: optional_time(row, at + 6)?,
        erased: optional_time(row, at + 7)?,
        key,
    })
}

pub(crate) fn by_row(conn: &Connection, row: SubjectRow) -> Result<Option<SubjectData>, StoreError> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM subject s WHERE s.row = ?1"))?
        .query_row([row.0], |row| read(row, 0))
        .optional()?)
}

/// Subjects that were seen to stand, by row. All go when a subject or record is altered, whoever's.
pub(crate) type Standing = HashMap<SubjectRow, SubjectNumber>;

/// How many of them are remembered at most.
const REMEMBERED: usize = 8192;

/// Whether this row holds this subject and its key still stands. Looked up once for many calls about one person, and anew in every
/// transaction that has altered a subject or record before.
pub(crate) fn stands(tx: &mut Tx<'_>, row: SubjectRow, number: SubjectNumber) -> Result<bool, StoreError> {
    let remember = !tx.altering.has_altered();
    if remember && tx.memory.standing.get(&row) == Some(&number) {
        return Ok(true);
    }
    let stands = is_standing(tx, row, number)?;
    if remember && stands {
        if tx.memory.standing.len() >= REMEMBERED {
            tx.memory.standing.clear();
        }
        tx.memory.standing.insert(row, number);
    }
    Ok(stands)
}

fn is_standing(tx: &Tx<'_>, row: SubjectRow, number: SubjectNumber) -> Result<bool, StoreError> {
    let mut statement = tx.sql("SELECT number, state FROM subject WHERE row = ?1")?;
    let mut rows = statement.query([row.0])?;
    let Some(found) = rows.next()? else {
        return Ok(false);
    };
    Ok(bytes::<16>(found, 0)? == number.0 && found.get::<_, i64>(1)? != SubjectState::ERASED)
}

pub(crate) fn insert(tx: &Tx<'_>, now: Timestamp, subject: &NewSubjectRow) -> Result<SubjectRow, StoreError> {
    let state = match subject.pending_until {
        None => SubjectState::LIVE,
        Some(_) => SubjectState::PENDING,
    };
    tx.sql(
        "INSERT INTO subject (number, mode, realm, state, created, pending_until, dek_id, epoch, wrapped, pseudonym) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        subject.number.0,
        subject.mode.code(),
        &subject.realm,
        state,
        now.0,
        subject.pending_until.map(|until| until.0),
        subject.dek_id.0,
        subject.epoch.0,
        &subject.wrapped,
        &subject.sealed_pseudonym,
    ))?;
    Ok(SubjectRow(tx.conn.last_insert_rowid()))
}
