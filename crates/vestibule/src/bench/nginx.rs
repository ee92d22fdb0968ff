//! nginx as peer: fills the committed configurations of `benches/nginx`, starts
//! one master with one worker for each role, and stops it by its process id.
//! Uses no configuration of the machine and touches no nginx that runs there.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::certs::Certificates;
use super::cpu;
use super::error::BenchError;
use super::people;
use super::process::{Folder, Process};
use super::wire;

const START: Duration = Duration::from_secs(10);

/// What an nginx is in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `return 200` with the answer.
    Backend,
    /// Plain proxy of [`Role::Backend`].
    Proxy,
    /// `return 200` over TLS.
    TlsBackend,
    /// TLS to TLS proxy of [`Role::TlsBackend`].
    TlsProxy,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Proxy => "plain proxy",
            Self::TlsBackend => "TLS backend",
            Self::TlsProxy => "TLS proxy",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Backend => include_str!("../../../../benches/nginx/backend.conf"),
            Self::Proxy => include_str!("../../../../benches/nginx/proxy.conf"),
            Self::TlsBackend => include_str!("../../../../benches/nginx/tls-backend.conf"),
            Self::TlsProxy => include_str!("../../../../benches/nginx/tls-proxy.conf"),
        }
    }
}

/// Finds nginx in `PATH` and where Debian puts it.
pub(super) fn find() -> Result<PathBuf, BenchError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
        .ok_or(BenchError::NginxMissing)
}

/// Version as nginx prints it, such as `nginx/1.22.1`.
pub(super) fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("-v").output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    Some(text.trim().rsplit(' ').next()?.to_owned())
}

/// A running nginx. Its folder goes after its process.
pub(super) struct Nginx {
    process: Process,
    addr: SocketAddr,
    _folder: Folder,
}

impl Nginx {
    /// Starts a role. `backend` is where a proxy sends; a plain role makes no
    /// use of the certificates.
    pub(super) fn start(
        program: &Path,
        parent: &Path,
        role: Role,
        backend: Option<SocketAddr>,
        certificates: &Certificates,
    ) -> Result<Self, BenchError> {
        let folder = Folder::new(parent)?;
        let addr = free_address()?;
        let conf = fill(role, folder.path(), addr.port(), backend);
        folder.write("nginx.conf", &conf)?;
        folder.write("cert.pem", &certificates.cert)?;
        folder.write("key.pem", &certificates.key)?;
        folder.write("ca.pem", &certificates.ca)?;
        let words = folder.path().join("stderr");
        let stderr = File::create(&words).map_err(|source| BenchError::Folder { path: words.clone(), source })?;
        let child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(folder.path().join("nginx.conf"))
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()?;
        let mut process = Process::new(child);
        let started = process.wait_until(START, || wire::listens(addr));
        if !started {
            let text = std::fs::read_to_string(&words).unwrap_or_default();
            return Err(BenchError::NginxFailed {
                role: role.name(),
                message: text.lines().last().unwrap_or("no message").to_owned(),
            });
        }
        Ok(Self { process, addr, _folder: folder })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Master and worker.
    pub(super) fn pids(&self) -> Vec<u32> {
        cpu::family(self.process.id())
    }
}

fn fill(role: Role, folder: &Path, port: u16, backend: Option<SocketAddr>) -> String {
    let backend = backend.map(|addr| addr.to_string()).unwrap_or_default();
    role.template()
        .replace("{{folder}}", &folder.to_string_lossy())
        .replace("{{port}}", &port.to_string())
        .replace("{{backend}}", &backend)
        .replace("{{answer}}", &people::answer())
}

/// nginx cannot choose a port by itself: takes one that was free just now.
fn free_address() -> Result<SocketAddr, BenchError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]
    use super::*;

    const ROLES: [Role; 4] = [Role::Backend, Role::Proxy, Role::TlsBackend, Role::TlsProxy];

    #[test]
    fn every_place_of_a_template_is_filled() {
        for role in ROLES {
            let backend = Some("127.0.0.1:9".parse().unwrap());
            let conf = fill(role, Path::new("/run/bench"), 8080, backend);
            assert!(!conf.contains("{{") && conf.contains("127.0.0.1:8080"), "{}", role.name());
            let proxies = matches!(role, Role::Proxy | Role::TlsProxy);
            assert_eq!(conf.contains("server 127.0.0.1:9;"), proxies);
        }
    }

    #[test]
    fn the_committed_configurations_compare_fairly() {
        for role in ROLES {
            let conf = role.template();
            assert!(conf.contains("worker_processes 1;") && conf.contains("access_log off;"));
        }
        for role in [Role::Proxy, Role::TlsProxy] {
            let conf = role.template();
            assert!(conf.contains("keepalive 128;") && conf.contains("proxy_http_version 1.1;"));
        }
        let conf = Role::TlsProxy.template();
        for line in [
            "proxy_ssl_verify on;",
            "proxy_ssl_session_reuse on;",
            "proxy_ssl_name localhost;",
            "proxy_ssl_trusted_certificate {{folder}}/ca.pem;",
        ] {
            assert!(conf.contains(line), "{line}");
        }
    }

    #[test]
    fn an_nginx_that_cannot_start_says_why() {
        let Ok(program) = find() else {
            println!("not run: nginx is not installed");
            return;
        };
        let certificates = Certificates { ca: String::new(), cert: "no certificate".to_owned(), key: String::new() };
        let parent = std::env::temp_dir();
        let started = Nginx::start(&program, &parent, Role::TlsBackend, None, &certificates);
        let Err(BenchError::NginxFailed { role, message }) = started else {
            panic!("started without a certificate");
        };
        assert_eq!(role, "TLS backend");
        assert!(message.contains("cert"), "{message}");
    }
}
