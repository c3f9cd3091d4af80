//! Operations: calls that the ledger keeps from before their first byte leaves until after their end,
//! so that a caller need not wait for them and a crash forgets none.
//!
//! | file | what |
//! |---|---|
//! | `course` | whether a call is kept, and how long its caller waits: the callback's word, `Prefer`, `Idempotency-Key` |
//! | `promote` | the step in the journey: accepted, begun, waited for, answered or promised |
//! | `run` | one turn at an operation: kept while it lasts (`keep`), recorded at its end (`settle`) |
//! | `resume` | what nobody runs: what waits, and what somebody left when they died (`orphan`) |
//! | `api` | what callers ask of operations, in Candor's form or in a contract's (`shape`), once or as it happens (`events`) |
//! | `ledger` | the engine as this process uses it: what runs here, how it is, what is counted |
//! | `record` | what is kept of a call and of its outcome |
//!
//! An operation's id is in the ledger, begun, before anything is sent; its beginning is the note that
//! something may have been sent. Where its owner falls silent, the next one sends it again only where
//! the retry law allows it, and else ends it with an unknown outcome.
//!
//! Not here: what an ending means, and how a call is repeated while its owner lives (`call`, `pace`).

mod api;
mod counts;
mod course;
mod events;
mod idempotency;
mod keep;
mod ledger;
mod list;
mod orphan;
mod prefer;
mod promote;
mod record;
mod resume;
mod run;
mod settle;
mod shape;

pub(crate) use api::{OPERATIONS, allowed, answer, is_asked};
pub(crate) use course::{Course, course};
pub(crate) use events::Events;
pub use ledger::Ledger;
pub(crate) use ledger::under_way;
pub(crate) use promote::travel;
pub(crate) use record::Success;
pub(crate) use resume::{Looks, look};

use candor_facts::{Held, HeldKind};
use candor_ledger::{EngineError, Keep};
use std::sync::Arc;
use std::time::Duration;

/// How operations are kept.
#[derive(Debug, Clone)]
pub struct Operations {
    /// Where they are kept. The same one serves every setup of a process.
    pub ledger: Arc<Ledger>,
    /// How long a caller waits before it is answered with an operation: 2 s.
    pub after: Duration,
    /// How long an operation is kept after it succeeded: 24 h.
    pub keep: Duration,
    /// How long it is kept after it ended otherwise: 7 d.
    pub keep_failed: Duration,
    /// How long an idempotency key is remembered: 24 h.
    pub keep_keys: Duration,
    /// How many operations of a tenant may be open: 10,000.
    pub most_per_tenant: u32,
    /// How long an owner may be silent before somebody else takes its operation over: 30 s.
    pub lease: Duration,
}

impl Operations {
    /// Operations in `ledger`, with the usual times and bounds.
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            after: Duration::from_secs(2),
            keep: Duration::from_hours(24),
            keep_failed: Duration::from_hours(7 * 24),
            keep_keys: Duration::from_hours(24),
            most_per_tenant: 10_000,
            lease: Duration::from_secs(30),
        }
    }

    fn keep(&self) -> Keep {
        Keep { succeeded: self.keep, failed: self.keep_failed }
    }
}

/// When to come back where the engine does not say.
const USUAL_WAIT: u64 = 5;

/// What a caller is told of an engine that did not do as it was asked.
fn held(error: &EngineError) -> Held {
    let kind = match error {
        EngineError::Invalid { .. } => HeldKind::Malformed,
        EngineError::Unavailable { .. }
        | EngineError::Unknown { .. }
        | EngineError::Corrupt { .. }
        | EngineError::ReadOnly { .. }
        | EngineError::Full { .. } => HeldKind::EngineUnavailable,
    };
    let wait = error.retry_after().map_or(USUAL_WAIT, |wait| wait.as_secs().max(1));
    let after = (kind == HeldKind::EngineUnavailable).then_some(wait);
    Held { after, ..Held::new(kind, error.to_string()) }
}
