//! A report for people: Markdown, with aligned columns.

use crate::idle::{GOALS, Idle};
use crate::report::{Line, Report, Setting, Table};
use crate::round::Effort;
use std::fmt::{self, Display, Formatter};

const HEADS: [&str; 9] = [
    "contender",
    "CPU µs/request",
    "user/kernel",
    "to nginx",
    "requests/s",
    "p50/p99 ms",
    "peak MiB",
    "busy %",
    "waiting %",
];
const IDLE_HEADS: [&str; 4] = ["contender", "first answer ms", "resident MiB", "KiB a connection"];

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Setting { candor, binary, nginx, machine, cores: [own, load], effort } = &self.setting;
        let Effort { rounds, seconds, warmup, connections } = effort;
        writeln!(f, "{candor} ({binary}); {}", nginx.as_deref().unwrap_or("without nginx"))?;
        writeln!(f, "{machine}; contenders on core {own}, load and upstream on core {load}")?;
        writeln!(
            f,
            "{rounds} interleaved rounds of {seconds} s after {warmup} s, {connections} connections; \
             median (least–most)"
        )?;
        self.scenarios.iter().try_for_each(|table| write!(f, "\n{table}"))?;
        if self.idle.is_empty() { Ok(()) } else { write_idle(f, &self.idle) }
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.about)?;
        match self.hard_goal {
            Some(hard) => writeln!(f, "goal: {hard} times nginx, at best {}\n", self.stretch_goal)?,
            None => writeln!(f, "at best: {} times nginx\n", self.stretch_goal)?,
        }
        write_rows(f, HEADS, self.lines.iter().map(Line::cells))?;
        for line in &self.lines {
            if let Some([p50, p99]) = line.added_us {
                let (name, p50, p99) = (line.name, p50.with(0), p99.with(0));
                writeln!(f, "{name} adds to the p50 {p50} µs, to the p99 {p99} µs")?;
            }
        }
        Ok(())
    }
}

fn write_idle(f: &mut Formatter<'_>, all: &[Idle]) -> fmt::Result {
    let [answer, memory, connection] = GOALS;
    writeln!(f, "\nidle: all contracts loaded, then 1,000 connections that made a call each")?;
    writeln!(f, "at best: {answer} ms, {memory} MiB, {connection} KiB a connection\n")?;
    let cells = |idle: &Idle| {
        let Idle { name, answer_ms, resident_mib, connection_kib } = idle;
        [(*name).to_owned(), answer_ms.with(1), resident_mib.with(1), connection_kib.with(1)]
    };
    write_rows(f, IDLE_HEADS, all.iter().map(cells))
}

fn write_rows<const N: usize>(
    f: &mut Formatter<'_>,
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let heads = heads.map(str::to_owned);
    let rows: Vec<_> = rows.collect();
    let mut widths = [0; N];
    for row in std::iter::once(&heads).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    write_row(f, &heads, widths)?;
    write_row(f, &widths.map(|width| "-".repeat(width)), widths)?;
    rows.iter().try_for_each(|cells| write_row(f, cells, widths))
}

fn write_row<const N: usize>(
    f: &mut Formatter<'_>,
    cells: &[String; N],
    widths: [usize; N],
) -> fmt::Result {
    for (cell, width) in cells.iter().zip(widths) {
        write!(f, "| {cell:<width$} ")?;
    }
    writeln!(f, "|")
}

impl Line {
    fn cells(&self) -> [String; HEADS.len()] {
        let split = format!("{:.1}/{:.1}", self.user_us.median, self.kernel_us.median);
        let waits = [self.p50_us.median, self.p99_us.median].map(|us| us / 1000.0);
        [
            self.name.to_owned(),
            self.cpu_us.with(1),
            split,
            self.cpu_to_nginx.map_or_else(|| "-".to_owned(), |ratio| ratio.with(2)),
            self.per_second.with(0),
            waits.map(|ms| format!("{ms:.2}")).join("/"),
            // It only grows.
            format!("{:.1}", self.peak_mib.max),
            format!("{:.0}", self.busy_percent.median),
            self.waiting_percent.with(1),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::report::tests::table;

    #[test]
    fn columns_are_aligned_and_the_goal_stands_above() {
        let text = table("plain", &[("nginx", &[10.0]), ("candor", &[125.0])]).to_string();
        assert_eq!(text.lines().nth(1), Some("goal: 1.15 times nginx, at best 1.05"));
        let widths: Vec<_> = text.lines().skip(3).map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 4);
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    }

    #[test]
    fn what_is_added_stands_below() {
        let text = table("latency", &[("direct", &[10.0]), ("candor", &[25.0])]).to_string();
        let last = "candor adds to the p50 15 (15–15) µs, to the p99 0 (0–0) µs";
        assert_eq!(text.lines().last(), Some(last));
    }
}
