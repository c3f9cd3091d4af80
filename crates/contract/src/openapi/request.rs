//! Requests, as they are held against an operation.

use super::PathParams;
use super::body::{Body, Content, Outcome, violation};
use super::operation::Operation;
use super::parameter::Source;
use crate::schema::VIOLATIONS;
use candor_facts::Violation;
use http::HeaderMap;

/// What a request consists of, for [`Operation::check_request`].
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// What stands in the slots of the path, from [`super::OpenApi::find`].
    pub params: &'a PathParams<'a>,
    /// The query, without its `?`, as it was sent; empty for none.
    pub query: &'a str,
    /// The header fields, with the `content-type` of the body.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: Body<'a>,
}

/// The body that requests of an operation have.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestBody {
    pub(super) required: bool,
    pub(super) content: Content,
}

impl Operation {
    /// What is wrong with `request`: nothing, if the list is empty. At most [`VIOLATIONS`].
    ///
    /// A violation's pointer leads into the request as one value with the members `path`, `query`,
    /// `header`, `cookie` and `body`: `/query/limit`, `/body/items/0/name`. Its rule is a keyword
    /// of JSON Schema, or one of `content` (a media type that is not declared), `json` (not a JSON
    /// text), `repeated`, `encoding` and `style` (of parameters).
    ///
    /// Of the parameters, those are held that are declared; others may be there. A body that the
    /// operation does not declare is not held.
    pub fn check_request(&self, request: &RequestParts<'_>) -> Vec<Violation> {
        let RequestParts { params, query, headers, body } = *request;
        let source = Source { params: Some(params), query, headers };
        let mut found = Vec::new();
        for parameter in self.parameters() {
            parameter.check(&source, &mut found);
        }
        if let Some(declared) = &self.body {
            found.extend(declared.check(headers, body));
        }
        found.truncate(VIOLATIONS);
        found
    }
}

impl RequestBody {
    fn check(&self, headers: &HeaderMap, body: Body<'_>) -> Vec<Violation> {
        if !body.is_empty() {
            return match self.content.check(headers, body) {
                Outcome::Unheld => Vec::new(),
                Outcome::Held(violations) => violations,
            };
        }
        let missing = || violation("/body", "required", self.content.expected());
        self.required.then(missing).into_iter().collect()
    }
}
