//! Counts the rows of the vendors' documents that the shipped contracts know.
//!
//! Prints a line for each system and what is wrong, if anything; fails below 100 %.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[path = "../tests/documented/mod.rs"]
mod rows;

use candor_contract::Library;
use std::process::ExitCode;

fn main() -> ExitCode {
    let library = match Library::shipped() {
        Ok(library) => library,
        Err(diagnosis) => {
            eprintln!("{diagnosis}");
            return ExitCode::FAILURE;
        }
    };
    let mut counts = Vec::new();
    let mut whole = true;
    for list in rows::lists() {
        let findings = list.findings(&library);
        let unknown: Vec<_> = findings.iter().filter(|finding| !finding.wrong.is_empty()).collect();
        for finding in &unknown {
            eprintln!("{}, {}: {}", list.contract, finding.line.section, finding.wrong.join("; "));
        }
        whole &= unknown.is_empty();
        counts.push((list.contract, list.lines.len() - unknown.len(), list.total));
    }
    println!("{}", rows::summary(&counts));
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
