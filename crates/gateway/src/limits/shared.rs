//! A vendor's limit that all gateways on one ledger keep together.
//!
//! The ledger grants units in blocks, and a call takes one of the block that is here ([`Share`]); so
//! most calls ask nobody. One asks at a time, in a task of its own: a caller that goes away takes no
//! block with it. What lies unused is given back when it lapses, and when the gateway stops.
//!
//! Nothing is used of an answer that was lost, or came too late: it counts at the ledger until its
//! window has passed. So the limit holds whatever fails, as long as the ledger's clock goes on evenly
//! and calls arrive within the skew; only with [`WhenDown::Local`] more may pass, which is its purpose.

use super::share::{Share, Taken, Unused};
use super::{Rate, Refused, SlidingRule, Why};
use candor_facts::{Held, HeldKind};
use candor_ledger::{Engine, EngineError, QuotaKey, QuotaRule};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long a block may be held: a hundredth of the limit's time, within these bounds. The shorter,
/// the more of the limit can be used; the longer, the less often the ledger is asked.
const SHORTEST_HOLD: Duration = Duration::from_millis(100);
const LONGEST_HOLD: Duration = Duration::from_secs(2);
/// How long a gateway that stops tries to give units back.
const PARTING: Duration = Duration::from_secs(1);

/// A vendor's limit, and how it is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SharedRule {
    /// The limit.
    pub limit: SlidingRule,
    /// How many gateways share it, about; at least one. What is left is divided for so many.
    pub nodes: u32,
    /// What is done while the ledger cannot be asked.
    pub when_down: WhenDown,
}

/// What becomes of calls while the ledger cannot be asked, and the block here is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenDown {
    /// They are held back as `EngineUnavailable`: the limit is never exceeded.
    #[default]
    Deny,
    /// They pass by this node's own part of the limit. In the first window after the ledger failed,
    /// that may be up to twice the limit over all nodes.
    Local,
}

/// A limit that is shared by its name.
#[derive(Debug)]
pub(crate) struct SharedLimit {
    key: QuotaKey,
    rule: SharedRule,
    /// What this process holds of it; nothing before it is known where the ledger is.
    pool: OnceLock<Arc<Pool>>,
}

/// What this process holds of each shared limit. Outlives every setup.
#[derive(Debug, Default)]
pub(crate) struct Pools(Mutex<HashMap<QuotaKey, Arc<Pool>>>);

/// What this process holds of one shared limit.
#[derive(Debug)]
pub(crate) struct Pool {
    key: QuotaKey,
    rule: SharedRule,
    engine: Arc<dyn Engine>,
    share: Mutex<Share>,
    /// Rung when the ledger has answered.
    answered: watch::Sender<()>,
}

// === impl SharedRule ===

impl SharedRule {
    /// The shortest time of a limit that can be shared: in less, a block would lapse on its way.
    pub const SHORTEST: Duration = Duration::from_secs(1);

    pub(super) fn rate(&self) -> Rate {
        self.limit.rate()
    }

    pub(super) fn skew(&self) -> Duration {
        self.limit.skew()
    }

    /// How long a unit may be held before it is used.
    pub(super) fn hold(&self) -> Duration {
        (self.rate().per() / 100).clamp(SHORTEST_HOLD, LONGEST_HOLD)
    }

    /// The rule as the ledger counts by it: a unit arrives at the vendor at most as much later than it
    /// was granted as it is held, and is on its way.
    pub(super) fn counted(&self) -> QuotaRule {
        let margin = self.hold() + self.skew();
        QuotaRule { limit: self.rate().calls(), window: self.rate().per(), margin }
    }
}

// === impl SharedLimit ===

impl SharedLimit {
    pub(crate) fn new(key: QuotaKey, rule: SharedRule) -> Self {
        Self { key, rule, pool: OnceLock::new() }
    }

    /// Takes its units from `engine` from now on, by way of what this process holds already.
    pub(crate) fn bind(&self, pools: &Pools, engine: &Arc<dyn Engine>) {
        self.pool.get_or_init(|| pools.pool(self, engine));
    }

    /// Takes a unit, which is to be used at once.
    ///
    /// # Errors
    /// `UpstreamLimit` where all is used up, with the time to come back; `EngineUnavailable` where the
    /// ledger does not answer, or is none; `DeadlineExceeded`.
    pub(crate) async fn take(&self, deadline: Instant) -> Result<(), Held> {
        let Some(pool) = self.pool.get() else {
            let detail = "the upstream's limit is counted in a ledger, and there is none";
            return Err(Held::new(HeldKind::EngineUnavailable, detail));
        };
        match pool.taken() {
            Next::Said(said) => said,
            Next::Wait(answered) => Box::pin(pool.wait(answered, deadline)).await,
        }
    }
}

// === impl Pools ===

impl Pools {
    /// What is held by the same name and rule; by another rule it begins anew, and the ledger counts on.
    fn pool(&self, limit: &SharedLimit, engine: &Arc<dyn Engine>) -> Arc<Pool> {
        let mut pools = self.all();
        if let Some(pool) = pools.get(&limit.key).filter(|pool| pool.rule == limit.rule) {
            return Arc::clone(pool);
        }
        let pool = Arc::new(Pool::new(limit.key.clone(), limit.rule, Arc::clone(engine)));
        pools.insert(limit.key.clone(), Arc::clone(&pool));
        pool
    }

    /// Gives back what is unused of all, as far as the ledger answers soon.
    pub(crate) async fn give_back(&self) {
        let until = Instant::now() + PARTING;
        let mut pools: Vec<_> = self.all().values().cloned().collect();
        pools.sort_by(|one, other| one.key.cmp(&other.key));
        for pool in pools {
            let unused = pool.share().give_up();
            // What cannot be given back counts until its window has passed.
            if let Some(unused) = unused
                && timeout_at(until, pool.give_back(unused)).await.is_err()
            {
                tracing::debug!(limit = %pool.key, "units could not be given back in time");
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<QuotaKey, Arc<Pool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Pool ===

/// What a call that wants a unit does next.
enum Next {
    Said(Result<(), Held>),
    Wait(watch::Receiver<()>),
}

impl Pool {
    fn new(key: QuotaKey, rule: SharedRule, engine: Arc<dyn Engine>) -> Self {
        let (share, answered) = (Mutex::new(Share::new(rule)), watch::Sender::default());
        Self { key, rule, engine, share, answered }
    }

    /// Takes a unit that is here; has the ledger asked where there is none.
    fn taken(self: &Arc<Self>) -> Next {
        let mut share = self.share();
        let taken = share.take(Instant::now());
        if let Taken::Unit = taken {
            return Next::Said(Ok(()));
        }
        // Taken hold of before the answer can be there.
        let answered = self.answered.subscribe();
        drop(share);
        match taken {
            Taken::Unit => Next::Said(Ok(())),
            Taken::Wait => Next::Wait(answered),
            Taken::Spent(after) => Next::Said(Err(spent(after))),
            Taken::Down(after) => Next::Said(Err(down(after))),
            Taken::Ask(want, lapsed) => {
                drop(tokio::spawn(Arc::clone(self).ask(want, lapsed)));
                Next::Wait(answered)
            }
        }
    }

    /// Waits for the ledger's answer, and for another where others have used that one up.
    async fn wait(
        self: &Arc<Self>,
        mut answered: watch::Receiver<()>,
        deadline: Instant,
    ) -> Result<(), Held> {
        loop {
            if timeout_at(deadline, answered.changed()).await.is_err() {
                return Err(Refused::new(Why::Deadline, Duration::ZERO)
                    .held(HeldKind::UpstreamLimit, "a part of the upstream's limit"));
            }
            match self.taken() {
                Next::Said(said) => return said,
                Next::Wait(again) => answered = again,
            }
        }
    }

    /// Asks the ledger for a block, and sees to it until it lapses.
    async fn ask(self: Arc<Self>, want: u32, lapsed: Option<Unused>) {
        let (asked, mut asking) = (Instant::now(), Asking(Some(&self)));
        let until = asked + self.rule.hold();
        let rule = self.rule.counted();
        let mut grant = pin!(async {
            if let Some(unused) = lapsed {
                self.give_back(unused).await;
            }
            self.engine.quota(&self.key, want, &rule).await
        });
        let granted = if let Ok(granted) = timeout_at(until, &mut grant).await {
            granted
        } else {
            self.share().late(Instant::now());
            self.answered.send_replace(());
            grant.await
        };
        asking.0 = None;
        let late = match granted {
            Ok(grant) => self.share().granted(grant, asked, Instant::now()),
            Err(error) => {
                self.failed(&error);
                None
            }
        };
        self.answered.send_replace(());
        if let Some(unused) = late {
            return self.give_back(unused).await;
        }
        sleep_until(until).await;
        let lapsed = self.share().lapsed(Instant::now());
        if let Some(unused) = lapsed {
            self.give_back(unused).await;
        }
    }

    fn failed(&self, error: &EngineError) {
        let mut share = self.share();
        if !share.is_down() {
            tracing::warn!(limit = %self.key, %error, "a shared limit cannot be counted");
        }
        share.failed(Some(error), Instant::now());
    }

    async fn give_back(&self, (grant, unused): Unused) {
        if let Err(error) = self.engine.quota_return(grant, unused).await {
            tracing::debug!(limit = %self.key, %error, "units were not given back");
        }
    }

    fn share(&self) -> MutexGuard<'_, Share> {
        self.share.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody asks the ledger. Where that ends without an answer, such as with its worker, another may.
struct Asking<'p>(Option<&'p Pool>);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.0 {
            pool.share().failed(None, Instant::now());
            pool.answered.send_replace(());
        }
    }
}

fn spent(after: Duration) -> Held {
    Refused::new(Why::Spent, after)
        .held(HeldKind::UpstreamLimit, "what the upstream takes in this time from all gateways")
}

fn down(after: Duration) -> Held {
    let detail = "the upstream's limit is counted in the ledger, which does not answer";
    let after = super::refused::whole_seconds(after).max(1);
    Held { after: Some(after), ..Held::new(HeldKind::EngineUnavailable, detail) }
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;
