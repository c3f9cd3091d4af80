//! `candor ledger`: whether a ledger is sound, what is in it, and bringing it to the current version.

use crate::config::LedgerAt;
use crate::ledger;
use anyhow::{Context, Result};
use candor_ledger::{Finding, Health, SCHEMA_VERSION};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufWriter, ErrorKind};
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// Look after a ledger: what calls are kept in.
#[derive(Debug, Args)]
#[command(
    after_help = "A ledger is a file, or `postgres://user@host/database`. Where none is named it
is taken from the environment's CANDOR_LEDGER, and else is .candor/ledger.db.

Examples:
  candor ledger check                          whether everything in it is sound
  candor ledger export > operations.ndjson     every operation, a line each
  candor ledger upgrade /var/lib/candor/ledger.db"
)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read everything, and say what is wrong with it; also beside a gateway that works with it
    Check {
        /// The file or the server
        at: Option<String>,
        /// How the findings are written
        #[arg(long, value_enum, default_value = "text")]
        format: super::Format,
    },
    /// Print every operation and the names of all documents, as a line of JSON each
    Export {
        /// The file or the server
        at: Option<String>,
    },
    /// Bring it to the version that this Candor works with; make a copy before
    Upgrade {
        /// The file or the server
        at: Option<String>,
    },
}

impl Ledger {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        match self.command {
            Command::Check { at, format } => check(&place(at), format, &runtime),
            Command::Export { at } => export(&place(at), &runtime),
            Command::Upgrade { at } => upgrade(&place(at), &runtime),
        }
    }
}

/// The ledger that is named, or the usual one.
fn place(named: Option<String>) -> LedgerAt {
    let named = named.or_else(|| std::env::var("CANDOR_LEDGER").ok());
    let named = named.filter(|text| !text.is_empty());
    LedgerAt::named(named.as_deref().unwrap_or(".candor/ledger.db"), |path| path.into())
}

fn check(at: &LedgerAt, format: super::Format, runtime: &Runtime) -> Result<ExitCode> {
    let engine = ledger::look(at, runtime).with_context(|| format!("cannot check {at}"))?;
    let (health, findings) = runtime
        .block_on(async { Ok((engine.health().await?, engine.check().await?)) })
        .map_err(|error: candor_ledger::EngineError| error)
        .with_context(|| format!("cannot check {at}"))?;
    super::print(&match format {
        super::Format::Text => text(at, &health, &findings),
        super::Format::Json => {
            let each = |finding: &Finding| json!({ "rule": finding.rule, "found": finding.found });
            let report = json!({
                "engine": health.engine,
                "bytes": health.bytes,
                "warnings": health.warnings,
                "findings": findings.iter().map(each).collect::<Vec<_>>(),
            });
            serde_json::to_string_pretty(&report)? + "\n"
        }
    })?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(at: &LedgerAt, health: &Health, findings: &[Finding]) -> String {
    let mut lines: Vec<String> = findings.iter().map(|f| format!("wrong: {f}")).collect();
    lines.extend(health.warnings.iter().map(|warning| format!("warning: {warning}")));
    let sound = if findings.is_empty() { "sound" } else { "not sound" };
    lines.push(format!("{at}: {}, {} KiB, {sound}\n", health.engine, health.bytes / 1024));
    super::harmless(&lines.join("\n"))
}

fn export(at: &LedgerAt, runtime: &Runtime) -> Result<ExitCode> {
    let engine = ledger::look(at, runtime).with_context(|| format!("cannot export {at}"))?;
    let mut to = BufWriter::new(std::io::stdout());
    match runtime.block_on(candor_ledger::export(&*engine, &mut to)) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        // A reader that has seen enough, as `head` has, is no failure.
        Err(candor_ledger::ExportError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error).with_context(|| format!("cannot export {at}")),
    }
}

fn upgrade(at: &LedgerAt, runtime: &Runtime) -> Result<ExitCode> {
    let found = ledger::upgrade(at, runtime).with_context(|| format!("cannot upgrade {at}"))?;
    super::print(&if found == SCHEMA_VERSION {
        format!("{at} has version {found} already\n")
    } else {
        format!("{at} was upgraded from version {found} to {SCHEMA_VERSION}\n")
    })?;
    Ok(ExitCode::SUCCESS)
}
