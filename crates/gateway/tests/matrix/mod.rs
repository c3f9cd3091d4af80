//! Every phase of a call failing, over HTTP/1.1 and HTTP/2, with a request that may be repeated and
//! one that may not: what is made of it, and how often it was sent, counted at the upstream.

mod cases;

use candor_contract::Library;
use candor_facts::{Class, FaultKind, Outcome, Request, Sent};
use candor_gateway::{Call, Clock, Plan, RetryPolicy, Upstream};
use candor_hostile::Hostile;
use candor_wire::{
    Client, ClientSettings, Outbound, Resolve, ResolveError, Target, TargetPolicy, Timeouts,
    Upload, Versions,
};
use http::Method;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) use cases::{Case, Place, cases};

/// The name that certificates are for.
pub(crate) const NAME: &str = "upstream.test";

/// What was made of one cell of the matrix.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) case: Case,
    pub(crate) method: Method,
    /// The fault or the status of the first attempt.
    pub(crate) ended: String,
    pub(crate) row: String,
    pub(crate) class: Class,
    /// Whether nothing of the first attempt left.
    pub(crate) unsent: bool,
    pub(crate) outcome: Outcome,
    /// How often it was sent, by the caller's own record.
    pub(crate) attempts: usize,
    /// How many requests began at the upstream.
    pub(crate) arrived: usize,
    /// What was decided after the first attempt.
    pub(crate) decision: String,
}

/// Names under `.test` are this machine; `.invalid` does not exist; `.slow` gets no answer.
#[derive(Debug)]
struct Names;

#[candor_wire::async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        match name.rsplit('.').next() {
            Some("test") => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            Some("slow") => std::future::pending().await,
            _ => Err(ResolveError::NoSuchName),
        }
    }
}

/// Makes the call of one cell.
pub(crate) async fn run(case: Case, method: Method) -> Cell {
    let client = Client::new(ClientSettings {
        resolver: Some(Arc::new(Names)),
        ..ClientSettings::default()
    });
    let (client, place) = (client.unwrap(), (case.place)(case.http2).unwrap());
    let target = target(&place, &case);
    let table = Library::shipped().unwrap().get("http").unwrap();
    let outbound = outbound(&target, &method, case.phase);
    let interval = Duration::from_millis(1);
    let policy = RetryPolicy { times: 1, interval, delta: None, max: None, fast_first: false };
    let call = Call {
        client: &client,
        target: &target,
        table: &table,
        upstream: &Upstream::default(),
        outbound: &outbound,
        attempt_time: Duration::from_secs(5),
        request: Request { method: &method, path: "/", operation: None, dedupe_key: None },
        plan: Plan::Policy(&policy),
        deadline: Instant::now() + Duration::from_secs(10),
        check: &|_| None,
        passes: &|_| false,
        clock: &Clock::default(),
    };
    let done = call.run().await.unwrap();
    let first = done.attempts.first().unwrap();
    let fault = first.fault.map(|fault| fault.name().to_owned());
    Cell {
        ended: fault.unwrap_or_else(|| format!("status {}", first.status.unwrap_or_default())),
        row: done.reading.row.id.clone(),
        class: done.reading.row.class,
        unsent: first.sent == Some(Sent::Nothing)
            || first.fault.is_some_and(FaultKind::provably_unsent),
        outcome: done.reading.outcome,
        attempts: done.attempts.len(),
        arrived: place.upstream.as_ref().map_or(0, |upstream| upstream.seen().begun()),
        decision: first.decision.clone(),
        case,
        method,
    }
}

fn target(place: &Place, case: &Case) -> Target {
    let url = match (&place.upstream, &place.url) {
        (_, Some(url)) => url.clone(),
        (Some(upstream), None) => upstream.url_by(NAME, "/"),
        (None, None) => panic!("a place has an upstream or a URL"),
    };
    let allow = if place.guarded { Vec::new() } else { vec!["127.0.0.0/8".parse().unwrap()] };
    let root = candor_hostile::Certificate::good(NAME).unwrap().root;
    let policy = TargetPolicy {
        allow_http: true,
        allow_cidrs: allow,
        platform_roots: false,
        extra_roots: vec![place.root.clone().unwrap_or(root).into()],
        http: if case.http2 { Versions::Http2Only } else { Versions::Http1Only },
        prior_knowledge: case.http2,
        ..TargetPolicy::default()
    };
    Target::parse(&url, &policy).unwrap()
}

fn outbound(target: &Target, method: &Method, phase: &str) -> Outbound {
    let soon = Duration::from_millis(300);
    let timeouts = Timeouts {
        resolve: soon,
        connect: soon,
        handshake: soon,
        head: soon,
        body: soon,
        stall: soon,
    };
    // Large enough that a peer can break off while it is being sent.
    let length = if phase == "send" { 4 << 20 } else { 1 << 10 };
    let body = if *method == Method::POST { vec![b'x'; length].into() } else { Upload::default() };
    let body_limit = 4096;
    Outbound { timeouts, body, body_limit, ..Outbound::new(method.clone(), target.path()) }
}

/// What must hold of a cell: by the law, from its outcome and its method alone, and from whether
/// the contract allows a repeat of this row.
pub(crate) fn wrong(cell: &Cell) -> Option<String> {
    let case = &cell.case;
    let idempotent = cell.method == Method::GET;
    let unsent = cell.unsent;
    let refused = cell.outcome == Outcome::Refused;
    let repeated = case.allowed && (unsent || refused || idempotent);
    let expected = if repeated { 2 } else { 1 };
    let named = case.ended.contains(&cell.ended.as_str());
    let counted = unsent || refused || idempotent || cell.arrived <= 1;
    let outcome = case.outcomes.contains(&cell.outcome);
    match (named, outcome, cell.attempts == expected, counted) {
        (true, true, true, true) => None,
        _ => Some(format!("expected {:?}, {:?}, {expected} sends", case.ended, case.outcomes)),
    }
}

/// The matrix as a table, and how many cells are not as expected.
pub(crate) fn table(cells: &[Cell]) -> (String, usize) {
    let head = [
        "phase", "trouble", "protocol", "method", "ended", "row", "class", "outcome", "sends",
        "arrived",
    ];
    let mut lines = vec![line(head, "decision")];
    let mut failed = 0;
    for cell in cells {
        lines.push(shown(cell));
        if let Some(wrong) = wrong(cell) {
            failed += 1;
            lines.push(format!("          ^ {wrong}"));
        }
    }
    lines.push(format!("{} cells, {} as expected\n", cells.len(), cells.len() - failed));
    (lines.join("\n"), failed)
}

fn shown(cell: &Cell) -> String {
    let texts = [
        cell.case.phase,
        cell.case.trouble,
        if cell.case.http2 { "HTTP/2" } else { "HTTP/1.1" },
        cell.method.as_str(),
        &cell.ended,
        &cell.row,
        cell.class.name(),
        cell.outcome.name(),
        &cell.attempts.to_string(),
        &cell.arrived.to_string(),
    ];
    line(texts, &cell.decision)
}

fn line(columns: [&str; 10], last: &str) -> String {
    let widths = [9, 34, 8, 6, 25, 25, 18, 7, 5, 7];
    let cells = columns.iter().zip(widths).map(|(text, width)| format!("{text:<width$}  "));
    cells.collect::<String>() + last
}

/// Runs the whole matrix.
pub(crate) async fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for case in cases() {
        for method in [Method::GET, Method::POST] {
            cells.push(run(case, method).await);
        }
    }
    cells
}

/// A peer, and how it is called.
impl Place {
    pub(crate) fn of(upstream: Hostile) -> Self {
        Self { upstream: Some(upstream), ..Self::default() }
    }
}
