//! A gateway in a temporary folder with a clock that stands still, and events written straight into its store.
//!
//! For tests of operations: nothing listens, nothing is delivered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::{By, backup, gap, restore};
use crate::app::keeper::Keeper;
use crate::app::secrets::SecretText;
use crate::app::{App, LoadError, Settings, audience};
use crate::config::{self, Config};
use crate::{files, ingress};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use vestibule_core::audit::{Actor, Leaf};
use vestibule_core::category;
use vestibule_core::clock::{Clock, ManualClock, Span, Timestamp};
use vestibule_core::id::{Mode, Scope, Slot};
use vestibule_core::secret::Secret;
use vestibule_core::token::{Block, TokenText};
use vestibule_store::{
    AcceptEvent, AcceptReply, Attempted, FinishAttempt, HeldBody, IndexRow, LeaseDue, LeaseRecords, NewDelivery, NewRecord,
    NewSubjectRow, Options, StableRow, SubjectUse,
};
use vestibule_vault::body::BodyPurpose;
use vestibule_vault::keystore::{CREATE_DRAW, ROOT_DRAW};
use vestibule_vault::record::{SlotValue, ValueKind};
use vestibule_vault::{Draw, KeyStore, Root, subject};

/// The first moment of every world.
pub(crate) const START: Timestamp = Timestamp(1_795_305_600_000);

const CONFIG: &str = r#"
[server]
public_url = "https://localhost:8443"
listen = "127.0.0.1:8443"
[store]
url = "sqlite:@DIR@/data/vestibule.db"
[keys]
root = "file:@DIR@/root.key"
store = "@DIR@/keys/keystore"
[workflow.intake]
platform = "make"
owner = "dana@example.com"
purpose = "employment.recruitment"
[in.apply]
path = "/in/apply"
realm = "hr"
mode = "test"
secret = "file:@DIR@/secret"
subject = { email = "candidate.email" }
fields = { "candidate.email" = "email" }
otherwise = "drop"
deliver = { workflow = "intake", url = "file:@DIR@/hook" }
"#;

/// Whoever asks in tests.
pub(crate) fn by() -> By {
    By(Actor::Person("tester".into()))
}

/// An open gateway.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) config: Config,
    pub(crate) clock: Arc<ManualClock>,
    root: SecretText,
    dir: TempDir,
}

/// The same while it is closed.
pub(crate) struct Closed {
    config: Config,
    clock: Arc<ManualClock>,
    root: SecretText,
    dir: TempDir,
}

impl World {
    /// A new gateway.
    pub(crate) fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let text = CONFIG.replace("@DIR@", dir.path().to_str().unwrap());
        let (config, _) = config::load(&text, "vestibule.toml", START).unwrap_or_else(|report| panic!("{report:?}"));
        for folder in ["data", "keys"] {
            files::private_folder(&dir.path().join(folder)).unwrap();
        }
        let root = Root::generate(&mut Draw::new(ROOT_DRAW).unwrap()).unwrap();
        let text = root.to_text();
        files::create(&dir.path().join("root.key"), text.expose().as_bytes()).unwrap();
        files::create(&dir.path().join("secret"), b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        files::create(&dir.path().join("hook"), b"https://hook.example.com/x").unwrap();
        let keys = KeyStore::create(1, &mut Draw::new(CREATE_DRAW).unwrap(), START).unwrap();
        drop(Keeper::create(&config.keys.store, root, keys).unwrap());
        Closed { config, clock: Arc::new(ManualClock::at(START)), root: text, dir }.open().unwrap()
    }

    /// A path in the gateway's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, span: Span) {
        self.clock.advance(span);
    }

    /// Accepts an event about somebody new; gives the token of the address.
    pub(crate) fn accept(&self, email: &str) -> TokenText {
        self.event(email, false)
    }

    /// Accepts an event that waits for its owner.
    pub(crate) fn hold(&self, email: &str) {
        self.event(email, true);
    }

    fn event(&self, email: &str, held: bool) -> TokenText {
        let app = &self.app;
        let now = app.clock.now();
        let keyring = app.keeper.keyring();
        let scope = Scope::of(Mode::Test);
        let mut draw = Draw::new(subject::CREATE_DRAW + 512).unwrap();
        let new = keyring.create_subject(scope, &mut draw).unwrap();
        let first = app.writer.call(LeaseRecords { writer: app.writer_number, count: 1 }).unwrap();
        let category = category::by_alias("email").unwrap();
        let random: [u8; 6] = draw.take().unwrap();
        let slot = SlotValue {
            category: category.code,
            field: "candidate.email",
            kind: ValueKind::String,
            random,
            value: email.as_bytes(),
        };
        let sealed = keyring.seal_record(&new.key, first, &[slot], &mut draw).unwrap();
        let tag = *keyring.subject_tags(scope, "hr", category.code, email.as_bytes(), None).unwrap().first().unwrap();
        let mac = keyring.index_mac(ingress::SUBJECT, &tag, &[&new.number.0]).unwrap();
        let stable = *keyring.stable_tags(scope, "hr", category.code, new.number, email.as_bytes()).unwrap().first().unwrap();
        let parts: [&[u8]; 3] = [&first.as_u64().to_be_bytes(), &[0], &random];
        let stable_mac = keyring.index_mac(ingress::STABLE, &stable, &parts).unwrap();
        let event_id = app.event_id().unwrap();
        let purpose = if held { BodyPurpose::Held } else { BodyPurpose::Queued };
        let body = keyring
            .seal_body(&new.key, purpose, ingress::bound_to(&event_id, "apply", Mode::Test).as_bytes(), b"{}", &mut draw)
            .unwrap();
        let mut leaf = app.leaf(Actor::Source("apply".into()), "event.accept", Mode::Test);
        leaf.subjects = vec![new.pseudonym];
        let job = AcceptEvent {
            now,
            route: "apply".into(),
            mode: Mode::Test,
            source_key: draw.take().unwrap(),
            body_key: [1; 16],
            older_keys: Vec::new(),
            replay_until: now.plus(Span::days(30)),
            event_id,
            subject: SubjectUse::New(NewSubjectRow {
                number: new.number,
                mode: Mode::Test,
                realm: "hr".into(),
                dek_id: new.dek_id,
                epoch: new.wrapped.epoch,
                wrapped: new.wrapped.bytes,
                sealed_pseudonym: new.sealed_pseudonym,
                pending_until: None,
            }),
            index: vec![IndexRow { tag: ingress::store_tag(&tag), mac }],
            absent_subjects: Vec::new(),
            record: NewRecord {
                first,
                count: 1,
                created: now,
                expires: None,
                audience: audience::write(&keyring, first, new.number, &["intake"]),
                sealed,
            },
            stable: vec![StableRow { tag: ingress::store_tag(&stable), record: first, slot: Slot(0), random, mac: stable_mac }],
            absent_stable: Vec::new(),
            audience_updates: Vec::new(),
            body: if held { Vec::new() } else { body.clone() },
            held: held.then(|| HeldBody { until: now.plus(Span::days(7)), sealed: body }),
            releases: None,
            delivery: (!held).then(|| NewDelivery { workflow: "intake".into(), next_at: now }),
            leaf: leaf.to_bytes(),
        };
        assert!(matches!(app.writer.call(job).unwrap(), AcceptReply::Accepted { .. }));
        TokenText::new(&Block(keyring.token(first, Slot(0), random).unwrap()))
    }

    /// Makes every due delivery a dead letter.
    pub(crate) fn kill_deliveries(&self, reason: &str) {
        let now = self.app.clock.now();
        let due = self.app.writer.call(LeaseDue { now, limit: 100, lease_for: Span::minutes(1) }).unwrap();
        assert!(!due.is_empty());
        for delivery in due {
            let job = FinishAttempt {
                row: delivery.row,
                attempt: delivery.attempt,
                at: now,
                status: Some(500),
                latency_ms: 1,
                error: None,
                outcome: Attempted::Dead { reason: reason.into() },
                leaf: self.app.service_leaf("deliver.dead").to_bytes(),
            };
            self.app.writer.call(job).unwrap();
        }
    }

    /// What persons did, by the log.
    pub(crate) fn actions(&self) -> Vec<String> {
        let reader = self.app.store.reader().unwrap();
        let leaves = reader.leaves(1, i64::MAX).unwrap();
        let leaves = leaves.iter().map(|row| Leaf::from_bytes(&row.leaf).unwrap());
        leaves.filter(|leaf| matches!(leaf.actor, Actor::Person(_))).map(|leaf| leaf.action.into_owned()).collect()
    }

    /// A copy of the database as it is now.
    pub(crate) fn copy_database(&self) -> PathBuf {
        let path = self.path(&self.app.request_id());
        self.app.store.backup_to(&path).unwrap();
        path
    }

    /// The bytes of the key store as it is now.
    pub(crate) fn copy_keys(&self) -> Vec<u8> {
        std::fs::read(&self.config.keys.store).unwrap()
    }

    /// Makes a backup under this name; gives its answer and the identity that opens it.
    pub(crate) fn order_backup(&self, name: &str) -> (Value, String) {
        let pair = vestibule_vault::backup::generate();
        let order = backup::Order::new(self.path(name), pair.recipient, self.path("data"));
        let told = backup::backup(&self.app, &by(), &order).unwrap();
        (told, pair.identity.expose().clone())
    }

    /// Makes a backup under this name; gives its path and the identity that opens it.
    pub(crate) fn backup(&self, name: &str) -> (PathBuf, String) {
        let (_, identity) = self.order_backup(name);
        (self.path(name), identity)
    }

    /// Closes the gateway.
    pub(crate) fn close(self) -> Closed {
        let World { app, config, clock, root, dir } = self;
        drop(Arc::into_inner(app).expect("nobody else holds the gateway"));
        Closed { config, clock, root, dir }
    }

    /// Closes and opens it.
    pub(crate) fn restart(self) -> Result<World, LoadError> {
        self.close().open()
    }

    /// Closes it, changes bytes of the database, and opens it.
    pub(crate) fn edit_database(self, edit: impl FnOnce(&mut Vec<u8>)) -> World {
        let closed = self.close();
        let mut bytes = std::fs::read(&closed.config.store.path).unwrap();
        edit(&mut bytes);
        std::fs::write(&closed.config.store.path, bytes).unwrap();
        closed.open().unwrap()
    }
}

impl Closed {
    /// Opens it again.
    pub(crate) fn open(self) -> Result<World, LoadError> {
        let Closed { config, clock, root, dir } = self;
        let app = App::open(&settings(&config, &root, &clock))?;
        Ok(World { app, config, clock, root, dir })
    }

    /// Why it does not open, and the gateway as it lies there.
    pub(crate) fn refused(self) -> (Closed, LoadError) {
        let error = App::open(&settings(&self.config, &self.root, &self.clock)).err().expect("it does not open");
        (self, error)
    }

    /// Puts a copy in the place of the database.
    pub(crate) fn put_database(self, copy: &Path) -> Closed {
        self.remove_database();
        std::fs::copy(copy, &self.config.store.path).unwrap();
        self
    }

    /// Goes on with the database that is there.
    pub(crate) fn accept_gap(&self) -> Result<Value, super::OpError> {
        gap::accept(&settings(&self.config, &self.root, &self.clock), &by())
    }

    /// Opens it to look at it.
    pub(crate) fn look(&self) -> Arc<App> {
        App::open_to_read(&settings(&self.config, &self.root, &self.clock)).unwrap().unwrap()
    }

    /// Restores a backup.
    pub(crate) fn restore(&self, order: &restore::Order) -> Result<Value, super::OpError> {
        restore::restore(&settings(&self.config, &self.root, &self.clock), &by(), order)
    }

    /// A path in the gateway's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts other bytes in the place of the key store.
    pub(crate) fn put_keys(&self, bytes: &[u8]) {
        std::fs::write(&self.config.keys.store, bytes).unwrap();
    }

    /// The database in the hands of somebody who can write to it.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.config.store.path).unwrap()
    }

    /// Deletes the database.
    pub(crate) fn remove_database(&self) {
        for end in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(backup::beside(&self.config.store.path, end)));
        }
    }
}

fn settings<'a>(config: &'a Config, root: &'a Secret<String>, clock: &Arc<ManualClock>) -> Settings<'a> {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    Settings { config, root, clock, store: Options::new(&config.store.path) }
}
