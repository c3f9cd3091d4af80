//! An honest answer, as far as HTTP goes: its body may still be a lie.

use crate::script::Turn;

/// A status, header fields and a body, for either protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code, as it is sent.
    pub status: u16,
    /// The header fields in order, without `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A 200 with this body as `application/json`, whatever it is.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::of_type("application/json", body)
    }

    /// A 200 with this body as `media`, whatever it is.
    pub fn of_type(media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new(200) }.with("Content-Type", media)
    }

    /// The same under another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with another header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The head and the body as HTTP/1.1 has them, framed by `Content-Length`.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head(&format!("Content-Length: {}\r\n", self.body.len()));
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The head alone, with `framing` (whole lines) instead of the honest length.
    pub fn head(&self, framing: &str) -> Vec<u8> {
        let field = |(name, value): &(String, String)| format!("{name}: {value}\r\n");
        let fields: String = self.headers.iter().map(field).collect();
        format!("HTTP/1.1 {} Scripted\r\n{fields}{framing}\r\n", self.status).into_bytes()
    }

    /// Reads the whole request, gives this answer, and keeps the connection.
    pub fn turn(&self) -> Turn {
        Turn::answers(self.bytes()).keeps()
    }
}
