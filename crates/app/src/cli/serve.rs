//! `candor serve`: the gateway.

use crate::config::{self, Config};
use crate::example;
use crate::served::{self, Served};
use anyhow::Result;
use candor_gateway::{Clock, Ledger, Setup, SigningKeys};
use candor_wire::Guard;
use clap::Args;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Run the gateway. Without a configuration it runs an example with a handler of its own, on
/// loopback, and prints calls to try.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  candor serve                          an example, with a handler on this machine
  candor serve --print-example          its configuration, to start from
  candor serve candor.yaml              your own
  candor serve candor.yaml --check      only say what is wrong with it
  candor serve --upstream http://127.0.0.1:8435 --contract open2b    in front of one API")]
pub(crate) struct Serve {
    /// The configuration file
    config: Option<PathBuf>,
    /// Without a configuration: stand in front of this one API, such as `https://api.example.com`
    #[arg(long, value_name = "URL", conflicts_with = "config", requires = "contract")]
    upstream: Option<String>,
    /// With --upstream: the contract of that API
    #[arg(long, value_name = "NAME", requires = "upstream")]
    contract: Option<String>,
    /// Where to listen, instead of what the configuration says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = super::address)]
    listen: Option<SocketAddr>,
    /// Read the configuration, say what is wrong with it, and end
    #[arg(long, requires = "config")]
    check: bool,
    /// Print the example's configuration, and end
    #[arg(long, conflicts_with = "config")]
    print_example: bool,
    /// How the log is written, to stderr; its level is taken from `CANDOR_LOG`
    #[arg(long, value_enum, default_value = "text")]
    log: super::Format,
}

impl Serve {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if self.print_example {
            super::print(example::CONFIG)?;
            return Ok(ExitCode::SUCCESS);
        }
        super::log(self.log)?;
        if let Some(upstream) = &self.upstream {
            return self.in_front(upstream);
        }
        match &self.config {
            None => self.example(),
            Some(path) => match config::read_file(path)? {
                Err(mistakes) => Ok(super::mistakes(&mistakes.0)),
                Ok(config) if self.check => {
                    let (name, counted) = (path.display(), Counted::of(&config));
                    super::print(&format!("{name}: {counted}, no mistake\n"))?;
                    Ok(ExitCode::SUCCESS)
                }
                Ok(config) => self.serve(path, config),
            },
        }
    }

    fn serve(&self, path: &Path, config: Config) -> Result<ExitCode> {
        let counted = Counted::of(&config);
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let served = Served::start(path, self.listen, config)?;
        let address = served.running().address();
        super::print(&format!("candor serves {counted} on {scheme}://{address}\n"))?;
        if let Some(admin) = served.admin() {
            super::print(&format!("operators: http://{admin}/metrics, /healthz, /readyz\n"))?;
        }
        served.until_stopped();
        Ok(ExitCode::SUCCESS)
    }

    /// Stands in front of one API, with a configuration of two lines.
    fn in_front(&self, upstream: &str) -> Result<ExitCode> {
        let contract = self.contract.as_deref().unwrap_or_default();
        let source = config::in_front(upstream, contract);
        let config = match config::read("the command line", &source, Path::new("."))? {
            Err(mistakes) => return Ok(super::mistakes(&mistakes.0)),
            Ok(config) => config,
        };
        let stop = super::Stop::heed()?;
        let running = candor_gateway::start(served::stateless(config, self.listen, None)?)?;
        let address = running.address();
        super::print(&format!("candor serves {contract} at {upstream} on http://{address}\n"))?;
        stop.wait("candor lets the calls under way end");
        running.stop();
        Ok(ExitCode::SUCCESS)
    }

    fn example(&self) -> Result<ExitCode> {
        let stop = super::Stop::heed()?;
        let example = example::Example::start(self.listen)?;
        super::print(&example.to_string())?;
        stop.wait("candor lets the calls under way end");
        example.stop();
        Ok(ExitCode::SUCCESS)
    }
}

/// What a configuration serves, in words.
struct Counted {
    callbacks: usize,
    routes: usize,
}

impl Counted {
    fn of(config: &Config) -> Self {
        Self { callbacks: config.callbacks.len(), routes: config.routes.len() }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.callbacks, self.routes) {
            (callbacks, 0) => write!(f, "{callbacks} callbacks"),
            (0, 1) => write!(f, "1 route"),
            (0, routes) => write!(f, "{routes} routes"),
            (callbacks, 1) => write!(f, "{callbacks} callbacks and 1 route"),
            (callbacks, routes) => write!(f, "{callbacks} callbacks and {routes} routes"),
        }
    }
}

/// Puts the parts together. No call may come back to where the `admin` listener is.
pub(crate) fn from_config(
    config: Config,
    listen: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    keys: Arc<SigningKeys>,
    clock: Clock,
    ledger: Option<Arc<Ledger>>,
) -> Setup {
    let named_targets = config.named_targets.then(|| config::named_targets(&config.dialects));
    Setup {
        listen: listen.unwrap_or(config.listen),
        tls: config.tls,
        door: config.door,
        workers: config.workers,
        limits: config.limits,
        answer_as: config.answer_as,
        dialects: config.dialects,
        message_set: config.message_set,
        callers: config.callers.callers,
        anybody: config.callers.anybody,
        named_targets,
        token: config.token,
        keys,
        datacenter_url: config.datacenter_url,
        fallback: config.contract,
        callbacks: config.callbacks,
        cyberapps: config.cyberapps,
        operations: ledger.map(|ledger| config.operations.in_ledger(ledger)),
        tenants: config.tenants,
        routes: config.routes,
        guard: Guard { own: admin.into_iter().collect(), ..Guard::default() },
        proxy: config.proxy,
        resolver: None,
        clock,
    }
}
