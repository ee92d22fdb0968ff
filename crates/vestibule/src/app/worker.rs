//! What one thread of the data path has to itself: a reader of the store, an outbox to its writer, kept connections,
//! leased record numbers.

use super::App;
use super::routes::Routes;
use crate::net::outbound::Client;
use std::cell::RefCell;
use std::sync::Arc;
use tokio::sync::oneshot;
use vestibule_core::audit::Leaf;
use vestibule_core::id::RecordNo;
use vestibule_core::inflight::Sink as _;
use vestibule_store::{AppendLeaf, Job, LeaseRecords, Outbox, Reader, StoreError};

/// Record numbers leased at a time.
const LEASE: u32 = 4096;

/// One thread's part of the gateway.
pub struct Worker {
    /// What all threads share.
    pub app: Arc<App>,
    /// This thread's read-only connection.
    pub reader: Reader,
    /// This thread's outbound connections.
    pub client: Client,
    /// This thread's record numbers.
    pub lease: Lease,
    outbox: Outbox,
}

impl Worker {
    /// A worker of this gateway.
    pub fn new(app: &Arc<App>, client: Client) -> Result<Worker, StoreError> {
        let lease = Lease { app: Arc::clone(app), range: RefCell::new(None) };
        let outbox = app.writer.outbox();
        Ok(Worker { app: Arc::clone(app), reader: app.store.reader()?, client, lease, outbox })
    }

    /// Writes to the store and waits for the commit. What the requests of this thread write in one turn goes to the
    /// writer together, which saves wake-ups and syncs.
    pub async fn write<J: Job>(&self, job: J) -> Result<J::Reply, StoreError> {
        let (tell, told) = oneshot::channel();
        if self.outbox.put(job, move |reply| drop(tell.send(reply))) {
            let turn = Turn(&self.outbox);
            // every other request that is ready comes first, whatever has arrived meanwhile, and what that leads to
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            drop(turn);
        }
        told.await.unwrap_or(Err(StoreError::Lost))
    }

    /// Appends a leaf about a request that reveals nothing. A store that cannot take it is counted.
    pub async fn append(&self, leaf: &Leaf) {
        if let Err(error) = self.write(AppendLeaf { leaf: leaf.to_bytes() }).await {
            self.app.counters.ended("log", error.code());
        }
    }

    /// The routes as they are now.
    pub fn routes(&self) -> Arc<Routes> {
        self.app.routes()
    }
}

/// The end of a turn: what waits is sent, also when the request that began it is cut off.
struct Turn<'w>(&'w Outbox);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.send();
    }
}

/// Record numbers that nobody else uses. What is left when the process ends is never used: numbers are plenty.
pub struct Lease {
    app: Arc<App>,
    range: RefCell<Option<(RecordNo, u32)>>,
}

impl Lease {
    /// The first of `count` consecutive numbers.
    pub async fn take(&self, count: u32) -> Result<RecordNo, StoreError> {
        if let Some(first) = self.of_range(count) {
            return Ok(first);
        }
        let leased = LEASE.max(count);
        let first = self.app.write(LeaseRecords { writer: self.app.writer_number, count: leased }).await?;
        *self.range.borrow_mut() = Some((first, leased));
        self.of_range(count).ok_or(StoreError::Range)
    }

    fn of_range(&self, count: u32) -> Option<RecordNo> {
        let mut range = self.range.borrow_mut();
        let (first, left) = (*range)?;
        let rest = left.checked_sub(count)?;
        *range = if rest == 0 { None } else { first.offset(u64::from(count)).map(|next| (next, rest)) };
        Some(first)
    }
}
