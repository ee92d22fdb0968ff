//! Putting wrapped keys and index tags under newer keys, a page at a time.
//!
//! The new bytes come from the vault. Each row changes only if it still is what the caller read, so that events and
//! erasures may go on beside it. The old bytes leave the write-ahead log in its own time: they die with their key.

use crate::row::stored;
use crate::{Job, StableRow, StoreError, Tag, Tx};
use vestibule_core::id::{KeyVersion, SubjectRow};

/// One subject's key under a new key-encryption key.
#[derive(Clone, Debug)]
pub struct SubjectRewrap {
    /// Row of the subject.
    pub row: SubjectRow,
    /// The wrapped key as read.
    pub old: Vec<u8>,
    /// Epoch of the new key-encryption key.
    pub epoch: KeyVersion,
    /// The key wrapped anew.
    pub new: Vec<u8>,
}

/// Writes subjects' keys wrapped anew.
pub struct RewrapSubjects {
    /// Which.
    pub subjects: Vec<SubjectRewrap>,
}

/// One row of the subject index under a new outer key.
#[derive(Clone, Copy, Debug)]
pub struct RewrappedTag {
    /// The tag as read.
    pub old: Tag,
    /// The new tag.
    pub new: Tag,
    /// MAC over the new row.
    pub mac: [u8; 16],
}

/// Writes rows of the subject index under a new outer key.
pub struct RewrapSubjectIndex {
    /// Which.
    pub rows: Vec<RewrappedTag>,
}

/// Writes rows of the stable-token index under a new outer key.
pub struct RewrapStable {
    /// The tag as read, and the new row; record, slot and random part are the same.
    pub rows: Vec<(Tag, StableRow)>,
}

impl Job for RewrapSubjects {
    /// How many still were what the caller had read, and changed.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let mut statement = tx.sql("UPDATE subject SET epoch = ?3, wrapped = ?4 WHERE row = ?1 AND wrapped = ?2")?;
        let mut changed = 0;
        for one in &self.subjects {
            changed += statement.execute((one.row.0, &one.old, one.epoch.0, &one.new))?;
        }
        Ok(changed)
    }
}

impl Job for RewrapSubjectIndex {
    /// How many still were there, and changed.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let mut statement = tx.sql("UPDATE subject_index SET epoch = ?3, tag = ?4, mac = ?5 WHERE epoch = ?1 AND tag = ?2")?;
        let mut changed = 0;
        for RewrappedTag { old, new, mac } in &self.rows {
            changed += statement.execute((old.epoch.0, old.bytes, new.epoch.0, new.bytes, mac))?;
        }
        Ok(changed)
    }
}

impl Job for RewrapStable {
    /// How many still were there, and changed.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let mut statement = tx.sql(
            "UPDATE stable_index SET epoch = ?3, tag = ?4, mac = ?5 \
             WHERE epoch = ?1 AND tag = ?2 AND record = ?6 AND slot = ?7 AND random = ?8",
        )?;
        let mut changed = 0;
        for (old, new) in &self.rows {
            changed += statement.execute((
                old.epoch.0,
                old.bytes,
                new.tag.epoch.0,
                new.tag.bytes,
                new.mac,
                stored(new.record),
                new.slot.0,
                new.random,
            ))?;
        }
        Ok(changed)
    }
}
