//! Records: the protected fields of one event or one answer, sealed, in one packed row.
//!
//! The store neither opens a record nor judges its audience; it keeps both as bytes.

use crate::row::{optional_time, record, stored, time};
use crate::subject::{self, SubjectData};
use crate::{IndexRow, Job, StableRow, StoreError, SubjectUse, Tag, Tx, index};
use rusqlite::{Connection, OptionalExtension};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{EventRow, RecordNo, SubjectRow};

/// A record to be added.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Its first number.
    pub first: RecordNo,
    /// How many consecutive numbers it covers, at least 1.
    pub count: u32,
    /// When it was made.
    pub created: Timestamp,
    /// When its values are deleted; `None`: with their subject.
    pub expires: Option<Timestamp>,
    /// The workflows that may open it, with a MAC; opaque here.
    pub audience: Vec<u8>,
    /// The packed sealed fields; opaque here.
    pub sealed: Vec<u8>,
}

/// A record as stored, with its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordData {
    /// Its first number.
    pub first: RecordNo,
    /// How many consecutive numbers it covers.
    pub count: u32,
    /// The event it came with, if it came with one.
    pub event: Option<EventRow>,
    /// When it was made.
    pub created: Timestamp,
    /// When its values are deleted.
    pub expires: Option<Timestamp>,
    /// The workflows that may open it, with a MAC. `None`: a tombstone.
    pub audience: Option<Vec<u8>>,
    /// The packed sealed fields. `None`: a tombstone; the subject's state tells an erasure from the end of retention.
    pub sealed: Option<Vec<u8>>,
    /// Its subject.
    pub subject: SubjectData,
}

/// Adds records for tokens made from an upstream's answer.
pub struct AnswerRecord {
    /// When.
    pub now: Timestamp,
    /// One for each subject.
    pub parts: Vec<AnswerPart>,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// What an answer says of one subject.
pub struct AnswerPart {
    /// The subject of the call, or one that is added because nobody can name it.
    pub subject: SubjectUse,
    /// The record.
    pub record: NewRecord,
    /// New stable tokens.
    pub stable: Vec<StableRow>,
    /// Tags that were looked up as absent from the stable-token index.
    pub absent_stable: Vec<Tag>,
    /// Records whose audience grows: first number, audience as read, audience to be.
    pub audience_updates: Vec<(RecordNo, Vec<u8>, Vec<u8>)>,
}

impl AnswerPart {
    fn basis(&self) -> Basis<'_> {
        Basis {
            subject: &self.subject,
            absent_subjects: &[],
            absent_stable: &self.absent_stable,
            index: &[],
            stable: &self.stable,
            audience_updates: &self.audience_updates,
        }
    }
}

/// What became of an [`AnswerRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerReply {
    /// Written, with this number of its leaf.
    Committed {
        /// Number of the leaf.
        leaf: i64,
    },
    /// Nothing was written: what the caller had read has changed.
    Stale(crate::Stale),
}

impl Job for AnswerRecord {
    type Reply = AnswerReply;
    fn run(&self, tx: &mut Tx<'_>) -> Result<AnswerReply, StoreError> {
        for part in &self.parts {
            if let Some(stale) = part.basis().stale(tx)? {
                return Ok(AnswerReply::Stale(stale));
            }
        }
        for part in &self.parts {
            part.basis().write(tx, self.now, None, &part.record)?;
        }
        Ok(AnswerReply::Committed { leaf: tx.append(&self.leaf)? })
    }
}

/// What a protected document rests on and brings along, shared by events and answers.
pub(crate) struct Basis<'a> {
    pub(crate) subject: &'a SubjectUse,
    pub(crate) absent_subjects: &'a [Tag],
    pub(crate) absent_stable: &'a [Tag],
    pub(crate) index: &'a [IndexRow],
    pub(crate) stable: &'a [StableRow],
    pub(crate) audience_updates: &'a [(RecordNo, Vec<u8>, Vec<u8>)],
}

impl Basis<'_> {
    /// What has changed since the caller read it; writes nothing.
    pub(crate) fn stale(&self, tx: &mut Tx<'_>) -> Result<Option<crate::Stale>, StoreError> {
        if let SubjectUse::Existing { row, number } = self.subject
            && !subject::stands(tx, *row, *number)?
        {
            return Ok(Some(crate::Stale::Subject));
        }
        for tag in self.absent_subjects.iter().chain(self.index.iter().map(|row| &row.tag)) {
            if index::subject_tag_exists(tx, tag)? {
                return Ok(Some(crate::Stale::SubjectTag));
            }
        }
        for tag in self.absent_stable.iter().chain(self.stable.iter().map(|row| &row.tag)) {
            if index::stable_tag_exists(tx, tag)? {
                return Ok(Some(crate::Stale::StableTag));
            }
        }
        for (first, old, _) in self.audience_updates {
            let found: Option<Option<Vec<u8>>> =
                tx.sql("SELECT audience FROM record WHERE no = ?1")?.query_row([stored(*first)], |row| row.get(0)).optional()?;
            if found.flatten().as_ref() != Some(old) {
                return Ok(Some(crate::Stale::Audience));
            }
        }
        Ok(None)
    }

    /// Writes subject, indexes, audiences and the record.
    pub(crate) fn write(
        &self,
        tx: &Tx<'_>,
        now: Timestamp,
        event: Option<EventRow>,
        record: &NewRecord,
    ) -> Result<SubjectRow, StoreError> {
        let subject = match self.subject {
            SubjectUse::Existing { row, .. } => *row,
            SubjectUse::New(new) => subject::insert(tx, now, new)?,
        };
        for row in self.index {
            index::insert_subject(tx, subject, row)?;
        }
        for row in self.stable {
            index::insert_stable(tx, row)?;
        }
        for (first, _, new) in self.audience_updates {
            tx.sql("UPDATE record SET audience = ?2 WHERE no = ?1")?.execute((stored(*first), new))?;
        }
        tx.sql(
            "INSERT INTO record (no, count, subject, event, created, expires, audience, sealed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            stored(record.first),
            record.count,
            subject.0,
            event.map(|event| event.0),
            record.created.0,
            record.expires.map(|expires| expires.0),
            &record.audience,
            &record.sealed,
        ))?;
        Ok(subject)
    }
}

/// The record that covers a number.
pub(crate) fn covering(conn: &Connection, number: RecordNo) -> Result<Option<RecordData>, StoreError> {
    // One string for the life of the process: the statement cache compares it on each look-up.
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        format!(
            "SELECT {}, r.no, r.count, r.event, r.created, r.expires, r.audience, r.sealed FROM record r \
             JOIN subject s ON s.row = r.subject \
             WHERE r.no = (SELECT max(no) FROM record WHERE no <= ?1) AND ?1 < r.no + r.count",
            subject::COLUMNS
        )
    });
    const AT: usize = subject::WIDTH;
    Ok(conn
        .prepare_cached(&TEXT)?
        .query_row([stored(number)], |row| {
            Ok(RecordData {
                first: record(row, AT)?,
                count: row.get(AT + 1)?,
                event: row.get::<_, Option<i64>>(AT + 2)?.map(EventRow),
                created: time(row, AT + 3)?,
                expires: optional_time(row, AT + 4)?,
                audience: row.get(AT + 5)?,
                sealed: row.get(AT + 6)?,
                subject: subject::read(row, 0)?,
            })
        })
        .optional()?)
}
