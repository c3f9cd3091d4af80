//! Every command of the README, run as it is printed; what it prints is what the README shows.

use crate::tidy::root;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A command, and the output that the README shows below it.
#[derive(Debug)]
struct Shown {
    command: String,
    output: String,
}

/// The `console` blocks of a Markdown text.
fn shown(markdown: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in markdown.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => {
                    found.push(Shown { command: command.to_owned(), output: String::new() });
                }
                (None, Some(last)) => last.output.extend([line, "\n"]),
                (None, None) => panic!("output without a command: {line}"),
            },
            (false, _) => {}
        }
    }
    found
}

/// `<id>`, `<n>`, `<port>`, `<time>` and `<date>` stand for what differs from run to run.
fn filtered(text: &str) -> String {
    let mut filtered = String::new();
    for line in text.replace('\r', "").lines() {
        let line = match line.split_once(": ") {
            Some(("date", _)) => "date: <date>".to_owned(),
            Some(("content-length", _)) => "content-length: <n>".to_owned(),
            _ => ids(&times(&numbers(line))),
        };
        filtered.extend([&*line, "\n"]);
    }
    filtered
}

fn numbers(line: &str) -> String {
    let mut text = line.to_owned();
    for (before, name) in [("\"took_ms\":", "<n>"), ("handler is on http://127.0.0.1:", "<port>")] {
        if let Some(at) = text.find(before) {
            let start = at + before.len();
            let digits = text[start..].chars().take_while(char::is_ascii_digit).count();
            // In the README the name stands there already.
            if digits > 0 {
                text.replace_range(start..start + digits, name);
            }
        }
    }
    text
}

/// What an operation says of when it was becomes `<time>`.
fn times(line: &str) -> String {
    let mut text = line.to_owned();
    for name in ["createdTime", "startedTime", "completedTime"] {
        let before = format!("\"{name}\":\"");
        if let Some(at) = text.find(&before) {
            let start = at + before.len();
            let length = text[start..].find('"').unwrap();
            text.replace_range(start..start + length, "<time>");
        }
    }
    text
}

/// UUIDs become `<id>`.
fn ids(line: &str) -> String {
    let bytes: Vec<char> = line.chars().collect();
    let is_id = |window: &[char]| {
        window.iter().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => *c == '-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let (mut text, mut at) = (String::new(), 0);
    while at < bytes.len() {
        if bytes.get(at..at + 36).is_some_and(is_id) {
            text += "<id>";
            at += 36;
        } else {
            text.push(bytes[at]);
            at += 1;
        }
    }
    text
}

fn shell(command: &str, folder: &std::path::Path) -> Command {
    let mut shell = Command::new("bash");
    // curl shows its progress on stderr, where nobody looks at it.
    let talk = if command.starts_with("curl") { "exec 2>/dev/null" } else { "exec 2>&1" };
    shell.args(["-c", &format!("{talk}; {command}")]).current_dir(folder).env("NO_COLOR", "1");
    shell
}

/// A server that is ended when the test ends, however it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The group: the shell, cargo and the program.
        let group = format!("-{}", self.0.id());
        drop(Command::new("kill").args(["-TERM", "--", &group]).status());
        drop(self.0.wait());
    }
}

/// Starts a command that goes on, and reads what it prints up to its last line.
fn serve(shown: &Shown) -> (Server, String) {
    use std::os::unix::process::CommandExt;
    let mut command = shell(&shown.command, &root());
    command.process_group(0).stdout(Stdio::piped()).env("CARGO_TERM_QUIET", "true");
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let server = Server(child);
    let last = shown.output.lines().last().unwrap();
    let mut printed = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        printed.extend([&*line, "\n"]);
        if line == last {
            break;
        }
    }
    (server, printed)
}

/// Whether the command is a server, which goes on.
fn stays(command: &str) -> bool {
    let serves = command.ends_with("-- serve") || command.contains("-- serve --upstream");
    serves || command.ends_with("--seed 1")
}

#[test]
fn every_command_prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut servers = Vec::new();
    let mut wrong = Vec::new();
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        eprintln!("left out: the README's calls with curl, which is not installed");
    }
    for shown in shown(&readme).into_iter().filter(|s| has_curl || !s.command.contains("curl")) {
        let printed = if stays(&shown.command) {
            let (started, printed) = serve(&shown);
            servers.push(started);
            printed
        } else {
            let output = shell(&shown.command, &root()).env("CARGO_TERM_QUIET", "true").output();
            String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
        };
        if filtered(&printed) != filtered(&shown.output) {
            wrong.push(format!("$ {}\n{}", shown.command, filtered(&printed)));
        }
    }
    drop(servers);
    drop(std::fs::remove_file(root().join("candor.yaml")));
    assert!(wrong.is_empty(), "the README does not show:\n{}", wrong.join("\n"));
}
