//! What a configuration says, typed: every reference resolved to a name that exists, every default filled in.
//!
//! Values of secrets are not here, only [`SecretRef`]s. Nothing here opens a file, a variable or a socket, and nothing
//! here decides about a request: routes and grants are compiled from it elsewhere.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use vestibule_core::clock::Timestamp;
use vestibule_core::network::Origin;

mod inbound;
mod outbound;
mod scan;

pub use inbound::*;
pub use outbound::*;
pub use scan::*;

/// The whole file.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[store]`
    pub store: Store,
    /// `[keys]`
    pub keys: Keys,
    /// `[limits]`
    pub limits: Limits,
    /// `[system.NAME]`, in the order of the file.
    pub systems: Vec<System>,
    /// `[workflow.NAME]`, in the order of the file.
    pub workflows: Vec<Workflow>,
    /// `[in.NAME]`, in the order of the file.
    pub inbound: Vec<Inbound>,
    /// `[out.NAME]`, in the order of the file.
    pub outbound: Vec<Outbound>,
    /// `[scan.account.NAME]`, in the order of the file.
    pub accounts: Vec<ScanAccount>,
}

/// Where the gateway listens and how it is known.
#[derive(Clone, Debug)]
pub struct Server {
    /// What sources sign and links show: an https URL without a trailing slash.
    pub public_url: Origin,
    /// The address of the data listener.
    pub listen: SocketAddr,
    /// Certificate and key; absent only on a loopback address.
    pub tls: Option<TlsFiles>,
    /// The domain of e-mail tokens, lower case; `token.invalid` unless set.
    pub token_domain: String,
    /// Threads of the data path; one per core unless set.
    pub threads: Option<u16>,
}

/// PEM files of the data listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, the server's own certificate first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where the database lies.
#[derive(Clone, Debug)]
pub struct Store {
    /// The file of the SQLite database.
    pub path: PathBuf,
}

/// Where keys come from and how long erased data may stay readable in backups.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The root key.
    pub root: SecretRef,
    /// The file of the key store.
    pub store: PathBuf,
    /// R: an epoch key is destroyed at most this many days after its first use.
    pub erasure_days: u32,
    /// How old a backup may be and still be restored.
    pub restore_window_days: u32,
}

/// Bounds that hold for the whole process.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest body of a request, in bytes, unless a route says otherwise.
    pub max_body: u64,
    /// Most bytes that all bodies together may hold in memory.
    pub body_budget: u64,
}

/// A node of the data map. Nothing here changes what the gateway does; `status`, the log and reviews show it.
#[derive(Clone, Debug)]
pub struct System {
    /// Its name in the file.
    pub name: String,
    /// Which product it is.
    pub connector: Option<String>,
    /// Where its data lies.
    pub region: Option<String>,
    /// The company behind it.
    pub vendor: Option<String>,
    /// The legal ground of a transfer abroad.
    pub transfer: Option<String>,
    /// What it keeps and for how long, as written.
    pub keeps: Vec<(String, String)>,
}

/// A scenario, Zap or n8n workflow: the principal.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its name in the file.
    pub name: String,
    /// Where it runs.
    pub platform: Platform,
    /// The mail address of the person who answers for it.
    pub owner: String,
    /// What it is for, for example `employment.recruitment`.
    pub purpose: String,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

/// Where a workflow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Make
    Make,
    /// Zapier
    Zapier,
    /// n8n
    N8n,
    /// Anything else
    Other,
}

/// Names a secret without holding it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// Where it is.
    pub source: SecretSource,
    /// Where the reference stands in the file, in bytes: for errors of whoever resolves it.
    pub span: Range<usize>,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file, trimmed at its end.
    File(PathBuf),
    /// A systemd credential, by name.
    Credential(String),
}

impl Config {
    /// The workflow with this name.
    pub fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.name == name)
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Option<&ScanAccount> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The system with this name.
    pub fn system(&self, name: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.name == name)
    }
}

impl std::fmt::Display for SecretRef {
    /// The reference as written: `env:NAME`, `file:PATH` or `credential:NAME`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            SecretSource::Env(name) => write!(f, "env:{name}"),
            SecretSource::File(path) => write!(f, "file:{}", path.display()),
            SecretSource::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}
