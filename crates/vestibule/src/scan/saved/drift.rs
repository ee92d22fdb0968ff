//! What has changed between two audits of one account: new, gone, still open since. Pure; times and findings come in.
//!
//! A finding is the same by its fingerprint, and where a scenario or step was only renamed, by its check and place. What
//! lies in a scenario that could not be read this time is neither open nor gone: it stays as it was.

use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use vestibule_core::clock::{Span, Timestamp};

/// How long a finding that is gone is remembered, so that one that comes back is told.
const REMEMBERED: Span = Span::days(90);

/// A finding as it is kept: what it is and where, never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The id of the check.
    pub check: String,
    /// `info` to `critical`.
    pub severity: String,
    /// As in the finding.
    pub fingerprint: String,
    /// The keyed mark of a secret value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The scenario's own name.
    pub scenario: String,
    /// The step's own name.
    pub step: String,
    /// The file of the scenario, `ACCOUNT/ID.json`.
    pub file: String,
    /// Where in it.
    pub pointer: String,
}

/// A scenario of the account, with or without findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// `ACCOUNT/ID.json`.
    pub file: String,
    /// Its own name.
    pub name: String,
    /// The mail address, name or number of the person it belongs to.
    pub owner: Option<String>,
}

/// A finding with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The finding as it was seen last.
    #[serde(flatten)]
    pub item: Item,
    /// When it was first seen, in milliseconds.
    pub first_seen: i64,
    /// When it was last seen.
    pub last_seen: i64,
    /// When it was found gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<i64>,
}

/// All that is kept of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Its scenarios at the newest audit.
    pub scenarios: Vec<Scenario>,
    /// Findings, open and gone.
    pub findings: Vec<Kept>,
}

/// What one audit saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Every scenario that was read.
    pub scenarios: Vec<Scenario>,
    /// Every finding.
    pub findings: Vec<Item>,
    /// Files of scenarios that could not be read.
    pub unread: Vec<String>,
    /// Whether every scenario of the account was read or stands in `unread`.
    pub complete: bool,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there at the audit before.
    New,
    /// It was gone and is there again.
    Back,
    /// It is still there.
    Open,
    /// It is still there, with another value.
    Changed,
    /// It is no longer there.
    Gone,
    /// Its scenario was not read this time.
    Unseen,
}

/// Compares what was kept with what was seen; gives what to keep, and each finding with what became of it.
pub fn compare(before: Book, seen: Seen, now: Timestamp) -> (Book, Vec<(Change, Kept)>) {
    let mut old = Old::of(before.findings);
    let mut changes = Vec::with_capacity(seen.findings.len());
    let mut open = Vec::new();
    for item in seen.findings {
        match old.take(&item) {
            Some(known) => open.push((Some(known), item)),
            None => open.push((None, item)),
        }
    }
    // only what has no finding of its own fingerprint may have been renamed
    for (known, item) in open {
        let known = known.or_else(|| old.take_renamed(&item));
        let change = match &known {
            None => Change::New,
            Some(known) if known.gone.is_some() => Change::Back,
            Some(known) if known.item.value != item.value => Change::Changed,
            Some(_) => Change::Open,
        };
        let first_seen = known.filter(|known| known.gone.is_none()).map_or(now.0, |known| known.first_seen);
        changes.push((change, Kept { item, first_seen, last_seen: now.0, gone: None }));
    }
    let unread: HashSet<String> = seen.unread.into_iter().collect();
    let read: HashSet<&str> = seen.scenarios.iter().map(|scenario| scenario.file.as_str()).collect();
    let was_read = |file: &str| read.contains(file) || (seen.complete && !unread.contains(file));
    let mut forgotten = Vec::new();
    for mut kept in old.left() {
        match kept.gone {
            Some(gone) if now.since(Timestamp(gone)) > REMEMBERED => {}
            Some(_) => forgotten.push(kept),
            None if was_read(&kept.item.file) => {
                kept.gone = Some(now.0);
                changes.push((Change::Gone, kept));
            }
            None => changes.push((Change::Unseen, kept)),
        }
    }
    let unseen = before.scenarios.into_iter().filter(|scenario| !was_read(&scenario.file));
    let scenarios = unseen.chain(seen.scenarios.iter().cloned()).collect();
    let findings = changes.iter().map(|(_, kept)| kept.clone()).chain(forgotten).collect();
    (Book { scenarios, findings }, changes)
}

/// The findings of the audit before, each to be taken once.
struct Old {
    all: Vec<Option<Kept>>,
    by_fingerprint: HashMap<String, Vec<usize>>,
    by_place: HashMap<(String, String, String), Vec<usize>>,
}

impl Old {
    fn of(findings: Vec<Kept>) -> Old {
        let mut old = Old { all: Vec::new(), by_fingerprint: HashMap::new(), by_place: HashMap::new() };
        for (at, kept) in findings.into_iter().enumerate() {
            old.by_fingerprint.entry(kept.item.fingerprint.clone()).or_default().push(at);
            old.by_place.entry(place(&kept.item)).or_default().push(at);
            old.all.push(Some(kept));
        }
        old
    }

    /// The finding with the same fingerprint; open ones before those that are gone.
    fn take(&mut self, item: &Item) -> Option<Kept> {
        let candidates = self.by_fingerprint.get(&item.fingerprint)?;
        let best = candidates.iter().filter(|at| self.stands(**at)).min_by_key(|at| self.is_gone(**at)).copied()?;
        self.all.get_mut(best)?.take()
    }

    /// An open finding of the same check at the same place, under another name.
    fn take_renamed(&mut self, item: &Item) -> Option<Kept> {
        let candidates = self.by_place.get(&place(item))?;
        let at = candidates.iter().find(|at| self.stands(**at) && !self.is_gone(**at)).copied()?;
        self.all.get_mut(at)?.take()
    }

    fn stands(&self, at: usize) -> bool {
        self.all.get(at).is_some_and(Option::is_some)
    }

    fn is_gone(&self, at: usize) -> bool {
        self.all.get(at).and_then(Option::as_ref).is_some_and(|kept| kept.gone.is_some())
    }

    fn left(self) -> impl Iterator<Item = Kept> {
        self.all.into_iter().flatten()
    }
}

fn place(item: &Item) -> (String, String, String) {
    (item.check.clone(), item.file.clone(), item.pointer.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const DAY: Span = Span::days(1);
    const START: Timestamp = Timestamp(1_795_305_600_000);

    fn item(fingerprint: &str, file: &str) -> Item {
        Item {
            check: "cleartext-http".into(),
            severity: "medium".into(),
            fingerprint: fingerprint.into(),
            value: None,
            scenario: "Intake".into(),
            step: "Send".into(),
            file: file.into(),
            pointer: format!("/blueprint/flow/0/{fingerprint}"),
        }
    }

    fn seen(files: &[&str], findings: Vec<Item>) -> Seen {
        let scenario = |file: &&str| Scenario { file: (*file).into(), name: "Intake".into(), owner: None };
        Seen { scenarios: files.iter().map(scenario).collect(), findings, unread: Vec::new(), complete: true }
    }

    fn told(changes: &[(Change, Kept)]) -> Vec<(Change, &str, i64)> {
        let days = |at: i64| Timestamp(at).since(START).0 / DAY.0;
        changes.iter().map(|(change, kept)| (*change, kept.item.fingerprint.as_str(), days(kept.first_seen))).collect()
    }

    #[test]
    fn three_audits_tell_new_open_gone_and_back() {
        let at = |day: i64| START.plus(Span(DAY.0 * day));
        let (book, first) =
            compare(Book::default(), seen(&["m/1.json"], vec![item("a", "m/1.json"), item("b", "m/1.json")]), at(0));
        assert_eq!(told(&first), [(Change::New, "a", 0), (Change::New, "b", 0)]);
        let (book, second) = compare(book, seen(&["m/1.json"], vec![item("b", "m/1.json"), item("c", "m/1.json")]), at(7));
        assert_eq!(told(&second), [(Change::Open, "b", 0), (Change::New, "c", 7), (Change::Gone, "a", 0)]);
        let (book, third) = compare(book, seen(&["m/1.json"], vec![item("a", "m/1.json"), item("c", "m/1.json")]), at(8));
        assert_eq!(told(&third), [(Change::Back, "a", 8), (Change::Open, "c", 7), (Change::Gone, "b", 0)]);
        assert_eq!(book.findings.len(), 3);
        let (book, _) = compare(book, seen(&["m/1.json"], vec![item("a", "m/1.json")]), at(30));
        let (book, last) = compare(book, seen(&["m/1.json"], vec![item("a", "m/1.json")]), at(99));
        assert_eq!(told(&last), [(Change::Open, "a", 8)]);
        let kept: Vec<&str> = book.findings.iter().map(|kept| kept.item.fingerprint.as_str()).collect();
        assert_eq!(kept, ["a", "c"], "what is gone is forgotten after ninety days");
    }

    #[test]
    fn what_was_not_read_is_not_gone() {
        let findings = || vec![item("a", "m/1.json"), item("b", "m/2.json"), item("c", "m/3.json")];
        let (book, _) = compare(Book::default(), seen(&["m/1.json", "m/2.json", "m/3.json"], findings()), START);
        let now = START.plus(DAY);
        let partly = Seen { unread: vec!["m/2.json".into()], ..seen(&["m/1.json"], vec![item("a", "m/1.json")]) };
        let (next, changes) = compare(book.clone(), partly, now);
        assert_eq!(told(&changes), [(Change::Open, "a", 0), (Change::Unseen, "b", 0), (Change::Gone, "c", 0)]);
        let files: Vec<&str> = next.scenarios.iter().map(|scenario| scenario.file.as_str()).collect();
        assert_eq!(files, ["m/2.json", "m/1.json"], "a deleted scenario is gone, one that was not read is not");
        let unseen = next.findings.iter().find(|kept| kept.item.fingerprint == "b").unwrap();
        assert_eq!((unseen.last_seen, unseen.gone), (START.0, None));

        let cut = Seen { complete: false, ..seen(&["m/1.json"], Vec::new()) };
        let (_, changes) = compare(book, cut, now);
        assert_eq!(told(&changes), [(Change::Gone, "a", 0), (Change::Unseen, "b", 0), (Change::Unseen, "c", 0)]);
    }

    #[test]
    fn a_new_name_is_no_new_finding_and_a_new_value_is_told() {
        let mut first = item("a", "m/1.json");
        first.value = Some("11111111".into());
        let (book, _) = compare(Book::default(), seen(&["m/1.json"], vec![first.clone()]), START);
        let renamed = Item { fingerprint: "z".into(), scenario: "Intake, new".into(), ..first.clone() };
        let (book, changes) = compare(book, seen(&["m/1.json"], vec![renamed.clone()]), START.plus(DAY));
        assert_eq!(told(&changes), [(Change::Open, "z", 0)]);
        let rotated = Item { value: Some("22222222".into()), ..renamed };
        let (_, changes) = compare(book, seen(&["m/1.json"], vec![rotated]), START.plus(DAY));
        assert_eq!(told(&changes), [(Change::Changed, "z", 0)]);
    }

    #[test]
    fn findings_with_one_fingerprint_are_counted_apart() {
        let twice = || vec![item("a", "m/1.json"), item("a", "m/1.json")];
        let (book, first) = compare(Book::default(), seen(&["m/1.json"], twice()), START);
        assert_eq!(told(&first), [(Change::New, "a", 0), (Change::New, "a", 0)]);
        let (_, second) = compare(book, seen(&["m/1.json"], vec![item("a", "m/1.json")]), START.plus(DAY));
        assert_eq!(told(&second), [(Change::Open, "a", 0), (Change::Gone, "a", 0)]);
    }
}
