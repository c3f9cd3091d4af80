//! TLS towards callers.
//!
//! The only file here that names the TLS library. TLS 1.2 and 1.3 are spoken; HTTP/2 is offered by
//! name (RFC 7301) before HTTP/1.1.

use bytes::Bytes;
use candor_wire::{Certificate, PrivateKey, TlsVersion};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// A stream under TLS.
pub(super) type Secured = TlsStream<TcpStream>;

/// The names of RFC 7301's registry, the preferred one first.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// The files of which TLS towards callers is made, all in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain: the certificate of this gateway first, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// Whether callers show certificates.
    pub clients: ClientCertificates,
    /// The oldest version that is spoken.
    pub least: TlsVersion,
}

/// Whether callers show certificates, and the file with the authorities that vouch for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    Unasked,
    /// They may; one that is shown must be good.
    Optional(PathBuf),
    /// They must.
    Required(PathBuf),
}

/// TLS towards callers, ready to be spoken.
#[derive(Clone)]
pub struct TlsSettings(TlsAcceptor);

/// The certificate that a caller has shown, in DER. It was verified, and its key is the caller's. An
/// extension of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate(pub Bytes);

/// Why TLS cannot be set up: where, what, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: check that it is there and may be read by Candor", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} {flaw}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        flaw: &'static str,
    },
    /// The key is not the certificate's.
    #[error(
        "{key} is not the key of {certificate}: give the key with which the certificate was asked \
         for, and the certificate before those that vouch for it",
        key = key.display(), certificate = certificate.display()
    )]
    Strangers {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// The parts do not make up a setup.
    #[error("TLS cannot be set up with {path}", path = path.display())]
    Unusable {
        /// The file that is to blame most likely.
        path: PathBuf,
        /// What the TLS library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

// === impl TlsSettings ===

impl TlsSettings {
    /// Reads the files.
    ///
    /// # Errors
    /// A file is missing or not what it should be, or they do not belong together.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = certificates(&files.certificate)?;
        let key = key(&files.key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let unusable = |error| unusable(&files.certificate, error);
        let versions: &[_] = match files.least {
            TlsVersion::V1_2 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            TlsVersion::V1_3 => &[&rustls::version::TLS13],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(unusable)?
            .with_client_cert_verifier(verifier(&files.clients, &provider)?);
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            if matches!(error, rustls::Error::InconsistentKeys(_)) {
                strangers(files)
            } else {
                unusable(error)
            }
        })?;
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(unusable)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<Secured> {
        self.0.accept(stream).await
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings").finish_non_exhaustive()
    }
}

/// Whether HTTP/2 was agreed upon in the handshake.
pub(super) fn agreed_on_http2(stream: &Secured) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

/// The verified certificate of the caller.
pub(super) fn peer_certificate(stream: &Secured) -> Option<PeerCertificate> {
    let leaf = stream.get_ref().1.peer_certificates()?.first()?;
    Some(PeerCertificate(Bytes::copy_from_slice(leaf)))
}

/// Whether a connection begins as TLS does: with a record of a handshake (RFC 8446, section 5.1).
pub(super) fn is_tls(first: u8) -> bool {
    first == 22
}

// === files ===

fn verifier(
    clients: &ClientCertificates,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let (path, must) = match clients {
        ClientCertificates::Unasked => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientCertificates::Optional(path) => (path, false),
        ClientCertificates::Required(path) => (path, true),
    };
    let mut roots = RootCertStore::empty();
    for root in certificates(path)? {
        roots.add(root).map_err(|error| unusable(path, error))?;
    }
    let provider = Arc::clone(provider);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if must { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| unusable(path, error))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, TlsError> {
    match candor_wire::certificates(&file(path)?) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(flaw(path, "holds no certificate: a file in PEM is wanted")),
        Err(_) => Err(flaw(path, "is not PEM all through: copy the file anew")),
    }
}

fn key(path: &Path) -> Result<PrivateKey, TlsError> {
    candor_wire::private_key(&file(path)?).map_err(|_| {
        flaw(path, "holds no private key: a key in PEM is wanted, not locked with a password")
    })
}

fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn flaw(path: &Path, flaw: &'static str) -> TlsError {
    TlsError::File { path: path.to_owned(), flaw }
}

fn strangers(files: &TlsFiles) -> TlsError {
    TlsError::Strangers { certificate: files.certificate.clone(), key: files.key.clone() }
}

fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> TlsError {
    TlsError::Unusable { path: path.to_owned(), source: Box::new(error) }
}
