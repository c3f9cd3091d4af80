//! Prints the matrix: every phase of a call failing, what is made of it, and whether it was repeated.
//! Ends with 1 where a cell is not as expected. `just matrix` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool of the project, which fails by panicking"
)]

#[path = "../tests/matrix/mod.rs"]
mod matrix;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (text, failed) = matrix::table(&matrix::all().await);
    print!("{text}");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
