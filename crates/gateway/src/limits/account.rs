//! What one caller may do, and what it has used of that.
//!
//! A call is held against three limits, the cheapest refusal first: its rate (counted by what is
//! asked, so that a flood ends here), its slots (it may have to wait for one), its quota (counted
//! last, by what is let through).

use super::fields::Policy;
use super::{
    Concurrency, ConcurrencyRule, Meter, Permit, Quota, QuotaRule, Rate, Smooth, SmoothRule, Window,
};
use crate::clock::Clock;
use crate::reload::kept;
use candor_facts::{Held, HeldKind};
use http::HeaderMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The limits of a caller; what is `None` is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// How many calls may pass in a time.
    pub rate: Option<CallerRate>,
    /// How many calls at once.
    pub concurrency: Option<ConcurrencyRule>,
    /// How many calls in a day or a month.
    pub quota: Option<QuotaRule>,
}

/// How a caller's calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerRate {
    /// Spread evenly, with a burst.
    Smooth(SmoothRule),
    /// In fixed windows.
    Window(Rate),
}

/// What a caller has used of its terms.
#[derive(Debug)]
pub struct Account {
    /// Shared by all accounts of the same terms.
    told: Arc<Told>,
    rate: Option<Arc<Mutex<Box<dyn Meter>>>>,
    slots: Option<Arc<Concurrency>>,
    quota: Option<Arc<Mutex<Quota>>>,
}

/// Terms, with what callers are told of them.
#[derive(Debug)]
pub(crate) struct Told {
    terms: Terms,
    rate: Option<Policy>,
    quota: Option<Policy>,
}

/// A call that was let through. Keep it for as long as the call is under way.
#[derive(Debug)]
#[must_use = "dropping it ends the call's turn"]
pub struct Admission {
    _slot: Option<Permit>,
}

impl CallerRate {
    fn meter(self) -> Box<dyn Meter> {
        match self {
            Self::Smooth(rule) => Box::new(Smooth::new(rule)),
            Self::Window(rate) => Box::new(Window::new(rate)),
        }
    }

    /// A burst is told as what passes in the time in which it comes back.
    fn policy(self) -> Policy {
        let (calls, per) = match self {
            Self::Smooth(rule) => (rule.burst(), rule.refills_in()),
            Self::Window(rate) => (rate.calls(), rate.per()),
        };
        Policy::new("default", calls, Some(per))
    }
}

impl Told {
    pub(crate) fn new(terms: Terms) -> Arc<Self> {
        let quota = |rule: QuotaRule| Policy::new(rule.per.name(), rule.calls, rule.per.length());
        let (rate, quota) = (terms.rate.map(CallerRate::policy), terms.quota.map(quota));
        Arc::new(Self { terms, rate, quota })
    }
}

impl Account {
    /// An account of which nothing is used.
    pub fn new(terms: Terms) -> Self {
        Self::of(Told::new(terms))
    }

    pub(crate) fn of(told: Arc<Told>) -> Self {
        let Terms { rate, concurrency, quota } = told.terms;
        Self {
            rate: rate.map(|rate| Arc::new(Mutex::new(rate.meter()))),
            slots: concurrency.map(|rule| Arc::new(Concurrency::new(rule, Instant::now()))),
            quota: quota.map(|rule| Arc::new(Mutex::new(Quota::new(rule)))),
            told,
        }
    }

    /// The account by these terms of whoever has used `before` so far. Each limit goes on where it is
    /// the same, and a quota by another number too: what was used of it stays used.
    pub(crate) fn after(told: Arc<Told>, before: &Self) -> Self {
        let new = Self::of(told);
        let (terms, old) = (new.told.terms, before.told.terms);
        let quota = match (terms.quota, &before.quota) {
            (Some(rule), Some(used)) if Some(rule) == old.quota => Some(Arc::clone(used)),
            (Some(rule), Some(used)) => Some(Arc::new(Mutex::new(lock(used).under(rule)))),
            (_, _) => new.quota,
        };
        Self {
            rate: if terms.rate == old.rate { before.rate.clone() } else { new.rate },
            slots: kept(new.slots.as_ref(), before.slots.as_ref(), Concurrency::rule),
            quota,
            told: new.told,
        }
    }

    /// Lets a call through, perhaps after it has waited in line.
    ///
    /// # Errors
    /// The call is held back as `RateLimited` (too many, or too many at once), as `QuotaExceeded`,
    /// or as `DeadlineExceeded` where its own time was up first. All but the last say when to come
    /// back.
    pub async fn admit(&self, clock: &Clock, deadline: Instant) -> Result<Admission, Held> {
        if let Some(rate) = &self.rate {
            let counted = lock(rate).admit(Instant::now());
            counted.map_err(|refused| refused.held(HeldKind::RateLimited, "the caller's rate"))?;
        }
        let slot = match &self.slots {
            None => None,
            Some(slots) => {
                let waiting = Box::pin(slots.acquire(Instant::now(), deadline));
                Some(waiting.await.map_err(|refused| {
                    refused.held(HeldKind::RateLimited, "the number of the caller's calls at once")
                })?)
            }
        };
        if let Some(quota) = &self.quota {
            let counted = lock(quota).admit(clock.now());
            counted
                .map_err(|refused| refused.held(HeldKind::QuotaExceeded, "the caller's quota"))?;
        }
        Ok(Admission { _slot: slot })
    }

    /// Adds how the account stands to an answer's header, whether the call was let through or not.
    pub fn tell(&self, clock: &Clock, headers: &mut HeaderMap) {
        if let (Some(rate), Some(policy)) = (&self.rate, &self.told.rate) {
            let standing = lock(rate).standing(Instant::now());
            policy.tell(standing, headers);
        }
        if let (Some(quota), Some(policy)) = (&self.quota, &self.told.quota) {
            let standing = lock(quota).standing(clock.now());
            policy.tell(standing, headers);
        }
    }

    /// Whether nothing is used, so that nobody gets more than its limit where a new account takes
    /// the place of this one.
    pub(crate) fn is_as_new(&self, clock: &Clock) -> bool {
        let rate = self.rate.as_ref();
        let quota = self.quota.as_ref();
        rate.is_none_or(|rate| lock(rate).standing(Instant::now()).reset.is_zero())
            && quota.is_none_or(|quota| lock(quota).standing(clock.now()).reset.is_zero())
            && self.slots.as_ref().is_none_or(|slots| slots.in_flight() + slots.waiting() == 0)
    }
}

fn lock<T: ?Sized>(meter: &Mutex<T>) -> MutexGuard<'_, T> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{LineRule, Period, RATE_LIMIT, RATE_LIMIT_POLICY};
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    const MINUTE: Duration = Duration::from_mins(1);

    /// 2026-11-21, ten seconds before midnight.
    fn evening() -> (Clock, Arc<AtomicI64>) {
        let millis: jiff::Timestamp = "2026-11-21T23:59:50Z".parse().unwrap();
        let millis = Arc::new(AtomicI64::new(millis.as_millisecond()));
        (Clock::Set(Arc::clone(&millis)), millis)
    }

    fn rate(calls: u32) -> CallerRate {
        CallerRate::Window(Rate::new(calls, MINUTE).unwrap())
    }

    fn quota(calls: u32) -> QuotaRule {
        QuotaRule { calls, per: Period::Day }
    }

    fn at_once(calls: u32, places: u32) -> ConcurrencyRule {
        ConcurrencyRule { calls, line: LineRule { places, ..LineRule::default() } }
    }

    async fn admit(account: &Account, clock: &Clock) -> Result<Admission, (HeldKind, Option<u64>)> {
        let admission = account.admit(clock, Instant::now() + MINUTE).await;
        admission.map_err(|held| (held.kind, held.after))
    }

    fn told(account: &Account, clock: &Clock) -> [Vec<String>; 2] {
        let mut headers = HeaderMap::new();
        account.tell(clock, &mut headers);
        [RATE_LIMIT_POLICY, RATE_LIMIT].map(|name| {
            let values = headers.get_all(name).into_iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn no_terms_are_no_limits() {
        let (account, (clock, _)) = (Account::new(Terms::default()), evening());
        for _ in 0..1000 {
            let _admission = admit(&account, &clock).await.unwrap();
        }
        assert_eq!(told(&account, &clock), [Vec::<String>::new(), Vec::new()]);
        assert!(account.is_as_new(&clock));
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_says_what_it_is_and_when_to_come_back() {
        let (clock, _) = evening();
        for (terms, expected) in [
            (Terms { rate: Some(rate(1)), ..Terms::default() }, (HeldKind::RateLimited, Some(60))),
            (
                Terms { quota: Some(quota(1)), ..Terms::default() },
                (HeldKind::QuotaExceeded, Some(10)),
            ),
            (
                Terms { concurrency: Some(at_once(1, 0)), ..Terms::default() },
                (HeldKind::RateLimited, Some(1)),
            ),
        ] {
            let account = Account::new(terms);
            let _admission = admit(&account, &clock).await.unwrap();
            assert_eq!(admit(&account, &clock).await.unwrap_err(), expected);
            assert!(!account.is_as_new(&clock));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_for_its_rate_uses_no_quota() {
        let (clock, _) = evening();
        let account =
            Account::new(Terms { rate: Some(rate(2)), quota: Some(quota(5)), concurrency: None });
        for _ in 0..10 {
            admit(&account, &clock).await.ok();
        }
        let [policies, standings] = told(&account, &clock);
        assert_eq!(policies, ["\"default\";q=2;w=60", "\"day\";q=5;w=86400"]);
        assert_eq!(standings, ["\"default\";r=0;t=60", "\"day\";r=3;t=10"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_is_as_new_once_all_its_limits_are() {
        let (clock, millis) = evening();
        let smooth = SmoothRule::new(Rate::new(60, MINUTE).unwrap(), 5).unwrap();
        let account = Account::new(Terms {
            rate: Some(CallerRate::Smooth(smooth)),
            concurrency: Some(at_once(1, 0)),
            quota: Some(quota(5)),
        });
        let admission = admit(&account, &clock).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!account.is_as_new(&clock));
        millis.fetch_add(10_000, Ordering::Relaxed);
        assert!(!account.is_as_new(&clock));
        drop(admission);
        assert!(account.is_as_new(&clock));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_its_turn_and_no_longer_than_it_may() {
        let (clock, _) = evening();
        let account = Account::new(Terms { concurrency: Some(at_once(1, 1)), ..Terms::default() });
        let first = admit(&account, &clock).await.unwrap();
        let soon = Instant::now() + Duration::from_millis(100);
        let held = account.admit(&clock, soon).await.unwrap_err();
        assert_eq!(held.kind, HeldKind::DeadlineExceeded);
        let frees = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(admit(&account, &clock), frees);
        assert!(second.is_ok());
    }
}
