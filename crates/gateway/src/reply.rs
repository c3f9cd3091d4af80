//! The caller's answer, written once.

use crate::call::{Answered, Done};
use crate::callers::CHALLENGE;
use crate::dialect::AnswerAs;
use crate::journey::{Gateway, Trip, words_for};
use crate::names;
use crate::operations::Success;
use crate::passing::{Passing, ReplyBody};
use bytes::Bytes;
use candor_contract::{Dialect, Reading, Written};
use candor_facts::{Ending, Exchange, Held, HeldKind, Outcome, Request, Verdict};
use candor_wire::Received;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use uuid::Uuid;

/// An answer to a caller.
pub(crate) type Reply = Response<ReplyBody>;

/// The handler's success passes on as it came: its status, its type, its bytes.
pub(crate) fn success(trip: &Trip, done: Done<'_>) -> Reply {
    let Done { ended, reading, attempts } = done;
    let Ok(Answered { received, .. }) = ended.result else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut reply = Response::new(received.body.into());
    *reply.status_mut() = received.status;
    let headers = reply.headers_mut();
    for name in [CONTENT_TYPE, CONTENT_ENCODING] {
        if let Some(value) = received.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    say(headers, trip, &reading, attempts.len());
    reply
}

/// A success that the ledger has passes on as it came.
pub(crate) fn recorded(trip: &Trip, success: Success) -> Reply {
    let Success { status, body, class, outcome, row, attempts, .. } = success;
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = reply.headers_mut();
    headers.reserve(12);
    let coded =
        [(CONTENT_TYPE, success.content_type), (CONTENT_ENCODING, success.content_encoding)];
    for (name, value) in coded {
        if let Some(value) = value {
            put(headers, name, value);
        }
    }
    headers.insert(names::CLASS, HeaderValue::from_static(class.name()));
    headers.insert(names::OUTCOME, HeaderValue::from_static(outcome.name()));
    put(headers, names::ROW, row);
    put_id(headers, names::REQUEST_ID, trip.request_id);
    headers.insert(names::ATTEMPTS, HeaderValue::from(attempts.len()));
    name_operation(headers, trip);
    reply
}

/// Names the operation that a call is kept as, or that is in its way.
fn name_operation(headers: &mut HeaderMap, trip: &Trip) {
    if let Some(id) = trip.operation {
        put_id(headers, names::OPERATION, id);
    }
}

/// An upstream's success passes on as it came: its status and reason, its fields, its bytes.
pub(crate) fn passed(trip: &mut Trip, done: Done<'_>) -> Reply {
    let Done { ended, reading, attempts } = done;
    let Ok(Answered { received, flow, .. }) = ended.result else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR);
    };
    // What a call takes up, it takes up until its body has passed.
    let place = trip.place.take();
    let passing = |onward| Passing { onward, request_id: trip.request_id, _place: place };
    let flow = flow.map(|onward| ReplyBody::Passing(Box::new(passing(onward))));
    let mut reply = as_it_came(received, flow);
    say(reply.headers_mut(), trip, &reading, attempts.len());
    reply
}

/// An upstream's answer: its status and reason, its fields, its bytes.
fn as_it_came(received: Received, flow: Option<ReplyBody>) -> Reply {
    let mut reply = Response::new(flow.unwrap_or_else(|| received.body.into()));
    *reply.status_mut() = received.status;
    *reply.headers_mut() = received.headers;
    if let Some(reason) = received.reason.and_then(|reason| reason.try_into().ok()) {
        reply.extensions_mut().insert::<hyper::ext::ReasonPhrase>(reason);
    }
    reply
}

/// What a success means, in the fields that a client can read without its body.
fn say(headers: &mut HeaderMap, trip: &Trip, reading: &Reading<'_>, attempts: usize) {
    // Room for these and for what the connection adds.
    headers.reserve(8);
    headers.insert(names::CLASS, HeaderValue::from_static(reading.row.class.name()));
    headers.insert(names::OUTCOME, HeaderValue::from_static(reading.outcome.name()));
    headers.insert(names::ROW, reading.row.mark.clone());
    put_id(headers, names::REQUEST_ID, trip.request_id);
    headers.insert(names::ATTEMPTS, number(attempts));
}

/// Mostly it is 1.
fn number(attempts: usize) -> HeaderValue {
    if attempts == 1 { HeaderValue::from_static("1") } else { HeaderValue::from(attempts) }
}

/// A call that was held back.
pub(crate) fn held(gateway: &Gateway, trip: &Trip, held: &Held) -> Reply {
    let table = trip.table(gateway);
    let ending = Ending::Held(held);
    let reading = table.classify(&Exchange { request: Request::default(), ending, ended_at: None });
    let name = trip.cyberapp.as_deref().unwrap_or("the");
    let names = [("cyberapp_name", name)];
    let verdict = reading.verdict(&words_for(gateway, trip, &names));
    gateway.counts(trip).failed(&verdict);
    let mut reply = failure_as(held.kind.status(), gateway, trip, verdict);
    if held.kind == HeldKind::Unauthenticated {
        reply.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    if held.kind == HeldKind::MethodNotAllowed {
        // RFC 9110, section 15.5.6.
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static(trip.allow));
    }
    reply
}

/// A failure, in the form that the caller reads; told to the operator as well.
pub(crate) fn failure(gateway: &Gateway, trip: &Trip, verdict: Verdict) -> Reply {
    failure_as(None, gateway, trip, verdict)
}

/// The same under a status that HTTP has for the very reason, if it has one.
fn failure_as(status: Option<u16>, gateway: &Gateway, trip: &Trip, mut verdict: Verdict) -> Reply {
    verdict.error_id.get_or_insert_with(|| error_id(gateway));
    tell(trip, &verdict);
    let dialect = match form(gateway, trip) {
        AnswerAs::Problem | AnswerAs::AsItCame => Dialect::Problem,
        AnswerAs::Contract(table) => Dialect::Contract(table),
    };
    let mut reply = from_written(dialect.write_as(status, &verdict));
    verdict_headers(reply.headers_mut(), trip, &verdict);
    reply
}

/// An upstream's failure, as it came; what it means stands in the fields alone.
pub(crate) fn failed_as_it_came(
    gateway: &Gateway,
    trip: &Trip,
    mut verdict: Verdict,
    received: Received,
) -> Reply {
    verdict.error_id = Some(error_id(gateway));
    tell(trip, &verdict);
    let mut reply = as_it_came(received, None);
    verdict_headers(reply.headers_mut(), trip, &verdict);
    reply
}

/// The form of a failure, for this call.
pub(crate) fn form<'f>(gateway: &'f Gateway, trip: &'f Trip) -> &'f AnswerAs {
    trip.answer_as.as_ref().unwrap_or(&gateway.setup.answer_as)
}

/// The public keys, as a JWK Set (RFC 7517).
pub(crate) fn keys(jwks: Bytes) -> Reply {
    let mut reply = Response::new(jwks.into());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    reply
}

/// The answer of a call that ended in a panic: nothing is known but that.
pub(crate) fn panicked(gateway: &Gateway) -> Reply {
    let held_back = Held::new(HeldKind::Internal, "the call ended in a panic; see the log");
    let trip = Trip::nameless(&gateway.setup.limits);
    held(gateway, &trip, &held_back)
}

/// A caller hung up before its answer. Told to the operator, for nobody else knows how the call ended.
pub(crate) fn undelivered(reply: &Reply) {
    let said = |name| reply.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    tracing::warn!(
        request_id = said(names::REQUEST_ID),
        class = said(names::CLASS),
        outcome = said(names::OUTCOME),
        status = reply.status().as_u16(),
        "the caller was gone before its answer"
    );
}

/// Ids of failures grow with time, so that a list of them is in order.
pub(crate) fn error_id(gateway: &Gateway) -> Uuid {
    let now = gateway.setup.clock.now();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

/// One line for the operator. Holds no payload and no secret.
fn tell(trip: &Trip, verdict: &Verdict) {
    let [callback, cyberapp] = [&trip.callback, &trip.cyberapp];
    tracing::warn!(
        error_id = %verdict.error_id.unwrap_or_default(),
        request_id = %trip.request_id,
        caller = trip.caller.as_ref().map(|caller| &**caller.name()).unwrap_or_default(),
        trace_id = %trip.trace.id(),
        route = trip.route.as_deref().unwrap_or_default(),
        callback = callback.as_deref().unwrap_or_default(),
        cyberapp = cyberapp.as_deref().unwrap_or_default(),
        class = verdict.class.name(),
        origin = verdict.origin.name(),
        outcome = verdict.outcome.name(),
        row = verdict.row,
        cite = verdict.cite,
        status = verdict.status,
        attempts = verdict.attempts.len(),
        detail = verdict.detail.as_deref().unwrap_or_default(),
        "call failed"
    );
}

fn from_written(written: Written) -> Reply {
    let mut reply = Response::new(Bytes::from(written.body).into());
    *reply.status_mut() = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
    reply.headers_mut().reserve(12);
    for (name, value) in written.headers {
        put(reply.headers_mut(), name, value);
    }
    if let Some(reason) = written.reason.and_then(|r| Bytes::from(r).try_into().ok()) {
        reply.extensions_mut().insert::<hyper::ext::ReasonPhrase>(reason);
    }
    reply
}

/// The verdict's essence, so that a client needs no body.
fn verdict_headers(headers: &mut HeaderMap, trip: &Trip, verdict: &Verdict) {
    headers.insert(names::CLASS, HeaderValue::from_static(verdict.class.name()));
    headers.insert(names::ORIGIN, HeaderValue::from_static(verdict.origin.name()));
    headers.insert(names::OUTCOME, HeaderValue::from_static(verdict.outcome.name()));
    let safe = if verdict.retry.safe { "safe" } else { "no" };
    put(headers, names::RETRY, [safe, "; why=", verdict.retry.why.name()].concat());
    put(headers, names::ROW, [&verdict.contract, "/", &verdict.row].concat());
    put_id(headers, names::REQUEST_ID, trip.request_id);
    headers.insert(names::ATTEMPTS, number(verdict.attempts.len()));
    if let Some(id) = verdict.error_id {
        put_id(headers, names::ERROR_ID, id);
    }
    name_operation(headers, trip);
    if verdict.outcome == Outcome::Unknown {
        // An unsafe unknown must not be repeated by a cache or a proxy on the way either.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What cannot stand in a header is left out.
pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

pub(crate) fn put_id(headers: &mut HeaderMap, name: HeaderName, id: Uuid) {
    let mut text = Uuid::encode_buffer();
    if let Ok(value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        headers.insert(name, value);
    }
}

fn plain(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new().into());
    *reply.status_mut() = status;
    reply
}
