//! Killed without warning, at any instant: what was acknowledged is there, and nothing is there twice.
//!
//! A kill leaves the page cache as it is, so that a flush that is missing cannot be seen here; it is
//! asserted when a ledger is opened.

use crate::server::Server;
use crate::world::{LEASE, done, folder, new_op, queue, tenant, worker};
use candor_ledger::postgres::Postgres;
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{
    Claim, Created, Engine, EngineError, NewOp, Note, OpId, SetClock, Settle, Settled, State, Take,
    Time,
};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Names the file to the process that is killed.
const FILE: &str = "CANDOR_LEDGER_KILLED";
/// How often a process is killed, unless this says otherwise.
const ROUNDS: usize = 12;
const MORE_ROUNDS: &str = "CANDOR_LEDGER_ROUNDS";

fn taken(lease: Duration) -> NewOp {
    NewOp { take: Some(Take { worker: worker("w"), lease }), ..new_op("t") }
}

/// One call as a gateway makes it: accepted, about to send, settled. Tells after each step what was
/// acknowledged.
async fn call(engine: &dyn Engine, tell: &(dyn Fn(&str, OpId) + Sync)) {
    let Created::Taken(claim) = engine.create(taken(LEASE)).await.unwrap() else { panic!() };
    tell("accepted", claim.op.id);
    engine.renew(&claim, LEASE, Note::progress("about to send")).await.unwrap();
    tell("noted", claim.op.id);
    engine.settle(&claim, done("answer"), Note::default()).await.unwrap();
    tell("settled", claim.op.id);
}

/// The process that is killed; run as a test it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_writes_until_killed() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let engine = Arc::new(Sqlite::open(Settings::new(path)).unwrap());
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let engine = Arc::clone(&engine);
        callers.spawn(async move {
            let tell = |what: &str, id: OpId| {
                // One write for a line, so that lines of different threads stay whole.
                std::io::stdout().lock().write_all(format!("{what} {id}\n").as_bytes()).unwrap();
            };
            loop {
                call(&*engine, &tell).await;
            }
        });
    }
    callers.join_all().await;
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged_when_its_process_is_killed() {
    let folder = folder();
    let path = folder.path().join("ledger.db");
    let (mut accepted, mut noted, mut settled) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let rounds = std::env::var(MORE_ROUNDS).ok().and_then(|rounds| rounds.parse().ok());
    for round in 0..rounds.unwrap_or(ROUNDS) {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "--nocapture", "killed::somebody_writes_until_killed"]);
        let mut child = child.env(FILE, &path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Killed at another instant each time.
        let mut left = 20 + 37 * (round % 40);
        let mut killed = false;
        for line in &mut lines {
            if let Some((what, id)) = line.split_once(' ')
                && let Ok(id) = id.parse::<Uuid>()
            {
                match what {
                    "accepted" => accepted.insert(id),
                    "noted" => noted.insert(id),
                    _ => settled.insert(id),
                };
            }
            left = left.saturating_sub(1);
            if left == 0 && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
    }
    let later = SetClock::at(Time::from_millis(millis_now() + 2_000_000));
    let settings = Settings { clock: Arc::new(later), ..Settings::new(&path) };
    let engine = Sqlite::open(settings).unwrap();
    assert_eq!(engine.check().await.unwrap(), []);
    assert!(accepted.len() > 100 && settled.len() > 50, "{} {}", accepted.len(), settled.len());
    let mut open = Vec::new();
    loop {
        let claims = engine.claim(&queue(), &worker("heir"), 1000, LEASE).await.unwrap();
        if claims.is_empty() {
            break;
        }
        open.extend(claims);
    }
    println!("{} accepted, {} settled, {} open", accepted.len(), settled.len(), open.len());
    let inherited: BTreeSet<_> = open.iter().map(|claim| claim.op.id).collect();
    for id in &accepted {
        let op = engine.get(&tenant("t"), id).await.unwrap().expect("an accepted one is lost");
        assert!(op.state == State::Succeeded || !settled.contains(id), "{op:?}");
        assert!(op.progress == "about to send" || !noted.contains(id), "{op:?}");
        assert_eq!(op.state == State::Succeeded, !inherited.contains(id));
    }
    assert!(open.iter().all(|claim| claim.owner_died && claim.attempt == 2));
}

fn millis_now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Does something until the engine says whether it was done, repeating it as it was.
async fn insist<T, F>(ask: impl Fn() -> F, unknown: &AtomicUsize) -> T
where
    F: Future<Output = Result<T, EngineError>>,
{
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(EngineError::Unknown { .. }) => {
                unknown.fetch_add(1, Ordering::Relaxed);
            }
            Err(EngineError::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// What became of a server's death under load.
#[derive(Default)]
struct Seen {
    settled: std::sync::Mutex<Vec<OpId>>,
    unknown: AtomicUsize,
    stop: AtomicBool,
}

async fn call_through(engine: Arc<Postgres>, seen: Arc<Seen>) {
    while !seen.stop.load(Ordering::Relaxed) {
        let new = taken(LEASE);
        let created = insist(|| engine.create(new.clone()), &seen.unknown).await;
        let Created::Taken(claim) = created else { panic!("{created:?}") };
        let settled =
            insist(|| engine.settle(&claim, done("answer"), Note::default()), &seen.unknown);
        assert_eq!(settled.await, Settled::Recorded);
        seen.settled.lock().unwrap().push(claim.op.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_what_it_acknowledged_when_its_server_is_killed() {
    let Some(mut server) = Server::start() else { return };
    let settings = server.database("killed").await;
    let engine = Arc::new(Postgres::open(settings).await.unwrap());
    let seen = Arc::new(Seen::default());
    let mut callers = JoinSet::new();
    for _ in 0..16 {
        callers.spawn(call_through(Arc::clone(&engine), Arc::clone(&seen)));
    }
    for round in 1..=3 {
        let before = seen.settled.lock().unwrap().len();
        while seen.settled.lock().unwrap().len() < before + 150 * round {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.kill();
        server.run();
    }
    seen.stop.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    let settled = seen.settled.lock().unwrap().clone();
    let distinct: BTreeSet<_> = settled.iter().collect();
    assert_eq!(distinct.len(), settled.len());
    for id in &settled {
        let op = engine.get(&tenant("t"), id).await.unwrap().expect("a settled one is lost");
        assert_eq!(op.state, State::Succeeded);
    }
    // Nothing is there that nobody knows of.
    let (mut stored, mut after) = (0, None);
    loop {
        let ops = engine.dump(after, 1000).await.unwrap();
        let Some(last) = ops.last() else { break };
        after = Some(candor_ledger::Cursor(last.id));
        stored += ops.len();
    }
    assert_eq!(stored, settled.len());
    assert_eq!(engine.check().await.unwrap(), []);
    assert!(seen.unknown.load(Ordering::Relaxed) > 0, "no write was under way");
}

/// A node that is stopped while it works, and goes on when another has taken over.
#[tokio::test]
async fn a_stopped_server_is_unavailable_and_comes_back() {
    let Some(mut server) = Server::start() else { return };
    let settings = server.database("stopped").await;
    let engine = Postgres::open(settings).await.unwrap();
    let Created::Taken(claim) = engine.create(taken(LEASE)).await.unwrap() else { panic!() };
    server.stop();
    let lost = |error: &EngineError| {
        matches!(error, EngineError::Unavailable { .. } | EngineError::Unknown { .. })
    };
    let new = new_op("t");
    assert!(lost(&engine.create(new.clone()).await.unwrap_err()));
    let error = engine.get(&tenant("t"), &claim.op.id).await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    let error = engine.settle(&claim, done("r"), Note::default()).await.unwrap_err();
    assert!(lost(&error), "{error}");
    server.run();
    let unknown = AtomicUsize::new(0);
    let settle = || engine.settle(&claim, done("r"), Note::default());
    assert_eq!(insist(settle, &unknown).await, Settled::Recorded);
    let created = insist(|| engine.create(new.clone()), &unknown).await;
    assert!(matches!(created, Created::New(op) if op.id == new.id));
    assert_eq!(lone(&engine).await.op.id, new.id);
}

async fn lone(engine: &Postgres) -> Claim {
    let unknown = AtomicUsize::new(0);
    let (queue, worker) = (queue(), worker("w"));
    let claim = || engine.claim(&queue, &worker, 10, LEASE);
    let mut claims = insist(claim, &unknown).await;
    assert_eq!(claims.len(), 1);
    let claim = claims.pop().unwrap();
    let release = || engine.settle(&claim, Settle::Release, Note::default());
    assert_eq!(insist(release, &unknown).await, Settled::Recorded);
    claim
}
