//! A request's body as HTTP/2 takes it, and the evidence of how much of the request may have left.
//!
//! The streams of a connection share its socket, so bytes cannot be told apart there. What counts
//! is what was handed over: more may be said to have left than did, never less.

use crate::upload::{Content, Sending, Stopped, Upload};
use bytes::Bytes;
use candor_facts::Sent;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

/// How much is handed over at a time. The next piece is asked for only when the peer's window has
/// room for the one before.
const PIECE: usize = 16 * 1024;

/// How much of one request was handed over: a part, from the moment when it is begun, or all.
#[derive(Debug)]
pub(super) struct Progress(AtomicBool);

/// A body in pieces.
#[derive(Debug)]
pub(super) struct Paced {
    /// What is there and was not handed over.
    rest: Bytes,
    origin: Origin,
    progress: Arc<Progress>,
}

/// Where a body comes from.
#[derive(Debug)]
enum Origin {
    /// All of it is there; kept for a request that comes back.
    Whole(Bytes),
    /// More of it comes, unless `ended`.
    Passing { sending: Sending, ended: bool },
}

impl Progress {
    pub(super) fn sent(&self) -> Sent {
        if self.0.load(Ordering::Acquire) { Sent::All } else { Sent::Part }
    }
}

impl Paced {
    pub(super) fn new(content: Content) -> (Self, Arc<Progress>) {
        let (rest, origin) = match content {
            Content::Whole(bytes) => (bytes.clone(), Origin::Whole(bytes)),
            Content::Passing(sending) => {
                let ended = sending.is_end_stream();
                (Bytes::new(), Origin::Passing { sending, ended })
            }
        };
        let progress = Arc::new(Progress(AtomicBool::new(false)));
        let body = Self { rest, origin, progress: Arc::clone(&progress) };
        body.note();
        (body, progress)
    }

    /// The body back, for a request that was not sent.
    pub(super) fn into_upload(self) -> Upload {
        match self.origin {
            Origin::Whole(bytes) => Upload::Whole(bytes),
            Origin::Passing { sending, .. } => Content::Passing(sending).into_upload(),
        }
    }

    /// Takes note of the end.
    fn note(&self) {
        if self.is_end_stream() {
            self.progress.0.store(true, Ordering::Release);
        }
    }

    /// Sees to it that there is something to hand over, unless that was all.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        let Origin::Passing { sending, ended } = &mut self.origin else {
            return Poll::Ready(Ok(()));
        };
        if *ended {
            return Poll::Ready(Ok(()));
        }
        if !self.rest.is_empty() {
            sending.of().moves();
            return Poll::Ready(Ok(()));
        }
        match ready!(sending.poll(cx)) {
            Some(Ok(piece)) => (self.rest, *ended) = (piece.bytes, piece.last),
            Some(Err(stopped)) => return Poll::Ready(Err(stopped)),
            None => *ended = true,
        }
        Poll::Ready(Ok(()))
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        if let Err(stopped) = ready!(self.poll_more(cx)) {
            return Poll::Ready(Some(Err(stopped)));
        }
        let count = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(count);
        self.note();
        Poll::Ready((!piece.is_empty()).then_some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        let more = matches!(self.origin, Origin::Passing { ended: false, .. });
        self.rest.is_empty() && !more
    }

    fn size_hint(&self) -> SizeHint {
        match &self.origin {
            Origin::Whole(_) => SizeHint::with_exact(self.rest.len() as u64),
            // What is said of the length is asked for before anything is handed over.
            Origin::Passing { sending, .. } => sending.size_hint(),
        }
    }
}
