//! The retry law, counted at the upstream: never a second send when the first may have applied,
//! unless the method is idempotent or a dedupe key is sent unchanged.
//!
//! Thousands of generated sequences over real sockets: an upstream that misbehaves in a new way at
//! each attempt writes down what it got; the law is judged from its notes alone.

use candor_contract::{Library, Table};
use candor_facts::Request;
use candor_gateway::limits::UpstreamLimits;
use candor_gateway::{BudgetSettings, Call, Clock, Plan, RetryPolicy, Upstream};
use candor_wire::{Client, ClientSettings, Outbound, Target, TargetPolicy, Timeouts};
use http::{HeaderName, HeaderValue, Method};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const SEQUENCES: u32 = 10_000;
const AT_ONCE: usize = 100;
const BODY: &str = r#"{"a":1}"#;

/// What the upstream does with one connection.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Closes it before it reads.
    CloseAtOnce,
    /// Reads so many bytes, then resets it.
    ResetAfter(usize),
    /// Reads the whole request, then closes.
    CloseAfterAll,
    /// Reads the whole request, and is mute.
    Mute,
    /// Reads the whole request, and breaks off in the head of its answer.
    HalfAHead,
    /// Reads the whole request, and breaks off in the body of its answer.
    HalfABody,
    /// Answers.
    Answer(u16, &'static str),
}

/// The answers, and whether each says that the request was not executed.
const ANSWERS: [(u16, &str); 12] = [
    (200, ""),
    (202, ""),
    (302, "Location: /x\r\n"),
    (400, ""),
    (404, ""),
    (409, ""),
    (429, "Retry-After: 0\r\n"),
    (500, ""),
    (502, ""),
    (503, ""),
    (503, "X-Wait-Seconds: 0\r\n"),
    (504, ""),
];

/// What the upstream noted of one attempt.
#[derive(Debug, Clone)]
struct Note {
    act: Act,
    received: Vec<u8>,
}

/// One sequence: an upstream's acts, and a call.
#[derive(Debug)]
struct Sequence {
    acts: Vec<Act>,
    method: Method,
    key: Option<&'static str>,
    contract: &'static str,
}

fn sequence(random: &mut fastrand::Rng) -> Sequence {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
    let keys = [None, None, Some("request_id"), Some("idempotency-key")];
    let contracts = [
        "acronis-callback",
        "acronis-platform",
        "atlassian-backup",
        "solace-cloud",
        "open2b",
        "http",
    ];
    let count = random.usize(1..=5);
    Sequence {
        acts: (0..count).map(|_| act(random)).collect(),
        // Most are the case that is at stake.
        method: if random.bool() { Method::POST } else { methods[random.usize(..5)].clone() },
        key: keys[random.usize(..4)],
        contract: contracts[random.usize(..6)],
    }
}

fn act(random: &mut fastrand::Rng) -> Act {
    match random.usize(..12) {
        0 => Act::CloseAtOnce,
        1 => Act::ResetAfter(random.usize(1..200)),
        2 => Act::CloseAfterAll,
        3 => Act::Mute,
        4 => Act::HalfAHead,
        5 => Act::HalfABody,
        _ => {
            let (status, headers) = ANSWERS[random.usize(..ANSWERS.len())];
            Act::Answer(status, headers)
        }
    }
}

// === the upstream ===

type Notes = Arc<Mutex<Vec<Note>>>;

async fn upstream(listener: TcpListener, acts: Vec<Act>, notes: Notes) {
    let mut acts = acts.into_iter();
    while let Ok((stream, _)) = listener.accept().await {
        // Where the acts are over, it works.
        serve(stream, &mut acts, &notes).await;
    }
}

/// Serves one connection until an act ends it.
async fn serve(mut stream: TcpStream, acts: &mut std::vec::IntoIter<Act>, notes: &Notes) {
    loop {
        let act = acts.next().unwrap_or(Act::Answer(200, ""));
        let limit = match act {
            Act::CloseAtOnce => 0,
            Act::ResetAfter(limit) => limit,
            Act::CloseAfterAll | Act::Mute | Act::HalfAHead | Act::HalfABody | Act::Answer(..) => {
                usize::MAX
            }
        };
        let received = read(&mut stream, limit).await;
        if received.is_empty() && limit > 0 {
            return;
        }
        notes.lock().unwrap().push(Note { act, received });
        let answer = match act {
            Act::CloseAtOnce | Act::CloseAfterAll => return,
            Act::ResetAfter(_) => return stream.set_zero_linger().unwrap(),
            Act::Mute => return drop(stream.read(&mut [0]).await),
            Act::HalfAHead => "HTTP/1.1 200 OK\r\nConte".to_owned(),
            Act::HalfABody => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_owned(),
            Act::Answer(status, headers) => {
                format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{headers}\r\n")
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || !matches!(act, Act::Answer(..)) {
            return;
        }
    }
}

/// Reads up to `limit` bytes of one request.
async fn read(stream: &mut TcpStream, limit: usize) -> Vec<u8> {
    let mut received = Vec::new();
    while received.len() < limit {
        let mut piece = vec![0; 4096.min(limit - received.len())];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => received.extend_from_slice(&piece[..count]),
            _ => break,
        }
        if is_complete(&received) {
            break;
        }
    }
    received
}

fn is_complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length = head.to_ascii_lowercase();
        let length = length.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
        body.len() >= length.unwrap_or(0)
    })
}

// === the caller ===

async fn run(client: &Client, library: &Library, sequence: &Sequence) -> Vec<Note> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let notes = Notes::default();
    let serving = tokio::spawn(upstream(listener, sequence.acts.clone(), Arc::clone(&notes)));
    call(client, &library.get(sequence.contract).unwrap(), &url, sequence).await;
    // What the last attempt left on its way is noted as well.
    tokio::task::yield_now().await;
    serving.abort();
    notes.lock().unwrap().clone()
}

async fn call(client: &Client, table: &Table, url: &str, sequence: &Sequence) {
    let deadline = Instant::now() + Duration::from_secs(20);
    call_upstream(client, table, url, sequence, &Upstream::default(), deadline).await;
}

async fn call_upstream(
    client: &Client,
    table: &Table,
    url: &str,
    sequence: &Sequence,
    upstream: &Upstream,
    deadline: Instant,
) -> usize {
    let allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()];
    let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    let target = Target::parse(url, &policy).unwrap();
    let soon = Duration::from_millis(40);
    let mut outbound = Outbound::new(sequence.method.clone(), target.path());
    outbound.timeouts = Timeouts { head: soon, body: soon, ..Timeouts::default() };
    if sequence.method != Method::GET {
        outbound.body = BODY.into();
    }
    if let Some(key) = sequence.key {
        let name = HeaderName::from_static(if key == "request_id" { "x-request-id" } else { key });
        outbound.headers.insert(name, HeaderValue::from_static("7f1c"));
    }
    let retry = RetryPolicy {
        times: 4,
        interval: Duration::ZERO,
        delta: None,
        max: None,
        fast_first: true,
    };
    let call = Call {
        client,
        target: &target,
        table,
        upstream,
        outbound: &outbound,
        attempt_time: Duration::from_secs(5),
        request: Request {
            method: &sequence.method,
            path: "/",
            operation: None,
            dedupe_key: sequence.key,
        },
        plan: Plan::Policy(&retry),
        deadline,
        check: &|_| None,
        passes: &|_| false,
        clock: &Clock::default(),
    };
    call.run().await.unwrap().attempts.len()
}

// === the law ===

/// Whether an attempt with this note may have taken effect: the upstream got something of it, and
/// did not say that it was refused.
fn may_have_applied(note: &Note, contract: &str) -> bool {
    let refused = match note.act {
        // Honest refusals; contracts forbid the repeat of most.
        Act::Answer(400..=499, _) => true,
        Act::Answer(503, headers) => contract == "open2b" && !headers.is_empty(),
        Act::Answer(..)
        | Act::CloseAtOnce
        | Act::ResetAfter(_)
        | Act::CloseAfterAll
        | Act::Mute
        | Act::HalfAHead
        | Act::HalfABody => false,
    };
    !note.received.is_empty() && !refused
}

/// The first breach of the law in the notes.
fn breach(sequence: &Sequence, notes: &[Note]) -> Option<String> {
    let idempotent = sequence.method != Method::POST && sequence.method != Method::PATCH;
    let sends: Vec<&Note> = notes.iter().filter(|note| !note.received.is_empty()).collect();
    for (number, pair) in sends.windows(2).enumerate() {
        let [first, second] = pair else { continue };
        if !may_have_applied(first, sequence.contract) || idempotent {
            continue;
        }
        // Of one that broke off, the upstream has the beginning.
        let unchanged = second.received.starts_with(&first.received)
            || first.received.starts_with(&second.received);
        if sequence.key.is_none() || !unchanged {
            return Some(format!("send {} of {notes:?}\n{sequence:?}", number + 2));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_may_have_applied_is_sent_twice() {
    let library = Arc::new(Library::shipped().unwrap());
    let client = Client::new(ClientSettings::default()).unwrap();
    let mut random = fastrand::Rng::with_seed(20_261_121);
    let (mut sends, mut repeats) = (0, 0);
    let mut running = tokio::task::JoinSet::new();
    let mut begun = 0;
    while begun < SEQUENCES || !running.is_empty() {
        if begun < SEQUENCES && running.len() < AT_ONCE {
            begun += 1;
            let sequence = sequence(&mut random);
            let (client, library) = (client.clone(), Arc::clone(&library));
            running.spawn(async move {
                let notes = run(&client, &library, &sequence).await;
                (breach(&sequence, &notes), notes.len())
            });
            continue;
        }
        let (breach, count) = running.join_next().await.unwrap().unwrap();
        assert_eq!(breach, None);
        sends += count;
        repeats += count.saturating_sub(1);
    }
    println!("{SEQUENCES} sequences, {sends} sends, {repeats} repeats, 0 breaches");
    assert!(repeats > 2000, "the test must see repeats: {repeats}");
}

/// Every call fails, and every caller wants four repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_all_attempts_stay_within_the_budget_and_callers_within_their_deadline() {
    const CALLS: usize = 2000;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let notes = Notes::default();
    let noted = Arc::clone(&notes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acts = vec![Act::Answer(503, "X-Wait-Seconds: 0\r\n"); CALLS * 5];
            let notes = Arc::clone(&noted);
            tokio::spawn(async move { serve(stream, &mut acts.into_iter(), &notes).await });
        }
    });
    let table = Library::shipped().unwrap().get("open2b").unwrap();
    let client = Client::new(ClientSettings::default()).unwrap();
    let upstream =
        Arc::new(Upstream::new(None, Some(BudgetSettings::default()), UpstreamLimits::default()));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let (client, table, url) = (client.clone(), Arc::clone(&table), url.clone());
        let upstream = Arc::clone(&upstream);
        running.spawn(async move {
            let deadline = Instant::now() + Duration::from_secs(10);
            let method = Method::POST;
            let sequence = Sequence { acts: Vec::new(), method, key: None, contract: "open2b" };
            call_upstream(&client, &table, &url, &sequence, &upstream, deadline).await;
            Instant::now() < deadline
        });
        if running.len() >= 32 {
            assert!(running.join_next().await.unwrap().unwrap(), "after its deadline");
        }
    }
    while let Some(ended) = running.join_next().await {
        assert!(ended.unwrap(), "after its deadline");
    }
    let sends = notes.lock().unwrap().len();
    println!("{CALLS} calls, {sends} sends");
    assert!(sends <= CALLS + CALLS / 5 + 10, "{sends}");
    assert!(sends > CALLS + CALLS / 10, "repeats are made at all: {sends}");
}

#[test]
fn a_breach_would_be_seen() {
    let note = |act| Note { act, received: b"POST".to_vec() };
    let mut sequence =
        Sequence { acts: Vec::new(), method: Method::POST, key: None, contract: "http" };
    let notes = [note(Act::CloseAfterAll), note(Act::Answer(200, ""))];
    assert!(breach(&sequence, &notes).is_some());
    sequence.key = Some("request_id");
    assert!(breach(&sequence, &notes).is_none());
    let refused = [note(Act::Answer(429, "")), note(Act::Answer(200, ""))];
    sequence.key = None;
    assert!(breach(&sequence, &refused).is_none());
}
