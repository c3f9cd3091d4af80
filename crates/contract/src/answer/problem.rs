//! `application/problem+json` (RFC 9457) with the verdict as extension members.

use super::status::for_caller;
use crate::emit::Written;
use crate::json::Writer;
use candor_facts::{Attempt, Class, FaultKind, FieldError, Raw, Retry, Sent, Verdict};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use uuid::Uuid;

/// The media type.
const MEDIA: &str = "application/problem+json";
/// What the members take, mostly, beside the upstream's answer.
const MEMBERS: usize = 1024;

pub(super) fn write(verdict: &Verdict, status: Option<u16>) -> Written {
    let by_verdict = || for_caller(verdict.class, verdict.origin, verdict.status);
    let status = status.unwrap_or_else(by_verdict);
    let mut headers = vec![(CONTENT_TYPE, MEDIA.to_owned())];
    if let Some(after) = verdict.retry.after.filter(|_| matches!(status, 429 | 503)) {
        headers.push((RETRY_AFTER, after.to_string()));
    }
    Written { status, reason: None, headers, body: problem(verdict, status) }
}

/// The members in the order of the wire. `status` is the caller's; the upstream's has a name of its
/// own. Written from the verdict at once: no text is copied twice.
fn problem(verdict: &Verdict, status: u16) -> Vec<u8> {
    let shown = verdict.raw.as_ref().map_or(0, |raw| raw.body.len());
    let mut problem = Writer::with_room(MEMBERS + shown + shown / 4);
    problem.text("type", &["urn:candor:", verdict.class.name()].concat());
    problem.text("title", &title(verdict.class));
    problem.number("status", status.into());
    problem.some_text("detail", verdict.detail.as_deref());
    if let Some(id) = verdict.error_id {
        problem.text("instance", id.urn().encode_lower(&mut Uuid::encode_buffer()));
    }
    problem.some_text("message", verdict.message.as_deref());
    problem.text("class", verdict.class.name());
    problem.text("origin", verdict.origin.name());
    problem.text("outcome", verdict.outcome.name());
    problem.object("retry", |retry| write_retry(retry, verdict.retry));
    problem.object("next", |next| {
        next.text("who", verdict.next.who.name());
        next.text("how", verdict.next.how.name());
    });
    if !verdict.fields.is_empty() {
        problem.objects("fields", &verdict.fields, write_field);
    }
    problem.some_text("code", verdict.code.as_deref());
    if let Some(status) = verdict.status {
        problem.number("upstream_status", status.into());
    }
    if let Some(id) = verdict.error_id {
        problem.text("error_id", id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
    problem.some_text("upstream_error_id", verdict.upstream_error_id.as_deref());
    problem.text("contract", &verdict.contract);
    problem.text("row", &verdict.row);
    problem.some_text("cite", Some(verdict.cite.as_str()).filter(|cite| !cite.is_empty()));
    if verdict.inferred {
        problem.truth("inferred", true);
    }
    if !verdict.attempts.is_empty() {
        problem.objects("attempts", &verdict.attempts, write_attempt);
    }
    if let Some(raw) = &verdict.raw {
        problem.object("raw", |member| write_raw(member, raw));
    }
    problem.finish()
}

fn write_retry(member: &mut Writer, retry: Retry) {
    member.truth("safe", retry.safe);
    if let Some(after) = retry.after {
        member.number("after", after);
    }
    member.text("why", retry.why.name());
}

fn write_field(member: &mut Writer, field: &FieldError) {
    member.text("path", &field.path);
    member.some_text("pointer", field.pointer.as_deref());
    member.some_text("kind", field.kind.as_deref());
    member.some_text("related", field.related.as_deref());
    member.some_text("message", field.message.as_deref());
}

fn write_attempt(member: &mut Writer, attempt: &Attempt) {
    member.number("number", attempt.number.into());
    if let Some(status) = attempt.status {
        member.number("status", status.into());
    }
    member.some_text("fault", attempt.fault.map(FaultKind::name));
    member.some_text("sent", attempt.sent.map(Sent::name));
    member.text("row", &attempt.row);
    member.number("took_ms", attempt.took_ms);
    member.text("decision", &attempt.decision);
}

fn write_raw(member: &mut Writer, raw: &Raw) {
    member.some_text("content_type", raw.content_type.as_deref());
    member.text("body", &raw.body);
    if raw.cut {
        member.truth("cut", true);
    }
}

/// The same for every occurrence of a class, as RFC 9457, section 3.1.3 wants it.
fn title(class: Class) -> String {
    let mut title = class.name().replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// Reads the verdict out of a problem that Candor wrote. `None` for any other body.
pub fn read(body: &[u8]) -> Option<Verdict> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let members = value.as_object_mut()?;
    members.remove("status")?;
    if let Some(status) = members.remove("upstream_status") {
        members.insert("status".to_owned(), status);
    }
    serde_json::from_value(value).ok()
}
