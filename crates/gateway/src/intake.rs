//! What a caller sends: read before anything is sent where it is small, for then it can be checked and
//! sent again; passed on as it comes where it is not.
//!
//! Not here: what is in it.

use crate::setup::Limits;
use bytes::{Bytes, BytesMut};
use candor_facts::{Held, HeldKind};
use candor_wire::body::{Floor, ReadError, ReadLimit};
use candor_wire::{Bounded, PassLimit, Passing, Upload};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Up to here a body is read before anything is sent.
const SMALL: usize = 256 * 1024;
/// How long a body that does not say its length is waited for, to see whether it is small.
const SMALL_TIME: Duration = Duration::from_secs(1);
/// How long, and for how many bytes, a refused body is still read and thrown away.
const LINGER_TIME: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// A caller's body, until somebody takes it.
#[derive(Debug)]
pub(crate) struct Intake(Option<Incoming>);

impl Intake {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }

    /// All of the body, within its bound.
    ///
    /// # Errors
    /// The call is held back: too large, too slow, broken off.
    pub(crate) async fn whole(&mut self, limits: &Limits) -> Result<Bytes, Held> {
        let Some(body) = &mut self.0 else { return Ok(Bytes::new()) };
        let limit = ReadLimit {
            bytes: limits.request_body,
            until: Instant::now() + limits.request_time,
            floor: Some(Floor::default()),
        };
        candor_wire::body::read(body, &limit).await.map_err(|error| held(&error))
    }

    /// The body as it is sent to a vendor: whole where it is small, and up to the bound of bodies where
    /// it is to be `read`. One that is not has no bound but its pace.
    ///
    /// # Errors
    /// The call is held back: its beginning came too slowly or broke off.
    pub(crate) async fn upload(&mut self, limits: &Limits, read: bool) -> Result<Upload, Held> {
        let small = if read { limits.request_body } else { SMALL.min(limits.request_body) };
        match self.0.as_ref().map(Body::size_hint).map(|hint| hint.exact()) {
            None | Some(Some(0)) => Ok(Upload::default()),
            Some(Some(length)) if length <= small as u64 => {
                self.whole(limits).await.map(Upload::from)
            }
            Some(Some(_)) => self.passing(Bytes::new()).map(Upload::from),
            Some(None) => self.begin(small, limits).await,
        }
    }

    /// Reads a body that does not say its length, for as long as it may be small.
    async fn begin(&mut self, small: usize, limits: &Limits) -> Result<Upload, Held> {
        let Some(body) = &mut self.0 else { return Ok(Upload::default()) };
        let until = Instant::now() + SMALL_TIME.min(limits.request_time);
        let mut begun = BytesMut::new();
        while begun.len() <= small {
            let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            match timeout_at(until, frame).await {
                Err(_) => break,
                Ok(None) => return Ok(Upload::from(begun.freeze())),
                Ok(Some(Err(error))) => return Err(held(&ReadError::broken(error))),
                Ok(Some(Ok(frame))) => begun.extend(frame.into_data().unwrap_or_default()),
            }
        }
        self.passing(begun.freeze()).map(Upload::from)
    }

    fn passing(&mut self, begun: Bytes) -> Result<Passing, Held> {
        let Some(body) = self.0.take() else {
            return Err(held(&ReadError::TooSlow { received: 0 }));
        };
        let limit = PassLimit { bytes: u64::MAX, floor: Some(Floor::default()) };
        let rest = Lingering(Some(body));
        let bounded = Bounded::new(rest, limit).map_err(|error| held(&error))?;
        Ok(Passing::new(Begun { begun, rest: bounded }))
    }

    /// Whether something of it may still come that nobody took.
    pub(crate) fn is_left(&self) -> bool {
        self.0.as_ref().is_some_and(|body| !body.is_end_stream())
    }

    /// Reads what is still sent of a body that nobody took.
    pub(crate) async fn linger(self) {
        if let Some(body) = self.0.filter(|body| !body.is_end_stream()) {
            linger(body).await;
        }
    }
}

fn held(error: &ReadError) -> Held {
    let kind = match error {
        ReadError::TooLarge { .. } => HeldKind::PayloadTooLarge,
        ReadError::TimedOut { .. }
        | ReadError::TooSlow { .. }
        | ReadError::Truncated(_)
        | ReadError::Malformed(_) => HeldKind::Malformed,
    };
    Held::new(kind, error.to_string())
}

/// Reads what is still sent of a body that was refused, within bounds. A caller whose connection is
/// closed while it sends does not get to see its answer (RFC 9112, section 9.6).
async fn linger(mut body: Incoming) {
    let thrown_away = async {
        let mut count = 0;
        while count < LINGER_BYTES
            && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            count += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    if timeout(LINGER_TIME, thrown_away).await.is_err() {
        tracing::debug!("a caller was still sending what had been refused");
    }
}

/// A body whose beginning has been read.
struct Begun {
    begun: Bytes,
    rest: Bounded<Lingering>,
}

impl Body for Begun {
    type Data = Bytes;
    type Error = ReadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        if !self.begun.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.begun)))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // A body that was begun did not say its length.
        if self.begun.is_empty() { self.rest.size_hint() } else { SizeHint::default() }
    }
}

/// A caller's body that is read to its end, within bounds, when nobody wants it any more.
#[derive(Debug)]
struct Lingering(Option<Incoming>);

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.0 = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let left = self.0.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (left, tokio::runtime::Handle::try_current()) {
            runtime.spawn(linger(body));
        }
    }
}
