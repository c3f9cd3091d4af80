//! So many calls in a day or a month of the calendar (UTC).
//!
//! What a caller has bought rather than what a machine can bear: it follows the calendar, so that a
//! person can say when it begins anew.

use super::{Refused, Standing, Why};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::time::Duration;

/// A number of calls in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaRule {
    /// How many calls. None at all where it is 0.
    pub calls: u32,
    /// In which period.
    pub per: Period,
}

/// A period of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// What has been used of a quota.
#[derive(Debug, Clone)]
pub struct Quota {
    rule: QuotaRule,
    /// When the period began that `used` is of.
    began: Date,
    used: u32,
}

impl Period {
    /// Under which name callers are told of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Its length, where that is always the same.
    pub(super) fn length(self) -> Option<Duration> {
        match self {
            Self::Day => Some(Duration::from_hours(24)),
            Self::Month => None,
        }
    }

    fn beginning(self, now: Timestamp) -> Date {
        let today = Offset::UTC.to_datetime(now).date();
        match self {
            Self::Day => today,
            Self::Month => today.first_of_month(),
        }
    }

    /// How long the period of `now` still is: at least a second.
    fn left(self, now: Timestamp) -> Duration {
        let last = match self {
            Self::Day => self.beginning(now),
            Self::Month => self.beginning(now).last_of_month(),
        };
        let end = last
            .tomorrow()
            .ok()
            .and_then(|next| Offset::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok());
        let left = end.map_or(0, |end| end.as_second().saturating_sub(now.as_second()));
        Duration::from_secs(u64::try_from(left).unwrap_or_default().max(1))
    }
}

impl Quota {
    /// A quota of which nothing is used.
    pub fn new(rule: QuotaRule) -> Self {
        Self { rule, began: Date::MIN, used: 0 }
    }

    /// What has been used, under another rule: in another period nothing was.
    pub(super) fn under(&self, rule: QuotaRule) -> Self {
        if rule.per == self.rule.per { Self { rule, ..self.clone() } } else { Self::new(rule) }
    }

    /// Counts a call, or says when the next period begins. A clock that is set back begins no
    /// period anew.
    ///
    /// # Errors
    /// The quota is used up; nothing is counted.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Refused> {
        let period = self.rule.per.beginning(now);
        if period > self.began {
            (self.began, self.used) = (period, 0);
        }
        if self.used >= self.rule.calls {
            return Err(Refused::new(Why::Spent, self.rule.per.left(now)));
        }
        self.used += 1;
        Ok(())
    }

    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let used = if self.rule.per.beginning(now) > self.began { 0 } else { self.used };
        let reset = if used == 0 { Duration::ZERO } else { self.rule.per.left(now) };
        Standing { remaining: self.rule.calls.saturating_sub(used), reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn quota(calls: u32, per: Period) -> Quota {
        Quota::new(QuotaRule { calls, per })
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let mut quota = quota(1, Period::Day);
        quota.admit(at("2026-11-21T10:00:00Z")).unwrap();
        let refused = quota.admit(at("2026-11-21T23:59:50Z")).unwrap_err();
        assert_eq!((refused.why, refused.after), (Why::Spent, Duration::from_secs(10)));
        quota.admit(at("2026-11-22T00:00:00Z")).unwrap();
    }

    #[test]
    fn a_month_has_its_own_length() {
        let mut quota = quota(1, Period::Month);
        quota.admit(at("2028-02-01T00:00:00Z")).unwrap();
        let standing = quota.standing(at("2028-02-29T23:00:00Z"));
        assert_eq!(standing, Standing { remaining: 0, reset: Duration::from_hours(1) });
        assert_eq!(quota.standing(at("2028-03-01T00:00:00Z")).remaining, 1);
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing() {
        let mut quota = quota(1, Period::Day);
        quota.admit(at("2026-11-21T10:00:00Z")).unwrap();
        assert!(quota.admit(at("2026-11-20T10:00:00Z")).is_err());
        assert!(quota.admit(at("2026-11-21T10:00:00Z")).is_err());
    }

    proptest! {
        #[test]
        fn no_period_holds_more_than_the_quota_and_none_holds_less(
            calls in 0_u32..6,
            month in any::<bool>(),
            gaps in prop::collection::vec(0_i64..40_000, 1..400),
        ) {
            let per = if month { Period::Month } else { Period::Day };
            let mut quota = quota(calls, per);
            let mut now = at("2026-11-21T10:00:00Z").as_second();
            let mut used: HashMap<String, u32> = HashMap::new();
            for gap in gaps {
                now += gap;
                let time = Timestamp::from_second(now).unwrap();
                let length = if month { 7 } else { 10 };
                let shown: String = time.to_string().chars().take(length).collect();
                let used = used.entry(shown).or_default();
                let passes = quota.admit(time);
                prop_assert_eq!(passes.is_ok(), *used < calls);
                *used += u32::from(passes.is_ok());
                prop_assert_eq!(quota.standing(time).remaining, calls - *used);
            }
        }
    }
}
