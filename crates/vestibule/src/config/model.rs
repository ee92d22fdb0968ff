//! What a configuration says, typed: every reference resolved to a name that exists, every default filled in.
//!
//! Values of secrets are not here, only [`SecretRef`]s. Nothing here opens a file, a variable or a socket, and nothing
//! here decides about a request: routes and grants are compiled from it elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;

use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::document::FieldPath;
use vestibule_core::id::Mode;

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
}

/// Where the gateway listens and how it is known.
#[derive(Clone, Debug)]
pub struct Server {
    /// What sources sign and links show: an https URL without a trailing slash.
    pub public_url: Endpoint,
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

/// A route in: a source posts here.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Its name in the file.
    pub name: String,
    /// The exact path of requests, beginning with `/`.
    pub path: String,
    /// The system that sends, by name.
    pub from: Option<String>,
    /// Within which people are matched.
    pub realm: String,
    /// Test or live.
    pub mode: Mode,
    /// How the source proves authorship.
    pub verify: Verify,
    /// Networks that requests may come from; empty: any.
    pub addresses: Vec<Cidr>,
    /// All of these must hold, or the event is answered 200 and forgotten.
    pub when: Vec<Condition>,
    /// How the person is known.
    pub subject: SubjectPaths,
    /// Rules by path, in the order of the file.
    pub fields: Vec<FieldRule>,
    /// Members added for filters and routers, in the order of the file.
    pub derive: Vec<Derived>,
    /// What happens to values that no rule names.
    pub otherwise: Otherwise,
    /// Largest body in bytes.
    pub max_body: u64,
    /// Where the protected event goes; absent: it is only stored.
    pub deliver: Option<Deliver>,
}

/// How a source proves authorship.
#[derive(Clone, Debug)]
pub enum Verify {
    /// Standard Webhooks: id, time and body, HMAC-SHA-256.
    StandardWebhooks {
        /// 1 to 4 secrets, any of which may have signed.
        secrets: Vec<SecretRef>,
        /// Allowed difference of the clocks, both ways.
        tolerance: Span,
    },
    /// An HMAC in a header.
    Hmac(Hmac),
    /// `Authorization: Bearer <secret>`.
    Bearer {
        /// 1 to 4 secrets.
        secrets: Vec<SecretRef>,
    },
    /// A static key in a named header.
    Header {
        /// The header's name, lower case.
        name: String,
        /// 1 to 4 secrets.
        secrets: Vec<SecretRef>,
    },
}

/// An HMAC in a header, over the body or over time and body.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// 1 to 4 secrets, any of which may have signed.
    pub secrets: Vec<SecretRef>,
    /// The header of the signature, lower case.
    pub header: String,
    /// The hash.
    pub algorithm: HmacAlgorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands before it in the header, for example `sha256=`; may be empty.
    pub prefix: String,
    /// Header of the time in seconds, lower case; then `<time>.<body>` is what is signed.
    pub timestamp_header: Option<String>,
    /// Allowed difference of the clocks, both ways; without meaning where no time is signed.
    pub tolerance: Span,
}

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal
    Hex,
    /// Base64 with padding
    Base64,
}

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The first address; bits past the prefix are zero.
    pub network: IpAddr,
    /// Length of the prefix: 0 to 32 or 0 to 128.
    pub prefix: u8,
}

/// One condition on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where to look.
    pub path: FieldPath,
    /// The value must be one of these.
    pub any_of: Vec<Scalar>,
}

/// A JSON scalar to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

/// Where a document names its person. With neither, every event gets a pending subject.
#[derive(Clone, Debug, Default)]
pub struct SubjectPaths {
    /// The source's own identifier of the person.
    pub id: Option<FieldPath>,
    /// The e-mail address of the person.
    pub email: Option<FieldPath>,
}

/// A rule for one place and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The place.
    pub path: FieldPath,
    /// What happens to it.
    pub treatment: Treatment,
}

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It passes as it is.
    Keep,
    /// It is removed.
    Drop,
    /// It is sealed and a token takes its place.
    Tokenize {
        /// Code of the category (`vestibule_core::category::by_code`).
        category: u16,
        /// Whether the same value of the same subject gets the same token.
        stable: bool,
    },
}

/// A member computed from a value, so that filters work without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// Name of the member, added at the top of the document.
    pub name: String,
    /// What is computed.
    pub function: Function,
    /// From what.
    pub path: FieldPath,
}

/// What can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The part of an e-mail address after `@`, lower case.
    Domain,
    /// Whether there is a value that is neither null nor empty.
    Present,
    /// How many elements an array has.
    Count,
    /// How many characters a text has.
    Length,
    /// The year a date begins with.
    Year,
}

/// What happens to values that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// They are removed.
    Drop,
    /// They are tokenized under the category `any`.
    Tokenize,
    /// They are sealed until the owner decides.
    Hold {
        /// After this many days they are dropped.
        days: u32,
    },
}

/// Where a protected event goes.
#[derive(Clone, Debug)]
pub struct Deliver {
    /// The workflow that receives it, by name; it joins the audience of the event's tokens.
    pub workflow: String,
    /// The platform's webhook: its address is a secret.
    pub url: SecretRef,
    /// A header the platform asks for, such as Make's `x-make-apikey`.
    pub header: Option<(String, SecretRef)>,
    /// The secret our Standard Webhooks signature is made with; absent: one from the key store.
    pub signing: Option<SecretRef>,
    /// How long to wait for the answer.
    pub timeout: Span,
}

/// A destination: workflows call here instead of the vendor.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Its name in the file and in the path `/out/NAME/…`.
    pub name: String,
    /// The system behind it, by name.
    pub system: Option<String>,
    /// Where live calls go.
    pub live: Destination,
    /// Where test calls go; absent: they are refused with `grant.no_test`.
    pub test: Option<Destination>,
    /// How long to wait for the connection.
    pub connect_timeout: Span,
    /// How long to wait for the answer.
    pub timeout: Span,
    /// Largest answer in bytes.
    pub max_answer: u64,
    /// Who may call what, in the order of the file.
    pub grants: Vec<Grant>,
}

/// A server that calls go to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Origin and base path.
    pub to: Endpoint,
    /// The address of a private system: no look-up happens.
    pub address: Option<SocketAddr>,
    /// PEM file of the only authority that is trusted for it.
    pub ca: Option<PathBuf>,
    /// What the gateway adds to the call; absent: nothing.
    pub credential: Option<Credential>,
}

/// An https URL of origin and base path, without user information, query, fragment or trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Lower-case host name, or an address (IPv6 without brackets).
    pub host: String,
    /// 443 unless given.
    pub port: u16,
    /// Empty, or `/` and segments.
    pub base_path: String,
}

/// What the gateway adds to a call.
#[derive(Clone, Debug)]
pub enum Credential {
    /// HTTP Basic. The secret is `user:password`; without a colon it is the user, and the password is empty.
    Basic(SecretRef),
    /// `Authorization: Bearer <secret>`.
    Bearer(SecretRef),
    /// A named header.
    Header {
        /// Its name, lower case.
        name: String,
        /// Its value.
        value: SecretRef,
    },
}

/// One workflow, one call, exact places.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The workflow, by name.
    pub workflow: String,
    /// The method, upper case.
    pub method: String,
    /// The path below the destination's base path.
    pub path: PathPattern,
    /// Places of the body.
    pub reveal: Vec<BodyPlace>,
    /// Parameters of the query, by name.
    pub reveal_query: Vec<NamedPlace>,
    /// Segments of the path, by the name they have in `path`.
    pub reveal_path: Vec<NamedPlace>,
    /// Headers, by lower-case name.
    pub reveal_header: Vec<NamedPlace>,
    /// Places of the body where tokens may stand in the middle of a text.
    pub in_text: Vec<BodyPlace>,
    /// Conditions on addressees; all must hold.
    pub conditions: Vec<AddresseeCondition>,
    /// Narrower than the workflow's purpose, if given.
    pub purpose: Option<String>,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// Whether one call may hold tokens of several people.
    pub batch: bool,
    /// What passes of the answer.
    pub answer: Answer,
}

/// A path with literal segments and wildcards for one segment each. At each position from the left a literal is the
/// better match, so two different patterns never tie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// Its segments; empty for `/`.
    pub segments: Vec<Segment>,
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any text of one segment; `{name}` has a name, `*` has none.
    Any(Option<String>),
}

/// A place of the body and what may be restored there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyPlace {
    /// The place.
    pub path: FieldPath,
    /// Codes of the categories allowed there.
    pub categories: Vec<u16>,
}

/// A named place outside the body and what may be restored there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Name of the parameter, segment or header.
    pub name: String,
    /// Codes of the categories allowed there.
    pub categories: Vec<u16>,
}

/// Who may stand in a place that addresses somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddresseeCondition {
    /// The place of the body.
    pub path: FieldPath,
    /// Any of these is enough.
    pub any_of: Vec<Addressee>,
}

/// One kind of addressee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// A token of the person this call is about.
    SameSubject,
    /// A literal address of this domain, lower case without `@`.
    Domain(String),
    /// This literal address, lower case.
    Address(String),
}

/// What passes of an upstream's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Places that pass if the value has the type.
    pub keep: Vec<(FieldPath, JsonType)>,
    /// What happens to everything else.
    pub otherwise: AnswerOtherwise,
}

/// The type a kept value must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
}

/// What happens to the rest of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerOtherwise {
    /// It is removed.
    Drop,
    /// It is tokenized for the calling workflow and the call's subject.
    Tokenize {
        /// How long the values are kept.
        retention: Span,
    },
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

    /// The system with this name.
    pub fn system(&self, name: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.name == name)
    }
}

impl Cidr {
    /// Whether the address lies in the network. An IPv4-mapped IPv6 address counts as its IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                u32::from(address) & mask == u32::from(network) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                u128::from(address) & mask == u128::from(network) & mask
            }
            _ => false,
        }
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

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            443 => write!(f, "https://{host}{}", self.base_path),
            port => write!(f, "https://{host}:{port}{}", self.base_path),
        }
    }
}
