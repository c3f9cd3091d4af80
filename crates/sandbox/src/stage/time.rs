//! The time of a world: it runs with the machine's or stands, and can be moved.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A world's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Time {
    /// It runs with the machine's clock, so many milliseconds ahead of it.
    Running {
        /// Negative where it is behind.
        ahead_ms: i64,
    },
    /// It stands until it is moved.
    Standing {
        /// The moment.
        at: Timestamp,
    },
}

impl Time {
    /// The machine's time.
    pub const MACHINE: Self = Self::Running { ahead_ms: 0 };

    /// Now, in whole milliseconds.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Standing { at } => at,
            Self::Running { ahead_ms } => {
                let ahead = SignedDuration::from_millis(ahead_ms);
                let now = machine().saturating_add(ahead).unwrap_or(Timestamp::MAX);
                Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
            }
        }
    }

    /// Moved by so many seconds; what lies beyond the years 9999 and -9999 is not reached.
    #[must_use]
    pub fn advanced(self, seconds: i64) -> Self {
        let ms = seconds.saturating_mul(1000);
        match self {
            Self::Running { ahead_ms } => Self::Running { ahead_ms: ahead_ms.saturating_add(ms) },
            Self::Standing { at } => {
                let moved = at.checked_add(SignedDuration::from_millis(ms));
                Self::Standing { at: moved.unwrap_or(at) }
            }
        }
    }

    /// At this moment now; whether it stands or runs stays as it is.
    #[must_use]
    pub fn set(self, to: Timestamp) -> Self {
        match self {
            Self::Standing { .. } => Self::Standing { at: to },
            Self::Running { .. } => {
                let ahead = to.as_millisecond().saturating_sub(machine().as_millisecond());
                Self::Running { ahead_ms: ahead }
            }
        }
    }

    /// Standing still at what is now, or running on from it.
    #[must_use]
    pub fn standing(self, still: bool) -> Self {
        let at = self.now();
        if still { Self::Standing { at } } else { Self::MACHINE.set(at) }
    }
}

/// The machine's clock.
fn machine() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is where the time is taken from")]
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_it_is_moved() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let time = Time::Standing { at };
        assert_eq!(time.now(), at);
        assert_eq!(time.advanced(60).now().as_second(), at.as_second() + 60);
        assert_eq!(time.set(Timestamp::UNIX_EPOCH).now(), Timestamp::UNIX_EPOCH);
        assert_eq!(time.advanced(i64::MAX).now(), at);
    }

    #[test]
    fn a_running_clock_can_be_ahead() {
        let later = Time::MACHINE.advanced(86_400);
        let ahead = later.now().as_second() - Time::MACHINE.now().as_second();
        assert!((86_399..=86_401).contains(&ahead));
        let then = Time::MACHINE.set(Timestamp::UNIX_EPOCH).standing(true).now();
        assert!(then.as_second() <= 1);
    }
}
