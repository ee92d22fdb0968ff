//! Rotation of every kind of key while the gateway runs, and the end of keys that have served their time.
//!
//! A new version writes at once and the former one only reads. What follows differs by kind:
//!
//! | kind | stored data | the former version |
//! |---|---|---|
//! | epoch, index-outer | put under the new one, page by page | destroyed after the restore window, see [`due`] |
//! | token | stays | reads for as long as its records live |
//! | index-inner | stays: a new tag takes the value itself | reads; look-ups ask all versions |
//! | audit, authority, fingerprint | stays | reads, so that old entries verify |
//! | replay | stays | reads, so that repeats are still known |
//! | api-key | stays | destroyed when no key made under it stands |
//! | delivery | none | signs beside the new one until the next rotation |
//! | salt | none | destroyed at once |

use super::rewrap::{self, is_named, retired};
use super::{By, OpError, backup};
use crate::app::schedule::KeySchedule;
use crate::app::settle::TOKEN_MARGIN;
use crate::app::{App, LoadError};
use crate::files;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::PoisonError;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, hex};
use vestibule_store::{AppendLeaf, LeaseRecords};
use vestibule_vault::keystore::KeyState;
use vestibule_vault::rotation::{DRAW, RotationError, Usage};
use vestibule_vault::{Draw, KeyStore, Kind, Root};

/// Rotates one kind of key, or `all`.
pub fn rotate(app: &App, by: &By, kind: &str) -> Result<Value, OpError> {
    let _alone = app.rotating.lock().unwrap_or_else(PoisonError::into_inner);
    let kinds: Vec<Kind> = match kind {
        "all" => Kind::ALL.to_vec(),
        name => {
            let unknown = || OpError::new("cli.unknown_name", format!("there is no kind of key `{name}`"));
            vec![Kind::from_name(name).ok_or_else(unknown)?]
        }
    };
    let mut rotated = Vec::new();
    for kind in &kinds {
        let version = one(app, by, *kind)?;
        rotated.push(json!({ "kind": kind.as_str(), "version": version.0 }));
    }
    let moved = rewrap::all(app)?;
    let destroyed = destroy(app, by)?;
    Ok(json!({
        "rotated": rotated,
        "rows_moved": moved.rows,
        "rows_tampered": moved.tampered,
        "destroyed": destroyed,
        "erasure": erasure(app)?,
    }))
}

/// Makes a new version of one kind active and puts that on record.
fn one(app: &App, by: &By, kind: Kind) -> Result<KeyVersion, OpError> {
    let now = app.clock.now();
    let version = match kind {
        Kind::Token => new_token_version(app)?,
        _ => new_version(app, kind, now)?,
    };
    note(app, by, "key.rotate", kind, version)?;
    Ok(version)
}

/// Announces a new version, and makes it active once no work goes on that has never heard of it: such work would take
/// an event, a person or a value for new that somebody else has just written under the new version.
fn new_version(app: &App, kind: Kind, now: Timestamp) -> Result<KeyVersion, OpError> {
    let version = app.keeper.change(|keys| {
        // a rotation that was broken off has announced one already
        let announced = keys.versions(kind).find(|entry| entry.state() == KeyState::Announced).map(|entry| entry.version());
        match announced {
            Some(version) => Ok(version),
            None => keys.announce(kind, now, &mut Draw::new(DRAW)?),
        }
    })?;
    if !app.keeper.outlast() {
        let message = "requests at work have not ended in time; the new version is announced and the next try goes on with it";
        return Err(OpError::new("store.busy", message));
    }
    app.keeper.change(|keys| keys.activate(kind, version, now))?;
    Ok(version)
}

/// Opens a new version of the token key. The former one keeps the numbers that are out; the new one begins after a
/// margin, so that a number leased meanwhile belongs to exactly one of them.
fn new_token_version(app: &App) -> Result<KeyVersion, OpError> {
    let now = app.clock.now();
    let writer = app.writer_number;
    let first = app.writer.call(LeaseRecords { writer, count: 1 })?;
    let last = first.offset(u64::from(TOKEN_MARGIN)).ok_or(OpError::known("store.range"))?;
    let version = app.keeper.change(|keys| keys.open_new_token_version(&[last], now, &mut Draw::new(DRAW)?))?;
    // what is left of the margin is skipped: numbers leased from here on are the new key's
    app.writer.call(LeaseRecords { writer, count: TOKEN_MARGIN })?;
    Ok(version)
}

/// Puts the key store under the root key that stands in `file`.
pub fn root(app: &App, by: &By, file: &Path) -> Result<Value, OpError> {
    let unreadable = |error: std::io::Error| OpError::new("cli.file", format!("`{}`: {}", file.display(), files::why(&error)));
    if files::readable_by_others(file).map_err(unreadable)? {
        return Err(OpError::new("root.exposed", format!("others can read `{}`", file.display())));
    }
    let text = files::read(file).map_err(unreadable)?;
    let root = Root::parse(&text).map_err(LoadError::from)?;
    let id = hex(&root.id());
    if !app.keeper.change_root(root)? {
        return Err(OpError::new("root.same", format!("the key store already lies under the root key in `{}`", file.display())));
    }
    app.writer.call(AppendLeaf { leaf: by.leaf(app, "key.rotate_root", Mode::Live).to_bytes() })?;
    Ok(json!({ "root": id, "file": file }))
}

/// The periodic part: what is due rotates, rows follow, and keys that have served their time end.
pub fn due(app: &App) -> Result<(), LoadError> {
    let _alone = app.rotating.lock().unwrap_or_else(PoisonError::into_inner);
    let by = By::itself();
    let counted = |result: Result<(), OpError>| {
        if let Err(error) = result {
            app.counters_ended("keys", error.code);
        }
    };
    let now = app.clock.now();
    for kind in app.keeper.read(|keys| keys.due(now)) {
        counted(one(app, &by, kind).map(|_| ()));
    }
    counted(rewrap::all(app).and_then(|moved| match moved.tampered {
        0 => Ok(()),
        _ => Err(OpError::known("store.tampered")),
    }));
    counted(destroy(app, &by).map(|_| ()));
    let overdue = !app.keeper.read(|keys| keys.older_than(plan(app).erasure(), now)).is_empty();
    if overdue {
        app.counters_ended("keys", "rotation.overdue");
    }
    Ok(())
}

/// Where the promise stands that erased persons cannot be read from any backup after R days (P11).
pub fn erasure(app: &App) -> Result<Value, OpError> {
    let now = app.clock.now();
    let plan = plan(app);
    let overdue = app.keeper.read(|keys| keys.older_than(plan.erasure(), now));
    let waits: Vec<Value> = overdue
        .iter()
        .map(|(kind, version)| {
            let why = match is_named(app, *kind, *version) {
                Ok(true) => "rotation.still_named",
                _ if *kind == Kind::Epoch && !backup::covers(app, *version) => "rotation.no_checked_backup",
                _ => "rotation.overdue",
            };
            json!({ "kind": kind.as_str(), "version": version.0, "why": why })
        })
        .collect();
    Ok(json!({ "kept": waits.is_empty(), "days": plan.erasure_days, "overdue": waits }))
}

fn plan(app: &App) -> KeySchedule {
    app.key_schedule()
}

/// Ends every retired key that nothing needs any more, and forgets erasures that no backup can undo.
fn destroy(app: &App, by: &By) -> Result<Vec<Value>, OpError> {
    let now = app.clock.now();
    let window = plan(app).restore_window();
    let mut destroyed = Vec::new();
    for kind in [Kind::Epoch, Kind::IndexOuter, Kind::Salt, Kind::Delivery, Kind::ApiKey] {
        for version in retired(app, kind) {
            let usage = match kind {
                Kind::Epoch | Kind::IndexOuter => {
                    let since = retired_at(app, kind, version);
                    if since.is_none_or(|since| now.since(since) < window) || is_named(app, kind, version)? {
                        continue;
                    }
                    Usage { rows: 0, backup_checked: backup::covers(app, version) }
                }
                Kind::Delivery if version == newest_retired(app, kind) => continue,
                Kind::ApiKey => Usage { rows: keys_made_before(app, retired_at(app, kind, version))?, backup_checked: false },
                _ => Usage { rows: 0, backup_checked: false },
            };
            match app.keeper.change(|keys| keys.destroy(kind, version, usage, now)) {
                Ok(()) => {
                    note(app, by, "key.destroy", kind, version)?;
                    destroyed.push(json!({ "kind": kind.as_str(), "version": version.0 }));
                }
                // it stays until the next round; what that means for erasures, `erasure` says
                Err(LoadError::Rotation(RotationError::StillNamed(_) | RotationError::NoCheckedBackup)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    forget_erasures(app)?;
    Ok(destroyed)
}

/// An erasure is undone only by a backup whose keys still exist, and none of those is older than the oldest epoch key.
fn forget_erasures(app: &App) -> Result<(), OpError> {
    let oldest = |keys: &KeyStore| {
        let live = keys.versions(Kind::Epoch).filter(|entry| entry.state() != KeyState::Destroyed);
        live.map(|entry| entry.created()).min()
    };
    let stale = app.keeper.read(|keys| oldest(keys).filter(|oldest| keys.erased().iter().any(|(_, at)| at < oldest)));
    if let Some(oldest) = stale {
        app.keeper.change(|keys| Ok::<_, RotationError>(keys.forget_erased(oldest)))?;
    }
    Ok(())
}

fn retired_at(app: &App, kind: Kind, version: KeyVersion) -> Option<Timestamp> {
    app.keeper.read(|keys| keys.versions(kind).find(|entry| entry.version() == version).and_then(|entry| entry.retired()))
}

fn newest_retired(app: &App, kind: Kind) -> KeyVersion {
    retired(app, kind).into_iter().max().unwrap_or(KeyVersion(0))
}

/// How many keys that stand were made while a pepper was in use.
fn keys_made_before(app: &App, retired: Option<Timestamp>) -> Result<u64, OpError> {
    let now = app.clock.now();
    let rows = app.sealed_keys()?;
    let stands = rows.iter().filter(|row| row.revoked.is_none() && now < row.expires);
    Ok(stands.filter(|row| retired.is_none_or(|at| row.created <= at)).count() as u64)
}

fn note(app: &App, by: &By, action: &str, kind: Kind, version: KeyVersion) -> Result<(), OpError> {
    let mut leaf = by.leaf(app, action, Mode::Live);
    leaf.fields = vec![format!("{kind}-{}", version.0).into()];
    app.writer.call(AppendLeaf { leaf: leaf.to_bytes() })?;
    Ok(())
}

#[cfg(test)]
mod tests;
