//! Waiting for the answer to a request whose body is still on its way.

use super::{Sending, wake};
use crate::exchange::Call;
use candor_facts::{Fault, Sent};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A sending that somebody waits for. Dropped, it takes nothing any more, and whoever carries it is
/// told to end.
#[derive(Debug)]
pub(crate) struct Supervised {
    pub(super) sending: Sending,
    pub(super) since: Instant,
}

/// Who kept a call waiting for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// The caller's body stopped coming.
    Caller,
    /// The upstream took no more of it, or did not answer.
    Upstream,
}

impl Supervised {
    /// Waits for the answer while the body is passed on. That takes as long as it takes, and must
    /// only go on; the call's own time runs again from the body's end.
    ///
    /// # Errors
    /// What the time was up for. How much had left is for whoever sent it.
    pub(crate) async fn wait<T>(
        &self,
        answer: impl Future<Output = T>,
        call: &Call,
    ) -> Result<T, Late> {
        let mut answer = pin!(answer);
        loop {
            let until = self.until(call);
            tokio::select! {
                biased;
                answer = &mut answer => return Ok(answer),
                () = self.sending.of.0.ended.notified() => {}
                () = sleep_until(until) => {
                    if self.until(call) <= Instant::now() {
                        return Err(self.late());
                    }
                }
            }
        }
    }

    /// When the patience with what goes on now ends.
    fn until(&self, call: &Call) -> Instant {
        let ended_at = self.sending.of.lock().ended_at;
        match ended_at {
            Some(ended) => call.later(self.took()).until_after(ended, call.timeouts.head),
            None => self.sending.of.moved() + call.timeouts.stall,
        }
    }

    fn late(&self) -> Late {
        let state = self.sending.of.lock();
        match (state.ended_at, state.waiting) {
            (Some(_), _) | (None, false) => Late::Upstream,
            (None, true) => Late::Caller,
        }
    }

    /// Whether the body is still on its way, and until when it may rest.
    pub(crate) fn goes_on(&self, stall: Duration) -> Option<Instant> {
        let state = self.sending.of.lock();
        let on = state.ended_at.is_none() && !state.held && state.sending == self.sending.number;
        drop(state);
        on.then(|| self.sending.of.moved() + stall)
    }

    /// How long the body has been, or was, on its way.
    pub(crate) fn took(&self) -> Duration {
        let ended = self.sending.of.lock().ended_at;
        ended.unwrap_or_else(Instant::now).saturating_duration_since(self.since)
    }

    /// Takes nothing more: the answer says that the rest is not wanted.
    pub(crate) fn hold(&self) {
        self.sending.of.lock().held = true;
    }

    /// Whether something was taken from the body.
    pub(crate) fn is_begun(&self) -> bool {
        self.sending.of.is_begun()
    }

    /// The caller's failure, where that is what ended it.
    pub(crate) fn failure(&self, sent: Sent) -> Option<Fault> {
        let state = self.sending.of.lock();
        let (kind, words) = state.failure.as_ref()?;
        Some(Fault::new(*kind, sent, words.clone()))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let mut state = self.sending.of.lock();
        if state.sending == self.sending.number {
            state.sending += 1;
            wake(state);
        }
    }
}
