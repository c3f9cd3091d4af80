//! What the server's errors mean to a caller, and when a connection must be given up.

use crate::EngineError;
use std::time::Duration;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// When to try again after the server could not be reached.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What a statement does, as far as its loss matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It reads, or its transaction has not been committed: lost, it did nothing.
    Read,
    /// It writes by itself, or commits: lost, it may have been done.
    Write,
}

impl Kind {
    /// What it means that no answer came.
    pub(super) fn lost(self, why: impl Into<String>) -> EngineError {
        match self {
            Self::Read => EngineError::unavailable(SOON, why),
            Self::Write => EngineError::unknown(why),
        }
    }
}

/// A failed statement: what it means, and whether its connection is of no more use.
pub(super) fn judge(error: &Error, kind: Kind) -> (EngineError, bool) {
    let Some(told) = error.as_db_error() else { return judge_wire(error, kind) };
    let why = told.to_string();
    let unavailable = |after| EngineError::unavailable(after, why.clone());
    let code = told.code();
    // A demoted primary is still connected, and lets nobody write.
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return (unavailable(SOON), true);
    }
    // The server is going down, or threw this connection out (SQLSTATE class 57, "P" codes).
    if code.code().starts_with("57P") {
        return (kind.lost(why), true);
    }
    let again = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    let error = match code {
        code if again.contains(code) => unavailable(Duration::ZERO),
        code if *code == SqlState::QUERY_CANCELED => unavailable(SOON),
        code if *code == SqlState::DISK_FULL => EngineError::Full { why },
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => EngineError::ReadOnly { why },
        // Class XX: what is stored cannot be read. Class 53: too little of something.
        code if code.code().starts_with("XX") => EngineError::corrupt(why),
        code if code.code().starts_with("53") => unavailable(SOON),
        _ => EngineError::invalid(why),
    };
    (error, false)
}

/// An error that the server did not tell: the connection's, or a value of ours that cannot be sent.
fn judge_wire(error: &Error, kind: Kind) -> (EngineError, bool) {
    let mut cause = std::error::Error::source(error);
    let mut wire = error.is_closed();
    while let Some(inner) = cause {
        wire |= inner.is::<std::io::Error>();
        cause = inner.source();
    }
    let why = error.to_string();
    if wire { (kind.lost(why), true) } else { (EngineError::invalid(why), false) }
}
