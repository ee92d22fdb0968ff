//! Subject keys that were unwrapped a moment ago: the calls of one scenario about one person follow each other closely, and
//! each would derive the same keys anew.
//!
//! What is kept stands for exactly the wrapped bytes that were read from the store: a caller brings the row as it read it in
//! this turn, so an erased subject has no key to ask with, and a re-wrapped one is unwrapped again. A key stays for two seconds at
//! most, counted from its unwrapping, and is wiped then. No key opens anything by itself: a reveal still needs a receipt,
//! in whose transaction the subject must live.

use super::subject::{SubjectError, unwrap};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use vestibule_core::id::{Pseudonym, SubjectNumber};
use vestibule_store::{SubjectData, SubjectKeyRow};
use vestibule_vault::{Keyring, SubjectKey};

/// How long the younger half is filled; then it becomes the older half, and the older half goes.
const HALF_LIFE: Duration = Duration::from_secs(1);
/// Keys in each half; more are not kept.
const CAPACITY: usize = 4096;

/// A subject's key and its name in the log, unwrapped.
pub struct Unwrapped {
    /// The key.
    pub key: SubjectKey,
    /// The name.
    pub pseudonym: Pseudonym,
}

/// Keys by subject, each with the row it was unwrapped from.
type Half = HashMap<SubjectNumber, (SubjectKeyRow, Rc<Unwrapped>)>;

/// The keys that one thread has unwrapped lately.
#[derive(Default)]
pub struct Recent {
    halves: RefCell<[Half; 2]>,
    ages: Cell<bool>,
}

impl Recent {
    /// The key of a subject as it was read in this turn. To be called on the thread's own task set.
    pub fn key(self: &Rc<Self>, keyring: &Keyring, subject: &SubjectData) -> Result<Rc<Unwrapped>, SubjectError> {
        let stored = subject.key.as_ref().ok_or(SubjectError::Erased)?;
        for half in self.halves.borrow().iter() {
            if let Some((_, known)) = half.get(&subject.number).filter(|(row, _)| row == stored) {
                return Ok(Rc::clone(known));
            }
        }
        let key = unwrap(keyring, subject)?;
        let pseudonym = keyring.open_pseudonym(&key, &stored.sealed_pseudonym)?;
        let fresh = Rc::new(Unwrapped { key, pseudonym });
        let [young, _] = &mut *self.halves.borrow_mut();
        if young.len() < CAPACITY {
            young.insert(subject.number, (stored.clone(), Rc::clone(&fresh)));
            if !self.ages.replace(true) {
                tokio::task::spawn_local(Rc::clone(self).age());
            }
        }
        Ok(fresh)
    }

    /// Lets keys go as long as there are any.
    async fn age(self: Rc<Self>) {
        while self.ages.get() {
            tokio::time::sleep(HALF_LIFE).await;
            self.turn();
        }
    }

    fn turn(&self) {
        let [young, old] = &mut *self.halves.borrow_mut();
        std::mem::swap(young, old);
        young.clear();
        self.ages.set(!old.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::World;
    use tokio::task::LocalSet;
    use vestibule_core::id::SubjectRow;

    #[test]
    fn a_key_is_kept_for_the_row_it_came_from_and_goes_after_two_turns() {
        let world = World::new();
        world.accept("dana@example.com");
        let subject = world.app.store.reader().unwrap().subject(SubjectRow(1)).unwrap().unwrap();
        let keyring = world.app.keeper.keyring();
        let recent = Rc::new(Recent::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let first = recent.key(&keyring, &subject).unwrap();
            assert!(Rc::ptr_eq(&first, &recent.key(&keyring, &subject).unwrap()));

            let erased = SubjectData { key: None, ..subject.clone() };
            assert!(matches!(recent.key(&keyring, &erased), Err(SubjectError::Erased)));
            let mut other = subject.clone();
            other.key.as_mut().unwrap().wrapped.reverse();
            assert!(recent.key(&keyring, &other).is_err(), "another row is unwrapped, not looked up");

            recent.turn();
            assert!(Rc::ptr_eq(&first, &recent.key(&keyring, &subject).unwrap()), "the older half still counts");
            let kept = Rc::downgrade(&first);
            drop(first);
            recent.turn();
            assert!(kept.upgrade().is_none(), "nobody else holds it");
        });
    }
}
