//! Keeping an operation while it is run: its lease is renewed, its attempts are noted as they end, and
//! a wish to cancel it is heard.

use super::ledger::Ledger;
use crate::call::Watch;
use candor_facts::Attempt;
use candor_ledger::{AttemptRecord, Claim, Note, Renewed};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How soon a renewal is tried again that the engine did not take.
const AGAIN: Duration = Duration::from_secs(1);

/// A call that is followed.
#[derive(Debug, Default)]
pub(super) struct Watched {
    cancelled: AtomicBool,
    /// Attempts that are to be repeated and are not noted yet. What ends the call is recorded with its
    /// outcome.
    ended: Mutex<VecDeque<Attempt>>,
    news: Notify,
    /// How many attempts were made in earlier turns.
    earlier: u32,
}

impl Watched {
    /// A call whose operation has had so many attempts already.
    pub(super) fn after(earlier: u32) -> Self {
        Self { earlier, ..Self::default() }
    }

    /// Its cancelling is asked for. What may have arrived is not broken off; it is not sent again.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// The next attempt to be noted.
    fn next(&self) -> Option<Note> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.front().map(|attempt| Note { attempt: Some(record(attempt)), ..Note::default() })
    }

    fn noted(&self) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    }
}

/// The record of an attempt, as the ledger has it.
pub(super) fn record(attempt: &Attempt) -> AttemptRecord {
    let json = serde_json::to_string(attempt).unwrap_or_default();
    AttemptRecord { number: attempt.number, json }
}

impl Watch for Watched {
    fn repeats(&self, attempt: &Attempt) {
        let number = attempt.number.saturating_add(self.earlier);
        let attempt = Attempt { number, ..attempt.clone() };
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push_back(attempt);
        self.news.notify_one();
    }

    fn may_repeat(&self) -> bool {
        !self.is_cancelled()
    }
}

/// Keeps an operation with its owner. Ends only where it is lost: then nothing more may be done for it.
pub(super) async fn keep(ledger: &Ledger, claim: &Claim, lease: Duration, watched: &Watched) {
    let mut wait = lease / 3;
    loop {
        // Whichever comes first.
        drop(tokio::time::timeout(wait, watched.news.notified()).await);
        wait = lease / 3;
        let note = watched.next();
        let noted = note.is_some();
        match ledger.engine.renew(claim, lease, note.unwrap_or_default()).await {
            Ok(Renewed::Lost) => return,
            Ok(Renewed::Kept { cancel_requested, .. }) => {
                if cancel_requested {
                    watched.cancel();
                }
                if noted {
                    watched.noted();
                    wait = if watched.next().is_some() { Duration::ZERO } else { wait };
                }
            }
            Err(error) => {
                tracing::debug!(%error, operation = %claim.op.id, "a lease was not renewed");
                wait = wait.min(AGAIN);
            }
        }
    }
}
