//! Running the binary.

use crate::tidy::root;
use std::process::{Command, Output, Stdio};

/// Runs `candor` in the project's folder.
pub(crate) fn candor(arguments: &[&str], stdin: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(arguments)
        .current_dir(root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends without reading its input is no failure of the test.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

/// What a person sees: what was printed, and the exit code.
pub(crate) fn screen(arguments: &[&str], stdin: &str) -> String {
    let output = candor(arguments, stdin);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}{}exit {}",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap_or(-1)
    )
}
