//! Quotas: so much in a sliding window, for the whole fleet.
//!
//! The rule is kept here, as values; an engine only holds a window's row while it is asked.
//!
//! A unit is granted at a moment and reaches the vendor at a later one, at most a *margin* later.
//! Whatever arrives in an interval as long as the window was thus granted in an interval as long as
//! the window and the margin together. So a unit counts until that time has passed, and some more,
//! because grants are counted by slots of a hundredth of it.

use crate::text::{LONGEST_NAME, check, name};
use crate::time::millis;
use crate::{EngineError, Time};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many slots a window has.
const SLOTS: i64 = 100;
/// How many slots are kept, where rules change while units count. The oldest are then counted with
/// their successors, which is longer than needed.
const MOST_SLOTS: usize = 400;

name! {
    /// What a quota is for, such as a vendor's key.
    QuotaKey, "a quota's name"
}

/// A vendor's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaRule {
    /// How many units.
    pub limit: u32,
    /// In every interval of this length.
    pub window: Duration,
    /// How much later than it was asked for a unit may reach the vendor. A node must not use a
    /// unit that it has held for longer; it gives it back or lets it lapse.
    pub margin: Duration,
}

/// Units that may be used, once each. Giving some back takes the grant, so that none is given back
/// twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// What they are for.
    pub key: QuotaKey,
    /// How many; fewer than were asked for where there are no more.
    pub granted: u32,
    /// How many are left for others.
    pub left: u32,
    /// How long it is until there are more, by the engine's clock; none where there are some.
    pub wait: Option<Duration>,
    /// When the units no longer count.
    pub(crate) free_at: Time,
}

/// What counts towards a quota.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The latest time seen. The window never goes back, even where a clock does.
    #[serde(default)]
    seen: i64,
    /// When units no longer count, and how many: sorted by time.
    #[serde(default)]
    counted: Vec<(i64, u32)>,
}

impl Window {
    /// Reads what [`Window::to_json`] wrote.
    pub(crate) fn from_json(text: &str) -> Result<Self, EngineError> {
        serde_json::from_str(text).map_err(|e| EngineError::corrupt(format!("a quota: {e}")))
    }

    /// The window as text, to be stored.
    pub(crate) fn to_json(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(|e| EngineError::corrupt(format!("a quota: {e}")))
    }

    /// When nothing counts any more.
    pub(crate) fn idle_at(&self) -> Time {
        Time::from_millis(self.counted.last().map_or(self.seen, |(free_at, _)| *free_at))
    }

    /// Grants as many of `want` units as the rule leaves.
    pub(crate) fn grant(
        &mut self,
        key: &QuotaKey,
        now: Time,
        want: u32,
        rule: &QuotaRule,
    ) -> Grant {
        self.seen = self.seen.max(now.as_millis());
        let seen = self.seen;
        self.counted.retain(|(free_at, _)| *free_at > seen);
        let used = self.counted.iter().fold(0_u32, |sum, (_, units)| sum.saturating_add(*units));
        let room = rule.limit.saturating_sub(used);
        let granted = want.min(room);
        let free_at = free_at(seen, rule);
        if granted > 0 {
            self.count(free_at, granted);
        }
        let left = room - granted;
        Grant {
            key: key.clone(),
            granted,
            left,
            wait: (left == 0).then(|| self.wait()).flatten(),
            free_at: Time::from_millis(free_at),
        }
    }

    /// Takes back units that were granted and not used.
    pub(crate) fn give_back(&mut self, grant: &Grant, unused: u32) {
        let free_at = grant.free_at.as_millis();
        if let Some((_, units)) = self.counted.iter_mut().find(|(at, _)| *at == free_at) {
            *units = units.saturating_sub(unused.min(grant.granted));
        }
        self.counted.retain(|(_, units)| *units > 0);
    }

    fn count(&mut self, free_at: i64, units: u32) {
        match self.counted.binary_search_by_key(&free_at, |(at, _)| *at) {
            Ok(found) => {
                if let Some((_, sum)) = self.counted.get_mut(found) {
                    *sum = sum.saturating_add(units);
                }
            }
            Err(place) => self.counted.insert(place, (free_at, units)),
        }
        if self.counted.len() > MOST_SLOTS {
            let (_, oldest) = self.counted.remove(0);
            if let Some((_, next)) = self.counted.first_mut() {
                *next = next.saturating_add(oldest);
            }
        }
    }

    /// How long it is until some unit no longer counts.
    fn wait(&self) -> Option<Duration> {
        let (free_at, _) = self.counted.first()?;
        Some(Time::from_millis(*free_at).since(Time::from_millis(self.seen)))
    }
}

/// When a unit that is granted at `now` no longer counts: at the end of its slot, a window and a
/// margin later.
fn free_at(now: i64, rule: &QuotaRule) -> i64 {
    let span = millis(rule.window).saturating_add(millis(rule.margin));
    let slot = (span / SLOTS).max(1);
    now.div_euclid(slot).saturating_add(1).saturating_mul(slot).saturating_add(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: QuotaRule =
        QuotaRule { limit: 1000, window: Duration::from_mins(5), margin: Duration::from_secs(2) };

    fn key() -> QuotaKey {
        QuotaKey::new("vendor").unwrap()
    }

    #[test]
    fn grants_what_is_left_and_says_when_there_is_more() {
        let mut window = Window::default();
        let first = window.grant(&key(), Time::from_millis(0), 900, &RULE);
        assert_eq!((first.granted, first.left, first.wait), (900, 100, None));
        let second = window.grant(&key(), Time::from_millis(1), 900, &RULE);
        assert_eq!((second.granted, second.left), (100, 0));
        let wait = second.wait.unwrap();
        assert!(wait >= Duration::from_millis(301_999), "{wait:?}");
        let after = Time::from_millis(1).after(wait);
        assert_eq!(window.grant(&key(), after, 2000, &RULE).granted, 1000);
    }

    #[test]
    fn what_is_given_back_is_there_for_others() {
        let mut window = Window::default();
        let grant = window.grant(&key(), Time::from_millis(0), 1000, &RULE);
        window.give_back(&grant, 400);
        assert_eq!(window.grant(&key(), Time::from_millis(0), 500, &RULE).granted, 400);
    }

    #[test]
    fn a_clock_that_goes_back_frees_nothing() {
        let mut window = Window::default();
        window.grant(&key(), Time::from_millis(1_000_000), 1000, &RULE);
        assert_eq!(window.grant(&key(), Time::from_millis(5), 1, &RULE).granted, 0);
    }

    #[test]
    fn a_window_stays_small() {
        let mut window = Window::default();
        let rule = QuotaRule { limit: u32::MAX, ..RULE };
        for second in 0..100_000 {
            window.grant(&key(), Time::from_millis(second * 1000), 1, &rule);
        }
        assert!(window.counted.len() <= 102, "{}", window.counted.len());
        let back = Window::from_json(&window.to_json().unwrap()).unwrap();
        assert_eq!(back, window);
    }

    proptest! {
        /// Arrivals are as late as they may be, or not late at all, in any mixture.
        #[test]
        fn no_interval_sees_more_than_the_limit(
            steps in prop::collection::vec((0_i64..3000, 0_u32..60, 0_i64..=500), 1..200)
        ) {
            let rule = QuotaRule {
                limit: 50,
                window: Duration::from_secs(10),
                margin: Duration::from_millis(500),
            };
            let mut window = Window::default();
            let (mut now, mut arrivals) = (0, Vec::new());
            for (step, want, late) in steps {
                now += step;
                let grant = window.grant(&key(), Time::from_millis(now), want, &rule);
                arrivals.push((now + late, grant.granted));
            }
            for (from, _) in &arrivals {
                let within = |at: i64| at >= *from && at < from + 10_000;
                let sum: u32 = arrivals.iter().filter(|(at, _)| within(*at)).map(|(_, n)| n).sum();
                prop_assert!(sum <= rule.limit, "{sum} in the window from {from}");
            }
        }
    }
}
