//! Leaves as the gateway writes them, and counts of what is not worth a leaf each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use vestibule_core::audit::{Actor, Direction, Leaf};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::Mode;
use vestibule_core::inflight::Sink;

/// Gives each leaf its writer and a strictly growing count.
pub struct Ledger {
    writer: u16,
    counter: AtomicU64,
}

impl Ledger {
    /// The ledger of a writer that starts at `now`. The count begins at the time in milliseconds times 2^20, so it grows
    /// over restarts too.
    pub fn new(writer: u16, now: Timestamp) -> Ledger {
        Ledger { writer, counter: AtomicU64::new(u64::try_from(now.0).unwrap_or(0) << 20) }
    }

    /// A leaf about `action`, to be filled in.
    pub fn leaf<'a>(&self, at: Timestamp, actor: Actor<'a>, action: &'a str, mode: Mode) -> Leaf<'a> {
        Leaf {
            at,
            writer: self.writer,
            counter: self.counter.fetch_add(1, Ordering::Relaxed),
            actor,
            action: action.into(),
            mode,
            route: Cow::default(),
            direction: Direction::Internal,
            host: Cow::default(),
            fields: Vec::new(),
            others: 0,
            tokens: Vec::new(),
            subjects: Vec::new(),
            outcome: "ok".into(),
            status: 0,
            request: Cow::default(),
            refers: 0,
        }
    }
}

/// How often each route ended in each way since the start, and since the last leaf about it.
#[derive(Default)]
pub struct Counters {
    ok: AtomicU64,
    ignored: Mutex<BTreeMap<String, u64>>,
    refused: Mutex<BTreeMap<(String, &'static str), Count>>,
}

/// One line of the counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Since the start.
    pub total: u64,
    /// Not yet in a leaf.
    pub fresh: u64,
    /// The newest HTTP status behind it, where another's answer was the reason.
    pub status: Option<u16>,
}

impl Sink for Counters {
    fn ended(&self, route: &str, code: &'static str) {
        if code == "ok" {
            self.ok.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let count = refused.entry((route.to_owned(), code)).or_default();
        count.total += 1;
        count.fresh += 1;
    }
}

impl Counters {
    /// How many requests ended well.
    pub fn ok(&self) -> u64 {
        self.ok.load(Ordering::Relaxed)
    }

    /// What another answered, when that was why a route ended so.
    pub fn answered(&self, route: &str, code: &'static str, status: u16) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = refused.get_mut(&(route.to_owned(), code)) {
            count.status = Some(status);
        }
    }

    /// One more event that the conditions of this route left out.
    pub fn ignored(&self, route: &str) {
        let mut ignored = self.ignored.lock().unwrap_or_else(PoisonError::into_inner);
        *ignored.entry(route.to_owned()).or_default() += 1;
    }

    /// The events that conditions left out, by route.
    pub fn left_out(&self) -> BTreeMap<String, u64> {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The refusals by route and code.
    pub fn refused(&self) -> Vec<(String, &'static str, Count)> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().map(|((route, code), count)| (route.clone(), *code, *count)).collect()
    }

    /// What has been counted since the last call: for the leaf of this minute.
    pub fn take_fresh(&self) -> Vec<(String, &'static str, u64)> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused
            .iter_mut()
            .filter(|(_, count)| count.fresh > 0)
            .map(|((route, code), count)| (route.clone(), *code, std::mem::take(&mut count.fresh)))
            .collect()
    }
}
