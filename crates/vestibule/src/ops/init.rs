//! `vestibule init`: a folder with everything that `serve` needs, and a recovery kit to take away.
//!
//! Nothing is overwritten: a file that is there already stops it before anything is written. Folders get mode 0700,
//! files 0600. The certificate is of its own making, for trying things out on this machine.

use super::OpError;
use crate::app::keeper::Keeper;
use crate::files;
use crate::net::tls::{TrialCa, Validity};
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{Mode, Scope, hex};
use vestibule_core::scheme::standard_webhooks::secret_text;
use vestibule_vault::keystore::{CREATE_DRAW, ROOT_DRAW};
use vestibule_vault::{Draw, KeyStore, Root, backup};
use zeroize::Zeroizing;

/// Days for which the certificate is valid; some clients refuse longer ones.
const CERTIFICATE_DAYS: i32 = 397;
/// The file beside the configuration in which `backup` finds its recipient.
pub const RECIPIENT_FILE: &str = "backup-recipient";

const CONFIG: &str = include_str!("init/vestibule.toml");
const SEND: &str = include_str!("init/send-example.sh");
const KIT: &str = include_str!("init/recovery-kit.txt");

/// Fills `folder`, which may be empty or not there yet.
pub fn init(folder: &Path, now: Timestamp) -> Result<Value, OpError> {
    // before anything is made
    writable(&std::path::absolute(folder).map_err(|error| failed(folder, &error))?)?;
    files::private_folder(folder).map_err(|error| failed(folder, &error))?;
    let folder = folder.canonicalize().map_err(|error| failed(folder, &error))?;
    let shown = writable(&folder)?;
    let at = |name: &str| folder.join(name);
    let names = [
        "vestibule.toml",
        "send-example.sh",
        "recovery-kit.txt",
        RECIPIENT_FILE,
        "root/root.key",
        "keys/keystore",
        "secrets/first-form",
        "tls/cert.pem",
        "tls/key.pem",
        "tls/ca.pem",
        "data/vestibule.db",
    ];
    if let Some(taken) = names.iter().find(|name| at(name).exists()) {
        return Err(OpError::new("cli.exists", format!("`{}` exists already", at(taken).display())));
    }
    for name in ["data", "keys", "root", "secrets", "tls"] {
        files::private_folder(&at(name)).map_err(|error| failed(&at(name), &error))?;
    }
    let write = |name: &str, text: &str| files::create(&at(name), text.as_bytes()).map_err(|error| failed(&at(name), &error));

    let root = Root::generate(&mut Draw::new(ROOT_DRAW)?)?;
    let fingerprint = hex(&root.id());
    let root_text = root.to_text();
    write("root/root.key", &Zeroizing::new(format!("{}\n", root_text.expose())))?;
    let store = KeyStore::create(Scope::of(Mode::Test).tenant, &mut Draw::new(CREATE_DRAW)?, now)?;
    Keeper::create(&at("keys/keystore"), root, store)?;
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(Draw::new(32)?.take()?);
    write("secrets/first-form", &Zeroizing::new(format!("{}\n", secret_text(&*secret))))?;
    certificate(now, &write)?;
    let pair = backup::generate();
    write(RECIPIENT_FILE, &format!("{}\n", pair.recipient))?;
    let kit = [
        ("@ROOT@", root_text.expose().as_str()),
        ("@FINGERPRINT@", &fingerprint),
        ("@IDENTITY@", pair.identity.expose()),
        ("@RECIPIENT@", &pair.recipient),
        ("@DIR@", shown),
    ];
    let in_toml = shown.replace('\\', r"\\").replace('"', r#"\""#);
    let in_shell = shown.replace('\'', r"'\''");
    let kit = kit.iter().fold(Zeroizing::new(KIT.to_owned()), |text, (name, value)| Zeroizing::new(text.replace(name, value)));
    write("recovery-kit.txt", &kit)?;
    write("send-example.sh", &SEND.replace("@DIR@", &in_shell))?;
    // last, so that a folder with a configuration is a whole one
    write("vestibule.toml", &CONFIG.replace("@DIR@", &in_toml))?;
    Ok(json!({
        "folder": folder,
        "config": at("vestibule.toml"),
        "kit": at("recovery-kit.txt"),
        "send": at("send-example.sh"),
        "fingerprint": fingerprint,
        "recipient": pair.recipient,
    }))
}

/// The path as it can be written into the files.
fn writable(folder: &Path) -> Result<&str, OpError> {
    let text = folder.to_str().filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| {
        OpError::new(
            "cli.argument",
            "the path of the folder cannot be written down: it is not UTF-8, or holds a line break or another control character",
        )
    })
}

/// Makes a root key in a file that must not exist yet.
pub fn write_root(path: &Path) -> Result<(), OpError> {
    let root = Root::generate(&mut Draw::new(ROOT_DRAW)?)?;
    let text = Zeroizing::new(format!("{}\n", root.to_text().expose()));
    files::create(path, text.as_bytes()).map_err(|error| failed(path, &error))
}

fn certificate(now: Timestamp, write: &dyn Fn(&str, &str) -> Result<(), OpError>) -> Result<(), OpError> {
    let moment = jiff::Timestamp::from_millisecond(now.0).map_err(|_| OpError::known("clock.wrong"))?;
    let today = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    let tls = |error: crate::net::tls::TlsError| OpError::new(error.code(), error.to_string());
    let authority = TrialCa::new(Validity::around(today, CERTIFICATE_DAYS)).map_err(tls)?;
    let issued = authority.issue(&["localhost", "127.0.0.1"]).map_err(tls)?;
    write("tls/ca.pem", authority.certificate())?;
    write("tls/cert.pem", &issued.chain)?;
    write("tls/key.pem", &issued.key)
}

fn failed(path: &Path, error: &io::Error) -> OpError {
    OpError::new("cli.file", format!("`{}`: {}", path.display(), files::why(error)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::app::{App, Settings, secrets};
    use crate::config;
    use crate::net::tls::ServerTls;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::sync::Arc;
    use vestibule_core::clock::ManualClock;
    use vestibule_store::Options;

    const NOW: Timestamp = Timestamp(1_795_305_600_000);

    fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.metadata().unwrap();
            out.push((path.clone(), meta.permissions().mode() & 0o777));
            if meta.is_dir() {
                out.extend(modes(&path));
            }
        }
        out
    }

    #[test]
    fn what_it_writes_serves_unedited() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("gate");
        let told = init(&folder, NOW).unwrap();
        let text = std::fs::read_to_string(folder.join("vestibule.toml")).unwrap();
        let (config, report) = config::load(&text, "vestibule.toml", NOW).unwrap_or_else(|report| panic!("{report:?}"));
        assert!(report.findings().is_empty(), "{report:?}");
        let root = secrets::resolve(&config.keys.root).unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let store = Options::new(&config.store.path);
        let app = App::open(&Settings { config: &config, root: &root, clock, store }).unwrap();
        assert!(app.routes().inbound_named("first-form").is_some());
        let tls = config.server.tls.clone().unwrap();
        ServerTls::new(&files::read(&tls.cert).unwrap(), &files::read(&tls.key).unwrap()).unwrap();
        let kit = std::fs::read_to_string(folder.join("recovery-kit.txt")).unwrap();
        assert!(kit.contains(root.expose().as_str()) && kit.contains(told["fingerprint"].as_str().unwrap()));
        assert!(!kit.contains('@'), "every blank is filled in");
        for (path, mode) in modes(&folder) {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{}", path.display());
        }
        assert!(!told.to_string().contains(root.expose().as_str()));
    }

    #[test]
    fn paths_with_quotes_are_written_as_toml_and_shell_take_them() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join(r#"it's "here" \ there"#);
        init(&folder, NOW).unwrap();
        let text = std::fs::read_to_string(folder.join("vestibule.toml")).unwrap();
        let (config, _) = config::load(&text, "vestibule.toml", NOW).unwrap_or_else(|report| panic!("{report:?}"));
        let at = folder.canonicalize().unwrap();
        assert_eq!((&config.keys.store, &config.store.path), (&at.join("keys/keystore"), &at.join("data/vestibule.db")));
        let echo = std::fs::read_to_string(folder.join("send-example.sh")).unwrap();
        let echo = echo.lines().find(|line| line.starts_with("folder=")).unwrap().to_owned() + "\nprintf %s \"$folder\"";
        let told = std::process::Command::new("sh").args(["-c", &echo]).output().unwrap();
        assert_eq!(told.stdout, at.to_str().unwrap().as_bytes());

        let broken = parent.path().join("two\nlines");
        assert_eq!(init(&broken, NOW).unwrap_err().code, "cli.argument");
        assert!(!broken.exists(), "nothing is made before the refusal");
    }

    #[test]
    fn nothing_is_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        init(parent.path(), NOW).unwrap();
        let kit = std::fs::read(parent.path().join("recovery-kit.txt")).unwrap();
        assert_eq!(init(parent.path(), NOW).unwrap_err().code, "cli.exists");
        assert_eq!(std::fs::read(parent.path().join("recovery-kit.txt")).unwrap(), kit);
        for name in ["keys/keystore", "data/vestibule.db"] {
            let parent = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(parent.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(parent.path().join(name), b"mine").unwrap();
            assert_eq!(init(parent.path(), NOW).unwrap_err().code, "cli.exists");
            assert!(!parent.path().join("vestibule.toml").exists());
        }
    }
}
