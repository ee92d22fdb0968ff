//! The way of a newcomer: what `init` writes, with its comments taken away, makes a call with the key that the README names.

use crate::world::gate::{Dialed, Gate};
use crate::world::{Connection, Peer, Reply, Request, Source, by, call};
use std::sync::Arc;
use vestibule::app::{App, Settings, secrets};
use vestibule::net::server::ServerConfig;
use vestibule::net::tls::{ServerTls, TrialCa, Validity};
use vestibule::{config, files, ops};
use vestibule_core::clock::{Clock as _, ManualClock, Timestamp};
use vestibule_store::Options;

const README: &str = include_str!("../../../../README.md");
const SANDBOX_KEY: &str = "sandbox-user-Rm6Tq3Wd:sandbox-password-Rm6Tq3Wd";

/// The file without the marks before its commented settings; words for people stay comments.
fn uncommented(text: &str) -> String {
    let is_setting = |line: &str| {
        let key = line.split(" =").next().unwrap_or_default().trim_end();
        line.starts_with('[')
            || (!key.is_empty() && key.len() < line.len() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let lines = text.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_init_writes_makes_a_call_once_its_comments_are_gone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("gate");
    let now = jiff::Timestamp::now();
    let start = Timestamp(now.as_millisecond());
    ops::init::init(&folder, start).unwrap();

    // the stand-ins of the platform and of the vendor's sandbox
    let ca = TrialCa::new(Validity::around(now.to_zoned(jiff::tz::TimeZone::UTC).date(), 30)).unwrap();
    let tls = |name: &str| {
        let issued = ca.issue(&[name]).unwrap();
        ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap()
    };
    let platform = Peer::start(tls("platform.test"), Reply::status(200));
    let sandbox = Peer::start(tls("sandbox.example.com"), Reply::json(201, r#"{"id":7,"status":"new"}"#));
    let write = |name: &str, text: &str| files::create(&folder.join(name), text.as_bytes()).unwrap();
    write("parties.pem", ca.certificate());
    write("secrets/make-hook", "https://platform.test/hook/x");
    write("secrets/ats-key", "live-user-Rm6Tq3Wd:live-password-Rm6Tq3Wd");
    write("secrets/ats-test-key", SANDBOX_KEY);

    let text = uncommented(&std::fs::read_to_string(folder.join("vestibule.toml")).unwrap());
    let parties = folder.join("parties.pem");
    let hook = format!(r#"make-hook", address = "{}", ca = "{}" }}"#, platform.address, parties.display());
    let there = format!("[out.ats]\ntest_address = \"{}\"\ntest_ca = \"{}\"", sandbox.address, parties.display());
    let placed = text.replace(r#"make-hook" }"#, &hook).replace("[out.ats]", &there);
    assert!(placed.contains(&hook) && placed.contains(&there), "{text}");
    let (config, report) = config::load(&placed, "vestibule.toml", start).unwrap_or_else(|report| panic!("{report:?}"));
    assert!(report.findings().is_empty(), "{report:?}");
    let root = secrets::resolve(&config.keys.root).unwrap();
    let clock = Arc::new(ManualClock::at(start));
    let store = Options::new(&config.store.path);
    let app = App::open(&Settings { config: &config, root: &root, clock: clock.clone(), store }).unwrap();
    let gate = Gate::start(&app, ServerConfig::plain_loopback("127.0.0.1:0".parse().unwrap()).unwrap(), &Dialed::default(), true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let send = |request: &Request| {
        runtime.block_on(async { Connection::plain(gate.address).await.send(request).await.expect("an answer") })
    };

    let source = Source::keyed("/in/first-form", std::fs::read_to_string(folder.join("secrets/first-form")).unwrap().trim());
    let body = r#"{"candidate":{"email":"robin@example.com","name":"Robin Example"},"job":{"id":7}}"#;
    assert_eq!(send(&source.event(clock.now(), "msg_1", body)).status, 200);
    let got = platform.wait_for(1)[0].json();
    let (email, name) = (&got["candidate"]["email"], &got["candidate"]["name"]);
    assert!(!got.to_string().contains("obin"), "{got}");

    let words = "keys create --workflow first-scenario --test";
    assert!(README.contains(words) && text.contains(words), "the README and the file name the same key");
    let order = ops::keys::Create { workflow: "first-scenario".into(), test: true, days: 1, owner: "owner@example.com".into() };
    let made = ops::keys::create(&app, &by(), &order).unwrap();
    let body = serde_json::json!({ "first_name": name, "email_addresses": [{ "value": email }] }).to_string();
    let answer = send(&call(made["key"].as_str().unwrap(), "POST", "/out/ats/candidates", &body));
    assert_eq!((answer.status, answer.json()), (201, serde_json::json!({ "id": 7 })), "{}", answer.text());
    let arrived = sandbox.wait_for(1)[0].clone();
    let values = serde_json::json!({ "first_name": "Robin Example", "email_addresses": [{ "value": "robin@example.com" }] });
    assert_eq!((arrived.json(), arrived.target.as_str()), (values, "/v1/candidates"));
}
