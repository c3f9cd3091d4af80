//! One measurement of one contender: the load generator's count, next to what the kernel says that the
//! contender used meanwhile.

use crate::contender::Contender;
use crate::daemon::pinned;
use crate::stage::{Stage, sibling};
use crate::usage::Usage;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

/// How long, and over how many connections.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Effort {
    /// Rounds, in each of which every contender has a turn.
    pub rounds: u32,
    /// Seconds of a measurement.
    pub seconds: u64,
    /// Seconds of load before each.
    pub warmup: u64,
    /// Kept connections.
    pub connections: usize,
}

/// What the load generator counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Answers, all of which were as expected.
    pub requests: u32,
    /// How long all of it took.
    pub seconds: f64,
    /// The time in which half of the answers came, in microseconds.
    pub p50_us: u32,
    /// The time in which 99 of 100 answers came, in microseconds.
    pub p99_us: u32,
}

/// The figures of one measurement.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    /// Answers, all of which were as expected.
    pub requests: u32,
    /// Time on a core for each request, in microseconds.
    pub cpu_us: f64,
    /// The part of it in user mode.
    pub user_us: f64,
    /// The part of it in kernel mode.
    pub kernel_us: f64,
    /// Requests in a second.
    pub per_second: f64,
    /// The time in which half of the answers came, in microseconds.
    pub p50_us: f64,
    /// The time in which 99 of 100 answers came, in microseconds.
    pub p99_us: f64,
    /// How much of the time it ran, in percent of one core.
    pub busy_percent: f64,
    /// How much of the time it could have run and others did, in percent.
    pub waiting_percent: f64,
    /// The most memory it had resident since its start, in MiB.
    pub peak_mib: f64,
}

/// Puts load on a contender, and measures it.
///
/// # Errors
/// An answer was wrong or missing, or the contender ended.
pub fn measure(stage: &Stage, contender: &Contender, effort: &Effort) -> Result<Sample> {
    let mut load = Load::start(stage, contender, effort)?;
    load.says("ready")?;
    let before = Usage::of(contender.pid)?;
    load.go()?;
    let tally: Tally = serde_json::from_str(&load.line()?)?;
    let after = Usage::of(contender.pid)?;
    Ok(Sample::new(&tally, &before, &after))
}

// === the load generator, as a process ===

/// Dropping it ends it.
struct Load {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Load {
    fn start(stage: &Stage, contender: &Contender, effort: &Effort) -> Result<Self> {
        let request = stage.folder.path().join("request");
        std::fs::write(&request, &contender.request)?;
        let mut command = pinned(stage.cores.load, &sibling("load")?);
        command.args(["--to", &contender.address.to_string(), "--scenario", stage.scenario.name]);
        command.arg("--request").arg(&request);
        if contender.translates {
            command.arg("--translates");
        }
        command.args(["--connections", &effort.connections.to_string()]);
        command.args(["--warmup", &effort.warmup.to_string()]);
        command.args(["--seconds", &effort.seconds.to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the load generator")?;
        let stdout = child.stdout.take().context("the load generator has no output")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// Its next line. It bounds its own time, so that there is one, or an end.
    fn line(&mut self) -> Result<String> {
        let line = self.lines.next().context("the load generator gave up")?;
        line.context("cannot read from the load generator")
    }

    fn says(&mut self, expected: &str) -> Result<()> {
        let line = self.line()?;
        if line != expected {
            bail!("the load generator said `{line}` instead of `{expected}`");
        }
        Ok(())
    }

    fn go(&mut self) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("the load generator has no input")?;
        stdin.write_all(b"go\n").context("the load generator is gone")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

// === impl Tally ===

impl Tally {
    /// The figures of these waits, in microseconds; `None` where there are none.
    pub fn new(mut waits: Vec<u32>, took: Duration) -> Option<Self> {
        waits.sort_unstable();
        let at =
            |percent: usize| waits.get((waits.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self {
            requests: u32::try_from(waits.len()).ok()?,
            seconds: took.as_secs_f64(),
            p50_us: at(50)?,
            p99_us: at(99)?,
        })
    }
}

// === impl Sample ===

impl Sample {
    fn new(tally: &Tally, before: &Usage, after: &Usage) -> Self {
        let used = after.since(before);
        let requests = f64::from(tally.requests);
        let cpu_us = used.cpu.as_secs_f64() * 1e6 / requests;
        let percent = |time: Duration| time.as_secs_f64() * 100.0 / tally.seconds;
        Self {
            requests: tally.requests,
            cpu_us,
            user_us: cpu_us * used.user,
            kernel_us: cpu_us * (1.0 - used.user),
            per_second: requests / tally.seconds,
            p50_us: f64::from(tally.p50_us),
            p99_us: f64::from(tally.p99_us),
            busy_percent: percent(used.cpu),
            waiting_percent: percent(used.waiting),
            peak_mib: f64::from(u32::try_from(after.peak_kib).unwrap_or(u32::MAX)) / 1024.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let tally = Tally::new((1..=200).rev().collect(), Duration::from_secs(2)).unwrap();
        assert_eq!((tally.requests, tally.p50_us, tally.p99_us), (200, 100, 198));
        let one = Tally::new(vec![7], Duration::from_secs(1)).unwrap();
        assert_eq!((one.p50_us, one.p99_us), (7, 7));
        assert_eq!(Tally::new(Vec::new(), Duration::from_secs(1)), None);
    }
}
