//! One turn at an operation: the call is made while its lease is kept, and its outcome recorded.
//!
//! It is a task of the worker that begins it, so that it goes on whoever waits for it.

use super::Operations;
use super::keep::{Watched, keep, record};
use super::ledger::{Ledger, UnderWay};
use super::record::{Came, Commission, Success};
use super::settle::settle;
use crate::call::{Answered, Done};
use crate::callback::Callback;
use crate::errand::Errand;
use crate::journey::{Gateway, Place};
use crate::limits::Load;
use crate::pace::{self, Decision};
use crate::reply;
use crate::setup::{Access, CyberApp};
use crate::trace::Trace;
use candor_contract::{Reading, Words};
use candor_facts::{Attempt, Ending, Exchange, Held, HeldKind, Request, Verdict};
use candor_ledger::{Claim, LARGEST_PROGRESS, Note, OpError, OpId, Settle, Settled};
use candor_wire::Client;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What an operation is called while it waits to be sent again.
const RETRYING: &str = "retrying";

/// A turn at an operation, with everything that it takes.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) gateway: Arc<Gateway>,
    pub(super) client: Client,
    pub(super) operations: Operations,
    pub(super) claim: Claim,
    pub(super) commission: Commission,
    pub(super) trace: Trace,
    /// What was tried in earlier turns.
    pub(super) earlier: Vec<Attempt>,
    /// What it takes up until it is over.
    pub(super) _takes: Takes,
}

/// What a turn takes up of the gateway and of its caller's limits.
#[derive(Debug)]
#[expect(dead_code, reason = "it is given back when it is dropped")]
pub(super) enum Takes {
    /// The place of the caller that asked.
    Caller(Option<Box<Place>>),
    /// A part of the load, for nobody is there who asked; none where there was none left.
    Load(Option<Load>),
}

/// How a turn ended: what is told, if it is the end, and what is recorded.
struct Ended {
    came: Option<Came>,
    settle: Settle,
    note: Note,
}

/// Begins a turn. What came of it is told as soon as it is recorded, or cannot be for now; nothing is
/// told where the operation goes on later, or is somebody else's.
pub(super) fn begin(turn: Turn) -> oneshot::Receiver<Came> {
    let (tell, told) = oneshot::channel();
    let under_way = UnderWay::new();
    tokio::task::spawn_local(async move {
        let _under_way = under_way;
        turn.run(tell).await;
    });
    told
}

/// An operation that is known to run here, until this is dropped.
struct Running<'l>(&'l Ledger, OpId);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.ended(&self.1);
    }
}

impl Turn {
    async fn run(self, tell: oneshot::Sender<Came>) {
        let ledger = &self.operations.ledger;
        let watched = Arc::new(Watched::after(self.earlier.last().map_or(0, |last| last.number)));
        ledger.begun(self.claim.op.id, &watched);
        let running = Running(ledger, self.claim.op.id);
        let ended = tokio::select! {
            ended = self.made(&watched) => ended,
            () = keep(ledger, &self.claim, self.operations.lease, &watched) => {
                ledger.counts.lose();
                let operation = self.claim.op.id;
                return tracing::warn!(%operation, "an operation was taken over and is left to its new owner");
            }
        };
        drop(running);
        self.record(ended, tell).await;
    }

    async fn record(&self, ended: Ended, tell: oneshot::Sender<Came>) {
        let Ended { came, settle: end, note } = ended;
        let mut tell = Some(tell);
        let mut told = || {
            if let (Some(tell), Some(came)) = (tell.take(), &came) {
                self.tell(tell, came);
            }
        };
        let settled = settle(&self.operations.ledger, &self.claim, end, note, &mut told).await;
        if settled == Settled::Recorded {
            told();
        }
    }

    /// Tells whoever waits; the operator where nobody does any more.
    fn tell(&self, tell: oneshot::Sender<Came>, came: &Came) {
        if let (Err(Came::Failed(verdict)), op) = (tell.send(came.clone()), &self.claim.op) {
            tracing::warn!(
                operation = %op.id,
                request_id = %self.commission.request_id,
                error_id = %verdict.error_id.unwrap_or_default(),
                caller = op.created_by,
                callback = op.operation_type,
                class = verdict.class.name(),
                outcome = verdict.outcome.name(),
                row = verdict.row,
                attempts = verdict.attempts.len(),
                detail = verdict.detail.as_deref().unwrap_or_default(),
                "an operation failed"
            );
        }
    }

    /// Makes the call.
    async fn made(&self, watched: &Watched) -> Ended {
        let (callback, cyberapp, access) = match parts(&self.gateway, &self.commission) {
            Ok(parts) => parts,
            Err(held) => return self.held_back(None, &held, watched),
        };
        let errand = Errand {
            gateway: &self.gateway,
            client: &self.client,
            callback,
            cyberapp,
            access,
            tenant_id: &self.commission.tenant,
            request_id: self.commission.request_id,
            created_at: self.commission.created_at,
            trace: self.trace,
            deadline: Instant::now() + self.gateway.setup.limits.total,
            repeats: !self.commission.forget,
        };
        match errand.run(&self.commission.payload, watched).await {
            Err(held) => self.held_back(Some((callback, cyberapp)), &held, watched),
            Ok(done) if done.reading.row.class.is_success() => {
                cyberapp.upstream.counts().succeeded(&done.reading);
                self.succeeded(done)
            }
            Ok(done) => {
                let decision = self.decide(callback, &done.reading, watched);
                let mut verdict = errand.verdict(done, &self.commission.locales);
                cyberapp.upstream.counts().failed(&verdict);
                if let (Some(last), true) = (verdict.attempts.last_mut(), self.commission.forget) {
                    last.decision = decision.to_string();
                }
                self.failed(verdict, &decision, watched)
            }
        }
    }

    fn succeeded(&self, done: Done<'_>) -> Ended {
        let came = match success(done, &self.earlier) {
            Ok(success) => Came::Succeeded(success),
            // A success is an answer.
            Err(attempts) => {
                let held = Held::new(HeldKind::Internal, "a success without an answer");
                let verdict = Verdict { attempts, ..told(&self.gateway, &self.commission, &held) };
                return self.failed(verdict, &Decision::Done(""), &Watched::default());
            }
        };
        let settle = Settle::Succeeded { result: came.write() };
        Ended { came: Some(came), settle, note: Note::default() }
    }

    /// The end of a call that the gateway held back itself: nothing was sent.
    fn held_back(
        &self,
        to: Option<(&Callback, &CyberApp)>,
        held: &Held,
        watched: &Watched,
    ) -> Ended {
        let verdict = told(&self.gateway, &self.commission, held);
        let decision = to.map(|(callback, cyberapp)| {
            cyberapp.upstream.counts().failed(&verdict);
            self.decide(callback, &reading(callback.table(), held), watched)
        });
        self.failed(verdict, &decision.unwrap_or(Decision::Done("")), watched)
    }

    /// Whether an operation that nobody waits for goes on later. One that somebody waits for has had
    /// its repeats.
    fn decide(&self, callback: &Callback, reading: &Reading<'_>, watched: &Watched) -> Decision {
        if watched.is_cancelled() {
            return Decision::Done("not repeated: its cancelling was asked for");
        }
        if !self.commission.forget {
            return Decision::Done("");
        }
        let rhythm = callback.plan().of(reading.row);
        pace::decide(&reading.retry, &rhythm, self.claim.attempt, Duration::MAX, fastrand::f64())
    }

    fn failed(&self, mut verdict: Verdict, decision: &Decision, watched: &Watched) -> Ended {
        verdict.error_id = Some(reply::error_id(&self.gateway));
        let last = numbered(&self.earlier, &mut verdict.attempts);
        let came = Came::Failed(Box::new(verdict));
        if let Decision::Again(wait) = *decision {
            let progress = Some(came.write()).filter(|bytes| bytes.len() <= LARGEST_PROGRESS);
            let declared = Some(RETRYING.to_owned());
            let note = Note { progress, declared, attempt: last.as_ref().map(record) };
            return Ended { came: None, settle: Settle::RetryAfter { wait }, note };
        }
        let settle = end(&came, watched.is_cancelled(), self.commission.forget);
        Ended { came: Some(came), settle, note: Note::default() }
    }
}

/// How an operation ends that failed.
pub(super) fn end(came: &Came, cancelled: bool, forget: bool) -> Settle {
    let result = came.write();
    match came {
        Came::Failed(verdict) if !cancelled => {
            let error = OpError {
                message: message(verdict),
                error_id: verdict.error_id.unwrap_or_default(),
            };
            Settle::Failed { error, result, dead_letter: forget }
        }
        Came::Failed(_) => Settle::Cancelled { result },
        Came::Succeeded(_) => Settle::Succeeded { result },
    }
}

/// What to show of a failure: the words for people where the document has some.
fn message(verdict: &Verdict) -> String {
    let text = verdict.message.as_deref().or(verdict.detail.as_deref());
    let text = text.unwrap_or(verdict.class.name());
    text.chars().filter(|letter| *letter != '\0').take(4000).collect()
}

/// What a call that was held back means to its caller.
pub(super) fn told(gateway: &Gateway, commission: &Commission, held: &Held) -> Verdict {
    let callback = gateway.setup.callbacks.get(&commission.callback);
    let table = callback.map_or(&*gateway.setup.fallback, Callback::table);
    let cyberapp = gateway.setup.cyberapps.get(&commission.cyberapp);
    let names = [("cyberapp_name", cyberapp.map_or("the", |cyberapp| cyberapp.name.as_str()))];
    let locales = &commission.locales;
    let words = Words { set: &gateway.setup.message_set, locales, names: &names };
    reading(table, held).verdict(&words)
}

fn reading<'t>(table: &'t candor_contract::Table, held: &Held) -> Reading<'t> {
    let ending = Ending::Held(held);
    table.classify(&Exchange { request: Request::default(), ending, ended_at: None })
}

/// What a commission names, as it is set up now.
///
/// # Errors
/// It is not there any more: the operation cannot be carried out.
pub(super) fn parts<'g>(
    gateway: &'g Gateway,
    commission: &Commission,
) -> Result<(&'g Callback, &'g CyberApp, &'g Access), Held> {
    let Commission { callback, cyberapp, tenant, .. } = commission;
    let setup = &gateway.setup;
    let gone = |what: &str, name: &str| {
        Held::new(HeldKind::NotFound, format!("{what} `{name}` is not there any more"))
    };
    let access = setup.tenants.get(tenant).and_then(|tenant| tenant.access.get(cyberapp));
    Ok((
        setup.callbacks.get(callback).ok_or_else(|| gone("the callback", callback))?,
        setup.cyberapps.get(cyberapp).ok_or_else(|| gone("the CyberApp", cyberapp))?,
        access.ok_or_else(|| gone("the tenant's access to", cyberapp))?,
    ))
}

/// Puts what was tried earlier before the attempts of a turn; the last one of the turn, with its
/// number in the operation.
pub(super) fn numbered(earlier: &[Attempt], attempts: &mut Vec<Attempt>) -> Option<Attempt> {
    let made = earlier.last().map_or(0, |last| last.number);
    for attempt in attempts.iter_mut() {
        attempt.number = attempt.number.saturating_add(made);
    }
    let last = attempts.last().cloned();
    attempts.splice(0..0, earlier.iter().cloned());
    last
}

/// A success as it is kept. The attempts alone where there is no answer.
fn success(done: Done<'_>, earlier: &[Attempt]) -> Result<Success, Vec<Attempt>> {
    let Done { ended, reading, mut attempts } = done;
    numbered(earlier, &mut attempts);
    let Ok(Answered { received, .. }) = ended.result else { return Err(attempts) };
    Ok(Success {
        status: received.status.as_u16(),
        content_type: text(&received.headers, &CONTENT_TYPE),
        content_encoding: text(&received.headers, &CONTENT_ENCODING),
        body: received.body,
        left_out: false,
        class: reading.row.class,
        outcome: reading.outcome,
        row: format!("{}@{}/{}", reading.table.name(), reading.table.version(), reading.row.id),
        attempts,
    })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}
