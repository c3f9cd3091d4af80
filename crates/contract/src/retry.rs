//! The retry law: what the document allows, held against the evidence.
//!
//! A repeat is safe only where the contract allows it *and* it cannot take effect twice: nothing was
//! sent; it was refused before it was executed; the method is idempotent (RFC 9110, section 9.2.2);
//! or a dedupe key is sent unchanged. Whether there is time and budget for it is not judged here.

use crate::row::{Allow, Row};
use crate::wait;
use candor_facts::{Ending, Exchange, Outcome, Request, Retry, Why};
use http::Method;

/// Whether and when `exchange`, read as `row` with `outcome`, may be sent again.
pub(crate) fn judge(row: &Row, outcome: Outcome, exchange: &Exchange<'_>) -> Retry {
    let (safe, why) = safety(row, outcome, &exchange.request);
    let after = |headers| {
        let after = row.retry.after.as_ref()?;
        wait::told(after, headers, exchange.ended_at)
    };
    let told = match exchange.ending {
        Ending::Answer(answer) => after(Some(answer.headers)),
        Ending::Fault(_) => after(None),
        Ending::Held(held) => held.after,
    };
    let usual = || row.retry.wait.map(|(from, _)| wait::whole_seconds(from));
    Retry { safe, after: told.or_else(usual), why }
}

fn safety(row: &Row, outcome: Outcome, request: &Request<'_>) -> (bool, Why) {
    if row.class.is_success() {
        return (false, Why::Succeeded);
    }
    let methods = &row.retry.methods;
    // Of methods that the document does not name it says nothing.
    let of_others = !methods.is_empty() && !methods.contains(request.method);
    match row.retry.allow {
        Allow::Allowed if of_others && outcome != Outcome::Unsent => (false, Why::Undocumented),
        Allow::Never => (false, Why::Never),
        Allow::Undocumented if outcome != Outcome::Unsent => (false, Why::Undocumented),
        Allow::Undocumented | Allow::Allowed => evidence(row, outcome, request),
    }
}

fn evidence(row: &Row, outcome: Outcome, request: &Request<'_>) -> (bool, Why) {
    match outcome {
        Outcome::Unsent => (true, Why::Unsent),
        Outcome::Refused => (true, Why::Refused),
        Outcome::Applied | Outcome::Partial | Outcome::Accepted | Outcome::Unknown => {
            let key = row.retry.key.as_deref();
            if idempotent(request.method) {
                (true, Why::Idempotent)
            } else if key.is_some() && key == request.dedupe_key {
                (true, Why::DedupeKey)
            } else {
                (false, Why::MayHaveApplied)
            }
        }
    }
}

/// RFC 9110, section 9.2.2.
fn idempotent(method: &Method) -> bool {
    let named = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::PUT];
    named.contains(method) || *method == Method::DELETE
}
