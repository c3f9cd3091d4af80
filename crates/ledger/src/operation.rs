//! An operation: a call that is remembered from before its first byte leaves until after its end.
//!
//! What was asked, how far it is and what came of it are bytes to the ledger. It has columns of its
//! own only for what it filters, sorts or decides by.

use crate::{EngineError, Queue, Tenant, Time, Worker, text};
use bytes::Bytes;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// The largest request or result, in bytes.
pub const LARGEST_BODY: usize = 16 << 20;
/// The largest progress, in bytes.
pub const LARGEST_PROGRESS: usize = 256 << 10;
/// The largest record of an attempt, in bytes.
pub const LARGEST_ATTEMPT: usize = 8 << 10;
/// How many records of attempts are kept of an operation: its first ones.
pub const MOST_ATTEMPTS: u32 = 64;
/// The longest label, in bytes: a resource, a type, a key.
pub const LONGEST_LABEL: usize = 1024;

/// The id of an operation. The gateway makes it (`UUIDv7`, RFC 9562), so that a create whose answer
/// was lost can be repeated; ids sort by the time of their making.
pub type OpId = Uuid;

/// A number that grows with every change of owner. It goes with every effect and every settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// A number that grows with every change of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rev(pub u64);

/// How far an operation is. It only steps forward, and a final state never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nobody has begun it.
    Pending,
    /// Somebody has begun it; it may be waiting for its next step.
    InProgress,
    /// It did what was asked.
    Succeeded,
    /// It ended without.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl State {
    /// All states, in their order.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::InProgress, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The name in answers and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it never changes again.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::InProgress => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }

    /// The number that is stored.
    pub(crate) const fn code(self) -> i16 {
        match self {
            Self::Pending => 0,
            Self::InProgress => 1,
            Self::Succeeded => 2,
            Self::Failed => 3,
            Self::Cancelled => 4,
        }
    }

    pub(crate) fn from_code(code: i16) -> Result<Self, EngineError> {
        Self::ALL
            .into_iter()
            .find(|state| state.code() == code)
            .ok_or_else(|| EngineError::corrupt(format!("{code} is no state of an operation")))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why an operation failed, as its owner may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpError {
    /// What to show.
    pub message: String,
    /// The id of the failure, for support.
    pub error_id: Uuid,
}

/// An operation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// Its id.
    pub id: OpId,
    /// Whose it is.
    pub tenant: Tenant,
    /// Which workers it is for.
    pub queue: Queue,
    /// What it works on.
    pub resource_id: Option<String>,
    /// What it does.
    pub operation_type: String,
    /// Who asked for it.
    pub created_by: String,
    /// How far it is.
    pub state: State,
    /// The same in the words of whoever runs it, where there are some.
    pub declared: Option<String>,
    /// When it was accepted.
    pub created: Time,
    /// When it was first begun.
    pub started: Option<Time>,
    /// When it came to its end.
    pub completed: Option<Time>,
    /// When it may be forgotten; none until it has ended.
    pub expires: Option<Time>,
    /// Whether its cancelling was asked for.
    pub cancel_requested: bool,
    /// Why it failed: there exactly when it did.
    pub error: Option<OpError>,
    /// Whether it waits on the list of dead letters for somebody to redrive it.
    pub dead_letter: bool,
    /// The operation that was made when it was redriven.
    pub redriven_as: Option<OpId>,
    /// The key by which it is run one at a time.
    pub serial: Option<String>,
    /// The records of its first attempts, in order: JSON text as its owners wrote it.
    pub attempts: Vec<String>,
    /// How many attempts were made, also beyond those whose records are kept.
    pub attempts_made: u32,
    /// Grows with every change.
    pub rev: Rev,
    /// What was asked.
    pub request: Bytes,
    /// What its owners noted on the way; empty where they noted nothing.
    pub progress: Bytes,
    /// What came of it; empty until it has ended.
    pub result: Bytes,
}

/// An operation to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOp {
    /// Its id, made by the caller.
    pub id: OpId,
    /// Whose it is.
    pub tenant: Tenant,
    /// Which workers it is for.
    pub queue: Queue,
    /// What it works on.
    pub resource_id: Option<String>,
    /// What it does.
    pub operation_type: String,
    /// Who asks for it.
    pub created_by: String,
    /// What is asked.
    pub request: Bytes,
    /// How long it waits before it may be claimed.
    pub delay: Duration,
    /// How long it is kept after its end.
    pub keep: Keep,
    /// The key under which a repeat of the same request gets the same operation.
    pub idempotency: Option<Idempotency>,
    /// The key by which it is run one at a time.
    pub serial: Option<Serial>,
    /// How many operations of its tenant may be open in its queue, this one included.
    pub bound: Option<u32>,
    /// Who begins it at once, where somebody does.
    pub take: Option<Take>,
}

/// How long an operation is kept after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Where it succeeded.
    pub succeeded: Duration,
    /// Where it failed or was cancelled.
    pub failed: Duration,
}

impl Default for Keep {
    /// A day for successes, a week for the rest.
    fn default() -> Self {
        Self { succeeded: DAY, failed: 7 * DAY }
    }
}

const DAY: Duration = Duration::from_hours(24);

/// An idempotency key. Keys of different tenants never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key as the caller sent it.
    pub key: String,
    /// A digest of all that must be the same for two requests to be one.
    pub fingerprint: [u8; 32],
    /// How long the key is remembered.
    pub keep: Duration,
}

/// Operations of one tenant with the same key run one at a time, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    /// The key, such as the resource that is worked on.
    pub key: String,
    /// How many may wait behind the one that runs; 0 refuses all but the first.
    pub waiting: u32,
}

/// Who begins an operation in the same step in which it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The worker.
    pub worker: Worker,
    /// For how long it may be silent.
    pub lease: Duration,
}

impl NewOp {
    /// An operation with a fresh id for `tenant`, for the workers of `queue`.
    pub fn new(tenant: Tenant, queue: Queue, request: impl Into<Bytes>) -> Self {
        Self {
            id: Uuid::now_v7(),
            tenant,
            queue,
            resource_id: None,
            operation_type: String::new(),
            created_by: String::new(),
            request: request.into(),
            delay: Duration::ZERO,
            keep: Keep::default(),
            idempotency: None,
            serial: None,
            bound: None,
            take: None,
        }
    }

    /// Checks what no engine could store.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        check_size("a request", self.request.len(), LARGEST_BODY)?;
        let idempotency = self.idempotency.as_ref().map(|idem| idem.key.as_str());
        let serial = self.serial.as_ref().map(|serial| serial.key.as_str());
        let labels = [
            ("a resource's id", self.resource_id.as_deref()),
            ("an operation's type", Some(self.operation_type.as_str())),
            ("a creator's name", Some(self.created_by.as_str())),
            ("an idempotency key", idempotency),
            ("a serial key", serial),
        ];
        labels.into_iter().try_for_each(|(what, label)| {
            label.map_or(Ok(()), |label| text::check(what, label, LONGEST_LABEL))
        })
    }

    /// The operation as it is when it has been accepted, at `now`; begun where `taken`.
    pub(crate) fn accepted(&self, now: Time, taken: bool) -> Op {
        Op {
            id: self.id,
            tenant: self.tenant.clone(),
            queue: self.queue.clone(),
            resource_id: self.resource_id.clone(),
            operation_type: self.operation_type.clone(),
            created_by: self.created_by.clone(),
            state: if taken { State::InProgress } else { State::Pending },
            declared: None,
            created: now,
            started: taken.then_some(now),
            completed: None,
            expires: None,
            cancel_requested: false,
            error: None,
            dead_letter: false,
            redriven_as: None,
            serial: self.serial.as_ref().map(|serial| serial.key.clone()),
            attempts: Vec::new(),
            attempts_made: 0,
            rev: Rev(1),
            request: self.request.clone(),
            progress: Bytes::new(),
            result: Bytes::new(),
        }
    }
}

/// Checks that something fits.
pub(crate) fn check_size(what: &str, size: usize, largest: usize) -> Result<(), EngineError> {
    if size > largest {
        return Err(EngineError::invalid(format!("{what} is larger than {largest} bytes")));
    }
    Ok(())
}
