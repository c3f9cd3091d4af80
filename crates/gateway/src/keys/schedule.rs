//! When a key is published, signs, stops and is withdrawn. Pure: times in, decisions out.
//!
//! All follows from one stamp a key, the second it was first published:
//!
//! ```text
//! key 1   published, signs ............................ | overlap | withdrawn
//! key 2                 published . lead . | signs ............
//! ```
//!
//! The first key has no elder that could sign in its place, so it signs at once.

use super::KeyError;
use std::cmp::Reverse;
use std::time::Duration;

/// How the signing keys rotate. Fractions of a second are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySettings {
    /// How often a new key is published: 24 hours, as "Verifying callback requests" in the
    /// Acronis callback handler guide tells the handlers. At least a minute.
    pub rotate_every: Duration,
    /// How long a key is published before it signs: an hour. At least as long as handlers cache
    /// the key set, and shorter than `rotate_every`.
    pub lead: Duration,
    /// How long a key stays published after it stopped signing: two hours, which is a token's
    /// life and as long again for cached key sets. At least a minute, since other processes on
    /// the same directory may sign with it until they are tended.
    pub overlap: Duration,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            rotate_every: Duration::from_hours(24),
            lead: Duration::from_hours(1),
            overlap: Duration::from_hours(2),
        }
    }
}

/// Settings that were checked, in whole seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    rotate_every: i64,
    lead: i64,
    overlap: i64,
}

/// Between two tendings; shorter settings could not be kept.
const TENDED_EVERY: i64 = 60;

impl Schedule {
    /// Checks the settings.
    pub(super) fn new(settings: KeySettings) -> Result<Self, KeyError> {
        let schedule = Self {
            rotate_every: seconds(settings.rotate_every),
            lead: seconds(settings.lead),
            overlap: seconds(settings.overlap),
        };
        match schedule {
            Self { rotate_every, .. } if rotate_every < TENDED_EVERY => {
                Err(KeyError::Settings("rotate_every is shorter than a minute; 24 hours is usual"))
            }
            Self { overlap, .. } if overlap < TENDED_EVERY => {
                Err(KeyError::Settings("overlap is shorter than a minute; two hours is usual"))
            }
            Self { rotate_every, lead, .. } if lead >= rotate_every => {
                Err(KeyError::Settings("lead is not shorter than rotate_every; shorten lead"))
            }
            _ => Ok(schedule),
        }
    }

    /// Which of the keys signs at `now`: the youngest that has been published for the lead, or the
    /// eldest where none has. `None` only where there is no key.
    pub(super) fn signer(&self, stamps: &[i64], now: i64) -> Option<usize> {
        let eldest_first = self.eldest_first(stamps, now);
        let ready = eldest_first.iter().rev().find(|(stamp, _)| self.starts(*stamp) <= now);
        ready.or(eldest_first.first()).map(|(_, at)| *at)
    }

    /// Whether a new key is to be published at `now`.
    pub(super) fn is_due(&self, stamps: &[i64], now: i64) -> bool {
        let fresh = |stamp: &i64| now.saturating_sub(*stamp) < self.rotate_every;
        !stamps.iter().any(|stamp| self.is_plausible(*stamp, now) && fresh(stamp))
    }

    /// The keys that nobody needs any more at `now`, as places in `stamps`: a younger key signs,
    /// and the overlap has passed since it began to.
    pub(super) fn withdrawn(&self, stamps: &[i64], now: i64) -> Vec<usize> {
        let eldest_first = self.eldest_first(stamps, now);
        let pairs = eldest_first.iter().zip(eldest_first.iter().skip(1));
        pairs
            .filter(|((stamp, _), _)| *stamp != NEVER_SEEN)
            .filter(|(_, (next, _))| self.starts(*next).saturating_add(self.overlap) <= now)
            .map(|((_, at), _)| *at)
            .collect()
    }

    fn starts(&self, stamp: i64) -> i64 {
        stamp.saturating_add(self.lead)
    }

    /// Whether a stamp could be true. The clocks of several machines differ by less than the lead;
    /// a stamp further ahead says only that a clock was wrong.
    fn is_plausible(&self, stamp: i64, now: i64) -> bool {
        stamp <= self.starts(now)
    }

    /// The keys with their places, in the order in which they sign. A key with an implausible stamp
    /// counts as the eldest: it may sign while there is no other, and it is never withdrawn.
    fn eldest_first(&self, stamps: &[i64], now: i64) -> Vec<(i64, usize)> {
        let trusted = |stamp: i64| if self.is_plausible(stamp, now) { stamp } else { NEVER_SEEN };
        let mut order: Vec<_> =
            stamps.iter().enumerate().map(|(at, stamp)| (trusted(*stamp), at)).collect();
        // Of keys published in the same second the first in the list is the younger, in every
        // process alike: the list is sorted by key id.
        order.sort_unstable_by_key(|(stamp, at)| (*stamp, Reverse(*at)));
        order
    }
}

/// Stands for "before all others" where a stamp cannot be true.
const NEVER_SEEN: i64 = i64::MIN;

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const T: i64 = 1_795_000_000;

    fn daily() -> Schedule {
        Schedule::new(KeySettings::default()).unwrap()
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(daily().signer(&[T], T), Some(0));
        assert!(daily().is_due(&[], T));
        assert_eq!(daily().signer(&[], T), None);
    }

    #[test]
    fn a_day_after_a_key_the_next_is_published() {
        assert!(!daily().is_due(&[T], T + 24 * HOUR - 1));
        assert!(daily().is_due(&[T], T + 24 * HOUR));
        assert!(!daily().is_due(&[T, T + 24 * HOUR], T + 24 * HOUR));
    }

    #[test]
    fn a_new_key_waits_for_its_lead() {
        let stamps = [T, T + 24 * HOUR];
        assert_eq!(daily().signer(&stamps, T + 25 * HOUR - 1), Some(0));
        assert_eq!(daily().signer(&stamps, T + 25 * HOUR), Some(1));
    }

    #[test]
    fn an_old_key_stays_for_the_overlap() {
        let stamps = [T, T + 24 * HOUR];
        assert_eq!(daily().withdrawn(&stamps, T + 27 * HOUR - 1), Vec::<usize>::new());
        assert_eq!(daily().withdrawn(&stamps, T + 27 * HOUR), [0]);
    }

    #[test]
    fn after_a_long_stop_the_old_key_signs_until_the_new_one_is_known() {
        let stamps = [T, T + 1000 * HOUR];
        assert!(daily().is_due(&[T], T + 1000 * HOUR));
        assert_eq!(daily().signer(&stamps, T + 1000 * HOUR), Some(0));
        assert_eq!(daily().withdrawn(&stamps, T + 1000 * HOUR), Vec::<usize>::new());
    }

    #[test]
    fn keys_of_the_same_second_have_one_order() {
        let stamps = [T, T];
        assert_eq!(daily().signer(&stamps, T + HOUR), Some(0));
        assert_eq!(daily().withdrawn(&stamps, T + 3 * HOUR), [1]);
    }

    #[test]
    fn a_stamp_from_a_clock_that_ran_ahead_stops_nothing() {
        let ahead = T + 100_000 * HOUR;
        assert!(daily().is_due(&[ahead], T), "it does not hold the rotation up");
        assert_eq!(daily().signer(&[ahead, T], T), Some(0), "its heir still waits for its lead");
        assert_eq!(daily().signer(&[ahead, T], T + HOUR), Some(1));
        assert_eq!(
            daily().withdrawn(&[ahead, T], T + 9 * HOUR),
            Vec::<usize>::new(),
            "another's clock may be right"
        );
    }

    #[test]
    fn a_clock_that_lags_a_little_makes_no_second_key() {
        assert!(!daily().is_due(&[T - 30 * HOUR, T + 5], T));
        assert_eq!(daily().signer(&[T - 30 * HOUR, T + 5], T), Some(0));
    }

    #[test]
    fn settings_that_cannot_be_kept_are_refused() {
        let usual = KeySettings::default();
        for wrong in [
            KeySettings { rotate_every: Duration::from_secs(59), ..usual },
            KeySettings { overlap: Duration::ZERO, ..usual },
            KeySettings { lead: usual.rotate_every, ..usual },
        ] {
            assert!(matches!(Schedule::new(wrong), Err(KeyError::Settings(_))), "{wrong:?}");
        }
    }

    #[test]
    fn settings_without_bounds_do_not_overflow() {
        let (rotate_every, overlap) = (Duration::MAX, Duration::MAX);
        let forever = KeySettings { rotate_every, overlap, ..KeySettings::default() };
        let schedule = Schedule::new(forever).unwrap();
        assert!(!schedule.is_due(&[0], i64::MAX - 1));
        assert_eq!(schedule.signer(&[i64::MIN, i64::MAX], i64::MAX), Some(1));
        assert_eq!(schedule.withdrawn(&[0, 1], T), Vec::<usize>::new());
    }
}
