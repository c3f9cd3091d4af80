//! TLS: how an upstream must prove who it is, and what a failed handshake means.
//!
//! The only file that names the TLS library. What may be called is decided elsewhere.

use crate::cause;
use crate::leaf;
use crate::roots::RevocationList;
use crate::target::{TargetError, TargetPolicy, TlsVersion, Versions};
use candor_facts::FaultKind;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{
    AlertDescription, CertificateError, DigitallySignedStruct, InvalidMessage, OtherError,
    PeerIncompatible, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A stream under TLS.
pub(crate) type Secured<S> = TlsStream<S>;

/// What one upstream's handshakes need: the rules, and the name that its certificate must bear.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Compiles `policy` for `host`: a DNS name or an IP address in text.
    pub(crate) fn new(host: &str, policy: &TargetPolicy) -> Result<Self, TargetError> {
        if policy.platform_roots && !policy.crls.is_empty() {
            return Err(TargetError::RevocationRoots);
        }
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| TargetError::HostName)?;
        let config = client_config(policy).map_err(|error| TargetError::Tls(Box::new(error)))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Makes `stream` secure.
    pub(crate) async fn handshake<S>(&self, stream: S) -> io::Result<Secured<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connector.connect(self.name.clone(), stream).await
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether HTTP/2 was agreed upon in the handshake.
pub(crate) fn agreed_on_http2<S>(stream: &Secured<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

/// The fault that ended a handshake.
pub(crate) fn handshake_fault(error: &io::Error) -> FaultKind {
    fault(error).unwrap_or(FaultKind::TlsClosed)
}

/// The TLS fault among the causes of `error`, if there is one. It can arrive late: in TLS 1.3 the
/// server judges the client's certificate after the client's handshake is done, so its alert is
/// seen by the first read (RFC 8446, section 4.4.2.4).
pub(crate) fn fault(error: &(dyn Error + 'static)) -> Option<FaultKind> {
    cause::find::<rustls::Error>(error).map(kind)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow")]
fn kind(error: &rustls::Error) -> FaultKind {
    use rustls::Error as E;
    match error {
        E::AlertReceived(AlertDescription::ProtocolVersion)
        | E::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => FaultKind::TlsVersion,
        E::AlertReceived(_) => FaultKind::TlsAlert,
        E::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => FaultKind::NotTls,
        E::InvalidCertificate(reason) => certificate_kind(reason),
        _ => FaultKind::TlsMisbehaved,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow")]
fn certificate_kind(reason: &CertificateError) -> FaultKind {
    use CertificateError as C;
    match reason {
        C::Expired | C::ExpiredContext { .. } => FaultKind::CertificateExpired,
        C::NotValidYet | C::NotValidYetContext { .. } => FaultKind::CertificateNotYetValid,
        C::NotValidForName | C::NotValidForNameContext { .. } => FaultKind::WrongName,
        C::UnknownIssuer => FaultKind::UnknownIssuer,
        C::Revoked => FaultKind::CertificateRevoked,
        C::Other(OtherError(other)) if other.is::<SelfSigned>() => FaultKind::SelfSigned,
        C::Other(OtherError(other)) if other.is::<NotPinned>() => FaultKind::PinMismatch,
        _ => FaultKind::CertificateUnsuitable,
    }
}

// === the rules of an upstream ===

fn client_config(policy: &TargetPolicy) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&versions(policy.min_tls))?
        .dangerous() // the library's word for a verifier of one's own; ours is only stricter
        .with_custom_certificate_verifier(Arc::new(judge(policy)?));
    let mut config = match &policy.client {
        None => builder.with_no_client_auth(),
        Some(us) => builder.with_client_auth_cert(us.chain.clone(), us.key.clone_key())?,
    };
    config.alpn_protocols = protocols(policy.http);
    Ok(config)
}

/// The names of RFC 7301's registry, the preferred one first.
fn protocols(http: Versions) -> Vec<Vec<u8>> {
    match http {
        Versions::Http1Only => vec![HTTP1.to_vec()],
        Versions::Both => vec![HTTP2.to_vec(), HTTP1.to_vec()],
        Versions::Http2Only => vec![HTTP2.to_vec()],
    }
}

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}

fn versions(least: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    match least {
        TlsVersion::V1_2 => vec![&rustls::version::TLS13, &rustls::version::TLS12],
        TlsVersion::V1_3 => vec![&rustls::version::TLS13],
    }
}

fn judge(policy: &TargetPolicy) -> Result<Judge, rustls::Error> {
    Ok(Judge { verifier: verifier(policy)?, pins: policy.pins.clone() })
}

fn verifier(policy: &TargetPolicy) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    let extra = policy.extra_roots.iter().cloned();
    match (policy.platform_roots, policy.extra_roots.is_empty()) {
        (true, true) => platform_verifier(),
        (true, false) => Ok(Arc::new(Verifier::new_with_extra_roots(extra, provider())?)),
        (false, _) => own_roots(extra, &policy.crls),
    }
}

/// The machine's roots, read once: reading them anew for each upstream would slow every start.
fn platform_verifier() -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    static SHARED: OnceLock<Arc<Verifier>> = OnceLock::new();
    if let Some(shared) = SHARED.get() {
        return Ok(Arc::<Verifier>::clone(shared));
    }
    let fresh = Arc::new(Verifier::new(provider())?);
    Ok(Arc::<Verifier>::clone(SHARED.get_or_init(|| fresh)))
}

fn own_roots(
    roots: impl Iterator<Item = CertificateDer<'static>>,
    crls: &[RevocationList],
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider())
        .with_crls(crls.iter().cloned())
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| rustls::Error::Other(OtherError(Arc::new(error))))?;
    Ok(verifier)
}

// === the verifier ===

/// Verifies by another verifier, and then asks for more: a pinned key. Adds one reason that the
/// other does not tell: a certificate that nobody but itself vouches for.
#[derive(Debug)]
struct Judge {
    verifier: Arc<dyn ServerCertVerifier>,
    /// Any key will do where there is none.
    pins: Vec<[u8; 32]>,
}

#[derive(Debug, thiserror::Error)]
#[error("the certificate is its own issuer, and is not trusted")]
struct SelfSigned;

#[derive(Debug, thiserror::Error)]
#[error("the certificate is trusted, but its key is not one of those pinned")]
struct NotPinned;

impl Judge {
    fn is_pinned(&self, leaf: &CertificateDer<'_>) -> bool {
        self.pins.is_empty()
            || leaf::key_digest(leaf).is_some_and(|digest| self.pins.contains(&digest))
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| tell_self_signed(error, end_entity))?;
        if self.is_pinned(end_entity) { Ok(verified) } else { Err(other(NotPinned)) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// `Other` is looked at too: the usual self-signed certificate is also marked as an authority's,
/// and the verifier names that first.
fn tell_self_signed(error: rustls::Error, leaf: &CertificateDer<'_>) -> rustls::Error {
    let vague = matches!(
        &error,
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::Other(_)
        )
    );
    if vague && leaf::is_its_own_issuer(leaf) { other(SelfSigned) } else { error }
}

fn other(reason: impl Error + Send + Sync + 'static) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(reason))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_map_by_type() {
        let cases = [
            (rustls::Error::AlertReceived(AlertDescription::HandshakeFailure), FaultKind::TlsAlert),
            (
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion),
                FaultKind::TlsVersion,
            ),
            (PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into(), FaultKind::TlsVersion),
            (InvalidMessage::InvalidContentType.into(), FaultKind::NotTls),
            (InvalidMessage::MessageTooShort.into(), FaultKind::TlsMisbehaved),
            (rustls::Error::DecryptError, FaultKind::TlsMisbehaved),
            (CertificateError::Revoked.into(), FaultKind::CertificateRevoked),
            (CertificateError::BadSignature.into(), FaultKind::CertificateUnsuitable),
            (CertificateError::InvalidPurpose.into(), FaultKind::CertificateUnsuitable),
        ];
        for (error, expected) in cases {
            let wrapped = io::Error::new(io::ErrorKind::InvalidData, error);
            assert_eq!(handshake_fault(&wrapped), expected, "{wrapped}");
        }
    }

    #[test]
    fn an_end_without_a_reason_is_a_closed_connection() {
        let error = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(handshake_fault(&error), FaultKind::TlsClosed);
    }
}
