//! A request's body: all of it at hand, or passed on as it comes.
//!
//! A body that comes as it comes belongs to the caller, and can be sent once. It stays here, and
//! one sending at a time may take from it: a sending that took nothing leaves it as it was, for
//! the next. What ends it badly is the caller's failure and no fault of the upstream, and is kept
//! here, where whoever waits for the answer finds it.

mod supervised;

pub(crate) use supervised::{Late, Supervised};

use crate::body::ReadError;
use crate::cause;
use crate::http2;
use bytes::Bytes;
use candor_facts::FaultKind;
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A request's body.
#[derive(Debug, Clone)]
pub enum Upload {
    /// All of it is there. May be sent any number of times; nothing is copied.
    Whole(Bytes),
    /// It comes as it comes, and is sent once.
    Passing(Passing),
}

/// A body that is passed on as it comes. Clones are the same body.
///
/// A length that is known exactly is announced, and held to: more or less than that is the caller's
/// failure. Trailers are not sent on (RFC 9110, section 6.5.1, leaves that to each hop).
#[derive(Clone)]
pub struct Passing(Arc<Shared>);

/// The right of one sending to take from the body. It ends when another one begins.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    of: Passing,
    number: u64,
}

/// A body on its way to the HTTP layer.
#[derive(Debug)]
pub(crate) enum Content {
    Whole(Bytes),
    Passing(Sending),
}

/// Why a body gives nothing more to the HTTP layer. Looks to HTTP/2 like a cancelled stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// The caller's own body failed.
    #[error("the caller's body broke off")]
    Caller(#[source] http2::Cancelled),
    /// Nobody waits for this sending any more.
    #[error("the request was given up")]
    GivenUp(#[source] http2::Cancelled),
}

/// Some of a body.
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    /// Whether nothing follows.
    pub(crate) last: bool,
}

type Source = Box<dyn Body<Data = Bytes, Error = ReadError> + Send + Unpin>;

struct Shared {
    state: Mutex<State>,
    /// Told when the body has come to its end.
    ended: Notify,
    /// What `moved` counts from.
    began: Instant,
    /// When something last went its way, in milliseconds.
    moved: AtomicU64,
}

struct State {
    /// Let go of at its end.
    source: Option<Source>,
    /// What it still has to give, where that is known.
    left: Option<u64>,
    /// Whether something was taken from it, so that it cannot be sent from its beginning.
    begun: bool,
    /// The sending that may take from it.
    sending: u64,
    /// Whether that one takes nothing for now: it is answered already, and not in its favour.
    held: bool,
    /// Whether the caller is being waited for.
    waiting: bool,
    /// Whoever carries the sending and waits for more.
    carrier: Option<Waker>,
    ended_at: Option<Instant>,
    failure: Option<(FaultKind, String)>,
}

// === impl Upload ===

impl Upload {
    /// How many bytes it has, where that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Passing(passing) => passing.length(),
        }
    }

    /// Whether it can be sent from its beginning: always, where all of it is there.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Passing(passing) => !passing.is_begun(),
        }
    }

    /// Begins a sending. One that is passed on is watched by whoever waits for the answer.
    pub(crate) fn set_out(self) -> (Content, Option<Supervised>) {
        match self {
            Self::Whole(bytes) => (Content::Whole(bytes), None),
            Self::Passing(passing) => {
                let (sending, supervised) = passing.send();
                (Content::Passing(sending), Some(supervised))
            }
        }
    }
}

impl Content {
    /// The body, for another sending.
    pub(crate) fn into_upload(self) -> Upload {
        match self {
            Self::Whole(bytes) => Upload::Whole(bytes),
            Self::Passing(sending) => Upload::Passing(sending.of),
        }
    }
}

impl Default for Upload {
    /// None at all.
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl<B: Into<Bytes>> From<B> for Upload {
    fn from(bytes: B) -> Self {
        Self::Whole(bytes.into())
    }
}

impl From<Passing> for Upload {
    fn from(passing: Passing) -> Self {
        Self::Passing(passing)
    }
}

// === impl Passing ===

impl Passing {
    /// Takes a body to be passed on. Its errors are the caller's, and end the call with a fault of
    /// [`ReadError::upload_fault`]'s kind. How much and how slowly it may come is for whoever makes
    /// it; only a stall is seen here.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = ReadError> + Send + Unpin + 'static,
    {
        let left = body.size_hint().exact();
        let ended = body.is_end_stream() || left == Some(0);
        let now = Instant::now();
        let state = State {
            left: if ended { Some(0) } else { left },
            source: (!ended).then(|| Box::new(body) as Source),
            begun: false,
            sending: 0,
            held: false,
            waiting: false,
            carrier: None,
            ended_at: ended.then_some(now),
            failure: None,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            ended: Notify::new(),
            began: now,
            moved: AtomicU64::new(0),
        }))
    }

    /// Whether something was taken from it, so that it cannot be sent from its beginning any more.
    pub fn is_begun(&self) -> bool {
        self.lock().begun
    }

    /// Begins a sending, and ends the one before.
    pub(crate) fn send(&self) -> (Sending, Supervised) {
        let mut state = self.lock();
        state.sending += 1;
        state.held = false;
        let number = state.sending;
        wake(state);
        self.moves();
        let sending = Sending { of: self.clone(), number };
        (sending.clone(), Supervised { sending, since: Instant::now() })
    }

    /// Something went its way: it came, or it left.
    pub(crate) fn moves(&self) {
        let since = Instant::now().duration_since(self.0.began).as_millis();
        self.0.moved.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn moved(&self) -> Instant {
        self.0.began + Duration::from_millis(self.0.moved.load(Ordering::Relaxed))
    }

    fn length(&self) -> Option<u64> {
        self.lock().left
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Passing").field("left", &state.left).field("begun", &state.begun).finish()
    }
}

/// Wakes whoever waits for more, once nothing is locked any more.
fn wake(mut state: MutexGuard<'_, State>) {
    let carrier = state.carrier.take();
    drop(state);
    if let Some(carrier) = carrier {
        carrier.wake();
    }
}

// === impl Sending ===

impl Sending {
    pub(crate) fn of(&self) -> &Passing {
        &self.of
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.of.lock().source.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.of.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    /// The next piece that is not empty; `None` at the end.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, Stopped>>> {
        let mut state = self.of.lock();
        if state.sending != self.number {
            return Poll::Ready(Some(Err(Stopped::GivenUp(http2::cancelled()))));
        }
        if state.held {
            return state.wait(cx);
        }
        let polled = state.poll(cx);
        if polled.is_pending() {
            return state.wait(cx);
        }
        state.waiting = false;
        let over = state.source.is_none();
        drop(state);
        self.of.moves();
        if over {
            self.of.0.ended.notify_one();
        }
        polled
    }
}

impl State {
    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.carrier {
            Some(carrier) => carrier.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        self.waiting = !self.held;
        Poll::Pending
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, Stopped>>> {
        loop {
            let Some(source) = &mut self.source else { return Poll::Ready(None) };
            let frame = ready!(Pin::new(source).poll_frame(cx)).map(|f| f.map(Frame::into_data));
            match frame {
                Some(Ok(Ok(bytes))) if bytes.is_empty() => {}
                Some(Ok(Ok(bytes))) => return Poll::Ready(Some(self.take(bytes))),
                Some(Ok(Err(_trailers))) => return Poll::Ready(self.end()),
                Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(&error)))),
                None => return Poll::Ready(self.end()),
            }
        }
    }

    fn take(&mut self, bytes: Bytes) -> Result<Piece, Stopped> {
        self.begun = true;
        if let Some(left) = &mut self.left {
            match left.checked_sub(bytes.len() as u64) {
                Some(rest) => *left = rest,
                None => {
                    return Err(
                        self.fail(&ReadError::Malformed("it is longer than it said".into()))
                    );
                }
            }
        }
        let last = self.left == Some(0) || self.source.as_ref().is_none_or(Body::is_end_stream);
        if last {
            self.over();
        }
        Ok(Piece { bytes, last })
    }

    fn end(&mut self) -> Option<Result<Piece, Stopped>> {
        if self.left.is_some_and(|left| left > 0) {
            return Some(
                Err(self.fail(&ReadError::Truncated("it is shorter than it said".into()))),
            );
        }
        self.over();
        None
    }

    fn over(&mut self) {
        self.begun = true;
        self.source = None;
        self.ended_at = Some(Instant::now());
    }

    fn fail(&mut self, error: &ReadError) -> Stopped {
        self.failure = Some((error.upload_fault(), cause::words(error)));
        self.over();
        Stopped::Caller(http2::cancelled())
    }
}
