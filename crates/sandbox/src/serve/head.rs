//! A head that frames no body: its `Content-Length` is not a number.
//!
//! An HTTP library answers such a request on its own, and rightly: nobody knows where the next one
//! begins. An API that documents an answer of its own must see it, so the first head of each
//! connection is looked at before the library takes over; the connection is closed after such an
//! answer. Later requests of a connection are answered by the library.

use super::Answer;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Version};
use http_body_util::BodyExt;
use hyper::ext::ReasonPhrase;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much of the first segment is looked at, in bytes.
const LOOKED_AT: usize = 8 * 1024;
/// How long the caller has to read the answer and to close, too.
const LINGER: Duration = Duration::from_secs(1);

/// The head of a request whose `Content-Length` is not a number, if one has come in whole.
pub(super) async fn unframed(stream: &TcpStream) -> Option<Parts> {
    let mut buffer = vec![0; LOOKED_AT];
    let read = tokio::time::timeout(super::HEAD_TIME, stream.peek(&mut buffer)).await;
    let seen = buffer.get(..read.ok()?.ok()?)?;
    let end = seen.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(seen.get(..end)?).ok()?;
    let parts = read_head(head)?;
    let length = parts.headers.get("content-length")?.as_bytes();
    let number = !length.is_empty() && length.iter().all(u8::is_ascii_digit) && length.len() < 19;
    (!number).then_some(parts)
}

fn read_head(head: &str) -> Option<Parts> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let method: Method = words.next()?.parse().ok()?;
    let mut request = Request::builder().method(method).uri(words.next()?);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        request = request.header(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some(request.version(Version::HTTP_11).body(()).ok()?.into_parts().0)
}

/// Writes an answer, and that it is the last one. A caller who is gone misses it.
pub(super) async fn write(stream: &mut TcpStream, answer: Answer) {
    let (parts, mut body) = answer.into_parts();
    let Ok(frame) = body.frame().await.transpose();
    let body = frame.and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    let reason = parts.extensions.get::<ReasonPhrase>().map(|reason| reason.as_bytes().to_vec());
    let reason = reason
        .unwrap_or_else(|| parts.status.canonical_reason().unwrap_or_default().as_bytes().to_vec());
    let mut bytes = format!("HTTP/1.1 {} ", parts.status.as_u16()).into_bytes();
    bytes.extend(reason);
    for (name, value) in &parts.headers {
        bytes.extend(format!("\r\n{name}: ").into_bytes());
        bytes.extend(value.as_bytes());
    }
    bytes.extend(
        format!("\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes(),
    );
    bytes.extend(body);
    if let Err(error) = stream.write_all(&bytes).await {
        tracing::debug!(%error, "a caller did not wait for its answer");
        return;
    }
    linger(stream).await;
}

/// Takes in what was sent, for a moment. A socket that is closed with something unread in it is reset,
/// and the caller may lose the answer with it.
async fn linger(stream: &mut TcpStream) {
    let _best_effort = stream.shutdown().await;
    let mut unread = vec![0; LOOKED_AT];
    let to_the_end = async { while let Ok(1..) = stream.read(&mut unread).await {} };
    let _gone_or_late = tokio::time::timeout(LINGER, to_the_end).await;
}
