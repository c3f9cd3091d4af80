//! One call with its repeats: send, read what the ending means, and decide whether to send again.
//!
//! Knows nothing of callers and callbacks. Four things must allow a repeat, each asked in its own
//! room: the verdict that it is safe, the plan that it is wanted, the upstream's budget that it can be
//! borne, and the time left.

use crate::breaker::{Breaker, BreakerSettings, Pass, health};
use crate::budget::{Budget, BudgetSettings};
use crate::clock::Clock;
use crate::counts::Counts;
use crate::limits::{Turn, UpstreamLimits};
use crate::operations::Ledger;
use crate::pace::{self, Decision, Plan};
use crate::reload::{Likeness, kept};
use bytes::Bytes;
use candor_contract::{Reading, SETTLING, Table};
use candor_facts::{
    Answer, Attempt, Check, Ending, Exchange, Fault, Held, HeldKind, Request, Sent, Violation,
};
use candor_wire::decode::{self, DecodeLimit, decode};
use candor_wire::{Arriving, Client, Flow, Outbound, Received, Target};
use http::header::CONTENT_ENCODING;
use http_body::Body;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How much is looked at of the beginning of a coded body, so that its first block is there.
const CODED: usize = 16 * 1024;

/// Holds an answer against the form that was declared for it: `None` where none was.
pub type Checker<'c> = dyn Fn(&Answered) -> Option<Vec<Violation>> + Send + Sync + 'c;

/// Whether an answer may pass on as it comes.
pub type Passes<'c> = dyn Fn(&Arriving) -> bool + Send + Sync + 'c;

/// A call that is to be made.
pub struct Call<'c, 't> {
    /// Who calls.
    pub client: &'c Client,
    /// Where it goes.
    pub target: &'c Target,
    /// What its endings mean.
    pub table: &'t Table,
    /// The upstream's health, shared by all its calls.
    pub upstream: &'c Upstream,
    /// What every attempt sends. Its deadline counts for one attempt.
    pub outbound: &'c Outbound,
    /// How long one attempt may take, from the connection to the end of the answer.
    pub attempt_time: Duration,
    /// The parts of the request that can decide what its answer means.
    pub request: Request<'c>,
    /// Whether and when it is wanted again.
    pub plan: Plan<'c>,
    /// When all attempts must be over.
    pub deadline: Instant,
    /// Holds the answer against its declared form.
    pub check: &'c Checker<'c>,
    /// Which answers may pass on as they come, where the verdict does not need their bodies.
    pub passes: &'c Passes<'c>,
    /// Where the time comes from.
    pub clock: &'c Clock,
}

/// Somebody who follows a call while it is made.
pub trait Watch: Sync {
    /// An attempt has ended, and is to be repeated.
    fn repeats(&self, attempt: &Attempt);
    /// Whether it may be sent again: asked right before.
    fn may_repeat(&self) -> bool;
}

/// Nobody: most calls are not followed.
pub(crate) struct Unwatched;

/// A call that was made.
#[derive(Debug)]
pub struct Done<'t> {
    /// How its last attempt ended.
    pub ended: Ended,
    /// What that means.
    pub reading: Reading<'t>,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
}

/// An answer: as it came, and as it is read.
#[derive(Debug)]
pub struct Answered {
    /// As it came.
    pub received: Received,
    /// Its body without its content codings; the same bytes where it has none.
    pub body: Bytes,
    /// The body of a success that was settled by its beginning. `received.body` is empty then.
    pub flow: Option<Onward>,
}

/// A body that passes on, with its call's turn at the upstream.
#[derive(Debug)]
pub struct Onward {
    /// The body.
    pub flow: Flow,
    _turn: Turn,
}

/// How one attempt ended.
#[derive(Debug)]
pub struct Ended {
    /// What was answered, or what failed.
    pub result: Result<Answered, Fault>,
    violations: Option<Vec<Violation>>,
    took: Duration,
}

/// The health of one upstream: its circuit, its budget for repeats, and what became of its calls.
/// Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Upstream {
    protection: Arc<Protection>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Protection {
    breaker: Option<Arc<Breaker>>,
    budget: Option<Arc<Budget>>,
    limits: UpstreamLimits,
}

// === impl Upstream ===

impl Upstream {
    /// An upstream that is well so far, and has not been asked for anything. `None` switches a
    /// protection off.
    pub fn new(
        breaker: Option<BreakerSettings>,
        budget: Option<BudgetSettings>,
        limits: UpstreamLimits,
    ) -> Self {
        let breaker = breaker.map(|settings| Arc::new(Breaker::new(settings)));
        let budget = budget.map(|settings| Arc::new(Budget::new(settings)));
        Self {
            protection: Arc::new(Protection { breaker, budget, limits }),
            counts: Arc::default(),
        }
    }

    /// What became of its calls.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether it is given a rest; `None` where it has no circuit.
    pub(crate) fn rests(&self) -> Option<bool> {
        self.protection.breaker.as_ref().map(|breaker| breaker.rests())
    }

    /// Goes on where `before` stood: with its counters, and with each protection that is still the
    /// same, as far as the place is.
    pub(crate) fn go_on(&mut self, before: &Self, likeness: Likeness) {
        self.counts = Arc::clone(&before.counts);
        if likeness >= Likeness::SameOrigin {
            let same = likeness == Likeness::Same;
            self.protection = Arc::new(self.protection.after(&before.protection, same));
        }
    }

    /// Lets a call pass, unless the upstream is given a rest.
    fn admit(&self) -> Result<Option<Pass<'_>>, Held> {
        let Some(breaker) = &self.protection.breaker else { return Ok(None) };
        breaker.admit(Instant::now()).map(Some).map_err(|rest| {
            let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
            let detail = format!("the upstream failed repeatedly and rests for {seconds} s more");
            Held { after: Some(seconds), ..Held::new(HeldKind::CircuitOpen, detail) }
        })
    }

    /// Counts what is shared of its limits in this ledger.
    pub(crate) fn bind(&self, ledger: &Ledger) {
        self.protection.limits.bind(&ledger.pools, &ledger.engine);
    }

    /// Lets one attempt be sent, within the upstream's limits.
    async fn turn(&self, deadline: Instant) -> Result<Turn, Held> {
        self.protection.limits.admit(deadline).await
    }

    fn call(&self) {
        if let Some(budget) = &self.protection.budget {
            budget.call();
        }
    }

    fn bears_a_repeat(&self) -> bool {
        self.protection.budget.as_ref().is_none_or(|budget| budget.repeat(Instant::now()))
    }
}

impl Watch for Unwatched {
    fn repeats(&self, _: &Attempt) {}

    fn may_repeat(&self) -> bool {
        true
    }
}

// === impl Protection ===

impl Protection {
    fn after(&self, before: &Self, same_place: bool) -> Self {
        let breaker = before.breaker.as_ref().filter(|_| same_place);
        let budget = before.budget.as_ref().filter(|_| same_place);
        Self {
            breaker: kept(self.breaker.as_ref(), breaker, Breaker::settings),
            budget: kept(self.budget.as_ref(), budget, Budget::settings),
            limits: self.limits.after(&before.limits),
        }
    }
}

// === impl Done ===

impl Done<'_> {
    /// The same, made after an earlier call whose credentials were refused.
    pub(crate) fn after(mut self, earlier: Self) -> Self {
        let mut attempts = earlier.attempts;
        if let Some(last) = attempts.last_mut() {
            "repeated with other credentials".clone_into(&mut last.decision);
        }
        attempts.append(&mut self.attempts);
        for (number, attempt) in (1..).zip(&mut attempts) {
            attempt.number = number;
        }
        self.attempts = attempts;
        self
    }
}

// === impl Call ===

impl<'c, 't> Call<'c, 't> {
    /// Makes the call, with its repeats.
    ///
    /// # Errors
    /// The upstream is given a rest: nothing was sent.
    pub async fn run(&self) -> Result<Done<'t>, Held> {
        self.run_watched(&Unwatched).await
    }

    /// The same, while somebody follows it.
    ///
    /// # Errors
    /// As [`Self::run`] has them.
    pub async fn run_watched(&self, watch: &dyn Watch) -> Result<Done<'t>, Held> {
        self.upstream.call();
        let mut pass = self.upstream.admit()?;
        let mut attempts = Vec::new();
        let mut turn = self.upstream.turn(self.deadline).await?;
        loop {
            let (ended, settled) = self.once(turn).await;
            let reading = settled.unwrap_or_else(|| ended.read(self));
            tell(pass.take(), &reading);
            let number = u32::try_from(attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
            let (decision, next) = self.decide(&reading, number);
            attempts.push(ended.record(number, &reading.row.id, &decision));
            match decision {
                Decision::Again(wait) => {
                    attempts.last().into_iter().for_each(|attempt| watch.repeats(attempt));
                    tokio::time::sleep(wait).await;
                    if !watch.may_repeat() {
                        let held = Held::new(HeldKind::Cancelled, "its cancelling was asked for");
                        return Ok(self.done(ended, reading, attempts, Some(&held)));
                    }
                    match self.upstream.turn(self.deadline).await {
                        Ok(next) => turn = next,
                        Err(held) => return Ok(self.done(ended, reading, attempts, Some(&held))),
                    }
                }
                Decision::Done(_) => return Ok(self.done(ended, reading, attempts, None)),
            }
            pass = next;
        }
    }

    /// What came of it. A repeat that the upstream's limits do not allow is none: the ending before
    /// it counts.
    fn done(
        &self,
        ended: Ended,
        reading: Reading<'t>,
        mut attempts: Vec<Attempt>,
        held: Option<&Held>,
    ) -> Done<'t> {
        self.upstream.counts().attempts(attempts.len());
        if let (Some(held), Some(last)) = (held, attempts.last_mut()) {
            last.decision = format!("not repeated: {}", held.detail);
        }
        Done { ended, reading, attempts }
    }

    /// Sends it once. Its turn is over when the answer is there, or has passed. What it means is known
    /// where that was settled by the answer's beginning.
    async fn once(&self, turn: Turn) -> (Ended, Option<Reading<'t>>) {
        let started = Instant::now();
        let deadline = self.deadline.min(started + self.attempt_time);
        let (result, settled) = match self.sent(started, deadline, turn).await {
            Ok((answered, settled)) => (Ok(answered), settled),
            Err(fault) => (Err(fault), None),
        };
        let violations = result.as_ref().ok().and_then(|answered| (self.check)(answered));
        (Ended { result, violations, took: started.elapsed() }, settled)
    }

    /// Sends it, and reads the answer whole; the body of a success passes as soon as it is certain to
    /// be one.
    async fn sent(
        &self,
        now: Instant,
        deadline: Instant,
        turn: Turn,
    ) -> Result<(Answered, Option<Reading<'t>>), Fault> {
        let Self { client, target, outbound, .. } = self;
        let mut arriving = client.begin_at(target, outbound, now, deadline).await?;
        if arriving.status.is_success()
            && !arriving.body.is_end_stream()
            && (self.passes)(&arriving)
            && let Some(reading) = self.settle(&mut arriving).await?
        {
            return Ok((Answered::passing(arriving, turn), Some(reading)));
        }
        let answered = arriving.whole().await.and_then(Answered::read)?;
        Ok((answered, None))
    }

    /// What an answer means, where the beginning of its body settles that.
    async fn settle(&self, arriving: &mut Arriving) -> Result<Option<Reading<'t>>, Fault> {
        // More is needed of what is coded, to see as much.
        let coded = arriving.headers.contains_key(CONTENT_ENCODING).then_some(CODED);
        for enough in std::iter::once(SETTLING).chain(coded) {
            arriving.beginning(enough).await?;
            let settled = self.settled(arriving);
            if settled.is_some() {
                return Ok(settled);
            }
        }
        Ok(None)
    }

    /// What an answer means, where its beginning is enough to tell. Content codings are undone for
    /// that; the body itself passes on as it comes.
    fn settled(&self, arriving: &Arriving) -> Option<Reading<'t>> {
        let begun = decode::beginning(&arriving.headers, arriving.body.begun()).ok()?;
        if begun.is_empty() {
            return None;
        }
        self.table.settled(&self.so_far(arriving, &begun))
    }

    /// The exchange, as far as it has come.
    fn so_far<'a>(&'a self, arriving: &'a Arriving, begun: &'a [u8]) -> Exchange<'a> {
        let answer = Answer {
            status: arriving.status,
            reason: arriving.reason.as_deref(),
            headers: &arriving.headers,
            body: begun,
            check: Check::NotMade,
        };
        // What is settled by a beginning is a success, which no wait header puts off.
        Exchange { request: self.request, ending: Ending::Answer(answer), ended_at: None }
    }

    /// Decides what comes after an attempt; for a repeat, with the upstream's leave.
    fn decide(&self, reading: &Reading<'_>, number: u32) -> (Decision, Option<Pass<'c>>) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let wanted =
            pace::decide(&reading.retry, &self.plan.of(reading.row), number, left, fastrand::f64());
        let Decision::Again(_) = wanted else { return (wanted, None) };
        if !self.outbound.body.is_repeatable() {
            let words =
                "not repeated: the body was passed on as it came, and is not there any more";
            return (Decision::Done(words), None);
        }
        match self.upstream.admit() {
            Err(_) => (Decision::Done("not repeated: the upstream is given a rest"), None),
            Ok(_) if !self.upstream.bears_a_repeat() => {
                (Decision::Done("not repeated: the upstream's budget for repeats is used up"), None)
            }
            Ok(pass) => (wanted, pass),
        }
    }
}

/// Tells the upstream's circuit what the verdict says of it.
fn tell(pass: Option<Pass<'_>>, reading: &Reading<'_>) {
    if let Some(pass) = pass {
        let health = health(reading.row.class, reading.row.origin, reading.outcome);
        pass.told(health, Instant::now());
    }
}

impl std::fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("target", &self.target.origin()).finish_non_exhaustive()
    }
}

// === impl Answered ===

impl Answered {
    /// Reads an answer: its content codings are undone within bounds, for the verdict. A body that
    /// is not what its coding says is a fault of the answer, which came whole.
    fn read(received: Received) -> Result<Self, Fault> {
        match decode(&received.headers, &received.body, DecodeLimit::default()) {
            Ok(body) => Ok(Self { received, body, flow: None }),
            Err(error) => Err(Fault::new(error.fault(), Sent::All, error.to_string())),
        }
    }

    /// A success whose body passes on. What was looked at stays with it, for its verdict.
    fn passing(arriving: Arriving, turn: Turn) -> Self {
        let Arriving { status, reason, headers, version, timing, body: flow } = arriving;
        let body = flow.begun().clone();
        let received = Received { status, reason, headers, body: Bytes::new(), version, timing };
        Self { received, body, flow: Some(Onward { flow, _turn: turn }) }
    }

    /// The exchange of which it is the end, held against no form.
    pub(crate) fn exchange<'e>(&'e self, request: Request<'e>) -> Exchange<'e> {
        let answer = Answer {
            status: self.received.status,
            reason: self.received.reason.as_deref(),
            headers: &self.received.headers,
            body: &self.body,
            check: Check::NotMade,
        };
        Exchange { request, ending: Ending::Answer(answer), ended_at: None }
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.received.status.as_u16()
    }
}

// === impl Ended ===

impl Ended {
    fn read<'t>(&self, call: &Call<'_, 't>) -> Reading<'t> {
        let ending = match &self.result {
            Ok(answered) => Ending::Answer(self.answer(answered)),
            Err(fault) => Ending::Fault(fault),
        };
        let ended_at = Some(call.clock.now().as_second());
        let exchange = Exchange { request: call.request, ending, ended_at };
        call.table.classify(&exchange)
    }

    fn answer<'e>(&'e self, answered: &'e Answered) -> Answer<'e> {
        let check = match &self.violations {
            None => Check::NotMade,
            Some(none) if none.is_empty() => Check::Passed,
            Some(violations) => Check::Failed(violations),
        };
        let Answered { received, body, flow: _ } = answered;
        Answer {
            status: received.status,
            reason: received.reason.as_deref(),
            headers: &received.headers,
            body,
            check,
        }
    }

    /// The record of it, with what was decided after it.
    fn record(&self, number: u32, row: &str, decision: &Decision) -> Attempt {
        let fault = self.result.as_ref().err();
        Attempt {
            number,
            status: self.result.as_ref().ok().map(Answered::status),
            fault: fault.map(|fault| fault.kind),
            sent: fault.map(|fault| fault.sent),
            row: row.to_owned(),
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            decision: decision.to_string(),
        }
    }
}
