//! Whether and when a call is sent again: the verdict's advice, the callback's policy, the time left.
//!
//! The verdict says whether a repeat is *safe*; nothing here overrides that. The policy says how
//! often and when, by the formulas of the documented retry policy (Create callback: interval,
//! delta, maximum, fast first retry).

use candor_facts::Retry;
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

/// Decides after attempt number `attempt` (from 1).
pub(crate) fn decide(
    retry: &Retry,
    policy: Option<&RetryPolicy>,
    attempt: u32,
    left: Duration,
    random: f64,
) -> Decision {
    use candor_facts::Why;
    if !retry.safe {
        return Decision::Done(match retry.why {
            Why::Succeeded => "done",
            Why::MayHaveApplied => "not repeated: the request may have arrived",
            Why::Never => "not repeated: the document does not allow it",
            Why::Undocumented => "not repeated: the document does not say that it may be",
            Why::Unsent | Why::Refused | Why::Idempotent | Why::DedupeKey => "not repeated",
        });
    }
    let Some(policy) = policy else {
        return Decision::Done("not repeated: the callback has no retry policy");
    };
    if attempt > policy.times {
        return Decision::Done("not repeated: the policy's attempts are used up");
    }
    let told = retry.after.map_or(Duration::ZERO, Duration::from_secs);
    let wait = policy.wait(attempt, random).max(told);
    if told > MAX_WAIT || wait >= left {
        return Decision::Done("not repeated: the wait is longer than the time left");
    }
    Decision::Again(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_facts::Why;

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
    fn only_a_safe_repeat_with_a_policy_and_time_is_made() {
        let safe = Retry { safe: true, after: Some(7), why: Why::DedupeKey };
        let unsafe_ = Retry { safe: false, after: None, why: Why::MayHaveApplied };
        let policy = RetryPolicy { interval: Duration::from_secs(1), ..policy(None, None) };
        let minute = Duration::from_mins(1);
        let told = Decision::Again(Duration::from_secs(7));
        assert_eq!(decide(&safe, Some(&policy), 1, minute, 0.5), told);
        let done = |retry, policy, attempt, left| {
            matches!(decide(retry, policy, attempt, left, 0.5), Decision::Done(_))
        };
        assert!(done(&unsafe_, Some(&policy), 1, minute));
        assert!(done(&safe, None, 1, minute));
        assert!(done(&safe, Some(&policy), 4, minute));
        assert!(done(&safe, Some(&policy), 1, Duration::from_secs(7)));
        let forever = Retry { after: Some(u64::MAX), ..safe };
        assert!(done(&forever, Some(&policy), 1, Duration::MAX));
    }
}
