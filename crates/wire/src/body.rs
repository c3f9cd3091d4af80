//! Bodies, read whole and within bounds: bytes, time and pace.
//!
//! The only place that gathers a body. Serves both sides: the answers that we get, and the
//! requests that a server takes.

use crate::cause;
use crate::http2;
use crate::tls;
use bytes::{Bytes, BytesMut};
use candor_facts::FaultKind;
use http_body::Body;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The bounds of a body.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimit {
    /// The most bytes that it may have.
    pub bytes: usize,
    /// When it must be complete.
    pub until: Instant,
    /// The pace that it must keep, if any.
    pub floor: Option<Floor>,
}

/// The slowest pace at which a body may come.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// Bytes a second, on average since the start; at least 1.
    pub rate: u32,
    /// How long nothing is asked of it.
    pub grace: Duration,
}

impl Default for Floor {
    /// 1 KiB a second after 5 seconds.
    fn default() -> Self {
        Self { rate: 1024, grace: Duration::from_secs(5) }
    }
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is larger than its bound.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// It was not complete in time.
    #[error("the body was not complete in time; {received} bytes had come")]
    TimedOut {
        /// What had come by then.
        received: usize,
    },
    /// It came too slowly.
    #[error("the body came too slowly; {received} bytes had come")]
    TooSlow {
        /// What had come by then.
        received: usize,
    },
    /// It ended before its end.
    #[error("the body ended before its end")]
    Truncated(#[source] Box<dyn Error + Send + Sync>),
    /// It is framed wrongly.
    #[error("the body is framed wrongly")]
    Malformed(#[source] Box<dyn Error + Send + Sync>),
}

impl ReadError {
    /// The fault that this is, where the body is an answer's.
    pub fn fault(&self) -> FaultKind {
        match self {
            Self::TooLarge { .. } => FaultKind::BodyTooLarge,
            Self::TimedOut { .. } | Self::TooSlow { .. } => FaultKind::BodyTimedOut,
            Self::Truncated(_) => FaultKind::BodyTruncated,
            Self::Malformed(_) => FaultKind::BodyMalformed,
        }
    }

    /// The fault that this is, where the body is the caller's and was being passed on.
    pub fn upload_fault(&self) -> FaultKind {
        match self {
            Self::TooLarge { .. } => FaultKind::UploadTooLarge,
            Self::TimedOut { .. } | Self::TooSlow { .. } => FaultKind::UploadTimedOut,
            Self::Truncated(_) | Self::Malformed(_) => FaultKind::UploadBroken,
        }
    }

    /// What the error of a body means: broken off, or framed wrongly.
    ///
    /// HTTP's parser reports wrong framing as invalid input or data. A broken TLS record is that
    /// too, but says nothing about the framing: what ends there is the connection.
    pub fn broken<E: Error + Send + Sync + 'static>(error: E) -> Self {
        let misframed = cause::find::<io::Error>(&error).is_some_and(|io| {
            matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        });
        if (misframed && tls::fault(&error).is_none()) || http2::is_misspoken(&error) {
            Self::Malformed(Box::new(error))
        } else {
            Self::Truncated(Box::new(error))
        }
    }
}

/// Reads `body` whole. A body that comes in one piece is returned without a copy; trailers are
/// dropped.
pub async fn read<B>(body: B, limit: &ReadLimit) -> Result<Bytes, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: Error + Send + Sync + 'static,
{
    let body = pin!(body);
    let mut reader = Reader::new(body, limit)?;
    // What came with the head is taken without looking at the clock.
    let first = match poll_fn(|cx| Poll::Ready(reader.body.as_mut().poll_frame(cx))).await {
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(bytes) if !bytes.is_empty() => Some(reader.take(bytes)?),
            Ok(_) | Err(_) => reader.piece().await?,
        },
        Poll::Ready(Some(Err(error))) => return Err(ReadError::broken(error)),
        Poll::Ready(None) => None,
        Poll::Pending => reader.piece().await?,
    };
    let Some(first) = first else { return Ok(Bytes::new()) };
    if reader.body.is_end_stream() {
        return Ok(first);
    }
    let Some(second) = reader.piece().await? else { return Ok(first) };
    let mut whole = reader.buffer();
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(next) = reader.piece().await? {
        whole.extend_from_slice(&next);
    }
    Ok(whole.freeze())
}

struct Reader<'r, B> {
    body: Pin<&'r mut B>,
    limit: &'r ReadLimit,
    /// When it was first waited for.
    started: Option<Instant>,
    received: usize,
}

impl<'r, B> Reader<'r, B>
where
    B: Body<Data = Bytes>,
    B::Error: Error + Send + Sync + 'static,
{
    /// Refuses at once what says itself that it is too large.
    fn new(body: Pin<&'r mut B>, limit: &'r ReadLimit) -> Result<Self, ReadError> {
        if body.size_hint().lower() > limit.bytes as u64 {
            return Err(ReadError::TooLarge { limit: limit.bytes });
        }
        Ok(Self { body, limit, started: None, received: 0 })
    }

    /// Room for what is announced. A peer can announce what it never sends, so more than a little
    /// is only taken as it comes.
    fn buffer(&self) -> BytesMut {
        const AT_FIRST: usize = 256 * 1024;
        let rest = usize::try_from(self.body.size_hint().lower()).unwrap_or(AT_FIRST);
        BytesMut::with_capacity(self.received.saturating_add(rest).min(AT_FIRST))
    }

    /// The next bytes; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            let frame = match self.frame().await? {
                None => return Ok(None),
                Some(Err(error)) => return Err(ReadError::broken(error)),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(bytes) if !bytes.is_empty() => return self.take(bytes).map(Some),
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn take(&mut self, bytes: Bytes) -> Result<Bytes, ReadError> {
        self.received = self.received.saturating_add(bytes.len());
        if self.received > self.limit.bytes {
            return Err(ReadError::TooLarge { limit: self.limit.bytes });
        }
        Ok(bytes)
    }

    async fn frame(
        &mut self,
    ) -> Result<Option<Result<http_body::Frame<Bytes>, B::Error>>, ReadError> {
        let slowest = self.slowest();
        let until = slowest.map_or(self.limit.until, |slowest| slowest.min(self.limit.until));
        let next = poll_fn(|cx| self.body.as_mut().poll_frame(cx));
        match timeout_at(until, next).await {
            Ok(frame) => Ok(frame),
            Err(_) if until < self.limit.until => {
                Err(ReadError::TooSlow { received: self.received })
            }
            Err(_) => Err(ReadError::TimedOut { received: self.received }),
        }
    }

    /// When more must have come for the pace to be kept.
    fn slowest(&mut self) -> Option<Instant> {
        let floor = self.limit.floor?;
        let started = *self.started.get_or_insert_with(Instant::now);
        let received = u32::try_from(self.received).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * received / floor.rate.max(1);
        Some(started + floor.grace + earned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use std::collections::VecDeque;
    use std::task::{Context, Poll};

    /// A body of pieces, each after a pause.
    struct Script {
        pieces: VecDeque<(Duration, Result<&'static [u8], io::ErrorKind>)>,
        pause: Option<Pin<Box<tokio::time::Sleep>>>,
    }

    fn script(pieces: &[(u64, Result<&'static [u8], io::ErrorKind>)]) -> Script {
        let pieces = pieces.iter().map(|(ms, piece)| (Duration::from_millis(*ms), *piece));
        Script { pieces: pieces.collect(), pause: None }
    }

    impl Body for Script {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            let Some((wait, piece)) = self.pieces.front().copied() else {
                return Poll::Ready(None);
            };
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
            if !wait.is_zero() && pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
            self.pieces.pop_front();
            let frame = piece.map(|bytes| Frame::data(Bytes::from_static(bytes)));
            Poll::Ready(Some(frame.map_err(io::Error::from)))
        }
    }

    fn limit(bytes: usize) -> ReadLimit {
        let until = Instant::now() + Duration::from_secs(30);
        ReadLimit { bytes, until, floor: Some(Floor::default()) }
    }

    #[tokio::test]
    async fn one_piece_is_not_copied() {
        static PIECE: &[u8] = b"a body in one piece";
        let whole = read(script(&[(0, Ok(PIECE))]), &limit(64)).await.unwrap();
        assert_eq!(whole.as_ptr(), PIECE.as_ptr());
    }

    #[tokio::test]
    async fn pieces_are_joined_and_empty_ones_skipped() {
        let body = script(&[(0, Ok(b"one ")), (0, Ok(b"")), (0, Ok(b"two ")), (0, Ok(b"three"))]);
        assert_eq!(read(body, &limit(64)).await.unwrap(), "one two three");
    }

    #[tokio::test]
    async fn the_bound_is_exact() {
        let body = || script(&[(0, Ok(b"12")), (0, Ok(b"34"))]);
        assert_eq!(read(body(), &limit(4)).await.unwrap(), "1234");
        assert!(matches!(read(body(), &limit(3)).await, Err(ReadError::TooLarge { limit: 3 })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_too_slow_long_before_the_deadline() {
        let drip: Vec<_> = (0..60).map(|_| (500, Ok(b"drip".as_slice()))).collect();
        let started = Instant::now();
        let error = read(script(&drip), &limit(1 << 20)).await.unwrap_err();
        assert!(matches!(error, ReadError::TooSlow { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_body_is_read_however_long_it_takes() {
        static KIB: [u8; 1024] = [0; 1024];
        let steady: Vec<_> = (0..20).map(|_| (900, Ok(KIB.as_slice()))).collect();
        assert_eq!(read(script(&steady), &limit(1 << 20)).await.unwrap().len(), 20 * 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_times_out() {
        let body = script(&[(0, Ok(b"some")), (60_000, Ok(b"late"))]);
        let without_floor = ReadLimit { floor: None, ..limit(64) };
        let error = read(body, &without_floor).await.unwrap_err();
        assert!(matches!(error, ReadError::TimedOut { received: 4 }), "{error}");
    }

    #[tokio::test]
    async fn a_broken_body_is_told_from_a_misframed_one() {
        let fault = async |kind| {
            read(script(&[(0, Ok(b"some")), (0, Err(kind))]), &limit(64)).await.unwrap_err().fault()
        };
        assert_eq!(fault(io::ErrorKind::InvalidInput).await, FaultKind::BodyMalformed);
        assert_eq!(fault(io::ErrorKind::UnexpectedEof).await, FaultKind::BodyTruncated);
        assert_eq!(fault(io::ErrorKind::ConnectionReset).await, FaultKind::BodyTruncated);
    }
}
