//! Reading an answer as a person has it: the output of `curl -i` or `curl -v`, raw HTTP, a HAR entry.
//!
//! Lenient where tools differ, strict where a guess would mislead. Not an HTTP parser for sockets:
//! what comes over the wire is read by hyper.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use std::borrow::Cow;

/// The largest transcript that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// An answer, and its request where the transcript has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The request's method and path.
    pub request: Option<(Method, String)>,
    /// The status.
    pub status: StatusCode,
    /// The reason phrase, where there was one.
    pub reason: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a text is not a transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; expected {expected}")]
pub struct TranscriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What was expected there.
    pub expected: String,
}

fn error(line: usize, what: impl Into<String>, expected: impl Into<String>) -> TranscriptError {
    TranscriptError { line, what: what.into(), expected: expected.into() }
}

/// Reads a transcript.
///
/// # Errors
/// The first line that cannot be understood, with what was expected.
pub fn read(bytes: &[u8]) -> Result<Transcript, TranscriptError> {
    if bytes.len() > MAX_BYTES {
        return Err(error(1, "this is too long", format!("at most {MAX_BYTES} bytes")));
    }
    let bytes = &*in_utf8(bytes);
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return har(bytes);
    }
    let mut reader = Reader { rest: bytes, line: 0 };
    let request = reader.request()?;
    let verbose = reader.rest.starts_with(RECEIVED);
    let mut last = reader.answer()?;
    // Interim answers, a proxy's own and followed redirects come before the one that counts.
    while reader.starts_answer() || verbose && reader.skip_to_answer() {
        last = reader.answer()?;
    }
    last.request = request;
    last.body = if verbose { without_talk(reader.rest) } else { reader.rest }.to_vec();
    if is_chunked(&last.headers) {
        last.body = unchunk(&last.body).unwrap_or(last.body);
    }
    Ok(last)
}

/// What stands before a line that `curl -v` received.
const RECEIVED: &[u8] = b"< ";

/// The text without a byte order mark; from UTF-16, as PowerShell redirects it, in UTF-8.
fn in_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(wide) = bytes.strip_prefix(b"\xff\xfe") else {
        return Cow::Borrowed(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    };
    let (units, _) = wide.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

/// The body that `curl -v` showed, without its own remarks before and after.
fn without_talk(mut rest: &[u8]) -> &[u8] {
    while rest.starts_with(b"* ") || rest.starts_with(b"{ [") {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    let left = b"* Connection #";
    let talk = rest.windows(left.len()).rposition(|window| window == left);
    talk.and_then(|at| rest.get(..at)).unwrap_or(rest)
}

struct Reader<'b> {
    rest: &'b [u8],
    line: usize,
}

impl<'b> Reader<'b> {
    fn next_line(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let end = self.rest.iter().position(|b| *b == b'\n');
        let (line, rest) = match end {
            Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
            None => (self.rest, &b""[..]),
        };
        self.rest = rest;
        // `curl -v` marks what it received and what it sent.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let sent = || line.strip_prefix(b"> ");
        Some(line.strip_prefix(RECEIVED).or_else(sent).unwrap_or(line))
    }

    fn starts_answer(&self) -> bool {
        let rest = self.rest.strip_prefix(RECEIVED).unwrap_or(self.rest);
        rest.starts_with(b"HTTP/")
    }

    /// Goes on to the next answer that `curl -v` received, where there is one.
    fn skip_to_answer(&mut self) -> bool {
        let mark = b"\n< HTTP/";
        let more = self.rest.windows(mark.len()).any(|window| window == mark);
        while more && !self.starts_answer() {
            self.next_line();
        }
        more
    }

    /// The request, where the transcript starts with one.
    fn request(&mut self) -> Result<Option<(Method, String)>, TranscriptError> {
        // Blank lines, a shell's prompt and what `curl -v` says of the connection.
        while self
            .rest
            .first()
            .is_some_and(|b| matches!(b, b'\r' | b'\n' | b' ' | b'*' | b'}' | b'$'))
        {
            self.next_line();
        }
        if self.starts_answer() || self.rest.is_empty() {
            return Ok(None);
        }
        let line = text(self.next_line().unwrap_or_default());
        let mut parts = line.split_ascii_whitespace();
        let method = parts.next().and_then(|m| Method::from_bytes(m.as_bytes()).ok());
        let path = parts.next().filter(|path| path.starts_with('/') || path.contains("://"));
        let (Some(method), Some(path)) = (method, path) else {
            let expected = "a status line such as `HTTP/1.1 404 Not Found` (try `curl -i`)";
            return Err(error(
                self.line,
                format!("`{}` is no request line and no status line", shortened(&line)),
                expected,
            ));
        };
        while !self.starts_answer() {
            if self.next_line().is_none() {
                return Err(error(self.line, "the answer is missing", "a status line"));
            }
        }
        Ok(Some((method, path_of(path))))
    }

    fn answer(&mut self) -> Result<Transcript, TranscriptError> {
        let Some(line) = self.next_line() else {
            return Err(error(1, "there is nothing here", "a status line or a HAR entry"));
        };
        let (status, reason) = status_line(&text(line)).ok_or_else(|| {
            let what = format!("`{}` is not a status line", shortened(&text(line)));
            error(self.line, what, "something like `HTTP/1.1 404 Not Found`")
        })?;
        let headers = self.headers()?;
        Ok(Transcript { request: None, status, reason, headers, body: Vec::new() })
    }

    fn headers(&mut self) -> Result<HeaderMap, TranscriptError> {
        let mut headers = HeaderMap::new();
        while let Some(line) = self.next_line() {
            if line.is_empty() || line == b"<" {
                break;
            }
            if line.starts_with(b"* ") {
                continue;
            }
            let field = header(&text(line)).ok_or_else(|| {
                let what = format!("`{}` is not a header field", shortened(&text(line)));
                error(self.line, what, "`Name: value`, or an empty line before the body")
            })?;
            headers.append(field.0, field.1);
        }
        Ok(headers)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shortened(line: &str) -> String {
    line.chars().take(60).collect()
}

fn path_of(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    path.split('?').next().unwrap_or_default().to_owned()
}

fn status_line(line: &str) -> Option<(StatusCode, Option<String>)> {
    let rest = line.strip_prefix("HTTP/")?;
    let (_, rest) = rest.split_once(' ')?;
    let (code, reason) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    let status = StatusCode::from_bytes(code.as_bytes()).ok()?;
    let reason = reason.trim();
    Some((status, (!reason.is_empty()).then(|| reason.to_owned())))
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    Some((name, HeaderValue::from_str(value.trim()).ok()?))
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let codings = headers.get(http::header::TRANSFER_ENCODING);
    codings.is_some_and(|value| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked"))
}

/// The body without its chunks; `None` where it has none, as in the output of `curl -i`. A dump may
/// end before the last chunk does.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        if rest.is_empty() && !body.is_empty() {
            return Some(body);
        }
        let end = rest.iter().position(|b| *b == b'\n')?;
        let size = text(rest.get(..end)?);
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 1..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?;
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
    }
}

// === HAR ===

const HAR: &str = "a HAR entry with `response`, or a HAR file with `log.entries`";

fn har(bytes: &[u8]) -> Result<Transcript, TranscriptError> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| error(e.line(), format!("this is not JSON: {e}"), HAR))?;
    let entry = entry(&value).ok_or_else(|| error(1, "this JSON has no `response`", HAR))?;
    from_entry(entry).ok_or_else(|| error(1, "the entry's `response` has no valid `status`", HAR))
}

/// The entry itself, or of a whole file the first that failed; where none did, the first in JSON,
/// which may tell of a failure inside.
fn entry(value: &Value) -> Option<&Value> {
    if value.get("response").is_some() {
        return Some(value);
    }
    let entries = value.pointer("/log/entries")?.as_array()?;
    let failed = |entry: &&Value| {
        entry.pointer("/response/status").and_then(Value::as_u64).is_some_and(|s| s >= 400)
    };
    let json = |entry: &&Value| {
        let media = entry.pointer("/response/content/mimeType").and_then(Value::as_str);
        media.is_some_and(|media| media.contains("json"))
    };
    entries.iter().find(failed).or_else(|| entries.iter().find(json)).or_else(|| entries.first())
}

fn from_entry(entry: &Value) -> Option<Transcript> {
    let response = entry.get("response")?;
    let status = response.get("status")?.as_u64()?;
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let reason = text(response, "statusText").filter(|text| !text.is_empty());
    let fields = response.get("headers").and_then(Value::as_array);
    let field = |f: &Value| {
        let name = HeaderName::from_bytes(f.get("name")?.as_str()?.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(f.get("value")?.as_str()?).ok()?))
    };
    let headers = fields.into_iter().flatten().filter_map(field).collect();
    let content = response.get("content");
    let written = content.and_then(|c| text(c, "text")).unwrap_or_default();
    let encoded = content.and_then(|c| c.get("encoding")).and_then(Value::as_str) == Some("base64");
    let decoded = if encoded { unbase64(&written) } else { None };
    let body = decoded.unwrap_or_else(|| written.into_bytes());
    let request = entry.get("request").and_then(|request| {
        let method = Method::from_bytes(text(request, "method")?.as_bytes()).ok()?;
        Some((method, path_of(&text(request, "url")?)))
    });
    Some(Transcript { request, status, reason, headers, body })
}

/// The bytes of a base64 text (RFC 4648, section 4); `None` where it is none.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_i_output_is_read() {
        let t = read(b"HTTP/2 404 \r\ncontent-type: text/plain\r\n\r\ngone\n").unwrap();
        assert_eq!((t.status.as_u16(), t.reason, t.body), (404, None, b"gone\n".to_vec()));
    }

    #[test]
    fn the_last_answer_counts() {
        let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n";
        let t = read(text).unwrap();
        assert_eq!((t.status.as_u16(), t.reason.as_deref()), (503, Some("Busy")));
    }

    #[test]
    fn a_request_before_the_answer_gives_method_and_path() {
        let text = b"POST /api/2/idp/token?x=1 HTTP/1.1\nHost: a\n\nHTTP/1.1 400 Bad Request\n\n{}";
        let t = read(text).unwrap();
        assert_eq!(t.request, Some((Method::POST, "/api/2/idp/token".to_owned())));
        assert_eq!(t.body, b"{}");
    }

    #[test]
    fn chunks_are_joined_where_there_are_any() {
        let head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n";
        let raw = format!("{head}4\r\nabcd\r\n1;x=y\r\ne\r\n0\r\n\r\n");
        assert_eq!(read(raw.as_bytes()).unwrap().body, b"abcde");
        let joined = format!("{head}{{\"a\":1}}");
        assert_eq!(read(joined.as_bytes()).unwrap().body, b"{\"a\":1}");
    }

    #[test]
    fn curl_v_output_is_read_without_its_talk() {
        let text = b"*   Trying 192.0.2.1:443...\n} [5 bytes data]\n> DELETE /api/2/tenants/7?v=1 HTTP/2\n\
            > Host: a.example\n> \n* Request completely sent off\n< HTTP/2 302 \n< \n* Ignoring the body\n\
            < HTTP/2 400 \n* Noted\n< Content-Type: application/json\n< \n{ [7 bytes data]\n\
            {\"a\":1}\n* Connection #0 to host a.example left intact\n";
        let t = read(text).unwrap();
        assert_eq!(t.request, Some((Method::DELETE, "/api/2/tenants/7".to_owned())));
        assert_eq!((t.status.as_u16(), t.body), (400, b"{\"a\":1}\n".to_vec()));
    }

    #[test]
    fn a_byte_order_mark_and_utf_16_are_taken_off() {
        let text = "\u{feff}HTTP/1.1 404 Not Found\r\n\r\ngone";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &wide] {
            assert_eq!(read(bytes).unwrap().body, b"gone");
        }
    }

    #[test]
    fn chunks_are_joined_where_the_dump_breaks_off() {
        let raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n";
        assert_eq!(read(raw).unwrap().body, b"{}");
    }

    #[test]
    fn of_a_har_file_without_failures_the_first_json_is_read_and_decoded() {
        let text = br#"{"log":{"entries":[
            {"response":{"status":200,"content":{"mimeType":"text/css","text":"a"}}},
            {"response":{"status":200,"content":
             {"mimeType":"application/json; charset=utf-8","encoding":"base64","text":"eyJhIjoxfQ=="}}}]}}"#;
        assert_eq!(read(text).unwrap().body, b"{\"a\":1}");
    }

    #[test]
    fn of_a_har_file_the_first_failure_is_read() {
        let text = br#"{"log":{"entries":[
            {"response":{"status":200,"headers":[]}},
            {"request":{"method":"GET","url":"https://a.example/x?y"},
             "response":{"status":429,"statusText":"","headers":[{"name":"Retry-After","value":"7"}],
             "content":{"text":"slow down"}}}]}}"#;
        let t = read(text).unwrap();
        assert_eq!((t.status.as_u16(), t.request), (429, Some((Method::GET, "/x".to_owned()))));
        assert_eq!(t.body, b"slow down");
    }

    #[test]
    fn what_is_no_answer_says_where_and_what_was_expected() {
        let table: [(&[u8], &str); 5] = [
            (b"", "there is nothing here"),
            (b"hello", "line 1: `hello` is no request line"),
            (b"HTTP/1.1 abc\n\n", "line 1: `HTTP/1.1 abc` is not a status line"),
            (b"HTTP/1.1 200 OK\nno colon\n", "line 2: `no colon` is not a header field"),
            (b"{\"a\": 1}", "this JSON has no `response`"),
        ];
        for (bytes, expected) in table {
            let text = read(bytes).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        }
    }
}
