//! Answers, as they are held against an operation.

use super::body::{Body, Content, Outcome, violation};
use super::operation::Operation;
use super::parameter::{Parameter, Source};
use crate::schema::VIOLATIONS;
use candor_facts::Violation;
use http::{HeaderMap, StatusCode};

/// What came of holding an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The operation declares no answer with this status.
    Undeclared,
    /// All that is declared of it was held, and is so.
    Passed,
    /// Nothing is wrong, but its body was not held: it has no schema, or is not JSON, or is not to
    /// be looked at.
    Unheld,
    /// It is not as declared; at most [`VIOLATIONS`].
    Failed(Vec<Violation>),
}

impl Checked {
    /// Whether the operation declares an answer with this status.
    pub fn is_declared(&self) -> bool {
        match self {
            Self::Undeclared => false,
            Self::Passed | Self::Unheld | Self::Failed(_) => true,
        }
    }

    /// What is wrong; empty where nothing is, and where nothing is declared.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Failed(violations) => violations,
            Self::Undeclared | Self::Passed | Self::Unheld => &[],
        }
    }
}

/// The answers of an operation, by status.
#[derive(Debug, Clone, Default)]
pub(super) struct Responses {
    /// Sorted by status.
    pub(super) exact: Vec<(u16, Response)>,
    /// By the first digit, such as 4 for `4XX`.
    pub(super) ranges: Vec<(u16, Response)>,
    pub(super) default: Option<Response>,
}

/// One declared answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub(super) headers: Vec<Parameter>,
    pub(super) content: Content,
}

impl Responses {
    /// What is declared for `status`: itself, its range, or the default, in this order.
    fn of(&self, status: StatusCode) -> Option<&Response> {
        let status = status.as_u16();
        let exact = self.exact.binary_search_by_key(&status, |(known, _)| *known);
        let exact = exact.ok().and_then(|at| self.exact.get(at));
        let range = || self.ranges.iter().find(|(first, _)| *first == status / 100);
        exact.or_else(range).map(|(_, response)| response).or(self.default.as_ref())
    }
}

impl Operation {
    /// Whether the operation declares an answer with `status`.
    pub fn declares(&self, status: StatusCode) -> bool {
        self.responses.of(status).is_some()
    }

    /// Holds an answer: its status, its header fields and its body.
    ///
    /// A violation's pointer leads into the answer as one value with the members `header` and
    /// `body`; rules are as in [`Operation::check_request`]. Answers to `HEAD`, and others whose
    /// body is not to be looked at, are held with [`Body::Absent`]. An answer with the status 204,
    /// 205 or 304 may always be without one (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
    pub fn check_response(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Body<'_>,
    ) -> Checked {
        let Some(response) = self.responses.of(status) else { return Checked::Undeclared };
        let mut found = Vec::new();
        let source = Source { params: None, query: "", headers };
        for header in &response.headers {
            header.check(&source, &mut found);
        }
        let outcome = response.check_body(status, headers, body);
        let is_held = matches!(outcome, Outcome::Held(_));
        if let Outcome::Held(violations) = outcome {
            found.extend(violations);
        }
        found.truncate(VIOLATIONS);
        match (found.is_empty(), is_held) {
            (false, _) => Checked::Failed(found),
            (true, true) => Checked::Passed,
            (true, false) => Checked::Unheld,
        }
    }
}

impl Response {
    fn check_body(&self, status: StatusCode, headers: &HeaderMap, body: Body<'_>) -> Outcome {
        if !body.is_empty() {
            return self.content.check(headers, body);
        }
        if self.content.types.is_empty() || matches!(status.as_u16(), 204 | 205 | 304) {
            return Outcome::Held(Vec::new());
        }
        // No bytes are a text or a file, but never JSON.
        if matches!(body, Body::Absent) || !self.content.is_json() {
            return Outcome::Unheld;
        }
        Outcome::Held(vec![violation("/body", "required", self.content.expected())])
    }
}
