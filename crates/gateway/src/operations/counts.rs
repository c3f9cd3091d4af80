//! Operations, counted: those that ended here, by their state, and how much the ledger has to do.

use candor_ledger::{Depth, State};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one process.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Accepted here.
    accepted: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    /// Taken over from an owner that fell silent.
    taken_over: AtomicU64,
    /// Whose outcome came too late to be recorded.
    lost: AtomicU64,
    /// As they were when somebody looked last: due, later, in somebody's hands.
    depth: [AtomicU64; 3],
}

impl Counts {
    pub(super) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self, state: State) {
        let counter = match state {
            State::Succeeded => &self.succeeded,
            State::Failed => &self.failed,
            State::Cancelled => &self.cancelled,
            State::Pending | State::InProgress => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn take_over(&self) {
        self.taken_over.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn depth(&self, depth: &Depth) {
        let found = [depth.due, depth.later, depth.owned];
        self.depth.iter().zip(found).for_each(|(to, from)| to.store(from, Ordering::Relaxed));
    }

    /// As Prometheus reads them; `up` tells how the engine is, where that is known.
    pub(super) fn write(&self, up: Option<bool>) -> Result<String, fmt::Error> {
        let ends = [
            ("accepted", &self.accepted),
            ("succeeded", &self.succeeded),
            ("failed", &self.failed),
            ("cancelled", &self.cancelled),
            ("taken_over", &self.taken_over),
            ("lost", &self.lost),
        ];
        let [due, later, owned] = &self.depth;
        let open = [("due", due), ("later", later), ("owned", owned)];
        let mut text = String::new();
        head(&mut text, TOTAL, "counter", "Operations of this process, by what became of them.")?;
        for (status, counter) in ends {
            let number = counter.load(Ordering::Relaxed);
            writeln!(text, "{TOTAL}{{status=\"{status}\"}} {number}")?;
        }
        head(&mut text, OPEN, "gauge", "Open operations in the ledger, by what they wait for.")?;
        for (state, counter) in open {
            let number = counter.load(Ordering::Relaxed);
            writeln!(text, "{OPEN}{{state=\"{state}\"}} {number}")?;
        }
        if let Some(up) = up {
            head(&mut text, UP, "gauge", "Whether the ledger answers.")?;
            writeln!(text, "{UP} {}", u8::from(up))?;
        }
        Ok(text)
    }
}

const TOTAL: &str = "candor_operations_total";
const OPEN: &str = "candor_operations_open";
const UP: &str = "candor_ledger_up";

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written() {
        let counts = Counts::default();
        counts.accept();
        counts.end(State::Failed);
        counts.end(State::InProgress);
        counts.depth(&Depth { later: 3, ..Depth::default() });
        let text = counts.write(Some(true)).unwrap();
        for line in [
            "candor_operations_total{status=\"accepted\"} 1",
            "candor_operations_total{status=\"failed\"} 1",
            "candor_operations_total{status=\"succeeded\"} 0",
            "candor_operations_open{state=\"later\"} 3",
            "candor_ledger_up 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}
