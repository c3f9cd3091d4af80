//! What an upstream may be asked.

use super::shared::SharedLimit;
use super::{Concurrency, ConcurrencyRule, Meter, Permit, Pools, SharedRule, Sliding, SlidingRule};
use crate::reload::kept;
use candor_facts::{Held, HeldKind};
use candor_ledger::{Engine, EngineError, QuotaKey};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Keeps the calls of all callers together under what an upstream bears: so many at once, and under
/// the vendor's own limit, so many in any time.
#[derive(Debug, Default)]
pub struct UpstreamLimits {
    slots: Option<Arc<Concurrency>>,
    log: Option<Arc<Mutex<Sliding>>>,
    shared: Option<Arc<SharedLimit>>,
}

/// A call that may be sent now. Keep it until the answer is there.
#[derive(Debug)]
#[must_use = "dropping it ends the call's turn"]
pub struct Turn {
    _slot: Option<Permit>,
}

impl UpstreamLimits {
    /// Limits of which nothing is used; what is `None` is not limited.
    pub fn new(concurrency: Option<ConcurrencyRule>, rate: Option<SlidingRule>) -> Self {
        Self {
            slots: concurrency.map(|rule| Arc::new(Concurrency::new(rule, Instant::now()))),
            log: rate.map(|rule| Arc::new(Mutex::new(Sliding::new(rule)))),
            shared: None,
        }
    }

    /// Keeps the vendor's limit together with whoever else does so by this name: other upstreams, and
    /// other gateways on the same ledger.
    ///
    /// What passes here is counted here as well, so that a limit that is shared from some moment on,
    /// or no longer, does not begin anew.
    ///
    /// # Errors
    /// The name is none that a ledger takes: it is empty, longer than 256 bytes, or has a control
    /// character.
    pub fn shared(mut self, name: &str, rule: SharedRule) -> Result<Self, EngineError> {
        self.shared = Some(Arc::new(SharedLimit::new(QuotaKey::new(name)?, rule)));
        self.log = Some(Arc::new(Mutex::new(Sliding::new(rule.limit))));
        Ok(self)
    }

    /// Takes the units of a shared limit from this ledger.
    pub(crate) fn bind(&self, pools: &Pools, engine: &Arc<dyn Engine>) {
        self.shared.iter().for_each(|shared| shared.bind(pools, engine));
    }

    /// The same limits, after `before` has stood for some time: each goes on where its rule is the
    /// same. The calls that passed count under another rule as well, for the vendor counts them.
    pub(crate) fn after(&self, before: &Self) -> Self {
        let log = match (&self.log, &before.log) {
            (Some(new), Some(old)) => Some(after(old, lock(new).rule())),
            (new, _) => new.clone(),
        };
        let slots = kept(self.slots.as_ref(), before.slots.as_ref(), Concurrency::rule);
        Self { slots, log, shared: self.shared.clone() }
    }

    /// Lets one attempt be sent, perhaps after it has waited in line. Asked before each attempt and
    /// not once a call, since the vendor counts repeats as well; and at the last moment, since what
    /// is counted here should arrive there soon.
    ///
    /// # Errors
    /// The attempt is held back as `UpstreamLimit` where the vendor would refuse it, with the time
    /// to come back; as `Shed` where too many calls wait; as `EngineUnavailable` where a shared limit
    /// cannot be counted; as `DeadlineExceeded`.
    pub async fn admit(&self, deadline: Instant) -> Result<Turn, Held> {
        let slot = match &self.slots {
            None => None,
            Some(slots) => {
                let waiting = Box::pin(slots.acquire(Instant::now(), deadline));
                Some(waiting.await.map_err(|refused| {
                    refused.held(HeldKind::Shed, "the number of calls at once to this upstream")
                })?)
            }
        };
        if let Some(shared) = &self.shared {
            shared.take(deadline).await?;
        }
        if let Some(log) = &self.log {
            let counted = lock(log).admit(Instant::now());
            counted.map_err(|refused| {
                refused.held(HeldKind::UpstreamLimit, "what the upstream takes in this time")
            })?;
        }
        Ok(Turn { _slot: slot })
    }
}

/// The log of the calls in `old`, by `rule`.
fn after(old: &Arc<Mutex<Sliding>>, rule: SlidingRule) -> Arc<Mutex<Sliding>> {
    let log = lock(old);
    if log.rule() == rule { Arc::clone(old) } else { Arc::new(Mutex::new(log.under(rule))) }
}

fn lock(log: &Mutex<Sliding>) -> MutexGuard<'_, Sliding> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{LineRule, Rate};
    use std::time::Duration;

    fn any_five_minutes(calls: u32) -> SlidingRule {
        let rate = Rate::new(calls, Duration::from_mins(5)).unwrap();
        SlidingRule::new(rate, Duration::from_secs(2)).unwrap()
    }

    fn at_once(calls: u32, places: u32) -> ConcurrencyRule {
        ConcurrencyRule { calls, line: LineRule { places, ..LineRule::default() } }
    }

    async fn admit(limits: &UpstreamLimits) -> Result<Turn, (HeldKind, Option<u64>)> {
        let turn = limits.admit(Instant::now() + Duration::from_mins(1)).await;
        turn.map_err(|held| (held.kind, held.after))
    }

    #[tokio::test(start_paused = true)]
    async fn a_vendor_s_limit_is_never_reached_by_sending() {
        let limits = UpstreamLimits::new(None, Some(any_five_minutes(2)));
        for _ in 0..2 {
            let _turn = admit(&limits).await.unwrap();
        }
        assert_eq!(admit(&limits).await.unwrap_err(), (HeldKind::UpstreamLimit, Some(302)));
        tokio::time::advance(Duration::from_secs(302)).await;
        assert!(admit(&limits).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_finds_no_slot_is_shed_and_not_counted() {
        let limits = UpstreamLimits::new(Some(at_once(1, 0)), Some(any_five_minutes(2)));
        let turn = admit(&limits).await.unwrap();
        for _ in 0..5 {
            assert_eq!(admit(&limits).await.unwrap_err(), (HeldKind::Shed, Some(1)));
        }
        drop(turn);
        assert!(admit(&limits).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_refused_gives_its_slot_back() {
        let limits = UpstreamLimits::new(Some(at_once(1, 0)), Some(any_five_minutes(1)));
        drop(admit(&limits).await.unwrap());
        for _ in 0..3 {
            assert_eq!(admit(&limits).await.unwrap_err().0, HeldKind::UpstreamLimit);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_limits_let_everything_pass() {
        let limits = UpstreamLimits::default();
        for _ in 0..1000 {
            let _turn = admit(&limits).await.unwrap();
        }
    }
}
