//! The `candor` binary: reads the command line, calls one room, prints what it says.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done; 1 the answer is no (a file with mistakes,
//! something that nobody knows); 2 the command or its input cannot be used.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod cli;
mod config;
mod example;
mod ledger;
#[cfg(feature = "planted-faults")]
mod planted;
mod sandbox;
mod served;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = cli::Cli::parse();
    match command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", cli::harmless(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}
