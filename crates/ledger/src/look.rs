//! Looking at a ledger: lists, and how much there is.

use crate::{Op, OpId, State, Time};

/// Which operations of a tenant to list. What is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In one of these states; any where empty.
    pub states: Vec<State>,
    /// What they work on.
    pub resource_id: Option<String>,
    /// What they do.
    pub operation_type: Option<String>,
    /// Who asked for them.
    pub created_by: Option<String>,
    /// Accepted at this moment or later.
    pub from: Option<Time>,
    /// Accepted before this moment.
    pub before: Option<Time>,
    /// The dead letters alone.
    pub dead_letters: bool,
}

/// Where a list goes on: after this operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub OpId);

/// A part of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The operations.
    pub ops: Vec<Op>,
    /// Where the rest begins; none where this is the end.
    pub next: Option<Cursor>,
}

impl Page {
    /// A page of at most `n` of what was found, of which there may be one more.
    pub(crate) fn cut(mut ops: Vec<Op>, n: usize) -> Self {
        let more = ops.len() > n;
        ops.truncate(n);
        let next = ops.last().filter(|_| more).map(|op| Cursor(op.id));
        Self { ops, next }
    }
}

/// How much a queue has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Operations that a worker could claim now. Those that wait behind another under their serial
    /// key are counted too.
    pub due: u64,
    /// Operations that wait for their time.
    pub later: u64,
    /// Operations in the hands of a worker.
    pub owned: u64,
    /// Since when the oldest one could have been claimed.
    pub oldest_due: Option<Time>,
}

/// What a sweep took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Operations past their retention.
    pub ops: u64,
    /// Idempotency keys past theirs.
    pub keys: u64,
    /// Quotas that nobody has used for a window.
    pub quotas: u64,
    /// The remains of removed documents.
    pub documents: u64,
}

impl Swept {
    /// How many rows in all.
    pub fn total(&self) -> u64 {
        self.ops + self.keys + self.quotas + self.documents
    }
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its name and version.
    pub engine: String,
    /// Whether what it acknowledges outlives a power cut.
    pub durable: bool,
    /// How many standbys have what was acknowledged; none where the engine has no such thing.
    pub synchronous_standbys: Option<u32>,
    /// What an operator should know.
    pub warnings: Vec<String>,
    /// What it takes up on disk, in bytes.
    pub bytes: u64,
    /// The time by its clock.
    pub now: Time,
}
