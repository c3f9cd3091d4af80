//! One send of a call, and the facts of its ending.

use crate::callback::{Callback, Order};
use crate::setup::Limits;
use candor_contract::{Reading, Words};
use candor_facts::{Answer, Attempt, Check, Ending, Exchange, Fault, Request, Verdict, Violation};
use candor_wire::{Client, Outbound, Received, Target, Timeouts};
use http::Method;
use std::time::Duration;
use tokio::time::Instant;

/// The name of the key by which a handler knows a repeated request.
const DEDUPE_KEY: &str = "request_id";

/// How one send ended: what was received or what failed, and what the declared form says of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: Result<Received, Fault>,
    violations: Option<Vec<Violation>>,
    at: i64,
    took: Duration,
}

/// What every attempt of a call has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Send<'s> {
    pub(crate) client: &'s Client,
    pub(crate) target: &'s Target,
    pub(crate) callback: &'s Callback,
    pub(crate) order: &'s Order,
    pub(crate) limits: &'s Limits,
    pub(crate) deadline: Instant,
}

impl Send<'_> {
    /// Sends the order once.
    pub(crate) async fn once(&self, now: impl FnOnce() -> i64) -> Ended {
        let started = Instant::now();
        let result = self.client.send(self.target, self.outbound()).await;
        let violations = result.as_ref().ok().and_then(|received| {
            let request = self.order.request_id;
            self.callback.check_answer(received.status.as_u16(), &received.body, request)
        });
        Ended { result, violations, at: now(), took: started.elapsed() }
    }

    fn outbound(&self) -> Outbound {
        let timeout = self.callback.timeout();
        let answer = Timeouts { head: timeout, body: timeout, ..Timeouts::default() };
        let connecting = answer.resolve + answer.connect + answer.handshake;
        Outbound {
            headers: self.order.headers.clone(),
            body: self.order.body.clone(),
            timeouts: answer,
            deadline: self.deadline.min(Instant::now() + connecting + timeout),
            body_limit: self.limits.response_body,
            ..Outbound::new(Method::POST, self.target.path())
        }
    }
}

impl Ended {
    /// What the callback's contract says of it.
    pub(crate) fn read<'c>(&self, callback: &'c Callback) -> Reading<'c> {
        let request = Request {
            method: &Method::POST,
            path: "/",
            operation: Some(callback.id()),
            dedupe_key: Some(DEDUPE_KEY),
        };
        let ending = match &self.result {
            Ok(received) => Ending::Answer(self.answer(received)),
            Err(fault) => Ending::Fault(fault),
        };
        callback.table().classify(&Exchange { request, ending, ended_at: Some(self.at) })
    }

    fn answer<'e>(&'e self, received: &'e Received) -> Answer<'e> {
        let check = match &self.violations {
            None => Check::NotMade,
            Some(none) if none.is_empty() => Check::Passed,
            Some(violations) => Check::Failed(violations),
        };
        Answer {
            status: received.status,
            reason: received.reason.as_deref(),
            headers: &received.headers,
            body: &received.body,
            check,
        }
    }

    /// The verdict in words. A handler's own words for people stand in for the documented ones,
    /// where the callback shows them.
    pub(crate) fn verdict(
        &self,
        reading: &Reading<'_>,
        callback: &Callback,
        words: &Words<'_>,
    ) -> Verdict {
        let mut verdict = reading.verdict(words);
        let received = self.result.as_ref().ok();
        let own = received.and_then(|r| callback.err_message(r.status.as_u16(), &r.body));
        verdict.message = own.or(verdict.message);
        verdict
    }

    /// The record of it, with what was decided after it.
    pub(crate) fn record(&self, number: u32, row: &str, decision: &str) -> Attempt {
        let fault = self.result.as_ref().err();
        Attempt {
            number,
            status: self.result.as_ref().ok().map(|received| received.status.as_u16()),
            fault: fault.map(|fault| fault.kind),
            sent: fault.map(|fault| fault.sent),
            row: row.to_owned(),
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            decision: decision.to_owned(),
        }
    }
}
