//! What one thread of the data path has to itself: a reader of the store, an outbox to its writer, kept connections,
//! leased record numbers.

use super::App;
use super::recent::Recent;
use super::routes::Routes;
use super::row::Row;
use super::rows::Rows;
use crate::net::outbound::Client;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;
use vestibule_core::audit::Leaf;
use vestibule_core::id::RecordNo;
use vestibule_core::inflight::Sink as _;
use vestibule_store::{AppendLeaf, Job, LeaseRecords, Moment, Outbox, Reader, StoreError};

/// Record numbers leased at a time.
const LEASE: u32 = 4096;

/// One thread's part of the gateway.
pub struct Worker {
    /// What all threads share.
    pub app: Arc<App>,
    /// This thread's read-only connection.
    pub reader: Reader,
    moment: Rc<Moment>,
    /// This thread's outbound connections.
    pub client: Client,
    rows: Rows,
    /// Subject keys this thread has unwrapped lately.
    pub recent: Rc<Recent>,
    /// This thread's record numbers.
    pub lease: Lease,
    outbox: Rc<Outbox>,
}

impl Worker {
    /// A worker of this gateway.
    pub fn new(app: &Arc<App>, client: Client) -> Result<Worker, StoreError> {
        let lease = Lease { app: Arc::clone(app), range: RefCell::new(None) };
        let outbox = Rc::new(app.writer.outbox());
        Ok(Worker {
            app: Arc::clone(app),
            reader: app.store.reader()?,
            moment: Rc::new(app.store.moment()?),
            client,
            rows: Rows::default(),
            recent: Rc::default(),
            lease,
            outbox,
        })
    }

    /// Writes to the store and waits for the commit. What the requests of this thread write in one turn goes to the
    /// writer together, which saves wake-ups and syncs.
    pub async fn write<J: Job>(&self, job: J) -> Result<J::Reply, StoreError> {
        let (tell, told) = oneshot::channel();
        if self.outbox.put(job, move |reply| drop(tell.send(reply))) {
            turn(&self.outbox).await;
        }
        told.await.unwrap_or(Err(StoreError::Lost))
    }

    /// Appends a leaf about a request that reveals nothing. A store that cannot take it is counted.
    pub async fn append(&self, leaf: &Leaf<'_>) {
        if let Err(error) = self.write(AppendLeaf { leaf: leaf.to_bytes() }).await {
            self.app.counters.ended("log", error.code());
        }
    }

    /// Appends a leaf without waiting for the commit; it goes to the writer with what else is written in this turn. To be
    /// called on the thread's own task set.
    pub fn append_later(&self, leaf: &Leaf<'_>) {
        if self.outbox.put(AppendLeaf { leaf: leaf.to_bytes() }, self.app.unwritten()) {
            let outbox = Rc::clone(&self.outbox);
            tokio::task::spawn_local(async move { turn(&outbox).await });
        }
    }

    /// A reader that sees the store as it was at the beginning of this turn: for what is looked at again in the transaction
    /// that rests on it. To be called on the thread's own task set.
    pub fn glance(&self) -> Result<&Reader, StoreError> {
        if self.moment.begin()? {
            let moment = Rc::clone(&self.moment);
            tokio::task::spawn_local(async move { moment.end() });
        }
        Ok(self.moment.reader())
    }

    /// The record that covers this number, a tombstone too, with its subject, as it was at the beginning of this turn or
    /// later.
    pub fn record(&self, number: RecordNo) -> Result<Option<Rc<Row>>, StoreError> {
        if let Some(kept) = self.rows.find(number, self.moment.alterations()) {
            return Ok(Some(kept));
        }
        match self.glance()?.record(number)? {
            // it may have come since
            None => Ok(self.reader.record(number)?.map(|found| Rc::new(Row::from(found)))),
            Some(found) => {
                let found = Rc::new(Row::from(found));
                self.rows.keep(number, &found, self.moment.seen());
                Ok(Some(found))
            }
        }
    }

    /// The routes as they are now.
    pub fn routes(&self) -> Arc<Routes> {
        self.app.routes()
    }
}

/// Lets every other request that is ready come first, whatever has arrived meanwhile, and what that leads to; then sends
/// what they have put into the outbox.
async fn turn(outbox: &Outbox) {
    let turn = Turn(outbox);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    drop(turn);
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
