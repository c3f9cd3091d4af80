//! What a process has used, as the kernel counts it: time on a core, time waiting for one, memory.
//!
//! A process stands for itself and its descendants: nginx is a master and its worker.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What processes have used since they began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    threads: BTreeMap<u32, Thread>,
    ticks: Ticks,
    /// The most memory that each had resident, summed up, in KiB (`VmHWM`). What they share is
    /// counted for each.
    pub peak_kib: u64,
}

/// The times of a thread, in nanoseconds (`schedstat`; scheduler statistics of the kernel).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Thread {
    on_core: u64,
    /// It could have run, and another did.
    waiting: u64,
}

/// Clock ticks in user and in kernel mode (`proc_pid_stat(5)`). They are coarse, and say in which
/// proportion the time splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ticks {
    user: u64,
    kernel: u64,
}

/// What was used between two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    /// Time on a core.
    pub cpu: Duration,
    /// The share of it in user mode, from 0 to 1.
    pub user: f64,
    /// Time in which it could have run, and another did.
    pub waiting: Duration,
}

/// The memory that `pid` and its descendants have resident now, summed up, in KiB (`VmRSS`).
///
/// # Errors
/// The process is gone, or the kernel does not tell.
pub fn resident_kib(pid: u32) -> Result<f64> {
    let mut sum = 0;
    let mut open = vec![pid];
    while let Some(pid) = open.pop() {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let status = std::fs::read_to_string(process.join("status"))?;
        sum += kib(&status, "VmRSS:")?;
        for entry in std::fs::read_dir(process.join("task"))? {
            open.extend(children(&std::fs::read_to_string(entry?.path().join("children"))?));
        }
    }
    Ok(f64::from(u32::try_from(sum)?))
}

/// The processes of a list.
fn children(list: &str) -> impl Iterator<Item = u32> {
    list.split_whitespace().map_while(|id| id.parse().ok())
}

impl Usage {
    /// What `pid` and its descendants have used until now.
    ///
    /// # Errors
    /// The process is gone, or the kernel does not tell.
    pub fn of(pid: u32) -> Result<Self> {
        let mut usage = Self::default();
        let mut open = vec![pid];
        while let Some(pid) = open.pop() {
            open.extend(usage.add(pid).with_context(|| format!("cannot look at process {pid}"))?);
        }
        Ok(usage)
    }

    /// Adds a process, and returns its children.
    fn add(&mut self, pid: u32) -> Result<Vec<u32>> {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let mut below = Vec::new();
        for entry in std::fs::read_dir(process.join("task"))? {
            let thread = entry?;
            let read = |name| std::fs::read_to_string(thread.path().join(name));
            let id = thread.file_name().to_string_lossy().parse()?;
            self.threads.insert(id, Thread::read(&read("schedstat")?)?);
            below.extend(children(&read("children")?));
        }
        self.ticks.add(&std::fs::read_to_string(process.join("stat"))?)?;
        self.peak_kib += kib(&std::fs::read_to_string(process.join("status"))?, "VmHWM:")?;
        Ok(below)
    }

    /// What was used since `before`. A thread that has ended since is not in it.
    pub fn since(&self, before: &Self) -> Used {
        let (mut on_core, mut waiting) = (0, 0);
        for (id, now) in &self.threads {
            let then = before.threads.get(id).copied().unwrap_or_default();
            on_core += now.on_core.saturating_sub(then.on_core);
            waiting += now.waiting.saturating_sub(then.waiting);
        }
        let ticks = |of: fn(&Ticks) -> u64| of(&self.ticks).saturating_sub(of(&before.ticks));
        Used {
            cpu: Duration::from_nanos(on_core),
            user: share(ticks(|t| t.user), ticks(|t| t.kernel)),
            waiting: Duration::from_nanos(waiting),
        }
    }
}

/// The share of `part` in it and the rest; 0 where there is nothing.
fn share(part: u64, rest: u64) -> f64 {
    // Ticks of a measurement: far below what a float holds.
    let [part, rest] = [part, rest].map(|n| f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    if part + rest > 0.0 { part / (part + rest) } else { 0.0 }
}

impl Thread {
    fn read(text: &str) -> Result<Self> {
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        let mut next = || numbers.next().context("schedstat has another form");
        Ok(Self { on_core: next()?, waiting: next()? })
    }
}

impl Ticks {
    /// The 14th and 15th field. The second is a name, which may have blanks and parentheses in it.
    fn add(&mut self, stat: &str) -> Result<()> {
        let (_, fields) = stat.rsplit_once(')').context("stat has another form")?;
        let mut fields = fields.split_whitespace().skip(11).map_while(|word| word.parse().ok());
        let mut next = || fields.next().context("stat has another form");
        let (user, kernel): (u64, u64) = (next()?, next()?);
        self.user += user;
        self.kernel += kernel;
        Ok(())
    }
}

/// A figure of `status` (`proc_pid_status(5)`).
fn kib(status: &str, name: &str) -> Result<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok());
    number.with_context(|| format!("status has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_began_meanwhile_counts_from_its_start() {
        let thread = |on_core, waiting| Thread { on_core, waiting };
        let before = Usage { threads: [(1, thread(100, 5))].into(), ..Usage::default() };
        let threads = [(1, thread(400, 6)), (2, thread(50, 0))].into();
        let after = Usage { threads, ticks: Ticks { user: 1, kernel: 3 }, peak_kib: 0 };
        let nanos = Duration::from_nanos;
        let expected = Used { cpu: nanos(350), user: 0.25, waiting: nanos(1) };
        assert_eq!(after.since(&before), expected);
    }

    #[test]
    fn a_name_with_a_parenthesis_moves_no_field() {
        let mut ticks = Ticks::default();
        ticks.add("7 (a) b (c) S 1 7 7 0 -1 4194304 90 0 0 0 11 22 0 0 20 0 1 0").unwrap();
        assert_eq!(ticks, Ticks { user: 11, kernel: 22 });
    }

    #[test]
    fn a_process_has_its_children_in_it() {
        let mut child = std::process::Command::new("sleep").arg("20").spawn().unwrap();
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.threads.contains_key(&child.id()) && usage.peak_kib > 0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
