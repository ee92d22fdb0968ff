//! `vestibule scan --account NAME [--save | --forget]`: what a platform holds now, and what has changed since the last time.
//!
//! Without `--save` no gateway is needed, only the part of the configuration that names the account. With it the result is kept in the
//! store, beside a running server or without one; no value is kept, only its mark.

use std::path::Path;

use serde_json::Value;
use vestibule_core::clock::Timestamp;
use vestibule_scan::output::{Notice, Report};
use vestibule_scan::{Coverage, Settings};
use vestibule_vault::mark::Marker;

use super::super::failure::{Failure, USAGE};
use super::super::{progress, session};
use super::{ScanArgs, with_unread};
use crate::config::{self, Config, ScanAccount};
use crate::ops::Op;
use crate::scan::live::{self, How};
use crate::scan::run::{self, Outcome, Wanted};
use crate::scan::saved;
use crate::system::SystemClock;

/// Changes that are named one by one.
const MOST_NAMED: usize = 20;

/// An account to be audited.
pub(super) struct Account {
    account: ScanAccount,
    /// The whole configuration, where the result is kept.
    store: Option<Config>,
}

impl Account {
    /// Finds the account in the configuration.
    pub(super) fn open(name: &str, args: &ScanArgs, now: Timestamp) -> Result<Account, Failure> {
        let refused = |error: live::LiveError| Failure::new(error.code(), error.to_string());
        if args.save {
            let config = session::load(&args.config)?;
            let account = live::find(&config.accounts, name).map_err(refused)?.clone();
            return Ok(Account { account, store: Some(config) });
        }
        let accounts = accounts(&args.config, now)?;
        let account = live::find(&accounts, name).map_err(refused)?.clone();
        Ok(Account { account, store: None })
    }

    /// What marks values, where marks are kept with the result.
    pub(super) fn marker(&self) -> Result<Option<Marker>, Failure> {
        let Some(config) = &self.store else { return Ok(None) };
        session::marker(config).map(Some)
    }

    /// Reads the account, scans what it holds and, where that is asked for, keeps it.
    pub(super) fn audit(&self, settings: &Settings<'_>, wanted: Wanted<'_>, report: &mut Report) -> Result<Outcome, Failure> {
        let (mut results, mut scenarios) = (Vec::new(), Vec::new());
        let fetched = progress::while_waiting(|| {
            live::fetch(&self.account, &How::ordinary(&SystemClock), &mut |file| {
                results.push(run::one(&file.name, &file.bytes, settings, wanted));
                scenarios.push(saved::drift::Scenario::of(&file));
            })
        });
        let fetched = fetched.map_err(|error| Failure::new(error.code(), error.to_string()))?;
        report.notices.extend(fetched.notes.iter().map(|note| Notice::new("account", note.clone())));
        let outcome = run::merged(results);
        if let Some(config) = &self.store {
            let order = saved::Save::of(&fetched, scenarios, &outcome.findings);
            report.drift = session::carry_out(config, Op::ScanSave(order))?;
            report.notices.extend(drift(&report.drift));
        }
        let unread = |(file, why): &(String, String)| {
            let (file, error) = (file.clone(), Some(why.clone()));
            Coverage { file, platform: fetched.platform, error, ..Coverage::default() }
        };
        Ok(with_unread(outcome, fetched.unread.iter().map(unread).collect()))
    }
}

/// Erases what the store keeps of an account, also of one that is no longer configured.
pub(super) fn forget(account: &str, config: &Path) -> Result<Value, Failure> {
    let config = session::load(config)?;
    session::carry_out(&config, Op::ScanForget { account: account.to_owned() })
}

fn accounts(file: &Path, now: Timestamp) -> Result<Vec<ScanAccount>, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new("cli.file", format!("`{}` cannot be read: {}", file.display(), error.kind()));
    let text = String::from_utf8(crate::files::read(file).map_err(unreadable)?.to_vec());
    let text = text.map_err(|_| unreadable(std::io::ErrorKind::InvalidData.into()))?;
    match config::load_accounts(&text, &file.display().to_string(), now) {
        Ok((accounts, _)) => Ok(accounts),
        Err(report) => {
            session::tell(&report);
            Err(Failure::told(USAGE))
        }
    }
}

/// What has changed, in sentences.
fn drift(drift: &Value) -> Vec<Notice> {
    let list = |name: &str| drift.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let before = text(drift, "before");
    if before.is_empty() {
        return vec![Notice::new(
            "drift",
            "this is the first audit of the account that is kept; the next one says what has changed",
        )];
    }
    let [new, gone, open, unseen] = ["new", "gone", "open", "unseen"].map(list);
    let oldest = open.iter().map(|entry| text(entry, "first_seen")).min();
    let since = oldest.map_or(String::new(), |oldest| format!(", the oldest since {}", day(&oldest)));
    let mut line = format!("since {}: {} new, {} gone, {} still open{since}", day(&before), new.len(), gone.len(), open.len());
    if !unseen.is_empty() {
        line += &format!(", {} in scenarios that could not be read this time", unseen.len());
    }
    let mut notices = vec![Notice::new("drift", line)];
    for (word, entries) in [("new", new), ("gone", gone)] {
        for entry in entries.iter().take(MOST_NAMED) {
            let (check, step, scenario) = (text(entry, "check"), text(entry, "step"), text(entry, "scenario"));
            notices.push(Notice::new("drift", format!("{word}: {check} at “{step}” in “{scenario}”")));
        }
        if entries.len() > MOST_NAMED {
            notices.push(Notice::new("drift", format!("{word}: {} more, which `--json` lists", entries.len() - MOST_NAMED)));
        }
    }
    notices
}

/// The day of a moment such as `2026-11-22T10:15:30Z`.
fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_told_in_sentences() {
        assert!(drift(&json!({ "before": null, "new": [] }))[0].message.starts_with("this is the first audit"));
        let entry = |step: &str| json!({ "check": "cleartext-http", "step": step, "scenario": "Intake", "first_seen": "2026-09-01T00:00:00Z" });
        let many: Vec<Value> = (0..25).map(|at| entry(&at.to_string())).collect();
        let told = drift(
            &json!({ "before": "2026-10-01T08:00:00Z", "new": many, "gone": [entry("Fetch")], "open": [entry("x")], "unseen": [] }),
        );
        assert_eq!(told[0].message, "since 2026-10-01: 25 new, 1 gone, 1 still open, the oldest since 2026-09-01");
        assert_eq!(told[21].message, "new: 5 more, which `--json` lists");
        assert_eq!(told[22].message, "gone: cleartext-http at “Fetch” in “Intake”");
    }
}
