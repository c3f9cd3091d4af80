//! An answer whose head is there and whose body is on its way.
//!
//! Whoever gets one either reads it whole, within the call's bounds, or passes its body on as it
//! comes. A body that is passed on has no bound on its size or on its whole time: it must only go on
//! coming. Its connection is kept for the next call once the body has ended well; dropped before, the
//! connection ends with it.

use crate::body::{self, ReadError, ReadLimit};
use crate::cause;
use crate::exchange::Call;
use crate::http2::Incomplete;
use crate::message::{Received, Timing, drop_hop_by_hop};
use crate::pool::{Connection, Pool};
use crate::target::TargetId;
use crate::upload::Supervised;
use bytes::Bytes;
use candor_facts::{Fault, FaultKind, Sent};
use http::header::TRAILER;
use http::{HeaderMap, StatusCode, Version, response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep, timeout_at};

/// How much of a body is looked at before it is passed on, at most.
const MOST_BEGUN: usize = 64 * 1024;

/// An answer whose head is there.
#[derive(Debug)]
pub struct Arriving {
    /// Its status. A redirect is an answer like any other; it is never followed.
    pub status: StatusCode,
    /// Its reason phrase, where it is not the standard one.
    pub reason: Option<Bytes>,
    /// Its header fields, without the hop-by-hop ones. `Trailer` is there where trailers may still
    /// come, for they are passed on.
    pub headers: HeaderMap,
    /// Its protocol version.
    pub version: Version,
    /// How long each phase took; the body's is not known yet.
    pub timing: Timing,
    /// Its body.
    pub body: Flow,
}

/// The body of an answer, as it comes. A failure is a [`Fault`] like any other of the call.
#[derive(Debug)]
pub struct Flow(Box<Coming>);

/// What there is to a body that comes; in a box, for it passes through many hands.
#[derive(Debug)]
struct Coming {
    /// The bounds of the call.
    call: Call,
    /// When the head was there.
    headed: Instant,
    /// What has been looked at already, and is still to be passed on.
    begun: Bytes,
    source: Source,
    /// The request's body, where that is passed on and may still be on its way.
    upload: Option<Supervised>,
    /// Runs while something is waited for.
    patience: Option<Pin<Box<Sleep>>>,
}

/// Where a body comes from, and what its end gives back.
#[derive(Debug)]
pub(crate) enum Source {
    /// An HTTP/1.1 connection of its own.
    Lone(Incoming, Option<Home>),
    /// A stream of an HTTP/2 connection.
    Shared(Box<Incomplete>),
}

/// A connection, and where it goes after the exchange.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) connection: Connection,
    pub(crate) pool: Arc<Pool>,
    pub(crate) target: TargetId,
    /// Whether it may be used again at all.
    pub(crate) kept: bool,
}

// === impl Arriving ===

impl Arriving {
    pub(crate) fn new(
        mut head: response::Parts,
        source: Source,
        upload: Option<Supervised>,
        call: &Call,
        headed: Instant,
        timing: Timing,
    ) -> Self {
        drop_hop_by_hop(&mut head.headers);
        let call = call.later(timing.upload);
        let coming = Coming { call, headed, begun: Bytes::new(), source, upload, patience: None };
        let mut body = Flow(Box::new(coming));
        if body.is_end_stream() {
            body.0.ended();
        } else if let Some(upload) = &body.0.upload
            && head.status.as_u16() >= 400
        {
            upload.hold();
        }
        if body.size_hint().exact().is_some() {
            head.headers.remove(TRAILER);
        }
        Self {
            status: head.status,
            reason: head.extensions.remove::<ReasonPhrase>().map(Bytes::from),
            headers: head.headers,
            version: head.version,
            timing,
            body,
        }
    }

    /// Waits for the beginning of the body: at least so many bytes, blanks at its start aside, or
    /// all of it, and no more than 64 KiB beyond. It stays part of the body.
    ///
    /// # Errors
    /// A [`Fault`] says how the body failed.
    pub async fn beginning(&mut self, at_least: usize) -> Result<(), Fault> {
        let Coming { call, headed, .. } = &*self.body.0;
        let until = call.until_after(*headed, call.timeouts.body);
        match timeout_at(until, self.body.begin(at_least)).await {
            Ok(begun) => begun,
            Err(_) => Err(self.body.0.late()),
        }
    }

    /// Reads the whole body, within the bounds of the call.
    ///
    /// # Errors
    /// A [`Fault`] says how the body failed.
    pub async fn whole(self) -> Result<Received, Fault> {
        let Self { status, reason, mut headers, version, mut timing, body } = self;
        headers.remove(TRAILER);
        let headed = body.0.headed;
        let body = body.0.whole().await?;
        timing.body = headed.elapsed();
        Ok(Received { status, reason, headers, body, version, timing })
    }
}

// === impl Flow ===

impl Flow {
    /// What has been looked at already: the beginning of what is still to be passed on.
    pub fn begun(&self) -> &Bytes {
        &self.0.begun
    }

    async fn begin(&mut self, at_least: usize) -> Result<(), Fault> {
        let enough =
            |begun: &Bytes| begun.trim_ascii_start().len() >= at_least || begun.len() >= MOST_BEGUN;
        let mut begun = std::mem::take(&mut self.0.begun);
        while !enough(&begun) {
            let Some(frame) = poll_fn(|cx| Pin::new(&mut *self).poll_frame(cx)).await else {
                break;
            };
            let Ok(data) = frame?.into_data() else { continue };
            // A beginning that came in one piece is not copied.
            begun = if begun.is_empty() { data } else { [begun, data].concat().into() };
        }
        self.0.begun = begun;
        Ok(())
    }
}

// === impl Coming ===

impl Coming {
    async fn whole(self: Box<Self>) -> Result<Bytes, Fault> {
        let Self { begun, call, headed, mut source, upload, .. } = *self;
        let limit = ReadLimit {
            bytes: call.body_limit.saturating_sub(begun.len()),
            until: call.until_after(headed, call.timeouts.body),
            floor: call.body_floor,
        };
        let read = match &mut source {
            Source::Lone(incoming, _) => body::read(incoming, &limit).await,
            Source::Shared(stream) => body::read(stream.body(), &limit).await,
        };
        match read {
            Ok(rest) => {
                source.ended();
                Ok(joined(begun, rest))
            }
            Err(error) => Err(source.fault(&error, upload.as_ref())),
        }
    }

    /// The exchange is over, and what is left of the request is not wanted any more.
    fn ended(&mut self) {
        self.source.ended();
        self.upload = None;
    }

    /// Waits for more. A request that is still being passed on may be what the answer waits for.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stall = self.call.timeouts.stall;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(stall)));
        loop {
            ready!(patience.as_mut().poll(cx));
            match self.upload.as_ref().and_then(|upload| upload.goes_on(stall)) {
                Some(until) if until > Instant::now() => patience.as_mut().reset(until),
                Some(_) | None => return Poll::Ready(()),
            }
        }
    }

    /// The beginning did not come in time.
    fn late(&self) -> Fault {
        let words = "the body did not begin in time";
        Fault::new(FaultKind::BodyTimedOut, self.source.sent(), words)
    }

    /// Waited in vain for so long.
    fn stalled(&self) -> Fault {
        let words =
            format!("nothing of the body came for {} s", self.call.timeouts.stall.as_secs());
        Fault::new(FaultKind::BodyTimedOut, self.source.sent(), words)
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let coming = &mut *self.0;
        if !coming.begun.is_empty() {
            let begun = std::mem::take(&mut coming.begun);
            return Poll::Ready(Some(Ok(Frame::data(begun))));
        }
        match coming.source.poll(cx, coming.upload.as_ref()) {
            Poll::Ready(frame) => {
                coming.patience = None;
                // Chunks say that they were the last ones only when nothing more is asked of them.
                if frame.is_none() || coming.source.is_over() {
                    coming.ended();
                }
                Poll::Ready(frame)
            }
            Poll::Pending => {
                ready!(coming.poll_patience(cx));
                Poll::Ready(Some(Err(coming.stalled())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.begun.is_empty() && self.0.source.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = match &self.0.source {
            Source::Lone(incoming, _) => incoming.size_hint(),
            Source::Shared(stream) => stream.size_hint(),
        };
        let begun = self.0.begun.len() as u64;
        let mut all = SizeHint::new();
        all.set_lower(rest.lower().saturating_add(begun));
        if let Some(upper) = rest.upper() {
            all.set_upper(upper.saturating_add(begun));
        }
        all
    }
}

/// Both as one; where one is empty nothing is copied.
fn joined(begun: Bytes, rest: Bytes) -> Bytes {
    match (begun.is_empty(), rest.is_empty()) {
        (true, _) => rest,
        (_, true) => begun,
        (false, false) => [begun, rest].concat().into(),
    }
}

// === impl Source ===

impl Source {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        upload: Option<&Supervised>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let error = match self {
            Self::Lone(incoming, _) => match ready!(Pin::new(incoming).poll_frame(cx)) {
                Some(Err(error)) => ReadError::broken(error),
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                None => return Poll::Ready(None),
            },
            Self::Shared(stream) => match ready!(Pin::new(stream.body()).poll_frame(cx)) {
                Some(Err(error)) => ReadError::broken(error),
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                None => return Poll::Ready(None),
            },
        };
        Poll::Ready(Some(Err(self.fault(&error, upload))))
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Lone(incoming, _) => incoming.is_end_stream(),
            Self::Shared(stream) => stream.is_end_stream(),
        }
    }

    /// The exchange is over: what it held is free for the next call. An answer that came before the
    /// request had left leaves the rest of the request on the line, so that such a connection ends.
    fn ended(&mut self) {
        match self {
            Self::Lone(_, home) => {
                let Some(Home { connection, pool, target, kept }) = home.take() else { return };
                if connection.meter.sent() != Sent::All {
                    connection.meter.seal();
                } else if kept {
                    pool.put(target, connection);
                }
            }
            Self::Shared(stream) => stream.release(),
        }
    }

    /// How much of the request has left, now and for good.
    fn sent(&self) -> Sent {
        match self {
            Self::Lone(_, home) => {
                home.as_ref().map_or(Sent::All, |home| home.connection.meter.seal())
            }
            Self::Shared(stream) => stream.sent(),
        }
    }

    /// Why the body broke off: because the caller's own did, where that was still being passed on.
    fn fault(&self, error: &ReadError, upload: Option<&Supervised>) -> Fault {
        let sent = self.sent();
        if let Some(fault) = upload.and_then(|upload| upload.failure(sent)) {
            return fault;
        }
        let fault = Fault::new(error.fault(), sent, cause::words(error));
        match self {
            Self::Lone(..) => fault,
            Self::Shared(stream) => stream.explained(fault),
        }
    }
}
