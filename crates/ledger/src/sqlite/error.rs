//! What SQLite's errors mean to a caller. Before a commit nothing was written, whatever failed.

use crate::EngineError;
use rusqlite::{Error, ErrorCode};
use std::time::Duration;

/// When to try again after a lock or a failure of the disk.
const SOON: Duration = Duration::from_secs(1);

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        let why = error.to_string();
        let Some(code) = error.sqlite_error_code() else { return Self::corrupt(why) };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest are mistakes of ours")]
        match code {
            ErrorCode::DiskFull => Self::Full { why },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { why },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::corrupt(why),
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed => Self::unavailable(SOON, why),
            _ => Self::invalid(why),
        }
    }
}

/// What a failed commit means: where the disk failed, nobody can say what is on it.
pub(super) fn at_commit(error: Error) -> EngineError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => EngineError::unknown(error.to_string()),
        _ => error.into(),
    }
}
