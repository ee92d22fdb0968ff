//! Stored keys and index rows follow their keys: page by page, beside everything that goes on.
//!
//! Each row changes only if it still is what was read. A row that does not verify is left where it is and counted: it
//! was written by somebody else, and its old key stays until somebody has looked at it.

use super::OpError;
use crate::app::App;
use crate::ingress;
use vestibule_core::id::{KeyVersion, Scope, SubjectRow};
use vestibule_store::{
    IndexRow, RewrapStable, RewrapSubjectIndex, RewrapSubjects, RewrappedTag, StableRow, SubjectData, SubjectRewrap, Tag,
};
use vestibule_vault::keystore::KeyState;
use vestibule_vault::subject::{REWRAP_DRAW, WrappedDek};
use vestibule_vault::{Draw, Keyring, Kind};

/// Rows in one step.
const PAGE: u32 = 256;

/// What a pass over the rows of older keys did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows that stand under the newest key now.
    pub rows: u64,
    /// Rows that do not verify and were left.
    pub tampered: u64,
}

impl Moved {
    fn add(&mut self, other: Moved) {
        self.rows += other.rows;
        self.tampered += other.tampered;
    }
}

/// Puts everything that older epoch and outer index keys wrap under the active ones.
pub fn all(app: &App) -> Result<Moved, OpError> {
    let mut moved = Moved::default();
    for version in retired(app, Kind::Epoch) {
        moved.add(subjects(app, version)?);
    }
    for version in retired(app, Kind::IndexOuter) {
        moved.add(subject_index(app, version)?);
        moved.add(stable_index(app, version)?);
    }
    Ok(moved)
}

/// The versions of a kind that only read.
pub fn retired(app: &App, kind: Kind) -> Vec<KeyVersion> {
    app.keeper.read(|keys| {
        keys.versions(kind).filter(|entry| entry.state() == KeyState::Retired).map(|entry| entry.version()).collect()
    })
}

/// Whether stored rows still need this version.
pub fn is_named(app: &App, kind: Kind, version: KeyVersion) -> Result<bool, OpError> {
    let reader = app.store.reader()?;
    Ok(match kind {
        Kind::Epoch => !reader.subjects_of_epoch(version, SubjectRow(0), 1)?.is_empty(),
        Kind::IndexOuter => {
            !reader.subject_index_of_epoch(version, 1)?.is_empty() || !reader.stable_index_of_epoch(version, 1)?.is_empty()
        }
        _ => true,
    })
}

fn subjects(app: &App, version: KeyVersion) -> Result<Moved, OpError> {
    let reader = app.store.reader()?;
    let mut moved = Moved::default();
    let mut after = SubjectRow(0);
    loop {
        let page = reader.subjects_of_epoch(version, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(moved) };
        after = last.row;
        let keyring = app.keeper.keyring();
        let mut draw = Draw::new(REWRAP_DRAW * page.len())?;
        let subjects: Vec<SubjectRewrap> = page.iter().filter_map(|subject| rewrapped(&keyring, subject, &mut draw)).collect();
        moved.tampered += (page.len() - subjects.len()) as u64;
        moved.rows += app.writer.call(RewrapSubjects { subjects })? as u64;
    }
}

fn rewrapped(keyring: &Keyring, subject: &SubjectData, draw: &mut Draw) -> Option<SubjectRewrap> {
    let key = subject.key.as_ref()?;
    let old = WrappedDek { epoch: key.epoch, bytes: key.wrapped.clone() };
    let new = keyring.rewrap_subject(Scope::of(subject.mode), subject.number, key.dek_id, &old, draw).ok()?;
    Some(SubjectRewrap { row: subject.row, old: old.bytes, epoch: new.epoch, new: new.bytes })
}

fn subject_index(app: &App, version: KeyVersion) -> Result<Moved, OpError> {
    let reader = app.store.reader()?;
    let mut moved = Moved::default();
    loop {
        let page = reader.subject_index_of_epoch(version, PAGE)?;
        let keyring = app.keeper.keyring();
        let mut rows = Vec::with_capacity(page.len());
        for (row, subject) in &page {
            if let Some(subject) = reader.subject(*subject)? {
                rows.extend(retagged(&keyring, row, &subject.number.0));
            }
        }
        let bad = (page.len() - rows.len()) as u64;
        let changed = app.writer.call(RewrapSubjectIndex { rows })? as u64;
        moved.rows += changed;
        // rows that moved are not on the next page; where nothing moved, only bad rows are left of it
        if changed == 0 {
            moved.tampered += bad;
            return Ok(moved);
        }
    }
}

fn retagged(keyring: &Keyring, row: &IndexRow, number: &[u8; 16]) -> Option<RewrappedTag> {
    let old = ingress::vault_tag(&row.tag);
    if !keyring.index_mac_verify(ingress::SUBJECT, &old, &[number], &row.mac) {
        return None;
    }
    let new = keyring.rewrap_tag(&old).ok()?;
    let mac = keyring.index_mac(ingress::SUBJECT, &new, &[number]).ok()?;
    Some(RewrappedTag { old: row.tag, new: ingress::store_tag(&new), mac })
}

fn stable_index(app: &App, version: KeyVersion) -> Result<Moved, OpError> {
    let reader = app.store.reader()?;
    let mut moved = Moved::default();
    loop {
        let page = reader.stable_index_of_epoch(version, PAGE)?;
        let keyring = app.keeper.keyring();
        let rows: Vec<(Tag, StableRow)> = page.iter().filter_map(|row| restabled(&keyring, row)).collect();
        let bad = (page.len() - rows.len()) as u64;
        let changed = app.writer.call(RewrapStable { rows })? as u64;
        moved.rows += changed;
        if changed == 0 {
            moved.tampered += bad;
            return Ok(moved);
        }
    }
}

fn restabled(keyring: &Keyring, row: &StableRow) -> Option<(Tag, StableRow)> {
    let old = ingress::vault_tag(&row.tag);
    let record = row.record.as_u64().to_be_bytes();
    let parts: [&[u8]; 3] = [&record, &[row.slot.0], &row.random];
    if !keyring.index_mac_verify(ingress::STABLE, &old, &parts, &row.mac) {
        return None;
    }
    let new = keyring.rewrap_tag(&old).ok()?;
    let mac = keyring.index_mac(ingress::STABLE, &new, &parts).ok()?;
    Some((row.tag, StableRow { tag: ingress::store_tag(&new), mac, ..*row }))
}
