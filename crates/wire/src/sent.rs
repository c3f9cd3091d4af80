//! Evidence of how much of a request left: counted where the bytes go to the socket.
//!
//! The [`Meter`] lies below TLS, so that what is still in a buffer of ours is not counted as sent.
//! Once it is sealed no byte more can leave, so what it said when it was sealed stays true. It also
//! counts what comes before an answer's head is read, which has no other bound: interim answers may
//! follow each other without end.

use crate::upload::{Content, Passing, Stopped, Upload};
use bytes::Bytes;
use candor_facts::Sent;
use http_body::{Body, Frame, SizeHint};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one connection has sent of the current request. Shared by the one who asked and the task
/// that drives the connection.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    reading: Mutex<Reading>,
    /// Bytes that came since the request began, while its answer's head is waited for.
    heard: AtomicU64,
}

/// How many bytes may come before an answer's head is read. Far more than a head and what is read
/// ahead of its body together.
const MOST_UNREAD: u64 = 1024 * 1024;

/// What `heard` is from then on.
const HEADED: u64 = 1 << 63;

/// So much came that was no answer's head.
#[derive(Debug, thiserror::Error)]
#[error("{MOST_UNREAD} bytes came before an answer's head")]
pub(crate) struct Flood;

#[derive(Debug, Default)]
struct Reading {
    /// Bytes given to the socket since the request began.
    bytes: u64,
    /// Whether the whole body was handed to the HTTP layer.
    handed_over: bool,
    /// Whether everything handed over was given to the socket.
    all: bool,
    writing: Writing,
    /// Whoever waits to write.
    writer: Option<Waker>,
    /// The body that is passed on, if one is: what leaves is its progress.
    passing: Option<Passing>,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Writing {
    /// It is made, and fails as it does.
    #[default]
    Open,
    /// It is made, and one that fails waits for the read to tell more: a peer that will not read on
    /// may have answered before it closed (RFC 9112, section 9.6), and that answer is to be read.
    Lenient,
    /// It is over for good.
    Sealed,
}

/// The socket, watched by a meter.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    socket: S,
    meter: Arc<Meter>,
}

/// A request's body, which tells the meter when it was handed over.
#[derive(Debug)]
pub(crate) struct Payload {
    content: Content,
    meter: Arc<Meter>,
}

// === impl Meter ===

impl Meter {
    /// A new request begins; its body is returned as the HTTP layer takes it.
    pub(crate) fn begin(self: &Arc<Self>, content: Content) -> Payload {
        let passing = match &content {
            Content::Whole(_) => None,
            Content::Passing(sending) => Some(sending.of().clone()),
        };
        let payload = Payload { content, meter: Arc::clone(self) };
        let handed_over = payload.is_end_stream();
        let mut reading = self.lock();
        reading.bytes = 0;
        reading.all = false;
        reading.handed_over = handed_over;
        if reading.writing == Writing::Open {
            reading.writing = Writing::Lenient;
        }
        reading.passing = passing;
        drop(reading);
        self.heard.store(0, Ordering::Relaxed);
        payload
    }

    /// The answer's head was read; what comes from here on is bounded by whoever reads it.
    pub(crate) fn headed(&self) {
        self.heard.store(HEADED, Ordering::Relaxed);
    }

    /// Counts what came.
    fn hear(&self, count: usize) -> io::Result<()> {
        let count = count as u64;
        let heard = self.heard.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        if (MOST_UNREAD..HEADED).contains(&heard) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Flood));
        }
        Ok(())
    }

    /// How much of the current request has left.
    pub(crate) fn sent(&self) -> Sent {
        self.lock().sent()
    }

    /// Ends writing for good, and says how much had left.
    pub(crate) fn seal(&self) -> Sent {
        let mut reading = self.lock();
        reading.writing = Writing::Sealed;
        let (sent, writer) = (reading.sent(), reading.writer.take());
        drop(reading);
        if let Some(writer) = writer {
            writer.wake();
        }
        sent
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn sent(&self) -> Sent {
        match (self.bytes, self.all) {
            (0, _) => Sent::Nothing,
            (_, false) => Sent::Part,
            (_, true) => Sent::All,
        }
    }
}

// === impl Metered ===

impl<S> Metered<S> {
    pub(crate) fn new(socket: S, meter: Arc<Meter>) -> Self {
        Self { socket, meter }
    }

    /// Writes while holding the meter, so that sealing and writing cannot overtake each other.
    fn count(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut reading = self.meter.lock();
        if reading.writing == Writing::Sealed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        match write(&mut self.socket, cx) {
            Poll::Ready(Ok(count)) => {
                reading.bytes = reading.bytes.saturating_add(count as u64);
                if let Some(passing) = &reading.passing {
                    passing.moves();
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) if reading.writing == Writing::Open => Poll::Ready(Err(error)),
            Poll::Ready(Err(_)) | Poll::Pending => {
                reading.writer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        Poll::Ready(self.meter.hear(buf.filled().len() - before))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.count(cx, |socket, cx| Pin::new(socket).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.count(cx, |socket, cx| Pin::new(socket).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// The layers above flush only when their own buffers are empty. So a flush after the body was
    /// handed over means that the request has left as a whole.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut reading = self.meter.lock();
        reading.all |= reading.handed_over && reading.bytes > 0;
        drop(reading);
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

// === impl Payload ===

impl Payload {
    /// The body back, for a request that was not sent.
    pub(crate) fn into_upload(self) -> Upload {
        self.content.into_upload()
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let (frame, last) = match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Content::Whole(bytes) => (Some(Ok(std::mem::take(bytes))), true),
            Content::Passing(sending) => match ready!(sending.poll(cx)) {
                Some(Ok(piece)) => (Some(Ok(piece.bytes)), piece.last),
                Some(Err(stopped)) => (Some(Err(stopped)), false),
                None => (None, true),
            },
        };
        if last {
            self.meter.lock().handed_over = true;
        }
        Poll::Ready(frame.map(|frame| frame.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Passing(sending) => sending.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Passing(sending) => sending.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    fn watched() -> (Metered<tokio::io::DuplexStream>, tokio::io::DuplexStream, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        let (near, far) = tokio::io::duplex(1024);
        (Metered::new(near, Arc::clone(&meter)), far, meter)
    }

    #[tokio::test]
    async fn a_flush_before_the_body_was_handed_over_is_a_part() {
        let (mut stream, _far, meter) = watched();
        let body = meter.begin(Content::Whole(Bytes::from_static(b"body")));
        stream.write_all(b"head").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(meter.sent(), Sent::Part);
        drop(body);
    }

    #[tokio::test]
    async fn an_idle_flush_sends_nothing() {
        let (mut stream, _far, meter) = watched();
        let _body = meter.begin(Content::Whole(Bytes::new()));
        stream.flush().await.unwrap();
        assert_eq!(meter.sent(), Sent::Nothing);
        stream.write_all(b"head").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(meter.sent(), Sent::All);
    }

    #[tokio::test]
    async fn each_request_is_counted_anew() {
        let (mut stream, _far, meter) = watched();
        let _first = meter.begin(Content::Whole(Bytes::new()));
        stream.write_all(b"head").await.unwrap();
        let _second = meter.begin(Content::Whole(Bytes::new()));
        assert_eq!(meter.sent(), Sent::Nothing);
    }

    #[tokio::test]
    async fn nothing_leaves_after_the_seal() {
        let (mut stream, _far, meter) = watched();
        let _body = meter.begin(Content::Whole(Bytes::new()));
        assert_eq!(meter.seal(), Sent::Nothing);
        let error = stream.write_all(b"late").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(meter.sent(), Sent::Nothing);
    }
}
