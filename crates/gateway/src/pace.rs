//! Whether and when a call is wanted again: the verdict's advice, the plan, the time left.
//!
//! The verdict says whether a repeat is *safe*; nothing here overrides that. The plan says how often
//! and when: a callback's own policy, by the formulas of the documented retry policy (Create
//! callback: interval, delta, maximum, fast first retry), or the advice of the contract's row. A wait
//! that an answer tells is never shortened.

use candor_contract::Row;
use candor_facts::{Retry, Why};
use std::fmt;
use std::time::Duration;

/// The longest wait between two attempts, whatever an answer or a policy says.
pub const MAX_WAIT: Duration = Duration::from_mins(5);

/// A callback's retry policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// How often it is sent again, at most.
    pub times: u32,
    /// The wait before the first repeat.
    pub interval: Duration,
    /// How much longer each further wait is; with `max`, the base of an exponential.
    pub delta: Option<Duration>,
    /// The longest wait; makes the growth exponential, with jitter.
    pub max: Option<Duration>,
    /// Whether the first repeat comes at once.
    pub fast_first: bool,
}

/// Whether repeats are wanted at all, and by whose word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Plan<'p> {
    /// They are not.
    Off,
    /// As a policy says.
    Policy(&'p RetryPolicy),
    /// As the row says that was found, or in the usual way where it names no number.
    Advice,
}

/// A plan for one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rhythm<'p> {
    Off,
    Policy(&'p RetryPolicy),
    /// So often at most, with waits from one length to another.
    Between(u32, Duration, Duration),
}

/// How often a row without a number is repeated, and in what time.
const USUALLY: (u32, Duration, Duration) =
    (2, Duration::from_millis(250), Duration::from_millis(750));

/// What comes after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send it again after this wait.
    Again(Duration),
    /// Not again, for this reason.
    Done(&'static str),
}

impl RetryPolicy {
    /// The wait before repeat number `count` (from 1); `random` lies from 0 to 1.
    pub fn wait(&self, count: u32, random: f64) -> Duration {
        if self.fast_first && count == 1 {
            return Duration::ZERO;
        }
        let seconds = match (self.delta, self.max) {
            (None, _) => self.interval.as_secs_f64(),
            (Some(delta), None) => {
                self.interval.as_secs_f64()
                    + f64::from(count.saturating_sub(1)) * delta.as_secs_f64()
            }
            (Some(delta), Some(max)) => exponential(
                self.interval.as_secs_f64(),
                delta.as_secs_f64(),
                max.as_secs_f64(),
                count,
                random,
            ),
        };
        Duration::try_from_secs_f64(seconds.clamp(0.0, MAX_WAIT.as_secs_f64())).unwrap_or(MAX_WAIT)
    }
}

/// `interval + (2^count - 1) * random(0.8 delta, 1.2 delta)`; above the maximum
/// `max + random(-0.2 delta, 0.2 delta)`.
fn exponential(interval: f64, delta: f64, max: f64, count: u32, random: f64) -> f64 {
    let steps = 2_f64.powi(i32::try_from(count.min(60)).unwrap_or(60)) - 1.0;
    let grown = interval + steps * delta * (0.8 + 0.4 * random);
    if grown > max { max + delta * (0.4 * random - 0.2) } else { grown }
}

impl<'p> Plan<'p> {
    /// The plan for `row`.
    pub(crate) fn of(&self, row: &Row) -> Rhythm<'p> {
        match *self {
            Self::Off => Rhythm::Off,
            Self::Policy(policy) => Rhythm::Policy(policy),
            Self::Advice => {
                let (times, from, to) = USUALLY;
                let (from, to) = row.retry.wait.unwrap_or((from, to));
                Rhythm::Between(row.retry.times.unwrap_or(times), from, to)
            }
        }
    }
}

impl Rhythm<'_> {
    fn times(&self) -> u32 {
        match self {
            Self::Off => 0,
            Self::Policy(policy) => policy.times,
            Self::Between(times, ..) => *times,
        }
    }

    fn wait(&self, count: u32, random: f64) -> Duration {
        match self {
            Self::Off => Duration::ZERO,
            Self::Policy(policy) => policy.wait(count, random),
            Self::Between(_, from, to) => *from + to.saturating_sub(*from).mul_f64(random),
        }
    }
}

/// A told wait with up to a tenth more, and one second at most, so that not all come back at one
/// instant. It is never shortened.
fn lengthened(told: Duration, random: f64) -> Duration {
    told.saturating_add((told / 10).min(Duration::from_secs(1)).mul_f64(random))
}

/// Decides after attempt number `attempt` (from 1); `random` lies from 0 to 1.
pub(crate) fn decide(
    retry: &Retry,
    rhythm: &Rhythm<'_>,
    attempt: u32,
    left: Duration,
    random: f64,
) -> Decision {
    if !retry.safe {
        return Decision::Done(unsafe_for(retry.why));
    }
    if *rhythm == Rhythm::Off {
        return Decision::Done("not repeated: no repeats are set up");
    }
    if attempt > rhythm.times() {
        return Decision::Done("not repeated: the attempts are used up");
    }
    let told = retry.after.map_or(Duration::ZERO, Duration::from_secs);
    if told > MAX_WAIT {
        return Decision::Done("not repeated: the wait that was told is too long");
    }
    let wait = rhythm.wait(attempt, random).max(lengthened(told, random));
    if wait >= left {
        return Decision::Done("not repeated: the wait is longer than the time left");
    }
    Decision::Again(wait)
}

fn unsafe_for(why: Why) -> &'static str {
    match why {
        Why::Succeeded => "done",
        Why::MayHaveApplied => "not repeated: the request may have arrived",
        Why::Never => "not repeated: the document does not allow it",
        Why::Undocumented => "not repeated: the document does not say that it may be",
        Why::Unsent | Why::Refused | Why::Idempotent | Why::DedupeKey => "not repeated",
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again(Duration::ZERO) => f.write_str("repeated at once"),
            Self::Again(wait) => write!(f, "repeated after {} ms", wait.as_millis()),
            Self::Done(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(delta: Option<u64>, max: Option<u64>) -> RetryPolicy {
        RetryPolicy {
            times: 3,
            interval: Duration::from_secs(10),
            delta: delta.map(Duration::from_secs),
            max: max.map(Duration::from_secs),
            fast_first: false,
        }
    }

    fn seconds(policy: &RetryPolicy, random: f64) -> Vec<f64> {
        (1..=5).map(|count| policy.wait(count, random).as_secs_f64()).collect()
    }

    #[test]
    fn an_interval_alone_is_fixed() {
        assert_eq!(seconds(&policy(None, None), 0.5), [10.0; 5]);
    }

    #[test]
    fn a_delta_grows_by_itself() {
        assert_eq!(seconds(&policy(Some(5), None), 0.5), [10.0, 15.0, 20.0, 25.0, 30.0]);
    }

    #[test]
    fn with_a_maximum_it_doubles_up_to_there() {
        assert_eq!(seconds(&policy(Some(5), Some(40)), 0.5), [15.0, 25.0, 40.0, 40.0, 40.0]);
        let low = seconds(&policy(Some(5), Some(40)), 0.0);
        let high = seconds(&policy(Some(5), Some(40)), 1.0);
        assert_eq!((low[0], low[4], high[0], high[4]), (14.0, 39.0, 16.0, 41.0));
    }

    #[test]
    fn a_fast_first_repeat_comes_at_once() {
        let policy = RetryPolicy { fast_first: true, ..policy(None, None) };
        assert_eq!(seconds(&policy, 0.5), [0.0, 10.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn only_a_safe_repeat_with_a_plan_and_time_is_made() {
        let safe = Retry { safe: true, after: Some(7), why: Why::DedupeKey };
        let unsafe_ = Retry { safe: false, after: None, why: Why::MayHaveApplied };
        let policy = RetryPolicy { interval: Duration::from_secs(1), ..policy(None, None) };
        let policy = Rhythm::Policy(&policy);
        let minute = Duration::from_mins(1);
        let done = |retry, rhythm, attempt, left| {
            matches!(decide(retry, rhythm, attempt, left, 0.0), Decision::Done(_))
        };
        assert_eq!(decide(&safe, &policy, 1, minute, 0.0), Decision::Again(Duration::from_secs(7)));
        assert!(done(&unsafe_, &policy, 1, minute));
        assert!(done(&safe, &Rhythm::Off, 1, minute));
        assert!(done(&safe, &policy, 4, minute));
        assert!(done(&safe, &policy, 1, Duration::from_secs(7)));
        let forever = Retry { after: Some(u64::MAX), ..safe };
        assert!(done(&forever, &policy, 1, Duration::MAX));
    }

    #[test]
    fn a_told_wait_is_lengthened_and_never_shortened() {
        let safe = Retry { safe: true, after: Some(60), why: Why::Refused };
        let rhythm = Rhythm::Between(2, Duration::from_secs(1), Duration::from_secs(2));
        for random in [0.0, 0.5, 1.0] {
            let decision = decide(&safe, &rhythm, 1, Duration::from_mins(5), random);
            assert_eq!(decision, Decision::Again(Duration::from_secs_f64(60.0 + random)));
        }
    }

    #[test]
    fn a_row_s_own_wait_is_taken_from_its_range() {
        let safe = Retry { safe: true, after: None, why: Why::Idempotent };
        let rhythm = Rhythm::Between(2, Duration::from_secs(1), Duration::from_secs(2));
        let minute = Duration::from_mins(1);
        let wait = |random| decide(&safe, &rhythm, 2, minute, random);
        assert_eq!(wait(0.0), Decision::Again(Duration::from_secs(1)));
        assert_eq!(wait(1.0), Decision::Again(Duration::from_secs(2)));
        assert!(matches!(decide(&safe, &rhythm, 3, minute, 0.5), Decision::Done(_)));
    }
}
