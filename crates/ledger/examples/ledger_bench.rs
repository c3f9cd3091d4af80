//! What a durable accept costs, next to the least that it can cost: a loop that appends what has
//! queued up to a file and flushes it.
//!
//! `ledger_bench [--folder FOLDER] [--postgres URL] [--seconds N] [--rounds N]`. The folder must be on
//! the disk that is to be measured. Every figure is the median of the rounds, which are interleaved.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measurement by hand, not a part of the product"
)]

use candor_ledger::postgres::{self, Postgres};
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{
    Clock, Created, Engine, Filter, NewOp, Note, Queue, SetClock, Settle, State, SystemClock, Take,
    Tenant, Worker,
};
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What is asked in every operation: a kilobyte.
const BODY: usize = 1024;
/// How many operations are stored for the measurement of looking at them.
const STORED: usize = 100_000;

struct Options {
    folder: PathBuf,
    postgres: Option<String>,
    seconds: f64,
    rounds: usize,
}

impl Options {
    fn read() -> Self {
        let mut options = Self { folder: env::temp_dir(), postgres: None, seconds: 1.5, rounds: 5 };
        let mut words = env::args().skip(1);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name.as_str() {
                "--folder" => options.folder = value.into(),
                "--postgres" => options.postgres = Some(value),
                "--seconds" => options.seconds = value.parse().unwrap(),
                "--rounds" => options.rounds = value.parse().unwrap(),
                other => panic!("{other} is not known"),
            }
        }
        options
    }
}

/// What one run of callers came to.
#[derive(Clone, Copy)]
struct Run {
    per_second: f64,
    p50: Duration,
    p99: Duration,
    cpu_us: f64,
}

fn main() {
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(accepts(&options));
    runtime.block_on(looks(&options));
    if let Some(url) = &options.postgres {
        runtime.block_on(shared(&options, url));
    }
}

/// Durable accepts against the raw loop, by the number of callers.
async fn accepts(options: &Options) {
    println!(
        "durable accept of {BODY} bytes, embedded engine: median of {} rounds",
        options.rounds
    );
    println!("callers        what     per s   of raw     p50 us     p99 us   CPU us each");
    for callers in [1, 32, 256] {
        let (mut raws, mut sqlites) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let folder = TempDir::new_in(&options.folder).unwrap();
            let raw = Arc::new(Raw::start(folder.path()));
            raws.push(
                run(callers, options.seconds, move || {
                    let raw = Arc::clone(&raw);
                    async move { raw.append().await }
                })
                .await,
            );
            let settings = Settings::new(folder.path().join("ledger.db"));
            let engine = Arc::new(Sqlite::open(settings).unwrap());
            sqlites.push(
                run(callers, options.seconds, move || {
                    let engine = Arc::clone(&engine);
                    async move { accept(&*engine).await }
                })
                .await,
            );
        }
        let (raw, sqlite) = (median(raws), median(sqlites));
        line(callers, "raw loop", raw, raw);
        line(callers, "SQLite", sqlite, raw);
    }
}

fn line(callers: usize, what: &str, run: Run, base: Run) {
    println!(
        "{callers:>7} {what:>11} {:>9.0} {:>8.2} {:>10} {:>10} {:>13.1}",
        run.per_second,
        run.per_second / base.per_second,
        run.p50.as_micros(),
        run.p99.as_micros(),
        run.cpu_us
    );
}

fn new_op() -> NewOp {
    let (tenant, queue) = (Tenant::new("t").unwrap(), Queue::new("calls").unwrap());
    let take = Take { worker: Worker::new("w").unwrap(), lease: Duration::from_mins(1) };
    NewOp { take: Some(take), ..NewOp::new(tenant, queue, vec![b'x'; BODY]) }
}

async fn accept(engine: &dyn Engine) {
    let created = engine.create(new_op()).await.unwrap();
    assert!(matches!(created, Created::Taken(_)));
}

/// Lets callers call for some seconds, each again as soon as it was answered.
async fn run<F>(callers: usize, seconds: f64, call: impl Fn() -> F + Clone + Send + 'static) -> Run
where
    F: Future<Output = ()> + Send,
{
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let (begun, cpu) = (Instant::now(), cpu());
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let call = call.clone();
        tasks.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                call().await;
                took.push(begun.elapsed());
            }
            took
        });
    }
    let mut took = tasks.join_all().await.concat();
    took.sort();
    let count = took.len();
    Run {
        per_second: count as f64 / begun.elapsed().as_secs_f64(),
        p50: took[count / 2],
        p99: took[count * 99 / 100],
        cpu_us: self::cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / count as f64,
    }
}

/// The time that all threads of this process have been running.
fn cpu() -> Duration {
    let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
    let spent = threads.filter_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    runs[runs.len() / 2]
}

/// The least that a grouped durable append can cost.
struct Raw(SyncSender<oneshot::Sender<()>>);

impl Raw {
    fn start(folder: &Path) -> Self {
        let mut file = File::create(folder.join("raw")).unwrap();
        let (jobs, waiting) = sync_channel::<oneshot::Sender<()>>(4096);
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while let Ok(first) = waiting.recv() {
                let batch: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
                bytes.resize(batch.len() * (BODY + 200), b'x');
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                for reply in batch {
                    reply.send(()).unwrap_or_default();
                }
            }
        });
        Self(jobs)
    }

    async fn append(&self) {
        let (reply, answer) = oneshot::channel();
        self.0.send(reply).unwrap();
        answer.await.unwrap();
    }
}

/// Looking at many stored operations.
async fn looks(options: &Options) {
    let folder = TempDir::new_in(&options.folder).unwrap();
    let path = folder.path().join("ledger.db");
    let clock = SetClock::at(SystemClock.now());
    let settings = Settings { clock: Arc::new(clock.clone()), ..Settings::new(&path) };
    let engine = Arc::new(Sqlite::open(settings).unwrap());
    store(Arc::clone(&engine), STORED).await;
    let size = || fs::metadata(&path).unwrap().len() >> 20;
    println!("\n{STORED} stored operations, {} MiB: median, p99 of 2000 looks", size());
    let tenant = Tenant::new("t").unwrap();
    let newest = engine.list(&tenant, &Filter::default(), None, 1000).await.unwrap();
    let some: Vec<_> = engine.dump(None, 1000).await.unwrap();
    let failed = Filter { states: vec![State::Failed], ..Filter::default() };
    let resource = Filter { resource_id: Some("r7".to_owned()), ..Filter::default() };
    let middle = newest.next;
    for (what, filter, after) in [
        ("list 50", &Filter::default(), None),
        ("list 50 from a cursor", &Filter::default(), middle),
        ("list 50 failed", &failed, None),
        ("list 50 of a resource", &resource, None),
    ] {
        look(what, async |_| {
            let page = engine.list(&tenant, filter, after, 50).await.unwrap();
            assert_eq!(page.ops.len(), 50);
        })
        .await;
    }
    look("get", async |n| {
        let op = &some[n % some.len()];
        assert!(engine.get(&tenant, &op.id).await.unwrap().is_some());
    })
    .await;
    forget(&engine, &clock).await;
    let swept = size();
    store(Arc::clone(&engine), STORED / 2).await;
    println!(
        "{:>24} {swept:>8} MiB, and {} MiB with half as many again",
        "after the sweep",
        size()
    );
}

/// Sweeps all that has ended, a thousand at a time.
async fn forget(engine: &Sqlite, clock: &SetClock) {
    clock.advance(Duration::from_hours(24 * 30));
    let (mut took, mut swept) = (Vec::new(), 0);
    loop {
        let begun = Instant::now();
        let n = engine.sweep(1000).await.unwrap().total();
        if n == 0 {
            break;
        }
        took.push(begun.elapsed());
        swept += n;
    }
    took.sort();
    println!(
        "{:>24} {:>8} us {:>8} us for a thousand of {swept}",
        "sweep",
        took[took.len() / 2].as_micros(),
        took[took.len() * 99 / 100].as_micros()
    );
}

async fn look(what: &str, ask: impl AsyncFn(usize)) {
    let mut took = Vec::new();
    for n in 0..2000 {
        let begun = Instant::now();
        ask(n).await;
        took.push(begun.elapsed());
    }
    took.sort();
    println!("{what:>24} {:>8} us {:>8} us", took[1000].as_micros(), took[1980].as_micros());
}

/// Stores operations in all states that an operation ends in.
async fn store(engine: Arc<Sqlite>, count: usize) {
    let mut tasks = JoinSet::new();
    for part in 0..64 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for n in (part..count).step_by(64) {
                let resource_id = Some(format!("r{}", n % 1000));
                let new = NewOp { resource_id, ..new_op() };
                let Created::Taken(claim) = engine.create(new).await.unwrap() else { panic!() };
                let settle = if n % 100 == 0 {
                    let error_id = claim.op.id;
                    let error =
                        candor_ledger::OpError { message: "it failed".to_owned(), error_id };
                    Settle::Failed { error, result: "{}".into(), dead_letter: true }
                } else {
                    Settle::Succeeded { result: "{}".into() }
                };
                engine.settle(&claim, settle, Note::default()).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// The shared engine against the same engine where every caller is a node of its own, so that each
/// operation is a commit.
async fn shared(options: &Options, url: &str) {
    println!("\ndurable accept of {BODY} bytes, shared engine");
    println!("callers        what     per s  of alone     p50 us     p99 us   CPU us each");
    let (mut alones, mut grouped) = (Vec::new(), Vec::new());
    let mut nodes = Vec::new();
    for _ in 0..32 {
        nodes.push(Arc::new(Postgres::open(postgres::Settings::new(url)).await.unwrap()));
    }
    for _ in 0..options.rounds {
        for (nodes, runs) in [(nodes.clone(), &mut alones), (nodes[..1].to_vec(), &mut grouped)] {
            let next = Arc::new(AtomicUsize::new(0));
            // One caller at a node at nearly all times, for there are as many of both.
            runs.push(
                run(32, options.seconds, move || {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let engine = Arc::clone(&nodes[number % nodes.len()]);
                    async move { accept(&*engine).await }
                })
                .await,
            );
        }
    }
    let alone = median(alones);
    line(32, "alone", alone, alone);
    line(32, "together", median(grouped), alone);
}
