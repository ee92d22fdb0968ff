//! The gateway under test: a child process of this same executable, started
//! through a hidden command that takes its job from standard input and ends
//! when standard input closes. Its plain listener and plain upstream exist for
//! loopback addresses only, and no configuration can name them. How the gateway
//! is built from a job is in `hook`; this file holds the conversation.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::certs::{self, Certificates};
use super::cpu;
use super::error::BenchError;
use super::hook;
use super::load::Check;
use super::people;
use super::process::Process;
use super::requests::Signer;

/// Name of the hidden command. The command line calls [`child`] for it.
pub const SUBCOMMAND: &str = "bench-gateway";

/// How long a gateway may take to set up its people and listen.
const START: Duration = Duration::from_secs(60);

/// What the gateway is to do.
#[derive(Clone, Copy)]
pub(super) enum Scenario<'a> {
    /// Plain listener, plain backend.
    EgressPlain { backend: SocketAddr },
    /// TLS listener with the run's certificate, TLS backend verified by the
    /// run's authority.
    EgressTls { backend: SocketAddr, certificates: &'a Certificates },
    /// Plain listener that accepts signed events.
    Ingress,
}

/// What the child process is told. One line of JSON on its standard input.
#[derive(Serialize, Deserialize)]
pub struct Job {
    /// New and empty; database and keys go here, and vanish after the run.
    pub folder: PathBuf,
    /// Threads on the data path.
    pub threads: usize,
    /// Ingress or egress.
    pub part: Part,
}

/// The part of the gateway that is measured.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// One route that protects [`people::EVENT_FIELDS`], keeps
    /// [`people::EVENT_KEEP`], finds the person by [`people::EVENT_SUBJECT`],
    /// and queues a delivery that is not attempted while the run lasts.
    Ingress,
    /// One workflow with one grant that reveals [`people::CALL_FIELDS`],
    /// injects `credential`, keeps [`people::ANSWER_KEEP`] of the answer and
    /// drops the rest.
    Egress {
        /// Where calls go.
        backend: SocketAddr,
        /// Bearer credential that the backend must get.
        credential: String,
        /// TLS on both sides, or plain on both.
        tls: Option<Tls>,
    },
}

/// PEM of the listener's certificate and of the authority behind both sides.
#[derive(Serialize, Deserialize)]
pub struct Tls {
    /// Certificate chain of the listener.
    pub cert: String,
    /// Its private key.
    pub key: String,
    /// The only authority that the backend's certificate may come from.
    pub ca: String,
    /// Name in the backend's certificate.
    pub name: String,
}

/// What the child process answers once it listens. One line of JSON on its
/// standard output.
#[derive(Serialize, Deserialize)]
pub struct Ready {
    /// Address of the data listener.
    pub addr: SocketAddr,
    /// Path to post to.
    pub path: String,
    /// Egress: the workflow's key.
    pub key: String,
    /// Egress: for each known person, from 0, the tokens of
    /// [`people::values`], in the order of [`people::CALL_FIELDS`].
    pub tokens: Vec<[String; 8]>,
    /// Ingress: the route's signing secret.
    pub secret: String,
}

/// A gateway that listens. Ends when dropped.
pub(super) struct Running {
    pub(super) process: Process,
    pub(super) addr: SocketAddr,
    pub(super) path: String,
    pub(super) key: String,
    pub(super) tokens: Vec<[String; 8]>,
    pub(super) sign: Signer,
    /// What its answers must be.
    pub(super) check: Check,
}

impl Running {
    pub(super) fn pids(&self) -> Vec<u32> {
        cpu::family(self.process.id())
    }
}

/// Credential that the gateway must inject and the platform never has.
pub(super) const CREDENTIAL: &str = "benchmark-upstream-credential";

/// Starts gateways; a test puts another server in their place.
pub(super) trait Gateways {
    /// Starts one in this empty folder.
    fn start(&self, scenario: Scenario<'_>, folder: &Path) -> Result<Running, BenchError>;
}

/// This executable's own gateway.
pub(super) struct Own;

impl Gateways for Own {
    fn start(&self, scenario: Scenario<'_>, folder: &Path) -> Result<Running, BenchError> {
        let mut child =
            Command::new(std::env::current_exe()?).arg(SUBCOMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        // from here on it is stopped whatever happens
        let mut process = Process::new(child);
        let (Some(mut input), Some(output)) = (input, output) else {
            return Err(BenchError::Gateway("no pipes".to_owned()));
        };
        let mut line = serde_json::to_string(&scenario.job(folder)).map_err(gateway_error)?;
        line.push('\n');
        input.write_all(line.as_bytes())?;
        process.keep_open(input);
        let ready: Ready = serde_json::from_str(&first_line(output)?).map_err(gateway_error)?;
        let ingress = matches!(scenario, Scenario::Ingress);
        if !ingress && ready.tokens.len() != people::PEOPLE as usize {
            return Err(BenchError::Gateway("people are missing".to_owned()));
        }
        Ok(Running {
            process,
            addr: ready.addr,
            path: ready.path,
            key: ready.key,
            tokens: ready.tokens,
            sign: if ingress { hook::signer(&ready.secret)? } else { Box::new(|_, _, _| String::new()) },
            check: if ingress { Check::Accepted } else { Check::Protected },
        })
    }
}

impl Scenario<'_> {
    fn job(self, folder: &Path) -> Job {
        let egress = |backend, tls| Part::Egress { backend, credential: CREDENTIAL.to_owned(), tls };
        Job {
            folder: folder.to_owned(),
            threads: 1,
            part: match self {
                Self::Ingress => Part::Ingress,
                Self::EgressPlain { backend } => egress(backend, None),
                Self::EgressTls { backend, certificates } => egress(
                    backend,
                    Some(Tls {
                        cert: certificates.cert.clone(),
                        key: certificates.key.clone(),
                        ca: certificates.ca.clone(),
                        name: certs::NAME.to_owned(),
                    }),
                ),
            },
        }
    }
}

/// The hidden command: reads a job, serves until standard input closes.
#[must_use]
pub fn child() -> ExitCode {
    match converse(&mut std::io::stdin().lock(), &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn converse(input: &mut impl BufRead, output: &mut impl Write) -> Result<(), BenchError> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line).map_err(gateway_error)?;
    if let Part::Egress { backend, .. } = &job.part
        && !backend.ip().is_loopback()
    {
        return Err(BenchError::NotLoopback);
    }
    let (ready, serving) = hook::open(&job)?;
    if !ready.addr.ip().is_loopback() {
        return Err(BenchError::NotLoopback);
    }
    let line = serde_json::to_string(&ready).map_err(gateway_error)?;
    writeln!(output, "{line}")?;
    output.flush()?;
    // nothing more is expected: this returns when the benchmark lets go
    std::io::copy(input, &mut std::io::sink())?;
    drop(serving);
    Ok(())
}

/// Reads one line with a time limit. The thread ends with the child's output.
fn first_line(output: impl std::io::Read + Send + 'static) -> Result<String, BenchError> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        // nobody listens any more once the time limit has passed
        let _ = send.send(read.map(|_| line));
    });
    match receive.recv_timeout(START) {
        Ok(Ok(line)) if !line.is_empty() => Ok(line),
        Ok(Ok(_)) => Err(BenchError::Gateway("it ended; see above".to_owned())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(BenchError::Gateway("it took over 60 seconds".to_owned())),
    }
}

fn gateway_error(_: serde_json::Error) -> BenchError {
    BenchError::Gateway("the two processes do not speak the same format".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn conversation(line: &str) -> Result<(), BenchError> {
        converse(&mut line.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn a_job_that_leaves_the_machine_is_refused() {
        let job = Scenario::EgressPlain { backend: "192.0.2.1:80".parse().unwrap() }.job(Path::new("/nonexistent"));
        let line = serde_json::to_string(&job).unwrap();
        assert!(matches!(conversation(&line), Err(BenchError::NotLoopback)));
    }

    #[test]
    fn anything_but_a_job_is_refused() {
        for line in ["", "{}", "serve\n", r#"{"folder":"/tmp","threads":1,"part":"serve"}"#] {
            assert!(matches!(conversation(line), Err(BenchError::Gateway(_))), "{line}");
        }
    }

    #[test]
    fn jobs_cross_the_pipe_whole() {
        let certificates = Certificates { ca: "a".to_owned(), cert: "b".to_owned(), key: "c".to_owned() };
        let job =
            Scenario::EgressTls { backend: "127.0.0.1:7".parse().unwrap(), certificates: &certificates }.job(Path::new("/f"));
        let line = serde_json::to_string(&job).unwrap();
        let Part::Egress { backend, credential, tls: Some(tls) } = serde_json::from_str::<Job>(&line).unwrap().part else {
            panic!("another job arrived");
        };
        assert_eq!((backend.port(), credential.as_str()), (7, CREDENTIAL));
        assert_eq!((tls.ca.as_str(), tls.cert.as_str(), tls.key.as_str(), tls.name.as_str()), ("a", "b", "c", "localhost"));
    }

    #[test]
    fn a_child_that_ends_without_a_word_is_an_error() {
        assert!(first_line(&b""[..]).is_err());
        assert_eq!(first_line(&b"{}\nmore"[..]).unwrap(), "{}\n");
    }
}
