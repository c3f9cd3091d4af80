//! How far one HTTP/1.1 request has been received. Reads requests of honest clients: it is no
//! parser to be held against anything.

use std::mem;

/// The most bytes of a head.
const MAX_HEAD: usize = 256 * 1024;

/// The state of one request.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: State,
    line: Vec<u8>,
    /// The head with its empty line, once it is complete.
    pub(crate) head: Vec<u8>,
}

/// What comes next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of the body.
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk, with the line end after it.
    Chunk(u64),
    Trailers,
    Complete,
}

impl Progress {
    pub(crate) fn has_head(&self) -> bool {
        self.state != State::Head
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// How many of `available` bytes can be taken at once.
    pub(crate) fn wants(&self, available: usize) -> usize {
        match self.state {
            State::Complete => 0,
            State::Head | State::ChunkSize | State::Trailers => available.min(1),
            State::Body(left) | State::Chunk(left) => {
                usize::try_from(left).unwrap_or(available).min(available)
            }
        }
    }

    /// Takes as many bytes as it wanted.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let len = bytes.len() as u64;
        self.state = match self.state {
            State::Head => self.head_byte(bytes),
            State::ChunkSize | State::Trailers => self.line_byte(bytes),
            State::Body(left) if left <= len => State::Complete,
            State::Body(left) => State::Body(left - len),
            State::Chunk(left) if left <= len => State::ChunkSize,
            State::Chunk(left) => State::Chunk(left - len),
            State::Complete => State::Complete,
        };
    }

    fn head_byte(&mut self, bytes: &[u8]) -> State {
        self.head.extend_from_slice(bytes);
        if self.head.len() > MAX_HEAD {
            return State::Complete;
        }
        if !self.head.ends_with(b"\r\n\r\n") {
            return State::Head;
        }
        let fields = fields(&self.head);
        let value = |name: &str| fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        if value("transfer-encoding").is_some() {
            return State::ChunkSize;
        }
        match value("content-length").and_then(|(_, length)| length.parse().ok()) {
            None | Some(0) => State::Complete,
            Some(length) => State::Body(length),
        }
    }

    /// Collects a line; at its end says what follows.
    fn line_byte(&mut self, bytes: &[u8]) -> State {
        self.line.extend_from_slice(bytes);
        if !self.line.ends_with(b"\n") {
            return self.state;
        }
        let line = String::from_utf8_lossy(&mem::take(&mut self.line)).trim().to_owned();
        if self.state == State::Trailers {
            return if line.is_empty() { State::Complete } else { State::Trailers };
        }
        match u64::from_str_radix(line.split(';').next().unwrap_or_default(), 16) {
            Ok(0) => State::Trailers,
            Ok(size) => State::Chunk(size.saturating_add(2)),
            Err(_) => State::Complete,
        }
    }
}

/// The header fields of a head, in order.
pub(crate) fn fields(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let lines = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// The method and the target of a head.
pub(crate) fn request_line(head: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(head);
    let mut words = text.lines().next().unwrap_or_default().split(' ').map(str::to_owned);
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `text` when a request was taken from it, and whether it was complete.
    fn taken(text: &str) -> (&str, bool) {
        let mut progress = Progress::default();
        let mut rest = text;
        while progress.wants(rest.len()) > 0 {
            let (now, later) = rest.split_at(progress.wants(rest.len()));
            progress.take(now.as_bytes());
            rest = later;
        }
        (rest, progress.is_complete())
    }

    #[test]
    fn a_request_ends_where_its_framing_says() {
        for (text, expected) in [
            ("GET / HTTP/1.1\r\n\r\nnext", ("next", true)),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcnext", ("next", true)),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", ("", false)),
            ("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nx", ("x", true)),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\nx",
                ("x", true),
            ),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ("", false)),
            ("GET / HT", ("", false)),
        ] {
            assert_eq!(taken(text), expected, "{text:?}");
        }
    }
}
