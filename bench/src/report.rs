//! The figures of a run: medians with their bounds, as JSON, or as tables for people, which are
//! drawn in [`crate::table`].

use crate::contender::REFERENCE;
use crate::idle::Idle;
use crate::round::{Effort, Sample};
use crate::scenario::Scenario;
use crate::spread::Spread;
use serde::Serialize;

/// Whose time to answer is nobody's doing.
const DIRECT: &str = "direct";
/// Who has goals.
const MEASURED: &str = "candor";

/// Everything that a run found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was measured, and on what.
    pub setting: Setting,
    /// What came of it.
    pub scenarios: Vec<Table>,
    /// Those that do nothing; none where that was not asked.
    pub idle: Vec<Idle>,
}

/// What one has to know to compare two reports.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// The version of Candor.
    pub candor: String,
    /// Its binary.
    pub binary: String,
    /// The version of nginx, where it took part.
    pub nginx: Option<String>,
    /// The processor and the kernel.
    pub machine: String,
    /// The core of the contenders, and that of the load.
    pub cores: [usize; 2],
    /// How long and how often.
    pub effort: Effort,
}

/// The figures of a scenario.
#[derive(Debug, Serialize)]
pub struct Table {
    /// The scenario.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The most that Candor may cost, as a multiple of nginx; `None` where that is for information.
    pub hard_goal: Option<f64>,
    /// What we would like.
    pub stretch_goal: f64,
    /// Requests a second, where they were bounded.
    pub rate: Option<u32>,
    /// A line for each contender.
    pub lines: Vec<Line>,
}

/// The figures of a contender.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Who it is.
    pub name: &'static str,
    /// Time on a core for each request, in microseconds.
    pub cpu_us: Spread,
    /// The part of it in user mode.
    pub user_us: Spread,
    /// The part of it in kernel mode.
    pub kernel_us: Spread,
    /// The same time, as a multiple of nginx's in the same round; absent where nginx took no part.
    pub cpu_to_nginx: Option<Spread>,
    /// Requests in a second.
    pub per_second: Spread,
    /// The time in which half of the answers came, in microseconds.
    pub p50_us: Spread,
    /// The time in which 99 of 100 answers came, in microseconds.
    pub p99_us: Spread,
    /// What it adds to the time of half of the answers, and of 99 of 100, against the upstream
    /// without anybody in front in the same round; absent where that took no part, and where as many
    /// requests were made as there can be.
    pub added_us: Option<[Spread; 2]>,
    /// How much of the time it ran, in percent of one core.
    pub busy_percent: Spread,
    /// How much of the time it could have run and others did, in percent.
    pub waiting_percent: Spread,
    /// The most memory it had resident since its start, in MiB.
    pub peak_mib: Spread,
    /// Each round, in order.
    pub samples: Vec<Sample>,
}

/// The samples of each contender; the first of each belong to one round, and so on.
pub type Samples = Vec<(&'static str, Vec<Sample>)>;

// === impl Report ===

impl Report {
    /// The hard goals that were missed, in words.
    pub fn missed(&self) -> Vec<String> {
        self.scenarios.iter().filter_map(Table::missed).collect()
    }
}

// === impl Table ===

impl Table {
    /// Sums up the samples of a scenario.
    pub fn new(scenario: &Scenario, samples: &Samples) -> Self {
        let of = |wanted| samples.iter().find(|(name, _)| *name == wanted);
        let reference = of(REFERENCE).map(|(_, samples)| samples.as_slice());
        let direct = of(DIRECT).map(|(_, samples)| samples.as_slice());
        let direct = direct.filter(|_| scenario.rate.is_some());
        let line = |(name, samples): &(&'static str, Vec<Sample>)| {
            Line::new(name, samples, reference, direct)
        };
        Self {
            name: scenario.name,
            about: scenario.about,
            hard_goal: scenario.goal.hard,
            stretch_goal: scenario.goal.stretch,
            rate: scenario.rate,
            lines: samples.iter().map(line).collect(),
        }
    }

    fn missed(&self) -> Option<String> {
        let (name, goal) = (self.name, self.hard_goal?);
        let line = self.lines.iter().find(|line| line.name == MEASURED)?;
        let ratio = line.cpu_to_nginx?.median;
        // What is not a number has missed too.
        let met = ratio <= goal;
        (!met).then(|| format!("{name}: {ratio:.2} times nginx, and {goal} is the goal"))
    }
}

impl Line {
    fn new(
        name: &'static str,
        samples: &[Sample],
        reference: Option<&[Sample]>,
        direct: Option<&[Sample]>,
    ) -> Self {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure));
        let with = |others: &[Sample], figure: fn((&Sample, &Sample)) -> f64| {
            Spread::of(samples.iter().zip(others).map(figure))
        };
        let added = |direct: &[Sample]| {
            [
                with(direct, |(own, direct)| own.p50_us - direct.p50_us),
                with(direct, |(own, direct)| own.p99_us - direct.p99_us),
            ]
        };
        Self {
            name,
            cpu_us: of(|s| s.cpu_us),
            user_us: of(|s| s.user_us),
            kernel_us: of(|s| s.kernel_us),
            cpu_to_nginx: reference.map(|all| with(all, |(own, other)| own.cpu_us / other.cpu_us)),
            per_second: of(|s| s.per_second),
            p50_us: of(|s| s.p50_us),
            p99_us: of(|s| s.p99_us),
            added_us: direct.filter(|_| name != DIRECT).map(added),
            busy_percent: of(|s| s.busy_percent),
            waiting_percent: of(|s| s.waiting_percent),
            peak_mib: of(|s| s.peak_mib),
            samples: samples.to_vec(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scenario;

    pub(crate) fn sample(cpu_us: f64) -> Sample {
        Sample {
            requests: 1000,
            cpu_us,
            user_us: cpu_us / 4.0,
            kernel_us: cpu_us * 0.75,
            per_second: 1000.0,
            p50_us: 500.0 + cpu_us,
            p99_us: 2000.0,
            busy_percent: 90.0,
            waiting_percent: 0.5,
            peak_mib: 12.0,
        }
    }

    pub(crate) fn table(scenario: &str, samples: &[(&'static str, &[f64])]) -> Table {
        let all = samples.iter().map(|(name, cpu)| (*name, cpu.iter().copied().map(sample)));
        let samples = all.map(|(name, samples)| (name, samples.collect())).collect();
        Table::new(scenario::named(scenario).unwrap(), &samples)
    }

    fn same(figure: f64) -> Spread {
        Spread { median: figure, min: figure, max: figure }
    }

    #[test]
    fn a_ratio_is_taken_within_its_round() {
        // Both take twice as long in the second round; the ratio stays the same.
        let table = table("plain", &[("nginx", &[10.0, 20.0]), ("candor", &[15.0, 30.0])]);
        let ratios: Vec<_> = table.lines.iter().map(|line| line.cpu_to_nginx.unwrap()).collect();
        assert_eq!(ratios, [same(1.0), same(1.5)]);
    }

    #[test]
    fn without_nginx_there_is_no_ratio_and_no_goal_is_missed() {
        let table = table("plain", &[("candor", &[10.0])]);
        assert_eq!(table.lines[0].cpu_to_nginx, None);
        assert_eq!(table.missed(), None);
    }

    #[test]
    fn a_hard_goal_is_missed_by_the_median() {
        let nginx = ("nginx", &[10.0, 10.0, 10.0][..]);
        let met = table("plain", &[nginx, ("candor", &[11.0, 11.0, 90.0])]);
        assert_eq!(met.missed(), None);
        let missed = table("plain", &[nginx, ("candor", &[11.0, 12.0, 13.0])]);
        assert_eq!(missed.missed().unwrap(), "plain: 1.20 times nginx, and 1.15 is the goal");
        let informed = table("body64k", &[nginx, ("candor", &[90.0, 90.0, 90.0])]);
        assert_eq!(informed.missed(), None);
    }

    #[test]
    fn what_is_added_counts_from_the_upstream_alone_and_only_at_a_fixed_rate() {
        let samples: [(_, &[f64]); 2] = [("direct", &[10.0]), ("candor", &[25.0])];
        let lines = table("latency", &samples).lines;
        assert_eq!(lines[0].added_us, None);
        assert_eq!(lines[1].added_us, Some([same(15.0), same(0.0)]));
        assert!(table("plain", &samples).lines[1].added_us.is_none());
    }
}
