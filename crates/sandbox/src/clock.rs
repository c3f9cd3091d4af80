//! The time of a sandbox, taken from one place, so that it can be moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a sandbox takes its time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is moved, in seconds since the Unix epoch.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// Now, in seconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::System => system_seconds(),
            Self::Set(seconds) => seconds.load(Ordering::Relaxed),
        }
    }
}

/// A clock before 1970 or beyond all bounds counts as 1970.
fn system_seconds() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is where the time is taken from")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
