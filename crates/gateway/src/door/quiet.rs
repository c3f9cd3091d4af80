//! A time during which nothing moves, and its bound.
//!
//! Costs a look at the clock where something moves often: the timer is set once and looked at when
//! it rings, not set anew each time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Debug, Default)]
pub(crate) struct Quiet {
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Quiet {
    /// Nothing moves. Ready when that has lasted for `limit`.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, limit: Duration) -> Poll<()> {
        let due = *self.since.get_or_insert_with(Instant::now) + limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            // It rang for an earlier silence, which has ended.
            timer.as_mut().reset(due);
        }
    }

    /// Nothing has moved since then.
    pub(crate) fn began(&mut self, since: Instant) {
        self.since = Some(since);
    }

    /// Something moved.
    pub(crate) fn over(&mut self) {
        self.since = None;
    }

    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test(start_paused = true)]
    async fn only_an_unbroken_silence_counts() {
        let mut quiet = Quiet::default();
        let limit = Duration::from_secs(10);
        let start = Instant::now();
        for _ in 0..3 {
            let waited = poll_fn(|cx| quiet.poll(cx, limit));
            let waited = tokio::time::timeout(Duration::from_secs(9), waited).await;
            assert!(waited.is_err());
            quiet.over();
        }
        poll_fn(|cx| quiet.poll(cx, limit)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(37));
    }
}
