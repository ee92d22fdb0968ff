//! What must hold between a database and the key store before anything is served: the log reaches the head that the key
//! store knows, and nobody stands who was erased.
//!
//! A database that is behind is refused: it may be the wrong folder. It is adopted only by `restore` and by
//! `log accept-gap`. What that takes is written into the database first and into the key store in one step after, so a
//! crash in between leaves a database that is still behind and still refused.

use super::ledger::Ledger;
use super::open::{Audit, WRITER};
use super::{App, LoadError, authority, keeper::Keeper};
use std::collections::HashSet;
use std::sync::Arc;
use vestibule_core::audit::{Actor, Leaf};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, RecordNo, SubjectNumber};
use vestibule_store::{
    ApiKeyRow, AppendLeaf, EraseSubjects, Erasure, LeaseRecords, NewOrigin, Options, Reader, Store, StoreError, Writer,
};
use vestibule_vault::keystore::Head;
use vestibule_vault::rotation::DRAW;
use vestibule_vault::{Draw, KeyStore, VaultError};

/// Record numbers that are skipped while a token key changes hands; those left over are never used.
pub const TOKEN_MARGIN: u32 = 1 << 20;

/// How far a database is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Leaves of the log that the key store knows.
    pub known: u64,
    /// Leaves in the database. No fewer than known where it went another way since.
    pub found: u64,
}

impl Gap {
    /// The newest leaf that the key store knows, as it stands in a leaf about the gap.
    pub fn leaf(self) -> i64 {
        i64::try_from(self.known).unwrap_or(i64::MAX)
    }

    /// Whether a database does not reach the newest head that the key store knows.
    pub fn of(reader: &Reader, known: Option<Head>) -> Result<Option<Gap>, StoreError> {
        let Some(known) = known.filter(|head| head.size > 0) else { return Ok(None) };
        let at = i64::try_from(known.size).unwrap_or(i64::MAX);
        if reader.leaves(at, at)?.pop().is_some_and(|leaf| leaf.mac == known.mac) {
            return Ok(None);
        }
        Ok(Some(Gap { known: known.size, found: u64::try_from(reader.head()?.seq).unwrap_or(0) }))
    }
}

impl App {
    /// How far the database is behind, which only somebody who reads it can find: a gateway that writes does not open.
    pub fn gap(&self) -> Result<Option<Gap>, StoreError> {
        Gap::of(&self.store.reader()?, self.keeper.read(|keys| keys.head().copied()))
    }

    /// A new log gets its first origin, and the key store the newest head.
    pub(super) fn settle_log(&self) -> Result<(), LoadError> {
        if self.store.reader()?.head()?.origin.is_none() {
            let id = Draw::new(16)?.take()?;
            let leaf = self.service_leaf("log.origin").to_bytes();
            self.writer.call(NewOrigin { id, now: self.clock.now(), leaf })?;
        }
        self.save_head()
    }

    /// Writes the newest head into the key store.
    pub fn save_head(&self) -> Result<(), LoadError> {
        let head = newest_head(&self.store.reader()?)?;
        self.keeper.change(|keys| {
            keys.set_head(head);
            Ok::<_, VaultError>(())
        })
    }

    /// Whoever stands on the key store's erasure list is erased here too, before anything is served: the erasure may have
    /// been cut short (P11).
    pub(super) fn settle_erasures(&self) -> Result<(), LoadError> {
        let leaf = || self.service_leaf("subject.erase");
        erase_again(&self.keeper, &self.store.reader()?, &self.writer, self.clock.now(), leaf).map(|_| ())
    }
}

fn newest_head(reader: &Reader) -> Result<Head, StoreError> {
    let head = reader.head()?;
    Ok(Head { origin: head.origin.unwrap_or_default(), size: u64::try_from(head.seq).unwrap_or(0), mac: head.mac })
}

/// Erases everybody on the key store's list who still stands; returns how many.
fn erase_again<'a>(
    keeper: &Keeper,
    reader: &Reader,
    writer: &Writer,
    now: Timestamp,
    leaf: impl Fn() -> Leaf<'a>,
) -> Result<usize, LoadError> {
    let erased: HashSet<SubjectNumber> = keeper.read(|keys| keys.erased().iter().map(|(number, _)| *number).collect());
    let standing = if erased.is_empty() { Vec::new() } else { reader.subjects_by_number(&erased)? };
    if standing.is_empty() {
        return Ok(0);
    }
    let subjects = standing.into_iter().map(|(row, number)| {
        let mut leaf = leaf();
        leaf.outcome = "erasure.applied_to_older_copy".into();
        (row, number, leaf.to_bytes())
    });
    let told = writer.call(EraseSubjects { now, subjects: subjects.collect(), only_lapsed: false })?;
    Ok(told.iter().filter(|one| matches!(one, Erasure::Erased(_))).count())
}

/// A database that takes the place of the newest one, with everything written into it that the next start asks for.
pub struct Adopted {
    /// How far it is behind.
    pub gap: Option<Gap>,
    /// The workflow keys in it; their list counts as the newest one from now on.
    pub keys: Vec<ApiKeyRow>,
    /// How many people were erased in it again.
    pub erased: usize,
    head: Head,
    authority: u64,
    last: RecordNo,
}

impl Adopted {
    /// Writes into a database, and closes it, what lets it go on after the newest one. `action` is what the actor does; its
    /// leaf opens a new origin of the log if the database is behind, so that nothing is signed twice.
    pub fn write(
        keeper: &Arc<Keeper>,
        store: Options,
        now: Timestamp,
        act: impl FnOnce(&Ledger, Option<Gap>) -> Result<Leaf<'static>, LoadError>,
    ) -> Result<Adopted, LoadError> {
        let store = Store::open(store, Arc::new(Audit(Arc::clone(keeper))))?;
        let (reader, writer, keyring) = (store.reader()?, store.writer(), keeper.keyring());
        let gap = Gap::of(&reader, keeper.read(|keys| keys.head().copied()))?;
        let ledger = Ledger::new(WRITER, now);
        let leaf = act(&ledger, gap)?;

        let authority::Sealed { mut revision, rows } = authority::read(&reader, &keyring)?;
        let known = keeper.read(KeyStore::authority_revision);
        if revision < known {
            revision = known + 1;
            writer.call(authority::seal(&keyring, revision, &rows))?;
        }
        // numbers that were given out since may be given out again, under a token key that opens after this margin
        let first = writer.call(LeaseRecords { writer: WRITER, count: TOKEN_MARGIN })?;
        let last = first.offset(u64::from(TOKEN_MARGIN - 1)).ok_or(StoreError::Range)?;
        let leaf = leaf.to_bytes();
        match gap {
            Some(_) => writer.call(NewOrigin { id: Draw::new(16)?.take()?, now, leaf })?,
            None => writer.call(AppendLeaf { leaf })?,
        };
        let gateway = || ledger.leaf(now, Actor::Service("gateway".into()), "subject.erase", Mode::Live);
        let erased = erase_again(keeper, &reader, &writer, now, gateway)?;
        let head = newest_head(&reader)?;
        drop((reader, writer));
        store.close();
        Ok(Adopted { gap, keys: rows, erased, head, authority: revision, last })
    }

    /// Tells the key store, in one step: from here on it is the newest database, and tokens are made under a new key.
    pub fn conclude(&self, keeper: &Keeper, now: Timestamp) -> Result<KeyVersion, LoadError> {
        keeper.change(|keys| {
            keys.set_head(self.head);
            keys.raise_authority_revision(self.authority);
            keys.open_new_token_version(&[self.last], now, &mut Draw::new(DRAW)?)
        })
    }
}
