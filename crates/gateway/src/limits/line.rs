//! When calls that wait in line are turned away.
//!
//! A short line is good: it takes up the calls of a busy moment. A line that never gets empty is
//! not: each call waits as long as the line is, and the answers come when nobody waits for them
//! any more. So a call may wait for long while the line was empty a short time ago, and only for a
//! short time when it was not: the line then gets short by itself, and its calls are served fresh.
//! (Controlled delay, after Nichols and Jacobson, "Controlling Queue Delay", in the form of Maurer,
//! "Fail at Scale", ACM Queue 13/8.)

use super::{Refused, Why};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long a line may be, and how long a call may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRule {
    /// The most calls in line: 64. None where nothing may wait.
    pub places: u32,
    /// How long a call waits at most; and how long a line may be without being empty before it
    /// counts as overloaded: 1 s.
    pub patience: Duration,
    /// How long a call waits at most in an overloaded line: 50 ms.
    pub target: Duration,
}

impl Default for LineRule {
    fn default() -> Self {
        Self { places: 64, patience: Duration::from_secs(1), target: Duration::from_millis(50) }
    }
}

/// The state of a line. Takes no lock.
#[derive(Debug)]
pub struct Line {
    rule: LineRule,
    waiting: AtomicU32,
    started: Instant,
    /// When it was last seen empty, in milliseconds since the start.
    empty: AtomicU64,
}

/// A place in line, which is free again when this is dropped.
#[derive(Debug)]
pub struct Place<'l> {
    line: &'l Line,
    /// How long to wait at most.
    pub patience: Duration,
}

impl Line {
    /// An empty line.
    pub fn new(rule: LineRule, now: Instant) -> Self {
        Self { rule, waiting: AtomicU32::new(0), started: now, empty: AtomicU64::new(0) }
    }

    /// A place in line, or a refusal where there is none.
    ///
    /// # Errors
    /// The line is full.
    pub fn enter(&self, now: Instant) -> Result<Place<'_>, Refused> {
        let free = |waiting: u32| (waiting < self.rule.places).then_some(waiting + 1);
        let before = self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, free)
            .map_err(|_| Refused::new(Why::LineFull, self.rule.patience))?;
        let now = self.millis(now);
        if before == 0 {
            self.empty.fetch_max(now, Ordering::AcqRel);
        }
        let busy = now.saturating_sub(self.empty.load(Ordering::Acquire));
        let patience = if u128::from(busy) > self.rule.patience.as_millis() {
            self.rule.target.min(self.rule.patience)
        } else {
            self.rule.patience
        };
        Ok(Place { line: self, patience })
    }

    /// How many calls wait.
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Acquire)
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.started);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_so_many_places() {
        let now = Instant::now();
        let line = Line::new(LineRule { places: 2, ..LineRule::default() }, now);
        let (one, _two) = (line.enter(now).unwrap(), line.enter(now).unwrap());
        let refused = line.enter(now).unwrap_err();
        assert_eq!((refused.why, refused.after), (Why::LineFull, line.rule.patience));
        drop(one);
        assert!(line.enter(now).is_ok());
        assert_eq!(line.waiting(), 1);
    }

    #[test]
    fn a_line_that_never_gets_empty_loses_its_patience() {
        let (rule, start) = (LineRule::default(), Instant::now());
        let line = Line::new(rule, start);
        let at = |millis| start + Duration::from_millis(millis);
        let first = line.enter(at(5000)).unwrap();
        assert_eq!(first.patience, rule.patience);
        assert_eq!(line.enter(at(6000)).unwrap().patience, rule.patience);
        assert_eq!(line.enter(at(6001)).unwrap().patience, rule.target);
        drop(first);
        assert_eq!(line.enter(at(6002)).unwrap().patience, rule.patience);
    }
}
