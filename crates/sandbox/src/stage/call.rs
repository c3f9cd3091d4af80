//! A call as an API sees it: the request, whole, with ways to look into it.

use bytes::Bytes;
use candor_contract::json::Document;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// A request with its body, at a moment of the world.
pub struct Call {
    /// The method.
    pub method: Method,
    /// The target: path and query, below the API's base URL.
    pub uri: Uri,
    /// The header fields. Framing is as it was sent: a body without `content-length` was chunked.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// When it came in.
    pub now: Timestamp,
}

/// The body of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// All of it; empty where there is none.
    Whole(Bytes),
    /// Larger than is read.
    TooLarge,
    /// It broke off, or is framed wrongly.
    Broken,
}

/// Why a body is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoJson {
    /// There is no body.
    Empty,
    /// It is larger than is read.
    TooLarge,
    /// It is something else, or nested too deep, or names a member twice.
    Malformed,
}

impl Call {
    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.queries().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All query parameters, decoded.
    pub fn queries(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        pairs(self.uri.query().unwrap_or_default())
    }

    /// A header field, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body, in small letters, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let media = self.header("content-type")?.split(';').next()?;
        Some(media.trim().to_ascii_lowercase())
    }

    /// The credentials of this scheme (`Bearer`, `Basic`) in `Authorization`, as they were sent.
    pub fn credentials(&self, scheme: &str) -> Option<&str> {
        let (known, rest) = self.header("authorization")?.split_once(' ')?;
        known.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }

    /// User and password of Basic authentication (RFC 7617).
    pub fn basic(&self) -> Option<(String, String)> {
        use base64::Engine;
        let decoded = base64::engine::general_purpose::STANDARD.decode(self.credentials("Basic")?);
        let text = String::from_utf8(decoded.ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The body's bytes, where there is a whole body.
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Whole(bytes) if !bytes.is_empty() => Some(bytes),
            Body::Whole(_) | Body::TooLarge | Body::Broken => None,
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// There is none, too much of it, or it is something else.
    pub fn json(&self) -> Result<Value, NoJson> {
        match &self.body {
            Body::TooLarge => Err(NoJson::TooLarge),
            Body::Broken => Err(NoJson::Malformed),
            Body::Whole(bytes) if bytes.is_empty() => Err(NoJson::Empty),
            Body::Whole(bytes) => {
                let document = Document::parse(bytes).map_err(|_| NoJson::Malformed)?;
                Ok(document.root().to_value())
            }
        }
    }

    /// The fields of a form (`application/x-www-form-urlencoded`), in their order.
    pub fn form(&self) -> Vec<(String, String)> {
        let text = self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let pairs = pairs(text.unwrap_or_default());
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }
}

/// A call in a log line: its credentials and its body are not for others.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, uri, headers: _, body: _, now } = self;
        write!(f, "{method} {} at {now}", uri.path())
    }
}

/// The pairs of a query or a form; a `+` is a blank there.
fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let blanks = text.replace('+', " ");
        return percent_decode_str(&blanks).decode_utf8_lossy().into_owned().into();
    }
    percent_decode_str(text).decode_utf8_lossy()
}
