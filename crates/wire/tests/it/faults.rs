//! Each way in which a plain exchange fails, with its kind and how much had been sent.

use crate::kit::{
    SHORT, assert_fault, client, client_with, get, hurried, open_policy, post, target,
};
use crate::peer::{Peer, request, reset, say};
use async_trait::async_trait;
use bytes::Bytes;
use candor_facts::{FaultKind, Sent};
use candor_wire::body::Floor;
use candor_wire::{Client, ClientSettings, Outbound, Resolve, ResolveError, Target};
use http::{Method, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::Instant;

/// More than the buffers on the way can hold.
fn large() -> Bytes {
    Bytes::from(vec![b'x'; 32 * 1024 * 1024])
}

/// What becomes of a GET that is answered with these bytes, after which the peer closes.
async fn answered(answer: impl Into<Vec<u8>>, kind: FaultKind) {
    let peer = Peer::that_answers(answer).await;
    let target = target(peer.address);
    assert_fault(client().send(&target, get(&target)).await, kind, Sent::All);
}

// === names ===

#[derive(Debug)]
struct Fails(fn() -> ResolveError);

#[async_trait]
impl Resolve for Fails {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        Err((self.0)())
    }
}

#[derive(Debug)]
struct Hangs;

#[async_trait]
impl Resolve for Hangs {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn name_failures_are_told_apart() {
    let target = Target::parse("http://a.example", &open_policy()).unwrap();
    let failed = || ResolveError::Failed(Box::new(std::fmt::Error));
    let cases: [(Arc<dyn Resolve>, FaultKind); 4] = [
        (Arc::new(Fails(|| ResolveError::NoSuchName)), FaultKind::NoSuchName),
        (Arc::new(Fails(failed)), FaultKind::ResolveFailed),
        (Arc::new(Fails(|| ResolveError::TimedOut)), FaultKind::ResolveTimedOut),
        (Arc::new(Hangs), FaultKind::ResolveTimedOut),
    ];
    for (resolver, kind) in cases {
        let request = hurried(get(&target), |timeouts| timeouts.resolve = SHORT);
        let result = client_with(resolver).send(&target, request).await;
        assert_fault(result, kind, Sent::Nothing);
    }
}

#[tokio::test]
async fn an_invalid_name_needs_no_name_server() {
    let client = Client::new(ClientSettings::default()).unwrap();
    let target = Target::parse("https://no-such-host.invalid", &open_policy()).unwrap();
    let result = client.send(&target, get(&target)).await;
    assert_fault(result, FaultKind::NoSuchName, Sent::Nothing);
}

// === connections ===

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let target = target(listener.local_addr().unwrap());
    drop(listener);
    let result = client().send(&target, get(&target)).await;
    assert_fault(result, FaultKind::ConnectionRefused, Sent::Nothing);
}

#[tokio::test]
async fn a_full_backlog_times_out() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&address, SHORT);
    let _full: Vec<_> = std::iter::repeat_with(connect).take_while(Result::is_ok).collect();
    let target = target(address);
    let request = hurried(get(&target), |timeouts| timeouts.connect = SHORT);
    let result = client().send(&target, request).await;
    assert_fault(result, FaultKind::ConnectTimedOut, Sent::Nothing);
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let peer = Peer::that_answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let names = crate::kit::Names::new(&[&["127.0.0.3", "127.0.0.1"]]);
    let url = format!("http://a.example:{}", peer.address.port());
    let target = Target::parse(&url, &open_policy()).unwrap();
    let answer = client_with(names).send(&target, get(&target)).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
}

// === sending ===

#[tokio::test]
async fn a_reset_while_sending_leaves_a_part() {
    let peer = Peer::new(|mut stream| async move {
        stream.read_exact(&mut [0; 100]).await.unwrap();
        reset(stream);
    })
    .await;
    let target = target(peer.address);
    let result = client().send(&target, post(&target, large())).await;
    assert_fault(result, FaultKind::SendBroken, Sent::Part);
}

#[tokio::test]
async fn a_peer_that_does_not_read_makes_sending_time_out() {
    let peer = Peer::that_is_mute().await;
    let target = target(peer.address);
    let request = hurried(post(&target, large()), |timeouts| timeouts.head = SHORT);
    let result = client().send(&target, request).await;
    assert_fault(result, FaultKind::SendTimedOut, Sent::Part);
}

// === heads ===

#[tokio::test]
async fn a_close_before_the_head_comes_after_everything_was_sent() {
    answered("", FaultKind::HeadClosed).await;
    answered("HTTP/1.1 200 OK\r\nContent-", FaultKind::HeadClosed).await;
}

#[tokio::test]
async fn a_reset_before_the_head_comes_after_everything_was_sent() {
    let peer = Peer::new(|mut stream| async move {
        request(&mut stream).await;
        reset(stream);
    })
    .await;
    let target = target(peer.address);
    let result = client().send(&target, post(&target, "body")).await;
    assert_fault(result, FaultKind::HeadClosed, Sent::All);
}

#[tokio::test]
async fn a_mute_peer_times_out() {
    let peer = Peer::that_is_mute().await;
    let target = target(peer.address);
    let request = hurried(post(&target, "body"), |timeouts| timeouts.head = SHORT);
    let result = client().send(&target, request).await;
    assert_fault(result, FaultKind::HeadTimedOut, Sent::All);
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for answer in [
        "garbage\r\n\r\n",
        "\0\x01\x02\x03\r\n\r\n",
        "SSH-2.0-OpenSSH_9.7\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    ] {
        answered(answer, FaultKind::HeadMalformed).await;
    }
}

#[tokio::test]
async fn each_twist_of_a_head_has_its_kind() {
    use FaultKind::{HeadMalformed, HeadTooLarge};
    let giant_line = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(64 * 1024));
    let giant_name = format!("HTTP/1.1 200 OK\r\n{}: y\r\n\r\n", "x".repeat(64 * 1024));
    let flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100_000);
    let cases: &[(&str, &str, FaultKind)] = &[
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            HeadMalformed,
        ),
        ("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx", HeadMalformed),
        ("a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", HeadMalformed),
        (
            "an endless length",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            HeadMalformed,
        ),
        (
            "a length beside chunks",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HeadMalformed,
        ),
        (
            "chunks beside a length",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
            HeadMalformed,
        ),
        ("HTTP/0.9", "<html>hello</html>\r\n\r\n", HeadMalformed),
        ("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", HeadMalformed),
        ("a status of two digits", "HTTP/1.1 99 Low\r\n\r\n", HeadMalformed),
        ("status 000", "HTTP/1.1 000 None\r\n\r\n", HeadMalformed),
        ("a NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", HeadMalformed),
        ("a NUL in a name", "HTTP/1.1 200 OK\r\nX\0Y: ab\r\n\r\n", HeadMalformed),
        ("a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", HeadMalformed),
        ("a bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", HeadMalformed),
        ("a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", HeadMalformed),
        ("a space before the colon", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n", HeadMalformed),
        ("a line without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", HeadMalformed),
        (
            "an upgrade that nobody asked for",
            "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            HeadMalformed,
        ),
        ("a giant status line", &giant_line, HeadTooLarge),
        ("a giant name", &giant_name, HeadTooLarge),
        ("interim answers without end", &flood, HeadTooLarge),
    ];
    for (name, answer, kind) in cases {
        let peer = Peer::that_answers(*answer).await;
        let target = target(peer.address);
        let fault = client().send(&target, get(&target)).await.expect_err(name);
        assert_eq!((fault.kind, fault.sent), (*kind, Sent::All), "{name}: {}", fault.detail);
    }
}

/// What is odd, and yet an answer.
#[tokio::test]
async fn odd_heads_are_read_in_one_way_only() {
    let cases = [
        ("status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 4\r\n\r\nfine", 999),
        ("status 600", "HTTP/1.1 600\r\nContent-Length: 4\r\n\r\nfine", 600),
        (
            "equal lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nfine",
            200,
        ),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nfine", 200),
        (
            "some interim answers",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
            200,
        ),
    ];
    for (name, answer, status) in cases {
        let peer = Peer::that_answers(answer).await;
        let target = target(peer.address);
        let answer = client().send(&target, get(&target)).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (status, b"fine".as_slice()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_speaks_first_is_not_http() {
    let peer = Peer::new(|mut stream| async move {
        say(&mut stream, b"220 mail.example ESMTP\r\n").await;
        request(&mut stream).await;
    })
    .await;
    let target = target(peer.address);
    let fault = client().send(&target, get(&target)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::HeadMalformed, "{}", fault.detail);
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let giant = format!("HTTP/1.1 200 OK\r\nX-Giant: {}\r\n\r\n", "x".repeat(33 * 1024));
    answered(giant, FaultKind::HeadTooLarge).await;
    let endless = format!("HTTP/1.1 200 OK\r\nX-Giant: {}", "x".repeat(64 * 1024));
    answered(endless, FaultKind::HeadTooLarge).await;
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
    answered(many, FaultKind::HeadTooLarge).await;
}

// === bodies ===

#[tokio::test]
async fn a_body_shorter_than_announced_is_truncated() {
    answered("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", FaultKind::BodyTruncated).await;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n";
    answered(chunked, FaultKind::BodyTruncated).await;
    let in_a_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort";
    answered(in_a_chunk, FaultKind::BodyTruncated).await;
}

#[tokio::test]
async fn a_reset_within_the_body_truncates_it() {
    let peer = Peer::new(|mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        reset(stream);
    })
    .await;
    let target = target(peer.address);
    let result = client().send(&target, get(&target)).await;
    assert_fault(result, FaultKind::BodyTruncated, Sent::All);
}

#[tokio::test]
async fn broken_chunks_are_malformed() {
    for chunks in ["nonsense\r\n", "5\r\nshortXX", "-5\r\nshort\r\n", "fffffffffffffffff\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        answered(answer, FaultKind::BodyMalformed).await;
    }
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".to_owned();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(3));
    let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(3000));
    for answer in [announced, chunked, until_close] {
        let peer = Peer::that_answers(answer).await;
        let target = target(peer.address);
        let request = Outbound { body_limit: 2048, ..get(&target) };
        let result = client().send(&target, request).await;
        assert_fault(result, FaultKind::BodyTooLarge, Sent::All);
    }
}

#[tokio::test]
async fn a_body_that_drips_or_stalls_times_out() {
    let peer = Peer::new(|mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        for _ in 0..100 {
            say(&mut stream, b"x").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let target = target(peer.address);
    let floor = Floor { rate: 1 << 20, grace: Duration::from_millis(50) };
    let drip = Outbound { body_floor: Some(floor), ..get(&target) };
    let result = client().send(&target, drip).await;
    assert_fault(result, FaultKind::BodyTimedOut, Sent::All);
    let stall = hurried(get(&target), |timeouts| timeouts.body = SHORT);
    let result = client().send(&target, stall).await;
    assert_fault(result, FaultKind::BodyTimedOut, Sent::All);
}

// === the deadline ===

#[tokio::test]
async fn the_deadline_ends_the_phase_that_runs() {
    let peer = Peer::that_is_mute().await;
    let target = target(peer.address);
    let soon = Outbound { deadline: Instant::now() + SHORT, ..get(&target) };
    let result = client().send(&target, soon).await;
    assert_fault(result, FaultKind::HeadTimedOut, Sent::All);
}

#[tokio::test]
async fn a_deadline_that_is_over_sends_nothing() {
    let peer = Peer::that_is_mute().await;
    let url = format!("http://a.example:{}", peer.address.port());
    let target = Target::parse(&url, &open_policy()).unwrap();
    let late = Outbound { deadline: Instant::now(), ..get(&target) };
    let result = client_with(Arc::new(Hangs)).send(&target, late).await;
    assert_fault(result, FaultKind::ResolveTimedOut, Sent::Nothing);
    assert_eq!(peer.accepted(), 0);
}

// === answers ===

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Peer::that_is_mute().await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n",
        elsewhere.address
    );
    let peer = Peer::that_answers(answer).await;
    let target = target(peer.address);
    let answer = client().send(&target, get(&target)).await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert!(answer.headers.contains_key("location"));
    assert_eq!((peer.accepted(), elsewhere.accepted()), (1, 0));
}

#[tokio::test]
async fn an_answer_arrives_whole_and_without_hop_by_hop_fields() {
    let peer = Peer::that_answers(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 418 Short And Stout\r\nX-Hop: 1\r\n\
         Connection: close, x-hop\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n\
         Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\none\r\n3\r\ntwo\r\n0\r\nX-Trailer: 3\r\n\r\n",
    )
    .await;
    let target = target(peer.address);
    let answer = client().send(&target, get(&target)).await.unwrap();
    assert_eq!(answer.status.as_u16(), 418);
    assert_eq!(answer.reason.as_deref(), Some(b"Short And Stout".as_slice()));
    assert_eq!(answer.body, "onetwo");
    let mut names: Vec<_> = answer.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-encoding", "x-end"]);
}

#[tokio::test]
async fn the_request_goes_out_as_it_should() {
    let (tell, heard) = tokio::sync::oneshot::channel();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let peer = Peer::new(move |mut stream| {
        let tell = tell.lock().unwrap().take().unwrap();
        async move {
            tell.send(request(&mut stream).await).unwrap();
            say(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    })
    .await;
    let target = target(peer.address);
    let mut asked = post(&target, "{}");
    asked.path = target.join("/things?x=1").unwrap();
    for (name, value) in [("host", "evil.example"), ("accept-encoding", "gzip"), ("x-id", "7")] {
        asked.headers.insert(name, value.parse().unwrap());
    }
    client().send(&target, asked).await.unwrap();
    let host = format!("host: {}", peer.address);
    let head = ["POST /base/things?x=1 HTTP/1.1", &host, "accept-encoding: gzip", "x-id: 7"];
    let expected = format!("{}\r\ncontent-length: 2\r\n\r\n{{}}", head.join("\r\n"));
    assert_eq!(heard.await.unwrap(), expected);
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let peer = Peer::that_answers("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
    let target = target(peer.address);
    let head = Outbound { method: Method::HEAD, ..get(&target) };
    assert!(client().send(&target, head).await.unwrap().body.is_empty());
}
