//! Where a command does its work: beside a running server over its socket, or, without one, on the gateway it opens itself.
//!
//! The lock of the database sees to it that these never happen at once. What only looks at the log or at figures needs no
//! lock: it opens the gateway to read, and leaves nothing behind.

use super::failure::Failure;
use super::progress;
use crate::app::{App, LoadError, Settings, secrets};
use crate::config::{self, Config, Report};
use crate::files;
use crate::net::local::{self, LocalError};
use crate::ops::{self, Op, Request};
use crate::scan::saved;
use crate::system::{self, SystemClock};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vestibule_core::clock::Clock as _;
use vestibule_core::id::hex;
use vestibule_store::Options;
use vestibule_vault::keystore::KeyStoreError;
use vestibule_vault::mark::Marker;

/// The name of the socket in the data folder.
pub const SOCKET: &str = "vestibule.sock";
/// The longest answer of a server.
const ANSWER: usize = 64 * 1024 * 1024;
/// How long the largest rotation or backup may take.
const WITHIN: Duration = Duration::from_secs(6 * 3600);
/// A configuration is a few pages.
const MOST_BYTES: u64 = 4 << 20;

/// Reads and checks a configuration; what is wrong with it is printed whole.
pub fn load(file: &Path) -> Result<Config, Failure> {
    load_with_report(file).map(|(config, _)| config)
}

/// The same, with what is not wrong and still worth a look.
pub fn load_with_report(file: &Path) -> Result<(Config, Report), Failure> {
    let text = read(file)?;
    match config::load(&text, &file.display().to_string(), SystemClock.now()) {
        Ok(good) => Ok(good),
        Err(report) => {
            tell(&report);
            Err(Failure::told(super::failure::REFUSED))
        }
    }
}

/// Prints the findings of a report on standard error.
pub fn tell(report: &Report) {
    let stderr = std::io::stderr();
    let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if !report.findings().is_empty() {
        // where nobody reads, the exit code still tells
        drop(writeln!(stderr.lock(), "{}", report.render(colour)));
    }
}

/// Carries out one operation that needs nothing of the configuration where a server runs but the place of its socket: a
/// typing error in the file must not keep a leaked key alive.
pub fn asked(file: &Path, op: Op) -> Result<Value, Failure> {
    let text = read(file)?;
    let faulty = match config::load(&text, &file.display().to_string(), SystemClock.now()) {
        Ok((config, _)) => return carry_out(&config, op),
        Err(report) => report,
    };
    let request = Request { by: login_name(), op };
    let answer = match config::store_path(&text) {
        Some(path) => progress::while_waiting(|| beside(&folder_of(&path).join(SOCKET), &request)),
        None => Ok(None),
    };
    let Some(answer) = answer.transpose() else {
        tell(&faulty);
        return Err(Failure::told(super::failure::REFUSED));
    };
    let file = file.display();
    // where nobody reads, the answer still comes
    drop(writeln!(
        std::io::stderr(),
        "warning: `{file}` has faults, so only the place of the database was read in it; the running server was asked, which goes \
         by the file as it was when it was last in order\n  = help: `vestibule check {file}` tells the faults"
    ));
    answer
}

/// The text of a configuration.
pub fn read(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let unreadable = |why: &str| Failure::new("cli.file", format!("`{name}` cannot be read: {why}"));
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new("cli.no_config", format!("there is no configuration `{name}`")),
        _ => unreadable(&files::why(&error)),
    };
    if std::fs::metadata(file).map_err(failed)?.len() > MOST_BYTES {
        return Err(unreadable("it is larger than 4 MiB"));
    }
    std::fs::read_to_string(file).map_err(failed)
}

/// The folder of the database.
pub fn data_folder(config: &Config) -> PathBuf {
    folder_of(&config.store.path).to_owned()
}

fn folder_of(database: &Path) -> &Path {
    database.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Carries out one operation, wherever it can be done.
pub fn carry_out(config: &Config, op: Op) -> Result<Value, Failure> {
    let request = Request { by: login_name(), op };
    let socket = data_folder(config).join(SOCKET);
    progress::while_waiting(|| match beside(&socket, &request)? {
        Some(answer) => Ok(answer),
        None if only_looks(&request.op) => Ok(ops::run(&open_to_read(config)?, request)?),
        None => {
            let app = open(config)?;
            let answer = ops::run(&app, request);
            app.save_head()?;
            Ok(answer?)
        }
    })
}

/// What marks values in audits that are kept. A store that is not there yet is made, as the audit will need it.
pub fn marker(config: &Config) -> Result<Marker, Failure> {
    let app = match opened(config, App::open_to_read)? {
        Some(app) => app,
        None => open(config)?,
    };
    Ok(saved::marker(&app))
}

/// Opens the gateway of a configuration without serving anything.
pub fn open(config: &Config) -> Result<Arc<App>, Failure> {
    let app = opened(config, App::open)?;
    let folder = data_folder(config);
    ops::backup::sweep(&folder).map_err(|error| Failure::new("store.unreachable", files::at(&folder, error.kind())))?;
    Ok(app)
}

/// The operations that [`App::open_to_read`] is enough for. A log that a look at it changed could not be compared with the
/// head that was printed before.
fn only_looks(op: &Op) -> bool {
    use Op::{DeadList, HeldList, KeysList, LogShow, LogVerify, ScanSaved, Status};
    matches!(op, Status | LogVerify { .. } | LogShow { .. } | KeysList | DeadList(_) | HeldList | ScanSaved { .. })
}

fn open_to_read(config: &Config) -> Result<Arc<App>, Failure> {
    opened(config, App::open_to_read)?.ok_or_else(|| {
        let path = config.store.path.display();
        Failure::new("store.none", format!("there is no database of this version at `{path}`"))
    })
}

fn opened<T>(config: &Config, how: impl FnOnce(&Settings<'_>) -> Result<T, LoadError>) -> Result<T, Failure> {
    let root = secrets::resolve(&config.keys.root).map_err(|error| error.at("`keys.root`"))?;
    let clock = Arc::new(SystemClock);
    let store = Options::new(&config.store.path);
    how(&Settings { config, root: &root, clock, store }).map_err(|error| refused(config, &error))
}

/// A wrong root key is told with the fingerprint of the right one, which stands readable in the key store.
fn refused(config: &Config, error: &LoadError) -> Failure {
    let wanted = match error {
        LoadError::KeyStore(KeyStoreError::WrongRoot) => files::read(&config.keys.store).ok(),
        _ => None,
    };
    match wanted.as_deref().and_then(|bytes| bytes.get(10..18)) {
        Some(id) => Failure::new(error.code(), format!("{error}; it needs the one with fingerprint {}", hex(id))),
        None => Failure::new(error.code(), error.to_string()),
    }
}

/// Asks the running server; nothing if there is none.
fn beside(socket: &Path, request: &Request) -> Result<Option<Value>, Failure> {
    if !socket.exists() {
        return Ok(None);
    }
    let body = serde_json::to_vec(request).map_err(|_| Failure::new("cli.argument", "the request cannot be written"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new("listen.thread", error.to_string()))?;
    let call = http::Request::builder().method("POST").uri("/").header("host", "localhost").body(Full::new(Bytes::from(body)));
    let call = call.map_err(|_| Failure::from(LocalError::Broken))?;
    match runtime.block_on(local::call(socket, call, ANSWER, WITHIN)) {
        Ok(response) => {
            let value: Value = serde_json::from_slice(response.body()).map_err(|_| Failure::from(LocalError::Broken))?;
            if response.status().is_success() {
                return Ok(Some(value));
            }
            let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Err(Failure::new(text("code"), text("message")))
        }
        Err(LocalError::NoServer) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The login name of whoever runs this process, by the system's list of users; empty if it has none.
pub fn login_name() -> String {
    system::login_name(rustix::process::getuid().as_raw()).unwrap_or_default()
}
