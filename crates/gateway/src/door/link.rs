//! What the two ends of a connection tell each other: the guard below hyper, and the service above.

use super::Refusal;
use std::cell::Cell;
use std::rc::Rc;
use tokio::time::Instant;

/// One for each connection.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Requests whose answers are not complete.
    under_way: Cell<usize>,
    /// When the last answer was complete.
    idle_since: Cell<Option<Instant>>,
    /// Requests that the service was given.
    asked: Cell<u64>,
    /// The number of the request that stands in for a refused one, and why.
    refused: Cell<Option<(u64, Refusal)>>,
    /// What the answer that was polled last did.
    did: Cell<Did>,
}

/// What an answer did when it was polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Did {
    /// Nothing: it was not even asked, so that it waits for its caller.
    #[default]
    Nothing,
    /// It waited for an upstream.
    Wait,
    /// It gave a piece of its body.
    Move,
}

/// A request that is not answered completely as long as this exists.
#[derive(Debug)]
pub(crate) struct UnderWay(Rc<Link>);

impl Link {
    /// Notes a request that the service is given. Gives the refusal that it stands for, if it does.
    pub(crate) fn arrive(self: &Rc<Self>) -> (UnderWay, Option<Refusal>) {
        let number = self.asked.get() + 1;
        self.asked.set(number);
        self.under_way.set(self.under_way.get() + 1);
        let refused = self.refused.get().filter(|(refused, _)| *refused == number);
        (UnderWay(Rc::clone(self)), refused.map(|(_, refusal)| refusal))
    }

    /// The request of this number, from 1, stands for one that is refused.
    pub(super) fn refuse(&self, number: u64, refusal: Refusal) {
        self.refused.set(Some((number, refusal)));
    }

    /// Since when no answer is under way; `None` while one is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.idle_since.get().filter(|_| !self.is_busy())
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.under_way.get() > 0
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// Notes what an answer does.
    pub(crate) fn note(&self, did: Did) {
        self.did.set(did);
    }

    /// What an answer did since this was asked last.
    pub(crate) fn did(&self) -> Did {
        self.did.take()
    }
}

impl UnderWay {
    pub(crate) fn link(&self) -> &Link {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
        self.0.idle_since.set(Some(Instant::now()));
    }
}
