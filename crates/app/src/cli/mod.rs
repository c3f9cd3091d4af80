//! The command line: one file a command.

mod contract;
mod explain;
mod ledger;
mod sandbox;
mod serve;

pub(crate) use serve::from_config;

use anyhow::{Context, Result};
use candor_contract::Library;
use candor_contract::notation::Diagnosis;
use clap::{Parser, Subcommand};
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The largest contract file that is read, in bytes; the reader has a lower limit of its own.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Candor understands how an HTTP API says no: what happened, whose doing it is, whether the request
/// took effect, whether and when to try again, and what to show a person.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Sandbox(sandbox::Sandbox),
    Explain(explain::Explain),
    Contract(contract::Contract),
    Ledger(ledger::Ledger),
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Serve(command) => command.run(),
            Command::Sandbox(command) => command.run(),
            Command::Explain(command) => command.run(),
            Command::Contract(command) => command.run(),
            Command::Ledger(command) => command.run(),
        }
    }
}

/// How output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Prints to stdout. A reader that has seen enough, as `head` has, is no failure; a full disk is one.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What others wrote, for a terminal: it must not be able to steer it.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// The shipped contracts, and those of the files given. Mistakes in a file are printed; `None` then.
fn library(files: &[PathBuf]) -> Result<Option<Library>> {
    let mut library = Library::shipped().context("a shipped contract has a mistake")?;
    let mut found = Vec::new();
    for file in files {
        let source = read_file(file)?;
        found.extend(library.add(&file.display().to_string(), &source).err());
    }
    if found.is_empty() {
        return Ok(Some(library));
    }
    mistakes(&found);
    Ok(None)
}

/// Prints mistakes, with colours where somebody looks at them and `NO_COLOR` is not set.
fn mistakes(found: &[Diagnosis]) -> ExitCode {
    let styled = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for diagnosis in found {
        eprintln!("{}\n", if styled { diagnosis.coloured() } else { diagnosis.to_string() });
    }
    let count: usize = found.iter().map(|diagnosis| diagnosis.problems().len()).sum();
    eprintln!("{count} {}", if count == 1 { "mistake" } else { "mistakes" });
    ExitCode::FAILURE
}

/// Starts the log, to stderr.
fn log(format: Format) -> Result<()> {
    let level = std::env::var("CANDOR_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = level.parse::<tracing_subscriber::EnvFilter>();
    let filter = filter.with_context(|| format!("CANDOR_LOG is not a log filter: `{level}`"))?;
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Where nobody reads stderr any more, a call must not fail for its log line.
    let log = log.log_internal_errors(false);
    match format {
        Format::Text => log.with_ansi(ansi).with_target(false).init(),
        Format::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

pub(crate) fn read_file(path: &Path) -> Result<String> {
    String::from_utf8(read_bytes(path)?)
        .with_context(|| format!("{} is not UTF-8 text", path.display()))
}

/// Reads a file, or stdin for `-`; bounded.
fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE).read_to_end(&mut bytes).context("cannot read stdin")?;
        return Ok(bytes);
    }
    let file = std::fs::File::open(path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    let read = file.take(MAX_FILE).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

/// The contract `name`, or an error that names the nearest ones.
fn table(library: &Library, name: &str) -> Result<std::sync::Arc<candor_contract::Table>> {
    library.get(name).with_context(|| {
        let known: Vec<_> = library.tables().iter().map(|t| t.name()).collect();
        format!("there is no contract `{name}`; known are: {}", known.join(", "))
    })
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "an address and a port are needed, such as 127.0.0.1:8420 or [::1]:0")
}

/// Waiting for Ctrl-C or SIGTERM. Made before a server says that it runs: from then on somebody may
/// stop it.
struct Stop {
    runtime: tokio::runtime::Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn heed() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        drop(entered);
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Waits, and says what follows.
    fn wait(self, said: &str) {
        let Self { runtime, mut interrupt, mut terminate } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        eprintln!("{said}");
    }
}
