//! A record that was looked up, taken apart once for all tokens and all calls that open it while it is kept.

use super::audience;
use super::recent::{Recent, Unwrapped};
use super::subject::SubjectError;
use std::cell::RefCell;
use std::rc::{self, Rc};
use std::sync::{Arc, Weak};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::RecordNo;
use vestibule_store::{RecordData, SubjectData};
use vestibule_vault::record::PackedRecord;
use vestibule_vault::{Keyring, VaultError};

/// A record as stored, sealed, with its subject.
pub struct Row {
    /// Its first number.
    pub first: RecordNo,
    /// Its subject.
    pub subject: SubjectData,
    count: u32,
    expires: Option<Timestamp>,
    /// `None`: a tombstone.
    packed: Option<Result<PackedRecord, VaultError>>,
    audience: Option<Vec<u8>>,
    /// What the audience's MAC was found to vouch for, and the keyring that found it.
    members: RefCell<Option<(Weak<Keyring>, Members)>>,
    /// The subject's key, while somebody else keeps it: see [`Recent`].
    key: RefCell<rc::Weak<Unwrapped>>,
}

/// The members of an audience.
type Members = Rc<[String]>;

impl From<RecordData> for Row {
    fn from(data: RecordData) -> Row {
        Row {
            first: data.first,
            subject: data.subject,
            count: data.count,
            expires: data.expires,
            packed: data.sealed.map(PackedRecord::parse),
            audience: data.audience,
            members: RefCell::default(),
            key: RefCell::default(),
        }
    }
}

impl Row {
    /// Whether it holds the record of this number.
    pub fn covers(&self, number: RecordNo) -> bool {
        let first = self.first.as_u64();
        (first..first + u64::from(self.count)).contains(&number.as_u64())
    }

    /// Whether it is a tombstone, or due to become one with the next sweep.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.packed.is_none() || [self.expires, self.subject.pending_until].into_iter().flatten().any(|end| end <= now)
    }

    /// The sealed values; none for a tombstone.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] where the stored bytes are no row.
    pub fn packed(&self) -> Result<Option<&PackedRecord>, VaultError> {
        self.packed.as_ref().map(|packed| packed.as_ref().map_err(|error| *error)).transpose()
    }

    /// The workflows for which its tokens open; none where that was tampered with, and for a tombstone. The MAC is checked
    /// once under each keyring.
    pub fn members(&self, keyring: &Arc<Keyring>) -> Option<Members> {
        let mut known = self.members.borrow_mut();
        if let Some((_, members)) = known.as_ref().filter(|(by, _)| std::ptr::eq(by.as_ptr(), Arc::as_ptr(keyring))) {
            return Some(Rc::clone(members));
        }
        let members = audience::read(keyring, self.first, self.subject.number, self.audience.as_ref()?)?;
        let members: Members = members.into_iter().map(str::to_owned).collect();
        *known = Some((Arc::downgrade(keyring), Rc::clone(&members)));
        Some(members)
    }

    /// The subject's key, unwrapped from what this row holds of it.
    ///
    /// # Errors
    /// [`SubjectError`]; an erased subject has no key.
    pub fn key(&self, recent: &Rc<Recent>, keyring: &Keyring) -> Result<Rc<Unwrapped>, SubjectError> {
        if let Some(known) = self.key.borrow().upgrade() {
            return Ok(known);
        }
        let found = recent.key(keyring, &self.subject)?;
        *self.key.borrow_mut() = Rc::downgrade(&found);
        Ok(found)
    }

    /// What it takes in memory, near enough.
    pub fn size(&self) -> usize {
        let sealed = self.packed.as_ref().and_then(|packed| packed.as_ref().ok()).map_or(0, PackedRecord::size);
        2 * sealed + 2 * self.audience.as_ref().map_or(0, Vec::len) + size_of::<Row>() + 512
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::World;

    #[test]
    fn an_audience_is_vouched_for_under_each_keyring_anew() {
        let world = World::new();
        world.accept("dana@example.com");
        let reader = world.app.store.reader().unwrap();
        let data = reader.record(reader.highest_record().unwrap().unwrap()).unwrap().unwrap();
        let keyring = world.app.keeper.keyring();
        let row = Row::from(data.clone());
        let members = row.members(&keyring).unwrap();
        assert_eq!(*members, ["intake"]);
        assert!(Rc::ptr_eq(&members, &row.members(&keyring).unwrap()), "not checked again");

        let other = World::new().app.keeper.keyring();
        assert!(row.members(&other).is_none(), "another keyring does not take this one's word");

        let mut altered = data.clone();
        altered.audience.as_mut().unwrap()[2] ^= 1;
        assert!(Row::from(altered).members(&keyring).is_none());
        let torn = RecordData { sealed: Some(vec![9]), ..data.clone() };
        assert_eq!(Row::from(torn).packed().err(), Some(VaultError::Sealed));
        let tombstone = Row::from(RecordData { sealed: None, audience: None, ..data });
        assert!(
            tombstone.packed().unwrap().is_none() && tombstone.members(&keyring).is_none() && tombstone.is_over(Timestamp(0))
        );
    }
}
