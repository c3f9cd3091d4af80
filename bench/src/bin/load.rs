//! The load generator: a fixed number of kept connections, each of which sends its next request when
//! the answer to the last one is there.
//!
//! Every answer is looked at: its status and its whole body. The first wrong one ends the run, so that
//! nobody is fast by failing. It warms up, says `ready`, waits for a line on stdin, measures, and
//! prints a [`Tally`]: between `ready` and the line, and after the tally, nothing is under way, so
//! that whatever is read of the contender then belongs to exactly the requests counted.

use anyhow::{Context, Result, bail, ensure};
use candor_bench::message;
use candor_bench::round::Tally;
use candor_bench::scenario::{self, Expected};
use clap::Parser;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How much longer than planned a run may take.
const GRACE: Duration = Duration::from_secs(10);
/// For an answer and its head; grows where that is not enough.
const BUFFER: usize = 16 * 1024;

/// Load on one server.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where it listens
    #[arg(long)]
    to: SocketAddr,
    /// The file with the request, byte by byte
    #[arg(long)]
    request: PathBuf,
    /// The scenario whose answer is expected
    #[arg(long)]
    scenario: String,
    /// Whether the server answers in its own words where the scenario has some
    #[arg(long)]
    translates: bool,
    #[arg(long)]
    connections: usize,
    /// Seconds before the measurement
    #[arg(long)]
    warmup: u64,
    /// Seconds of the measurement
    #[arg(long)]
    seconds: u64,
}

/// What every connection does.
struct Plan {
    request: Vec<u8>,
    expected: Expected,
    /// From one request of a connection to its next; none waits where this is `None`.
    every: Option<Duration>,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let scenario = scenario::named(&arguments.scenario)?;
    let plan = Arc::new(Plan {
        request: std::fs::read(&arguments.request).context("cannot read the request")?,
        expected: scenario.expected(arguments.translates),
        every: scenario.rate.map(|rate| every(arguments.connections, rate)),
    });
    let mut connections = Vec::new();
    for _ in 0..arguments.connections {
        connections.push(Connection::open(arguments.to).await?);
    }
    let (connections, _, _) = phase(connections, &plan, arguments.warmup).await?;
    wait_for_go()?;
    let (_, waits, took) = phase(connections, &plan, arguments.seconds).await?;
    let tally = Tally::new(waits, took).context("nothing was measured")?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&tally)?)?;
    Ok(())
}

/// From one request of a connection to its next, so that all together send so many a second.
fn every(connections: usize, rate: u32) -> Duration {
    Duration::from_secs(1) * u32::try_from(connections).unwrap_or(u32::MAX) / rate
}

/// Nothing is under way meanwhile, so that the thread may wait.
fn wait_for_go() -> Result<()> {
    writeln!(std::io::stdout(), "ready")?;
    let mut line = String::new();
    ensure!(std::io::stdin().read_line(&mut line)? > 0, "whoever measures is gone");
    Ok(())
}

/// Has all connections send for some seconds. Returns them, how long each answer took, in microseconds,
/// and how long all of it took.
async fn phase(
    connections: Vec<Connection>,
    plan: &Arc<Plan>,
    seconds: u64,
) -> Result<(Vec<Connection>, Vec<u32>, Duration)> {
    let start = Instant::now();
    let planned = Duration::from_secs(seconds);
    let count = u32::try_from(connections.len())?;
    let mut under_way = JoinSet::new();
    for (number, connection) in (0..).zip(connections) {
        // Evenly, so that they do not all send at one instant.
        let first = start + plan.every.map_or(Duration::ZERO, |every| every * number / count);
        under_way.spawn(connection.repeat(Arc::clone(plan), first, start + planned));
    }
    let all = async {
        let (mut connections, mut waits) = (Vec::new(), Vec::new());
        while let Some(done) = under_way.join_next().await {
            let (connection, more) = done??;
            connections.push(connection);
            waits.extend(more);
        }
        Ok::<_, anyhow::Error>((connections, waits))
    };
    let done = tokio::time::timeout(planned + GRACE, all).await;
    let (connections, waits) = done.context("answers were missing at the end")??;
    Ok((connections, waits, start.elapsed()))
}

impl Connection {
    #[expect(
        clippy::disallowed_methods,
        reason = "no product: the guard is not for load on loopback"
    )]
    async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends at `first` and then as the plan says, until it is time to end.
    async fn repeat(
        mut self,
        plan: Arc<Plan>,
        first: Instant,
        until: Instant,
    ) -> Result<(Self, Vec<u32>)> {
        let (mut due, mut waits) = (first, Vec::new());
        while due < until {
            let start = wait_until(due).await;
            self.exchange(&plan).await?;
            let end = Instant::now();
            waits.push(u32::try_from((end - start).as_micros()).unwrap_or(u32::MAX));
            due = plan.every.map_or(end, |every| due + every);
        }
        Ok((self, waits))
    }

    async fn exchange(&mut self, plan: &Plan) -> Result<()> {
        self.stream.write_all(&plan.request).await.context("cannot send")?;
        self.buffer.clear();
        loop {
            let count = self.stream.read_buf(&mut self.buffer).await.context("cannot read")?;
            ensure!(count > 0, "the connection was closed");
            if let Some(answer) = message::answer(&self.buffer)? {
                return plan.holds(&answer, &self.buffer);
            }
        }
    }
}

/// Waits until a request is due, and returns the time from which its answer is waited for. That is
/// when it was due, where the last answer was late; it is now, where the timer was.
async fn wait_until(due: Instant) -> Instant {
    if Instant::now() >= due {
        return due;
    }
    tokio::time::sleep_until(due.into()).await;
    Instant::now()
}

impl Plan {
    fn holds(&self, answer: &message::Answer<'_>, bytes: &[u8]) -> Result<()> {
        let alone = answer.length == bytes.len();
        if alone && self.expected.is(answer.status, answer.body) {
            return Ok(());
        }
        bail!("not the answer expected, but:\n{}", String::from_utf8_lossy(bytes))
    }
}
