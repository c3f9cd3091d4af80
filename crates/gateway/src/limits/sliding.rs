//! Never more than n calls in any time t: how to stay under a vendor's limit.
//!
//! A log of the calls that passed, in at most [`SLOTS`] slots. Up to that many calls each has a slot
//! of its own and the log is exact; beyond, a slot holds a group of calls and counts as long as its
//! *last* call does. A group therefore counts too long rather than too short: some calls are held
//! back that could have passed (less than one in [`SLOTS`], and one), none passes that could not.
//!
//! The vendor counts when calls arrive and not when they pass here. Two calls that pass t apart
//! arrive closer together where the first took longer on its way. So a call counts for t and the
//! skew: the most by which the ways from here to the vendor's counter differ, connecting included.

use super::{BadRate, Meter, Rate, Refused, Standing, Why};
use std::time::Duration;
use tokio::time::Instant;

/// The most slots of a log; with 24 bytes each, a log takes at most 6 KiB.
const SLOTS: u32 = 256;

/// A vendor's limit, and the time that calls need to arrive there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlidingRule {
    rate: Rate,
    skew: Duration,
}

/// A log of the calls that passed.
#[derive(Debug, Clone)]
pub struct Sliding {
    rule: SlidingRule,
    /// In a ring: after the newest comes the oldest. Grows one by one, and then no more.
    slots: Vec<Slot>,
    newest: usize,
    groups: Groups,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// When the last of its calls passed.
    last: Instant,
    calls: u32,
}

/// How a number of calls is divided into slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Groups {
    /// The most slots.
    slots: u32,
    /// The most calls of a slot.
    calls: u32,
}

impl SlidingRule {
    /// Never more than the calls of `rate` in any interval of its time, as counted where calls
    /// arrive at most `skew` later than they could.
    ///
    /// # Errors
    /// The skew is longer than the time of the rate.
    pub fn new(rate: Rate, skew: Duration) -> Result<Self, BadRate> {
        if skew > rate.per() { Err(BadRate::Skew) } else { Ok(Self { rate, skew }) }
    }

    /// The rate.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The most by which the ways to the vendor's counter differ.
    pub fn skew(&self) -> Duration {
        self.skew
    }

    /// How long a call counts.
    fn counts(&self) -> Duration {
        self.rate.per() + self.skew
    }
}

impl Groups {
    fn of(rate: Rate) -> Self {
        let calls = rate.calls().div_ceil(SLOTS);
        Self { slots: rate.calls() / calls, calls }
    }

    /// How many calls fit into all slots.
    fn all(self) -> u32 {
        self.slots * self.calls
    }
}

impl Sliding {
    /// By which rule.
    pub(crate) fn rule(&self) -> SlidingRule {
        self.rule
    }

    /// The log of the same calls by another rule.
    pub(crate) fn under(&self, rule: SlidingRule) -> Self {
        let mut log = Self::new(rule);
        for slot in (0..self.slots.len()).filter_map(|place| self.slot(place)) {
            (0..slot.calls).for_each(|_| log.note(slot.last));
        }
        log
    }

    /// A log of no calls.
    pub fn new(rule: SlidingRule) -> Self {
        Self { rule, slots: Vec::new(), newest: 0, groups: Groups::of(rule.rate) }
    }

    /// The slot at a place, counted from the oldest.
    fn slot(&self, place: usize) -> Option<&Slot> {
        self.slots.get((self.newest + 1 + place) % self.slots.len().max(1))
    }

    /// The first slot that still counts, and how many calls do.
    fn counting(&self, now: Instant) -> (Option<&Slot>, u32) {
        let counts = |slot: &Slot| slot.last + self.rule.counts() > now;
        let (mut from, mut to) = (0, self.slots.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.slot(middle).is_some_and(counts) { to = middle } else { from = middle + 1 }
        }
        if from == self.slots.len() {
            return (None, 0);
        }
        // All slots are full but the newest.
        let full = u32::try_from(self.slots.len() - from - 1).unwrap_or(u32::MAX);
        let newest = self.slots.get(self.newest).map_or(0, |slot| slot.calls);
        (self.slot(from), full.saturating_mul(self.groups.calls).saturating_add(newest))
    }

    /// Notes a call that passed at `now`: in the newest slot, or in one of its own after it, which
    /// takes the place of the oldest where there are as many as may be.
    pub(super) fn note(&mut self, now: Instant) {
        let most = self.groups.calls;
        if let Some(slot) = self.slots.get_mut(self.newest).filter(|slot| slot.calls < most) {
            *slot = Slot { last: now, calls: slot.calls + 1 };
            return;
        }
        let (next, fresh) = (self.newest + 1, Slot { last: now, calls: 1 });
        if self.slots.len() < self.groups.slots as usize {
            self.newest = self.slots.len();
            self.slots.push(fresh);
        } else if let Some(oldest) = self.slots.get_mut(next % self.groups.slots as usize) {
            *oldest = fresh;
            self.newest = next % self.slots.len();
        }
    }

    /// Forgets all calls.
    fn forget(&mut self) {
        self.slots.clear();
        self.newest = 0;
    }
}

impl Meter for Sliding {
    fn admit(&mut self, now: Instant) -> Result<(), Refused> {
        // Threads may come in another order than they read the time; the log keeps its own.
        let now = self.slots.get(self.newest).map_or(now, |newest| newest.last.max(now));
        let standing = self.standing(now);
        if standing.remaining == 0 {
            return Err(Refused::new(Why::Spent, standing.reset));
        }
        if standing.remaining == self.groups.all() {
            self.forget();
        }
        self.note(now);
        Ok(())
    }

    fn standing(&self, now: Instant) -> Standing {
        let (oldest, used) = self.counting(now);
        let ends = oldest.map(|slot| slot.last + self.rule.counts());
        let reset = ends.map(|ends| ends.saturating_duration_since(now)).unwrap_or_default();
        Standing { remaining: self.groups.all().saturating_sub(used), reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(calls: u32, secs: u64, skew: u64) -> SlidingRule {
        let rate = Rate::new(calls, Duration::from_secs(secs)).unwrap();
        SlidingRule::new(rate, Duration::from_secs(skew)).unwrap()
    }

    #[test]
    fn a_fixed_window_s_edge_does_not_let_twice_the_limit_pass() {
        let (mut log, start) = (Sliding::new(rule(1000, 300, 2)), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        let passed = |log: &mut Sliding, now| (0..2000).filter(|_| log.admit(now).is_ok()).count();
        assert_eq!(passed(&mut log, at(299)), 1000);
        assert_eq!(passed(&mut log, at(301)), 0);
        assert_eq!(log.admit(at(301)).unwrap_err().after, Duration::from_mins(5));
        assert_eq!(passed(&mut log, at(601)), 1000);
    }

    #[test]
    fn its_standing_says_when_more_come() {
        let (mut log, start) = (Sliding::new(rule(3, 10, 1)), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        for (secs, remaining, reset) in [(0, 2, 11), (4, 1, 7), (6, 0, 5), (11, 0, 4)] {
            log.admit(at(secs)).unwrap();
            let expected = Standing { remaining, reset: Duration::from_secs(reset) };
            assert_eq!((secs, log.standing(at(secs))), (secs, expected));
        }
        assert_eq!(log.admit(at(12)).unwrap_err().after, Duration::from_secs(3));
    }

    #[test]
    fn calls_count_on_under_another_rule() {
        let (mut log, start) = (Sliding::new(rule(1000, 300, 0)), Instant::now());
        for step in 0..600_u64 {
            log.admit(start + Duration::from_millis(step)).unwrap();
        }
        for (calls, remaining) in [(1000, 400), (2000, 1400), (700, 100), (600, 0), (20, 0)] {
            let mut other = log.under(rule(calls, 200, 0));
            let now = start + Duration::from_secs(1);
            let left = other.standing(now).remaining;
            // Calls are counted in groups.
            assert!((remaining.max(8) - 8..=remaining).contains(&left), "{calls} {left}");
            let passed = (0..left + 5).filter(|_| other.admit(now).is_ok()).count();
            assert_eq!(passed, left as usize);
        }
    }

    #[test]
    fn a_log_stays_small() {
        let (mut log, start) = (Sliding::new(rule(1_000_000, 1, 0)), Instant::now());
        for step in 0..100_000_u64 {
            let _passes_or_not = log.admit(start + Duration::from_micros(step * 30));
        }
        assert!(log.slots.len() <= 256 && size_of::<Slot>() == 24);
    }

    proptest! {
        #[test]
        fn no_time_holds_more_than_the_limit(
            calls in prop_oneof![1_u32..12, 250_u32..900],
            skew in 0_u64..2,
            bursts in prop::collection::vec((0_u64..900, 1_usize..300), 1..60),
        ) {
            let rule = rule(calls, 2, skew);
            let mut log = Sliding::new(rule);
            let mut now = Instant::now();
            let mut passed: Vec<Instant> = Vec::new();
            for (gap, burst) in bursts {
                now += Duration::from_millis(gap);
                let gone = passed.partition_point(|at| *at + rule.counts() <= now);
                for _ in 0..burst {
                    match log.admit(now) {
                        Ok(()) => {
                            passed.push(now);
                            let used = passed.len() - gone;
                            let remaining = log.standing(now).remaining as usize;
                            prop_assert!(remaining + used <= calls as usize);
                        }
                        Err(refused) => {
                            let mut later = log.clone();
                            prop_assert!(later.admit(now + refused.after).is_ok());
                            break;
                        }
                    }
                }
            }
            for pair in passed.windows(calls as usize + 1) {
                prop_assert!(pair[pair.len() - 1] - pair[0] >= rule.counts());
            }
        }

        #[test]
        fn up_to_as_many_calls_as_slots_the_log_is_exact(
            calls in 1_u32..=256,
            gaps in prop::collection::vec(0_u64..40, 1..600),
        ) {
            let rule = rule(calls, 1, 0);
            let mut log = Sliding::new(rule);
            let mut now = Instant::now();
            let mut passed: Vec<Instant> = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                let used = passed.iter().filter(|at| **at + rule.counts() > now).count();
                let passes = log.admit(now).is_ok();
                prop_assert_eq!(passes, used < calls as usize);
                if passes {
                    passed.push(now);
                }
            }
        }
    }
}
