//! Calls through the site's outbound proxy: the tunnel, its faults, and what the guard still judges.

use crate::kit::{Names, SHORT, assert_fault, get, hurried, open_policy, post};
use crate::peer::{Peer, keep_answering, reset, say};
use crate::tls_kit::{self, BOTH, FINE, as_is, authority, issued, server, trusting};
use candor_facts::{FaultKind, Sent};
use candor_wire::{
    Client, ClientSettings, Outbound, ProxyCredentials, ProxySettings, Target, TargetPolicy,
};
use http::StatusCode;
use rcgen::SanType;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// A proxy, and the heads of what it was asked.
struct Site {
    peer: Peer,
    heads: mpsc::UnboundedReceiver<String>,
}

/// A proxy that opens every tunnel to this machine, whatever host is named.
async fn open_proxy() -> Site {
    let (tell, heads) = mpsc::unbounded_channel();
    let peer = Peer::new(move |stream| serve(stream, tell.clone())).await;
    Site { peer, heads }
}

async fn serve<S>(mut stream: S, tell: mpsc::UnboundedSender<String>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = head(&mut stream).await;
    let end = head.split(' ').nth(1).unwrap_or_default().to_owned();
    tell.send(head).ok();
    let Some((_, port)) = end.rsplit_once(':') else { return };
    let Ok(peer) = std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())) else {
        return say(&mut stream, b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
    };
    peer.set_nonblocking(true).unwrap();
    let mut peer = TcpStream::from_std(peer).unwrap();
    say(&mut stream, b"HTTP/1.1 200 Connection established\r\nVia: 1.1 site\r\n\r\n").await;
    tokio::io::copy_bidirectional(&mut stream, &mut peer).await.ok();
}

/// Reads a head, byte by byte so that nothing behind it is taken.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A proxy that answers so, and closes.
async fn answering(answer: impl Into<Vec<u8>>) -> Peer {
    let answer = answer.into();
    Peer::new(move |mut stream| {
        let answer = answer.clone();
        async move {
            head(&mut stream).await;
            say(&mut stream, &answer).await;
        }
    })
    .await
}

fn at(address: SocketAddr) -> ProxySettings {
    ProxySettings::new(format!("http://{address}"))
}

/// A client behind this proxy, to whom every name is 127.0.0.1.
fn behind(proxy: ProxySettings) -> Client {
    let resolver = Some(Names::new(&[&["127.0.0.1"]]) as _);
    Client::new(ClientSettings { resolver, proxy: Some(proxy), ..ClientSettings::default() })
        .unwrap()
}

fn plain(upstream: &Peer) -> Target {
    let url = format!("http://upstream.test:{}/base", upstream.address.port());
    Target::parse(&url, &open_policy()).unwrap()
}

// === tunnels ===

#[tokio::test]
async fn a_call_goes_through_a_tunnel_and_its_connection_is_kept() {
    let upstream = Peer::that_keeps_answering(FINE).await;
    let mut site = open_proxy().await;
    let client = behind(at(site.peer.address));
    let target = plain(&upstream);
    for reused in [false, true] {
        let answer = client.send(&target, post(&target, "body")).await.unwrap();
        assert_eq!((answer.body.as_ref(), answer.timing.reused), (b"fine".as_slice(), reused));
    }
    let end = format!("127.0.0.1:{}", upstream.address.port());
    let head = format!("CONNECT {end} HTTP/1.1\r\nHost: {end}\r\n\r\n");
    assert_eq!(site.heads.recv().await.unwrap(), head);
    assert_eq!((site.peer.accepted(), upstream.accepted()), (1, 1));
}

#[tokio::test]
async fn a_name_may_be_left_to_the_proxy() {
    let upstream = Peer::that_keeps_answering(FINE).await;
    let mut site = open_proxy().await;
    let settings = ProxySettings { resolve_locally: false, ..at(site.peer.address) };
    let names = Names::new(&[&["127.0.0.1"]]);
    let resolver = Some(Arc::clone(&names) as _);
    let proxy = Some(settings);
    let settings = ClientSettings { resolver, proxy, ..ClientSettings::default() };
    let target = plain(&upstream);
    let answer = Client::new(settings).unwrap().send(&target, get(&target)).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    let end = format!("upstream.test:{}", upstream.address.port());
    assert!(site.heads.recv().await.unwrap().starts_with(&format!("CONNECT {end} HTTP/1.1\r\n")));
    assert_eq!(names.asked(), 0);
}

#[tokio::test]
async fn a_secure_call_is_secure_through_the_tunnel() {
    let root = authority("root");
    let upstream = tls_kit::peer(server(issued(&root, as_is), BOTH)).await;
    let mut site = open_proxy().await;
    let client = behind(at(site.peer.address));
    let target = tls_kit::target(&upstream, &trusting(&root));
    let mut request = get(&target);
    request.headers.insert("authorization", "Bearer secret".parse().unwrap());
    assert_eq!(client.send(&target, request).await.unwrap().body, "fine");
    assert!(!site.heads.recv().await.unwrap().contains("ecret"));
    let stranger = tls_kit::target(&upstream, &trusting(&authority("another root")));
    let result = client.send(&stranger, get(&stranger)).await;
    assert_fault(result, FaultKind::UnknownIssuer, Sent::Nothing);
}

/// A proxy that is spoken to under TLS, at an address of this certificate.
async fn secure_proxy(root: &tls_kit::Authority) -> Site {
    let (tell, heads) = mpsc::unbounded_channel();
    let here = |params: &mut rcgen::CertificateParams| {
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    };
    let acceptor = TlsAcceptor::from(Arc::new(server(issued(root, here), BOTH)));
    let peer = Peer::new(move |stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, tell).await;
            }
        }
    })
    .await;
    Site { peer, heads }
}

#[tokio::test]
async fn the_proxy_itself_may_be_spoken_to_under_tls() {
    let (outer, inner) = (authority("proxy root"), authority("upstream root"));
    let upstream = tls_kit::peer(server(issued(&inner, as_is), BOTH)).await;
    let open = Peer::that_keeps_answering(FINE).await;
    let mut site = secure_proxy(&outer).await;
    let url = format!("https://{}", site.peer.address);
    let trusts = |root: &tls_kit::Authority| ProxySettings {
        platform_roots: false,
        extra_roots: vec![root.der().clone()],
        ..ProxySettings::new(url.clone())
    };
    let client = behind(trusts(&outer));
    let large = vec![b'x'; 1 << 20];
    for target in [tls_kit::target(&upstream, &trusting(&inner)), plain(&open)] {
        let answer = client.send(&target, post(&target, large.clone())).await.unwrap();
        assert_eq!(answer.body, "fine");
        assert!(site.heads.recv().await.is_some());
    }
    let target = plain(&open);
    let result = behind(trusts(&inner)).send(&target, get(&target)).await;
    assert_fault(result, FaultKind::ProxyUnreachable, Sent::Nothing);
}

#[tokio::test]
async fn the_proxy_is_shown_its_own_credentials_alone() {
    let upstream = Peer::new(|mut stream| async move {
        let asked = crate::peer::request(&mut stream).await;
        let leaked = asked.to_lowercase().contains("proxy-authorization");
        let status = if leaked { "500 Leaked" } else { "204 No Content" };
        say(&mut stream, format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
    })
    .await;
    let mut site = open_proxy().await;
    let credentials = Some(ProxyCredentials::basic("site", "secret").unwrap());
    let client = behind(ProxySettings { credentials, ..at(site.peer.address) });
    let target = plain(&upstream);
    let mut request = get(&target);
    request.headers.insert("proxy-authorization", "Basic callers".parse().unwrap());
    assert_eq!(client.send(&target, request).await.unwrap().status, StatusCode::NO_CONTENT);
    let head = site.heads.recv().await.unwrap();
    assert!(head.contains("\r\nProxy-Authorization: Basic c2l0ZTpzZWNyZXQ=\r\n"), "{head}");
}

#[tokio::test]
async fn what_lies_inside_needs_no_proxy() {
    let upstream = Peer::that_keeps_answering(FINE).await;
    let nobody = Peer::that_is_mute().await;
    for spared in ["upstream.test", "test", "127.0.0.0/8"] {
        let no_proxy = vec![spared.parse().unwrap()];
        let client = behind(ProxySettings { no_proxy, ..at(nobody.address) });
        let target = plain(&upstream);
        assert_eq!(client.send(&target, get(&target)).await.unwrap().body, "fine", "{spared}");
    }
    assert_eq!(nobody.accepted(), 0);
}

// === the guard ===

#[tokio::test]
async fn a_proxy_is_no_way_around_the_guard() {
    let site = open_proxy().await;
    let strict = TargetPolicy { allow_http: true, ..TargetPolicy::default() };
    for resolve_locally in [true, false] {
        let client = behind(ProxySettings { resolve_locally, ..at(site.peer.address) });
        for url in ["http://10.0.0.1", "http://169.254.169.254", "http://[::1]", "http://localhost"]
        {
            let target = Target::parse(url, &strict).unwrap();
            let result = client.send(&target, get(&target)).await;
            assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
        }
    }
    let rebound = Target::parse("http://upstream.test", &strict).unwrap();
    let result = behind(at(site.peer.address)).send(&rebound, get(&rebound)).await;
    assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    let metadata = behind(ProxySettings::new("http://169.254.169.254"));
    let target = Target::parse("http://8.8.8.8", &strict).unwrap();
    let result = metadata.send(&target, get(&target)).await;
    assert_fault(result, FaultKind::ProxyUnreachable, Sent::Nothing);
    assert_eq!(site.peer.accepted(), 0);
}

// === the proxy's faults ===

/// What becomes of a POST behind this proxy.
async fn fails(proxy: &Peer, kind: FaultKind) {
    let target = Target::parse("http://upstream.test:81", &open_policy()).unwrap();
    let request = hurried(post(&target, "body"), |timeouts| {
        (timeouts.connect, timeouts.handshake) = (SHORT / 2, SHORT / 2);
    });
    assert_fault(behind(at(proxy.address)).send(&target, request).await, kind, Sent::Nothing);
}

#[tokio::test]
async fn a_refused_tunnel_is_told_by_its_status() {
    for (status, kind) in [
        ("407 Proxy Authentication Required", FaultKind::ProxyUnauthenticated),
        ("403 Forbidden", FaultKind::ProxyRefused),
        ("302 Found", FaultKind::ProxyRefused),
        ("405 Method Not Allowed", FaultKind::ProxyRefused),
        ("511 Network Authentication Required", FaultKind::ProxyRefused),
        ("502 Bad Gateway", FaultKind::ProxyFailed),
        ("504 Gateway Timeout", FaultKind::ProxyFailed),
        ("429 Too Many Requests", FaultKind::ProxyFailed),
        ("101 Switching Protocols", FaultKind::ProxyMalformed),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nsome");
        fails(&answering(answer).await, kind).await;
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    fails(&answering("SSH-2.0-OpenSSH_9.9\r\n").await, FaultKind::ProxyMalformed).await;
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(9000));
    fails(&answering(endless).await, FaultKind::ProxyMalformed).await;
    let early = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    fails(&answering(early).await, FaultKind::ProxyMalformed).await;
    fails(&answering("").await, FaultKind::ProxyFailed).await;
    fails(&answering("HTTP/1.1 200 OK\r\n").await, FaultKind::ProxyFailed).await;
    let resets = Peer::new(|stream| async move { reset(stream) }).await;
    fails(&resets, FaultKind::ProxyFailed).await;
    fails(&Peer::that_is_mute().await, FaultKind::ProxyTimedOut).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_fault_of_the_upstream() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let target = Target::parse("http://upstream.test:81", &open_policy()).unwrap();
    for url in [format!("http://{address}"), "http://proxy.invalid:3128".to_owned()] {
        let proxy = Some(ProxySettings { resolve_locally: false, ..ProxySettings::new(url) });
        let settings = ClientSettings { proxy, ..ClientSettings::default() };
        let result = Client::new(settings).unwrap().send(&target, get(&target)).await;
        assert_fault(result, FaultKind::ProxyUnreachable, Sent::Nothing);
    }
}

#[tokio::test]
async fn an_answer_before_the_tunnels_is_passed_over() {
    let proxy = Peer::new(|mut stream| async move {
        head(&mut stream).await;
        say(&mut stream, b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 \r\n\r\n").await;
        keep_answering(stream, FINE).await;
    })
    .await;
    let target = Target::parse("http://upstream.test:81", &open_policy()).unwrap();
    let answer = behind(at(proxy.address)).send(&target, get(&target)).await.unwrap();
    assert_eq!(answer.body, "fine");
}

#[tokio::test]
async fn the_next_address_is_asked_for_where_the_proxy_cannot_reach_one() {
    let (tell, mut heads) = mpsc::unbounded_channel();
    let proxy = Peer::new(move |mut stream| {
        let tell = tell.clone();
        async move {
            let asked = head(&mut stream).await;
            let reached = asked.contains("CONNECT 127.0.0.2:");
            tell.send(asked).unwrap();
            let status = if reached { "200 OK" } else { "503 Unreachable" };
            say(&mut stream, format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
            if reached {
                keep_answering(stream, FINE).await;
            }
        }
    })
    .await;
    let resolver = Some(Names::new(&[&["127.0.0.3", "127.0.0.2"]]) as _);
    let proxy = Some(at(proxy.address));
    let settings = ClientSettings { resolver, proxy, ..ClientSettings::default() };
    let target = Target::parse("http://upstream.test:81", &open_policy()).unwrap();
    let request: Outbound = get(&target);
    assert_eq!(Client::new(settings).unwrap().send(&target, request).await.unwrap().body, "fine");
    assert!(heads.recv().await.unwrap().contains("127.0.0.3:81"));
    assert!(heads.recv().await.unwrap().contains("127.0.0.2:81"));
}
