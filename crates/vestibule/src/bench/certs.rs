//! TLS of one run: an authority of its own, one certificate for `localhost`,
//! and the two TLS ends that the benchmark itself plays (load and checking
//! backend). The gateway under test uses its ordinary TLS code, not this.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::error::BenchError;
use crate::net::tls::TrialCa;

/// The name every certificate of a run is for.
pub(super) const NAME: &str = "localhost";

/// Authority, certificate and key of a run, PEM.
pub(super) struct Certificates {
    pub(super) ca: String,
    pub(super) cert: String,
    pub(super) key: String,
}

impl Certificates {
    pub(super) fn new() -> Result<Self, BenchError> {
        let authority = TrialCa::new().map_err(|_| BenchError::Certificates)?;
        let issued = authority
            .issue(&[NAME])
            .map_err(|_| BenchError::Certificates)?;
        Ok(Self {
            ca: authority.pem().to_owned(),
            cert: issued.cert_pem,
            key: issued.key_pem,
        })
    }

    /// The client end: trusts this run's authority and nothing else.
    pub(super) fn connector(&self) -> Result<TlsConnector, BenchError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(self.ca.as_bytes()) {
            let certificate = certificate.map_err(|_| BenchError::Certificates)?;
            roots
                .add(certificate)
                .map_err(|_| BenchError::Certificates)?;
        }
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// The server end of the checking backend.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, BenchError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.cert.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| BenchError::Certificates)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|_| BenchError::Certificates)?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| BenchError::Certificates)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// [`NAME`] as rustls wants it.
pub(super) fn server_name() -> Result<ServerName<'static>, BenchError> {
    ServerName::try_from(NAME).map_err(|_| BenchError::Certificates)
}
