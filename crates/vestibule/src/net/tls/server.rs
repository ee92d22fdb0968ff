//! TLS of our listeners: one certificate that can be swapped while running, TLS 1.2 and 1.3, HTTP/1.1, tickets.
//!
//! It asks no client certificates and takes no early data (a replay of which could not be told apart).

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::fault::{TlsError, TlsFault};
use super::single::Single;

/// A stream after the handshake with a client.
pub type ServerStream<T> = tokio_rustls::server::TlsStream<Single<T>>;

/// The TLS side of a listener. Clones share certificate and ticket keys, across threads too.
#[derive(Clone)]
pub struct ServerTls {
    acceptor: TlsAcceptor,
    certificate: Arc<Swappable>,
}

impl ServerTls {
    /// Reads a certificate chain (leaf first) and its private key from PEM text.
    ///
    /// # Errors
    /// [`TlsError`] where one of them is missing, unreadable, or belongs to another.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificate = Arc::new(Swappable(RwLock::new(Arc::new(certified(chain, key)?))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|_| TlsError::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(|_| TlsError::Provider)?;
        // one ticket is enough for clients that keep their connections, and each costs a record
        config.send_tls13_tickets = 1;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Replaces certificate and key for every handshake from now on, in all clones. On an error nothing changes.
    ///
    /// # Errors
    /// As [`ServerTls::new`].
    pub fn reload(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let fresh = Arc::new(certified(chain, key)?);
        *self.certificate.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Performs the server side of a handshake. The caller sets the deadline.
    ///
    /// # Errors
    /// [`TlsFault`] as seen from our side.
    pub async fn accept<T: AsyncRead + AsyncWrite + Unpin>(&self, stream: T) -> Result<ServerStream<T>, TlsFault> {
        self.acceptor.accept(Single::new(stream)).await.map_err(|error: io::Error| TlsFault::of(&error))
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

#[derive(Debug)]
struct Swappable(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Swappable {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|_| TlsError::BadCertificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|_| TlsError::BadKey)?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch),
        Err(_) => Err(TlsError::BadCertificate),
    }
}
