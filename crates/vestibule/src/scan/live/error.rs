//! Why an account cannot be read, in words that say what to change. No answer of a platform is quoted: it may hold anything.

use crate::app::LoadError;
use crate::net::outbound::OutboundError;

/// Why an account, or one scenario of it, was not read.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The configuration has no such account.
    #[error("there is no account `{name}`; [scan.account] has {}", if known.is_empty() { "none" } else { known })]
    Unknown {
        /// As asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// The token, the authority or the address cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No answer came.
    #[error("`{host}`: {error}")]
    Outbound {
        /// Who was asked.
        host: String,
        /// Why.
        error: OutboundError,
    },
    /// 401.
    #[error("`{host}` does not accept the token: it ended, was deleted, or belongs to another zone or instance")]
    Token {
        /// Who was asked.
        host: String,
    },
    /// 403.
    #[error("the token may not read {what}: it needs the scope `{scope}`, and its user the right to see them")]
    Scope {
        /// What was asked for, such as `webhooks`.
        what: &'static str,
        /// What the platform calls the right.
        scope: &'static str,
    },
    /// 404, and other refusals of a request that is right by the documentation.
    #[error("`{host}` answers {status} when asked for {what}: check the address and the team in the configuration")]
    Absent {
        /// Who was asked.
        host: String,
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// 429 until the end.
    #[error("`{host}` wants fewer requests and did not give way within minutes")]
    Busy {
        /// Who was asked.
        host: String,
    },
    /// 5xx until the end.
    #[error("`{host}` fails with {status} when asked for {what}")]
    Failed {
        /// Who was asked.
        host: String,
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// An answer that is not what the documentation says.
    #[error("what `{host}` answers when asked for {what} is not what its documentation says")]
    Odd {
        /// Who was asked.
        host: String,
        /// What was asked for.
        what: &'static str,
    },
    /// The bound on the time of one run.
    #[error("reading the account takes too long; it was stopped")]
    TooLong,
    /// The system gave no runtime.
    #[error("no thread to work with: {0}")]
    Runtime(String),
}

impl LiveError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            LiveError::Unknown { .. } => "scan.unknown_account",
            LiveError::Load(error) => error.code(),
            LiveError::Outbound { error, .. } => error.code(),
            LiveError::Token { .. } => "scan.token_refused",
            LiveError::Scope { .. } => "scan.scope_missing",
            LiveError::Absent { .. } => "scan.not_found",
            LiveError::Busy { .. } => "scan.rate_limited",
            LiveError::Failed { .. } => "scan.platform_failed",
            LiveError::Odd { .. } => "scan.odd_answer",
            LiveError::TooLong => "scan.too_long",
            LiveError::Runtime(_) => "listen.thread",
        }
    }

    /// Whether the platform, or the way to it, fails; rather than refusing.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, LiveError::Failed { .. } | LiveError::Outbound { .. })
    }

    /// Whether only what was asked for is missing, and the rest of the account can still be read.
    pub(super) fn is_about_one(&self) -> bool {
        match self {
            LiveError::Scope { .. } | LiveError::Absent { .. } | LiveError::Failed { .. } | LiveError::Odd { .. } => true,
            LiveError::Outbound { error, .. } => {
                matches!(error, OutboundError::TooLarge | OutboundError::Timeout { .. } | OutboundError::Broken)
            }
            _ => false,
        }
    }
}
