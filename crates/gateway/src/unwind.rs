//! A panic ends one call, never the process.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future whose panic is a value.
pub(crate) struct Caught<F>(Pin<Box<F>>);

/// The future panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs `future`; a panic in it ends it and nothing else. What it shares with others is either
/// atomic or behind a lock that survives poisoning.
pub(crate) fn caught<F: Future>(future: F) -> Caught<F> {
    Caught(Box::pin(future))
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.0.as_mut();
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_value() {
        let ended = caught(async { panic!("on purpose") }).await;
        assert!(ended.is_err());
        assert_eq!(caught(async { 7 }).await.ok(), Some(7));
    }
}
