//! The two blind indexes: identifier to subject, and value of a subject to its stable token.
//!
//! Rows hold tags that only the vault can make; the MACs are checked by the caller, who holds the key.

use crate::row::stored;
use crate::{StoreError, Tx};
use rusqlite::OptionalExtension;
use vestibule_core::id::{KeyVersion, RecordNo, Slot, SubjectRow};

/// A tag of either index: the inner tag under the outer key of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Epoch of the outer key.
    pub epoch: KeyVersion,
    /// The encrypted tag.
    pub bytes: [u8; 16],
}

/// A row to be added to the subject index; the subject is the event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// The tag.
    pub tag: Tag,
    /// MAC over the row.
    pub mac: [u8; 16],
}

/// A row to be added to the stable-token index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StableRow {
    /// The tag.
    pub tag: Tag,
    /// Record of the token.
    pub record: RecordNo,
    /// Slot of the token.
    pub slot: Slot,
    /// Random part of the token.
    pub random: [u8; 6],
    /// MAC over the row.
    pub mac: [u8; 16],
}

pub(crate) fn subject_tag_exists(tx: &Tx<'_>, tag: &Tag) -> Result<bool, StoreError> {
    exists(tx, "SELECT 1 FROM subject_index WHERE epoch = ?1 AND tag = ?2", tag)
}

pub(crate) fn stable_tag_exists(tx: &Tx<'_>, tag: &Tag) -> Result<bool, StoreError> {
    exists(tx, "SELECT 1 FROM stable_index WHERE epoch = ?1 AND tag = ?2", tag)
}

pub(crate) fn insert_subject(tx: &Tx<'_>, subject: SubjectRow, row: &IndexRow) -> Result<(), StoreError> {
    tx.sql("INSERT INTO subject_index (epoch, tag, subject, mac) VALUES (?1, ?2, ?3, ?4)")?.execute((
        row.tag.epoch.0,
        row.tag.bytes,
        subject.0,
        row.mac,
    ))?;
    Ok(())
}

pub(crate) fn insert_stable(tx: &Tx<'_>, row: &StableRow) -> Result<(), StoreError> {
    tx.sql("INSERT INTO stable_index (epoch, tag, record, slot, random, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute((
        row.tag.epoch.0,
        row.tag.bytes,
        stored(row.record),
        row.slot.0,
        row.random,
        row.mac,
    ))?;
    Ok(())
}

/// Forgets the stable tokens of the records `first .. first + count`.
pub(crate) fn forget_stable(tx: &Tx<'_>, first: i64, count: i64) -> Result<usize, StoreError> {
    Ok(tx.sql("DELETE FROM stable_index WHERE record >= ?1 AND record < ?1 + ?2")?.execute((first, count))?)
}

fn exists(tx: &Tx<'_>, text: &str, tag: &Tag) -> Result<bool, StoreError> {
    Ok(tx.sql(text)?.query_row((tag.epoch.0, tag.bytes), |_| Ok(())).optional()?.is_some())
}
