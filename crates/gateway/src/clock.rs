//! The time, taken from one place, so that tests can move it.

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is moved, in milliseconds since the Unix epoch.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is where the time is taken from")]
            Self::System => Timestamp::now(),
            Self::Set(millis) => {
                Timestamp::from_millisecond(millis.load(Ordering::Relaxed)).unwrap_or_default()
            }
        }
    }
}
