//! A call to a vendor's API, one step a line: what the caller sends goes on as it is, and what
//! comes back is answered as it came where it is a success, and as a verdict where it is not.

use crate::admit;
use crate::call::{Answered, Call, Done};
use crate::described::{Expected, Sent};
use crate::dialect::AnswerAs;
use crate::forwarded;
use crate::intake::Intake;
use crate::journey::{Gateway, Trip, words_for};
use crate::names;
use crate::pace::Plan;
use crate::redact;
use crate::reply::{self, Reply};
use crate::routes::Route;
use candor_facts::{Class, Held, HeldKind, Request};
use candor_wire::{Client, Outbound, RequestPath, Timeouts, Upload};
use http::HeaderName;
use http::request::Parts;
use http::uri::PathAndQuery;

/// What callers say to the gateway alone.
const OURS: [HeaderName; 2] = [names::TARGET, names::CONTRACT];

/// The way of a call to a vendor.
pub(crate) async fn travel(
    gateway: &Gateway,
    client: &Client,
    trip: &mut Trip,
    route: &Route,
    head: &mut Parts,
    body: &mut Intake,
) -> Result<Reply, Held> {
    admit::a_program_asks(head)?;
    let path = path(route, head)?;
    // What is described is read whole where it may be held.
    let body = body.upload(&gateway.setup.limits, route.described.is_some()).await?;
    trip.has_time()?;
    let mut outbound = outbound(gateway, trip, route, head, path, body);
    let expected = expected(gateway, route, &outbound)?;
    let way = Way { gateway, client, route, expected };
    let done = call(&way, trip, &mut outbound).await?;
    Ok(answer(gateway, trip, route, done))
}

/// The path at the upstream: below its own, with the caller's query.
fn path(route: &Route, head: &Parts) -> Result<RequestPath, Held> {
    let asked = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = asked.get(route.prefix.len()..).unwrap_or(asked);
    let joined = match rest.as_bytes().first() {
        Some(b'/') => route.target.join(rest),
        _ => route.target.join(&["/", rest].concat()),
    };
    joined.map_err(|error| {
        Held::new(HeldKind::Malformed, format!("the path cannot be passed on: {error}"))
    })
}

/// The caller's request, as it goes on.
fn outbound(
    gateway: &Gateway,
    trip: &Trip,
    route: &Route,
    head: &mut Parts,
    path: RequestPath,
    body: Upload,
) -> Outbound {
    forwarded::tell(route.forwarded, head);
    let mut headers = std::mem::take(&mut head.headers);
    if headers.keys().any(|name| OURS.contains(name)) {
        for name in &OURS {
            headers.remove(name);
        }
    }
    trip.trace.mark(&mut headers);
    if let Some(caller) = &trip.caller {
        caller.hide_credentials(&mut headers);
    }
    Outbound {
        headers,
        body,
        timeouts: Timeouts { head: route.timeout, body: route.timeout, ..Timeouts::default() },
        body_limit: gateway.setup.limits.response_body,
        ..Outbound::until(trip.deadline, head.method.clone(), path)
    }
}

/// What all attempts of a call share.
struct Way<'w> {
    gateway: &'w Gateway,
    client: &'w Client,
    route: &'w Route,
    expected: Option<Expected<'w>>,
}

/// What the answer must be like, where that is described; holds the request on the way.
fn expected<'r>(
    gateway: &Gateway,
    route: &'r Route,
    outbound: &Outbound,
) -> Result<Option<Expected<'r>>, Held> {
    let Some(described) = &route.described else { return Ok(None) };
    let Outbound { method, path, headers, body, .. } = outbound;
    let limit = gateway.setup.limits.response_body;
    let sent = Sent { method, path, headers, body };
    described.request(&route.name, route.upstream.counts(), limit, &sent)
}

/// Makes the call. Where the gateway's own token is refused before its time, it is renewed and the
/// call made once more: a refused request was not executed.
async fn call<'w>(way: &Way<'w>, trip: &Trip, outbound: &mut Outbound) -> Result<Done<'w>, Held> {
    let Way { gateway, client, route, .. } = way;
    let clock = &gateway.setup.clock;
    route.credentials.show(&mut outbound.headers, client, clock, trip.deadline).await?;
    let done = run(way, trip, outbound).await?;
    let refused = done.reading.row.class == Class::Unauthenticated;
    let repeatable = refused && outbound.body.is_repeatable();
    if !repeatable || !route.credentials.renew(&outbound.headers) {
        return Ok(done);
    }
    match route.credentials.show(&mut outbound.headers, client, clock, trip.deadline).await {
        Ok(()) => Ok(run(way, trip, outbound).await?.after(done)),
        // What the upstream said is worth more than why there is no other token.
        Err(_) => Ok(done),
    }
}

async fn run<'w>(way: &Way<'w>, trip: &Trip, outbound: &Outbound) -> Result<Done<'w>, Held> {
    let Way { gateway, client, route, expected } = way;
    let request = Request {
        method: &outbound.method,
        path: outbound.path.path(),
        operation: expected.as_ref().and_then(Expected::operation),
        dedupe_key: None,
    };
    let call = Call {
        client,
        target: &route.target,
        table: &route.table,
        upstream: &route.upstream,
        attempt_time: route.timeout,
        outbound,
        request,
        plan: if route.repeats { Plan::Advice } else { Plan::Off },
        deadline: trip.deadline,
        check: &|answered| {
            let expected = expected.as_ref()?;
            let success = route.table.classify(&answered.exchange(request)).row.class.is_success();
            expected.answer(&outbound.method, answered, success)
        },
        passes: &|arriving| expected.as_ref().is_none_or(|expected| expected.passes(arriving)),
        clock: &gateway.setup.clock,
    };
    call.run().await
}

/// What the caller is answered.
fn answer(gateway: &Gateway, trip: &mut Trip, route: &Route, done: Done<'_>) -> Reply {
    if done.reading.row.class.is_success() {
        route.upstream.counts().succeeded(&done.reading);
        return reply::passed(trip, done);
    }
    let mut verdict = done.reading.verdict(&words_for(gateway, trip, &[]));
    route.credentials.own_up(&mut verdict);
    verdict.attempts = done.attempts;
    route.upstream.counts().failed(&verdict);
    match done.ended.result {
        Ok(answered) if matches!(reply::form(gateway, trip), AnswerAs::AsItCame) => {
            reply::failed_as_it_came(gateway, trip, verdict, answered.received)
        }
        Ok(Answered { received, body, .. }) => {
            let shown = route.raw > 0 && !body.is_empty();
            verdict.raw = shown.then(|| redact::raw(&received.headers, &body, route.raw));
            reply::failure(gateway, trip, verdict)
        }
        Err(_) => reply::failure(gateway, trip, verdict),
    }
}
