//! Connections kept alive, by target, newest first.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Target;
use super::line::Live;

/// Idle connections kept for one target.
const KEPT: usize = 128;
/// Upstreams close idle connections after 60 seconds or more; a connection older than this is not trusted.
const IDLE: Duration = Duration::from_secs(45);
const SWEEP: Duration = Duration::from_secs(15);

/// The idle connections of one client.
pub(super) struct Pool {
    // a key is an address, which its target, held beside it, keeps from being used again
    by_target: RefCell<HashMap<usize, (Target, Vec<Live>)>>,
    swept: Cell<Option<Instant>>,
}

impl Default for Pool {
    fn default() -> Self {
        Self { by_target: RefCell::default(), swept: Cell::new(None) }
    }
}

impl Pool {
    /// A connection that is open as far as the system knows.
    pub(super) async fn take(&self, target: &Target) -> Option<Live> {
        let now = Instant::now();
        self.sweep(now);
        loop {
            let mut live = self.by_target.borrow_mut().get_mut(&key(target))?.1.pop()?;
            if now.saturating_duration_since(live.idle_since()) < IDLE && live.is_still_open(now).await {
                return Some(live);
            }
        }
    }

    pub(super) fn keep(&self, target: &Target, live: Live) {
        let mut pools = self.by_target.borrow_mut();
        let (_, kept) = pools.entry(key(target)).or_insert_with(|| (target.clone(), Vec::new()));
        if kept.len() < KEPT {
            kept.push(live);
        }
    }

    /// Closes what has idled too long, for targets that nobody calls any more too.
    fn sweep(&self, now: Instant) {
        if self.swept.get().is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP) {
            return;
        }
        self.swept.set(Some(now));
        self.by_target.borrow_mut().retain(|_, (_, kept)| {
            kept.retain(|live| now.saturating_duration_since(live.idle_since()) < IDLE);
            !kept.is_empty()
        });
    }
}

fn key(target: &Target) -> usize {
    Arc::as_ptr(&target.0).addr()
}
