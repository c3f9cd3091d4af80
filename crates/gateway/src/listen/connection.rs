//! One connection of a caller: what is spoken on it, and its service until it ends.

use super::answer::{Desk, SCARCE, WRONG_PORT};
use super::http2;
use super::place::Place;
use super::stream::Stream;
use super::tls::{self, PeerCertificate};
use super::{House, Shared};
use crate::door::Refusal;
use crate::door::guard::Guard;
use crate::door::link::Link;
use crate::forwarded::Origin;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// How HTTP/2 begins (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a preface that comes in pieces is looked at.
const PEEK_TIME: Duration = Duration::from_millis(5);
/// The most that hyper buffers of what a caller sends, and of what it is sent.
const BUFFER: usize = 64 * 1024;

/// A connection of which it is known what is spoken.
struct Opened {
    stream: Stream,
    is_http2: bool,
    refusal: Option<Refusal>,
    peer: Option<PeerCertificate>,
}

/// Serves one connection until it ends, or until the calls under way at the stop have ended.
pub(super) async fn serve(
    stream: TcpStream,
    caller: SocketAddr,
    shared: Arc<Shared>,
    worker: usize,
    place: Rc<Place>,
    mut stopped: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was not set");
    }
    let house = shared.house.load_full();
    let opened = tokio::select! {
        opened = open(stream, &house) => opened,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    let opened = match opened {
        Ok(Some(opened)) => opened,
        Ok(None) => return,
        Err(error) => return tracing::debug!(%error, "a caller's connection was not opened"),
    };
    let link = Rc::new(Link::default());
    let origin = Origin { address: caller, secure: matches!(opened.stream, Stream::Secured(_)) };
    let desk = Rc::new(Desk {
        origin,
        refusal: opened.refusal.or(place.is_scarce.then_some(SCARCE)),
        shared,
        worker,
        link: Rc::clone(&link),
        peer: opened.peer,
        _place: place,
    });
    let limits = &house.gateway.setup.door;
    if opened.is_http2 {
        let guard = Guard::http2(opened.stream, link, limits);
        // The rarer and larger half is boxed, so that the common half stays small.
        Box::pin(http2::serve(guard, desk, limits, stopped)).await;
    } else {
        let guard = Guard::http1(opened.stream, link, limits);
        // What the connection was opened with is not kept for as long as it lives.
        drop(house);
        http1(guard, desk, stopped).await;
    }
}

/// Finds out what a caller speaks, in the time that it has for that. `None` where it says nothing.
async fn open(stream: TcpStream, house: &House) -> io::Result<Option<Opened>> {
    let setup = &house.gateway.setup;
    match &setup.tls {
        Some(tls) => {
            let secured = timeout(setup.door.handshake_time, Box::pin(secure(stream, tls)));
            secured.await.unwrap_or(Ok(None))
        }
        None => plain(stream, Instant::now() + setup.door.head_time).await,
    }
}

/// What begins as HTTP/2 does and does not go on is left to HTTP/1, which has an answer for it.
async fn plain(stream: TcpStream, until: Instant) -> io::Result<Option<Opened>> {
    let mut begun = [0; PREFACE.len()];
    loop {
        let count = timeout_at(until, stream.peek(&mut begun)).await.unwrap_or(Ok(0))?;
        let begun = begun.get(..count).unwrap_or_default();
        if begun.is_empty() {
            return Ok(None);
        }
        let is_http2 = begun == PREFACE;
        if is_http2 || !PREFACE.starts_with(begun) || Instant::now() >= until {
            let stream = Stream::Plain(stream);
            return Ok(Some(Opened { stream, is_http2, refusal: None, peer: None }));
        }
        // What was peeked at stays, so that nothing tells when there is more.
        tokio::time::sleep(PEEK_TIME).await;
    }
}

async fn secure(stream: TcpStream, tls: &tls::TlsSettings) -> io::Result<Option<Opened>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    let [first] = first;
    if !tls::is_tls(first) {
        let refusal = Some(WRONG_PORT);
        let stream = Stream::Plain(stream);
        return Ok(Some(Opened { stream, is_http2: false, refusal, peer: None }));
    }
    let stream = tls.accept(stream).await?;
    Ok(Some(Opened {
        is_http2: tls::agreed_on_http2(&stream),
        peer: tls::peer_certificate(&stream),
        stream: Stream::Secured(Box::new(stream)),
        refusal: None,
    }))
}

async fn http1(guard: Guard<Stream>, desk: Rc<Desk>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(|request| desk.answer(request));
    let mut builder = http1::Builder::new();
    // The guard keeps the times.
    builder.header_read_timeout(None).max_buf_size(BUFFER);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(guard), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stopped.wait_for(|stop| *stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a caller's connection ended");
    }
}
