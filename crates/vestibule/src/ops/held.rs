//! Held events: listed, and let go on or dropped when their owner has decided.
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
use vestibule_store::{AppendLeaf, DropHeld};

/// Held events that a list shows at most.
const SHOWN: u64 = 500;

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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| OpError::known("listen.thread"))?;
    let worker = Worker::new(app, system_client())?;
    let id = LocalSet::new().block_on(&runtime, ingress::release(&worker, row)).map_err(|code| match code {
        "cli.unknown_name" => none(),
        code => OpError::known(code),
    })?;
    app.deliveries.notify_one();
    Ok(json!({ "event": id, "route": data.route, "released": true }))
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
    OpError::new("cli.unknown_held", "no held event has this number")
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
