//! Opening one connection for many: the calls that need it wait for the one that opens it.
//!
//! What keeps it from opening is told to all that waited; who comes later tries anew.

use crate::exchange::Call;
use candor_facts::{Fault, FaultKind, Sent};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::timeout_at;

/// Lets one call at a time open a connection to a target.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    turn: tokio::sync::Mutex<()>,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    last: Option<Fault>,
}

/// The right to open. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'g> {
    gate: &'g Gate,
    _held: tokio::sync::MutexGuard<'g, ()>,
}

impl Gate {
    /// Waits for the turn to open.
    ///
    /// # Errors
    /// What failed for the call that was waited for, or that the wait was too long.
    pub(crate) async fn turn(&self, call: &Call) -> Result<Turn<'_>, Fault> {
        let before = self.failures().count;
        let phases = call.timeouts.resolve + call.timeouts.connect + call.timeouts.handshake;
        let Ok(held) = timeout_at(call.until(phases), self.turn.lock()).await else {
            let words = "another call was still opening the connection";
            return Err(Fault::new(FaultKind::ConnectTimedOut, Sent::Nothing, words));
        };
        let failures = self.failures();
        match &failures.last {
            Some(fault) if failures.count != before => Err(fault.clone()),
            Some(_) | None => Ok(Turn { gate: self, _held: held }),
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Tells those who wait. A call that ran out of its own time says nothing about theirs.
    pub(crate) fn failed(&self, fault: &Fault, call: &Call) {
        if !call.is_over() {
            let mut failures = self.gate.failures();
            failures.count += 1;
            failures.last = Some(fault.clone());
        }
    }
}
