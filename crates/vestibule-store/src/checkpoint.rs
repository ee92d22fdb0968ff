//! Moves pages from the write-ahead log into the database file, on a thread and connection of its own.
//!
//! Small passive steps by size while writing goes on; a full truncation when erased bytes must leave the log. The writer
//! only does the last few pages itself, when the log has grown so far that it must start over.

use crate::StoreError;
use crate::writer::Entry;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs after which the size of the log is looked at.
const LOOK_EVERY: usize = 512;
/// Pages in the log that make a passive step worth its two syncs.
const STEP_PAGES: i64 = 4096;
/// Pages in the log from which it should start over: 64 MiB.
const RESTART_PAGES: i64 = 16384;
/// How long one try to truncate may hold the writer up.
const SCRUB_WAIT: Duration = Duration::from_millis(50);
/// Tries before an erasure is answered with [`StoreError::NotScrubbed`].
const SCRUB_TRIES: usize = 40;

/// The writer's handle of the checkpointer thread.
pub(crate) struct Checkpointer {
    orders: Sender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
    written: AtomicUsize,
    tail: std::sync::Arc<AtomicBool>,
}

enum Order {
    Step,
    Scrub(Vec<Box<dyn Entry>>),
    Stop,
}

impl Checkpointer {
    /// Starts the thread over a connection of its own.
    pub(crate) fn start(conn: Connection) -> Result<Checkpointer, StoreError> {
        let (orders, rest) = channel();
        let tail = std::sync::Arc::new(AtomicBool::new(false));
        let flag = tail.clone();
        let thread = std::thread::Builder::new().name("store-checkpoint".into()).spawn(move || serve(&conn, &rest, &flag))?;
        Ok(Checkpointer { orders, thread: Mutex::new(Some(thread)), written: AtomicUsize::new(0), tail })
    }

    /// Counts committed jobs; from time to time this asks for a step.
    pub(crate) fn wrote(&self, jobs: usize) {
        if self.written.fetch_add(jobs, Ordering::Relaxed) + jobs >= LOOK_EVERY {
            self.written.store(0, Ordering::Relaxed);
            drop(self.orders.send(Order::Step));
        }
    }

    /// Answers these jobs once nothing of what they replaced is left in the log.
    pub(crate) fn scrub(&self, waiting: Vec<Box<dyn Entry>>) {
        if let Err(unsent) = self.orders.send(Order::Scrub(waiting)) {
            unsent.0.give_up();
        }
    }

    /// On the writer's connection, between transactions: the last pages, so that the next write starts the log over.
    pub(crate) fn tail(&self, conn: &Connection) {
        if self.tail.swap(false, Ordering::Relaxed) {
            // If it fails the log grows on and the next step asks again.
            drop(passive(conn));
        }
    }

    /// Finishes what waits and ends the thread.
    pub(crate) fn finish(&self) {
        drop(self.orders.send(Order::Stop));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

impl Order {
    fn give_up(self) {
        if let Order::Scrub(waiting) = self {
            waiting.into_iter().for_each(|entry| entry.answer(Some(StoreError::NotScrubbed)));
        }
    }
}

fn serve(conn: &Connection, orders: &Receiver<Order>, tail: &AtomicBool) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Step => step(conn, tail),
            Order::Scrub(waiting) => {
                let error = scrub(conn).err();
                waiting.into_iter().for_each(|entry| entry.answer(error.clone()));
            }
            Order::Stop => {
                drop(truncate(conn));
                break;
            }
        }
    }
}

/// A failure here is no failure of any job: the log keeps every page until a later step succeeds.
fn step(conn: &Connection, tail: &AtomicBool) {
    let Ok(before) = pragma(conn, "PRAGMA wal_checkpoint(NOOP)") else {
        return;
    };
    if before.pages - before.moved < STEP_PAGES && before.pages < RESTART_PAGES {
        return;
    }
    if let Ok(after) = passive(conn)
        && after.pages >= RESTART_PAGES
    {
        tail.store(true, Ordering::Relaxed);
    }
}

fn scrub(conn: &Connection) -> Result<(), StoreError> {
    for _ in 0..SCRUB_TRIES {
        if !truncate(conn)?.busy {
            return Ok(());
        }
    }
    Err(StoreError::NotScrubbed)
}

struct Progress {
    busy: bool,
    pages: i64,
    moved: i64,
}

fn passive(conn: &Connection) -> Result<Progress, StoreError> {
    pragma(conn, "PRAGMA wal_checkpoint(PASSIVE)")
}

fn truncate(conn: &Connection) -> Result<Progress, StoreError> {
    conn.busy_timeout(SCRUB_WAIT)?;
    pragma(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
}

fn pragma(conn: &Connection, text: &str) -> Result<Progress, StoreError> {
    Ok(conn
        .query_row(text, [], |row| Ok(Progress { busy: row.get::<_, i64>(0)? != 0, pages: row.get(1)?, moved: row.get(2)? }))?)
}
