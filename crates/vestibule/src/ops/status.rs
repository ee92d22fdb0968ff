//! How the gateway is: counts, what waits, why senders are refused, which keys end soon, how old each key is.
//!
//! Strangers learn nothing from their answer; here the owner sees which check failed, and what to do about it.

use super::{OpError, backup, keys, rotate};
use crate::app::App;
use crate::system;
use serde_json::{Value, json};
use vestibule_core::audit::Head;
use vestibule_core::clock::Span;
use vestibule_core::problem;
use vestibule_vault::Kind;
use vestibule_vault::keystore::KeyState;

/// Keys that end within this time are named.
const SOON: Span = Span::days(30);

/// Everything `vestibule status` shows.
pub fn status(app: &App) -> Result<Value, OpError> {
    let now = app.clock.now();
    let reader = app.store.reader()?;
    let counts = reader.counts()?;
    let head = reader.head()?;
    let deliveries: serde_json::Map<String, Value> =
        counts.deliveries.iter().map(|(state, count)| (state.as_str().to_owned(), (*count).into())).collect();
    let ending: Vec<Value> = reader
        .keys()?
        .iter()
        .filter(|row| row.revoked.is_none() && row.expires <= now.plus(SOON))
        .map(|row| keys::entry(row, now))
        .collect();
    let paused: Vec<Value> = reader
        .disabled_routes()?
        .into_iter()
        .map(|(route, since, why)| json!({ "route": route, "since": system::display(since), "why": why }))
        .collect();
    let routes = app.routes();
    let mut inbound: Vec<&str> = routes.inbound.values().map(|route| route.name.as_str()).collect();
    let mut outbound: Vec<&str> = routes.outbound.keys().map(String::as_str).collect();
    let mut workflows: Vec<&str> = routes.workflows.keys().map(String::as_str).collect();
    inbound.sort_unstable();
    outbound.sort_unstable();
    workflows.sort_unstable();
    let head = head.origin.map(|origin| Head { origin, size: u64::try_from(head.seq).unwrap_or(0), mac: head.mac }.to_string());
    // what is counted in memory, only a gateway that serves can tell
    let serves = !app.only_looks;
    Ok(json!({
        "running": serves,
        "since": serves.then(|| system::display(app.started())),
        "now": system::display(now),
        "routes": { "in": inbound, "out": outbound, "workflows": workflows, "paused": paused },
        "counts": {
            "events": counts.events,
            "people": counts.people,
            "held": counts.held,
            "leaves": counts.leaves,
            "keys": counts.keys,
            "database_bytes": counts.file_bytes,
            "answered": serves.then(|| app.counters.ok()),
        },
        "deliveries": deliveries,
        "ignored": serves.then(|| app.counters.left_out()),
        "refused": serves.then(|| refusals(app)),
        "keys_ending": ending,
        "log": { "head": head, "in_key_store": app.keeper.read(|keys| keys.head().map(|head| head.size)), "behind": app.gap()?.is_some() },
        "keys": versions(app),
        "erasure": rotate::erasure(app)?,
        "newest_backup": backup::newest(app).map(system::display),
    }))
}

/// Refusals since the start, with the catalogue's plain words.
fn refusals(app: &App) -> Vec<Value> {
    let refused = app.counters.refused().into_iter();
    refused
        .map(|(route, code, count)| {
            let entry = problem::find(code);
            json!({
                "route": route,
                "code": code,
                "count": count.total,
                "status": count.status,
                "what": entry.map(|entry| entry.title),
                "fix": entry.map(|entry| entry.fix),
            })
        })
        .collect()
}

/// The versions of each kind of key that still exist.
fn versions(app: &App) -> Vec<Value> {
    let now = app.clock.now();
    app.keeper.read(|keys| {
        let live =
            Kind::ALL.into_iter().flat_map(|kind| keys.versions(kind)).filter(|entry| entry.state() != KeyState::Destroyed);
        live.map(|entry| {
            json!({
                "kind": entry.kind().as_str(),
                "version": entry.version().0,
                "state": match entry.state() {
                    KeyState::Announced => "announced",
                    KeyState::Active => "active",
                    KeyState::Retired => "retired",
                    KeyState::Destroyed => "destroyed",
                },
                "days": entry.activated().map(|at| now.since(at).0.max(0) / Span::days(1).0),
            })
        })
        .collect()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};
    use vestibule_core::id::{Mode, Scope};
    use vestibule_store::AddSubject;

    #[test]
    fn the_owner_sees_why_senders_are_refused() {
        let world = World::new();
        world.accept("anna@example.com");
        world.app.counters_ended("apply", "signature.mismatch");
        world.app.counters_ended("apply", "signature.mismatch");
        world.app.counters.ignored("apply");
        world.app.counters_ended("apply", "deliver.status");
        world.app.counters.answered("apply", "deliver.status", 404);
        let shown = status(&world.app).unwrap();
        assert_eq!(shown["counts"]["events"], 1);
        assert_eq!(shown["deliveries"]["due"], 1);
        assert_eq!((&shown["refused"][0]["code"], &shown["refused"][0]["status"]), (&"deliver.status".into(), &404.into()));
        assert_eq!(shown["refused"][1]["count"], 2);
        assert_eq!(shown["ignored"]["apply"], 1);
        assert!(shown["refused"][1]["fix"].is_string(), "{shown}");
        assert_eq!(shown["erasure"]["kept"], true);
        assert!(!shown.to_string().contains("anna"));
    }

    #[test]
    fn only_people_are_counted_as_people() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        world.accept("bert@example.com");
        let (subject, _) = world.app.nobody(Scope::of(Mode::Test), SOON).unwrap();
        world.app.writer.call(AddSubject { now: world.app.clock.now(), subject }).unwrap();
        let people = || status(&world.app).unwrap()["counts"]["people"].clone();
        assert_eq!(people(), 2, "what nobody can name is nobody's yet");
        crate::ops::erase::erase(&world.app, &by(), &crate::ops::erase::Whom::Token(anna.to_string())).unwrap();
        assert_eq!(people(), 1);
    }

    #[test]
    fn keys_that_end_soon_are_named() {
        let world = World::new();
        let order = |days| keys::Create { workflow: "intake".into(), test: true, days, owner: "dana@example.com".into() };
        keys::create(&world.app, &by(), &order(300)).unwrap();
        let soon = keys::create(&world.app, &by(), &order(10)).unwrap();
        let shown = status(&world.app).unwrap();
        assert_eq!(shown["keys_ending"].as_array().unwrap().len(), 1);
        assert_eq!(shown["keys_ending"][0]["id"], soon["id"]);
    }
}
