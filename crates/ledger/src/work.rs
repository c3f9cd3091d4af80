//! What workers and callers say to an engine, and what it answers.

use crate::operation::{
    LARGEST_ATTEMPT, LARGEST_BODY, LARGEST_PROGRESS, LONGEST_LABEL, check_size,
};
use crate::{EngineError, Fence, Keep, Op, OpError, OpId, State, Time, Worker, text};
use bytes::Bytes;
use std::time::Duration;

/// What became of a request to accept an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It was accepted, and waits for a worker.
    New(Box<Op>),
    /// It was accepted, and the one who asked has begun it.
    Taken(Box<Claim>),
    /// The key was used for the same request before; this is what came of it.
    Replay(Box<Op>),
    /// The key was used for the same request before, which has not ended yet.
    InProgress(OpId),
    /// The key was used for another request.
    Mismatch(OpId),
    /// The key was used for the same request before, and its operation has been deleted since.
    Gone(OpId),
    /// Another operation runs under the same serial key, and no more may wait.
    Busy {
        /// The one that is in the way.
        conflict: OpId,
    },
    /// The tenant has as many open operations in the queue as it may have.
    Crowded {
        /// How many.
        open: u32,
    },
}

/// An operation in the hands of a worker, until its lease has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The operation as it was when it was claimed.
    pub op: Op,
    /// Who has it.
    pub worker: Worker,
    /// The number of this ownership. No later one has the same, none has a smaller one.
    pub fence: Fence,
    /// Which claim of the operation this is, from 1. A claim that was released does not count.
    pub attempt: u32,
    /// When the lease passes, by the engine's clock.
    pub until: Time,
    /// Whether the owner before this one fell silent. The operation's progress is the last that it
    /// saved; what it did after that, nobody knows.
    pub owner_died: bool,
}

/// What an owner notes on the way or at the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    /// Replaces the operation's progress.
    pub progress: Option<Bytes>,
    /// Replaces the state in the words of whoever runs it.
    pub declared: Option<String>,
    /// The record of an attempt that was made.
    pub attempt: Option<AttemptRecord>,
}

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Its number in the operation, from 1: a record whose number was noted before is not noted
    /// again, so that a note can be repeated.
    pub number: u32,
    /// JSON text on one line.
    pub json: String,
}

impl Note {
    /// A note of progress alone.
    pub fn progress(progress: impl Into<Bytes>) -> Self {
        Self { progress: Some(progress.into()), ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let progress = self.progress.as_ref().map_or(0, Bytes::len);
        check_size("progress", progress, LARGEST_PROGRESS)?;
        if let Some(declared) = &self.declared {
            text::check("a declared state", declared, LONGEST_LABEL)?;
        }
        self.attempt.as_ref().map_or(Ok(()), |attempt| {
            text::check("the record of an attempt", &attempt.json, LARGEST_ATTEMPT)
        })
    }
}

/// What a renewal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The worker has the operation for longer.
    Kept {
        /// Until when, by the engine's clock.
        until: Time,
        /// Whether its cancelling was asked for.
        cancel_requested: bool,
    },
    /// The worker has the operation no longer, and must do nothing more for it. Nothing was noted.
    Lost,
}

/// How a worker's turn ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// The operation did what was asked.
    Succeeded {
        /// What came of it.
        result: Bytes,
    },
    /// The operation failed.
    Failed {
        /// Why.
        error: OpError,
        /// What came of it.
        result: Bytes,
        /// Whether it goes to the list of dead letters.
        dead_letter: bool,
    },
    /// The operation was cancelled, as had been asked.
    Cancelled {
        /// What is known of it.
        result: Bytes,
    },
    /// The operation goes on later, with whoever claims it then.
    RetryAfter {
        /// How long it waits, by the engine's clock.
        wait: Duration,
    },
    /// The worker gives it back at once, having done nothing.
    Release,
}

impl Settle {
    /// The state in which it leaves the operation; none where it goes on.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Succeeded { .. } => Some(State::Succeeded),
            Self::Failed { .. } => Some(State::Failed),
            Self::Cancelled { .. } => Some(State::Cancelled),
            Self::RetryAfter { .. } | Self::Release => None,
        }
    }

    /// What came of the operation; empty where it goes on.
    pub(crate) fn result(&self) -> Bytes {
        match self {
            Self::Succeeded { result }
            | Self::Failed { result, .. }
            | Self::Cancelled { result } => result.clone(),
            Self::RetryAfter { .. } | Self::Release => Bytes::new(),
        }
    }

    /// Why the operation failed, where it did.
    pub(crate) fn error(&self) -> Option<&OpError> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Succeeded { .. }
            | Self::Cancelled { .. }
            | Self::RetryAfter { .. }
            | Self::Release => None,
        }
    }

    pub(crate) fn dead_letter(&self) -> bool {
        matches!(self, Self::Failed { dead_letter: true, .. })
    }

    /// How long the operation waits for its next owner, where it goes on.
    pub(crate) fn wait(&self) -> Duration {
        match self {
            Self::RetryAfter { wait } => *wait,
            Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Cancelled { .. }
            | Self::Release => Duration::ZERO,
        }
    }

    pub(crate) fn check(&self) -> Result<(), EngineError> {
        check_size("a result", self.result().len(), LARGEST_BODY)?;
        self.error().map_or(Ok(()), |error| {
            check_size("a message", error.message.len(), LARGEST_PROGRESS)?;
            if error.message.contains('\0') {
                return Err(EngineError::invalid("a message has a NUL"));
            }
            Ok(())
        })
    }
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It stands; also where it had been recorded before.
    Recorded,
    /// The worker has the operation no longer. Nothing was recorded.
    Lost,
}

/// What an engine knows of an operation that somebody wants to settle.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) fence: Fence,
    pub(crate) owned: bool,
    pub(crate) error_id: Option<uuid::Uuid>,
    pub(crate) result: Bytes,
}

/// What a settlement may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    /// Be recorded.
    Apply,
    /// Nothing more: it was recorded before.
    Repeat,
    /// Nothing: somebody else has or had the operation.
    Not,
}

impl Standing {
    /// Whether the one with `fence` may end its turn by `settle`.
    pub(crate) fn admits(&self, fence: Fence, settle: &Settle) -> May {
        if self.fence != fence {
            return May::Not;
        }
        let same = Some(self.state) == settle.state()
            && self.error_id == settle.error().map(|error| error.error_id)
            && self.result == settle.result();
        match (self.state.is_final(), self.owned, settle.state()) {
            (true, _, _) if same => May::Repeat,
            (true, _, _) | (false, false, Some(_)) => May::Not,
            (false, true, _) => May::Apply,
            (false, false, None) => May::Repeat,
        }
    }
}

impl Keep {
    /// When an operation that ended so at `now` may be forgotten; not before its key.
    pub(crate) fn until(&self, state: State, now: Time, key: Option<Time>) -> Time {
        let keep = if state == State::Succeeded { self.succeeded } else { self.failed };
        now.after(keep).max(key.unwrap_or_default())
    }
}

/// What became of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// Nobody had begun it: it is cancelled, and nothing was done for it.
    BeforeStart,
    /// It had been begun: its owner, or its next one, will say what is known.
    Requested,
    /// It had ended before, in this state.
    Ended(State),
    /// The tenant has no such operation.
    NotFound,
}

/// What became of a wish to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// It has not ended yet, so it stays.
    NotEnded(State),
    /// The tenant has no such operation.
    NotFound,
}

/// What became of a wish to redrive a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redriven {
    /// A new operation asks for the same again.
    As(OpId),
    /// It had been redriven before, as this operation.
    Before(OpId),
    /// It is no dead letter.
    NotDead(State),
    /// The tenant has no such operation.
    NotFound,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(result: &'static str) -> Settle {
        Settle::Succeeded { result: Bytes::from(result) }
    }

    fn standing(state: State, fence: u64, owned: bool) -> Standing {
        Standing { state, fence: Fence(fence), owned, error_id: None, result: Bytes::from("r") }
    }

    #[test]
    fn only_the_owner_settles() {
        let running = standing(State::InProgress, 3, true);
        assert_eq!(running.admits(Fence(3), &done("r")), May::Apply);
        assert_eq!(running.admits(Fence(2), &done("r")), May::Not);
        let waiting = standing(State::InProgress, 3, false);
        assert_eq!(waiting.admits(Fence(3), &done("r")), May::Not);
        assert_eq!(waiting.admits(Fence(3), &Settle::Release), May::Repeat);
    }

    #[test]
    fn the_same_settlement_may_be_repeated() {
        let ended = standing(State::Succeeded, 3, false);
        assert_eq!(ended.admits(Fence(3), &done("r")), May::Repeat);
        assert_eq!(ended.admits(Fence(3), &done("other")), May::Not);
        assert_eq!(ended.admits(Fence(3), &Settle::Release), May::Not);
    }

    #[test]
    fn a_cancelled_operation_is_nobodys() {
        let ended = standing(State::Cancelled, 0, false);
        assert_eq!(ended.admits(Fence(1), &done("r")), May::Not);
    }

    #[test]
    fn an_operation_outlives_no_key_of_its_own() {
        let keep = Keep { succeeded: Duration::from_secs(1), failed: Duration::from_secs(5) };
        let now = Time::from_millis(0);
        assert_eq!(keep.until(State::Succeeded, now, None).as_millis(), 1000);
        assert_eq!(keep.until(State::Cancelled, now, None).as_millis(), 5000);
        let key = Some(Time::from_millis(9000));
        assert_eq!(keep.until(State::Failed, now, key).as_millis(), 9000);
    }
}
