//! Putting the gateway together: keys first, then the store, then what must hold before anything is served.

use super::keeper::Keeper;
use super::keys::{ForgedKey, KeyTable};
use super::ledger::Ledger;
use super::routes::Routes;
use super::schedule::KeySchedule;
use super::secrets::SecretText;
use super::settle::Gap;
use super::{App, Notify};
use crate::config::Config;
use crate::files;
use crate::net::body::BodyBudget;
use crate::net::outbound::OutboundError;
use crate::net::tls::TlsError;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use vestibule_core::audit::{Actor, Leaf};
use vestibule_core::clock::Clock;
use vestibule_core::document::MatcherError;
use vestibule_core::id::Mode;
use vestibule_core::network::OriginError;
use vestibule_core::policy::call::CallPatternError;
use vestibule_core::retry::Schedule;
use vestibule_store::{AppendLeaf, Options, Ports, SetGrantRevision, Store, StoreError};
use vestibule_vault::keystore::KeyStoreError;
use vestibule_vault::root::RootError;
use vestibule_vault::rotation::RotationError;
use vestibule_vault::{Draw, VaultError};

/// Why the gateway does not start. Nothing has been changed then, except a schema brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A secret cannot be read or used.
    #[error("the secret `{reference}` cannot be used: {why}")]
    Secret {
        /// The reference as written.
        reference: String,
        /// What is wrong, without the value.
        why: String,
    },
    /// A secret is not where its reference says, or not for us to read.
    #[error("the secret `{reference}` cannot be read: {why}")]
    Unread {
        /// The reference as written.
        reference: String,
        /// The stable code: what kind of thing is wrong.
        code: &'static str,
        /// What is wrong.
        why: String,
    },
    /// What is wrong belongs to one table or key of the configuration.
    #[error("{place}: {error}")]
    At {
        /// The table or key.
        place: String,
        /// What is wrong.
        error: Box<LoadError>,
    },
    /// A file cannot be read.
    #[error("{}", files::at(path, error.kind()))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The key store's file cannot be read or written.
    #[error("the key store {}", files::at(path, error.kind()))]
    KeyStoreFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The key store cannot be opened.
    #[error("the key store cannot be opened: {0}")]
    KeyStore(#[from] KeyStoreError),
    /// The root key is no root key.
    #[error("the root key cannot be used: {0}")]
    Root(#[from] RootError),
    /// A key cannot be used or made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A key cannot be rotated.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The database cannot be opened.
    #[error("{}", reached(.0))]
    Store(#[from] StoreError),
    /// A stored key is not ours.
    #[error(transparent)]
    Forged(#[from] ForgedKey),
    /// The database holds older keys than the key store has seen, or one older row.
    #[error("the list of workflow keys is not the newest one: a key that was revoked since may stand again")]
    AuthorityRolledBack,
    /// The database is not the one whose log the key store knows, or an older copy of it.
    #[error("the key store knows {} leaves of the log, and `{}` holds {} that do not reach them", gap.known, database.display(), gap.found)]
    Behind {
        /// The file.
        database: PathBuf,
        /// How far.
        gap: Gap,
    },
    /// The database reaches the head that the key store knows.
    #[error("there is no gap to accept: the database is the one that the key store knows")]
    NoGap,
    /// A certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A destination cannot be used.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A destination cannot be used.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// Two places tie.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// A call of a grant cannot be read.
    #[error(transparent)]
    Call(#[from] CallPatternError),
}

fn forbidden(kind: io::ErrorKind) -> bool {
    kind == io::ErrorKind::PermissionDenied
}

fn reached(error: &StoreError) -> String {
    match error {
        StoreError::Unreachable(path, kind) => format!("the database {}", files::at(path, *kind)),
        other => other.to_string(),
    }
}

impl LoadError {
    /// The same, of this table or key of the configuration.
    pub fn at(self, place: impl Into<String>) -> LoadError {
        LoadError::At { place: place.into(), error: Box::new(self) }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            LoadError::Secret { .. } => "secret.unusable",
            LoadError::Unread { code, .. } => code,
            LoadError::At { error, .. } => error.code(),
            LoadError::File { error, .. } | LoadError::KeyStoreFile { error, .. } if forbidden(error.kind()) => "file.permission",
            LoadError::Store(StoreError::Unreachable(_, kind)) if forbidden(*kind) => "file.permission",
            LoadError::File { .. } => "file.unreadable",
            LoadError::KeyStoreFile { .. } => "keystore.file",
            LoadError::KeyStore(error) => error.code(),
            LoadError::Root(error) => error.code(),
            LoadError::Vault(error) => error.code(),
            LoadError::Rotation(error) => error.code(),
            LoadError::Store(error) => error.code(),
            LoadError::Forged(_) => "store.tampered",
            LoadError::AuthorityRolledBack => "store.authority_rolled_back",
            LoadError::Behind { .. } => "log.behind_key_store",
            LoadError::NoGap => "log.no_gap",
            LoadError::Tls(error) => error.code(),
            LoadError::Origin(_) => "config.destination",
            LoadError::Outbound(error) => error.code(),
            LoadError::Matcher(error) => error.code(),
            LoadError::Call(_) => "config.call",
        }
    }
}

/// What the gateway is put together from.
pub struct Settings<'a> {
    /// The checked configuration.
    pub config: &'a Config,
    /// The text of the root key.
    pub root: &'a SecretText,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How the database is opened; tests and the durability run open it in other ways.
    pub store: Options,
}

impl Settings<'_> {
    /// Opens the key store.
    pub fn keeper(&self) -> Result<Keeper, LoadError> {
        Keeper::open(&self.config.keys.store, self.root.expose().as_bytes())
    }
}

/// The number of the only writer there is on SQLite.
pub(super) const WRITER: u16 = 1;

impl App {
    /// Opens keys and database, brings both to what must hold, and compiles the routes. Serves nothing yet.
    pub fn open(settings: &Settings<'_>) -> Result<Arc<App>, LoadError> {
        let (keeper, routes) = begin(settings)?;
        expected(settings, &keeper)?;
        let store = Store::open(settings.store.clone(), Arc::new(Audit(Arc::clone(&keeper))))?;
        let app = App::over(settings, keeper, routes, store, false)?;
        if let Some(gap) = app.gap()? {
            return Err(behind(settings, gap));
        }
        app.settle_authority()?;
        app.settle_log()?;
        app.settle_erasures()?;
        app.catch_up_authority()?;
        let revision = app.grant_revision.load(std::sync::atomic::Ordering::SeqCst);
        app.writer.call(SetGrantRevision { revision })?;
        app.writer.call(AppendLeaf { leaf: app.service_leaf("gateway.start").to_bytes() })?;
        Ok(Arc::new(app))
    }

    /// Opens keys and database to look at them, also beside a running gateway. Neither changes: the log gets no leaf, the
    /// key store no head, and what is written to the store is answered with [`StoreError::Closed`]. Keys that a start would refuse are
    /// refused here too, except over a database that is behind: that one can be looked at, with no key in force. Nothing if
    /// a start must make the database, or bring it up to date, first.
    pub fn open_to_read(settings: &Settings<'_>) -> Result<Option<Arc<App>>, LoadError> {
        let (keeper, routes) = begin(settings)?;
        expected(settings, &keeper)?;
        let Some(store) = Store::open_to_read(settings.store.clone())? else { return Ok(None) };
        let app = App::over(settings, keeper, routes, store, true)?;
        if app.gap()?.is_none() {
            app.settle_authority()?;
        }
        Ok(Some(Arc::new(app)))
    }

    fn over(
        settings: &Settings<'_>,
        keeper: Arc<Keeper>,
        routes: Routes,
        store: Store,
        only_looks: bool,
    ) -> Result<App, LoadError> {
        let config = settings.config;
        let now = settings.clock.now();
        Ok(App {
            writer: store.writer(),
            store,
            ledger: Ledger::new(WRITER, now),
            counters: Arc::default(),
            budget: BodyBudget::new(usize::try_from(config.limits.body_budget).unwrap_or(usize::MAX)),
            deliveries: Notify::new(),
            writer_number: WRITER,
            schedule: Schedule::default(),
            max_body: usize::try_from(config.limits.max_body).unwrap_or(usize::MAX),
            only_looks,
            rotating: Mutex::default(),
            grant_revision: AtomicU64::new(u64::try_from(now.0).unwrap_or(0)),
            routes: RwLock::new(Arc::new(routes)),
            key_schedule: RwLock::new(KeySchedule::of(&config.keys)),
            keys: RwLock::new(Arc::new(KeyTable::default())),
            started: now,
            requests: AtomicU64::new(0),
            run: format!("req_{}", vestibule_core::id::hex(&Draw::new(6)?.take::<6>()?)),
            clock: Arc::clone(&settings.clock),
            keeper,
        })
    }

    /// A leaf about the gateway itself.
    pub fn service_leaf<'a>(&self, action: &'a str) -> Leaf<'a> {
        self.leaf(Actor::Service("gateway".into()), action, Mode::Live)
    }
}

/// Nothing is made in the place of a database that the key store knows of.
fn expected(settings: &Settings<'_>, keeper: &Keeper) -> Result<(), LoadError> {
    let known = keeper.read(|keys| keys.head().map_or(0, |head| head.size));
    if known > 0 && !settings.config.store.path.exists() {
        return Err(behind(settings, Gap { known, found: 0 }));
    }
    Ok(())
}

fn behind(settings: &Settings<'_>, gap: Gap) -> LoadError {
    LoadError::Behind { database: settings.config.store.path.clone(), gap }
}

/// What comes before the database is touched.
fn begin(settings: &Settings<'_>) -> Result<(Arc<Keeper>, Routes), LoadError> {
    let config = settings.config;
    Ok((Arc::new(settings.keeper()?), Routes::compile(config)?))
}

/// The MACs of the log, under the key store's keys.
pub(super) struct Audit(pub(super) Arc<Keeper>);

impl Ports for Audit {
    fn leaf_mac(&self, previous: &[u8; 32], leaf: &[u8]) -> [u8; 32] {
        self.0.keyring().leaf_mac(previous, leaf)
    }
}
