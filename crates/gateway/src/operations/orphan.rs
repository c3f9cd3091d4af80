//! What becomes of an operation that is claimed: run, or ended because of what an owner left who fell
//! silent.
//!
//! An owner that fell silent may have sent the request: that it was begun is all that is known. It
//! is read as a connection that broke after everything was sent, and sent again where contract and
//! callback allow that, with the same `request_id`; it ends with an unknown outcome where not.

use super::keep::record;
use super::record::{Came, Commission};
use super::run::{self, numbered};
use crate::callback::Callback;
use crate::journey::Gateway;
use crate::pace::{self, Decision};
use crate::reply;
use candor_contract::Words;
use candor_facts::{
    Attempt, Ending, Exchange, Fault, FaultKind, Held, HeldKind, Outcome, Request, Sent, Verdict,
};
use candor_ledger::{Claim, Note, Settle};
use std::time::Duration;

/// What is done with a claimed operation.
#[derive(Debug)]
pub(super) enum Next {
    /// It is run, after these attempts. The note tells of the last one where nobody has noted it yet.
    Run(Box<Commission>, Vec<Attempt>, Note),
    /// It is ended, or goes on later.
    End(Settle, Note),
}

/// Decides about a claimed operation.
pub(super) fn next(gateway: &Gateway, claim: &Claim) -> Next {
    let earlier = attempts(claim);
    let commission = match Commission::read(&claim.op.request) {
        Ok(commission) => commission,
        Err(error) => return unreadable(gateway, &error),
    };
    if claim.owner_died {
        return orphaned(gateway, claim, commission, earlier);
    }
    if claim.op.cancel_requested {
        let came = Came::Failed(Box::new(cancelled(gateway, claim, &commission, &earlier)));
        return Next::End(run::end(&came, true, false), Note::default());
    }
    Next::Run(Box::new(commission), earlier, Note::default())
}

/// What was tried, as far as it was noted.
fn attempts(claim: &Claim) -> Vec<Attempt> {
    let noted = claim.op.attempts.iter();
    let mut attempts: Vec<Attempt> =
        noted.filter_map(|json| serde_json::from_str(json).ok()).collect();
    // Beyond those whose records are kept the number still counts.
    if let Some(last) = attempts.last_mut() {
        last.number = last.number.max(claim.op.attempts_made);
    }
    attempts
}

fn orphaned(
    gateway: &Gateway,
    claim: &Claim,
    commission: Commission,
    earlier: Vec<Attempt>,
) -> Next {
    let fault = Fault::new(
        FaultKind::HeadClosed,
        Sent::All,
        "the gateway stopped while the call was under way",
    );
    let Ok((callback, cyberapp, _)) = run::parts(gateway, &commission) else {
        let verdict = unknown(gateway, None, &commission, &fault);
        return ended(gateway, claim, verdict, earlier, &commission);
    };
    let exchange =
        Exchange { request: callback.facts(), ending: Ending::Fault(&fault), ended_at: None };
    let reading = callback.table().classify(&exchange);
    let rhythm = callback.plan().of(reading.row);
    let decision = if claim.op.cancel_requested {
        Decision::Done("not repeated: its cancelling was asked for")
    } else {
        pace::decide(
            &reading.retry,
            &rhythm,
            claim.attempt.saturating_sub(1).max(1),
            Duration::MAX,
            1.0,
        )
    };
    // The lease was the wait.
    let decision = match decision {
        Decision::Again(_) => Decision::Again(Duration::ZERO),
        done @ Decision::Done(_) => done,
    };
    let mut made = vec![attempt(&fault, &reading.row.id, &decision)];
    let last = numbered(&earlier, &mut made);
    let note = Note { attempt: last.as_ref().map(record), ..Note::default() };
    match decision {
        Decision::Again(_) => Next::Run(Box::new(commission), made, note),
        Decision::Done(_) => {
            let name = Some((callback, cyberapp.name.as_str()));
            let verdict = unknown(gateway, name, &commission, &fault);
            ended(gateway, claim, verdict, made, &commission)
        }
    }
}

/// The send of which nobody knows whether it was made.
fn attempt(fault: &Fault, row: &str, decision: &Decision) -> Attempt {
    Attempt {
        number: 1,
        status: None,
        fault: Some(fault.kind),
        sent: Some(fault.sent),
        row: row.to_owned(),
        took_ms: 0,
        decision: decision.to_string(),
    }
}

/// What is known of a call whose maker fell silent.
fn unknown(
    gateway: &Gateway,
    to: Option<(&Callback, &str)>,
    commission: &Commission,
    fault: &Fault,
) -> Verdict {
    let (callback, name) = to.unzip();
    let table = callback.map_or(&*gateway.setup.fallback, Callback::table);
    let request = match callback {
        Some(callback) => callback.facts(),
        None => Request::default(),
    };
    let reading =
        table.classify(&Exchange { request, ending: Ending::Fault(fault), ended_at: None });
    let names = [("cyberapp_name", name.unwrap_or("the"))];
    let locales = &commission.locales;
    reading.verdict(&Words { set: &gateway.setup.message_set, locales, names: &names })
}

fn ended(
    gateway: &Gateway,
    claim: &Claim,
    mut verdict: Verdict,
    attempts: Vec<Attempt>,
    commission: &Commission,
) -> Next {
    verdict.error_id = Some(reply::error_id(gateway));
    verdict.attempts = attempts;
    let came = Came::Failed(Box::new(verdict));
    Next::End(run::end(&came, claim.op.cancel_requested, commission.forget), Note::default())
}

/// The end of an operation that was cancelled between two turns: what its last one found is all that is
/// known.
fn cancelled(
    gateway: &Gateway,
    claim: &Claim,
    commission: &Commission,
    earlier: &[Attempt],
) -> Verdict {
    let held = Held::new(HeldKind::Cancelled, "it was cancelled before it was sent again");
    let mut verdict = run::told(gateway, commission, &held);
    verdict.attempts = earlier.to_vec();
    verdict.outcome = match Came::read(&claim.op.progress) {
        Some(Came::Failed(last)) => last.outcome,
        Some(Came::Succeeded(_)) | None if earlier.is_empty() => Outcome::Unsent,
        Some(Came::Succeeded(_)) | None => Outcome::Unknown,
    };
    verdict
}

fn unreadable(gateway: &Gateway, error: &serde_json::Error) -> Next {
    let held =
        Held::new(HeldKind::Internal, format!("the record of the request is broken: {error}"));
    let ending = Ending::Held(&held);
    let exchange = Exchange { request: Request::default(), ending, ended_at: None };
    let mut verdict = gateway.setup.fallback.classify(&exchange).verdict(&Words::default());
    verdict.error_id = Some(reply::error_id(gateway));
    Next::End(run::end(&Came::Failed(Box::new(verdict)), false, false), Note::default())
}
