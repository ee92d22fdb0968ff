//! Marks of values, also while the salt they are made under is still being drawn.
//!
//! A new salt takes the random generator some 20 milliseconds, in which files can be scanned already. Until it is there a finding bears
//! a stand-in, which no report may show: [`Marks::settle`] puts the mark in its place.

use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use vestibule_scan::Finding;
use vestibule_vault::VaultError;
use vestibule_vault::mark::{self, Marker, SALT};
use zeroize::Zeroizing;

/// Makes marks.
pub enum Marks {
    /// Under a key that is there.
    Ready(Box<Marker>),
    /// Under a salt that is drawn for the run.
    Drawn(Mutex<Waiting>),
}

/// What waits for the salt.
#[derive(Default)]
pub struct Waiting {
    /// Draws it; nobody does until there is something to mark.
    salt: Option<JoinHandle<Result<[u8; SALT], VaultError>>>,
    /// What is to be marked; its position is the stand-in.
    values: Vec<Zeroizing<String>>,
}

/// Begins a stand-in; no mark does.
const STAND_IN: char = '?';

impl Marks {
    /// Marks of this run alone.
    pub fn drawn() -> Marks {
        Marks::Drawn(Mutex::default())
    }

    /// The mark of a value, or what stands in for it.
    pub fn mark(&self, value: &str) -> String {
        match self {
            Marks::Ready(marker) => marker.mark(value),
            Marks::Drawn(waiting) => {
                let mut waiting = locked(waiting);
                waiting.salt.get_or_insert_with(|| thread::spawn(mark::salt));
                waiting.values.push(Zeroizing::new(value.to_owned()));
                format!("{STAND_IN}{}", waiting.values.len() - 1)
            }
        }
    }

    /// Gives every finding of the run its mark, and tells the salt if one was drawn for the run; to be called once, at the end.
    ///
    /// # Errors
    /// No salt could be drawn.
    pub fn settle(&self, findings: &mut [Finding]) -> Result<Option<[u8; SALT]>, VaultError> {
        let Marks::Drawn(waiting) = self else { return Ok(None) };
        let Waiting { salt: Some(salt), values } = std::mem::take(&mut *locked(waiting)) else { return Ok(None) };
        let salt = salt.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        let marker = Marker::new(&salt);
        for value in findings.iter_mut().filter_map(|finding| finding.value.as_mut()) {
            let at = value.strip_prefix(STAND_IN).and_then(|at| at.parse::<usize>().ok());
            if let Some(secret) = at.and_then(|at| values.get(at)) {
                *value = marker.mark(secret);
            }
        }
        Ok(Some(salt))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use vestibule_scan::{Confidence, Severity};

    fn finding(value: Option<String>) -> Finding {
        let text = String::new;
        Finding {
            check: "hardcoded-credential",
            severity: Severity::High,
            confidence: Confidence::High,
            file: text(),
            pointer: text(),
            line: 1,
            column: 1,
            scenario: text(),
            step: text(),
            message: text(),
            remedy: text(),
            fingerprint: text(),
            value,
        }
    }

    #[test]
    fn what_stands_in_becomes_the_mark() {
        let marks = Marks::drawn();
        let mut findings = ["b", "a", "b"].map(|value| finding(Some(marks.mark(value))));
        let mut bare = [finding(None)];
        let salt = marks.settle(&mut findings).unwrap().unwrap();
        let marker = Marker::new(&salt);
        let expected = ["b", "a", "b"].map(|value| Some(marker.mark(value)));
        assert_eq!(findings.map(|finding| finding.value), expected);
        assert_eq!(Marks::drawn().settle(&mut bare).unwrap(), None, "nothing to mark, nothing drawn");
        assert!(bare.iter().all(|finding| finding.value.is_none()));
    }

    #[test]
    fn a_kept_key_marks_at_once() {
        let marks = Marks::Ready(Box::new(Marker::new(&[1; SALT])));
        assert_eq!(marks.mark("value"), "e3b68b02");
        assert_eq!(marks.settle(&mut []).unwrap(), None);
    }
}
