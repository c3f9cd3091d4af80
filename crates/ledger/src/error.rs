//! What can go wrong with an engine, as a caller must know it: was something written, what to do.
//!
//! Not the place for an operation's own failure, which is data ([`OpError`](crate::OpError)).

use std::path::PathBuf;
use std::time::Duration;

/// Why an engine did not do as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The engine cannot be reached or has too much to do. Nothing was written.
    #[error("the ledger is not available: {why}; nothing was written, so try again")]
    Unavailable {
        /// When it makes sense to try again.
        retry_after: Duration,
        /// What is in the way, for the operator. Holds no secret.
        why: String,
    },
    /// The write may or may not have happened. Repeating it with the same id, key or fence is safe.
    #[error("the ledger did not confirm the write: {why}; repeat it with the same id")]
    Unknown {
        /// What broke off, for the operator.
        why: String,
    },
    /// What was asked is against the rules of the ledger. Asking again does not help.
    #[error("the ledger refuses this: {why}")]
    Invalid {
        /// Which rule.
        why: String,
    },
    /// What is stored cannot be read as what was written.
    #[error(
        "the ledger is damaged: {why}; run `candor ledger check`, then go back to a copy that is \
         sound"
    )]
    Corrupt {
        /// What was found.
        why: String,
    },
    /// The engine lets nobody write. Nothing was written.
    #[error("the ledger cannot be written: {why}; nothing was written, see to its permissions")]
    ReadOnly {
        /// What forbids it.
        why: String,
    },
    /// There is no room left. Nothing was written.
    #[error("the ledger is full: {why}; nothing was written, make room or shorten the retention")]
    Full {
        /// What is full.
        why: String,
    },
}

impl EngineError {
    /// Whether the write that failed is certain not to have happened.
    pub fn nothing_written(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::Invalid { .. }
            | Self::ReadOnly { .. }
            | Self::Full { .. } => true,
            Self::Unknown { .. } | Self::Corrupt { .. } => false,
        }
    }

    /// When to try again, where trying again may help by itself.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Unknown { .. } => Some(Duration::ZERO),
            Self::Invalid { .. }
            | Self::Corrupt { .. }
            | Self::ReadOnly { .. }
            | Self::Full { .. } => None,
        }
    }

    pub(crate) fn unavailable(retry_after: Duration, why: impl Into<String>) -> Self {
        Self::Unavailable { retry_after, why: why.into() }
    }

    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid { why: why.into() }
    }

    pub(crate) fn corrupt(why: impl Into<String>) -> Self {
        Self::Corrupt { why: why.into() }
    }
}

/// Why a ledger could not be opened. Nothing was accepted, and nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file open for writing.
    #[error("{}: another process uses this ledger; stop it first, or use PostgreSQL to share one", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The ledger was written by a newer Candor.
    #[error(
        "the ledger has schema version {found}, and this Candor knows versions up to {known}; use a newer Candor"
    )]
    Newer {
        /// The version that was found.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The ledger was written by an older Candor and has not been upgraded.
    #[error(
        "the ledger has schema version {found}, and this Candor works with version {known}; make a copy, then run `candor ledger upgrade`"
    )]
    Older {
        /// The version that was found.
        found: u32,
        /// The version that this program works with.
        known: u32,
    },
    /// There is no ledger at that place, and none was to be made.
    #[error("there is no ledger at {place}")]
    Missing {
        /// The place: a file or a server.
        place: String,
    },
    /// What is stored there is something else.
    #[error("{place} is not a ledger: {why}")]
    NotALedger {
        /// The place: a file or a server.
        place: String,
        /// What was found.
        why: String,
    },
    /// The engine would lose what it acknowledged.
    #[error("the ledger would not be durable: {setting} is {found}, and must be {needed}")]
    NotDurable {
        /// The engine's setting.
        setting: String,
        /// What it is.
        found: String,
        /// What it must be.
        needed: String,
    },
    /// A setting of the ledger is wrong.
    #[error("the ledger's settings are wrong: {0}")]
    Settings(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
