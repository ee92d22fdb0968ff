//! The folder that outlives every process, and the processes that live on it one after another.

use super::dice::Dice;
use super::ledger::Ledger;
use super::party::Party;
use super::serve::{OPENING, REFUSED, SERVING, WORD};
use crate::world::{Peer, Reply, Scheme, source};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use vestibule::app::keeper::Keeper;
use vestibule::files;
use vestibule::net::tls::{ClientTls, ServerTls, TrialCa, Validity};
use vestibule_core::clock::Timestamp;
use vestibule_vault::{Draw, KeyStore, Root, keystore};

/// Names the folder to the child; without it the child does nothing.
pub const FOLDER: &str = "VESTIBULE_CRASH_FOLDER";
/// Names the child's time, in milliseconds.
pub const CLOCK: &str = "VESTIBULE_CRASH_CLOCK";
/// Set where the child is to leave the database's syncs out.
pub const WITHOUT_SYNC: &str = "VESTIBULE_CRASH_WITHOUT_SYNC";

/// How unsynced writes are dropped.
pub struct Unsynced {
    /// The folder of `unsynced.so` and `drop-unsynced`.
    pub tools: PathBuf,
    /// Whether the store syncs at all.
    pub syncs: bool,
}

/// Everything that no kill takes away.
pub struct Ground {
    /// The time of the next process.
    pub clock: Timestamp,
    /// The platform that gets the deliveries.
    pub platform: Party,
    pub tls: ClientTls,
    /// Where calls with keys end.
    _ats: Peer,
    folder: tempfile::TempDir,
    unsynced: Option<Unsynced>,
}

/// A process that serves.
pub struct Life {
    pub address: SocketAddr,
    pub socket: PathBuf,
    child: Child,
}

impl Ground {
    pub fn new(unsynced: Option<Unsynced>, dice: &mut Dice) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        for name in ["data", "keys", "secrets"] {
            files::private_folder(&home.join(name)).unwrap();
        }
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let clock = Timestamp(jiff::Timestamp::now().as_millisecond());
        let ca = TrialCa::new(Validity::around(today, 30)).unwrap();
        let tls = |name: &str| {
            let issued = ca.issue(&[name]).unwrap();
            ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap()
        };
        let platform = Party::start(tls("platform.test"), dice.branch());
        let ats = Peer::start(tls("ats.test"), Reply::json(201, r#"{"id":7}"#));
        let issued = ca.issue(&[crate::world::http::GATE]).unwrap();
        let root = Root::generate(&mut Draw::new(keystore::ROOT_DRAW).unwrap()).unwrap();
        let root_text = root.to_text();
        let config = include_str!("config.toml")
            .replace("{folder}", home.to_str().unwrap())
            .replace("{platform}", &platform.address().to_string())
            .replace("{ats}", &ats.address.to_string());
        let written: [(&str, &[u8]); 8] = [
            ("secrets/source", source::secret_of(Scheme::Standard).as_bytes()),
            ("secrets/hook", b"https://platform.test/hook/crash"),
            ("secrets/ats", b"user:password"),
            ("ca.pem", ca.certificate().as_bytes()),
            ("gate.pem", issued.chain.as_bytes()),
            ("gate.key", issued.key.as_bytes()),
            ("root.key", root_text.expose().as_bytes()),
            ("vestibule.toml", config.as_bytes()),
        ];
        for (name, bytes) in written {
            files::create(&home.join(name), bytes).unwrap();
        }
        let keys = KeyStore::create(1, &mut Draw::new(keystore::CREATE_DRAW).unwrap(), clock).unwrap();
        drop(Keeper::create(&home.join("keys/keys"), root, keys).unwrap());
        let tls = ClientTls::with_ca(ca.certificate().as_bytes()).unwrap();
        Ground { clock, platform, tls, _ats: ats, folder, unsynced }
    }

    /// Starts the next process and waits until it serves. One that refuses to open has lost everything.
    pub fn start(&self, ledger: &mut Ledger) -> Option<Life> {
        let (mut child, mut words) = self.spawn();
        while let Some(word) = next_word(&mut words) {
            if let Some(address) = word.strip_prefix(SERVING) {
                // what it prints from here on is nobody's business, but it must not fill the pipe
                std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
                let socket = self.home().join("data/vestibule.sock");
                return Some(Life { address: address.parse().unwrap(), socket, child });
            }
            if let Some(why) = word.strip_prefix(REFUSED) {
                ledger.lost += ledger.acknowledged();
                ledger.wrong(format!("the gateway does not open: {why}"));
                break;
            }
        }
        if ledger.is_whole() {
            ledger.wrong("the gateway ended before it served".to_owned());
        }
        end(&mut child);
        None
    }

    /// Starts a process and kills it while it opens the folder, some looks at the folder later.
    pub fn kill_while_opening(&self, looks: usize) {
        let (mut child, mut words) = self.spawn();
        while next_word(&mut words).is_some_and(|word| word != OPENING) {}
        for _ in 0..looks {
            let _seen = std::fs::metadata(self.home().join("data/vestibule.db-wal"));
        }
        end(&mut child);
    }

    /// Under the shim: takes back what the killed process had not synced, all of it or what the dice say.
    pub fn take_back(&self, dice: &mut Dice) {
        let Some(unsynced) = &self.unsynced else { return };
        let mut tool = Command::new(unsynced.tools.join("drop-unsynced"));
        tool.arg("--dir").arg(self.home()).arg("--journal").arg(self.journal());
        if !dice.one_in(3) {
            tool.arg("--seed").arg(dice.next().to_string());
            if dice.one_in(2) {
                tool.arg("--torn");
            }
        }
        if dice.one_in(3) {
            tool.arg("--rename-durable");
        }
        let done = tool.output().unwrap();
        assert!(done.status.success(), "drop-unsynced: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The key store is whole whenever the process died.
    pub fn open_key_store(&self, ledger: &mut Ledger) {
        let root = std::fs::read(self.home().join("root.key")).unwrap();
        if let Err(error) = Keeper::open(&self.home().join("keys/keys"), &root) {
            ledger.wrong(format!("the key store: {error}"));
        }
    }

    fn spawn(&self) -> (Child, BufReader<ChildStdout>) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, self.home())
            .env(CLOCK, self.clock.0.to_string())
            .env_remove(WITHOUT_SYNC)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(unsynced) = &self.unsynced {
            command
                .env("LD_PRELOAD", unsynced.tools.join("unsynced.so"))
                .env("VESTIBULE_SHIM_DIR", self.home())
                .env("VESTIBULE_SHIM_JOURNAL", self.journal());
            if !unsynced.syncs {
                command.env(WITHOUT_SYNC, "1");
            }
        }
        let mut child = command.spawn().unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        (child, words)
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }
}

impl Life {
    /// SIGKILL; when this returns, the process is gone.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end(child: &mut Child) {
    // a process that ended by itself cannot be killed, which is as good
    let _gone = child.kill();
    child.wait().unwrap();
}

fn next_word(words: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    loop {
        line.clear();
        if words.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        // the harness writes "test … " before it on the same line
        if let Some((_, word)) = line.trim_end().split_once(WORD) {
            return Some(word.to_owned());
        }
    }
}
