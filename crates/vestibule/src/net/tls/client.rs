//! TLS towards upstreams: always verified, against the machine's authorities or against one named by the operator.
//!
//! Revocation is left to the platform's verifier; there is no way to accept a certificate that does not verify.

use std::io;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::fault::{TlsError, TlsFault};
use super::single::Single;

/// A stream after the handshake with an upstream.
pub type ClientStream<T> = tokio_rustls::client::TlsStream<Single<T>>;

/// How a destination's certificate is verified. Clones share the cache of sessions, across threads too: keep one
/// per destination, so that a session is never resumed under another's rules.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
}

impl ClientTls {
    /// Verifies against the authorities that the machine trusts.
    ///
    /// # Errors
    /// [`TlsError::NoRoots`] where it has none.
    pub fn platform() -> Result<Self, TlsError> {
        let config = builder()?.with_platform_verifier().map_err(|_| TlsError::NoRoots)?.with_no_client_auth();
        Ok(Self::of(config))
    }

    /// Verifies against these authorities (PEM) and no others.
    ///
    /// # Errors
    /// [`TlsError`] where the text holds no usable certificate.
    pub fn with_ca(ca: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca) {
            let certificate = certificate.map_err(|_| TlsError::BadCertificate)?;
            roots.add(certificate).map_err(|_| TlsError::BadCertificate)?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        Ok(Self::of(builder()?.with_root_certificates(roots).with_no_client_auth()))
    }

    /// Performs the client side of a handshake and verifies the certificate for `host`, a DNS name or an IP
    /// without brackets. The caller sets the deadline.
    ///
    /// # Errors
    /// [`TlsFault`]: why the peer is not who it should be, or does not answer.
    pub async fn connect<T: AsyncRead + AsyncWrite + Unpin>(&self, host: &str, stream: T) -> Result<ClientStream<T>, TlsFault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::WrongName)?;
        self.connector.connect(name, Single::new(stream)).await.map_err(|error: io::Error| TlsFault::of(&error))
    }

    fn of(mut config: ClientConfig) -> Self {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { connector: TlsConnector::from(Arc::new(config)) }
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTls")
    }
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TlsError> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|_| TlsError::Provider)
}
