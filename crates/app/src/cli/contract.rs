//! `candor contract`: the contracts at hand, their rows, and whether a file is one.

use anyhow::{Context, Result};
use candor_contract::row::{Allow, OutcomeRule};
use candor_contract::{Library, Row, Table};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// List, show and check contracts.
#[derive(Debug, Args)]
pub(crate) struct Contract {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the contracts that come with Candor
    List,
    /// Show the rows of a contract, in the order in which they are tried
    Show {
        /// Its name
        name: String,
        /// Print the file itself
        #[arg(long)]
        source: bool,
    },
    /// Read contract files and report every mistake, with its place
    Check {
        /// The files; one may extend another that stands before it
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a JSON Schema, for editors and programs
    Schema {
        /// Of what
        #[arg(value_enum, default_value = "contract")]
        of: SchemaOf,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaOf {
    /// Of a contract file
    Contract,
    /// Of a verdict
    Verdict,
}

impl Contract {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::List => list(),
            Command::Show { name, source: true } => source(&name),
            Command::Show { name, source: false } => show(&name),
            Command::Check { files } => check(&files),
            Command::Schema { of } => schema(of),
        }
    }
}

fn list() -> Result<ExitCode> {
    let library = Library::shipped()?;
    let line = |table: &Arc<Table>| {
        format!("{:<20} {:>4} rows  {}\n", table.label(), table.own_rows().len(), table.title())
    };
    super::print(&library.tables().iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

fn source(name: &str) -> Result<ExitCode> {
    super::table(&Library::shipped()?, name)?;
    super::print(Library::shipped_source(name).context("the contract has no file")?)?;
    Ok(ExitCode::SUCCESS)
}

fn show(name: &str) -> Result<ExitCode> {
    let table = super::table(&Library::shipped()?, name)?;
    let heads = format!("{:<28} {:<22} {:<12} {:<13} meaning", "row", "class", "outcome", "retry");
    let rows: String = table.own_rows().iter().map(line).collect();
    let (label, title, url) = (table.label(), table.title(), &table.source().url);
    super::print(&format!("{label}: {title}\n{url}\n\n{heads}\n{rows}"))?;
    Ok(ExitCode::SUCCESS)
}

fn line(row: &Row) -> String {
    let outcome = match row.outcome {
        OutcomeRule::Is(outcome) => outcome.name(),
        OutcomeRule::ByEvidence => "by evidence",
    };
    let retry = match row.retry.allow {
        Allow::Allowed => "allowed",
        Allow::Never => "never",
        Allow::Undocumented => "undocumented",
    };
    let mark = if row.is_inferred() { " (inferred)" } else { "" };
    let class = row.class.name();
    format!("{:<28} {class:<22} {outcome:<12} {retry:<13} {}{mark}\n", row.id, row.title)
}

fn check(files: &[PathBuf]) -> Result<ExitCode> {
    let Some(library) = super::library(files)? else { return Ok(ExitCode::FAILURE) };
    let added = library.tables().iter().rev().take(files.len()).rev();
    let line = |table: &Arc<Table>| {
        format!("{}: {} rows, no mistake\n", table.label(), table.own_rows().len())
    };
    super::print(&added.map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

fn schema(of: SchemaOf) -> Result<ExitCode> {
    let schema = match of {
        SchemaOf::Contract => candor_contract::file_schema::contract_schema(),
        SchemaOf::Verdict => candor_contract::file_schema::verdict_schema(),
    };
    super::print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
