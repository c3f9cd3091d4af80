//! The driver: starts the contenders of each scenario, gives each its turn in each round, and prints
//! what came of it. stdout is the report, stderr tells how far it is.

use anyhow::{Context, Result, bail};
use candor_bench::contender::{
    BEFORE, CONTENDERS, Contender, REFERENCE, candor_version, nginx_version,
};
use candor_bench::idle::{self, Idle};
use candor_bench::report::{Report, Samples, Setting, Table};
use candor_bench::round::{Effort, measure};
use candor_bench::scenario::{SCENARIOS, Scenario};
use candor_bench::stage::{Cores, Stage};
use clap::Parser;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures what a call costs through Candor, next to nginx in the same run.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary of Candor
    #[arg(long, value_name = "PATH")]
    candor: PathBuf,
    /// Another binary of Candor, to compare it with in the same run
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// Rounds, in each of which every contender has a turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of a measurement
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Seconds of load before each measurement
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    warmup: u64,
    /// Kept connections
    #[arg(long, default_value_t = 32, value_parser = connections)]
    connections: usize,
    /// The core of the contenders, and that of the load and the upstream
    #[arg(long, default_value = "0,1")]
    cores: Cores,
    /// Only these scenarios and contenders, by name; `idle` is a scenario too
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Write the figures of each round to this file as well, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// End with exit code 1 where a hard goal is missed
    #[arg(long)]
    check: bool,
}

fn connections(text: &str) -> Result<usize> {
    let number = text.parse()?;
    anyhow::ensure!((1..=1000).contains(&number), "from 1 to 1000");
    Ok(number)
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    arguments.names_are_known()?;
    let report = Report {
        setting: arguments.setting()?,
        scenarios: arguments.run()?,
        idle: arguments.idle()?,
    };
    write!(std::io::stdout(), "{report}")?;
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let missed = if arguments.check { report.missed() } else { Vec::new() };
    for miss in &missed {
        writeln!(std::io::stderr(), "missed: {miss}")?;
    }
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn names_are_known(&self) -> Result<()> {
        let known: Vec<_> = scenarios().chain(contenders()).collect();
        match self.only.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => bail!("there is no `{name}`; there are: {}", known.join(", ")),
            None => Ok(()),
        }
    }

    /// Whether `name`, one of `all`, is wanted: it is named, or none of its kind is.
    fn wants(&self, name: &str, mut all: impl Iterator<Item = &'static str>) -> bool {
        let named = |name: &str| self.only.iter().any(|only| only == name);
        named(name) || !all.any(named)
    }

    fn setting(&self) -> Result<Setting> {
        let with_nginx = self.wants(REFERENCE, contenders());
        Ok(Setting {
            candor: candor_version(&self.candor)?,
            binary: self.candor.display().to_string(),
            nginx: with_nginx.then(nginx_version).transpose()?,
            machine: machine()?,
            cores: [self.cores.contender, self.cores.load],
            effort: self.effort(),
        })
    }

    fn effort(&self) -> Effort {
        let Self { rounds, seconds, warmup, connections, .. } = *self;
        Effort { rounds, seconds, warmup, connections }
    }

    fn run(&self) -> Result<Vec<Table>> {
        let wanted = SCENARIOS.iter().filter(|scenario| self.wants(scenario.name, scenarios()));
        wanted.map(|scenario| self.scenario(scenario)).collect()
    }

    fn idle(&self) -> Result<Vec<Idle>> {
        let Some(plain) = SCENARIOS.first().filter(|_| self.wants(idle::NAME, scenarios())) else {
            return Ok(Vec::new());
        };
        let stage = Stage::build(plain, self.cores, self.candor.clone())?;
        idle::measure(&stage, self.rounds)
    }

    fn takes_part(&self, contender: &str) -> bool {
        let there = contender != BEFORE || self.before.is_some();
        there && self.wants(contender, contenders())
    }

    /// All of them run from the first round to the last; who has no turn is idle.
    fn scenario(&self, scenario: &'static Scenario) -> Result<Table> {
        let stage = Stage::build(scenario, self.cores, self.candor.clone())?;
        let stage = Stage { before: self.before.clone(), ..stage };
        let wanted = CONTENDERS.iter().filter(|(name, _)| self.takes_part(name));
        let running = wanted.map(|(_, start)| Contender::start(*start, &stage));
        let running = running.collect::<Result<Vec<_>>>()?;
        let mut samples: Vec<_> = running.iter().map(|of| (of.name, Vec::new())).collect();
        for round in 1..=self.rounds {
            self.round(round, &stage, &running, &mut samples)?;
        }
        Ok(Table::new(scenario, &samples))
    }

    /// A turn for each. Every second round goes backwards, so that nobody always follows the same.
    fn round(
        &self,
        round: u32,
        stage: &Stage,
        running: &[Contender],
        samples: &mut Samples,
    ) -> Result<()> {
        let mut turns: Vec<_> = running.iter().zip(samples).collect();
        if round.is_multiple_of(2) {
            turns.reverse();
        }
        for (contender, (name, samples)) in turns {
            let sample = measure(stage, contender, &self.effort())
                .with_context(|| format!("{name} was not measured"))?;
            let (cpu, rate, rounds) = (sample.cpu_us, sample.per_second, self.rounds);
            let scenario = stage.scenario.name;
            writeln!(
                std::io::stderr(),
                "{scenario}, round {round} of {rounds}: {name:<8} {cpu:6.1} µs {rate:7.0}/s"
            )?;
            samples.push(sample);
        }
        Ok(())
    }
}

fn scenarios() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|scenario| scenario.name).chain([idle::NAME])
}

fn contenders() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|(name, _)| *name)
}

/// The processor and the kernel.
fn machine() -> Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").context("Linux is needed")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!("{model}, {cores} cores, Linux {}", kernel.trim()))
}
