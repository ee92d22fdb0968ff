//! The process that is killed: the gateway as `serve` runs it, on the folder and at the time that its parent names.
//!
//! It tells its parent on standard output what it has come to. Nothing in it knows that it is going to die.

use super::ground::{CLOCK, WITHOUT_SYNC};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use vestibule::app::{App, Settings, secrets};
use vestibule::config;
use vestibule::gateway::{Gateway, Plan, system_client};
use vestibule::net::server::ServerConfig;
use vestibule::net::tls::ServerTls;
use vestibule_core::clock::{ManualClock, Timestamp};
use vestibule_store::Options;

/// What every word to the parent begins with.
pub const WORD: &str = "crash-child ";
/// Said before the gateway touches a file.
pub const OPENING: &str = "opening";
/// Said with the address when requests are answered.
pub const SERVING: &str = "serving ";
/// Said with the reason when the gateway does not open.
pub const REFUSED: &str = "refused ";

/// Serves the gateway of this folder until the process is killed, or its parent is.
pub fn until_killed(folder: &Path) {
    let now = Timestamp(std::env::var(CLOCK).unwrap().parse().unwrap());
    let text = std::fs::read_to_string(folder.join("vestibule.toml")).unwrap();
    let (config, _) = config::load(&text, "vestibule.toml", now).unwrap_or_else(|report| panic!("{report:?}"));
    let root = secrets::resolve(&config.keys.root).unwrap();
    let mut store = Options::new(&config.store.path);
    if std::env::var_os(WITHOUT_SYNC).is_some() {
        store = store.without_sync_for_the_durability_test();
    }
    // events of one round carry one time; what waits for a time is due in a later round
    let clock = Arc::new(ManualClock::at(now));
    say(OPENING);
    let app = match App::open(&Settings { config: &config, root: &root, clock, store }) {
        Ok(app) => app,
        Err(error) => return say(&format!("{REFUSED}{}: {error}", error.code())),
    };
    let pem = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let tls = ServerTls::new(&pem("gate.pem"), &pem("gate.key")).unwrap();
    let plan = Plan {
        data: ServerConfig::https("127.0.0.1:0".parse().unwrap(), tls).threads(2),
        socket: Some(folder.join("data/vestibule.sock")),
        client: Arc::new(system_client),
        deliver: true,
        minutes: true,
    };
    let gateway = Gateway::start(&app, plan).unwrap();
    say(&format!("{SERVING}{}", gateway.address().unwrap()));
    // the parent writes nothing: this ends with the parent, so that no orphan stays
    let _ended = std::io::stdin().read_to_end(&mut Vec::new());
}

fn say(word: &str) {
    println!("{WORD}{word}");
}
