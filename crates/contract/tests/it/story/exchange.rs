//! What a story tells, as facts: its request, and the answer, the fault or the reason to hold back.

use super::Story;
use candor_contract::transcript::{self, Transcript};
use candor_facts::{
    Answer, Check, Ending, Exchange, Fault, FaultKind, Held, HeldKind, Request, Sent, Violation,
};
use http::{HeaderMap, Method};
use jiff::fmt::rfc2822::DateTimeParser;

/// The facts of one story, owned.
#[derive(Debug)]
pub(crate) struct Told {
    method: Method,
    path: String,
    dedupe_key: Option<&'static str>,
    pub(crate) end: End,
    violations: Vec<Violation>,
}

/// How a story ends.
#[derive(Debug)]
pub(crate) enum End {
    Answer(Transcript),
    Fault(Fault),
    Held(Held),
}

impl Told {
    /// Reads the blocks of `story`.
    pub(crate) fn by(story: &Story) -> Self {
        let request = story.block("http request").unwrap_or("GET / HTTP/1.1\n");
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut line = head.split_ascii_whitespace();
        let method = Method::from_bytes(line.next().unwrap().as_bytes()).unwrap();
        let path = line.next().unwrap().split('?').next().unwrap().to_owned();
        let violations: Vec<_> =
            story.block("violations").unwrap_or_default().lines().map(violation).collect();
        let end = End::of(story, &violations);
        Self { method, path, dedupe_key: dedupe_key(head, body), end, violations }
    }

    /// The exchange as the engine sees it.
    pub(crate) fn exchange(&self) -> Exchange<'_> {
        let request = Request {
            method: &self.method,
            path: &self.path,
            operation: None,
            dedupe_key: self.dedupe_key,
        };
        let (ending, ended_at) = match &self.end {
            End::Answer(read) => (Ending::Answer(self.answer(read)), date(&read.headers)),
            End::Fault(fault) => (Ending::Fault(fault), None),
            End::Held(held) => (Ending::Held(held), None),
        };
        Exchange { request, ending, ended_at }
    }

    /// Whether the answer says more than its status in the reason phrase or a plain body.
    pub(crate) fn has_a_phrase_of_its_own(&self) -> bool {
        let End::Answer(read) = &self.end else { return false };
        let usual = read.status.canonical_reason().unwrap_or_default();
        let body = String::from_utf8_lossy(&read.body);
        let says_more = |text: &str| !text.is_empty() && !usual.contains(text.trim());
        says_more(read.reason.as_deref().unwrap_or_default()) || says_more(&body)
    }

    fn answer<'a>(&'a self, read: &'a Transcript) -> Answer<'a> {
        let check = match self.violations.as_slice() {
            [] => Check::NotMade,
            violations => Check::Failed(violations),
        };
        Answer {
            status: read.status,
            reason: read.reason.as_deref().map(str::as_bytes),
            headers: &read.headers,
            body: &read.body,
            check,
        }
    }
}

impl End {
    fn of(story: &Story, violations: &[Violation]) -> Self {
        if let Some(answer) = story.block("http response") {
            return Self::Answer(transcript::read(answer.as_bytes()).unwrap());
        }
        if let Some(fault) = story.block("fault") {
            let kind = value(fault, "kind").unwrap();
            let kind = FaultKind::ALL.into_iter().find(|k| k.name() == kind).unwrap();
            return Self::Fault(Fault::new(kind, sent(fault), ""));
        }
        let held = story.block("held").expect("a response, a fault or a call held back");
        let kind = value(held, "kind").unwrap();
        let kind = HeldKind::ALL.into_iter().find(|k| k.name() == kind).unwrap();
        let after = value(held, "after").map(|seconds| seconds.parse().unwrap());
        Self::Held(Held { violations: violations.to_vec(), after, ..Held::new(kind, "") })
    }
}

fn value<'b>(block: &'b str, key: &str) -> Option<&'b str> {
    block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

fn sent(fault: &str) -> Sent {
    match value(fault, "sent") {
        Some("nothing") => Sent::Nothing,
        Some("part") => Sent::Part,
        Some("all") => Sent::All,
        other => panic!("`sent` is nothing, part or all, not {other:?}"),
    }
}

/// `pointer | rule | expected`
fn violation(line: &str) -> Violation {
    let mut parts = line.splitn(3, '|').map(|part| part.trim().to_owned());
    let mut part = || parts.next().expect("pointer | rule | expected");
    Violation { pointer: part(), rule: part(), expected: part() }
}

/// The key by which a receiver can tell a repeat: a header of that name, or a member of the body.
fn dedupe_key(head: &str, body: &str) -> Option<&'static str> {
    let is_key = |line: &str| line.to_ascii_lowercase().starts_with("idempotency-key:");
    if head.lines().any(is_key) {
        return Some("Idempotency-Key");
    }
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body.get("request_id").map(|_| "request_id")
}

/// When the answer was given, in seconds since the Unix epoch.
fn date(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    Some(DateTimeParser::new().parse_timestamp(date).ok()?.as_second())
}
