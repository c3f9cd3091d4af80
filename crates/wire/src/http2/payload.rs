//! A request's body as HTTP/2 takes it, and the evidence of how much of the request may have left.
//!
//! The streams of a connection share its socket, so bytes cannot be told apart there. What counts
//! is what was handed over: more may be said to have left than did, never less.

use bytes::Bytes;
use candor_facts::Sent;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// How much is handed over at a time. The next piece is asked for only when the peer's window has
/// room for the one before.
const PIECE: usize = 16 * 1024;

/// How much of one request was handed over: a part, from the moment when it is begun, or all.
#[derive(Debug)]
pub(super) struct Progress(AtomicBool);

/// A body in pieces.
#[derive(Debug)]
pub(super) struct Paced {
    rest: Bytes,
    /// All of it, for a request that comes back.
    whole: Bytes,
    progress: Arc<Progress>,
}

impl Progress {
    pub(super) fn sent(&self) -> Sent {
        if self.0.load(Ordering::Acquire) { Sent::All } else { Sent::Part }
    }
}

impl Paced {
    pub(super) fn new(bytes: Bytes) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress(AtomicBool::new(bytes.is_empty())));
        let body = Self { rest: bytes.clone(), whole: bytes, progress: Arc::clone(&progress) };
        (body, progress)
    }

    /// The bytes back, for a request that was not sent.
    pub(super) fn into_bytes(self) -> Bytes {
        self.whole
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let count = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(count);
        if self.rest.is_empty() {
            self.progress.0.store(true, Ordering::Release);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
