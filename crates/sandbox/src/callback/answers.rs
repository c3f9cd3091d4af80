//! The words of a handler: everything it answers is put together here.
//!
//! The envelope is that of "Callback response format" in the Acronis callback handler guide. Its
//! example of an error has no `type`, so errors are sent without one.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What a handler answers.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    header: Option<(HeaderName, HeaderValue)>,
    media: &'static str,
    body: Bytes,
}

/// Why a request is refused, with the words for the person in front of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

/// The envelope. Members without a value are left out.
#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    response_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err_message: Option<&'a str>,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

impl Answer {
    /// An answer without a body.
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, header: None, media: JSON, body: Bytes::new() }
    }

    /// The callback was carried out.
    pub(super) fn success(kind: &str, request_id: &str, payload: Option<&Value>) -> Self {
        let envelope = Envelope { kind: Some(kind), payload, ..Envelope::new(Some(request_id)) };
        Self::json(StatusCode::OK, &envelope)
    }

    /// The callback was queued.
    pub(super) fn queued(request_id: &str) -> Self {
        Self::json(StatusCode::ACCEPTED, &Envelope::new(Some(request_id)))
    }

    /// The callback was refused. The id is left out where the request could not be read.
    pub(super) fn refused(refusal: &Refusal, request_id: Option<&str>) -> Self {
        let envelope = Envelope { err_message: Some(&refusal.why), ..Envelope::new(request_id) };
        let answer = Self::json(refusal.status, &envelope);
        match refusal.status {
            // RFC 9110, section 11.6.1 asks for a challenge.
            StatusCode::UNAUTHORIZED => answer.with(WWW_AUTHENTICATE, "Bearer"),
            // RFC 9110, section 10.2.1 asks for the methods that are taken.
            StatusCode::METHOD_NOT_ALLOWED => answer.with(ALLOW, "POST"),
            _ => answer,
        }
    }

    /// The handler lives elsewhere now.
    pub(super) fn moved(url: &str) -> Self {
        Self::new(StatusCode::FOUND).with(LOCATION, url)
    }

    /// The rate limit is used up for so many seconds.
    pub(super) fn too_many(seconds: i64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS).with(RETRY_AFTER, &seconds.to_string())
    }

    /// What a web server shows in the handler's place.
    pub(super) fn maintenance_page() -> Self {
        let page = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>\n";
        Self { media: HTML, body: Bytes::from_static(page.as_bytes()), ..Self::new(StatusCode::OK) }
    }

    /// A value as JSON.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { body: body.into(), ..Self::new(status) },
            Err(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// A header whose value cannot be one (a `Location` with a line break) is left out.
    fn with(self, name: HeaderName, value: &str) -> Self {
        Self { header: HeaderValue::from_str(value).ok().map(|value| (name, value)), ..self }
    }
}

impl<'a> Envelope<'a> {
    fn new(request_id: Option<&'a str>) -> Self {
        let response_id = Uuid::new_v4();
        Self { kind: None, request_id, response_id, payload: None, err_message: None }
    }
}

impl Refusal {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }

    /// 400: the request is not what it should be.
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// 401: nobody knows who this is.
    pub(super) fn unauthenticated(why: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, why)
    }

    /// 403: this one may not.
    pub(super) fn forbidden(why: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, why)
    }

    /// 503: not at present.
    pub(super) fn unavailable(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}

impl From<Answer> for Response<Full<Bytes>> {
    fn from(answer: Answer) -> Self {
        let Answer { status, header, media, body } = answer;
        let has_body = !body.is_empty();
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        if has_body {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        }
        response.headers_mut().extend(header);
        response
    }
}
