//! A route's own description (OpenAPI): what requests and answers must be like, and what comes of it
//! where they are not.
//!
//! Observed, a difference is told to the operator and nothing else happens. Enforced, a request that
//! differs is not sent, and a success that differs is none. Failures are the contract's business: one
//! that the description does not know, or knows in another form, is told to the operator.

use crate::call::Answered;
use crate::counts::Counts;
use candor_contract::openapi::{Body, Checked, Found, OpenApi, Operation, RequestParts};
use candor_facts::{Held, HeldKind, Violation};
use candor_wire::{Arriving, RequestPath, Upload};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use std::sync::Arc;

/// A description, and how it is taken.
#[derive(Debug, Clone)]
pub struct Described {
    /// The description.
    pub api: Arc<OpenApi>,
    /// How it is taken.
    pub mode: Mode,
}

/// How a description is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Differences are told to the operator.
    #[default]
    Observe,
    /// What differs does not pass.
    Enforce,
}

/// What a description says of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'d> {
    operation: &'d Operation,
    mode: Mode,
    route: &'d str,
    counts: &'d Counts,
    /// The largest answer that is held.
    limit: usize,
}

/// A request, as it is held.
pub(crate) struct Sent<'s> {
    pub(crate) method: &'s Method,
    pub(crate) path: &'s RequestPath,
    pub(crate) headers: &'s HeaderMap,
    pub(crate) body: &'s Upload,
}

impl Described {
    /// Holds a request against its operation. `None` where there is none, and that is only observed.
    ///
    /// # Errors
    /// The request differs, and that is enforced: nothing is sent.
    pub(crate) fn request<'d>(
        &'d self,
        route: &'d str,
        counts: &'d Counts,
        limit: usize,
        sent: &Sent<'_>,
    ) -> Result<Option<Expected<'d>>, Held> {
        let (path, query) = split(sent.path.path());
        let path = self.api.below_base(path).unwrap_or(path);
        let (operation, params) = match self.api.find(sent.method, path) {
            Found::Operation { operation, params } => (operation, params),
            Found::OtherMethods(methods) => {
                let known: Vec<_> = methods.iter().map(Method::as_str).collect();
                let detail = format!("the description has {} there", known.join(", "));
                return self.unknown(route, HeldKind::MethodNotAllowed, detail);
            }
            Found::Nothing => {
                let detail = "the description has no such path".to_owned();
                return self.unknown(route, HeldKind::NotFound, detail);
            }
        };
        let held_body = body(sent);
        let parts = RequestParts {
            params: &params,
            query,
            headers: sent.headers,
            body: held_body.unwrap_or(Body::Absent),
        };
        let mut found = operation.check_request(&parts);
        if held_body.is_none() {
            // What was not read is neither missing nor wrong.
            found.retain(|violation| !violation.pointer.starts_with("/body"));
        }
        let expected = Expected { operation, mode: self.mode, route, counts, limit };
        if found.is_empty() {
            return Ok(Some(expected));
        }
        expected.tell("request", &found);
        match self.mode {
            Mode::Observe => Ok(Some(expected)),
            Mode::Enforce => Err(differs(found)),
        }
    }

    fn unknown<'d>(
        &self,
        route: &str,
        kind: HeldKind,
        detail: String,
    ) -> Result<Option<Expected<'d>>, Held> {
        tracing::warn!(route, detail, "a request is not described");
        match self.mode {
            Mode::Observe => Ok(None),
            Mode::Enforce => Err(Held::new(kind, detail)),
        }
    }
}

impl Expected<'_> {
    /// The operation's id.
    pub(crate) fn operation(&self) -> Option<&str> {
        self.operation.id()
    }

    /// Whether an answer passes on unread: it is not JSON, or larger than what is held.
    pub(crate) fn passes(&self, arriving: &Arriving) -> bool {
        let length = arriving.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|text| text.parse::<usize>().ok());
        !is_json(&arriving.headers) || length.is_some_and(|length| length > self.limit)
    }

    /// Holds an answer that passed unread, or was read. `success`: whether the contract takes it for
    /// one. `None` where nothing follows from it.
    pub(crate) fn answer(
        &self,
        method: &Method,
        answered: &Answered,
        success: bool,
    ) -> Option<Vec<Violation>> {
        let received = &answered.received;
        let unread = *method == Method::HEAD || answered.flow.is_some();
        let body = if unread { Body::Absent } else { Body::Bytes(&answered.body) };
        let found = match self.operation.check_response(received.status, &received.headers, body) {
            Checked::Passed => return success.then(Vec::new),
            Checked::Unheld => return None,
            Checked::Undeclared => vec![undeclared(answered.status())],
            Checked::Failed(found) => found,
        };
        self.tell("answer", &found);
        (success && self.mode == Mode::Enforce).then_some(found)
    }

    /// One line for the operator, with the first difference. Holds no value.
    fn tell(&self, what: &'static str, found: &[Violation]) {
        self.counts.differs(what == "request");
        let Some(first) = found.first() else { return };
        tracing::warn!(
            route = self.route,
            operation = self.operation.id().unwrap_or_default(),
            path = self.operation.path(),
            what,
            differences = found.len(),
            pointer = first.pointer,
            rule = first.rule,
            expected = first.expected,
            enforced = self.mode == Mode::Enforce,
            "the description says otherwise"
        );
    }
}

/// The body as it is held; `None` where it passes on unread, or is coded.
fn body<'s>(sent: &Sent<'s>) -> Option<Body<'s>> {
    match sent.body {
        Upload::Whole(bytes) if !sent.headers.contains_key(CONTENT_ENCODING) => {
            Some(Body::Bytes(bytes))
        }
        Upload::Whole(_) | Upload::Passing(_) => None,
    }
}

/// Path and query.
fn split(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json") || media.to_ascii_lowercase().ends_with("+json")
}

fn undeclared(status: u16) -> Violation {
    Violation {
        pointer: "/status".to_owned(),
        rule: "responses".to_owned(),
        expected: format!("a declared status; {status} is none"),
    }
}

fn differs(violations: Vec<Violation>) -> Held {
    let detail = match violations.as_slice() {
        [one] => format!("the request is not as described: {}", one.expected),
        many => format!("the request is not as described, in {} places", many.len()),
    };
    Held { violations, ..Held::new(HeldKind::RequestSchema, detail) }
}
