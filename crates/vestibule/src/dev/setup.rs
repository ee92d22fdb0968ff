//! Setting up the trial: folder, authority, keys, the two stand-ins, the gateway.

use super::folder::{CONFIG, Folder, TRIAL};
use super::parties::{self, Line, Record, Seen};
use super::sample;
use crate::app::routes::{OutRoute, Routes};
use crate::app::secrets;
use crate::app::{App, Settings};
use crate::config;
use crate::files;
use crate::gateway::{self, Gateway, Plan};
use crate::net::outbound::{Client, OutboundLimits, Target};
use crate::net::server::{Server, ServerConfig};
use crate::net::tls::{ClientTls, ServerTls, TrialCa, Validity};
use crate::ops::{self, OpError};
use crate::system::SystemClock;
use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use http_body_util::Full;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use vestibule_core::audit::{Direction, Leaf};
use vestibule_core::clock::Clock as _;
use vestibule_core::id::hex;
use vestibule_core::network::Origin;
use vestibule_core::outgoing::Places;
use vestibule_core::policy::{Carrier, Opens, Place};
use vestibule_core::problem;
use vestibule_core::scheme::standard_webhooks::{self, SECRET_PREFIX, signature_text, signed_parts};
use vestibule_core::secret::Secret;
use vestibule_vault::keystore::{CREATE_DRAW, ROOT_DRAW};
use vestibule_vault::{Draw, KeyStore, Root, mac};

/// A running trial.
pub struct Trial {
    folder: Folder,
    gateway: Gateway,
    automation: Server,
    ats: Server,
    done: Receiver<Seen>,
    door: Target,
    /// The career site's signing key.
    signing: Secret<Vec<u8>>,
    /// The key of the route that takes any JSON.
    anything: Secret<String>,
    /// The workflow's key, as text.
    key: Secret<String>,
    first_leaf: i64,
}

/// An event that the gateway has accepted.
pub struct Sent {
    /// Its id.
    pub event: String,
}

impl Trial {
    /// Makes or opens the trial's folder and starts everything.
    pub fn start(data: Option<&Path>) -> anyhow::Result<Trial> {
        let place = Folder::open(data)?;
        let folder = place.path.clone();
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let authority = TrialCa::new(Validity::around(today, 30))?;
        let gateway_certificate = authority.issue(&["localhost", "127.0.0.1"])?;
        let party_certificate = authority.issue(&["localhost"])?;
        files::write(&folder.join("ca.pem"), authority.certificate().as_bytes())?;
        files::write(&folder.join("gateway.pem"), gateway_certificate.chain.as_bytes())?;
        files::write(&folder.join("gateway.key"), gateway_certificate.key.as_bytes())?;

        let signing = secret(&folder, "careers-signing", || Ok(format!("{SECRET_PREFIX}{}", STANDARD.encode(random::<32>()?))))?;
        let anything = secret(&folder, "anything-key", || Ok(format!("try_{}", hex(&random::<24>()?))))?;
        let ats_key = secret(&folder, "ats-key", || Ok(format!("ats_{}", hex(&random::<24>()?))))?;
        let (tell, done) = channel();
        let record = Record::new(tell);
        let line = Arc::new(OnceLock::new());
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:", ats_key.expose())));
        let ats = parties::ats(&party_certificate, Arc::clone(&record), basic)?;
        let automation = parties::automation(&party_certificate, record, Arc::clone(&line))?;
        let ats_address = ats.address().context("the stand-in ATS has no address")?;
        let platform = automation.address().context("the stand-in automation has no address")?;
        files::write(&folder.join("secrets/hook"), format!("https://localhost:{}/hook", platform.port()).as_bytes())?;

        let app = open(&place, platform, ats_address)?;
        let first_leaf = app.store.reader()?.head()?.seq + 1;
        let key = workflow_key(&app)?;
        let tls = ServerTls::new(gateway_certificate.chain.as_bytes(), gateway_certificate.key.as_bytes())?;
        let listen = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        let plan = Plan {
            data: ServerConfig::https(listen, tls),
            socket: Some(folder.join("data/vestibule.sock")),
            client: Arc::new(gateway::system_client),
            deliver: true,
            minutes: true,
        };
        let gateway = Gateway::start(&app, plan)?;
        let address = gateway.address().context("the gateway has no address")?;
        let target = || -> anyhow::Result<Target> {
            let origin = Origin::parse_pinned(&format!("https://localhost:{}", address.port()), address)?;
            let tls = ClientTls::with_ca(authority.certificate().as_bytes())?;
            let limits = OutboundLimits { body: 64 * 1024 * 1024, ..OutboundLimits::default() };
            Ok(Target::new(&origin, Some(address), tls, limits)?)
        };
        let known = line.set(Line { gateway: target()?, key: Secret::new(key.expose().clone()) });
        known.map_err(|_| anyhow!("the stand-in automation was set up twice"))?;
        let signing = standard_webhooks_key(signing.expose())?;
        let door = target()?;
        Ok(Trial { folder: place, gateway, automation, ats, done, door, signing, anything, key, first_leaf })
    }

    /// The stand-in career site signs the sample application and posts it.
    pub fn send_application(&self) -> anyhow::Result<Sent> {
        let id = format!("msg_{}", hex(&random::<12>()?));
        let timestamp = SystemClock.now().seconds().to_string();
        let body = sample::APPLICATION.as_bytes();
        let signature = mac::sign(mac::Algorithm::HmacSha256, &self.signing, &signed_parts(&id, &timestamp, body));
        let headers = [
            (standard_webhooks::ID, id),
            (standard_webhooks::TIMESTAMP, timestamp),
            (standard_webhooks::SIGNATURE, signature_text(&signature)),
        ];
        self.post("/careers/apply", body, &headers)
    }

    /// Posts any JSON to the route that tokenizes everything.
    pub fn send_anything(&self, body: &[u8]) -> anyhow::Result<Sent> {
        let key = format!("Bearer {}", self.anything.expose());
        self.post("/anything", body, &[(AUTHORIZATION.as_str(), key)])
    }

    fn post(&self, path: &str, body: &[u8], headers: &[(&'static str, String)]) -> anyhow::Result<Sent> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.door.uri(path)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let response = runtime.block_on(Client::new().send(&self.door, request))?;
        let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match answer.get("event").and_then(serde_json::Value::as_str) {
            Some(event) => Ok(Sent { event: event.to_owned() }),
            None => Err(refusal(response.status(), &answer).into()),
        }
    }

    /// Waits until this event has been delivered, forwarded and answered.
    pub fn wait(&self, sent: &Sent, limit: Duration) -> anyhow::Result<Seen> {
        loop {
            let seen = self.done.recv_timeout(limit);
            let seen = seen
                .map_err(|_| anyhow!("the event was accepted, but the stand-ins did not see it within {} s", limit.as_secs()))?;
            if seen.delivered.event.as_deref() == Some(sent.event.as_str()) {
                return Ok(seen);
            }
        }
    }

    /// The next event to come through, if one does within this time.
    pub fn next(&self, limit: Duration) -> Option<Seen> {
        self.done.recv_timeout(limit).ok()
    }

    /// The leaves of this run, up to the one that says that this event has been delivered.
    pub fn log_of(&self, seen: &Seen, limit: Duration) -> anyhow::Result<Vec<Leaf<'static>>> {
        let event = seen.delivered.event.as_deref().unwrap_or_default();
        let end = Instant::now() + limit;
        loop {
            let log = self.log()?;
            let delivered = log.iter().any(|leaf| leaf.request == event && leaf.direction == Direction::Deliver);
            let answered =
                log.iter().filter(|leaf| leaf.refers > 0).count() >= log.iter().filter(|leaf| leaf.action == "reveal").count();
            if (delivered && answered) || Instant::now() >= end {
                return Ok(log);
            }
            // the leaf is written behind the answer that has just come back
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn log(&self) -> anyhow::Result<Vec<Leaf<'static>>> {
        let reader = self.gateway.app().store.reader()?;
        let rows = reader.leaves(self.first_leaf, i64::MAX)?;
        rows.iter().map(|row| Leaf::from_bytes(&row.leaf).map_err(Into::into)).collect()
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        self.gateway.address().map(|address| format!("https://localhost:{}", address.port())).unwrap_or_default()
    }

    /// The workflow's key. This trial's own; shown so that people can call the gateway themselves.
    pub fn key(&self) -> &str {
        self.key.expose()
    }

    /// The key of the route that takes any JSON.
    pub fn anything_key(&self) -> &str {
        self.anything.expose()
    }

    /// Stops everything and removes what was temporary.
    pub fn stop(self) {
        self.gateway.stop();
        let _cut = self.automation.stop(Duration::from_secs(1)) + self.ats.stop(Duration::from_secs(1));
        self.folder.leave();
    }
}

/// Opens the gateway's shared part with the trial's configuration, which is written beside the data for people to read.
fn open(place: &Folder, platform: SocketAddr, ats: SocketAddr) -> anyhow::Result<Arc<App>> {
    let folder = &place.path;
    let text = TRIAL
        .replace("@DIR@", &folder.to_string_lossy())
        .replace("@PLATFORM@", &platform.to_string())
        .replace("@ATS_PORT@", &ats.port().to_string())
        .replace("@ATS@", &ats.to_string());
    let file = folder.join(CONFIG);
    files::write(&file, text.as_bytes())?;
    let loaded = config::load(&text, &file.to_string_lossy(), SystemClock.now());
    let (config, _warnings) = loaded.map_err(|report| anyhow!("{}", report.render(false)))?;
    if !config.keys.store.exists() {
        let root = Root::generate(&mut Draw::new(ROOT_DRAW)?)?;
        let store = KeyStore::create(1, &mut Draw::new(CREATE_DRAW)?, SystemClock.now())?;
        files::write(&folder.join("keys/root"), root.to_text().expose().as_bytes())?;
        crate::app::keeper::Keeper::create(&config.keys.store, root, store)?;
    }
    let root = secrets::resolve(&config.keys.root)?;
    let settings = Settings { config: &config, root: &root, clock: Arc::new(SystemClock), store: place.store.clone() };
    let app = App::open(&settings)?;
    let mut routes = Routes::compile(&config)?;
    open_everywhere(&mut routes)?;
    app.set_routes(routes);
    Ok(app)
}

/// Lets the grant for `POST /anything` open a token at any place. Only here, for the stand-in ATS.
fn open_everywhere(routes: &mut Routes) -> anyhow::Result<()> {
    let route = routes.outbound.get_mut("ats").and_then(Arc::get_mut).context("the trial has no route to the ATS")?;
    let OutRoute { grants, details, .. } = route;
    for (grant, detail) in grants.iter_mut().zip(details) {
        if grant.call.to_string() == "POST /anything" {
            grant.places = vec![Place { carrier: Carrier::Body, name: "everywhere".into(), opens: Opens::Everything }];
            detail.places = Places::everywhere()?;
        }
    }
    Ok(())
}

fn secret(folder: &Path, name: &str, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<Secret<String>> {
    let path = folder.join("secrets").join(name);
    if !path.exists() {
        files::write(&path, make()?.as_bytes())?;
    }
    let bytes = files::read(&path)?;
    Ok(Secret::new(String::from_utf8(bytes.to_vec())?.trim_end().to_owned()))
}

fn workflow_key(app: &Arc<App>) -> anyhow::Result<Secret<String>> {
    let order = ops::keys::Create { workflow: "candidate-intake".into(), test: true, days: 1, owner: "you@example.com".into() };
    let made = ops::run(app, ops::Request { by: "dev".into(), op: ops::Op::KeysCreate(order) })?;
    let key = made.get("key").and_then(serde_json::Value::as_str).context("the new key is missing")?;
    Ok(Secret::new(key.to_owned()))
}

fn standard_webhooks_key(text: &str) -> anyhow::Result<Secret<Vec<u8>>> {
    use vestibule_core::scheme::SignatureScheme as _;
    let key = standard_webhooks::StandardWebhooks.key_bytes(text).map_err(|why| anyhow!("{why}"))?;
    Ok(Secret::new(key))
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    Ok(Draw::new(N)?.take()?)
}

/// Why the gateway did not take an event, in its own words.
fn refusal(status: http::StatusCode, answer: &serde_json::Value) -> OpError {
    let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let at = if text("field").is_empty() { String::new() } else { format!(" at {}", text("field")) };
    match problem::find(text("code")) {
        Some(entry) => {
            let why = text("detail").trim_end_matches('.');
            OpError::new(entry.code, format!("the gateway refused the event{at}: {why}"))
        }
        None => OpError::new("dev.failed", format!("the gateway answered {status} and gave no reason, as it does to strangers")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_event_that_is_refused_is_told_with_its_code() {
        let trial = Trial::start(None).unwrap();
        let code = |body: &[u8]| trial.send_anything(body).err().unwrap().downcast::<OpError>().unwrap().code;
        assert_eq!(code(&vec![b' '; 11 << 20]), "body.too_large");
        assert_eq!(code(b"{\"a\":"), "json.unfinished");
        trial.stop();
    }
}
