//! Why TLS could not be set up, and why a handshake failed, as words that carry nothing of the peer's certificate.

use std::io;

use rustls::{CertificateError, Error};

/// Why a certificate, key or authority cannot be used. Found when the configuration is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate found in the PEM text")]
    NoCertificate,
    #[error("no private key found in the PEM text")]
    NoKey,
    #[error("the certificate cannot be read")]
    BadCertificate,
    #[error("the private key cannot be used")]
    BadKey,
    #[error("the private key belongs to another certificate")]
    Mismatch,
    #[error("this machine has no list of trusted authorities")]
    NoRoots,
    #[error("the random generator or the TLS provider failed")]
    Provider,
}

impl TlsError {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoCertificate => "tls.no_certificate",
            Self::NoKey => "tls.no_key",
            Self::BadCertificate => "tls.bad_certificate",
            Self::BadKey => "tls.bad_key",
            Self::Mismatch => "tls.key_mismatch",
            Self::NoRoots => "tls.no_roots",
            Self::Provider => "tls.provider",
        }
    }
}

/// Why a handshake with an upstream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// No trusted authority issued the certificate; self-signed ones are here too.
    Untrusted,
    /// The certificate was revoked.
    Revoked,
    /// The certificate is malformed, wrongly signed or not for servers.
    BadCertificate,
    /// The peer refused us.
    Alert,
    /// The peer does not speak TLS 1.2 or 1.3, or not as it should.
    Protocol,
    /// The connection ended during the handshake.
    Closed,
}

impl TlsFault {
    /// Stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongName => "wrong_name",
            Self::Untrusted => "untrusted",
            Self::Revoked => "revoked",
            Self::BadCertificate => "bad_certificate",
            Self::Alert => "alert",
            Self::Protocol => "protocol",
            Self::Closed => "closed",
        }
    }

    /// Whether the same handshake may well succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Closed | Self::Alert)
    }

    pub(super) fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(reason)) => Self::of_certificate(reason),
            Some(Error::AlertReceived(_)) => Self::Alert,
            Some(_) => Self::Protocol,
            None => Self::Closed,
        }
    }

    fn of_certificate(reason: &CertificateError) -> Self {
        use CertificateError as E;
        match reason {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName,
            E::UnknownIssuer => Self::Untrusted,
            E::Revoked => Self::Revoked,
            _ => Self::BadCertificate,
        }
    }
}
