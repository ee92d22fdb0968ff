//! Checks the whole log: every leaf, its chain, the origins, the head in the key store and a head kept outside.
//!
//! Read from the first leaf to the last, so a finding names the first broken place. What this cannot see is a log cut
//! back further than any head that was kept: that is what heads outside are for.

use super::OpError;
use super::gap::ACCEPTED;
use crate::app::App;
use crate::system;
use serde_json::{Value, json};
use vestibule_core::audit::{Head, Leaf};
use vestibule_store::{LeafRow, OriginRow, Reader};
use vestibule_vault::Keyring;

/// Leaves read in one step.
const PAGE: i64 = 1000;
/// The action of a leaf that opens an origin.
const ORIGIN: &str = "log.origin";
/// The action of a leaf that says a backup was restored. It opens a new origin if the database was behind.
pub(super) const RESTORED: &str = "backup.restore";

/// Verifies the log. `ok` of the answer says how it went.
pub fn verify(app: &App, since: Option<&str>) -> Result<Value, OpError> {
    let since: Option<Head> = match since {
        None => None,
        Some(text) => Some(
            text.parse().map_err(|error: vestibule_core::audit::HeadError| OpError::new("cli.argument", error.to_string()))?,
        ),
    };
    let known = app.keeper.read(|keys| keys.head().copied());
    let known = known.map(|head| Head { origin: head.origin, size: head.size, mac: head.mac });
    let reader = app.store.reader()?;
    let report = read(&reader, &app.keeper.keyring(), known, since)?;
    Ok(report.json())
}

/// What a check of the log found.
pub struct Report {
    /// Leaves before the first one with which something is wrong.
    pub size: i64,
    /// The newest of them as a head.
    pub head: Option<Head>,
    /// What is wrong: the number of a leaf and words.
    pub findings: Vec<(i64, String)>,
    origins: Vec<OriginRow>,
    gaps: Vec<Value>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    fn json(&self) -> Value {
        let findings = self.findings.iter();
        let findings: Vec<Value> =
            findings.map(|(leaf, message)| json!({ "code": "log.broken", "leaf": leaf, "message": message })).collect();
        let origins = self.origins.iter();
        let origins: Vec<Value> =
            origins.map(|origin| json!({ "first": origin.first, "opened": system::display(origin.created) })).collect();
        json!({
            "ok": self.is_whole(),
            "size": self.size,
            "head": self.head.map(|head| head.to_string()),
            "findings": findings,
            "origins": origins,
            "gaps": self.gaps,
        })
    }
}

/// Checks a log against the head that the key store knows and one that was kept outside.
pub fn read(reader: &Reader, keyring: &Keyring, known: Option<Head>, since: Option<Head>) -> Result<Report, OpError> {
    // a running gateway goes on writing: what comes behind this leaf is for the next check
    let end = reader.head()?.seq;
    let origins: Vec<OriginRow> = reader.origins()?.into_iter().filter(|origin| origin.first <= end).collect();
    let mut chain = Chain::new(keyring, known.into_iter().chain(since).map(|head| head.size).collect());
    let broken = 'pages: loop {
        if chain.next > end {
            break None;
        }
        let page = reader.leaves(chain.next, chain.next.saturating_add(PAGE - 1).min(end))?;
        if page.is_empty() {
            break Some((chain.next, "the leaf is missing".to_owned()));
        }
        for row in &page {
            if let Err(why) = chain.step(row) {
                break 'pages Some((chain.next, why.to_owned()));
            }
        }
    };
    let mut findings: Vec<(i64, String)> = broken.into_iter().collect();
    let whole = findings.is_empty();
    if whole && origins.iter().map(|origin| origin.first).ne(chain.origins.iter().copied()) {
        findings.push((0, "the list of origins does not fit the leaves that open them".to_owned()));
    }
    let size = chain.next - 1;
    // a head of another gateway says nothing about this log; of what the key store knows, an older copy may lack the origin
    let foreign = since.filter(|head| origins.iter().all(|origin| origin.id != head.origin));
    if foreign.is_some() {
        findings
            .push((0, "the head that was given is of another log, or of an origin that this copy of the log lacks".to_owned()));
    }
    let since = since.filter(|_| foreign.is_none());
    for (what, head) in [("the key store", known), ("the head that was given", since)] {
        let Some(head) = head.filter(|head| head.size > 0) else { continue };
        let at = i64::try_from(head.size).unwrap_or(i64::MAX);
        let mac = chain.marks.iter().find(|(size, _)| *size == head.size).and_then(|(_, mac)| *mac);
        let why = match mac {
            None if at > size && whole => format!("the log ends before {what}: {size} leaves instead of {at}"),
            None => continue,
            Some(mac) if mac != head.mac => format!("the leaf is not the one that {what} knows"),
            Some(_) if origin_at(&origins, at) != Some(head.origin) => format!("{what} knows another origin of the log"),
            Some(_) => continue,
        };
        findings.push((at.min(size + 1), why));
    }
    let head = origin_at(&origins, size).filter(|_| size > 0);
    let head = head.map(|origin| Head { origin, size: u64::try_from(size).unwrap_or(0), mac: chain.previous });
    let first = findings.iter().map(|(leaf, _)| *leaf).min();
    let size = first.map_or(size, |leaf| size.min(leaf - 1).max(0));
    Ok(Report { size, head, findings, origins, gaps: chain.gaps })
}

fn origin_at(origins: &[OriginRow], leaf: i64) -> Option<[u8; 16]> {
    origins.iter().rfind(|origin| origin.first <= leaf).map(|origin| origin.id)
}

/// The check as it goes from leaf to leaf.
struct Chain<'a> {
    keyring: &'a Keyring,
    next: i64,
    previous: [u8; 32],
    /// Leaves that open an origin.
    origins: Vec<i64>,
    /// Where somebody has put another database in the place of the newest one.
    gaps: Vec<Value>,
    /// Sizes asked for, and the MAC found there.
    marks: Vec<(u64, Option<[u8; 32]>)>,
}

impl<'a> Chain<'a> {
    fn new(keyring: &'a Keyring, sizes: Vec<u64>) -> Chain<'a> {
        let marks = sizes.into_iter().map(|size| (size, None)).collect();
        Chain { keyring, next: 1, previous: [0; 32], origins: Vec::new(), gaps: Vec::new(), marks }
    }

    fn step(&mut self, row: &LeafRow) -> Result<(), &'static str> {
        if row.seq != self.next {
            return Err("the leaf is missing");
        }
        if !self.keyring.leaf_mac_verify(&self.previous, &row.leaf, &row.mac) {
            return Err("the leaf, or its place, was changed");
        }
        let leaf = Leaf::from_bytes(&row.leaf).map_err(|_| "the leaf is of a form this version does not know")?;
        match &*leaf.action {
            ORIGIN => self.origins.push(row.seq),
            // a restored backup that was not behind lost no leaf
            ACCEPTED | RESTORED if leaf.refers > 0 => {
                self.origins.push(row.seq);
                self.gaps.push(json!({
                    "leaf": row.seq,
                    "at": system::display(leaf.at),
                    "by": leaf.actor.to_string(),
                    "action": leaf.action,
                    "first": row.seq.min(leaf.refers),
                    "last": leaf.refers,
                }));
            }
            _ => {}
        }
        for (size, mac) in &mut self.marks {
            if u64::try_from(row.seq) == Ok(*size) {
                *mac = Some(row.mac);
            }
        }
        self.previous = row.mac;
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::World;

    /// The first place at which these leaves break, as a check over the database would name it.
    fn first_break(world: &World, rows: &[LeafRow]) -> Option<i64> {
        let keyring = world.app.keeper.keyring();
        let mut chain = Chain::new(&keyring, Vec::new());
        rows.iter().find_map(|row| chain.step(row).err().map(|_| chain.next))
    }

    fn rows(world: &World) -> Vec<LeafRow> {
        world.accept("anna@example.com");
        world.accept("bert@example.com");
        world.accept("cleo@example.com");
        let reader = world.app.store.reader().unwrap();
        reader.leaves(1, reader.head().unwrap().seq).unwrap()
    }

    #[test]
    fn edited_dropped_and_reordered_leaves_are_named() {
        let world = World::new();
        let rows = rows(&world);
        assert!(rows.len() >= 5);
        assert_eq!(first_break(&world, &rows), None);
        for at in 0..rows.len() {
            let named = Some(at as i64 + 1);
            for byte in 0..rows[at].leaf.len() {
                let mut edited = rows.clone();
                edited[at].leaf[byte] ^= 1;
                assert_eq!(first_break(&world, &edited), named);
            }
            let mut edited = rows.clone();
            edited[at].mac[31] ^= 1;
            assert_eq!(first_break(&world, &edited), named);
            if at + 1 < rows.len() {
                let mut dropped = rows.clone();
                dropped.remove(at);
                assert_eq!(first_break(&world, &dropped), named);
                // numbers put right again do not help
                dropped.iter_mut().zip(1..).for_each(|(row, seq)| row.seq = seq);
                assert_eq!(first_break(&world, &dropped), named);
                let mut swapped = rows.clone();
                swapped.swap(at, at + 1);
                swapped.iter_mut().zip(1..).for_each(|(row, seq)| row.seq = seq);
                assert_eq!(first_break(&world, &swapped), named);
            }
        }
    }

    #[test]
    fn bytes_changed_in_the_file_are_found() {
        let world = World::new();
        let rows = rows(&world);
        let target = rows[rows.len() - 2].clone();
        let world = world.edit_database(|bytes| {
            let at = bytes.windows(target.leaf.len()).position(|window| window == target.leaf).unwrap();
            bytes[at + 20] ^= 1;
        });
        let report = verify(&world.app, None).unwrap();
        assert_eq!((&report["ok"], &report["findings"][0]["leaf"]), (&false.into(), &target.seq.into()));
    }

    #[test]
    fn a_log_cut_back_is_found_by_the_key_store_and_by_a_head_kept_outside() {
        let world = World::new();
        let short = world.copy_database();
        rows(&world);
        let kept = verify(&world.app, None).unwrap();
        assert_eq!(kept["ok"], true, "{kept}");
        let head = kept["head"].as_str().unwrap().to_owned();
        assert_eq!(verify(&world.app, Some(&head)).unwrap()["ok"], true);
        // as happens each minute
        world.app.save_head().unwrap();
        let (closed, error) = world.close().put_database(&short).refused();
        assert_eq!(error.code(), "log.behind_key_store");
        let found = verify(&closed.look(), Some(&head)).unwrap();
        assert_eq!((&found["ok"], found["findings"].as_array().unwrap().len()), (&false.into(), 2), "{found}");
        // what was accepted on the machine is told; a head kept outside still finds it
        closed.accept_gap().unwrap();
        let world = closed.open().unwrap();
        assert_eq!(verify(&world.app, None).unwrap()["ok"], true);
        let since = verify(&world.app, Some(&head)).unwrap();
        assert_eq!((&since["ok"], since["findings"].as_array().unwrap().len()), (&false.into(), 1), "{since}");
        assert_eq!(verify(&world.app, Some("vh1-x")).unwrap_err().code, "cli.argument");
    }

    #[test]
    fn a_head_of_another_gateway_is_told_apart() {
        let (one, other) = (World::new(), World::new());
        rows(&one);
        rows(&other);
        let head = verify(&other.app, None).unwrap()["head"].as_str().unwrap().to_owned();
        let since = verify(&one.app, Some(&head)).unwrap();
        assert_eq!((&since["ok"], since["findings"].as_array().unwrap().len()), (&false.into(), 1), "{since}");
        assert!(since["findings"][0]["message"].as_str().unwrap().contains("of another log"), "{since}");
    }
}
