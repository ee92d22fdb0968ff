//! Why a call to an upstream failed, in words for the workflow, the log and the decision to try again.

use vestibule_core::network::AddressClass;

use crate::net::tls::TlsFault;

/// What was waited for when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Look-up, connect and handshake.
    Connect,
    /// The head of the answer.
    FirstByte,
    /// The rest of the answer.
    Answer,
}

impl Wait {
    /// Stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstByte => "first_byte",
            Self::Answer => "answer",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("the host was not found")]
    Dns,
    #[error("the host is at a `{class}` address")]
    AddressRefused {
        /// Of the first address that was refused.
        class: AddressClass,
    },
    #[error("the connection was refused")]
    Connect,
    #[error("the certificate or handshake was not accepted: {}", fault.name())]
    Tls {
        /// The reason.
        fault: TlsFault,
    },
    #[error("no answer in time: {}", wait.name())]
    Timeout {
        /// What was waited for.
        wait: Wait,
    },
    #[error("the answer is too large")]
    TooLarge,
    #[error("all bodies together are larger than the gateway takes")]
    Budget,
    #[error("the answer is a redirect ({status})")]
    Redirect {
        /// 3xx.
        status: u16,
    },
    #[error("the answer is compressed although that was not asked for")]
    Compressed,
    #[error("the request cannot be sent as it is")]
    Request,
    #[error("the connection broke, or the answer is not HTTP")]
    Broken,
}

impl OutboundError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dns => "upstream.dns",
            Self::AddressRefused { .. } => "upstream.address_refused",
            Self::Connect => "upstream.connect",
            Self::Tls { .. } => "upstream.tls",
            Self::Timeout { .. } => "upstream.timeout",
            Self::TooLarge => "upstream.too_large",
            Self::Budget => "upstream.budget",
            Self::Redirect { .. } => "upstream.redirect",
            Self::Compressed => "upstream.compressed",
            Self::Request => "upstream.request",
            Self::Broken => "upstream.broken",
        }
    }

    /// Whether the same request may succeed later without anybody changing a configuration.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Timeout { .. } | Self::Budget | Self::Broken => true,
            Self::Tls { fault } => fault.is_passing(),
            Self::AddressRefused { .. } | Self::TooLarge | Self::Redirect { .. } | Self::Compressed | Self::Request => false,
        }
    }

    /// Whether the upstream may have seen the request, or a part of it.
    #[must_use]
    pub const fn maybe_sent(&self) -> bool {
        match self {
            Self::Dns | Self::AddressRefused { .. } | Self::Connect | Self::Tls { .. } | Self::Request => false,
            Self::Timeout { wait } => !matches!(wait, Wait::Connect),
            Self::TooLarge | Self::Budget | Self::Redirect { .. } | Self::Compressed | Self::Broken => true,
        }
    }
}
