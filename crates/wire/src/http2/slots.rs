//! The streams of a connection that calls have taken. Who finds none free waits here, where it is
//! certain that nothing of the request has left.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Counts the streams that are taken.
#[derive(Debug, Default)]
pub(super) struct Slots {
    taken: AtomicUsize,
    closed: AtomicBool,
    changed: Notify,
}

/// A stream that one call has taken; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

/// Why there is no stream for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSlot {
    /// The connection has ended, or is going to.
    Closed,
    /// None became free in time.
    Late,
}

impl Slots {
    /// Waits for a free stream. `most` says how many there may be now; `None` at the end.
    pub(super) async fn take(
        self: &Arc<Self>,
        most: impl Fn() -> Option<usize>,
        until: Instant,
    ) -> Result<Slot, NoSlot> {
        loop {
            let mut changed = pin!(self.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let most = most().filter(|_| !self.closed.load(Ordering::Acquire));
            if let Some(slot) = self.try_take(most.ok_or(NoSlot::Closed)?) {
                return Ok(slot);
            }
            timeout_at(until, changed).await.map_err(|_| NoSlot::Late)?;
        }
    }

    pub(super) fn any_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire) > 0
    }

    /// The connection has ended: nobody needs to wait any longer.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    fn try_take(self: &Arc<Self>, most: usize) -> Option<Slot> {
        let more = |taken| (taken < most).then_some(taken + 1);
        let took = self.taken.try_update(Ordering::AcqRel, Ordering::Acquire, more);
        took.ok().map(|_| Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_none_free_waits_until_one_is_given_back() {
        let slots = Arc::new(Slots::default());
        let first = slots.take(|| Some(1), soon()).await.unwrap();
        assert_eq!(slots.take(|| Some(1), soon()).await.unwrap_err(), NoSlot::Late);
        let give_back = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(slots.take(|| Some(1), soon()), give_back);
        assert!(second.is_ok() && slots.any_taken());
        drop(second);
        assert!(!slots.any_taken());
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_connection_ends_the_wait() {
        let slots = Arc::new(Slots::default());
        let _first = slots.take(|| Some(1), soon()).await.unwrap();
        let close = async {
            tokio::task::yield_now().await;
            slots.close();
        };
        let (second, ()) = tokio::join!(slots.take(|| Some(1), soon()), close);
        assert_eq!(second.unwrap_err(), NoSlot::Closed);
        assert_eq!(slots.take(|| None, soon()).await.unwrap_err(), NoSlot::Closed);
    }
}
