//! Bodies that are passed on as they come.

use crate::kit::{SHORT, client, get, hurried, open_policy, target};
use crate::peer::{Peer, request, say};
use bytes::Bytes;
use candor_facts::{Fault, FaultKind, Sent};
use candor_wire::{Arriving, Flow, Target, TargetPolicy, Versions};
use http_body::Body;
use std::future::poll_fn;
use std::pin::Pin;
use tokio::net::TcpStream;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 1024;

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
    let policy = TargetPolicy { prior_knowledge: true, http: Versions::Http2Only, ..open_policy() };
    let target = Target::parse(&format!("http://{}", peer.address), &policy).unwrap();
    let client = client();
    let first = client.begin(&target, get(&target)).await.unwrap();
    let hasty = hurried(get(&target), |timeouts| timeouts.head = SHORT);
    let second = client.begin(&target, hasty).await.unwrap_err();
    assert_eq!(second.kind, FaultKind::SendTimedOut);
    assert_eq!(drain(first).await.0, 4);
    assert!(client.begin(&target, get(&target)).await.is_ok());
    assert_eq!(peer.accepted(), 1);
}
