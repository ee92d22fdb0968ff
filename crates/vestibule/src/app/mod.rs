//! The running gateway: what all threads share, and how it is put together from a configuration.

pub mod audience;
pub mod authority;
pub mod destination;
pub mod keeper;
pub mod keys;
pub mod ledger;
pub mod open;
pub mod recent;
pub mod routes;
pub mod row;
pub mod rows;
pub mod schedule;
pub mod secrets;
pub mod settle;
pub mod subject;
pub mod worker;

pub use open::{LoadError, Settings};

use crate::net::body::BodyBudget;
use keeper::Keeper;
use keys::KeyTable;
use ledger::{Counters, Ledger};
use routes::Routes;
use schedule::KeySchedule;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, oneshot};
use vestibule_core::audit::{Actor, Leaf};
use vestibule_core::clock::{Clock, Span, Timestamp};
use vestibule_core::id::{Mode, Scope, SubjectNumber, SubjectRow, base32};
use vestibule_core::inflight::Sink as _;
use vestibule_core::retry::Schedule;
use vestibule_store::{AddSubject, AppendLeaf, Job, NewSubjectRow, Store, StoreError, Writer};
use vestibule_vault::subject::CREATE_DRAW;
use vestibule_vault::{Draw, SubjectKey, VaultError};

/// What all threads share.
pub struct App {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The database.
    pub store: Store,
    /// Its one writer.
    pub writer: Writer,
    /// The open key store.
    pub keeper: Arc<Keeper>,
    /// Counts of outcomes.
    pub counters: Arc<Counters>,
    /// Bytes that all bodies together may hold.
    pub budget: BodyBudget,
    /// Told when a delivery has been queued.
    pub deliveries: Notify,
    /// The number of this writer, the upper part of its record numbers.
    pub writer_number: u16,
    /// Changes with every reload, so that a decision under old grants gets no receipt.
    pub grant_revision: AtomicU64,
    /// When failed deliveries are tried again.
    pub schedule: Schedule,
    /// Largest body of a call, in bytes.
    pub max_body: usize,
    /// Whether it was opened to look at it: nothing is served, and nothing has been counted.
    pub only_looks: bool,
    /// Held while keys rotate: what one rotation announces or ends, no other may find half done.
    pub rotating: Mutex<()>,
    ledger: Ledger,
    routes: RwLock<Arc<Routes>>,
    key_schedule: RwLock<KeySchedule>,
    keys: RwLock<Arc<KeyTable>>,
    started: Timestamp,
    requests: AtomicU64,
    /// What the ids of requests begin with: random for the process.
    run: String,
}

impl App {
    /// The routes as they are now.
    pub fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other routes in force.
    pub fn set_routes(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }

    /// How long epoch keys live.
    pub fn key_schedule(&self) -> KeySchedule {
        *self.key_schedule.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what a reloaded configuration says of the lives of keys.
    pub fn set_key_schedule(&self, schedule: KeySchedule) {
        *self.key_schedule.write().unwrap_or_else(PoisonError::into_inner) = schedule;
    }

    /// The workflow keys as they are now.
    pub fn keys(&self) -> Arc<KeyTable> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another table of keys in force.
    pub fn set_keys(&self, keys: KeyTable) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// When this process began to serve.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// An id for a request: random for the process, counted within it.
    pub fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let count = base32(&count.to_be_bytes());
        let mut id = String::with_capacity(self.run.len() + count.len());
        id.extend([&*self.run, &*count]);
        id
    }

    /// An identifier for an event, the same over all attempts to deliver it.
    pub fn event_id(&self) -> Result<String, VaultError> {
        let random: [u8; 16] = Draw::new(16)?.take()?;
        Ok(format!("evt_{}", base32(&random)))
    }

    /// A leaf about `action`, now, to be filled in.
    pub fn leaf<'a>(&self, actor: Actor<'a>, action: &'a str, mode: Mode) -> Leaf<'a> {
        self.ledger.leaf(self.clock.now(), actor, action, mode)
    }

    /// Writes to the store and waits for the commit.
    pub async fn write<J: Job>(&self, job: J) -> Result<J::Reply, StoreError> {
        let (tell, told) = oneshot::channel();
        self.writer.submit(job, move |reply| drop(tell.send(reply)));
        told.await.unwrap_or(Err(StoreError::Lost))
    }

    /// Appends a leaf that nothing waits for. A store that cannot take it is counted; a reveal never goes this way.
    pub async fn append(&self, leaf: &Leaf<'_>) -> Option<i64> {
        match self.write(AppendLeaf { leaf: leaf.to_bytes() }).await {
            Ok(seq) => Some(seq),
            Err(error) => {
                self.counters.ended("log", error.code());
                None
            }
        }
    }

    /// Appends a leaf without waiting for the commit.
    pub fn append_later(&self, leaf: &Leaf<'_>) {
        self.writer.submit(AppendLeaf { leaf: leaf.to_bytes() }, self.unwritten());
    }

    /// What becomes of a leaf that nobody waits for: one that could not be written is counted.
    fn unwritten(&self) -> impl FnOnce(Result<i64, StoreError>) + Send + 'static {
        // not the whole of the gateway: the last to let go of it must not be the writer's own thread
        let counters = Arc::clone(&self.counters);
        move |reply| {
            if let Err(error) = reply {
                counters.ended("log", error.code());
            }
        }
    }

    /// Counts one more outcome of a route.
    pub fn counters_ended(&self, route: &str, code: &'static str) {
        self.counters.ended(route, code);
    }

    /// A new subject whom nobody can name, for values that must be sealed under somebody's key; erased after `lifetime`.
    pub async fn pending_subject(
        &self,
        scope: Scope,
        lifetime: Span,
    ) -> Result<((SubjectRow, SubjectNumber), SubjectKey), LoadError> {
        let (subject, key) = self.nobody(scope, lifetime)?;
        let number = subject.number;
        Ok(((self.write(AddSubject { now: self.clock.now(), subject }).await?, number), key))
    }

    /// The same, still to be written.
    pub fn nobody(&self, scope: Scope, lifetime: Span) -> Result<(NewSubjectRow, SubjectKey), VaultError> {
        let new = self.keeper.keyring().create_subject(scope, &mut Draw::new(CREATE_DRAW)?)?;
        let row = NewSubjectRow {
            number: new.number,
            mode: scope.mode,
            realm: String::new(),
            dek_id: new.dek_id,
            epoch: new.wrapped.epoch,
            wrapped: new.wrapped.bytes,
            sealed_pseudonym: new.sealed_pseudonym,
            pending_until: Some(self.clock.now().plus(lifetime)),
        };
        Ok((row, new.key))
    }
}
