//! So many calls in such a time, checked.

use std::time::Duration;

/// A number of calls in a time: 1 to [`Rate::MOST_CALLS`] calls in 1 ms to 31 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    calls: u32,
    per: Duration,
}

/// Why a rate, or what is built on one, cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRate {
    /// The number of calls is out of bounds.
    #[error("a limit is of 1 to 1,000,000,000 calls")]
    Calls,
    /// The time is out of bounds.
    #[error("the time of a limit is 1 ms to 31 days")]
    Time,
    /// The burst is out of bounds.
    #[error("a burst is of at least one call, and of no more than the limit's calls")]
    Burst,
    /// The allowance for the way to the vendor is out of bounds.
    #[error("the time that calls need to arrive is at most as long as the time of the limit")]
    Skew,
}

impl Rate {
    /// The most calls that a rate may have.
    pub const MOST_CALLS: u32 = 1_000_000_000;
    /// The shortest time that a rate may have.
    pub const SHORTEST: Duration = Duration::from_millis(1);
    /// The longest time that a rate may have: 31 days.
    pub const LONGEST: Duration = Duration::from_hours(31 * 24);

    /// `calls` in `per`.
    ///
    /// # Errors
    /// One of the two is out of bounds.
    pub fn new(calls: u32, per: Duration) -> Result<Self, BadRate> {
        if !(1..=Self::MOST_CALLS).contains(&calls) {
            return Err(BadRate::Calls);
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&per) {
            return Err(BadRate::Time);
        }
        Ok(Self { calls, per })
    }

    /// How many calls.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// In which time.
    pub fn per(&self) -> Duration {
        self.per
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_within_its_bounds() {
        let second = Duration::from_secs(1);
        assert!(Rate::new(1, Rate::SHORTEST).is_ok() && Rate::new(1, Rate::LONGEST).is_ok());
        assert_eq!(Rate::new(0, second), Err(BadRate::Calls));
        assert_eq!(Rate::new(u32::MAX, second), Err(BadRate::Calls));
        assert_eq!(Rate::new(1, Duration::ZERO), Err(BadRate::Time));
        assert_eq!(Rate::new(1, Duration::MAX), Err(BadRate::Time));
    }
}
