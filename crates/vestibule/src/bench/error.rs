//! Everything that can end a benchmark. No variant carries request bytes, keys
//! or people's values; nginx's own start-up message is passed on because it
//! speaks about its configuration only.

use std::path::PathBuf;

/// Why a run gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// nginx is not on this machine.
    #[error(
        "nginx is not installed, and every figure is a ratio to it\nhelp: `sudo apt-get install nginx-light` (Debian, Ubuntu) or your system's nginx package; its service need not run"
    )]
    NginxMissing,
    /// nginx ended before it listened.
    #[error("nginx did not start as {role}: {message}")]
    NginxFailed {
        /// Which peer it was to be.
        role: &'static str,
        /// The last line that nginx wrote.
        message: String,
    },
    /// The plain proxy of this machine is too slow to be a fair measure.
    #[error(
        "this run is invalid: nginx proxied {proxied:.0} requests a second, fewer than a third of its own `return 200` ({direct:.0})\nhelp: the comparison would flatter the gateway; run again on an otherwise idle machine"
    )]
    Invalid {
        /// Requests a second through the plain proxy.
        proxied: f64,
        /// Requests a second of the backend itself.
        direct: f64,
    },
    /// The gateway process could not be started or ended early.
    #[error("the gateway under test did not start: {0}")]
    Gateway(String),
    /// A job for the gateway process that is not a benchmark's.
    #[error("refused: the gateway of the benchmark speaks to loopback addresses only")]
    NotLoopback,
    /// The backend received something else than the real values.
    #[error("check failed: the backend received {wrong} of {sent} requests without the real values or with the wrong credential")]
    WrongAtBackend {
        /// Requests whose body or credential was wrong, or that never came.
        wrong: usize,
        /// Requests sent.
        sent: usize,
    },
    /// A status outside 200 to 299 under load.
    #[error("{party} answered a request with status {status}: a run with refused requests is no measurement")]
    Refused {
        /// The party under load.
        party: &'static str,
        /// The status code.
        status: u16,
    },
    /// An answer whose body is not what this party must give.
    #[error("{party} gave an answer that fails its check: {reason}")]
    WrongAnswer {
        /// The party under load.
        party: &'static str,
        /// What was expected.
        reason: &'static str,
    },
    /// A connection ended or broke under load.
    #[error("the connection to {party} broke: {reason}")]
    Broken {
        /// The party under load.
        party: &'static str,
        /// Kind of failure.
        reason: String,
    },
    /// No answer for a whole measured part, or none to a checked request in time.
    #[error("{party} gave no answers")]
    Silent {
        /// The party under load.
        party: &'static str,
    },
    /// Ctrl-C, or the signal to terminate.
    #[error("interrupted")]
    Interrupted,
    /// CPU times of a process could not be read.
    #[error("cannot read CPU times from `/proc`: the benchmark needs Linux, and its peers running")]
    CpuTimes,
    /// Certificates for this run.
    #[error("cannot make the certificates of this run")]
    Certificates,
    /// The raw store.
    #[error("the raw store failed: {0}")]
    RawStore(#[from] rusqlite::Error),
    /// A parameter in the committed SQL that nothing supplies.
    #[error("the committed SQL names a parameter that the raw loop does not supply")]
    RawParameter,
    /// A thread of the raw loop ended early.
    #[error("the raw store's writer ended early")]
    RawEnded,
    /// A file or folder of this run.
    #[error("cannot use `{path}`: {source}")]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A runtime, thread or pipe of the benchmark itself.
    #[error("the benchmark itself failed: {0}")]
    Own(#[from] std::io::Error),
}

impl BenchError {
    /// Exit code of the command: 3 for an invalid comparison, 4 for a missing
    /// peer, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid { .. } => 3,
            Self::NginxMissing => 4,
            _ => 1,
        }
    }

    /// Stable name for `--json` and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NginxMissing => "bench.nginx_missing",
            Self::NginxFailed { .. } => "bench.nginx_failed",
            Self::Invalid { .. } => "bench.invalid",
            Self::Gateway(_) | Self::NotLoopback => "bench.gateway",
            Self::WrongAtBackend { .. } => "bench.wrong_at_backend",
            Self::Refused { .. } => "bench.refused",
            Self::WrongAnswer { .. } => "bench.wrong_answer",
            Self::Broken { .. } | Self::Silent { .. } => "bench.broken",
            Self::Interrupted => "bench.interrupted",
            Self::CpuTimes => "bench.cpu_times",
            Self::Certificates => "bench.certificates",
            Self::RawStore(_) | Self::RawParameter | Self::RawEnded => "bench.raw_store",
            Self::Folder { .. } => "bench.folder",
            Self::Own(_) => "bench.own",
        }
    }
}
