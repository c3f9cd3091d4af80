//! Each way in which a handshake fails, and the ways in which it succeeds.

use crate::kit::{SHORT, assert_fault, client, get, hurried, open_policy, post};
use crate::peer::{Peer, keep_answering, reset, say};
use candor_facts::{FaultKind, Sent};
use candor_wire::{ClientIdentity, Target, TargetPolicy, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

type Authority = CertifiedIssuer<'static, KeyPair>;
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

// === certificates ===

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issued(by: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = params("peer.test");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    (vec![certificate.der().clone()], key.into())
}

fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = params("peer.test");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (vec![certificate.der().clone()], key.into())
}

fn as_is(_: &mut CertificateParams) {}

// === peers and targets ===

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
const OLD: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

fn server(identity: Identity, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.0, identity.1)
        .unwrap()
}

/// A server that answers only clients whose certificate `trusted` issued.
fn strict_server(
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

async fn peer(config: ServerConfig) -> Peer {
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

fn trusting(root: &Authority) -> TargetPolicy {
    TargetPolicy { platform_roots: false, extra_roots: vec![root.der().clone()], ..open_policy() }
}

fn target(peer: &Peer, policy: &TargetPolicy) -> Target {
    Target::parse(&format!("https://peer.test:{}", peer.address.port()), policy).unwrap()
}

/// What becomes of a call to a server of this identity, by a client that trusts `root`.
async fn presented(root: &Authority, identity: Identity, kind: FaultKind) {
    let peer = peer(server(identity, BOTH)).await;
    let target = target(&peer, &trusting(root));
    assert_fault(client().send(&target, get(&target)).await, kind, Sent::Nothing);
}

// === handshakes that succeed ===

#[tokio::test]
async fn a_good_certificate_is_accepted_and_its_connection_kept() {
    let root = authority("root");
    for versions in [BOTH, OLD] {
        let peer = peer(server(issued(&root, as_is), versions)).await;
        let (client, target) = (client(), target(&peer, &trusting(&root)));
        for _ in 0..5 {
            let answer = client.send(&target, post(&target, "body")).await.unwrap();
            assert_eq!(answer.body, "fine");
        }
        assert_eq!(peer.accepted(), 1);
    }
}

#[tokio::test]
async fn an_address_can_be_certified() {
    let root = authority("root");
    let identity = issued(&root, |params| {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        params.subject_alt_names = vec![rcgen::SanType::IpAddress(address)];
    });
    let peer = peer(server(identity, BOTH)).await;
    let target = Target::parse(&format!("https://{}", peer.address), &trusting(&root)).unwrap();
    client().send(&target, get(&target)).await.unwrap();
}

// === certificates that are not accepted ===

#[tokio::test]
async fn certificates_out_of_their_time_are_refused() {
    let root = authority("root");
    let expired = issued(&root, |params| params.not_after = date_time_ymd(2020, 1, 1));
    presented(&root, expired, FaultKind::CertificateExpired).await;
    let early = issued(&root, |params| params.not_before = date_time_ymd(2090, 1, 1));
    presented(&root, early, FaultKind::CertificateNotYetValid).await;
}

#[tokio::test]
async fn certificates_of_strangers_are_refused() {
    let root = authority("root");
    let stranger = issued(&authority("stranger"), as_is);
    presented(&root, stranger, FaultKind::UnknownIssuer).await;
    presented(&root, self_signed(as_is), FaultKind::SelfSigned).await;
    let as_authority = self_signed(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    presented(&root, as_authority, FaultKind::SelfSigned).await;
}

#[tokio::test]
async fn certificates_for_something_else_are_refused() {
    let root = authority("root");
    let other = issued(&root, |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("other.test".try_into().unwrap())];
    });
    presented(&root, other, FaultKind::WrongName).await;
    let nameless = issued(&root, |params| params.subject_alt_names.clear());
    presented(&root, nameless, FaultKind::WrongName).await;
    let wildcard = issued(&root, |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("*.test".try_into().unwrap())];
    });
    let wildcard_peer = peer(server(wildcard, BOTH)).await;
    let deep = format!("https://a.peer.test:{}", wildcard_peer.address.port());
    let deep = Target::parse(&deep, &trusting(&root)).unwrap();
    let result = client().send(&deep, get(&deep)).await;
    assert_fault(result, FaultKind::WrongName, Sent::Nothing);
    let for_clients = issued(&root, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    presented(&root, for_clients, FaultKind::CertificateUnsuitable).await;
    let authority_itself = issued(&root, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    presented(&root, authority_itself, FaultKind::CertificateUnsuitable).await;
}

// === handshakes that fail otherwise ===

/// What becomes of a call to a peer that does this instead of a handshake.
async fn instead<F, Fut>(act: F, kind: FaultKind)
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let peer = Peer::new(act).await;
    let target = target(&peer, &trusting(&authority("root")));
    assert_fault(client().send(&target, get(&target)).await, kind, Sent::Nothing);
}

/// Takes the client's first message, and says `answer`.
async fn after_hello(
    mut stream: tokio::net::TcpStream,
    answer: &'static [u8],
) -> tokio::net::TcpStream {
    assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
    say(&mut stream, answer).await;
    stream
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_told_apart() {
    let plain = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    instead(|s| async { drop(after_hello(s, plain).await) }, FaultKind::NotTls).await;
    instead(|s| async { drop(after_hello(s, b"SSH-2.0-x\r\n").await) }, FaultKind::NotTls).await;
}

#[tokio::test]
async fn a_peer_that_ends_the_handshake_is_told_apart() {
    instead(|s| async { drop(after_hello(s, b"").await) }, FaultKind::TlsClosed).await;
    instead(|s| async { reset(after_hello(s, b"").await) }, FaultKind::TlsClosed).await;
    instead(|s| async { reset(s) }, FaultKind::TlsClosed).await;
    // Half of a server's first message.
    let half = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";
    instead(|s| async { drop(after_hello(s, half).await) }, FaultKind::TlsClosed).await;
}

#[tokio::test]
async fn alerts_are_told_apart() {
    let failure = b"\x15\x03\x03\x00\x02\x02\x28";
    instead(|s| async { drop(after_hello(s, failure).await) }, FaultKind::TlsAlert).await;
    let version = b"\x15\x03\x03\x00\x02\x02\x46";
    instead(|s| async { drop(after_hello(s, version).await) }, FaultKind::TlsVersion).await;
}

#[tokio::test]
async fn a_server_hello_that_is_nonsense_is_misbehaviour() {
    let nonsense = b"\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff";
    instead(|s| async { drop(after_hello(s, nonsense).await) }, FaultKind::TlsMisbehaved).await;
}

#[tokio::test]
async fn a_mute_handshake_times_out() {
    let peer = Peer::that_is_mute().await;
    let target = target(&peer, &trusting(&authority("root")));
    let request = hurried(get(&target), |timeouts| timeouts.handshake = SHORT);
    let result = client().send(&target, request).await;
    assert_fault(result, FaultKind::HandshakeTimedOut, Sent::Nothing);
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let root = authority("root");
    let peer = peer(server(issued(&root, as_is), OLD)).await;
    let policy = TargetPolicy { min_tls: TlsVersion::V1_3, ..trusting(&root) };
    let target = target(&peer, &policy);
    let result = client().send(&target, get(&target)).await;
    assert_fault(result, FaultKind::TlsVersion, Sent::Nothing);
}

// === client certificates ===

#[tokio::test]
async fn a_missing_client_certificate_is_an_alert_however_late_it_comes() {
    let root = authority("root");
    for versions in [BOTH, OLD] {
        let peer = peer(strict_server(issued(&root, as_is), &root, versions)).await;
        let target = target(&peer, &trusting(&root));
        let fault = client().send(&target, post(&target, "body")).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::TlsAlert, "{}", fault.detail);
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let root = authority("root");
    let (chain, key) = issued(&root, as_is);
    let client_identity = Some(Arc::new(ClientIdentity { chain, key }));
    let policy = TargetPolicy { client: client_identity, ..trusting(&root) };
    for versions in [BOTH, OLD] {
        let peer = peer(strict_server(issued(&root, as_is), &root, versions)).await;
        let target = target(&peer, &policy);
        client().send(&target, get(&target)).await.unwrap();
    }
}
