//! Authorities, certificates and TLS servers for tests.

use crate::kit::open_policy;
use crate::peer::{Peer, keep_answering};
use candor_wire::{Certificate, RevocationList, Target, TargetPolicy};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, RevokedCertParams, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

pub(crate) const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;
pub(crate) type Identity = (Vec<Certificate>, PrivateKeyDer<'static>);

// === certificates ===

pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

pub(crate) fn authority(name: &str) -> Authority {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn issued(by: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = params("peer.test");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    (vec![certificate.der().clone()], key.into())
}

pub(crate) fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = params("peer.test");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (vec![certificate.der().clone()], key.into())
}

/// An authority below another, and the certificates that lead from it to there.
pub(crate) fn below(by: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let mut params = params("intermediate");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), by).unwrap()
}

/// The identity, followed by the certificate of its issuer.
pub(crate) fn with(mut identity: Identity, issuer: &Authority) -> Identity {
    identity.0.push(issuer.der().clone());
    identity
}

/// A list of these serial numbers, revoked by their issuer.
pub(crate) fn revoked(by: &Authority, serials: &[u64]) -> RevocationList {
    let entry = |serial: &u64| RevokedCertParams {
        serial_number: (*serial).into(),
        revocation_time: date_time_ymd(2021, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2021, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: 1.into(),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(by).unwrap().der().clone()
}

pub(crate) fn as_is(_: &mut CertificateParams) {}

// === peers and targets ===

pub(crate) const BOTH: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];
pub(crate) const OLD: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// A server that shows this identity, whatever it thinks of it.
pub(crate) fn server(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = provider.key_provider.load_private_key(identity.1).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(identity.0, key));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

/// A server that answers only clients whose certificate `trusted` issued.
pub(crate) fn strict_server(
    identity: Identity,
    trusted: &Authority,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(identity.0, identity.1)
        .unwrap()
}

pub(crate) async fn peer(config: ServerConfig) -> Peer {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::new(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                keep_answering(stream, FINE).await;
            }
        }
    })
    .await
}

pub(crate) fn trusting(root: &Authority) -> TargetPolicy {
    TargetPolicy { platform_roots: false, extra_roots: vec![root.der().clone()], ..open_policy() }
}

pub(crate) fn target(peer: &Peer, policy: &TargetPolicy) -> Target {
    Target::parse(&format!("https://peer.test:{}", peer.address.port()), policy).unwrap()
}
