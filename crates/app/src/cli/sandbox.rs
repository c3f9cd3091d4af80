//! `candor sandbox`: five APIs that fail for real reasons.

use crate::sandbox::{self, Plan};
use anyhow::{Context, Result, bail};
use candor_contract::Library;
use candor_sandbox::house::{APIS, Listed};
use candor_sandbox::stage::Seed;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Play five APIs with state, on loopback: each of their documented errors is met when its cause is
/// there. Prints where they are and how each error is reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  candor sandbox                        all of them, from port 8431 on
  candor sandbox open2b                 one of them, on port 8431
  candor sandbox open2b --list          how each documented row is reached, as curl commands
  candor sandbox open2b --list --row rate-limited
  candor sandbox --seed 1               the same ids and times in each run; time stands until moved
  candor sandbox --print-gateway > candor.yaml    a gateway that calls the callback handler

Controls, below each address:
  GET, PUT, PATCH      /sandbox/conditions   the weather: store_offline, maintenance, latency_ms …
  GET, PUT             /sandbox/clock        {\"advance_seconds\": 60}
  GET, PUT, PATCH      /sandbox/world        save, load, change; DELETE starts it anew")]
pub(crate) struct Sandbox {
    /// The APIs; all of them where none is named
    #[arg(value_name = "API")]
    apis: Vec<String>,
    /// Where the first API listens, on loopback; the others take the next ports. Port 0: free ports
    #[arg(long, value_name = "ADDRESS", value_parser = super::address, default_value = "127.0.0.1:8431")]
    listen: SocketAddr,
    /// All on one address, each below its name
    #[arg(long)]
    one_port: bool,
    /// The same ids and times in each run
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Keep the worlds in this file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The gateway that calls the callback handler
    #[arg(long, value_name = "ADDRESS", value_parser = super::address, default_value = "127.0.0.1:8420")]
    gateway: SocketAddr,
    /// Write the certificate of the callback handler's authority to this file
    #[arg(long, value_name = "FILE", default_value = "sandbox-ca.pem")]
    ca: PathBuf,
    /// Print how each documented row is reached, and end
    #[arg(long)]
    list: bool,
    /// With --list: this row only
    #[arg(long, value_name = "ROW", requires = "list")]
    row: Option<String>,
    /// Print a gateway's configuration that calls the callback handler, and end
    #[arg(long, conflicts_with = "list")]
    print_gateway: bool,
    /// How the output is written
    #[arg(long, value_enum, default_value = "text")]
    format: super::Format,
}

impl Sandbox {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let plan = self.plan()?;
        if self.print_gateway {
            super::print(&sandbox::gateway_config(&plan, &self.ca)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let library = Library::shipped().context("a shipped contract has a mistake")?;
        if self.list {
            return self.list(&plan, &library);
        }
        super::log(super::Format::Text)?;
        let stop = super::Stop::heed()?;
        let running = sandbox::start(&plan, &library, self.state.as_deref(), &self.ca)?;
        super::print(&match self.format {
            super::Format::Text => running.told(),
            super::Format::Json => format!("{}\n", running.told_as_json()),
        })?;
        stop.wait("the sandbox closes");
        running.stop()?;
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self) -> Result<Plan> {
        if !self.listen.ip().is_loopback() {
            bail!(
                "a sandbox listens on loopback only, not on {}; take 127.0.0.1 or [::1]",
                self.listen
            );
        }
        let seed = match self.seed {
            Some(number) => Seed::Fixed(number),
            None => Seed::Running(sandbox::random()),
        };
        let (listen, one_port, gateway) = (self.listen, self.one_port, self.gateway);
        Ok(Plan { apis: self.chosen()?, listen, one_port, seed, gateway })
    }

    /// The APIs that are named, in the house's order.
    fn chosen(&self) -> Result<Vec<Listed>> {
        let named = |api: &Listed| self.apis.iter().any(|name| name == api.name || name == "all");
        let known: Vec<&str> = APIS.iter().map(|api| api.name).chain(["all"]).collect();
        if let Some(unknown) = self.apis.iter().find(|name| !known.contains(&name.as_str())) {
            let nearest = candor_contract::nearest(unknown, known.iter().copied());
            let hint = nearest.map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
            bail!("there is no API `{unknown}`.{hint} There are: {}", known.join(", "));
        }
        let all = self.apis.is_empty();
        Ok(APIS.iter().filter(|api| all || named(api)).copied().collect())
    }

    fn list(&self, plan: &Plan, library: &Library) -> Result<ExitCode> {
        let told = sandbox::tell(&plan.expected(), library)?;
        let wanted = |row: &str| self.row.as_deref().is_none_or(|wanted| wanted == row);
        let told: Vec<_> = told.into_iter().filter(|way| wanted(&way.row)).collect();
        if told.is_empty() {
            eprintln!("no scene reaches the row `{}`", self.row.as_deref().unwrap_or_default());
            return Ok(ExitCode::FAILURE);
        }
        let text = match self.format {
            super::Format::Text => told.iter().map(ToString::to_string).collect(),
            super::Format::Json => format!("{}\n", serde_json::to_string_pretty(&told)?),
        };
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
