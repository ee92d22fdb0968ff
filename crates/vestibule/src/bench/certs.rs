//! Certificates of one run: an authority of its own and one certificate for
//! `localhost`, used by nginx, by the gateway under test, and by the two TLS
//! ends that the benchmark plays itself (load and checking backend).

use super::error::BenchError;
use crate::net::tls::{ClientTls, ServerTls, TlsError, TrialCa, Validity};

/// The name every certificate of a run is for.
pub(super) const NAME: &str = "localhost";

/// Authority, certificate chain and key of a run, PEM.
pub(super) struct Certificates {
    pub(super) ca: String,
    pub(super) cert: String,
    pub(super) key: String,
}

impl Certificates {
    pub(super) fn new() -> Result<Self, BenchError> {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let authority = TrialCa::new(Validity::around(today, 2)).map_err(refused)?;
        let issued = authority.issue(&[NAME]).map_err(refused)?;
        Ok(Self { ca: authority.certificate().to_owned(), cert: issued.chain, key: issued.key.to_string() })
    }

    /// The client end: trusts this run's authority and nothing else.
    pub(super) fn client(&self) -> Result<ClientTls, BenchError> {
        ClientTls::with_ca(self.ca.as_bytes()).map_err(refused)
    }

    /// The server end of the checking backend.
    pub(super) fn server(&self) -> Result<ServerTls, BenchError> {
        ServerTls::new(self.cert.as_bytes(), self.key.as_bytes()).map_err(refused)
    }
}

fn refused(_: TlsError) -> BenchError {
    BenchError::Certificates
}
