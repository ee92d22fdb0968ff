//! The world of the integration tests: a gateway on real sockets, with sources, a platform and destinations as values.
//!
//! Every world has its own folder, keys, certificates and ports, and a clock that only the test moves. Nothing in it
//! leaves the machine.

pub mod gate;
pub mod http;
pub mod peer;
pub mod source;

pub use http::{Answer, Connection, Request};
pub use peer::{Peer, Reply, Seen};
pub use source::{Scheme, Source};

use gate::{Dialed, Gate};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::Runtime;
use vestibule::app::keeper::Keeper;
use vestibule::app::{App, LoadError, Settings, secrets};
use vestibule::net::server::ServerConfig;
use vestibule::net::tls::{ClientTls, ServerTls, TrialCa, Validity};
use vestibule::{config, files, jobs, ops};
use vestibule_core::audit::Leaf;
use vestibule_core::clock::{Clock as _, ManualClock, Span, Timestamp};
use vestibule_core::id::{Mode, RecordNo, Slot};
use vestibule_core::token::{Block, TokenText};
use vestibule_store::{DeliveryState, Options, Reader, TouchKeys};
use vestibule_vault::{Draw, KeyStore, Root, apikey, keystore};

/// The credential of the applicant tracking system, `user:password`.
pub const ATS_CREDENTIAL: &str = "ats-user-Yc4Rw8Lq:ats-password-Yc4Rw8Lq";
/// The bearer token of its sandbox.
pub const SANDBOX_CREDENTIAL: &str = "sandbox-token-Yc4Rw8Lq";
/// The bearer token of the mail service, and the key of the slow one.
pub const MAIL_CREDENTIAL: &str = "mail-token-Yc4Rw8Lq";
/// The path of the platform's webhook, as secret as a key.
pub const HOOK: &str = "/hook/path-Hn4dQ6Vb";
/// What the platform's webhook asks for in `x-make-apikey`.
pub const HOOK_KEY: &str = "make-apikey-Hn4dQ6Vb";
/// The secret the platform verifies deliveries with.
pub const DELIVERY_SECRET: &str = "whsec_ZGVsaXZlcnktc2lnbmluZy1zZWNyZXQtYWJjZGVmZ2g=";

/// The world. Dropping it stops everything and removes its folder.
pub struct World {
    gate: Option<Gate>,
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub platform: Peer,
    pub ats: Peer,
    pub sandbox: Peer,
    pub stranger: Peer,
    pub dialed: Dialed,
    folder: tempfile::TempDir,
    config: String,
    server_tls: ServerTls,
    client_tls: ClientTls,
    runtime: Runtime,
    ids: AtomicU64,
}

impl World {
    /// A world with the configuration of this folder.
    pub fn new() -> World {
        World::with(|text| text)
    }

    /// A world with another configuration.
    pub fn with(change: impl FnOnce(String) -> String) -> World {
        World::opened(change, |options| options)
    }

    /// A world whose database is opened in another way.
    pub fn opened(change: impl FnOnce(String) -> String, how: impl FnOnce(Options) -> Options) -> World {
        let folder = tempfile::tempdir().unwrap();
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let start = Timestamp(jiff::Timestamp::now().as_millisecond());
        let ca = TrialCa::new(Validity::around(today, 30)).unwrap();
        let foreign = TrialCa::new(Validity::around(today, 30)).unwrap();
        let tls = |ca: &TrialCa, names: &[&str]| {
            let issued = ca.issue(names).unwrap();
            ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap()
        };
        let platform = Peer::start(tls(&ca, &["platform.test"]), Reply::status(200));
        let created = Reply::json(201, r#"{"id":7,"status":"new"}"#);
        let ats = Peer::start(tls(&ca, &["ats.test", "mail.test"]), created.clone());
        let sandbox = Peer::start(tls(&ca, &["sandbox.test"]), created.clone());
        let stranger = Peer::start(tls(&foreign, &["stranger.test"]), created);
        let text = include_str!("world/config.toml")
            .replace("{folder}", folder.path().to_str().unwrap())
            .replace("{platform}", &platform.address.to_string())
            .replace("{ats}", &ats.address.to_string())
            .replace("{sandbox}", &sandbox.address.to_string())
            .replace("{stranger}", &stranger.address.to_string())
            .replace("{dead}", "127.0.0.1:1")
            .replace("{tomorrow}", &today.tomorrow().unwrap().to_string());
        let config = change(text);
        lay_out(folder.path(), &ca, start);
        let clock = Arc::new(ManualClock::at(start));
        let app = open(&config, &clock, how).unwrap();
        let server_tls = tls(&ca, &[http::GATE]);
        let client_tls = ClientTls::with_ca(ca.certificate().as_bytes()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dialed = Dialed::default();
        let gate = Gate::start(&app, https(&server_tls), &dialed, true);
        let gate = Some(gate);
        let ids = AtomicU64::new(1);
        World { gate, app, clock, platform, ats, sandbox, stranger, dialed, folder, config, server_tls, client_tls, runtime, ids }
    }

    /// Where this world keeps its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the gateway's listener.
    pub fn address(&self) -> std::net::SocketAddr {
        self.gate.as_ref().unwrap().address
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock, and lets deliveries look at it.
    pub fn advance(&self, span: Span) {
        self.clock.advance(span);
        self.app.deliveries.notify_one();
    }

    /// Runs the client's side of a conversation.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A TLS connection to the gateway.
    pub async fn connect(&self) -> Connection {
        Connection::tls(self.address(), &self.client_tls).await
    }

    /// Sends one request on a connection of its own.
    pub fn send(&self, request: &Request) -> Answer {
        self.block_on(async { self.connect().await.send(request).await.expect("an answer") })
    }

    /// Sends bytes as they are, then says that nothing more comes.
    pub fn send_raw(&self, bytes: &[u8]) -> Vec<Answer> {
        self.block_on(async {
            let mut connection = self.connect().await;
            connection.write(bytes).await;
            connection.read_all().await
        })
    }

    /// An id that no event of this world has had.
    pub fn fresh_id(&self) -> String {
        format!("msg_{:08}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// An event of the source of this route, signed now, under a fresh id.
    pub fn event(&self, path: &'static str, body: &str) -> Request {
        Source::at(path).event(self.now(), &self.fresh_id(), body)
    }

    /// Posts an event and waits for its delivery; hands back what the platform got.
    pub fn deliver(&self, path: &'static str, body: &str) -> Seen {
        let before = self.platform.count();
        let answer = self.send(&self.event(path, body));
        assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("accepted")), "{}", answer.text());
        self.platform.wait_after(before)
    }

    /// A call of a workflow with this key.
    pub fn call(&self, key: &str, method: &str, target: &str, body: &str) -> Answer {
        self.send(&call(key, method, target, body))
    }

    /// A new key of a workflow.
    pub fn key(&self, workflow: &str, mode: Mode) -> String {
        self.key_for(workflow, mode, 300)
    }

    /// A new key of a workflow that works for some days.
    pub fn key_for(&self, workflow: &str, mode: Mode, days: u32) -> String {
        let order =
            ops::keys::Create { workflow: workflow.into(), test: mode == Mode::Test, days, owner: "dana@example.com".into() };
        let made = ops::keys::create(&self.app, &by(), &order).unwrap();
        made["key"].as_str().unwrap().to_owned()
    }

    /// Revokes a key by its text.
    pub fn revoke(&self, key: &str) {
        ops::keys::revoke(&self.app, &by(), &apikey::parse_api_key(key).unwrap().id).unwrap();
    }

    /// Erases the person of a token.
    pub fn erase(&self, token: &str) {
        let erased = ops::erase::erase(&self.app, &by(), &ops::erase::Whom::Token(token.to_owned())).unwrap();
        assert_eq!((&erased["erased"], &erased["scrubbed"]), (&true.into(), &true.into()), "{erased}");
    }

    /// A token of this gateway whose record number was never used.
    pub fn unknown_token(&self) -> String {
        let record = RecordNo::new(1, 1 << 30).unwrap();
        TokenText::new(&Block(self.app.keeper.keyring().token(record, Slot(0), [1; 6]).unwrap())).to_string()
    }

    /// Every leaf of the log, decoded.
    pub fn leaves(&self) -> Vec<Leaf<'static>> {
        self.settle();
        let rows = self.app.store.reader().unwrap().leaves(1, i64::MAX).unwrap();
        rows.iter().map(|row| Leaf::from_bytes(&row.leaf).unwrap()).collect()
    }

    /// Waits for everything that was handed to the store before.
    pub fn settle(&self) {
        self.app.writer.call(TouchKeys { uses: Vec::new() }).unwrap();
    }

    /// Waits for something that the gateway does by itself.
    pub fn until(&self, what: &str, mut done: impl FnMut(&Reader) -> bool) {
        let deadline = Instant::now() + peer::PATIENCE;
        let reader = self.app.store.reader().unwrap();
        while !done(&reader) {
            assert!(Instant::now() < deadline, "in vain: {what}; still due: {:?}", unfinished(&reader));
            self.settle();
        }
    }

    /// Does what happens every minute.
    pub fn minute(&self) {
        jobs::once(&self.app);
    }

    /// How many events were ever accepted.
    pub fn events(&self) -> u64 {
        self.app.store.reader().unwrap().counts().unwrap().events
    }

    /// How often a route refused with this code.
    pub fn refused(&self, route: &str, code: &str) -> u64 {
        let counts = self.app.counters.refused();
        counts.iter().filter(|(name, known, _)| name == route && *known == code).map(|(_, _, count)| count.total).sum()
    }

    /// Puts a plain listener beside the TLS one: for tests of many thousand requests.
    pub fn plain_gate(&self) -> Gate {
        let listen = ServerConfig::plain_loopback("127.0.0.1:0".parse().unwrap()).unwrap();
        let many = vestibule::net::server::Limits { connections_per_ip: 10_000, ..Default::default() };
        Gate::start(&self.app, listen.threads(2).limits(many), &self.dialed, false)
    }

    /// The configuration's text, with this world's addresses.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// Opens a second gateway over another configuration, as a start would.
    pub fn try_open(&self, config: &str) -> Result<Arc<App>, LoadError> {
        open(config, &self.clock, |options| options)
    }

    /// Stops the gateway, lets `meanwhile` at its files, and opens it again.
    pub fn restart(mut self, meanwhile: impl FnOnce(&Path)) -> Result<World, LoadError> {
        self.gate = None;
        assert_eq!(Arc::strong_count(&self.app), 1, "somebody still holds the gateway");
        drop(self.app);
        meanwhile(self.folder.path());
        self.app = open(&self.config, &self.clock, |options| options)?;
        self.gate = Some(Gate::start(&self.app, https(&self.server_tls), &self.dialed, true));
        Ok(self)
    }
}

/// A call of a workflow.
pub fn call(key: &str, method: &str, target: &str, body: &str) -> Request {
    let request = Request::new(method, target).header("authorization", &format!("Bearer {key}"));
    if body.is_empty() { request } else { request.json(body) }
}

/// Who gives the commands.
pub fn by() -> ops::By {
    ops::person_of("dana")
}

/// An application as the career site sends it.
pub fn application(name: &str, email: &str) -> String {
    serde_json::json!({
        "consent": { "given": true },
        "candidate": {
            "id": format!("cand-{name}"), "email": email, "name": name, "phone": "+49 30 901820",
            "cv": "JVBERi0xLjcKJcOkw7zDtsOfCg==", "country": "DE", "age": 34, "remote": true,
        },
        "answers": [{ "ref": "salary", "value": "65000" }, { "ref": "hobby", "value": "unlisted" }],
        "job": { "id": "J-77" },
        "unlisted": "never passes",
    })
    .to_string()
}

/// Whether this is the text of a token.
pub fn is_token(text: &str) -> bool {
    let text = text.strip_suffix("@t.example.com").unwrap_or(text);
    vestibule_core::token::parse(text).is_ok_and(|block| TokenText::new(&block).as_str() == text)
}

/// The deliveries that still wait, each with the attempts made.
fn unfinished(reader: &Reader) -> Vec<String> {
    let due = reader.deliveries(DeliveryState::Due, None, 20).unwrap();
    due.iter()
        .map(|delivery| format!("{} {:?} {:?}", delivery.event.route, delivery.at, reader.attempts(delivery.row).unwrap()))
        .collect()
}

fn https(tls: &ServerTls) -> ServerConfig {
    ServerConfig::https("127.0.0.1:0".parse().unwrap(), tls.clone())
}

/// Accepts, while the gateway of a configuration is closed, that its newest database is lost.
pub fn accept_gap(text: &str, clock: &Arc<ManualClock>) -> serde_json::Value {
    opened(text, clock, |options| options, |settings| ops::gap::accept(settings, &by())).unwrap()
}

/// Opens the gateway of a configuration, serving nothing.
pub fn open(text: &str, clock: &Arc<ManualClock>, how: impl FnOnce(Options) -> Options) -> Result<Arc<App>, LoadError> {
    opened(text, clock, how, App::open)
}

fn opened<T>(
    text: &str,
    clock: &Arc<ManualClock>,
    how: impl FnOnce(Options) -> Options,
    open: impl FnOnce(&Settings<'_>) -> T,
) -> T {
    let (config, report) = config::load(text, "vestibule.toml", clock.now()).unwrap_or_else(|report| panic!("{report:?}"));
    drop(report);
    let root = secrets::resolve(&config.keys.root).unwrap();
    let store = how(Options::new(config.store.path.clone()));
    open(&Settings { config: &config, root: &root, clock: clock.clone(), store })
}

fn lay_out(folder: &Path, ca: &TrialCa, now: Timestamp) {
    for name in ["data", "keys", "secrets"] {
        files::private_folder(&folder.join(name)).unwrap();
    }
    let hook = format!("https://platform.test{HOOK}");
    let secrets = [
        ("standard", source::secret_of(Scheme::Standard)),
        ("static", source::STATIC_SECRET),
        ("vector", source::VECTOR_SECRET),
        ("bare", source::VECTOR_SECRET.trim_start_matches("whsec_")),
        ("hook", &hook),
        ("hook-key", HOOK_KEY),
        ("delivery", DELIVERY_SECRET),
        ("ats", ATS_CREDENTIAL),
        ("sandbox", SANDBOX_CREDENTIAL),
        ("mail", MAIL_CREDENTIAL),
    ];
    for (name, text) in secrets {
        files::create(&folder.join("secrets").join(name), text.as_bytes()).unwrap();
    }
    files::create(&folder.join("ca.pem"), ca.certificate().as_bytes()).unwrap();
    let root = Root::generate(&mut Draw::new(keystore::ROOT_DRAW).unwrap()).unwrap();
    files::create(&folder.join("root.key"), root.to_text().expose().as_bytes()).unwrap();
    let store = KeyStore::create(1, &mut Draw::new(keystore::CREATE_DRAW).unwrap(), now).unwrap();
    Keeper::create(&folder.join("keys/keys"), root, store).unwrap();
}
