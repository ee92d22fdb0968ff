//! Delivery: what was accepted goes to the platform, from the store, with retries, until it arrives or is a dead letter.
//!
//! One thread leases what is due and makes attempts side by side. A process that dies gives its leases back by doing
//! nothing; the event's id is the same on every attempt, so the platform can tell a repeat.

mod attempt;

use crate::app::App;
use crate::net::outbound::Client;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use vestibule_core::clock::Span;
use vestibule_store::{LeaseDue, ReleaseLeases};

/// Attempts at the same time.
const SIDE_BY_SIDE: usize = 32;
/// Longer than any attempt can take.
const LEASE: Span = Span::minutes(5);
/// How often the store is asked when nobody has said that something is due.
const POLL: Duration = Duration::from_secs(1);

/// Delivers until told to stop; attempts under way are finished. Runs on a `LocalSet`.
pub async fn run(app: Arc<App>, client: Rc<Client>, mut stop: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    // nobody else delivers from this store, so what a former process had leased is free
    if app.write(ReleaseLeases { now: app.clock.now() }).await.is_err() {
        app.counters_ended("deliver", "store.io");
    }
    while !*stop.borrow() {
        let leased = round(&app, &client, &permits).await;
        if leased == 0 {
            tokio::select! {
                () = app.deliveries.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stop.changed() => {}
            }
        }
    }
    // every permit back means that every attempt has ended
    drop(permits.acquire_many(u32::try_from(SIDE_BY_SIDE).unwrap_or(1)).await);
}

/// Leases what is due and starts an attempt for each; returns how many.
async fn round(app: &Arc<App>, client: &Rc<Client>, permits: &Arc<Semaphore>) -> usize {
    let Ok(first) = Arc::clone(permits).acquire_owned().await else { return 0 };
    let free = permits.available_permits() + 1;
    let limit = u32::try_from(free).unwrap_or(1);
    let due = app.write(LeaseDue { now: app.clock.now(), limit, lease_for: LEASE }).await.unwrap_or_default();
    let count = due.len();
    let mut first = Some(first);
    for delivery in due {
        let permit = match first.take() {
            Some(permit) => Some(permit),
            None => Arc::clone(permits).acquire_owned().await.ok(),
        };
        let (app, client) = (Arc::clone(app), Rc::clone(client));
        tokio::task::spawn_local(async move {
            attempt::make(&app, &client, delivery).await;
            drop(permit);
        });
    }
    count
}
