//! HTTP/1.1 messages as bytes: where they end, and what an answer says.
//!
//! For messages with a `Content-Length` alone, which all contenders send here. Another framing is an
//! error, so that nobody is measured doing something else.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How many header fields a message may have.
const FIELDS: usize = 64;
/// How long one exchange outside of a measurement may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'b> {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: &'b [u8],
    /// The length of the whole message, in bytes.
    pub length: usize,
}

/// The answer that `bytes` start with; `None` where it is not whole yet.
///
/// # Errors
/// It is not HTTP/1.1, or its end is not told by `Content-Length`.
pub fn answer(bytes: &[u8]) -> Result<Option<Answer<'_>>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(start) = head.parse(bytes).context("not an answer")? else {
        return Ok(None);
    };
    let status = head.code.context("an answer without a status")?;
    let length = start + content_length(head.headers)?.context("an answer without a length")?;
    Ok(bytes.get(start..length).map(|body| Answer { status, body, length }))
}

/// The length of the request that `bytes` start with; `None` where it is not whole yet.
///
/// # Errors
/// It is not HTTP/1.1.
pub fn request_length(bytes: &[u8]) -> Result<Option<usize>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(start) = head.parse(bytes).context("not a request")? else {
        return Ok(None);
    };
    let length = start + content_length(head.headers)?.unwrap_or(0);
    Ok((bytes.len() >= length).then_some(length))
}

fn content_length(fields: &[httparse::Header<'_>]) -> Result<Option<usize>> {
    let field = |name| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    if field("transfer-encoding").is_some() {
        bail!("a message with a transfer encoding");
    }
    let Some(length) = field("content-length") else { return Ok(None) };
    let length = std::str::from_utf8(length.value)?.trim().parse();
    Ok(Some(length.context("a length that is no number")?))
}

/// Sends one request over a connection of its own, and returns the bytes of the answer.
///
/// # Errors
/// Nobody listens, or the answer is not whole within [`PATIENCE`].
pub fn exchange(to: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).context("cannot connect")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request).context("cannot send")?;
    read(&mut stream, |bytes| Ok(answer(bytes)?.map(|answer| answer.length)))
}

/// Reads until `whole` knows the length of the message.
///
/// # Errors
/// The connection ends or falls silent before that.
pub fn read(
    stream: &mut TcpStream,
    whole: impl Fn(&[u8]) -> Result<Option<usize>>,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut chunk).context("cannot read")?;
        if count == 0 {
            bail!("the connection ended within a message");
        }
        bytes.extend(chunk.iter().take(count));
        if whole(&bytes)?.is_some() {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let whole = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
        let expected = Answer { status: 404, body: b"no", length: whole.len() };
        assert_eq!(answer(whole).unwrap(), Some(expected));
        for end in 0..whole.len() {
            assert_eq!(answer(&whole[..end]).unwrap(), None, "{end}");
        }
    }

    #[test]
    fn another_framing_is_an_error() {
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(answer(b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n").is_err());
        assert!(answer(b"SSH-2.0-OpenSSH\r\n").is_err());
    }

    #[test]
    fn a_request_without_a_body_ends_with_its_head() {
        let head = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        assert_eq!(request_length(head).unwrap(), Some(head.len()));
        let whole = b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
        assert_eq!(request_length(whole).unwrap(), Some(whole.len()));
        assert_eq!(request_length(&whole[..whole.len() - 1]).unwrap(), None);
    }
}
