//! A rest for an endpoint that fails: calls are answered at once until a probe succeeds.
//!
//! Fed by verdicts and not by statuses, so that an error inside a 200 counts, and a refusal that is
//! the caller's fault does not. Closed: calls pass, failures in a row are counted. Open: calls are
//! held back for a rest, which grows with each probe that fails. After it one call passes as a
//! probe; its verdict closes the circuit or opens it again.

use candor_facts::{Class, Origin, Outcome};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it: 5.
    pub failures: u32,
    /// The first rest: 5 s.
    pub rest: Duration,
    /// The longest rest: one minute.
    pub longest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, rest: Duration::from_secs(5), longest: Duration::from_mins(1) }
    }
}

/// What a verdict says of an endpoint's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It works: it did, or refused, what it was asked.
    Works,
    /// It does not.
    Fails,
    /// The verdict says nothing about it.
    Unsaid,
}

/// The circuit of one endpoint. All workers share it; a closed circuit takes no lock.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    started: Instant,
    failures: AtomicU32,
    /// When the rest ends, in milliseconds since the start; 0 while the circuit is closed.
    rests_until: AtomicU64,
    /// How many rests there were in a row.
    rests: AtomicU32,
    probing: AtomicBool,
}

/// A call that may pass. Its verdict is told with [`Pass::told`]; where it never is, because the
/// call was given up, a probe makes room for the next.
#[derive(Debug)]
pub(crate) struct Pass<'b> {
    breaker: &'b Breaker,
    probe: bool,
}

/// What the verdict of a call says of its endpoint.
pub(crate) fn health(class: Class, origin: Origin, outcome: Outcome) -> Health {
    if matches!(class, Class::RateLimited | Class::Busy) {
        return Health::Unsaid;
    }
    match origin {
        _ if class.is_success() => Health::Works,
        // A call that its caller broke off says nothing about the endpoint.
        Origin::Caller if !matches!(outcome, Outcome::Unsent | Outcome::Unknown) => Health::Works,
        // Refused credentials and refused addresses are the operator's to mend; the endpoint works.
        Origin::Caller | Origin::Gateway => Health::Unsaid,
        Origin::Network | Origin::Intermediary | Origin::Upstream => Health::Fails,
    }
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            started: Instant::now(),
            failures: AtomicU32::new(0),
            rests_until: AtomicU64::new(0),
            rests: AtomicU32::new(0),
            probing: AtomicBool::new(false),
        }
    }

    /// Lets a call pass, or says how long the rest still is.
    pub(crate) fn admit(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let until = self.rests_until.load(Ordering::Acquire);
        let now = self.millis(now);
        if until == 0 {
            return Ok(Pass { breaker: self, probe: false });
        }
        if now < until {
            return Err(Duration::from_millis(until - now));
        }
        if self.probing.swap(true, Ordering::AcqRel) {
            return Err(self.settings.rest.min(Duration::from_secs(1)));
        }
        Ok(Pass { breaker: self, probe: true })
    }

    /// When it opens, and for how long.
    pub(crate) fn settings(&self) -> BreakerSettings {
        self.settings
    }

    /// Whether it is open, or has a probe under way.
    pub(crate) fn rests(&self) -> bool {
        self.rests_until.load(Ordering::Relaxed) != 0
    }

    fn works(&self) {
        // Mostly nothing is to be done, and then nothing is written.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.rests_until.load(Ordering::Relaxed) != 0 {
            self.rests.store(0, Ordering::Relaxed);
            self.rests_until.store(0, Ordering::Release);
        }
    }

    fn fails(&self, probe: bool, now: Instant) {
        let failures = self.failures.fetch_add(1, Ordering::AcqRel) + 1;
        let closed = self.rests_until.load(Ordering::Acquire) == 0;
        if probe || closed && failures >= self.settings.failures {
            self.rest(now);
        }
    }

    fn rest(&self, now: Instant) {
        let rests = self.rests.fetch_add(1, Ordering::AcqRel).min(16);
        let rest = self.settings.rest.saturating_mul(1 << rests).min(self.settings.longest);
        let until = self.millis(now + rest).max(1);
        self.rests_until.store(until, Ordering::Release);
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.started);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Pass<'_> {
    /// Tells what the call's verdict says of the endpoint.
    pub(crate) fn told(self, health: Health, now: Instant) {
        match health {
            Health::Works => self.breaker.works(),
            Health::Fails => self.breaker.fails(self.probe, now),
            Health::Unsaid => {}
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.probing.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(BreakerSettings::default()), Instant::now())
    }

    fn call(breaker: &Breaker, health: Health, now: Instant) -> bool {
        breaker.admit(now).map(|pass| pass.told(health, now)).is_ok()
    }

    #[tokio::test]
    async fn failures_in_a_row_open_it() {
        let (breaker, now) = breaker();
        for _ in 0..4 {
            assert!(call(&breaker, Health::Fails, now));
        }
        assert!(call(&breaker, Health::Works, now));
        for _ in 0..5 {
            assert!(call(&breaker, Health::Fails, now));
        }
        assert!(!call(&breaker, Health::Works, now));
        assert!(breaker.admit(now).unwrap_err() <= Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_probe_that_works_closes_it() {
        let (breaker, now) = breaker();
        while call(&breaker, Health::Fails, now) {}
        let later = now + Duration::from_secs(6);
        assert!(call(&breaker, Health::Works, later));
        assert!(call(&breaker, Health::Fails, later) && call(&breaker, Health::Works, later));
    }

    #[tokio::test]
    async fn a_probe_that_fails_makes_the_rest_longer() {
        let (breaker, mut now) = breaker();
        while call(&breaker, Health::Fails, now) {}
        let mut rests = Vec::new();
        for _ in 0..6 {
            let rest = breaker.admit(now).unwrap_err();
            rests.push(rest.as_secs_f64().round());
            now += rest + Duration::from_millis(1);
            assert!(call(&breaker, Health::Fails, now));
        }
        assert_eq!(rests, [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]);
    }

    #[tokio::test]
    async fn one_probe_at_a_time_and_one_given_up_makes_room() {
        let (breaker, now) = breaker();
        while call(&breaker, Health::Fails, now) {}
        let later = now + Duration::from_secs(6);
        let probe = breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err());
        drop(probe);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_callers_mistake_says_that_the_endpoint_works() {
        use Class::{InvalidRequest, NotTheApi, Ok, RateLimited, TimedOut, Unauthenticated};
        let table = [
            (Ok, Origin::Upstream, Health::Works),
            (InvalidRequest, Origin::Caller, Health::Works),
            (RateLimited, Origin::Caller, Health::Unsaid),
            (Unauthenticated, Origin::Gateway, Health::Unsaid),
            (TimedOut, Origin::Network, Health::Fails),
            (NotTheApi, Origin::Intermediary, Health::Fails),
        ];
        for (class, origin, expected) in table {
            assert_eq!(health(class, origin, Outcome::Refused), expected, "{class}");
        }
    }
}
