//! What the targets share: an exchange as text, so that a seed can be written by hand.

use candor_contract::{Library, Written};
use candor_facts::{
    Answer, Check, Ending, Exchange, Fault, FaultKind, Held, HeldKind, Request, Sent, Violation,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::sync::LazyLock;

/// The contracts that come with Candor.
pub fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::shipped().expect("shipped"));
    &LIBRARY
}

/// An exchange that was read from text:
///
/// ```text
/// POST /path operation
/// HTTP/1.1 404 Not Found        or   fault head_timed_out all   or   held shed
/// Name: value
///
/// the body
/// ```
///
/// Every text gives one. Where it is wrong, something near it is taken.
pub struct Spoken {
    method: Method,
    path: String,
    operation: Option<String>,
    reason: Option<Vec<u8>>,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    violations: Vec<Violation>,
    fault: Option<Fault>,
    held: Option<Held>,
}

impl Spoken {
    /// Reads `bytes`.
    pub fn read(bytes: &[u8]) -> Self {
        let (request, rest) = line(bytes);
        let (ending, mut rest) = line(rest);
        let request = String::from_utf8_lossy(request);
        let mut words = request.split_ascii_whitespace();
        let method = words.next().and_then(|m| Method::from_bytes(m.as_bytes()).ok());
        let path = words.next().unwrap_or("/").to_owned();
        let operation = words.next().filter(|w| !w.starts_with("HTTP/")).map(str::to_owned);
        let mut headers = HeaderMap::new();
        loop {
            let (head, after) = line(rest);
            rest = after;
            let Some(colon) = head.iter().position(|b| *b == b':') else { break };
            let name = HeaderName::from_bytes(&head[..colon]);
            let value = HeaderValue::from_bytes(head[colon + 1..].trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                let _more = headers.try_append(name, value);
            }
        }
        let text = String::from_utf8_lossy(ending);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let status = words.get(1).and_then(|s| StatusCode::from_bytes(s.as_bytes()).ok());
        let reason = ending.splitn(3, |b| *b == b' ').nth(2).map(<[u8]>::to_vec);
        Self {
            method: method.unwrap_or(Method::GET),
            path,
            operation,
            reason,
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            violations: violations(&headers),
            headers,
            body: rest.to_vec(),
            fault: fault(&words),
            held: held(&words),
        }
    }

    /// The exchange, seen at `ended_at`.
    pub fn exchange(&self, ended_at: Option<i64>) -> Exchange<'_> {
        let request = Request {
            method: &self.method,
            path: &self.path,
            operation: self.operation.as_deref(),
            dedupe_key: self.operation.as_deref().map(|_| "request_id"),
        };
        let ending = match (&self.fault, &self.held) {
            (Some(fault), _) => Ending::Fault(fault),
            (None, Some(held)) => Ending::Held(held),
            (None, None) => Ending::Answer(self.answer()),
        };
        Exchange { request, ending, ended_at }
    }

    fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            reason: self.reason.as_deref(),
            headers: &self.headers,
            body: &self.body,
            check: match (self.headers.contains_key("x-checked"), self.violations.as_slice()) {
                (false, _) => Check::NotMade,
                (true, []) => Check::Passed,
                (true, some) => Check::Failed(some),
            },
        }
    }
}

/// An answer that was written, as its reader gets it.
pub fn received<'a>(written: &'a Written, headers: &'a HeaderMap) -> Answer<'a> {
    Answer {
        status: StatusCode::from_u16(written.status).expect("a status"),
        reason: written.reason.as_deref().map(str::as_bytes),
        headers,
        body: &written.body,
        check: Check::NotMade,
    }
}

/// The header fields of an answer that was written. They must all be valid.
pub fn headers(written: &Written) -> HeaderMap {
    let pair = |(name, value): &(HeaderName, String)| {
        (name.clone(), HeaderValue::from_str(value).expect("a value that can be sent"))
    };
    written.headers.iter().map(pair).collect()
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n');
    let (line, rest) = end.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + 1..]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// `X-Checked: passed`, or one place for each other value.
fn violations(headers: &HeaderMap) -> Vec<Violation> {
    let wrong = headers.get_all("x-checked").iter().filter(|v| *v != "passed");
    let one = |value: &HeaderValue| Violation {
        pointer: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        rule: "type".to_owned(),
        expected: "a string".to_owned(),
    };
    wrong.map(one).collect()
}

fn fault(words: &[&str]) -> Option<Fault> {
    let [_, kind, rest @ ..] = words.strip_prefix(&["fault"]).map(|_| words)? else { return None };
    let kind = FaultKind::ALL.into_iter().find(|k| k.name() == *kind)?;
    let sent = match rest.first() {
        Some(&"nothing") => Sent::Nothing,
        Some(&"part") => Sent::Part,
        _ => Sent::All,
    };
    Some(Fault::new(kind, sent, rest.join(" ")))
}

fn held(words: &[&str]) -> Option<Held> {
    let [_, kind, rest @ ..] = words.strip_prefix(&["held"]).map(|_| words)? else { return None };
    let kind = HeldKind::ALL.into_iter().find(|k| k.name() == *kind)?;
    Some(Held::new(kind, rest.join(" ")))
}
