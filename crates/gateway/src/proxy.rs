//! A call to a vendor's API, one step a line: what the caller sends goes on as it is, and what
//! comes back is answered as it came where it is a success, and as a verdict where it is not.

use crate::admit;
use crate::call::Call;
use crate::journey::{Gateway, Trip, words_for};
use crate::pace::Plan;
use crate::reply::{self, Reply};
use crate::routes::{Credentials, Route};
use bytes::Bytes;
use candor_facts::{Class, Held, HeldKind, How, Next, Origin, Request, Verdict, Who};
use candor_wire::{Client, Outbound, RequestPath, Timeouts};
use http::HeaderMap;
use http::request::Parts;
use hyper::body::Incoming;

/// The way of a call to a vendor.
pub(crate) async fn travel(
    gateway: &Gateway,
    client: &Client,
    trip: &mut Trip,
    route: &Route,
    head: &Parts,
    body: &mut Incoming,
) -> Result<Reply, Held> {
    trip.route = Some(route.name.clone());
    admit::a_program_asks(head)?;
    let path = path(route, head)?;
    let body = admit::payload(body, &gateway.setup.limits).await?;
    trip.has_time()?;
    let outbound = outbound(gateway, route, head, path, body);
    call(gateway, client, trip, route, &outbound).await
}

/// The path at the upstream: below its own, with the caller's query.
fn path(route: &Route, head: &Parts) -> Result<RequestPath, Held> {
    let rest = route.rest(head.uri.path()).filter(|rest| !rest.is_empty()).unwrap_or("/");
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    route.target.join(&format!("{rest}{query}")).map_err(|error| {
        Held::new(HeldKind::Malformed, format!("the path cannot be passed on: {error}"))
    })
}

fn outbound(
    gateway: &Gateway,
    route: &Route,
    head: &Parts,
    path: RequestPath,
    body: Bytes,
) -> Outbound {
    Outbound {
        headers: shown(&head.headers, &route.credentials),
        body,
        timeouts: Timeouts { head: route.timeout, body: route.timeout, ..Timeouts::default() },
        body_limit: gateway.setup.limits.response_body,
        ..Outbound::new(head.method.clone(), path)
    }
}

/// The caller's fields, with the route's own credentials where it has some.
fn shown(headers: &HeaderMap, credentials: &Credentials) -> HeaderMap {
    let mut headers = headers.clone();
    if let Credentials::Field(name, value) = credentials {
        // What a caller shows the gateway is not for the vendor.
        headers.remove(http::header::AUTHORIZATION);
        headers.insert(name.clone(), value.clone());
    }
    headers
}

async fn call(
    gateway: &Gateway,
    client: &Client,
    trip: &Trip,
    route: &Route,
    outbound: &Outbound,
) -> Result<Reply, Held> {
    let request = Request {
        method: &outbound.method,
        path: outbound.path.path(),
        operation: None,
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
        check: &|_| None,
        passes: true,
        clock: &gateway.setup.clock,
    };
    let done = call.run().await?;
    if done.reading.row.class.is_success() {
        return Ok(reply::passed(trip, done));
    }
    let mut verdict = done.reading.verdict(&words_for(gateway, trip, &[]));
    route.credentials.own_up(&mut verdict);
    Ok(reply::failure(gateway, trip, verdict, done.attempts))
}

impl Credentials {
    /// Who is refused is whoever showed the credentials: a caller cannot renew what is the gateway's.
    fn own_up(&self, verdict: &mut Verdict) {
        if matches!(self, Self::Field(..)) && verdict.class == Class::Unauthenticated {
            verdict.origin = Origin::Gateway;
            verdict.next = Next { who: Who::Operator, how: How::FixCredentials };
        }
    }
}
