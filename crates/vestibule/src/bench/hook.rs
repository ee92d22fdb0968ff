//! Builds the gateway under test from a job, and signs its events. The only
//! file of the benchmark that touches the product's own code; everything else
//! sees addresses, tokens and a signer.
//!
//! What a configuration can say is said by one, the text below. Two things
//! cannot be said by any and are put in here: a backend without TLS, and that
//! deliveries wait while the run lasts.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vestibule_core::clock::Clock;
use vestibule_core::id::RecordNo;
use vestibule_core::scheme::standard_webhooks::{signature_text, signed_parts};
use vestibule_core::token::{Block, TokenText};
use vestibule_store::Options;
use vestibule_vault::keystore::CREATE_DRAW;
use vestibule_vault::record::PackedRecord;
use vestibule_vault::root::{self, Root};
use vestibule_vault::{Draw, KeyStore, mac};

use super::error::BenchError;
use super::gateway::{Job, Part, Ready, Tls};
use super::load::{Check, send_each};
use super::people;
use super::requests::{Known, Signer};
use super::wire::Target as Load;
use crate::app::keeper::Keeper;
use crate::app::routes::Routes;
use crate::app::{App, Settings};
use crate::config::{self, Config};
use crate::files;
use crate::gateway::{Gateway, Plan, system_client};
use crate::net::outbound::{OutboundLimits, Target};
use crate::net::server::ServerConfig;
use crate::net::tls::ServerTls;
use crate::ops::{self, keys};
use crate::system::SystemClock;

/// The domain of e-mail tokens.
const DOMAIN: &str = "t.example.com";
/// The workflow that gets the events and makes the calls.
const WORKFLOW: &str = "candidate-intake";
/// Where events are posted.
const EVENTS: &str = "/careers/apply";
/// Where calls are posted.
const CALLS: &str = "/out/ats/candidates";
/// Where people become known before calls are measured.
const KNOWN: &str = "/people";

/// A gateway that serves until it is dropped.
pub(super) struct Serving(Option<Gateway>);

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(gateway) = self.0.take() {
            gateway.stop();
        }
    }
}

/// Sets up folder, keys, people and rules of a job, and listens on a free
/// loopback port.
pub(super) fn open(job: &Job) -> Result<(Ready, Serving), BenchError> {
    let secret = signing_secret()?;
    let config = configure(job, &secret)?;
    let app = set_up(&config)?;
    let (path, key, tokens) = match &job.part {
        Part::Ingress => (EVENTS, String::new(), Vec::new()),
        Part::Egress { .. } => (CALLS, mint(&app)?, introduce(&app, &secret)?),
    };
    let listener = match &job.part {
        Part::Egress { tls: Some(Tls { cert, key, .. }), .. } => {
            let tls = ServerTls::new(cert.as_bytes(), key.as_bytes()).map_err(|_| BenchError::Certificates)?;
            ServerConfig::https(any_port(), tls)
        }
        Part::Egress { backend, tls: None, .. } => {
            app.set_routes(without_tls(&config, *backend)?);
            plain()?
        }
        Part::Ingress => plain()?,
    };
    let gateway = start(&app, listener.threads(job.threads))?;
    let ready = Ready { addr: address(&gateway)?, path: path.to_owned(), key, tokens, secret };
    Ok((ready, Serving(Some(gateway))))
}

/// Standard Webhooks signatures with this route secret, `whsec_` and base64.
pub(super) fn signer(secret: &str) -> Result<Signer, BenchError> {
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(|| BenchError::Gateway("its signing secret is none".to_owned()))?;
    let signer = mac::Signer::new(mac::Algorithm::HmacSha256, &key);
    Ok(Box::new(move |id, time, body| {
        let time = time.to_string();
        signature_text(&signer.sign(&signed_parts(id, &time, body)))
    }))
}

/// Writes secrets into the folder and reads the configuration that names them.
fn configure(job: &Job, secret: &str) -> Result<Config, BenchError> {
    let folder = job.folder.as_path();
    for part in ["data", "keys", "secrets"] {
        files::private_folder(&folder.join(part)).map_err(|source| BenchError::Folder { path: folder.join(part), source })?;
    }
    write(&folder.join("secrets/signing"), secret)?;
    write(&folder.join("secrets/hook"), "https://platform.example.com/hook")?;
    let mut text = base(folder);
    match &job.part {
        Part::Ingress => text.push_str(&route(
            "careers",
            EVENTS,
            &format!("{{ id = \"{}\" }}", people::EVENT_SUBJECT),
            &event_fields(),
            folder,
        )),
        Part::Egress { backend, credential, tls } => {
            write(&folder.join("secrets/credential"), credential)?;
            let name = tls.as_ref().map_or("localhost", |tls| tls.name.as_str());
            text.push_str(&route("people", KNOWN, "{ email = \"email_addresses[*].value\" }", &call_fields(), folder));
            text.push_str(&destination(name, *backend, folder));
            if let Some(tls) = tls {
                write(&folder.join("secrets/ca.pem"), &tls.ca)?;
                let _ = writeln!(text, "ca = \"{}\"", folder.join("secrets/ca.pem").display());
            }
            text.push_str(&grant());
        }
    }
    match config::load(&text, "bench.toml", SystemClock.now()) {
        Ok((config, _)) => Ok(config),
        Err(report) => {
            let codes: Vec<&str> = report.findings().iter().map(|finding| finding.code).collect();
            Err(BenchError::Gateway(format!("its configuration is refused: {}", codes.join(", "))))
        }
    }
}

fn base(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"[server]
public_url = "https://gate.example.com"
listen = "127.0.0.1:0"
token_domain = "{DOMAIN}"
[store]
url = "sqlite:{folder}/data/vestibule.db"
[keys]
root = "file:{folder}/keys/root"
store = "{folder}/keys/keys"
[workflow.{WORKFLOW}]
platform = "other"
owner = "bench@example.com"
purpose = "employment.recruitment"
"#
    )
}

fn route(name: &str, path: &str, subject: &str, fields: &str, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"[in.{name}]
path = "{path}"
secret = "file:{folder}/secrets/signing"
subject = {subject}
otherwise = "drop"
deliver = {{ workflow = "{WORKFLOW}", url = "file:{folder}/secrets/hook" }}
[in.{name}.fields]
{fields}
"#
    )
}

fn destination(name: &str, backend: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"[out.ats]
to = "https://{name}"
address = "{backend}"
credential = {{ bearer = "file:{folder}/secrets/credential" }}
"#
    )
}

fn grant() -> String {
    let pairs = |pairs: &[(&str, &str)]| -> String {
        let all: Vec<String> = pairs.iter().map(|(path, value)| format!("\"{path}\" = \"{value}\"")).collect();
        all.join(", ")
    };
    format!(
        r#"[[out.ats.grant]]
workflow = "{WORKFLOW}"
call = "POST /candidates"
reveal = {{ {} }}
answer = {{ keep = {{ {} }}, otherwise = "drop" }}
"#,
        pairs(&people::CALL_FIELDS),
        pairs(&people::ANSWER_KEEP)
    )
}

fn event_fields() -> String {
    let mut text = String::new();
    for (path, category, stable) in people::EVENT_FIELDS {
        let _ = writeln!(text, "\"{path}\" = {{ category = \"{category}\", stable = {stable} }}");
    }
    for path in people::EVENT_KEEP {
        let _ = writeln!(text, "\"{path}\" = \"keep\"");
    }
    text
}

fn call_fields() -> String {
    let mut text = String::new();
    for (path, category) in people::CALL_FIELDS {
        let _ = writeln!(text, "\"{path}\" = {{ category = \"{category}\", stable = false }}");
    }
    text
}

/// New keys, a new database, and the gateway's shared part over both.
fn set_up(config: &Config) -> Result<Arc<App>, BenchError> {
    let clock = Arc::new(SystemClock);
    let mut draw = Draw::new(root::DRAW + CREATE_DRAW).map_err(failed)?;
    let root = Root::generate(&mut draw).map_err(failed)?;
    let text = root.to_text();
    let store = KeyStore::create(0, &mut draw, clock.now()).map_err(failed)?;
    Keeper::create(&config.keys.store, root, store).map_err(failed)?;
    App::open(&Settings { config, root: &text, clock, store: Options::new(&config.store.path) }).map_err(failed)
}

/// The same routes with the backend of the plain run: loopback, without TLS.
fn without_tls(config: &Config, backend: SocketAddr) -> Result<Routes, BenchError> {
    let mut routes = Routes::compile(config).map_err(failed)?;
    for route in routes.outbound.values_mut().filter_map(Arc::get_mut) {
        route.live.target = Target::plain_for_bench(backend.port(), OutboundLimits::default());
    }
    Ok(routes)
}

/// A workflow key, good for this run.
fn mint(app: &App) -> Result<String, BenchError> {
    let order = keys::Create { workflow: WORKFLOW.to_owned(), test: false, days: 1, owner: "bench@example.com".to_owned() };
    let made = keys::create(app, &ops::person_of("bench"), &order).map_err(failed)?;
    let key = made.get("key").and_then(serde_json::Value::as_str);
    key.map(str::to_owned).ok_or_else(|| BenchError::Gateway("its new key is missing".to_owned()))
}

/// Makes people known through the front door, one event each, and gives their
/// tokens as the platform would have got them.
fn introduce(app: &Arc<App>, secret: &str) -> Result<Vec<[String; 8]>, BenchError> {
    let gateway = start(app, plain()?)?;
    let target = Load { party: "gateway", addr: address(&gateway)?, tls: None };
    let events = Known::new(target.addr, KNOWN, signer(secret)?);
    send_each(&target, events, people::PEOPLE as usize, Check::Accepted)?;
    gateway.stop();
    let reader = app.store.reader().map_err(failed)?;
    let last = reader.highest_record().map_err(failed)?;
    let first = last
        .and_then(|last| RecordNo::from_u64(last.as_u64().checked_sub(u64::from(people::PEOPLE) - 1)?))
        .ok_or_else(|| BenchError::Gateway("people are missing".to_owned()))?;
    (0..u64::from(people::PEOPLE))
        .map(|person| {
            let number = first.offset(person);
            let row = number.and_then(|number| reader.record(number).transpose());
            let row = row.transpose().map_err(failed)?;
            let sealed = row.and_then(|row| row.sealed);
            tokens(app, number, sealed.unwrap_or_default())
        })
        .collect()
}

/// The tokens of one record: who holds the keys can make them again from the
/// numbers beside the sealed values.
fn tokens(app: &App, first: Option<RecordNo>, sealed: Vec<u8>) -> Result<[String; 8], BenchError> {
    let missing = || BenchError::Gateway("a person's values are missing".to_owned());
    let first = first.ok_or_else(missing)?;
    let packed = PackedRecord::parse(sealed).map_err(failed)?;
    let texts: Vec<String> = packed
        .slots(first)
        .zip(people::CALL_FIELDS)
        .map(|((record, slot, packed), (path, category))| {
            if packed.field() != path {
                return Err(missing());
            }
            let block = app.keeper.keyring().token(record, slot, packed.random).map_err(failed)?;
            let token = TokenText::new(&Block(block));
            Ok(match category {
                "email" => format!("{}@{DOMAIN}", token.as_str()),
                _ => token.as_str().to_owned(),
            })
        })
        .collect::<Result<_, BenchError>>()?;
    texts.try_into().map_err(|_| missing())
}

fn start(app: &Arc<App>, data: ServerConfig) -> Result<Gateway, BenchError> {
    let plan = Plan { data, socket: None, client: Arc::new(system_client), deliver: false, minutes: true };
    Gateway::start(app, plan).map_err(failed)
}

fn address(gateway: &Gateway) -> Result<SocketAddr, BenchError> {
    gateway.address().ok_or_else(|| BenchError::Gateway("it listens nowhere".to_owned()))
}

fn plain() -> Result<ServerConfig, BenchError> {
    ServerConfig::plain_loopback(any_port()).map_err(failed)
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn signing_secret() -> Result<String, BenchError> {
    let key: [u8; 32] = Draw::new(32).and_then(|mut draw| draw.take()).map_err(failed)?;
    Ok(format!("whsec_{}", STANDARD.encode(key)))
}

fn write(path: &Path, text: &str) -> Result<(), BenchError> {
    files::create(path, text.as_bytes()).map_err(|source| BenchError::Folder { path: path.to_owned(), source })
}

/// Errors of the product name places and codes, never values.
fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Gateway(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn job(part: Part) -> (tempfile::TempDir, Job) {
        let folder = tempfile::tempdir().unwrap();
        let job = Job { folder: folder.path().to_owned(), threads: 1, part };
        (folder, job)
    }

    #[test]
    fn the_gateway_takes_events_in() {
        let (_folder, job) = job(Part::Ingress);
        let (ready, serving) = open(&job).unwrap();
        let target = Load { party: "gateway", addr: ready.addr, tls: None };
        let events = super::super::requests::Events::new(ready.addr, &ready.path, signer(&ready.secret).unwrap());
        send_each(&target, events, 20, Check::Accepted).unwrap();
        drop(serving);
    }

    #[test]
    fn people_are_known_by_tokens_of_their_own() {
        let part = Part::Egress { backend: "127.0.0.1:9".parse().unwrap(), credential: "credential".to_owned(), tls: None };
        let (_folder, job) = job(part);
        let (ready, serving) = open(&job).unwrap();
        let all: std::collections::HashSet<&String> = ready.tokens.iter().flatten().collect();
        assert_eq!(all.len(), people::PEOPLE as usize * people::CALL_FIELDS.len());
        assert!(all.iter().all(|token| token.starts_with("vt1")));
        drop(serving);
    }

    #[test]
    fn signs_as_the_published_example_of_standard_webhooks() {
        let sign = signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_form_is_refused() {
        assert!(signer("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
        assert!(signer("whsec_***").is_err());
    }
}
