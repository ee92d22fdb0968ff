//! The one writer: takes everything that waits, does it in one transaction, answers after the commit.
//!
//! A job changes nothing when its own check refuses it. A job that fails otherwise is taken out and the rest of its
//! batch done again without it; a full disk or a failing file system fails the whole batch, and the writer goes on when
//! the cause is gone. The writer never runs a checkpoint except the short tail that lets the log start over.

use crate::altered::Altering;
use crate::checkpoint::Checkpointer;
use crate::open::set_running;
use crate::tx::{Memory, Tx};
use crate::{Ports, StoreError};
use rusqlite::Connection;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Jobs that may wait before `submit` answers [`StoreError::Busy`].
const QUEUE: usize = 8192;
/// Jobs from which on a transaction takes no more.
const BATCH: usize = 512;
/// Jobs in one transaction from which on the next one waits for more, twice as long as this one took, unless half as many
/// are there already.
const MANY: usize = 16;
/// It waits no longer than this: more would let those who send events wait for nothing.
const GATHER: Duration = Duration::from_micros(600);
/// Jobs that an [`Outbox`] sends together at most, so that the writer is at work while its owner makes the next ones.
const GROUP: usize = 32;

/// One thing to write. Implemented by the store's own jobs only: nobody else can reach into a [`Tx`].
pub trait Job: Send + 'static {
    /// What the submitter learns after the commit.
    type Reply: Send + 'static;
    /// Whether this answer waits until the bytes that were replaced have left the write-ahead log too.
    fn scrubs(_reply: &Self::Reply) -> bool {
        false
    }
    /// Does the work. It may run again in a fresh transaction when another job of its batch failed, so it takes nothing
    /// out of itself; an `Err` undoes all it wrote.
    fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Reply, StoreError>;
}

/// Submits jobs; clones share one queue.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Message>,
}

impl Writer {
    /// Queues a job; `done` is called once, on a thread of the store, so it must be short. Calls `done` at once with
    /// [`StoreError::Busy`] or [`StoreError::Closed`] when the job cannot be queued.
    pub fn submit<J: Job>(&self, job: J, done: impl FnOnce(Result<J::Reply, StoreError>) + Send + 'static) {
        self.send(Message::Job(waiting(job, done)));
    }

    /// An outbox of one thread.
    pub fn outbox(&self) -> Outbox {
        Outbox { writer: self.clone(), jobs: RefCell::new(Vec::new()) }
    }

    fn send(&self, message: Message) {
        match self.queue.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(message)) => message.refuse(&StoreError::Busy),
            Err(TrySendError::Disconnected(message)) => message.refuse(&StoreError::Closed),
        }
    }

    /// Submits a job and waits for its answer. For commands and tests; never on a thread that serves requests.
    pub fn call<J: Job>(&self, job: J) -> Result<J::Reply, StoreError> {
        let (tell, told) = sync_channel(1);
        let entry = waiting(job, move |reply| drop(tell.send(reply)));
        if let Err(unsent) = self.queue.send(Message::Job(entry)) {
            unsent.0.refuse(&StoreError::Closed);
        }
        told.recv().unwrap_or(Err(StoreError::Lost))
    }

    /// Asks the writer to finish what waits and end.
    pub(crate) fn stop(&self) {
        // An error means that the thread has ended already.
        drop(self.queue.send(Message::Stop));
    }
}

/// A queue and the end that the writer thread reads.
pub(crate) fn queue() -> (Writer, Queue) {
    let (queue, rest) = sync_channel(QUEUE);
    (Writer { queue }, Queue(rest))
}

/// The writer's end of the queue.
pub(crate) struct Queue(Receiver<Message>);

impl Queue {
    /// Adds what waits to a batch, up to [`BATCH`]; true if the writer is to stop.
    fn take(&self, batch: &mut Vec<Box<dyn Entry>>) -> bool {
        let mut stop = false;
        while batch.len() < BATCH {
            match self.0.try_recv() {
                Ok(message) => stop |= message.join(batch),
                Err(_) => break,
            }
        }
        stop
    }
}

enum Message {
    Job(Box<dyn Entry>),
    Group(Vec<Box<dyn Entry>>),
    Stop,
}

impl Message {
    /// Adds its jobs to a batch; true if it says to stop.
    fn join(self, batch: &mut Vec<Box<dyn Entry>>) -> bool {
        match self {
            Message::Job(entry) => batch.push(entry),
            Message::Group(group) => batch.extend(group),
            Message::Stop => return true,
        }
        false
    }

    fn refuse(self, error: &StoreError) {
        match self {
            Message::Job(entry) => entry.answer(Some(error.clone())),
            Message::Group(group) => group.into_iter().for_each(|entry| entry.answer(Some(error.clone()))),
            Message::Stop => {}
        }
    }
}

/// Jobs that one thread collects while it has other work, and sends together: the writer is woken once for all of them,
/// and a transaction holds more. Nothing is sent before [`Outbox::send`], or until so many wait that a group is full; a
/// dropped outbox sends what is left.
pub struct Outbox {
    writer: Writer,
    jobs: RefCell<Vec<Box<dyn Entry>>>,
}

impl Outbox {
    /// Adds a job, like [`Writer::submit`]; true if it is the first of its group, so that the caller sees to the sending.
    pub fn put<J: Job>(&self, job: J, done: impl FnOnce(Result<J::Reply, StoreError>) + Send + 'static) -> bool {
        let waiting_now = {
            let mut jobs = self.jobs.borrow_mut();
            jobs.push(waiting(job, done));
            jobs.len()
        };
        if waiting_now >= GROUP {
            self.send();
        }
        waiting_now == 1
    }

    /// Sends what waits.
    pub fn send(&self) {
        let group = self.jobs.take();
        if !group.is_empty() {
            self.writer.send(Message::Group(group));
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.send();
    }
}

fn waiting<J: Job>(job: J, done: impl FnOnce(Result<J::Reply, StoreError>) + Send + 'static) -> Box<dyn Entry> {
    Box::new(Waiting { job, reply: None, done: Some(done) })
}

/// A job with its answer, its type forgotten.
pub(crate) trait Entry: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    fn scrubs(&self) -> bool;
    /// Tells the submitter what `run` found, or this error.
    fn answer(self: Box<Self>, error: Option<StoreError>);
}

struct Waiting<J: Job, F: FnOnce(Result<J::Reply, StoreError>) + Send + 'static> {
    job: J,
    reply: Option<J::Reply>,
    done: Option<F>,
}

impl<J: Job, F: FnOnce(Result<J::Reply, StoreError>) + Send + 'static> Entry for Waiting<J, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.reply = Some(self.job.run(tx)?);
        Ok(())
    }

    fn scrubs(&self) -> bool {
        self.reply.as_ref().is_some_and(J::scrubs)
    }

    fn answer(mut self: Box<Self>, error: Option<StoreError>) {
        let reply = match (error, self.reply.take()) {
            (Some(error), _) => Err(error),
            (None, Some(reply)) => Ok(reply),
            (None, None) => Err(StoreError::Lost),
        };
        if let Some(done) = self.done.take() {
            // A submitter that panics in its callback must not end the writer for everybody else.
            drop(catch_unwind(AssertUnwindSafe(move || done(reply))));
        }
    }
}

impl<J: Job, F: FnOnce(Result<J::Reply, StoreError>) + Send + 'static> Drop for Waiting<J, F> {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            drop(catch_unwind(AssertUnwindSafe(move || done(Err(StoreError::Lost)))));
        }
    }
}

/// The writer thread's own things.
pub(crate) struct WriterThread {
    pub(crate) conn: Connection,
    pub(crate) ports: Arc<dyn Ports>,
    pub(crate) queue: Queue,
    pub(crate) checkpointer: Arc<Checkpointer>,
    /// `None` after a rollback: read again before the next job.
    pub(crate) memory: Option<Memory>,
    pub(crate) altering: Altering,
}

impl WriterThread {
    /// Serves the queue until it is told to stop, then finishes what waits and marks the stop as clean.
    pub(crate) fn serve(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut stopping = false;
        loop {
            if batch.is_empty() && !stopping {
                match self.queue.0.recv() {
                    Ok(message) => stopping |= message.join(&mut batch),
                    Err(_) => stopping = true,
                }
            }
            stopping |= self.queue.take(&mut batch);
            if batch.is_empty() && stopping {
                break;
            }
            self.checkpointer.tail(&self.conn);
            let (jobs, began) = (batch.len(), Instant::now());
            self.write(&mut batch);
            stopping |= self.queue.take(&mut batch);
            if jobs >= MANY && batch.len() < jobs / 2 && !stopping {
                // those who were just answered come back: what they bring goes into one transaction instead of several
                std::thread::sleep((2 * began.elapsed()).min(GATHER));
            }
        }
        self.checkpointer.finish();
        // Nothing to do about a failure here: without the mark the next start checks the file.
        drop(set_running(&self.conn, false));
    }

    /// Writes a batch and answers all of it.
    fn write(&mut self, batch: &mut Vec<Box<dyn Entry>>) {
        while !batch.is_empty() {
            match self.attempt(batch) {
                Ok(()) => break,
                Err(Failure { entry: Some(index), error }) => {
                    self.undo();
                    batch.remove(index).answer(Some(error));
                }
                Err(Failure { entry: None, error }) => {
                    self.undo();
                    batch.drain(..).for_each(|entry| entry.answer(Some(error.clone())));
                }
            }
        }
        self.checkpointer.wrote(batch.len());
        let mut scrubs = Vec::new();
        for entry in batch.drain(..) {
            if entry.scrubs() {
                scrubs.push(entry);
            } else {
                entry.answer(None);
            }
        }
        if !scrubs.is_empty() {
            self.checkpointer.scrub(scrubs);
        }
    }

    /// One transaction over the batch, up to and with the commit.
    fn attempt(&mut self, batch: &mut [Box<dyn Entry>]) -> Result<(), Failure> {
        let WriterThread { conn, ports, memory, altering, .. } = self;
        let memory = match memory {
            Some(memory) => memory,
            None => memory.insert(Memory::load(conn)?),
        };
        conn.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])).map_err(StoreError::from)?;
        let mut tx = Tx { conn, memory, ports: ports.as_ref(), altering };
        for (index, entry) in batch.iter_mut().enumerate() {
            let ran = catch_unwind(AssertUnwindSafe(|| entry.run(&mut tx)));
            if let Err(error) = ran.unwrap_or(Err(StoreError::Lost)) {
                let entry = (!error.is_everybodys()).then_some(index);
                return Err(Failure { entry, error });
            }
        }
        conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).map_err(StoreError::from)?;
        if altering.committed() {
            memory.standing.clear();
        }
        Ok(())
    }

    fn undo(&mut self) {
        self.memory = None;
        if !self.conn.is_autocommit() {
            // SQLite has rolled back already where this fails.
            drop(self.conn.execute_batch("ROLLBACK"));
        }
    }
}

/// Why a batch was not committed, and which of its jobs alone is to blame.
struct Failure {
    entry: Option<usize>,
    error: StoreError,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure { entry: None, error }
    }
}
