//! One call: what was sent and what came back, borrowed from wherever it lies.

use crate::{Fault, Held, Violation};
use http::{HeaderMap, Method, StatusCode};

/// One call and its ending. Everything is borrowed: stating the facts copies no body.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// What was asked.
    pub request: Request<'a>,
    /// How it ended.
    pub ending: Ending<'a>,
    /// When the ending was seen, in seconds since the Unix epoch. Needed for waits that are given
    /// as a date or as "until the window ends"; without it such a wait stays unknown.
    pub ended_at: Option<i64>,
}

/// The parts of a request that can decide what its answer means.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The path as sent, without the query.
    pub path: &'a str,
    /// The operation's name where the caller knows one: a callback id, an `operationId`.
    pub operation: Option<&'a str>,
    /// The name of the dedupe key that every attempt of this call carries unchanged, such as
    /// `request_id` or `Idempotency-Key`; `None` where there is none.
    pub dedupe_key: Option<&'a str>,
}

impl Default for Request<'static> {
    /// A `GET /` that nobody named: what is assumed of an answer that was pasted alone.
    fn default() -> Self {
        Request { method: &Method::GET, path: "/", operation: None, dedupe_key: None }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// The upstream (or something in front of it) answered.
    Answer(Answer<'a>),
    /// The transport failed before a whole answer was read.
    Fault(&'a Fault),
    /// Candor itself held the call back; nothing was sent.
    Held(&'a Held),
}

/// A complete HTTP answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status code, 100 to 999.
    pub status: StatusCode,
    /// The reason phrase, where the protocol has one (HTTP/1.1) and it was not the standard one.
    pub reason: Option<&'a [u8]>,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The body, decoded of any content coding. Empty where there was none.
    pub body: &'a [u8],
    /// What came of holding the body against the schema declared for it.
    pub check: Check<'a>,
}

/// The result of holding an answer against its declared schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Check<'a> {
    /// No schema was declared for it.
    NotMade,
    /// It has the declared form.
    Passed,
    /// It differs from the declared form in these places (at least one).
    Failed(&'a [Violation]),
}
