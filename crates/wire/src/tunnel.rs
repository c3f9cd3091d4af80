//! Asking a proxy for a tunnel (RFC 9110, section 9.3.6).
//!
//! The proxy's answer has no body here: after a success the next byte is the peer's, and after
//! anything else the connection ends.

use crate::cause;
use crate::tls;
use candor_facts::{Fault, FaultKind, Sent};
use http::HeaderValue;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The most bytes that a proxy may say before the tunnel is open: 8 KiB.
const MOST_HEAD: usize = 8 * 1024;

/// The end of a head (RFC 9112, section 2.1).
const END: &[u8] = b"\r\n\r\n";

/// Asks for a tunnel to `end`, a host and a port.
///
/// # Errors
/// A fault of the proxy; nothing of any request has left.
pub(crate) async fn ask<S>(
    stream: &mut S,
    end: &str,
    credentials: Option<&HeaderValue>,
) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A proxy that does not read on may have answered already, and that is told by reading.
    if stream.write_all(&request(end, credentials)).await.is_ok() {
        stream.flush().await.ok();
    }
    let mut heard = Vec::with_capacity(1024);
    loop {
        match read(&heard) {
            Answer::Unknown if heard.len() >= MOST_HEAD => {
                return Err(malformed("its answer's head is larger than 8 KiB"));
            }
            Answer::Unknown => more(stream, &mut heard).await?,
            Answer::Garbage => return Err(malformed("it does not speak HTTP/1")),
            Answer::Head { status: 100 | 102..=199, length } => drop(heard.drain(..length)),
            Answer::Head { status: 200..=299, length } if heard.len() == length => return Ok(()),
            Answer::Head { status: 200..=299, .. } => {
                return Err(malformed("it speaks in the peer's place"));
            }
            Answer::Head { status, .. } => return Err(refused(status, end)),
        }
    }
}

fn request(end: &str, credentials: Option<&HeaderValue>) -> Vec<u8> {
    let mut head = format!("CONNECT {end} HTTP/1.1\r\nHost: {end}\r\n").into_bytes();
    if let Some(credentials) = credentials {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(credentials.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, heard: &mut Vec<u8>) -> Result<(), Fault> {
    let room = MOST_HEAD.saturating_sub(heard.len()) as u64;
    match stream.take(room).read_buf(heard).await {
        Ok(0) => Err(fault(FaultKind::ProxyFailed, "it closed the connection without an answer")),
        Ok(_) => Ok(()),
        Err(error) => Err(broken(&error)),
    }
}

/// What an answer's beginning is.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Not enough to tell.
    Unknown,
    /// A whole head of so many bytes.
    Head { status: u16, length: usize },
    /// No answer of HTTP/1.
    Garbage,
}

/// Only the status is looked at: the fields of a tunnel's answer mean nothing.
fn read(heard: &[u8]) -> Answer {
    const VERSION: &[u8] = b"HTTP/1.";
    let known = heard.len().min(VERSION.len());
    if heard.get(..known) != VERSION.get(..known) {
        return Answer::Garbage;
    }
    let Some(end) = heard.windows(END.len()).position(|window| window == END) else {
        return Answer::Unknown;
    };
    let status = |line: &[u8]| match line {
        [_, b' ', a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ' | b'\r', ..] => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Some(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        _ => None,
    };
    match heard.get(VERSION.len()..).and_then(status) {
        Some(status) => Answer::Head { status, length: end + END.len() },
        None => Answer::Garbage,
    }
}

// === what went wrong ===

fn refused(status: u16, end: &str) -> Fault {
    let kind = match status {
        407 => FaultKind::ProxyUnauthenticated,
        // It may do better another time; the last one is for a network that wants a sign-in first.
        408 | 429 | 500..=510 => FaultKind::ProxyFailed,
        300..=499 | 511 => FaultKind::ProxyRefused,
        _ => FaultKind::ProxyMalformed,
    };
    fault(kind, &format!("it answered {status} when asked for {end}"))
}

fn broken(error: &io::Error) -> Fault {
    let kind = tls::fault(error).map_or(FaultKind::ProxyFailed, |_| FaultKind::ProxyUnreachable);
    fault(kind, &cause::words(error))
}

fn malformed(words: &str) -> Fault {
    fault(FaultKind::ProxyMalformed, words)
}

pub(crate) fn fault(kind: FaultKind, words: &str) -> Fault {
    Fault::new(kind, Sent::Nothing, format!("the outbound proxy: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_or_it_is_no_answer() {
        let head = |text: &str| read(text.as_bytes());
        assert_eq!(head(""), Answer::Unknown);
        assert_eq!(head("HTT"), Answer::Unknown);
        assert_eq!(head("HTTP/1.1 200 OK\r\n"), Answer::Unknown);
        for (text, status) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", 200),
            ("HTTP/1.0 200\r\nContent-Length: 5\r\n\r\n", 200),
            ("HTTP/1.1 407 \r\n\r\n", 407),
        ] {
            assert_eq!(head(text), Answer::Head { status, length: text.len() });
        }
        for text in ["SSH-2", "HTTP/2", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n"] {
            assert_eq!(head(text), Answer::Garbage, "{text}");
        }
    }
}
