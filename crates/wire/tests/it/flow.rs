//! Bodies that are passed on as they come.

use crate::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, OK, field, speaker};
use crate::kit::{SHORT, client, get, hurried, open_policy, target};
use crate::peer::{Peer, request, say};
use bytes::Bytes;
use candor_facts::{Fault, FaultKind, Sent};
use candor_wire::{Arriving, Flow, Outbound, Target, TargetPolicy, Versions};
use http::{HeaderMap, Method};
use http_body::Body;
use std::future::poll_fn;
use std::pin::Pin;
use tokio::net::TcpStream;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 1024;

/// An upstream that is known to speak HTTP/2.
fn shared(peer: &Peer) -> Target {
    let policy = TargetPolicy { prior_knowledge: true, http: Versions::Http2Only, ..open_policy() };
    Target::parse(&format!("http://{}", peer.address), &policy).unwrap()
}

async fn next(flow: &mut Flow) -> Option<Result<Bytes, Fault>> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut *flow).poll_frame(cx)).await?;
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            Ok(Err(_trailers)) => {}
            Err(fault) => return Some(Err(fault)),
        }
    }
}

/// The length of all that comes, and the fault that ended it, if one did.
async fn drain(mut arriving: Arriving) -> (usize, Option<Fault>) {
    let mut length = 0;
    while let Some(piece) = next(&mut arriving.body).await {
        match piece {
            Ok(data) => length += data.len(),
            Err(fault) => return (length, Some(fault)),
        }
    }
    (length, None)
}

/// Answers each request with 64 MiB, far beyond what is read whole.
async fn generous(mut stream: TcpStream) {
    let piece = vec![b'x'; PIECE];
    while !request(&mut stream).await.is_empty() {
        let length = PIECE * PIECES;
        say(&mut stream, format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes())
            .await;
        for _ in 0..PIECES {
            say(&mut stream, &piece).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_any_size_passes_and_its_connection_is_kept() {
    let peer = Peer::new(generous).await;
    let (client, target) = (client(), target(peer.address));
    for reused in [false, true] {
        let arriving = client.begin(&target, get(&target)).await.unwrap();
        assert_eq!(arriving.timing.reused, reused);
        assert_eq!(drain(arriving).await.0, PIECE * PIECES);
    }
    assert_eq!(peer.accepted(), 1);
    let whole = client.send(&target, get(&target)).await.unwrap_err();
    assert_eq!(whole.kind, FaultKind::BodyTooLarge);
}

#[tokio::test]
async fn chunks_are_passed_on_and_their_connection_is_kept() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n";
    let peer = Peer::that_keeps_answering(chunked).await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..5 {
        let arriving = client.begin(&target, get(&target)).await.unwrap();
        assert_eq!(drain(arriving).await.0, 4);
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn an_empty_answer_frees_its_connection_at_its_head() {
    let peer = Peer::that_keeps_answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (client, target) = (client(), target(peer.address));
    let first = client.begin(&target, get(&target)).await.unwrap();
    let second = client.begin(&target, get(&target)).await.unwrap();
    assert!(second.timing.reused && first.body.is_end_stream());
}

#[tokio::test]
async fn a_body_that_is_let_go_of_ends_its_connection() {
    let peer = Peer::new(generous).await;
    let (client, target) = (client(), target(peer.address));
    let mut arriving = client.begin(&target, get(&target)).await.unwrap();
    assert!(next(&mut arriving.body).await.unwrap().is_ok());
    drop(arriving);
    let again = client.begin(&target, get(&target)).await.unwrap();
    assert!(!again.timing.reused);
    assert_eq!(peer.accepted(), 2);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_fault() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let peer = Peer::that_keeps_answering(begun).await;
    let (client, target) = (client(), target(peer.address));
    let patient = hurried(get(&target), |timeouts| timeouts.stall = SHORT);
    let (length, fault) = drain(client.begin(&target, patient).await.unwrap()).await;
    let fault = fault.unwrap();
    assert_eq!((length, fault.kind, fault.sent), (4, FaultKind::BodyTimedOut, Sent::All));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_fault() {
    let peer = Peer::that_answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let (client, target) = (client(), target(peer.address));
    let (length, fault) = drain(client.begin(&target, get(&target)).await.unwrap()).await;
    assert_eq!((length, fault.unwrap().kind), (4, FaultKind::BodyTruncated));
}

#[tokio::test]
async fn a_stream_of_http2_holds_its_place_until_its_body_ends() {
    let peer = Peer::new(|stream| async move {
        let mut connection = h2::server::Builder::new()
            .max_concurrent_streams(1)
            .handshake::<_, Bytes>(stream)
            .await
            .unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            body.send_data("fine".into(), true).unwrap();
        }
    })
    .await;
    let target = shared(&peer);
    let client = client();
    let first = client.begin(&target, get(&target)).await.unwrap();
    let hasty = hurried(get(&target), |timeouts| timeouts.head = SHORT);
    let second = client.begin(&target, hasty).await.unwrap_err();
    assert_eq!(second.kind, FaultKind::SendTimedOut);
    assert_eq!(drain(first).await.0, 4);
    assert!(client.begin(&target, get(&target)).await.is_ok());
    assert_eq!(peer.accepted(), 1);
}

// === what an answer brings with it ===

/// Everything that comes: the body as text, and the trailers.
async fn everything(mut flow: Flow) -> (String, Option<HeaderMap>) {
    let (mut text, mut trailers) = (String::new(), None);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut flow).poll_frame(cx)).await {
        match frame.unwrap().into_data() {
            Ok(data) => text.push_str(std::str::from_utf8(&data).unwrap()),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    (text, trailers)
}

#[tokio::test]
async fn trailers_are_passed_on_where_they_may_come() {
    let chunked = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
         4\r\nfine\r\n0\r\nX-Sum: 7\r\n\r\n";
    let peer = Peer::that_keeps_answering(chunked).await;
    let (client, target) = (client(), target(peer.address));
    let arriving = client.begin(&target, get(&target)).await.unwrap();
    assert_eq!(arriving.headers["trailer"], "X-Sum");
    let (text, trailers) = everything(arriving.body).await;
    assert!(text == "fine" && trailers.unwrap()["x-sum"] == "7");
    let whole = client.send(&target, get(&target)).await.unwrap();
    assert!(whole.timing.reused && !whole.headers.contains_key("trailer"));
    let measured = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 4\r\n\r\nfine";
    let peer = Peer::that_answers(measured).await;
    let target = crate::kit::target(peer.address);
    let arriving = client.begin(&target, get(&target)).await.unwrap();
    assert!(!arriving.headers.contains_key("trailer"));
}

#[tokio::test]
async fn trailers_of_http2_are_passed_on() {
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        raw.head(stream, &field("trailer", "x-sum")).await;
        raw.send(DATA, 0, stream, b"fine").await;
        raw.send(HEADERS, END_HEADERS | END_STREAM, stream, &field("x-sum", "7")).await;
        raw.keep_answering().await;
    })
    .await;
    let target = shared(&peer);
    let arriving = client().begin(&target, get(&target)).await.unwrap();
    assert_eq!(arriving.headers["trailer"], "x-sum");
    let (text, trailers) = everything(arriving.body).await;
    assert!(text == "fine" && trailers.unwrap()["x-sum"] == "7");
}

#[tokio::test]
async fn who_takes_trailers_says_so_on_each_hop() {
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let peer = Peer::new(move |mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(request(&mut stream).await).unwrap();
            say(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    })
    .await;
    let target = target(peer.address);
    let mut asks = get(&target);
    asks.headers.insert("te", "trailers, deflate;q=0.5".parse().unwrap());
    client().send(&target, asks).await.unwrap();
    let asked = heard.recv().await.unwrap();
    assert!(asked.contains("\r\nte: trailers\r\nconnection: te\r\n"), "{asked}");
}

#[tokio::test]
async fn answers_before_the_answer_do_no_harm() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let answer = format!("{interim}{interim}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
    let peer = Peer::that_keeps_answering(answer.leak()).await;
    let (client, target) = (client(), target(peer.address));
    for reused in [false, true] {
        let arriving = client.begin(&target, get(&target)).await.unwrap();
        assert_eq!(arriving.timing.reused, reused);
        assert!(arriving.status == 200 && !arriving.headers.contains_key("link"));
        assert_eq!(everything(arriving.body).await.0, "fine");
    }
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        for _ in 0..2 {
            raw.send(HEADERS, END_HEADERS, stream, &field(":status", "103")).await;
        }
        raw.answer(stream).await;
        raw.keep_answering().await;
    })
    .await;
    let target = shared(&peer);
    let arriving = client.begin(&target, get(&target)).await.unwrap();
    assert_eq!(everything(arriving.body).await.0, "fine");
}

#[tokio::test]
async fn an_answer_that_has_no_body_keeps_what_it_says_of_one() {
    for (method, head) in [
        (Method::HEAD, "200 OK\r\nContent-Length: 1000"),
        (Method::HEAD, "200 OK\r\nTransfer-Encoding: chunked"),
        (Method::GET, "204 No Content"),
        (Method::GET, "304 Not Modified\r\nContent-Length: 1000"),
    ] {
        let answer = format!("HTTP/1.1 {head}\r\nETag: \"7\"\r\n\r\n");
        let peer = Peer::that_keeps_answering(answer.leak()).await;
        let (client, target) = (client(), target(peer.address));
        for reused in [false, true] {
            let request = Outbound { method: method.clone(), ..get(&target) };
            let arriving = client.begin(&target, request).await.unwrap();
            assert_eq!(arriving.timing.reused, reused, "{head}");
            assert_eq!(arriving.headers["etag"], "\"7\"");
            let told = arriving.headers.get("content-length").map(|length| length == "1000");
            assert_eq!(told, head.contains("1000").then_some(true), "{head}");
            assert!(arriving.body.is_end_stream());
            assert_eq!(everything(arriving.body).await.0, "");
        }
    }
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        let head = [OK, &field("content-length", "1000")].concat();
        raw.send(HEADERS, END_HEADERS | END_STREAM, stream, &head).await;
        raw.keep_answering().await;
    })
    .await;
    let target = shared(&peer);
    let head = Outbound { method: Method::HEAD, ..get(&target) };
    let arriving = client().begin(&target, head).await.unwrap();
    assert!(arriving.headers["content-length"] == "1000" && arriving.body.is_end_stream());
}

#[tokio::test]
async fn ranges_are_passed_on() {
    let part = "206 Partial Content\r\nContent-Range: bytes 2-5/9\r\nContent-Length: 4\r\n\r\nfine";
    let none = "416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n";
    for (answer, status, range, body) in
        [(part, 206, "bytes 2-5/9", "fine"), (none, 416, "bytes */9", "")]
    {
        let peer = Peer::that_answers(format!("HTTP/1.1 {answer}")).await;
        let target = target(peer.address);
        let mut asks = get(&target);
        asks.headers.insert("range", "bytes=2-5".parse().unwrap());
        let arriving = client().begin(&target, asks).await.unwrap();
        assert!(arriving.status == status && arriving.headers["content-range"] == range);
        assert_eq!(everything(arriving.body).await.0, body);
    }
}
