//! Calls spread evenly, with a burst.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): an account is one time, at which it would
//! be full again. Each call moves that time on by the distance between two calls; a call that would
//! move it further ahead than the burst may not pass. In any time L there pass at most
//! `burst + L × calls / per` calls.

use super::{BadRate, Meter, Rate, Refused, Standing, Why};
use std::time::Duration;
use tokio::time::Instant;

/// An even rate and its burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SmoothRule {
    rate: Rate,
    burst: u32,
    /// From one call to the next, rounded up, so that the rate is never exceeded.
    step: Duration,
}

/// An account that fills evenly.
#[derive(Debug, Clone)]
pub struct Smooth {
    rule: SmoothRule,
    /// When it is full again; `None` before the first call.
    full: Option<Instant>,
}

impl SmoothRule {
    /// The calls of `rate`, evenly, of which `burst` may come at once.
    ///
    /// # Errors
    /// The burst is none, or more than the calls of the rate.
    pub fn new(rate: Rate, burst: u32) -> Result<Self, BadRate> {
        if !(1..=rate.calls()).contains(&burst) {
            return Err(BadRate::Burst);
        }
        let step = rate.per().as_nanos().div_ceil(u128::from(rate.calls()));
        let step = Duration::from_nanos_u128(step);
        Ok(Self { rate, burst, step })
    }

    /// The rate.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// How many calls may come at once.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// The time in which an empty account is full again.
    pub fn refills_in(&self) -> Duration {
        self.step.saturating_mul(self.burst)
    }
}

impl Smooth {
    /// A full account.
    pub fn new(rule: SmoothRule) -> Self {
        Self { rule, full: None }
    }

    /// How much time it takes until the account is full.
    fn ahead(&self, now: Instant) -> Duration {
        self.full.map(|full| full.saturating_duration_since(now)).unwrap_or_default()
    }
}

impl Meter for Smooth {
    fn admit(&mut self, now: Instant) -> Result<(), Refused> {
        let ahead = self.ahead(now) + self.rule.step;
        let after = ahead.saturating_sub(self.rule.refills_in());
        if !after.is_zero() {
            return Err(Refused::new(Why::Spent, after));
        }
        self.full = Some(now + ahead);
        Ok(())
    }

    fn standing(&self, now: Instant) -> Standing {
        let (step, ahead) = (self.rule.step.as_nanos(), self.ahead(now));
        let room = self.rule.refills_in().saturating_sub(ahead);
        let remaining = u32::try_from(room.as_nanos() / step).unwrap_or(u32::MAX);
        let part = Duration::from_nanos_u128(ahead.as_nanos() % step);
        let reset = if part.is_zero() && !ahead.is_zero() { self.rule.step } else { part };
        Standing { remaining, reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(calls: u32, secs: u64, burst: u32) -> SmoothRule {
        SmoothRule::new(Rate::new(calls, Duration::from_secs(secs)).unwrap(), burst).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_call_a_step() {
        let (mut account, start) = (Smooth::new(rule(10, 1, 3)), Instant::now());
        for left in [2, 1, 0] {
            account.admit(start).unwrap();
            assert_eq!(account.standing(start).remaining, left);
        }
        let refused = account.admit(start).unwrap_err();
        assert_eq!(refused.after, Duration::from_millis(100));
        let next = start + refused.after;
        account.admit(next).unwrap();
        assert_eq!(account.standing(next).reset, Duration::from_millis(100));
        assert!(account.admit(next).is_err());
        assert_eq!(account.standing(next + Duration::from_secs(9)).remaining, 3);
    }

    #[test]
    fn a_burst_is_at_most_the_rate() {
        let rate = Rate::new(10, Duration::from_secs(1)).unwrap();
        assert_eq!(SmoothRule::new(rate, 0), Err(BadRate::Burst));
        assert_eq!(SmoothRule::new(rate, 11), Err(BadRate::Burst));
    }

    #[test]
    fn the_long_run_has_the_rate_exactly() {
        let (mut account, start) = (Smooth::new(rule(7, 1, 2)), Instant::now());
        let asks = (0..100_000).map(|step| start + Duration::from_millis(step));
        let passed = asks.filter(|now| account.admit(*now).is_ok()).count();
        // 100 s at 7 a second, and the burst; steps of 1 ms lose less than 1 ms a call.
        assert!((695..=702).contains(&passed), "{passed}");
    }

    proptest! {
        #[test]
        fn no_time_holds_more_than_the_burst_and_its_share(
            calls in 1_u32..50,
            part in 1_u32..50,
            gaps in prop::collection::vec(0_u64..60, 1..400),
        ) {
            let rule = rule(calls, 1, part.min(calls));
            let mut account = Smooth::new(rule);
            let mut now = Instant::now();
            let mut passed = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                match account.admit(now) {
                    Ok(()) => passed.push(now),
                    Err(refused) => {
                        prop_assert!(account.clone().admit(now + refused.after).is_ok());
                        let early = now + refused.after - Duration::from_nanos(1);
                        prop_assert!(account.clone().admit(early).is_err());
                    }
                }
            }
            for (from, first) in passed.iter().enumerate() {
                for (to, last) in passed.iter().enumerate().skip(from) {
                    let share = (*last - *first).as_nanos() / rule.step.as_nanos();
                    prop_assert!(((to - from) as u128) < u128::from(rule.burst) + share);
                }
            }
        }
    }
}
