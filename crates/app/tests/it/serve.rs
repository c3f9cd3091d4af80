//! `candor serve` and stdout as a shell sees them.

use crate::run::{candor, screen};
use crate::tidy::root;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running example, and where it listens.
fn serve() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit("http://").next().unwrap().to_owned();
    (child, address)
}

#[test]
fn a_port_has_one_gateway_and_a_stop_is_a_success() {
    let (mut first, address) = serve();
    let second = screen(&["serve", "--listen", &address], "");
    let stopped = Command::new("kill").args(["-TERM", &first.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    assert_eq!(first.wait().unwrap().code(), Some(0));
    let words = [&format!("cannot listen on {address}"), "choose another", "exit 2"];
    assert!(words.iter().all(|word| second.contains(*word)), "{second}");
}

#[test]
fn check_needs_a_configuration() {
    insta::assert_snapshot!(screen(&["serve", "--check"], ""));
}

#[test]
fn an_address_needs_a_port() {
    insta::assert_snapshot!(screen(&["serve", "--listen", "localhost"], ""));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is_one() {
    let to = |stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        command.args(["contract", "show", "http"]).stdout(stdout).stderr(Stdio::piped());
        command.output().unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(to(writer.into()).status.code(), Some(0));
    let full = to(File::options().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&full.stderr).starts_with("error: cannot write to stdout"));
    assert_eq!(candor(&["contract", "list"], "").status.code(), Some(0));
}
