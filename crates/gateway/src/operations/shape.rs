//! An operation as callers read it: in Candor's own form, or in that of a contract that has one.
//!
//! Candor's own: `id`, `resourceId`, `operationType`, `createdBy`, `createdTime`, `completedTime`,
//! `status`, `error` (there exactly when it failed), and what is known besides. A contract's is the
//! documented one of Solace Cloud: the same members within `data`, statuses in capitals.

use super::course::Wish;
use super::record::{Came, Success};
use super::{OPERATIONS, Operations};
use crate::dialect::AnswerAs;
use crate::journey::{Gateway, Trip};
use crate::names;
use crate::reply::{self, Reply};
use bytes::Bytes;
use candor_facts::{Attempt, Class, Outcome};
use candor_ledger::{Op, Page, State};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// The field that names the heeded preferences (RFC 7240, section 3).
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The contract's form that an operation has, where a contract has one.
const FORM: &str = "operation";

/// The form of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Candor,
    /// Within `data`, beside `meta`; statuses in capitals.
    Enveloped,
}

impl Form {
    /// The form that a caller reads.
    pub(super) fn of(gateway: &Gateway, trip: &Trip) -> Self {
        match reply::form(gateway, trip) {
            AnswerAs::Contract(table) if table.forms().iter().any(|form| form.name == FORM) => {
                Self::Enveloped
            }
            AnswerAs::Contract(_) | AnswerAs::Problem | AnswerAs::AsItCame => Self::Candor,
        }
    }

    /// An operation by itself.
    pub(super) fn one(self, op: &Op) -> Value {
        match self {
            Self::Candor => Value::Object(resource(op, true)),
            Self::Enveloped => json!({ "data": enveloped(op), "meta": {} }),
        }
    }

    /// A part of a list.
    fn list(self, page: &Page) -> Value {
        let next = page.next.map(|next| next.0);
        match self {
            Self::Candor => {
                let ops = page.ops.iter().map(|op| Value::Object(resource(op, false)));
                json!({ "operations": ops.collect::<Vec<_>>(), "next": next })
            }
            Self::Enveloped => {
                let data: Vec<Value> = page.ops.iter().map(enveloped).collect();
                json!({ "data": data, "meta": { "pagination": { "nextPage": next, "pageSize": page.ops.len() } } })
            }
        }
    }
}

/// An operation in Candor's form; `whole` with what came of it.
fn resource(op: &Op, whole: bool) -> Map<String, Value> {
    let came = Came::read(&op.result);
    let mut members = common(op, &status(op));
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("tenant", op.tenant.as_str().into());
    put("startedTime", op.started.map(|time| time.to_string()).into());
    put("cancelRequested", op.cancel_requested.into());
    put("deadLetter", op.dead_letter.into());
    put("redrivenAs", op.redriven_as.map(|id| id.to_string()).into());
    put("outcome", outcome(op, came.as_ref()).map(Outcome::name).into());
    put("class", class(came.as_ref()).map(Class::name).into());
    if whole {
        put("attempts", attempts(op, came.as_ref()));
        match came {
            Some(Came::Failed(verdict)) => {
                put("verdict", serde_json::to_value(verdict).unwrap_or_default());
            }
            Some(Came::Succeeded(success)) => put("result", result(&success)),
            None => {}
        }
    }
    members
}

/// The members that both forms have.
fn common(op: &Op, status: &Value) -> Map<String, Value> {
    let error = op.error.as_ref();
    let error = error.map(|error| json!({ "message": error.message, "errorId": error.error_id }));
    let members = json!({
        "id": op.id,
        "resourceId": op.resource_id,
        "operationType": op.operation_type,
        "createdBy": op.created_by,
        "createdTime": op.created.to_string(),
        "completedTime": op.completed.map(|time| time.to_string()),
        "status": status,
        "error": error,
    });
    let Value::Object(members) = members else { return Map::new() };
    members
}

/// The documented resource of Solace Cloud.
fn enveloped(op: &Op) -> Value {
    let status = match op.state {
        State::Pending => "PENDING",
        State::InProgress => match &op.declared {
            Some(declared) => {
                return Value::Object(typed(common(op, &declared.to_uppercase().into())));
            }
            None => "INPROGRESS",
        },
        State::Succeeded => "SUCCEEDED",
        State::Failed => "FAILED",
        State::Cancelled => "CANCELLED",
    };
    Value::Object(typed(common(op, &status.into())))
}

fn typed(mut members: Map<String, Value>) -> Map<String, Value> {
    members.insert("type".to_owned(), FORM.into());
    members.insert("resourceType".to_owned(), "callback".into());
    members
}

/// How far it is: in the words of whoever runs it, where there are some.
fn status(op: &Op) -> Value {
    match (&op.declared, op.state) {
        (Some(declared), State::InProgress) => declared.as_str().into(),
        (_, State::Pending) => "pending".into(),
        (_, State::InProgress) => "inProgress".into(),
        (_, State::Succeeded) => "succeeded".into(),
        (_, State::Failed) => "failed".into(),
        (_, State::Cancelled) => "cancelled".into(),
    }
}

/// Whether it took effect, as far as that is known.
fn outcome(op: &Op, came: Option<&Came>) -> Option<Outcome> {
    match came {
        Some(Came::Succeeded(success)) => Some(success.outcome),
        Some(Came::Failed(verdict)) => Some(verdict.outcome),
        // Nobody had begun it.
        None => (op.state == State::Cancelled).then_some(Outcome::Unsent),
    }
}

fn class(came: Option<&Came>) -> Option<Class> {
    came.map(|came| match came {
        Came::Succeeded(success) => success.class,
        Came::Failed(verdict) => verdict.class,
    })
}

/// What was tried: all of it at the end, what was noted until then.
fn attempts(op: &Op, came: Option<&Came>) -> Value {
    let made: Vec<Attempt> = match came {
        Some(Came::Succeeded(success)) => success.attempts.clone(),
        Some(Came::Failed(verdict)) => verdict.attempts.clone(),
        None => op.attempts.iter().filter_map(|json| serde_json::from_str(json).ok()).collect(),
    };
    serde_json::to_value(made).unwrap_or_default()
}

/// What the handler answered.
fn result(success: &Success) -> Value {
    let mut result = json!({
        "status": success.status,
        "contentType": success.content_type,
        "row": success.row,
    });
    if let Some(members) = result.as_object_mut() {
        match serde_json::from_slice::<Value>(&success.body) {
            Ok(body) => drop(members.insert("body".to_owned(), body)),
            Err(_) if success.left_out => {
                members.insert("leftOut".to_owned(), true.into());
            }
            Err(_) => {
                let text = String::from_utf8_lossy(&success.body);
                members.insert("text".to_owned(), text.into());
            }
        }
    }
    result
}

// === answers ===

/// 202: the call goes on as this operation.
pub(super) fn promised(
    gateway: &Gateway,
    operations: &Operations,
    trip: &Trip,
    op: &Op,
    wish: &Wish,
) -> Reply {
    let mut reply = shown(StatusCode::ACCEPTED, Form::of(gateway, trip), op);
    let headers = reply.headers_mut();
    headers.insert(names::CLASS, HeaderValue::from_static(Class::Accepted.name()));
    headers.insert(names::OUTCOME, HeaderValue::from_static(Outcome::Accepted.name()));
    reply::put_id(headers, names::REQUEST_ID, trip.request_id);
    reply::put_id(headers, names::OPERATION, op.id);
    reply::put(headers, LOCATION, location(op));
    let wait = operations.after.as_secs().max(1);
    headers.insert(RETRY_AFTER, HeaderValue::from(wait));
    if let Some(applied) = &wish.applied {
        reply::put(headers, PREFERENCE_APPLIED, applied.clone());
    }
    reply
}

/// Where an operation is asked for.
pub(super) fn location(op: &Op) -> String {
    let tenant = url::form_urlencoded::byte_serialize(op.tenant.as_str().as_bytes());
    format!("{OPERATIONS}/{}?tenant={}", op.id, tenant.collect::<String>())
}

/// An operation, with its revision for the next question.
pub(super) fn shown(status: StatusCode, form: Form, op: &Op) -> Reply {
    let mut reply = said(status, &form.one(op));
    let headers = reply.headers_mut();
    reply::put(headers, ETAG, tag(op));
    reply::put_id(headers, names::OPERATION, op.id);
    if !op.state.is_final() {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    reply
}

/// A part of a list.
pub(super) fn listed(form: Form, page: &Page) -> Reply {
    said(StatusCode::OK, &form.list(page))
}

/// An operation's revision, as an entity tag.
pub(super) fn tag(op: &Op) -> String {
    format!("\"{}\"", op.rev.0)
}

/// Nothing more to say.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new().into());
    *reply.status_mut() = status;
    reply
}

pub(super) fn said(status: StatusCode, value: &Value) -> Reply {
    let mut reply = Response::new(Bytes::from(value.to_string()).into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // It changes by itself.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
