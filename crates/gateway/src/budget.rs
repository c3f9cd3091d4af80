//! How much repeating an upstream has to bear: one part in five of its calls, above a reserve.
//!
//! A contract may allow every call three repeats; when an upstream fails for everybody, that would
//! send it four times its load. The budget bounds the sum: repeats are at most a fifth of the calls,
//! plus a reserve of ten, so that a lone call still gets its documented repeats. The reserve comes
//! back by one a minute.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// One repeat, in the unit of the account.
const REPEAT: i64 = 1000;
/// How often one repeat of the reserve comes back.
const COMES_BACK: Duration = Duration::from_mins(1);

/// What a budget allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetSettings {
    /// Repeats for each call, on average: 0.2.
    pub ratio: f64,
    /// Repeats beyond that: 10.
    pub reserve: u32,
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self { ratio: 0.2, reserve: 10 }
    }
}

/// The account of one upstream. All workers share it.
#[derive(Debug)]
pub(crate) struct Budget {
    settings: BudgetSettings,
    account: AtomicI64,
    started: Instant,
    /// How many times the reserve has come back by one.
    came_back: AtomicU64,
}

impl Budget {
    pub(crate) fn new(settings: BudgetSettings) -> Self {
        let account = AtomicI64::new(i64::from(settings.reserve) * REPEAT);
        Self { settings, account, started: Instant::now(), came_back: AtomicU64::new(0) }
    }

    /// What it allows.
    pub(crate) fn settings(&self) -> BudgetSettings {
        self.settings
    }

    /// A call pays in.
    pub(crate) fn call(&self) {
        #[expect(clippy::cast_possible_truncation, reason = "a part of 1000")]
        let part = (self.settings.ratio.clamp(0.0, 10.0) * 1000.0) as i64;
        self.pay_in(part);
    }

    /// Whether there is enough for a repeat; then it is paid.
    pub(crate) fn repeat(&self, now: Instant) -> bool {
        self.bring_back(now);
        let enough = |account: i64| (account >= REPEAT).then_some(account - REPEAT);
        self.account.fetch_update(Ordering::AcqRel, Ordering::Acquire, enough).is_ok()
    }

    fn bring_back(&self, now: Instant) {
        let minutes = now.duration_since(self.started).as_secs() / COMES_BACK.as_secs();
        let before = self.came_back.fetch_max(minutes, Ordering::AcqRel);
        let more = i64::try_from(minutes.saturating_sub(before)).unwrap_or(0);
        if more > 0 {
            self.pay_in(more.saturating_mul(REPEAT));
        }
    }

    /// What is above the reserve is lost: a quiet day is no reason for a storm.
    fn pay_in(&self, part: i64) {
        let most = i64::from(self.settings.reserve).max(1) * REPEAT;
        let more = |account: i64| (account < most).then(|| account.saturating_add(part).min(most));
        // Where the account is full there is nothing to do.
        let _full_or_not = self.account.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn repeats_are_a_fifth_of_the_calls_above_the_reserve() {
        let (budget, now) = (Budget::new(BudgetSettings::default()), Instant::now());
        let mut repeats = 0;
        for _ in 0..1000 {
            budget.call();
            repeats += (0..3).filter(|_| budget.repeat(now)).count();
        }
        assert!((200..=210).contains(&repeats), "{repeats}");
    }

    #[tokio::test]
    async fn a_lone_call_has_the_reserve() {
        let (budget, now) = (Budget::new(BudgetSettings::default()), Instant::now());
        budget.call();
        assert_eq!((0..20).filter(|_| budget.repeat(now)).count(), 10);
    }

    #[tokio::test]
    async fn the_reserve_comes_back_by_one_a_minute() {
        let (budget, now) = (Budget::new(BudgetSettings::default()), Instant::now());
        while budget.repeat(now) {}
        let later = now + Duration::from_mins(3);
        assert_eq!((0..20).filter(|_| budget.repeat(later)).count(), 3);
        assert!(!budget.repeat(later));
        let much_later = now + Duration::from_hours(24);
        assert_eq!((0..20).filter(|_| budget.repeat(much_later)).count(), 10);
    }
}
