//! Each way in which a secure connection is not had, with its kind, as one table.

use crate::kit::{SHORT, client, get, hurried};
use crate::peer::{Peer, request, reset, say};
use crate::tls_kit::{
    Authority, BOTH, Identity, OLD, as_is, authority, below, issued, peer, revoked, self_signed,
    server, strict_server, target, trusting, with,
};
use candor_facts::FaultKind::{
    self, AddressRefused, CertificateExpired, CertificateNotYetValid, CertificateRevoked,
    CertificateUnsuitable, ConnectTimedOut, ConnectionRefused, HandshakeTimedOut, HeadClosed,
    HeadMalformed, HeadTimedOut, NoSuchName, NotTls, PinMismatch, SelfSigned, TlsAlert, TlsClosed,
    TlsMisbehaved, TlsVersion, UnknownIssuer, WrongName,
};
use candor_facts::Sent;
use candor_wire::{
    Client, ClientIdentity, ClientSettings, Target, TargetPolicy, Versions, certificates,
};
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    NameConstraints, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::any::Any;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One upstream, and what calling it must come to.
struct Case {
    name: &'static str,
    kind: FaultKind,
    /// `Nothing` but for what is told after the handshake; open where the two may cross.
    sent: Option<Sent>,
    client: Client,
    target: Target,
    /// Whatever must live until the call is over.
    _peer: Box<dyn Any>,
}

fn case(name: &'static str, kind: FaultKind, target: Target, peer: impl Any) -> Case {
    Case { name, kind, sent: Some(Sent::Nothing), client: client(), target, _peer: Box::new(peer) }
}

#[tokio::test]
async fn every_failure_has_its_kind() {
    let mut cases = certificates_by_time_and_name().await;
    cases.extend(certificates_by_issuer().await);
    cases.extend(certificates_by_form().await);
    cases.extend(versions_and_ciphers().await);
    cases.extend(client_certificates().await);
    cases.extend(protocols().await);
    cases.extend(alerts().await);
    cases.extend(not_tls().await);
    cases.extend(endings().await);
    cases.extend(connections().await);
    let mut wrong = Vec::new();
    for Case { name, kind, sent, client, target, .. } in &cases {
        let request = hurried(get(target), |timeouts| {
            if [HandshakeTimedOut, ConnectTimedOut, HeadTimedOut].contains(kind) {
                timeouts.connect = SHORT;
                timeouts.handshake = SHORT;
                timeouts.head = SHORT;
            }
        });
        let fault = client.send(target, request).await.expect_err(name);
        if fault.kind != *kind || sent.is_some_and(|sent| fault.sent != sent) {
            wrong.push(format!("{name}: {fault:?}, not {kind:?}, {sent:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} cases", cases.len());
    assert!(cases.len() >= 60, "{}", cases.len());
}

// === certificates ===

/// A server of this identity, called by a client that trusts `root`.
async fn shown(name: &'static str, kind: FaultKind, root: &Authority, identity: Identity) -> Case {
    shown_to(name, kind, &trusting(root), identity).await
}

async fn shown_to(
    name: &'static str,
    kind: FaultKind,
    policy: &TargetPolicy,
    identity: Identity,
) -> Case {
    let peer = peer(server(identity, BOTH)).await;
    case(name, kind, target(&peer, policy), peer)
}

fn for_names(by: &Authority, names: Vec<SanType>) -> Identity {
    issued(by, |params| params.subject_alt_names = names)
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

async fn certificates_by_time_and_name() -> Vec<Case> {
    let root = authority("root");
    let expired = issued(&root, |params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = issued(&root, |params| params.not_before = date_time_ymd(2090, 1, 1));
    let deep = for_names(&root, vec![dns("*.peer.test")]);
    let top = for_names(&root, vec![dns("*.test")]);
    let address = for_names(&root, vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())]);
    vec![
        shown("expired", CertificateExpired, &root, expired).await,
        shown("not yet valid", CertificateNotYetValid, &root, early).await,
        shown("another name", WrongName, &root, for_names(&root, vec![dns("other.test")])).await,
        shown("no name but the subject's", WrongName, &root, for_names(&root, vec![])).await,
        shown("a wildcard one label down", WrongName, &root, deep).await,
        shown("a wildcard right below the top", WrongName, &root, top).await,
        shown("an address in place of the name", WrongName, &root, address).await,
        by_address("a name in place of the address", &root, as_is).await,
        by_address("another address", &root, |params| {
            params.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::new(127, 0, 0, 9).into())];
        })
        .await,
    ]
}

async fn by_address(
    name: &'static str,
    root: &Authority,
    change: impl FnOnce(&mut rcgen::CertificateParams),
) -> Case {
    let peer = peer(server(issued(root, change), BOTH)).await;
    let target = Target::parse(&format!("https://{}", peer.address), &trusting(root)).unwrap();
    case(name, WrongName, target, peer)
}

async fn certificates_by_issuer() -> Vec<Case> {
    let root = authority("root");
    let middle = below(&root, as_is);
    let late = below(&root, |params| params.not_after = date_time_ymd(2020, 1, 1));
    let as_authority = self_signed(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let namesake = issued(&authority("root"), as_is);
    let numbered = below(&root, |params| params.serial_number = Some(7.into()));
    let leaf = issued(&root, |params| params.serial_number = Some(7.into()));
    let policy = TargetPolicy { crls: vec![revoked(&root, &[7])], ..trusting(&root) };
    let below_revoked = with(issued(&numbered, as_is), &numbered);
    let pinned = TargetPolicy { pins: vec![[7; 32]], ..trusting(&root) };
    let expired = issued(&root, |params| params.not_after = date_time_ymd(2020, 1, 1));
    vec![
        shown("an unknown authority", UnknownIssuer, &root, issued(&authority("x"), as_is)).await,
        shown("a namesake of the authority", CertificateUnsuitable, &root, namesake).await,
        shown("its own issuer", SelfSigned, &root, self_signed(as_is)).await,
        shown("its own issuer, and an authority", SelfSigned, &root, as_authority).await,
        shown("no intermediate", UnknownIssuer, &root, issued(&middle, as_is)).await,
        shown("an expired intermediate", CertificateExpired, &root, {
            with(issued(&late, as_is), &late)
        })
        .await,
        shown_to("revoked", CertificateRevoked, &policy, leaf).await,
        shown_to("a revoked intermediate", CertificateRevoked, &policy, below_revoked).await,
        shown_to("another key than pinned", PinMismatch, &pinned, issued(&root, as_is)).await,
        shown_to("expired, and not pinned", CertificateExpired, &pinned, expired).await,
    ]
}

async fn certificates_by_form() -> Vec<Case> {
    let root = authority("root");
    let for_clients = issued(&root, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let is_authority = issued(&root, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let critical = issued(&root, |params| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    });
    let elsewhere = below(&root, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let no_authority = below(&root, |params| params.is_ca = IsCa::ExplicitNoCa);
    let flat = below(&root, |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let under_flat = below(&flat, as_is);
    let mut too_long = with(issued(&under_flat, as_is), &under_flat);
    too_long.0.push(flat.der().clone());
    let mut forged = issued(&root, as_is);
    forged.0 = vec![twisted(&forged.0[0])];
    vec![
        shown("for clients only", CertificateUnsuitable, &root, for_clients).await,
        shown("an authority itself", CertificateUnsuitable, &root, is_authority).await,
        shown("an unknown critical extension", CertificateUnsuitable, &root, critical).await,
        shown("outside its issuer's constraints", CertificateUnsuitable, &root, {
            with(issued(&elsewhere, as_is), &elsewhere)
        })
        .await,
        shown("issued by what is no authority", CertificateUnsuitable, &root, {
            with(issued(&no_authority, as_is), &no_authority)
        })
        .await,
        shown("a chain that is too long", CertificateUnsuitable, &root, too_long).await,
        shown("a forged signature", CertificateUnsuitable, &root, forged).await,
        weak("a key of 1024 bits", include_bytes!("weak/short-authority.pem"), {
            include_bytes!("weak/short-leaf.pem")
        })
        .await,
        weak("a signature by SHA-1", include_bytes!("weak/old-authority.pem"), {
            include_bytes!("weak/old-leaf.pem")
        })
        .await,
    ]
}

/// The certificate with the last byte of its signature changed.
fn twisted(certificate: &[u8]) -> candor_wire::Certificate {
    let mut bytes = certificate.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    bytes.into()
}

/// Certificates that today's libraries do not make any more. The key is for this test alone.
async fn weak(name: &'static str, authority: &[u8], leaf: &[u8]) -> Case {
    let extra_roots = certificates(authority).unwrap();
    let policy = TargetPolicy { extra_roots, ..trusting(&self::authority("unused")) };
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("weak/leaf-key.pem")).unwrap();
    let identity = (certificates(leaf).unwrap(), key);
    shown_to(name, CertificateUnsuitable, &policy, identity).await
}

// === versions, ciphers, client certificates, protocols ===

async fn served(
    name: &'static str,
    kind: FaultKind,
    policy: &TargetPolicy,
    config: ServerConfig,
) -> Case {
    let peer = peer(config).await;
    case(name, kind, target(&peer, policy), peer)
}

/// A server's first message in an old version, with a cipher suite that was never removed from it.
fn server_hello(version: u8) -> Vec<u8> {
    let mut hello = vec![2, 0, 0, 38, 3, version];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    [&[22, 3, version, 0, 42][..], &hello].concat()
}

async fn versions_and_ciphers() -> Vec<Case> {
    let root = authority("root");
    let strict = TargetPolicy { min_tls: candor_wire::TlsVersion::V1_3, ..trusting(&root) };
    let old = server(issued(&root, as_is), OLD);
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| format!("{suite:?}").contains("RSA"));
    let (chain, key) = issued(&root, as_is);
    let no_common_cipher = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(OLD)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    vec![
        served("TLS 1.2 where 1.3 is asked for", TlsVersion, &strict, old).await,
        served("no common cipher", TlsAlert, &trusting(&root), no_common_cipher).await,
        instead("TLS 1.1 by its hello", TlsVersion, server_hello(2)).await,
        instead("TLS 1.0 by its hello", TlsVersion, server_hello(1)).await,
        instead("SSL 3.0 by its hello", TlsVersion, server_hello(0)).await,
        instead("an old version by its alert", TlsVersion, alert(2, 70)).await,
        instead("an old version by an alert in TLS 1.0", TlsVersion, {
            vec![21, 3, 1, 0, 2, 2, 70]
        })
        .await,
    ]
}

async fn client_certificates() -> Vec<Case> {
    let root = authority("root");
    let strict = |versions| strict_server(issued(&root, as_is), &root, versions);
    let none = trusting(&root);
    let (chain, key) = issued(&authority("stranger"), as_is);
    let stranger = Some(Arc::new(ClientIdentity { chain, key }));
    let wrong = TargetPolicy { client: stranger, ..trusting(&root) };
    // In TLS 1.3 the server looks at the client's certificate when the handshake is over.
    let late = |case: Case| Case { sent: None, ..case };
    vec![
        served("a client certificate asked for, TLS 1.2", TlsAlert, &none, strict(OLD)).await,
        late(served("the same, TLS 1.3", TlsAlert, &none, strict(BOTH)).await),
        served("a stranger's client certificate, TLS 1.2", TlsAlert, &wrong, strict(OLD)).await,
        late(served("the same, TLS 1.3", TlsAlert, &wrong, strict(BOTH)).await),
    ]
}

async fn protocols() -> Vec<Case> {
    let root = authority("root");
    let speaking = |protocols: &[&[u8]]| {
        let mut config = server(issued(&root, as_is), BOTH);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config
    };
    let only = |http| TargetPolicy { http, ..trusting(&root) };
    let (one, two) = (only(Versions::Http1Only), only(Versions::Http2Only));
    vec![
        served("HTTP/2 alone where 1.1 is asked for", TlsAlert, &one, speaking(&[b"h2"])).await,
        served("HTTP/1.1 alone where 2 is asked for", TlsAlert, &two, speaking(&[b"http/1.1"]))
            .await,
        served("no choice where HTTP/2 is asked for", TlsMisbehaved, &two, speaking(&[])).await,
        served("neither", TlsAlert, &only(Versions::Both), speaking(&[b"smtp"])).await,
    ]
}

// === peers that do something else ===

/// Takes the client's first message, says this, and closes.
async fn instead(name: &'static str, kind: FaultKind, words: Vec<u8>) -> Case {
    acting(name, kind, move |mut stream| {
        let words = words.clone();
        async move {
            hello(&mut stream).await;
            say(&mut stream, &words).await;
        }
    })
    .await
}

async fn acting<F, Fut>(name: &'static str, kind: FaultKind, act: F) -> Case
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let peer = Peer::new(act).await;
    let policy = trusting(&authority("root"));
    case(name, kind, target(&peer, &policy), peer)
}

async fn hello(stream: &mut TcpStream) {
    assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
}

/// RFC 8446, section 6.
fn alert(level: u8, description: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, level, description]
}

async fn alerts() -> Vec<Case> {
    vec![
        instead("close_notify", TlsClosed, alert(1, 0)).await,
        instead("handshake_failure", TlsAlert, alert(2, 40)).await,
        instead("decode_error", TlsAlert, alert(2, 50)).await,
        instead("insufficient_security", TlsAlert, alert(2, 71)).await,
        instead("internal_error", TlsAlert, alert(2, 80)).await,
        instead("unrecognised_name", TlsAlert, alert(2, 112)).await,
        instead("an alert that is in no table", TlsAlert, alert(2, 250)).await,
    ]
}

async fn not_tls() -> Vec<Case> {
    let plain = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
    vec![
        instead("plain HTTP", NotTls, plain).await,
        instead("an SSH banner", NotTls, b"SSH-2.0-OpenSSH_9.7\r\n".to_vec()).await,
        instead("an SMTP greeting", NotTls, b"220 mail.example ESMTP\r\n".to_vec()).await,
        instead("garbage", NotTls, (0..=255).rev().collect()).await,
        instead("zeros", NotTls, vec![0; 64]).await,
        acting("a banner before the hello", NotTls, |mut stream| async move {
            say(&mut stream, b"SSH-2.0-OpenSSH_9.7\r\n").await;
            hello(&mut stream).await;
        })
        .await,
    ]
}

async fn endings() -> Vec<Case> {
    let half = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03".to_vec();
    let nonsense = b"\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff".to_vec();
    let stalled = half.clone();
    vec![
        instead("an end after the hello", TlsClosed, Vec::new()).await,
        instead("an end within the server's hello", TlsClosed, half).await,
        instead("a hello that is nonsense", TlsMisbehaved, nonsense).await,
        acting("a reset after the hello", TlsClosed, |mut stream| async move {
            hello(&mut stream).await;
            reset(stream);
        })
        .await,
        acting("a reset at once", TlsClosed, |stream| async { reset(stream) }).await,
        acting("an end at once", TlsClosed, |stream| async { drop(stream) }).await,
        acting("a stall within the server's hello", HandshakeTimedOut, move |mut stream| {
            let half = stalled.clone();
            async move {
                hello(&mut stream).await;
                say(&mut stream, &half).await;
                std::future::pending::<()>().await;
            }
        })
        .await,
        acting("a mute handshake", HandshakeTimedOut, |stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await,
    ]
}

// === connections ===

async fn connections() -> Vec<Case> {
    let policy = trusting(&authority("root"));
    let at = |address: SocketAddr| Target::parse(&format!("https://{address}"), &policy).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let (full, backlog) = full_backlog();
    let mut nowhere = case("no such name", NoSuchName, at(closed), ());
    nowhere.target = Target::parse("https://no-such-host.invalid", &policy).unwrap();
    nowhere.client = Client::new(ClientSettings::default()).unwrap();
    let mut metadata = case("a metadata service", AddressRefused, at(closed), ());
    metadata.target = Target::parse("https://169.254.169.254", &policy).unwrap();
    vec![
        nowhere,
        metadata,
        case("refused", ConnectionRefused, at(closed), ()),
        case("no room in the backlog", ConnectTimedOut, at(full), backlog),
        afterwards("an end after the request", HeadClosed, |mut stream| async move {
            request(&mut stream).await;
        })
        .await,
        afterwards("nothing after the request", HeadTimedOut, |mut stream| async move {
            request(&mut stream).await;
            std::future::pending::<()>().await;
        })
        .await,
        afterwards("another protocol under TLS", HeadMalformed, |mut stream| async move {
            request(&mut stream).await;
            say(&mut stream, b"220 mail.example ESMTP\r\n\r\n").await;
        })
        .await,
    ]
}

/// A port that takes no more connections.
fn full_backlog() -> (SocketAddr, impl Any) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&address, SHORT);
    let waiting: Vec<_> = std::iter::repeat_with(connect).take_while(Result::is_ok).collect();
    (address, (listener, waiting))
}

/// A good handshake, and then this.
async fn afterwards<F, Fut>(name: &'static str, kind: FaultKind, act: F) -> Case
where
    F: Fn(TlsStream<TcpStream>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let root = authority("root");
    let acceptor = TlsAcceptor::from(Arc::new(server(issued(&root, as_is), BOTH)));
    let peer = Peer::new(move |stream| {
        let (acceptor, act) = (acceptor.clone(), act.clone());
        async move { act(acceptor.accept(stream).await.unwrap()).await }
    })
    .await;
    Case { sent: Some(Sent::All), ..case(name, kind, target(&peer, &trusting(&root)), peer) }
}
