//! Audits that are kept: what was found in an account, compared with the audit before.
//!
//! [`run`] is the whole of it, for a job: fetch, audit, save, drift. A command that has audited already, and shows what it
//! found, calls [`save`], beside a running server through [`crate::ops::Op::ScanSave`]. No value of a finding is kept, only
//! its keyed mark. Names, places and owners are sealed under the key of a pending subject of the account's own, so they lapse
//! a year after the newest audit and can be erased before ([`forget`]); docs/decisions/0009-saved-audits.md says why.

pub mod drift;

use crate::app::{App, LoadError, subject};
use crate::config::ScanAccount;
use crate::ops::{By, OpError};
use crate::scan::live::{self, AccountFile, Fetched, How, LiveError};
use crate::system;
use drift::{Book, Change, Item, Kept, Scenario, Seen};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule_core::audit::Direction;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{Mode, Scope};
use vestibule_scan::{Finding, Settings};
use vestibule_store::{EraseSubjects, NewSubjectRow, SaveScan, ScanSaved, StoreError, SubjectData, SubjectUse};
use vestibule_vault::body::{self, BodyPurpose};
use vestibule_vault::mark::Marker;
use vestibule_vault::{Draw, Keyring, SubjectKey, VaultError, subject as vault_subject};

/// Findings of one account that are kept.
const MOST: usize = 20_000;
/// How long an account's audits are kept after the newest one.
const KEPT: Span = Span::days(365);
/// Times that a result is compared again because another one was saved meanwhile.
const TRIES: usize = 3;

/// A result to be saved. It is the wire format between a command and a server of the same version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Save {
    /// The account's name in the configuration.
    pub account: String,
    /// The host it was read from.
    pub host: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
}

/// What has changed since the audit before.
#[derive(Clone, Debug)]
pub struct Drift {
    /// The account's name.
    pub account: String,
    /// The host it was read from.
    pub host: String,
    /// Which saved audit this is, from 1.
    pub run: i64,
    /// When it was saved.
    pub saved: Timestamp,
    /// When the one before was saved.
    pub before: Option<Timestamp>,
    /// Every finding with what became of it.
    pub changes: Vec<(Change, Kept)>,
    /// What could not be seen of the account, in sentences; filled in by [`run`].
    pub notes: Vec<String>,
}

/// What is kept of one account.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The account's name.
    pub account: String,
    /// Which audit saved it.
    pub run: i64,
    /// When.
    pub saved: Timestamp,
    /// Scenarios and findings.
    pub book: Book,
}

/// What remedies and checks need to know besides the account.
pub struct Preferences<'p> {
    /// Where the gateway is, such as `https://gate.example.com`.
    pub gateway: &'p str,
    /// Platform zones the owner allows; empty: any in the European Union.
    pub zones: &'p [String],
}

/// Why an account was not audited and saved.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not be read.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// It could not be saved.
    #[error(transparent)]
    Save(#[from] OpError),
}

impl RunError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            RunError::Live(error) => error.code(),
            RunError::Save(error) => error.code,
        }
    }
}

/// Reads an account, audits it, saves the result and tells what has changed. For a thread that may block; see [`live::fetch`].
///
/// # Errors
/// [`RunError`], with nothing saved.
pub fn run(app: &App, by: &By, account: &ScanAccount, how: &How<'_>, preferences: &Preferences<'_>) -> Result<Drift, RunError> {
    let marker = marker(app);
    let mark = |value: &str| marker.mark(value);
    let today = day(app.clock.now());
    let settings = Settings { mark: &mark, today, gateway: preferences.gateway, zones: preferences.zones };
    let (mut findings, mut seen, mut scenarios) = (Vec::new(), Vec::new(), Vec::new());
    let fetched = live::fetch(account, how, &mut |file: AccountFile| {
        let scanned = vestibule_scan::scan(&file.name, &file.bytes, &settings, &mut ());
        findings.extend(scanned.findings);
        seen.extend(scanned.seen);
        scenarios.push(Scenario::of(&file));
    })?;
    findings.extend(vestibule_scan::across(&seen));
    let drift = save(app, by, &Save::of(&fetched, scenarios, &findings))?;
    let unread = fetched.unread.iter().map(|(file, why)| format!("{file}: {why}"));
    Ok(Drift { notes: fetched.notes.iter().cloned().chain(unread).collect(), ..drift })
}

/// What marks values, the same in all audits of this gateway.
pub fn marker(app: &App) -> Marker {
    app.keeper.keyring().scan_marker()
}

/// Saves a result in the place of the one before and tells what has changed.
///
/// # Errors
/// [`OpError`], with nothing saved.
pub fn save(app: &App, by: &By, order: &Save) -> Result<Drift, OpError> {
    if order.seen.findings.len() > MOST || order.seen.scenarios.len() > live::MOST_SCENARIOS * 2 {
        return Err(OpError::known("scan.too_many"));
    }
    for _ in 0..TRIES {
        let keyring = app.keeper.keyring();
        let before = load(app, &keyring, &order.account)?;
        let now = app.clock.now();
        let until = now.plus(KEPT);
        let (owner, key) = match &before.key {
            Some((data, key)) => (SubjectUse::Existing { row: data.row, number: data.number }, Ok(key)),
            None => {
                let (row, key) = new_subject(&keyring, until)?;
                (SubjectUse::New(row), Err(key))
            }
        };
        let key = key.as_ref().map_or_else(|key| key, |key| *key);
        let (book, changes) = drift::compare(before.book, order.seen.clone(), now);
        let job = SaveScan {
            now,
            account: order.account.clone(),
            after: before.run,
            subject: owner,
            until,
            sealed: seal(&keyring, key, &order.account, &book)?,
            leaf: leaf(app, by, order, &changes),
        };
        match app.writer.call(job)? {
            ScanSaved::Saved { run } => {
                let (account, host) = (order.account.clone(), order.host.clone());
                return Ok(Drift { account, host, run, saved: now, before: before.saved, changes, notes: Vec::new() });
            }
            ScanSaved::Stale => {}
        }
    }
    Err(OpError::known("store.busy"))
}

/// What is kept of every account, or of one.
///
/// # Errors
/// [`OpError`]; no such account, or what is kept does not open.
pub fn saved(app: &App, account: Option<&str>) -> Result<Vec<Saved>, OpError> {
    let keyring = app.keeper.keyring();
    let names = match account {
        Some(name) => vec![name.to_owned()],
        None => app.store.reader()?.scan_accounts()?,
    };
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let kept = load(app, &keyring, &name)?;
        match kept.saved {
            Some(saved) => all.push(Saved { account: name, run: kept.run, saved, book: kept.book }),
            None if account.is_some() => {
                return Err(OpError::new("scan.unknown_account", format!("no audit of an account `{name}` was saved")));
            }
            None => {}
        }
    }
    Ok(all)
}

/// What belongs to a person, in all accounts or in one, for when somebody leaves: scenarios whose owner has this mail
/// address, name or number, and what is open in them. Letters are compared without regard to case.
///
/// # Errors
/// As [`saved`].
pub fn of_owner(app: &App, account: Option<&str>, person: &str) -> Result<Vec<Saved>, OpError> {
    let mut all = saved(app, account)?;
    for kept in &mut all {
        let is_theirs =
            |owner: &Option<String>| owner.as_deref().is_some_and(|owner| owner.to_lowercase() == person.to_lowercase());
        kept.book.scenarios.retain(|scenario| is_theirs(&scenario.owner));
        let files: Vec<&str> = kept.book.scenarios.iter().map(|scenario| scenario.file.as_str()).collect();
        kept.book.findings.retain(|finding| finding.gone.is_none() && files.contains(&finding.item.file.as_str()));
    }
    all.retain(|kept| !kept.book.scenarios.is_empty());
    Ok(all)
}

/// Erases what is kept of an account; from the answer on it opens nowhere, nor after a restore.
///
/// # Errors
/// [`OpError`]; nothing is kept of such an account.
pub fn forget(app: &App, by: &By, account: &str) -> Result<Value, OpError> {
    let row = app.store.reader()?.scan(account)?;
    let data = row.map(|row| app.store.reader()?.subject(row.subject)).transpose()?.flatten();
    let data =
        data.ok_or_else(|| OpError::new("scan.unknown_account", format!("no audit of an account `{account}` was saved")))?;
    let now = app.clock.now();
    // the erasure list first, as for a person: the next start finishes what a crash has cut off
    app.keeper.change(|keys| {
        keys.erase(data.number, now);
        Ok::<_, VaultError>(())
    })?;
    let mut leaf = by.leaf(app, "scan.forget", Mode::Live);
    leaf.route = account.into();
    let job = EraseSubjects { now, subjects: vec![(data.row, data.number, leaf.to_bytes())], only_lapsed: false };
    let scrubbed = match app.writer.call(job) {
        Ok(_) => true,
        Err(StoreError::NotScrubbed) => false,
        Err(error) => return Err(error.into()),
    };
    app.save_head()?;
    Ok(json!({ "account": account, "forgotten": true, "scrubbed": scrubbed }))
}

impl Scenario {
    /// What is kept of a fetched file.
    pub fn of(file: &AccountFile) -> Scenario {
        Scenario { file: file.name.clone(), name: file.scenario.clone(), owner: file.owner.clone() }
    }
}

impl Save {
    /// The result of an audit of what was fetched.
    pub fn of(fetched: &Fetched, scenarios: Vec<Scenario>, findings: &[Finding]) -> Save {
        let seen = Seen {
            scenarios,
            findings: findings.iter().map(item).collect(),
            unread: fetched.unread.iter().map(|(file, _)| file.clone()).collect(),
            complete: fetched.complete,
        };
        Save { account: fetched.account.clone(), host: fetched.host.clone(), seen }
    }
}

impl Drift {
    /// Findings of which this became, the worst first.
    pub fn of(&self, change: Change) -> Vec<&Kept> {
        let rank = |kept: &Kept| SEVERITIES.iter().position(|name| *name == kept.item.severity);
        let mut kept: Vec<&Kept> = self.changes.iter().filter(|(this, _)| *this == change).map(|(_, kept)| kept).collect();
        kept.sort_by_key(|kept| rank(kept));
        kept
    }

    /// As JSON, without values. `new` holds what came back too, `open` what has another value now.
    pub fn json(&self) -> Value {
        let list = |changes: &[Change]| -> Vec<Value> {
            changes.iter().flat_map(|change| self.of(*change).into_iter().map(|kept| shown(kept, Some(*change)))).collect()
        };
        json!({
            "account": self.account,
            "host": self.host,
            "run": self.run,
            "saved": system::display(self.saved),
            "before": self.before.map(system::display),
            "new": list(&[Change::New, Change::Back]),
            "gone": list(&[Change::Gone]),
            "open": list(&[Change::Changed, Change::Open]),
            "unseen": list(&[Change::Unseen]),
            "notes": self.notes,
        })
    }
}

impl Saved {
    /// As JSON, without values.
    pub fn json(&self) -> Value {
        json!({
            "account": self.account,
            "run": self.run,
            "saved": system::display(self.saved),
            "scenarios": self.book.scenarios,
            "findings": self.book.findings.iter().map(|kept| shown(kept, None)).collect::<Vec<_>>(),
        })
    }
}

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

fn shown(kept: &Kept, change: Option<Change>) -> Value {
    let mut value = json!(kept.item);
    if let Value::Object(members) = &mut value {
        members.insert("first_seen".into(), system::display(Timestamp(kept.first_seen)).into());
        members.insert("last_seen".into(), system::display(Timestamp(kept.last_seen)).into());
        if let Some(gone) = kept.gone {
            members.insert("gone".into(), system::display(Timestamp(gone)).into());
        }
        if let Some(change) = change {
            members.insert("change".into(), json!(change));
        }
    }
    value
}

fn item(finding: &Finding) -> Item {
    Item {
        check: finding.check.to_owned(),
        severity: json!(finding.severity).as_str().unwrap_or_default().to_owned(),
        fingerprint: finding.fingerprint.clone(),
        value: finding.value.clone(),
        scenario: finding.scenario.clone(),
        step: finding.step.clone(),
        file: finding.file.clone(),
        pointer: finding.pointer.clone(),
    }
}

/// What was kept before, opened.
#[derive(Default)]
struct Before {
    run: i64,
    saved: Option<Timestamp>,
    key: Option<(SubjectData, SubjectKey)>,
    book: Book,
}

fn load(app: &App, keyring: &Keyring, account: &str) -> Result<Before, OpError> {
    let reader = app.store.reader()?;
    let Some(row) = reader.scan(account)? else { return Ok(Before::default()) };
    let data = reader.subject(row.subject)?.ok_or_else(|| OpError::known("store.tampered"))?;
    let key = subject::unwrap(keyring, &data).map_err(|error| OpError::known(error.code()))?;
    let plain = keyring.open_body(&key, BodyPurpose::Scan, account.as_bytes(), &row.sealed)?;
    let book = serde_json::from_slice(&plain).map_err(|_| OpError::known("store.newer_schema"))?;
    Ok(Before { run: row.run, saved: Some(row.saved), key: Some((data, key)), book })
}

fn seal(keyring: &Keyring, key: &SubjectKey, account: &str, book: &Book) -> Result<Vec<u8>, OpError> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(book).map_err(|_| OpError::known("internal.lost"))?);
    Ok(keyring.seal_body(key, BodyPurpose::Scan, account.as_bytes(), &plain, &mut Draw::new(body::DRAW)?)?)
}

/// A subject whom nobody can name, for the key that an account's audits are sealed under.
fn new_subject(keyring: &Keyring, until: Timestamp) -> Result<(NewSubjectRow, SubjectKey), OpError> {
    let new = keyring.create_subject(Scope::of(Mode::Live), &mut Draw::new(vault_subject::CREATE_DRAW)?)?;
    let row = NewSubjectRow {
        number: new.number,
        mode: Mode::Live,
        realm: String::new(),
        dek_id: new.dek_id,
        epoch: new.wrapped.epoch,
        wrapped: new.wrapped.bytes,
        sealed_pseudonym: new.sealed_pseudonym,
        pending_until: Some(until),
    };
    Ok((row, new.key))
}

/// Who saved an audit of which account from which host, and how much stands open: no name of anything found.
fn leaf(app: &App, by: &By, order: &Save, changes: &[(Change, Kept)]) -> Vec<u8> {
    let mut leaf = by.leaf(app, "scan.saved", Mode::Live);
    leaf.route = order.account.as_str().into();
    leaf.host = order.host.as_str().into();
    leaf.direction = Direction::In;
    let open = changes.iter().filter(|(change, _)| !matches!(change, Change::Gone)).count();
    leaf.others = u32::try_from(open).unwrap_or(u32::MAX);
    leaf.to_bytes()
}

fn day(now: Timestamp) -> jiff::civil::Date {
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl From<LoadError> for RunError {
    fn from(error: LoadError) -> RunError {
        RunError::Save(error.into())
    }
}
