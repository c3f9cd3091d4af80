//! What the upstream saw: the truth about who sent what, how often and in which order.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most bytes of a request that are kept; more are only counted.
pub const KEPT: usize = 1 << 20;
/// The most requests that are kept: a client that repeats without end is told by the number.
pub const MOST_REQUESTS: usize = 10_000;

/// Everything that was seen until now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many connections were accepted.
    pub connections: usize,
    /// Every request of which at least a byte was received, in the order of their first bytes.
    pub requests: Vec<Request>,
    /// What happened, in the order of time.
    pub events: Vec<Event>,
    /// How many bytes were received in all, those of requests and those that were no request.
    pub bytes: u64,
}

/// One request, as far as it was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The number of its connection, from 0.
    pub connection: usize,
    /// Its stream, over HTTP/2.
    pub stream: Option<u32>,
    /// How many bytes of it were received; over HTTP/2 of its body alone.
    pub length: u64,
    /// The bytes themselves, up to [`KEPT`]: over HTTP/1.1 all of them, over HTTP/2 the body's.
    pub bytes: Vec<u8>,
    /// Whether its end was received.
    pub complete: bool,
    /// Whether the protocol told the client that nothing was done with it, however much of it had
    /// been received (RFC 9113, sections 6.8 and 8.7).
    pub disclaimed: bool,
    /// Its method, once the head was received.
    pub method: String,
    /// Its target, once the head was received.
    pub target: String,
    /// Its header fields, once the head was received.
    pub headers: Vec<(String, String)>,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, counted from the start of the server.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened. Connections and requests are named by their numbers, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// This connection was accepted.
    Accepted(usize),
    /// The first byte of this request was received.
    Began(usize),
    /// The last byte of this request was received.
    Completed(usize),
    /// The server was done with this connection.
    Ended(usize),
}

// === impl Seen ===

impl Seen {
    /// How many requests were received at least partly.
    pub fn begun(&self) -> usize {
        self.requests.len()
    }

    /// How many requests were received whole.
    pub fn complete(&self) -> usize {
        self.count(|request| request.complete)
    }

    /// How many requests were received partly and not whole.
    pub fn partly(&self) -> usize {
        self.count(|request| !request.complete)
    }

    /// How many requests the upstream may have acted upon. Above 1 for one call, its effect may
    /// have happened twice.
    pub fn may_have_applied(&self) -> usize {
        self.count(Request::may_have_applied)
    }

    /// When each request began, in order: the distances are the waits of whoever repeats.
    pub fn began_at(&self) -> Vec<Duration> {
        let began = self.events.iter().filter(|event| matches!(event.what, What::Began(_)));
        began.map(|event| event.at).collect()
    }

    fn count(&self, test: impl Fn(&Request) -> bool) -> usize {
        self.requests.iter().filter(|request| test(request)).count()
    }
}

// === impl Request ===

impl Request {
    /// Whether the upstream may have acted upon it: received whole, and not disclaimed.
    pub fn may_have_applied(&self) -> bool {
        self.complete && !self.disclaimed
    }

    /// The first header field of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What was received of the body. Over HTTP/1.1 with the framing of its chunks, if it has any.
    pub fn body(&self) -> &[u8] {
        let head = if self.stream.is_some() { None } else { head_length(&self.bytes) };
        match (self.stream, head) {
            (Some(_), _) => &self.bytes,
            (None, head) => head.and_then(|at| self.bytes.get(at..)).unwrap_or_default(),
        }
    }
}

/// How long the head at the start of `bytes` is, with its empty line.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

// === the log ===

/// Where the servers write what they see.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    start: Instant,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { seen: Arc::default(), start: Instant::now() }
    }

    /// A connection was accepted; gives its number.
    pub(crate) fn accepted(&self) -> usize {
        let mut seen = self.lock();
        seen.connections += 1;
        let number = seen.connections - 1;
        self.event(&mut seen, What::Accepted(number));
        number
    }

    pub(crate) fn ended(&self, connection: usize) {
        self.event(&mut self.lock(), What::Ended(connection));
    }

    /// Bytes that belong to no request.
    pub(crate) fn noise(&self, count: usize) {
        self.lock().bytes += count as u64;
        self.seen.1.notify_all();
    }

    /// A request began; gives its number, unless too many have.
    pub(crate) fn began(&self, connection: usize, stream: Option<u32>) -> Option<usize> {
        let mut seen = self.lock();
        if seen.requests.len() >= MOST_REQUESTS {
            return None;
        }
        seen.requests.push(Request { connection, stream, ..Request::default() });
        let number = seen.requests.len() - 1;
        self.event(&mut seen, What::Began(number));
        Some(number)
    }

    /// Changes what is known of a request.
    pub(crate) fn request(&self, number: usize, change: impl FnOnce(&mut Request)) {
        let mut seen = self.lock();
        let Some(request) = seen.requests.get_mut(number) else { return };
        let (complete, length) = (request.complete, request.length);
        change(request);
        request.bytes.truncate(KEPT);
        let (completed, more) = (!complete && request.complete, request.length - length);
        seen.bytes += more;
        if completed {
            self.event(&mut seen, What::Completed(number));
        }
        self.seen.1.notify_all();
    }

    pub(crate) fn snapshot(&self) -> Seen {
        self.lock().clone()
    }

    /// Waits until `test` holds, or for so long at most.
    pub(crate) fn wait(&self, within: Duration, test: impl Fn(&Seen) -> bool) -> bool {
        let until = self.seen.1.wait_timeout_while(self.lock(), within, |seen| !test(seen));
        let (seen, _) = until.unwrap_or_else(PoisonError::into_inner);
        test(&seen)
    }

    fn event(&self, seen: &mut Seen, what: What) {
        if seen.events.len() < 4 * MOST_REQUESTS {
            seen.events.push(Event { at: self.start.elapsed(), what });
        }
        self.seen.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
