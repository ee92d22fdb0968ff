//! `vestibule serve`: puts the process in order, opens everything, says one line when ready, and runs until told to stop.
//!
//! SIGTERM and SIGINT stop it, SIGHUP reads the configuration and the certificate again. A broken file changes nothing
//! and is said.

use super::failure::Failure;
use super::session;
use crate::app::App;
use crate::app::routes::Routes;
use crate::app::schedule::KeySchedule;
use crate::config::{Config, SecretSource, TlsFiles};
use crate::gateway::{Gateway, Plan, system_client};
use crate::net::server::ServerConfig;
use crate::net::tls::{ServerTls, TlsError};
use crate::{files, ops};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::signal::unix::{SignalKind, signal};
use vestibule_store::SetGrantRevision;

/// Arguments of `vestibule serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "vestibule.toml")]
    pub config: PathBuf,
}

/// Serves until a signal ends it. `say` gets the lines for people.
pub fn run(args: &ServeArgs, say: &mut dyn Write) -> Result<(), Failure> {
    harden();
    let (config, report) = session::load_with_report(&args.config)?;
    session::tell(&report);
    warn(&config, say);
    let app = session::open(&config)?;
    let tls = config.server.tls.as_ref().map(certificate).transpose()?;
    let threads = config.server.threads.map_or_else(cores, usize::from);
    let data = match &tls {
        Some(tls) => ServerConfig::https(config.server.listen, tls.clone()),
        None => ServerConfig::plain_loopback(config.server.listen)?,
    };
    let plan = Plan {
        data: data.threads(threads),
        socket: Some(session::data_folder(&config).join(session::SOCKET)),
        client: Arc::new(system_client),
        deliver: true,
        minutes: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(thread)?;
    runtime.block_on(async {
        // before anything is opened, so that no signal finds the process without an ear
        let mut stop = [signal(SignalKind::terminate()).map_err(thread)?, signal(SignalKind::interrupt()).map_err(thread)?];
        let mut reload = signal(SignalKind::hangup()).map_err(thread)?;
        let gateway = Gateway::start(&app, plan)?;
        ready(&config, &gateway, tls.is_some(), say);
        let [terminate, interrupt] = &mut stop;
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = reload.recv() => match renew(&app, &args.config, &config, tls.as_ref()) {
                    Ok(notes) => {
                        tell(say, "configuration read again");
                        notes.iter().for_each(|note| tell(say, note));
                    }
                    Err(failure) => {
                        if !failure.told {
                            tell(say, &failure.render());
                        }
                        tell(say, "the configuration before stays in force");
                    }
                },
            }
        }
        tell(say, "stopping");
        gateway.stop();
        Ok(())
    })
}

/// No core dumps, no tracing by others, nothing in swap where the system lets us, private files, as many open files as the system allows.
fn harden() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // none of these is a condition of running: a container may forbid each
    let _traceable = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _dumps = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let open = getrlimit(Resource::Nofile);
    let _files = setrlimit(Resource::Nofile, Rlimit { current: open.maximum, maximum: open.maximum });
    // only where nothing bounds it: past a bound, memory that is asked for would be refused
    if getrlimit(Resource::Memlock).current.is_none() {
        use rustix::mm::{MlockAllFlags, mlockall};
        let _unswapped = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    }
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// What the file cannot tell of itself. A root key in the environment is a finding of the configuration.
fn warn(config: &Config, say: &mut dyn Write) {
    let SecretSource::File(path) = &config.keys.root.source else { return };
    if files::readable_by_others(path).unwrap_or(false) {
        let path = path.display();
        tell(say, &format!("warning[root.exposed]: others can read `{path}`: set its mode to 0600, then rotate the root key"));
    }
}

fn certificate(tls: &TlsFiles) -> Result<ServerTls, Failure> {
    ServerTls::new(&pem(&tls.cert)?, &pem(&tls.key)?).map_err(|error| in_files(error, tls))
}

/// What is wrong with the certificate or its key, with the file it is in.
fn in_files(error: TlsError, tls: &TlsFiles) -> Failure {
    let (cert, key) = (tls.cert.display(), tls.key.display());
    let place = match error {
        TlsError::NoCertificate | TlsError::BadCertificate => format!("`{cert}`: "),
        TlsError::NoKey | TlsError::BadKey => format!("`{key}`: "),
        TlsError::Mismatch => format!("`{cert}` and `{key}`: "),
        TlsError::NoRoots | TlsError::Provider => String::new(),
    };
    Failure::new(error.code(), format!("{place}{error}"))
}

fn pem(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    files::read(path).map_err(|error| Failure::new("file.unreadable", format!("`{}`: {}", path.display(), files::why(&error))))
}

/// Puts a changed file in force: routes, grants, certificate, days of keys. Returns what needs a restart.
fn renew(app: &Arc<App>, file: &Path, before: &Config, tls: Option<&ServerTls>) -> Result<Vec<String>, Failure> {
    let config = session::load(file)?;
    let routes = Routes::compile(&config)?;
    if let (Some(tls), Some(files)) = (tls, &config.server.tls) {
        tls.reload(&pem(&files.cert)?, &pem(&files.key)?).map_err(|error| in_files(error, files))?;
    }
    app.set_key_schedule(KeySchedule::of(&config.keys));
    let revision = app.grant_revision.load(Ordering::SeqCst) + 1;
    app.set_routes(routes);
    // from here on no decision made under the old grants gets a receipt
    app.writer.call(SetGrantRevision { revision }).map_err(ops::OpError::from)?;
    app.grant_revision.store(revision, Ordering::SeqCst);
    let mut leaf = app.service_leaf("gateway.reload");
    leaf.others = u32::try_from(config.inbound.len() + config.outbound.len()).unwrap_or(u32::MAX);
    app.append_later(&leaf);
    let restart = [
        ("server.listen", config.server.listen != before.server.listen),
        ("server.threads", config.server.threads != before.server.threads),
        ("server.tls", config.server.tls.is_some() != before.server.tls.is_some()),
        ("store.url", config.store.path != before.store.path),
        ("keys.store", config.keys.store != before.keys.store),
    ];
    let needs = restart.into_iter().filter(|(_, changed)| *changed);
    Ok(needs.map(|(name, _)| format!("`{name}` changes with the next start")).collect())
}

fn ready(config: &Config, gateway: &Gateway, tls: bool, say: &mut dyn Write) {
    let address = gateway.address().unwrap_or(config.server.listen);
    let scheme = if tls { "https" } else { "http" };
    tell(say, &format!("ready on {scheme}://{address}: {} in, {} out", config.inbound.len(), config.outbound.len()));
}

fn tell(say: &mut dyn Write, line: &str) {
    // a closed terminal is no reason to stop serving
    drop(writeln!(say, "{line}").and_then(|()| say.flush()));
}

fn thread(error: std::io::Error) -> Failure {
    Failure::new("listen.thread", error.to_string())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::net::tls::{TrialCa, Validity};

    #[test]
    fn a_certificate_that_cannot_be_used_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let ca = TrialCa::new(Validity::around(jiff::civil::date(2026, 11, 22), 2)).unwrap();
        let (one, other) = (ca.issue(&["gate.test"]).unwrap(), ca.issue(&["gate.test"]).unwrap());
        let (cert, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let files = TlsFiles { cert: cert.clone(), key: key.clone() };
        for (chain, private, code, named) in [
            ("", one.key.as_str(), "tls.no_certificate", vec![&cert]),
            (&one.chain, "", "tls.no_key", vec![&key]),
            (&one.chain, &other.key, "tls.key_mismatch", vec![&cert, &key]),
        ] {
            files::write(&cert, chain.as_bytes()).unwrap();
            files::write(&key, private.as_bytes()).unwrap();
            let failure = certificate(&files).err().unwrap();
            assert_eq!(failure.code, code, "{}", failure.message);
            let names: Vec<_> =
                [&cert, &key].into_iter().filter(|path| failure.message.contains(path.to_str().unwrap())).collect();
            assert_eq!(names, named, "{}", failure.message);
        }
    }
}
