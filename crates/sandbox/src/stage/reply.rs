//! What an API answers: a reply of its own, or a row of its contract.

use bytes::Bytes;
use candor_contract::{FieldError, Parts, Table, Written};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use serde::Serialize;

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// A reason phrase of its own, for HTTP/1.1.
    pub reason: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The row of the contract that it was written by; a success has none.
    pub row: Option<&'static str>,
}

/// A row of the contract to be answered, with the values that go into it.
#[derive(Debug, Clone)]
pub struct Refusal(Box<Said>);

/// What a refusal says.
#[derive(Debug, Clone, Default)]
struct Said {
    row: &'static str,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    info: Option<String>,
    fields: Vec<FieldError>,
    error_id: Option<String>,
    wait: Option<u64>,
    named: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, String)>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        let headers = HeaderMap::new();
        Self { status, reason: None, headers, body: Bytes::new(), row: None }
    }

    /// A value as JSON.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Self {
        // A value of a world has text for keys and no odd numbers, so there is nothing to fail on.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self { body: body.into(), ..Self::empty(status) }.with(CONTENT_TYPE, "application/json")
    }

    /// Another header field. A value that cannot be one (a line break in it) is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The row that `refusal` names, as the contract has it written.
    pub(super) fn of(refusal: &Refusal, table: &Table) -> Self {
        let Refusal(said) = refusal;
        let row = table.row(said.row);
        let Some(written) = row.and_then(|row| table.emit(row, &said.parts(&said.named()))) else {
            tracing::error!(row = said.row, "the contract has no such row to answer");
            return Self::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let reply = Self { row: Some(said.row), ..Self::from(written) };
        let more = said.headers.iter();
        more.fold(reply, |reply, (name, value)| reply.with(name.clone(), value))
    }
}

impl Refusal {
    /// This row of the contract, with nothing said beyond it.
    pub fn row(row: &'static str) -> Self {
        Self(Box::new(Said { row, ..Said::default() }))
    }

    /// The row's id.
    pub fn id(&self) -> &'static str {
        self.0.row
    }

    /// The status, where the row has several.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The code, where the row has several.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// The message, where the row has no wording of its own.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// A text that says more, where the API's form has a place for it.
    #[must_use]
    pub fn info(mut self, info: impl Into<String>) -> Self {
        self.0.info = Some(info.into());
        self
    }

    /// A field at fault, as the API writes its path, with a message of its own.
    #[must_use]
    pub fn field(self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.about(path.into(), None, Some(message.into()))
    }

    /// A field at fault together with another one.
    #[must_use]
    pub fn related(self, path: impl Into<String>, related: impl Into<String>) -> Self {
        self.about(path.into(), Some(related.into()), None)
    }

    /// A field at fault, where the row's own wording says why.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        self.about(path.into(), None, None)
    }

    fn about(mut self, path: String, related: Option<String>, message: Option<String>) -> Self {
        self.0.fields.push(FieldError { path, related, message, ..FieldError::default() });
        self
    }

    /// The id of this failure.
    #[must_use]
    pub fn error_id(mut self, id: impl Into<String>) -> Self {
        self.0.error_id = Some(id.into());
        self
    }

    /// How long to wait, in seconds, in the header that the row has for it.
    #[must_use]
    pub fn wait(mut self, seconds: u64) -> Self {
        self.0.wait = Some(seconds);
        self
    }

    /// A value for a slot of the row's wording, or for a free place of the form. Slots without a
    /// name are `""`, all with one value; the first field at fault fills them otherwise.
    #[must_use]
    pub fn named(mut self, slot: &'static str, value: impl Into<String>) -> Self {
        self.0.named.push((slot, value.into()));
        self
    }

    /// Another header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }
}

impl Said {
    fn named(&self) -> Vec<(&str, &str)> {
        self.named.iter().map(|(slot, value)| (*slot, value.as_str())).collect()
    }

    fn parts<'v>(&'v self, named: &'v [(&'v str, &'v str)]) -> Parts<'v> {
        Parts {
            status: self.status,
            code: self.code.as_deref(),
            message: self.message.as_deref(),
            info: self.info.as_deref(),
            fields: &self.fields,
            error_id: self.error_id.as_deref(),
            wait: self.wait,
            named,
        }
    }
}

impl From<Written> for Reply {
    fn from(written: Written) -> Self {
        let status = StatusCode::from_u16(written.status);
        let reply = Self {
            reason: written.reason,
            body: written.body.into(),
            ..Self::empty(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        };
        let headers = written.headers.iter();
        headers.fold(reply, |reply, (name, value)| reply.with(name.clone(), value))
    }
}

impl From<Reply> for Response<Full<Bytes>> {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(Full::new(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        if let Some(Ok(reason)) = reply.reason.map(ReasonPhrase::try_from) {
            response.extensions_mut().insert(reason);
        }
        response
    }
}
