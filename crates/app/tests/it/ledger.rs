//! `candor ledger`, and what is said of a ledger that cannot be used.

use crate::tidy::root;
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{Engine, NewOp, Queue, Tenant};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Output};

const CANDOR: &str = env!("CARGO_BIN_EXE_candor");

/// A sound ledger with so many operations.
fn ledger(path: &Path, count: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Sqlite::open(Settings::new(path)).unwrap();
    for _ in 0..count {
        let (tenant, queue) = (Tenant::new("acme").unwrap(), Queue::new("callbacks").unwrap());
        let new = NewOp::new(tenant, queue, r#"{"callback":"c"}"#);
        runtime.block_on(engine.create(new)).unwrap();
    }
}

fn command(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).env("NO_COLOR", "1").env_remove("CANDOR_LEDGER");
    command.output().unwrap()
}

/// What a person sees, without what differs from run to run.
fn screen(output: &Output, folder: &Path) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    let said = said.replace(&folder.display().to_string(), "…");
    let words = said.lines().map(|line| {
        let (before, after) = line.split_once("SQLite ").unwrap_or((line, ""));
        match after.split_once(" KiB") {
            Some((_, rest)) => format!("{before}SQLite <version>, <size> KiB{rest}\n"),
            None => format!("{line}\n"),
        }
    });
    format!("{}exit {}", words.collect::<String>(), output.status.code().unwrap_or(-1))
}

fn candor(arguments: &[&str], folder: &Path) -> String {
    screen(&command(CANDOR, arguments), folder)
}

/// Runs a script where file systems can be mounted for it alone; `None` where that is not allowed.
fn apart(script: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    if !command("unshare", &["-rm", "true"]).status.success() {
        drop(writeln!(std::io::stderr(), "left out: no file system can be mounted here"));
        return None;
    }
    let mut all = vec!["-rm", "sh", "-ec", script, "sh", CANDOR];
    all.extend(arguments);
    Some(screen(&command("unshare", &all), folder))
}

#[test]
fn a_sound_ledger_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    ledger(&path, 3);
    let path = path.to_str().unwrap();
    insta::assert_snapshot!(candor(&["ledger", "check", path], folder.path()));
    let json = command(CANDOR, &["ledger", "check", path, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn an_export_has_a_line_for_each_operation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    ledger(&path, 3);
    let output = command(CANDOR, &["ledger", "export", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 3);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["kind"], &line["state"]), (&"operation".into(), &"pending".into()));
        assert_eq!(line["request"]["callback"], "c");
    }
}

#[test]
fn a_ledger_of_this_version_needs_no_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    ledger(&path, 0);
    let path = path.to_str().unwrap();
    insta::assert_snapshot!(candor(&["ledger", "upgrade", path], folder.path()));
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    insta::assert_snapshot!(candor(&["ledger", "check", path.to_str().unwrap()], folder.path()));
}

#[test]
fn another_file_is_no_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are notes, and long enough to be looked at ".repeat(100)).unwrap();
    insta::assert_snapshot!(candor(&["ledger", "export", path.to_str().unwrap()], folder.path()));
}

#[test]
fn a_newer_ledger_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    ledger(&path, 0);
    // The user version (SQLite, Database File Format, 1.3).
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&99_u32.to_be_bytes(), 60).unwrap();
    let path = path.to_str().unwrap();
    let said = ["check", "upgrade"].map(|what| candor(&["ledger", what, path], folder.path()));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_damaged_ledger_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    ledger(&path, 200);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    for page in (8192..length).step_by(4096) {
        file.write_all_at(&[0xa5; 2048], page).unwrap();
    }
    let path = path.to_str().unwrap();
    let said = candor(&["ledger", "check", path], folder.path());
    assert!(said.contains("wrong: ") && said.ends_with("not sound\nexit 1"), "{said}");
    let config = folder.path().join("candor.yaml");
    std::fs::write(&config, format!("ledger: {path}\nlisten: 127.0.0.1:0\n")).unwrap();
    let said = candor(&["serve", config.to_str().unwrap()], folder.path());
    let words = ["cannot open the ledger …/ledger.db: the ledger is damaged: ", "exit 2"];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[test]
fn a_server_that_cannot_be_reached_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://candor:s3cret@127.0.0.1:1/candor";
    let said = candor(&["ledger", "check", url], folder.path());
    assert!(!said.contains("s3cret"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_ledger_that_cannot_be_written_is_told() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(&folder.path().join("ledger.db"), 0);
    let config = folder.path().join("candor.yaml");
    let state = state.path().display();
    let text = format!("ledger: ledger.db\nlisten: 127.0.0.1:0\nstate: {state}\n");
    std::fs::write(&config, text).unwrap();
    let script = "mount --bind \"$2\" \"$2\"; mount -o remount,bind,ro \"$2\"; \
        exec \"$1\" serve \"$2/candor.yaml\"";
    let arguments = [folder.path().to_str().unwrap()];
    if let Some(said) = apart(script, &arguments, folder.path()) {
        insta::assert_snapshot!(said);
    }
}

#[test]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("small")).unwrap();
    let config = folder.path().join("candor.yaml");
    std::fs::write(&config, "ledger: small/ledger.db\nlisten: 127.0.0.1:0\n").unwrap();
    let script =
        "mount -t tmpfs -o size=64k tmpfs \"$2/small\"; exec \"$1\" serve \"$2/candor.yaml\"";
    let arguments = [folder.path().to_str().unwrap()];
    if let Some(said) = apart(script, &arguments, folder.path()) {
        insta::assert_snapshot!(said);
    }
}

#[test]
fn a_ledger_has_one_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let _engine = Sqlite::open(Settings::new(&path)).unwrap();
    let config = folder.path().join("candor.yaml");
    std::fs::write(&config, "ledger: ledger.db\nlisten: 127.0.0.1:0\n").unwrap();
    insta::assert_snapshot!(candor(&["serve", config.to_str().unwrap()], folder.path()));
}
