//! `application/problem+json` (RFC 9457) with the verdict as extension members.

use super::status::for_caller;
use crate::emit::Written;
use candor_facts::{Attempt, Class, FieldError, Next, Origin, Outcome, Raw, Retry, Verdict};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The media type.
const MEDIA: &str = "application/problem+json";

/// The members in the order of the wire. `status` is the caller's; the upstream's has a name of its
/// own. Borrowed: writing an answer copies no text twice.
#[derive(Serialize)]
struct Problem<'v> {
    r#type: String,
    title: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'v str>,
    class: Class,
    origin: Origin,
    outcome: Outcome,
    retry: Retry,
    next: Next,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'v [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_error_id: Option<&'v str>,
    contract: &'v str,
    row: &'v str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cite: &'v str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inferred: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'v [Attempt],
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'v Raw>,
}

pub(super) fn write(verdict: &Verdict, status: Option<u16>) -> Written {
    let by_verdict = || for_caller(verdict.class, verdict.origin, verdict.status);
    let status = status.unwrap_or_else(by_verdict);
    let mut headers = vec![(CONTENT_TYPE, MEDIA.to_owned())];
    if let Some(after) = verdict.retry.after.filter(|_| matches!(status, 429 | 503)) {
        headers.push((RETRY_AFTER, after.to_string()));
    }
    // The members are texts, numbers and lists of them, which always can be written.
    let body = serde_json::to_vec(&problem(verdict, status)).unwrap_or_default();
    Written { status, reason: None, headers, body }
}

fn problem(verdict: &Verdict, status: u16) -> Problem<'_> {
    Problem {
        r#type: format!("urn:candor:{}", verdict.class),
        title: title(verdict.class),
        status,
        detail: verdict.detail.as_deref(),
        instance: verdict.error_id.map(|id| format!("urn:uuid:{id}")),
        message: verdict.message.as_deref(),
        class: verdict.class,
        origin: verdict.origin,
        outcome: verdict.outcome,
        retry: verdict.retry,
        next: verdict.next,
        fields: &verdict.fields,
        code: verdict.code.as_deref(),
        upstream_status: verdict.status,
        error_id: verdict.error_id,
        upstream_error_id: verdict.upstream_error_id.as_deref(),
        contract: &verdict.contract,
        row: &verdict.row,
        cite: &verdict.cite,
        inferred: verdict.inferred,
        attempts: &verdict.attempts,
        raw: verdict.raw.as_ref(),
    }
}

/// The same for every occurrence of a class, as RFC 9457, section 3.1.3 wants it.
fn title(class: Class) -> String {
    let words = class.name().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
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
