//! A body that is held to its bounds while it is passed on: bytes, and pace.
//!
//! For a server that passes on what a caller sends. Only the time in which the caller is waited for
//! counts against its pace: what the upstream takes to read is not the caller's doing.

use crate::body::{Floor, ReadError};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The bounds of a body that is passed on.
#[derive(Debug, Clone, Copy)]
pub struct PassLimit {
    /// The most bytes that it may have.
    pub bytes: u64,
    /// The pace that it must keep, if any.
    pub floor: Option<Floor>,
}

/// A body within its bounds. Fails with a [`ReadError`] where it leaves them, and where the body
/// itself fails.
#[derive(Debug)]
pub struct Bounded<B> {
    body: B,
    limit: PassLimit,
    received: u64,
    /// For how long it was waited for, all in all.
    waited: Duration,
    /// Since when it is waited for, and until when that is within its pace.
    waiting: Option<(Instant, Option<Pin<Box<Sleep>>>)>,
}

impl<B> Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + Send + Sync + 'static,
{
    /// Holds `body` to `limit`.
    ///
    /// # Errors
    /// It says itself that it is larger.
    pub fn new(body: B, limit: PassLimit) -> Result<Self, ReadError> {
        if body.size_hint().lower() > limit.bytes {
            return Err(too_large(limit.bytes));
        }
        Ok(Self { body, limit, received: 0, waited: Duration::ZERO, waiting: None })
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, ReadError> {
        let came = frame.data_ref().map_or(0, Bytes::len);
        self.received = self.received.saturating_add(came as u64);
        if self.received > self.limit.bytes { Err(too_large(self.limit.bytes)) } else { Ok(frame) }
    }

    /// It is waited for, for as long as its pace allows.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<ReadError> {
        let patience = self.patience();
        let begin = || (Instant::now(), patience.map(|rest| Box::pin(sleep(rest))));
        let (_, timer) = self.waiting.get_or_insert_with(begin);
        let Some(timer) = timer else { return Poll::Pending };
        ready!(timer.as_mut().poll(cx));
        let received = usize::try_from(self.received).unwrap_or(usize::MAX);
        Poll::Ready(ReadError::TooSlow { received })
    }

    /// For how much longer it may be waited for.
    fn patience(&self) -> Option<Duration> {
        let floor = self.limit.floor?;
        let received = u32::try_from(self.received).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * received / floor.rate.max(1);
        Some((floor.grace + earned).saturating_sub(self.waited))
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = ReadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return self.poll_patience(cx).map(|error| Some(Err(error)));
        };
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(self.take(frame)),
            Some(Err(error)) => Some(Err(ReadError::broken(error))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn too_large(limit: u64) -> ReadError {
    ReadError::TooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::poll_fn;

    /// So many bytes, each after the same pause.
    struct Drip(usize, Duration, Option<Pin<Box<Sleep>>>);

    impl Body for Drip {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let pause = self.1;
            let timer = self.2.get_or_insert_with(|| Box::pin(sleep(pause)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.2 = None;
            let more = self.0.checked_sub(1);
            self.0 = more.unwrap_or_default();
            Poll::Ready(more.map(|_| Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    async fn next<B>(body: &mut Bounded<B>) -> Option<Result<Frame<Bytes>, ReadError>>
    where
        B: Body<Data = Bytes, Error = Infallible> + Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
    }

    fn limit(bytes: u64) -> PassLimit {
        let floor = Floor { rate: 1, grace: Duration::from_secs(5) };
        PassLimit { bytes, floor: Some(floor) }
    }

    #[tokio::test(start_paused = true)]
    async fn the_bound_is_exact() {
        let mut body = Bounded::new(Drip(3, Duration::ZERO, None), limit(2)).unwrap();
        assert!(next(&mut body).await.unwrap().is_ok());
        assert!(next(&mut body).await.unwrap().is_ok());
        let error = next(&mut body).await.unwrap().unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { limit: 2 }));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_time_in_which_it_is_waited_for_counts() {
        let second = Duration::from_secs(1);
        let mut body = Bounded::new(Drip(5, second, None), limit(9)).unwrap();
        while let Some(frame) = next(&mut body).await {
            assert!(frame.is_ok());
            sleep(60 * second).await;
        }
        let mut slow = Bounded::new(Drip(9, 2 * second, None), limit(9)).unwrap();
        let started = Instant::now();
        let error = loop {
            if let Err(error) = next(&mut slow).await.unwrap() {
                break error;
            }
        };
        assert!(matches!(error, ReadError::TooSlow { .. }) && started.elapsed() < 11 * second);
    }
}
