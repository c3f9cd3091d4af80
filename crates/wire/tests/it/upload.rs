//! Request bodies that are passed on as they come.

use crate::frames::{CANCEL, DATA, HEADERS, RESET, Raw, bounded_speaker, settings, speaker};
use crate::kit::{SHORT, assert_fault, client, get, hurried, open_policy, target};
use crate::peer::{Peer, reset, say};
use bytes::Bytes;
use candor_facts::{FaultKind, Sent};
use candor_wire::body::ReadError;
use candor_wire::{Outbound, Passing, Target, TargetPolicy, Versions};
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 1024;

/// A caller's body in a test's hands: what is sent into the channel comes, and its end is the end.
struct Caller {
    pieces: mpsc::Receiver<Result<Bytes, ReadError>>,
    length: Option<u64>,
}

type Hand = mpsc::Sender<Result<Bytes, ReadError>>;

impl Body for Caller {
    type Data = Bytes;
    type Error = ReadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        self.pieces.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A body and the hand that feeds it, a piece at a time.
fn caller(length: Option<u64>) -> (Hand, Passing) {
    let (hand, pieces) = mpsc::channel(1);
    (hand, Passing::new(Caller { pieces, length }))
}

/// A body of these pieces.
fn pieces(length: Option<u64>, all: Vec<Result<Bytes, ReadError>>) -> Passing {
    let (hand, body) = caller(length);
    tokio::spawn(async move {
        for piece in all {
            if hand.send(piece).await.is_err() {
                return;
            }
        }
    });
    body
}

fn upload(target: &Target, body: Passing) -> Outbound {
    Outbound { method: Method::PUT, body: body.into(), ..get(target) }
}

fn broken() -> ReadError {
    ReadError::Truncated("the caller hung up".into())
}

/// An upstream that is known to speak HTTP/2.
fn shared(peer: &Peer) -> Target {
    let policy = TargetPolicy { prior_knowledge: true, http: Versions::Http2Only, ..open_policy() };
    Target::parse(&format!("http://{}/base", peer.address), &policy).unwrap()
}

/// How many pieces were made that nobody has let go of yet, and the most that ever were.
#[derive(Debug, Default)]
struct Alive(AtomicUsize, AtomicUsize);

struct Counted(Vec<u8>, Arc<Alive>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// 64 MiB in pieces of 64 KiB, each with its number at its beginning.
fn large(length: Option<u64>) -> (Passing, Arc<Alive>) {
    let (hand, body) = caller(length);
    let alive = Arc::new(Alive::default());
    let count = Arc::clone(&alive);
    tokio::spawn(async move {
        for number in 0..PIECES {
            let mut piece = vec![b'x'; PIECE];
            piece[..8].copy_from_slice(&number.to_be_bytes());
            let now = count.0.fetch_add(1, Ordering::SeqCst) + 1;
            count.1.fetch_max(now, Ordering::SeqCst);
            let piece = Bytes::from_owner(Counted(piece, Arc::clone(&count)));
            if hand.send(Ok(piece)).await.is_err() {
                return;
            }
        }
    });
    (body, alive)
}

/// Takes uploads with a server that is not ours, and answers with what came: its length, whether
/// each byte was the one expected, and how its length had been told.
async fn receiver(http2: bool) -> Peer {
    Peer::new(move |stream| async move {
        if http2 {
            receive_http2(stream).await;
        } else {
            let service = hyper::service::service_fn(receive);
            let server = hyper::server::conn::http1::Builder::new();
            server.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await.ok();
        }
    })
    .await
}

async fn receive(
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<String>, hyper::Error> {
    let (head, mut body) = request.into_parts();
    let (mut length, mut exact) = (0, true);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        check(&frame?.into_data().unwrap(), &mut length, &mut exact);
    }
    Ok(http::Response::new(report(&head.headers, length, exact)))
}

async fn receive_http2(stream: TcpStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            let (mut length, mut exact) = (0, true);
            while let Some(data) = body.data().await {
                let Ok(data) = data else { return };
                body.flow_control().release_capacity(data.len()).unwrap();
                check(&data, &mut length, &mut exact);
            }
            let mut answer = respond.send_response(http::Response::new(()), false).unwrap();
            answer.send_data(report(&head.headers, length, exact).into(), true).unwrap();
        });
    }
}

fn check(mut data: &[u8], length: &mut usize, exact: &mut bool) {
    static FILLING: [u8; PIECE] = [b'x'; PIECE];
    while !data.is_empty() {
        let place = *length % PIECE;
        let number = (*length / PIECE).to_be_bytes();
        let here = if place < 8 { &number[place..] } else { &FILLING[place..] };
        let count = here.len().min(data.len());
        *exact &= data[..count] == here[..count];
        *length += count;
        data = &data[count..];
    }
}

fn report(headers: &http::HeaderMap, length: usize, exact: bool) -> String {
    let told = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let told = told("content-length").or(told("transfer-encoding")).unwrap_or("nothing");
    format!("{length} bytes, exact: {exact}, told: {told}")
}

// === uploads that arrive ===

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_any_size_passes_in_little_memory() {
    let all = PIECE * PIECES;
    for (http2, length, told) in [
        (false, Some(all as u64), all.to_string()),
        (false, None, "chunked".to_owned()),
        (true, Some(all as u64), all.to_string()),
        (true, None, "nothing".to_owned()),
    ] {
        let peer = receiver(http2).await;
        let target = if http2 { shared(&peer) } else { target(peer.address) };
        let client = client();
        let (body, alive) = large(length);
        let answer = client.send(&target, upload(&target, body)).await.unwrap();
        assert_eq!(answer.body, format!("{all} bytes, exact: true, told: {told}"));
        let most = alive.1.load(Ordering::SeqCst);
        assert!(most <= 24, "{most} pieces of {PIECES} were alive at once");
        let again = client.send(&target, upload(&target, pieces(None, Vec::new()))).await;
        assert!(again.unwrap().timing.reused && peer.accepted() == 1);
    }
}

#[tokio::test]
async fn a_body_without_a_length_goes_with_every_method() {
    let peer = receiver(false).await;
    let (client, target) = (client(), target(peer.address));
    for method in [Method::GET, Method::DELETE, Method::POST] {
        let body = pieces(None, vec![Ok(Bytes::from(vec![0; 8]))]);
        let request = Outbound { method, ..upload(&target, body) };
        let answer = client.send(&target, request).await.unwrap();
        assert_eq!(answer.body, "8 bytes, exact: true, told: chunked");
    }
}

#[tokio::test]
async fn an_empty_body_is_told_as_such() {
    for http2 in [false, true] {
        let peer = receiver(http2).await;
        let target = if http2 { shared(&peer) } else { target(peer.address) };
        let client = client();
        for (length, told) in [(Some(0), "0"), (None, if http2 { "nothing" } else { "chunked" })] {
            let answer = client.send(&target, upload(&target, pieces(length, Vec::new()))).await;
            let expected = format!("0 bytes, exact: true, told: {told}");
            assert_eq!(answer.unwrap().body, expected);
        }
        assert_eq!(peer.accepted(), 1);
    }
}

#[tokio::test]
async fn time_runs_from_the_end_of_the_upload() {
    for http2 in [false, true] {
        let peer = receiver(http2).await;
        let target = if http2 { shared(&peer) } else { target(peer.address) };
        let (hand, body) = caller(None);
        let feed = tokio::spawn(async move {
            for _ in 0..4 {
                tokio::time::sleep(SHORT / 2).await;
                hand.send(Ok(Bytes::from(vec![0; 2]))).await.unwrap();
            }
        });
        let mut request = hurried(upload(&target, body), |timeouts| timeouts.head = SHORT);
        request.deadline = Instant::now() + SHORT;
        let answer = client().send(&target, request).await.unwrap();
        assert!(answer.body.starts_with(b"8 bytes, exact: true"));
        assert!(answer.timing.upload >= SHORT && answer.timing.head < SHORT);
        feed.await.unwrap();
    }
}

// === the caller fails ===

async fn fails(body: Passing, kind: FaultKind, http2: bool) {
    let peer = receiver(http2).await;
    let target = if http2 { shared(&peer) } else { target(peer.address) };
    let client = client();
    assert_fault(client.send(&target, upload(&target, body)).await, kind, Sent::Part);
    let body = pieces(None, vec![Ok("some".into())]);
    assert!(client.send(&target, upload(&target, body)).await.is_ok());
    // The connection is lost where a call has one of its own.
    assert_eq!(peer.accepted(), if http2 { 1 } else { 2 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_caller_does_wrong_is_told_apart_from_the_upstream() {
    let some = || Ok(Bytes::from_static(b"some"));
    for http2 in [false, true] {
        for length in [None, Some(100)] {
            fails(pieces(length, vec![some(), Err(broken())]), FaultKind::UploadBroken, http2)
                .await;
            let large = vec![some(), Err(ReadError::TooLarge { limit: 4 })];
            fails(pieces(length, large), FaultKind::UploadTooLarge, http2).await;
            let slow = vec![some(), Err(ReadError::TooSlow { received: 4 })];
            fails(pieces(length, slow), FaultKind::UploadTimedOut, http2).await;
        }
        let another_length = |length| pieces(Some(length), vec![some(), some()]);
        fails(another_length(9), FaultKind::UploadBroken, http2).await;
        fails(another_length(7), FaultKind::UploadBroken, http2).await;
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_never_looks_complete() {
    for length in [None, Some(100)] {
        let (tell, mut heard) = mpsc::unbounded_channel();
        let peer = Peer::new(move |mut stream| {
            let tell = tell.clone();
            async move {
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.ok();
                tell.send(String::from_utf8(all).unwrap()).unwrap();
            }
        })
        .await;
        let target = target(peer.address);
        let (hand, body) = caller(length);
        let call = tokio::spawn(async move { client().send(&target, upload(&target, body)).await });
        hand.send(Ok("some".into())).await.unwrap();
        hand.send(Err(broken())).await.unwrap();
        assert_fault(call.await.unwrap(), FaultKind::UploadBroken, Sent::Part);
        let all = heard.recv().await.unwrap();
        assert!(all.contains("some") && !all.ends_with("0\r\n\r\n"), "{all}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_cancels_its_stream() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw| {
        let tell = tell.clone();
        async move {
            let frame = raw.until(RESET).await.unwrap();
            tell.send(frame.payload).unwrap();
            raw.keep_answering().await;
        }
    })
    .await;
    let (client, target) = (client(), shared(&peer));
    let body = pieces(None, vec![Ok("some".into()), Err(broken())]);
    let result = client.send(&target, upload(&target, body)).await;
    assert_fault(result, FaultKind::UploadBroken, Sent::Part);
    assert_eq!(heard.recv().await.unwrap(), CANCEL.to_be_bytes());
    assert!(client.send(&target, get(&target)).await.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_caller_that_stops_is_told_from_an_upstream_that_does() {
    let still = |request| hurried(request, |timeouts| timeouts.stall = SHORT);
    let plain = Peer::that_is_mute().await;
    let multiplexed =
        bounded_speaker(settings(100, 0), |mut raw| async move { raw.keep_answering().await })
            .await;
    for target in [target(plain.address), shared(&multiplexed)] {
        let (hand, body) = caller(None);
        let result = client().send(&target, still(upload(&target, body))).await;
        assert_fault(result, FaultKind::UploadTimedOut, Sent::Part);
        hand.closed().await;
        let (body, _) = large(None);
        let result = client().send(&target, still(upload(&target, body))).await;
        assert_fault(result, FaultKind::SendTimedOut, Sent::Part);
    }
}

// === the upstream fails ===

#[tokio::test]
async fn an_upstream_that_goes_away_leaves_a_part() {
    for by_reset in [false, true] {
        let peer = Peer::new(move |mut stream| async move {
            stream.read_exact(&mut [0; 1000]).await.unwrap();
            if by_reset {
                reset(stream);
            }
        })
        .await;
        let target = target(peer.address);
        let (body, _) = large(None);
        let result = client().send(&target, upload(&target, body)).await;
        assert_fault(result, FaultKind::SendBroken, Sent::Part);
    }
    let peer = speaker(|mut raw| async move {
        raw.until(DATA).await.unwrap();
        reset(raw.0);
    })
    .await;
    let target = shared(&peer);
    let (body, _) = large(None);
    let result = client().send(&target, upload(&target, body)).await;
    assert_fault(result, FaultKind::SendBroken, Sent::Part);
}

#[tokio::test]
async fn no_answer_after_the_whole_upload_is_the_heads_time_out() {
    let peer = Peer::new(|mut stream| async move {
        let mut all = [0; 4096];
        while stream.read(&mut all).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let target = target(peer.address);
    let body = pieces(None, vec![Ok("some".into())]);
    let request = hurried(upload(&target, body), |timeouts| timeouts.head = SHORT);
    assert_fault(client().send(&target, request).await, FaultKind::HeadTimedOut, Sent::All);
}

#[tokio::test]
async fn a_body_that_nobody_took_from_can_be_sent_again() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = target(closed.local_addr().unwrap());
    drop(closed);
    let peer = receiver(false).await;
    let target = target(peer.address);
    let body = pieces(Some(8), vec![Ok(Bytes::from(vec![0; 8]))]);
    let client = client();
    let result = client.send(&nobody, upload(&nobody, body.clone())).await;
    assert_fault(result, FaultKind::ConnectionRefused, Sent::Nothing);
    assert!(!body.is_begun());
    assert!(client.send(&target, upload(&target, body.clone())).await.is_ok());
    assert!(body.is_begun());
    let result = client.send(&target, upload(&target, body)).await;
    assert_fault(result, FaultKind::UploadBroken, Sent::Nothing);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_an_upload_nothing() {
    const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
    let peer = Peer::that_answers(FINE).await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..3 {
        let body = pieces(Some(4), vec![Ok("some".into())]);
        let answer = client.send(&target, upload(&target, body)).await.unwrap();
        assert!(!answer.timing.reused);
        // Time for the end of the connection to arrive.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(peer.accepted(), 3);
}

// === answers before the end ===

/// Refuses an upload after its first bytes; then what `after` says.
async fn refuses(after: fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>>) -> Peer {
    Peer::new(move |mut stream| async move {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        let answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large";
        say(&mut stream, answer.as_bytes()).await;
        after(stream).await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_refusal_is_the_answer_and_ends_the_upload() {
    let stays = refuses(|stream| {
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
    })
    .await;
    let closes = refuses(|stream| Box::pin(async move { drop(stream) })).await;
    let resets = refuses(|stream| {
        Box::pin(async move {
            reset(stream);
        })
    })
    .await;
    for peer in [stays, closes, resets] {
        let (client, target) = (client(), target(peer.address));
        for round in 1..=20 {
            let (body, _) = large(None);
            let answer = client.send(&target, upload(&target, body)).await.unwrap();
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(answer.body, "too large");
            assert_eq!(peer.accepted(), round);
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_over_cancels_its_upload_on_http2() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw: Raw| {
        let tell = tell.clone();
        async move {
            let head = raw.until(HEADERS).await.unwrap();
            raw.answer(head.stream).await;
            tell.send(raw.until(RESET).await.unwrap().payload).unwrap();
            raw.keep_answering().await;
        }
    })
    .await;
    let (client, target) = (client(), shared(&peer));
    let (hand, body) = caller(None);
    hand.send(Ok("some".into())).await.unwrap();
    let answer = client.send(&target, upload(&target, body)).await.unwrap();
    assert_eq!(answer.body, "fine");
    assert_eq!(heard.recv().await.unwrap(), CANCEL.to_be_bytes());
    hand.closed().await;
    assert!(client.send(&target, get(&target)).await.is_ok() && peer.accepted() == 1);
}

/// An answer that comes while the upload goes on, and because of it.
#[tokio::test]
async fn an_answer_and_its_upload_may_go_on_together() {
    let peer = Peer::new(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut some = [0; 4096];
        let mut seen = Vec::new();
        while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
            let count = stream.read(&mut some).await.unwrap();
            seen.extend_from_slice(&some[..count]);
        }
        say(&mut stream, head.as_bytes()).await;
        while !seen.ends_with(b"0\r\n\r\n") {
            let count = stream.read(&mut some).await.unwrap();
            seen.extend_from_slice(&some[..count]);
            say(&mut stream, b"2\r\nok\r\n").await;
        }
        say(&mut stream, b"0\r\n\r\n").await;
    })
    .await;
    let target = target(peer.address);
    let (hand, body) = caller(None);
    let request = hurried(upload(&target, body), |timeouts| timeouts.stall = SHORT);
    let mut arriving = client().begin(&target, request).await.unwrap();
    for _ in 0..4 {
        hand.send(Ok("some".into())).await.unwrap();
        arriving.beginning(1).await.unwrap();
        let frame = poll_fn(|cx| Pin::new(&mut arriving.body).poll_frame(cx)).await;
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "ok");
        tokio::time::sleep(SHORT / 2).await;
    }
    drop(hand);
    assert!(arriving.whole().await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_let_go_of_lets_go_of_its_upload() {
    let plain = Peer::that_is_mute().await;
    let multiplexed = speaker(|mut raw| async move { while raw.next().await.is_some() {} }).await;
    for target in [target(plain.address), shared(&multiplexed)] {
        let (hand, body) = caller(None);
        let call = tokio::spawn(async move { client().send(&target, upload(&target, body)).await });
        hand.send(Ok("some".into())).await.unwrap();
        hand.send(Ok("more".into())).await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        hand.closed().await;
    }
}

#[tokio::test]
async fn a_refused_upload_closes_its_connection() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = Peer::new(move |mut stream| {
        let tell = tell.clone();
        async move {
            stream.read_exact(&mut [0; 1000]).await.unwrap();
            say(&mut stream, b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n").await;
            // Nothing is read until the client has had its answer, and time to write on.
            tokio::time::sleep(SHORT / 4).await;
            let mut rest = vec![0; 1 << 20];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
            tell.send(()).unwrap();
        }
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    for length in [None, Some((PIECE * PIECES) as u64)] {
        let (hand, body) = caller(length);
        hand.send(Ok(vec![b'x'; PIECE].into())).await.unwrap();
        let answer = client.send(&target, upload(&target, body)).await.unwrap();
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        hand.closed().await;
        heard.recv().await.unwrap();
    }
    let whole = Outbound { body: vec![b'x'; 32 << 20].into(), ..get(&target) };
    let answer = client.send(&target, Outbound { method: Method::PUT, ..whole }).await.unwrap();
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    heard.recv().await.unwrap();
}
