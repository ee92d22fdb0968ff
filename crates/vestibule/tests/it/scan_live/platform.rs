//! A platform on loopback with a certificate of its own, and an account there.

use crate::world::{Peer, Reply, Seen};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tempfile::TempDir;
use vestibule::config::{self, ScanAccount};
use vestibule::files;
use vestibule::net::outbound::OutboundLimits;
use vestibule::net::tls::{ServerTls, TrialCa, Validity};
use vestibule::scan::live::{self, AccountFile, Fetched, How, LiveError, Pause};
use vestibule_core::clock::{ManualClock, Span, Timestamp};

/// The tokens of the two accounts.
pub const MAKE_TOKEN: &str = "make-token-Zk3Wd8Qn-5tRy";
pub const N8N_TOKEN: &str = "n8n-token-Hb6Yc2Lv-9pXs";
/// 22 November 2026.
pub const NOW: Timestamp = Timestamp(1_795_305_600_000);

/// The platform, the clock of whoever asks, and the waits that were made.
pub struct Platform {
    pub peer: Peer,
    pub clock: Rc<ManualClock>,
    folder: TempDir,
    waits: RefCell<Vec<i64>>,
    limits: OutboundLimits,
}

/// What a run handed on.
pub struct Run {
    pub fetched: Result<Fetched, LiveError>,
    pub files: Vec<AccountFile>,
}

impl Platform {
    /// One that answers 404 to everything.
    pub fn new() -> Platform {
        let folder = tempfile::tempdir().unwrap();
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let ca = TrialCa::new(Validity::around(today, 30)).unwrap();
        let issued = ca.issue(&["eu1.make.test", "n8n.test"]).unwrap();
        let tls = ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap();
        for (name, text) in [("ca.pem", ca.certificate()), ("make", MAKE_TOKEN), ("n8n", N8N_TOKEN)] {
            files::create(&folder.path().join(name), text.as_bytes()).unwrap();
        }
        let patient = Duration::from_secs(20);
        let limits = OutboundLimits { connect: patient, first_byte: patient, total: patient, body: 256 * 1024 };
        let peer = Peer::start(tls, Reply::status(404));
        Platform { peer, clock: Rc::new(ManualClock::at(NOW)), folder, waits: RefCell::default(), limits }
    }

    /// The account at Make, team 215.
    pub fn make(&self) -> ScanAccount {
        self.account("make", "platform = \"make\"\nzone = \"eu1.make.test\"\nteam = 215")
    }

    /// The n8n instance, with a base path.
    pub fn n8n(&self) -> ScanAccount {
        self.account("n8n", "platform = \"n8n\"\nurl = \"https://n8n.test/flows\"")
    }

    /// The lines of an account with these settings.
    pub fn settings(&self, name: &str, rest: &str) -> String {
        let folder = self.folder.path().display();
        let address = self.peer.address;
        format!(
            "[scan.account.{name}]\n{rest}\naddress = \"{address}\"\nca = \"{folder}/ca.pem\"\ntoken = \"file:{folder}/{name}\"\n"
        )
    }

    /// An account with these settings.
    pub fn account(&self, name: &str, rest: &str) -> ScanAccount {
        let text = self.settings(name, rest);
        let (mut accounts, _) = config::load_accounts(&text, "scan.toml", NOW).unwrap_or_else(|report| panic!("{report:?}"));
        accounts.remove(0)
    }

    /// Puts another token in the place of the account's.
    pub fn put_token(&self, name: &str, text: &str) {
        files::write(&self.folder.path().join(name), text.as_bytes()).unwrap();
    }

    /// Gives up after this long without an answer.
    pub fn impatient(&mut self, after: Duration) {
        self.limits.first_byte = after;
        self.limits.total = after;
    }

    /// Reads an account.
    pub fn fetch(&self, account: &ScanAccount) -> Run {
        let mut files = Vec::new();
        let how = How { clock: &*self.clock, pause: self, limits: self.limits };
        let fetched = live::fetch(account, &how, &mut |file| files.push(file));
        Run { fetched, files }
    }

    /// How this world fetches.
    pub fn how(&self) -> How<'_> {
        How { clock: &*self.clock, pause: self, limits: self.limits }
    }

    /// The waits since the last call, in seconds.
    pub fn waits(&self) -> Vec<i64> {
        self.waits.take()
    }

    /// The targets that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.peer.seen().into_iter().map(|seen| seen.target).collect()
    }
}

impl Pause for Platform {
    fn wait(&self, span: Span) -> live::Waiting<'_> {
        self.waits.borrow_mut().push(span.0 / 1000);
        self.clock.advance(span);
        Box::pin(std::future::ready(()))
    }
}

impl Run {
    /// What came, of a run that did not fail.
    pub fn ok(&self) -> &Fetched {
        self.fetched.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Code and words, of a run that failed.
    pub fn error(&self) -> (&'static str, String) {
        let error = self.fetched.as_ref().expect_err("a failure");
        (error.code(), error.to_string())
    }

    /// The names of the files, in order.
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }

    /// A file as JSON.
    pub fn json(&self, name: &str) -> serde_json::Value {
        let file = self.files.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no file {name}"));
        serde_json::from_slice(&file.bytes).unwrap()
    }
}

/// The path of a target, and the decoded value of each parameter.
pub fn parts(seen: &Seen) -> (String, BTreeMap<String, String>) {
    let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
    let decoded = |text: &str| {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'%' => {
                    let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(out).unwrap()
    };
    let pair = |part: &str| part.split_once('=').map(|(name, value)| (decoded(name), decoded(value)));
    (path.to_owned(), query.split('&').filter_map(pair).collect())
}

/// The entries of a list from `offset`, at most `limit`.
pub fn slice(all: &serde_json::Value, offset: usize, limit: usize) -> Vec<serde_json::Value> {
    all.as_array().unwrap().iter().skip(offset).take(limit).cloned().collect()
}
