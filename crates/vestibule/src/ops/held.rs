//! Held events: listed, and let go on or dropped when their owner has decided. When he has not in time they go on by
//! themselves, without what was held back.
//!
//! A held body is as the source sent it, sealed. Nothing here opens one: letting it go on is `ingress`'s part.

use super::{By, OpError};
use crate::app::App;
use crate::app::worker::Worker;
use crate::gateway::system_client;
use crate::{ingress, system};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::LocalSet;
use vestibule_core::id::EventRow;
use vestibule_core::problem;
use vestibule_store::{AppendLeaf, DropHeld};

/// Held events that a list shows at most.
const SHOWN: u64 = 500;
/// Held events that go on by themselves before the next are looked up.
const AT_ONCE: u32 = 500;
/// What the log calls the end of an event's time.
const LAPSE: &str = "held.lapse";
/// The code for an event that is not held, or no more.
const GONE: &str = "cli.unknown_held";

/// The held events, the newest first.
pub fn list(app: &App) -> Result<Value, OpError> {
    let reader = app.store.reader()?;
    let counts = reader.counts()?;
    let mut events = Vec::new();
    let mut row = i64::try_from(counts.events).unwrap_or(i64::MAX);
    // the number of held bodies is known, so the walk ends with the oldest of them
    while row > 0 && (events.len() as u64) < counts.held.min(SHOWN) {
        if let Some(held) = reader.held(EventRow(row))?
            && let Some(event) = reader.event(EventRow(row))?
        {
            events.push(json!({
                "id": row,
                "event": event.id,
                "route": event.route,
                "mode": event.mode.as_str(),
                "accepted": system::display(event.accepted),
                "until": system::display(held.until),
            }));
        }
        row -= 1;
    }
    Ok(json!({ "count": counts.held, "events": events }))
}

/// Lets a held event go on under the present rules of its route; values that still have no rule are dropped.
pub fn release(app: &Arc<App>, by: &By, event: i64) -> Result<Value, OpError> {
    let row = EventRow(event);
    let data = app.store.reader()?.event(row)?.ok_or_else(none)?;
    let mut leaf = by.leaf(app, "held.approve", data.mode);
    leaf.route = data.route.as_str().into();
    leaf.request = data.id.as_str().into();
    app.writer.call(AppendLeaf { leaf: leaf.to_bytes() })?;
    let mut went = Err(OpError::known("internal.lost"));
    go_on(app, &[row], "held.release", |_, result| {
        went = result.map_err(|code| if code == GONE { none() } else { OpError::known(code) });
    })?;
    let id = went?;
    Ok(json!({ "event": id, "route": data.route, "released": true }))
}

/// Lets events go on whose time is over: what no rule names is dropped from them, as their route says. An event that can
/// not, because its route is there no more, ends here: its leaf and the counts say why. What fails for a reason of the
/// moment is tried again in the next round.
pub fn lapse(app: &Arc<App>) -> Result<(), OpError> {
    let now = app.clock.now();
    let mut last = EventRow(0);
    loop {
        let events = app.store.reader()?.lapsed_held(now, last, AT_ONCE)?;
        let Some(newest) = events.last() else { return Ok(()) };
        last = *newest;
        let mut failed = Vec::new();
        go_on(app, &events, LAPSE, |row, result| failed.extend(result.err().map(|code| (row, code))))?;
        for (row, code) in failed.into_iter().filter(|(_, code)| *code != GONE) {
            let is_final = problem::find(code).is_some_and(|entry| (400..500).contains(&entry.status));
            match app.store.reader()?.event(row)? {
                Some(data) if is_final => {
                    let mut leaf = app.service_leaf(LAPSE);
                    leaf.mode = data.mode;
                    leaf.route = data.route.as_str().into();
                    leaf.request = data.id.as_str().into();
                    leaf.outcome = code.into();
                    if app.writer.call(DropHeld { event: row, leaf: leaf.to_bytes() })? {
                        app.counters_ended(&data.route, code);
                    }
                }
                _ => app.counters_ended("jobs", code),
            }
        }
    }
}

/// Sends held events through the present rules of their routes, one after the other, and tells what became of each.
fn go_on(
    app: &Arc<App>,
    events: &[EventRow],
    action: &str,
    mut told: impl FnMut(EventRow, Result<String, &'static str>),
) -> Result<(), OpError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| OpError::known("listen.thread"))?;
    let worker = Worker::new(app, system_client())?;
    LocalSet::new().block_on(&runtime, async {
        for event in events {
            told(*event, ingress::release(&worker, *event, action).await);
        }
    });
    app.deliveries.notify_one();
    Ok(())
}

/// Drops the held body of an event; the event itself stays in the log.
pub fn discard(app: &App, by: &By, event: i64) -> Result<Value, OpError> {
    let row = EventRow(event);
    let reader = app.store.reader()?;
    let data = reader.event(row)?.ok_or_else(none)?;
    let mut leaf = by.leaf(app, "held.drop", data.mode);
    leaf.route = data.route.as_str().into();
    leaf.request = data.id.as_str().into();
    if !app.writer.call(DropHeld { event: row, leaf: leaf.to_bytes() })? {
        return Err(none());
    }
    Ok(json!({ "event": data.id, "route": data.route, "dropped": true }))
}

fn none() -> OpError {
    OpError::new(GONE, "no held event has this number")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};

    #[test]
    fn a_held_event_goes_on_under_its_own_id_once() {
        let world = World::new();
        world.hold("bert@example.com");
        let listed = list(&world.app).unwrap();
        let event = &listed["events"][0];
        let id = event["id"].as_i64().unwrap();
        assert_eq!(release(&world.app, &by(), id).unwrap()["event"], event["event"]);
        let shown = crate::ops::status::status(&world.app).unwrap();
        assert_eq!((&shown["counts"]["held"], &shown["deliveries"]["due"]), (&0.into(), &1.into()));
        assert_eq!(release(&world.app, &by(), id).unwrap_err().code, "cli.unknown_held");
        assert_eq!(release(&world.app, &by(), 99).unwrap_err().code, "cli.unknown_held");
    }

    #[test]
    fn a_held_event_is_listed_and_dropped_once() {
        let world = World::new();
        world.accept("anna@example.com");
        world.hold("bert@example.com");
        world.accept("cleo@example.com");
        let listed = list(&world.app).unwrap();
        assert_eq!(listed["count"], 1);
        assert!(!listed.to_string().contains("bert"));
        let id = listed["events"][0]["id"].as_i64().unwrap();
        assert_eq!(discard(&world.app, &by(), id).unwrap()["dropped"], true);
        assert_eq!(list(&world.app).unwrap()["count"], 0);
        assert_eq!(discard(&world.app, &by(), id).unwrap_err().code, "cli.unknown_held");
    }
}
