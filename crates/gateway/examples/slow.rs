//! How others fare while 1,000 callers take their time, in each of four modes:
//! `slow path/to/candor`. Ends with 1 where one of the others' calls fails, or memory is not bounded.
//! `just slow` runs it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a program for whoever measures, which fails by panicking"
)]

#[allow(dead_code, reason = "each program uses a part of it")]
#[path = "../tests/stream/mod.rs"]
mod stream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use stream::caller::Caller;
use stream::pieces::Pieces;
use stream::process::Process;
use stream::slow::{MODES, Slow};
use stream::upstream;

/// How many are slow, and how long each pauses.
const SLOW: usize = 1000;
const PAUSE: Duration = Duration::from_millis(500);
/// How long the slow ones have to fill all buffers on the way, before the others are looked at.
const FILL: Duration = Duration::from_secs(5);
/// How long the others call in each mode.
const TIME: Duration = Duration::from_secs(10);
/// The most that a slow connection may cost, in KiB, and what the program may have beside them.
const EACH: u64 = 256;
const BESIDE: u64 = 50 << 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let Some(program) = std::env::args().nth(1).map(PathBuf::from) else {
        println!("name the program");
        return ExitCode::FAILURE;
    };
    let upstream = upstream::start(None).await;
    println!(
        "{:>8} {:>6} {:>6} {:>9} {:>9} {:>10}",
        "slow at", "calls", "failed", "p50", "p99", "peak KiB"
    );
    let mut good = true;
    for mode in [None].into_iter().chain(MODES.map(Some)) {
        let candor = Process::start(&program, upstream, None);
        let slow = mode.map(|mode| Slow::start(candor.address, mode, SLOW, PAUSE));
        while slow.as_ref().is_some_and(|slow| slow.begun() < SLOW) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(FILL).await;
        let (failed, mut times) = others(&candor).await;
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
        let (name, peak) =
            (mode.map_or("nothing".to_owned(), |mode| format!("{mode:?}")), candor.peak());
        let (calls, p50, p99) = (times.len(), at(50), at(99));
        println!("{name:>8} {calls:>6} {failed:>6} {p50:>9.1?} {p99:>9.1?} {peak:>10}");
        good &= failed == 0 && peak < BESIDE + SLOW as u64 * EACH;
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Calls one after the other; how many failed, and how long each took.
async fn others(candor: &Process) -> (usize, Vec<Duration>) {
    let mut caller = Caller::of(candor.address, None);
    let (mut failed, mut times, begun) = (0, Vec::new(), Instant::now());
    while begun.elapsed() < TIME {
        let call = Instant::now();
        let body = Pieces { left: 1000, ..Pieces::none() };
        let answer = caller.call("PUT", "/shop/echo/x", body).await;
        failed += usize::from(answer.status != 200 || answer.body.is_err());
        times.push(call.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (failed, times)
}
