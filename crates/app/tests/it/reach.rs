//! Each documented row of the five systems, reached through state: by the commands that
//! `candor sandbox --list` prints, in a shell, against the running binary. The report of it is
//! `docs/reach.md`.

use crate::run::candor;
use crate::tidy::root;
use candor_contract::{Library, Table, transcript};
use candor_facts::{Answer, Check, Ending, Exchange, Request};
use http::{HeaderMap, Method};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const SANDBOX: &str = "127.0.0.1:18431";
const GATEWAY: &str = "127.0.0.1:18420";
pub(crate) const CALLBACK: &str = "acronis-callback";

/// The header fields that a report shows.
const SHOWN: [&str; 6] =
    ["content-type", "location", "retry-after", "x-wait-seconds", "allow", "www-authenticate"];
/// The members that a report shows of a gateway's verdict; others differ from run to run.
const VERDICT: [&str; 7] =
    ["class", "origin", "outcome", "row", "status", "message", "err_message"];

/// A server that is stopped at the end, by its pid.
pub(crate) struct Server(Child);

impl Server {
    /// Starts `candor`, and waits until it says that it serves.
    pub(crate) fn start(arguments: &[&str], folder: &Path) -> Self {
        Self::told(arguments, folder, 1).0
    }

    /// Starts `candor`, and waits for as many lines as are wanted.
    pub(crate) fn told(arguments: &[&str], folder: &Path, lines: usize) -> (Self, Vec<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(arguments)
            .current_dir(folder)
            .env("CANDOR_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.as_mut().unwrap()).lines().take(lines);
        let said: Vec<String> = said.map(Result::unwrap).collect();
        assert_eq!(said.len(), lines, "{arguments:?} did not start");
        (Self(child), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One row, reached.
struct Reached {
    way: Value,
    row: String,
    shown: String,
}

#[test]
fn each_documented_row_is_reached_by_the_commands_that_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--listen", SANDBOX, "--gateway", GATEWAY, "--ca", "ca.pem"];
    let sandbox = |more: &[&'static str]| [&["sandbox", "all"], &flags[..], more].concat();
    let _sandbox = Server::start(&sandbox(&["--seed", "1", "--format", "json"]), folder.path());
    let _gateway = gateway(folder.path(), &sandbox(&["--print-gateway"]));
    let listed = candor(&sandbox(&["--list", "--format", "json"]), "");
    let ways: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let library = Library::shipped().unwrap();
    let reached: Vec<Reached> = ways.into_iter().map(|way| reach(way, &library)).collect();
    let through = reached.iter().filter_map(through_the_gateway);
    let wrong: Vec<String> = reached.iter().filter_map(Reached::mistake).chain(through).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let report = report(&reached);
    print!(
        "{}",
        report.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n")
    );
    pin(&report);
}

/// Starts the gateway whose configuration these arguments print.
pub(crate) fn gateway(folder: &Path, print: &[&str]) -> Server {
    let printed = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(print)
        .current_dir(folder)
        .output()
        .unwrap();
    let config = String::from_utf8(printed.stdout).unwrap();
    // Repeats are held elsewhere; here they would only take time.
    let (before, routes) = config.split_once("\nroutes:\n").unwrap_or((&config, ""));
    let routes = routes.replace("    breaker: off\n", "    breaker: off\n    repeat: false\n");
    std::fs::write(folder.join("candor.yaml"), format!("{before}\nroutes:\n{routes}")).unwrap();
    Server::start(&["serve", "candor.yaml"], folder)
}

/// Starts the world anew and runs a row's commands.
fn reach(way: Value, library: &Library) -> Reached {
    let api = way["api"].as_str().unwrap().to_owned();
    shell(way["reset"].as_str().unwrap());
    let commands = way["commands"].as_array().unwrap();
    let outputs = commands.iter().map(|command| shell(command.as_str().unwrap()));
    let output = outputs.collect::<Vec<_>>().pop().unwrap();
    let table = library.get(&api).unwrap();
    let (row, shown) = if api == CALLBACK {
        verdict(&output)
    } else {
        (read(&table, &output, commands.last().unwrap().as_str().unwrap()), shown(&output))
    };
    Reached { way, row, shown }
}

/// Rows that no caller of a gateway can meet, and why.
pub(crate) const AT_THE_DOOR: [&str; 3] = [
    // The gateway's door refuses what frames no body.
    "content-length.invalid",
    // The gateway sends a length with each body.
    "content-length.missing",
    // It is longer than what the gateway takes.
    "code.4xx-5xx",
];

/// Reaches a vendor's row once more, now through the gateway: the caller must be told the row, and
/// be told of a failure in the gateway's own form.
fn through_the_gateway(direct: &Reached) -> Option<String> {
    let way = &direct.way;
    let api = direct.api();
    if api == CALLBACK || AT_THE_DOOR.contains(&direct.row.as_str()) {
        return None;
    }
    shell(way["reset"].as_str().unwrap());
    let commands = way["commands"].as_array().unwrap();
    let (last, before) = commands.split_last().unwrap();
    for command in before {
        shell(command.as_str().unwrap());
    }
    let last = last.as_str().unwrap();
    let (head, url) = last.rsplit_once("http://127.0.0.1:1843").unwrap();
    let command = format!("{head}http://{GATEWAY}/{api}{}", &url[1..]);
    let output = shell(&command);
    let (row, shown) = verdict(&output);
    let text = String::from_utf8_lossy(&output).into_owned();
    let success = ["candor-class: ok", "candor-class: accepted"].iter().any(|c| text.contains(c));
    let good = row == direct.row && (success || text.contains("application/problem+json"));
    (!good)
        .then(|| format!("through the gateway {api} {} is {row}: {shown}\n{command}", direct.row))
}

fn shell(command: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    output.stdout
}

/// The row of a gateway's answer, and what of it is always the same.
fn verdict(output: &[u8]) -> (String, String) {
    let text = String::from_utf8(output.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name))?;
        Some(line.split_once(": ")?.1.to_owned())
    };
    let row = field("candor-row:").unwrap_or_default();
    let row = row.rsplit('/').next().unwrap_or_default().trim_matches('"').to_owned();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let members = body.as_object().into_iter().flatten();
    let kept = members.filter(|(name, _)| VERDICT.contains(&name.as_str()));
    let kept: serde_json::Map<String, Value> = kept.map(|(n, v)| (n.clone(), v.clone())).collect();
    let status = head.lines().next().unwrap();
    (row, format!("{status}\n\n{}", serde_json::to_string_pretty(&kept).unwrap()))
}

/// The row by which the contract knows what curl has printed.
fn read(table: &Table, output: &[u8], command: &str) -> String {
    let transcript = transcript::read(output).unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    let method = words.iter().position(|word| *word == "-X").map(|at| words[at + 1]);
    let method = method.unwrap_or(if command.contains("--data-raw") { "POST" } else { "GET" });
    let method: Method = method.parse().unwrap();
    let url = words.last().unwrap().trim_matches('\'').split('?').next().unwrap();
    let path = url.splitn(4, '/').nth(3).map_or("/".to_owned(), |path| format!("/{path}"));
    let headers: HeaderMap = transcript.headers.clone();
    let answer = Answer {
        status: transcript.status,
        reason: transcript.reason.as_deref().map(str::as_bytes),
        headers: &headers,
        body: &transcript.body,
        check: Check::NotMade,
    };
    let request = Request { method: &method, path: &path, ..Request::default() };
    let ending = Ending::Answer(answer);
    table.classify(&Exchange { request, ending, ended_at: None }).row.id.clone()
}

fn shown(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut shown = format!("{}\n", lines.next().unwrap().trim_end());
    for line in lines {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        if SHOWN.contains(&name.as_str()) {
            let _ = writeln!(shown, "{line}");
        }
    }
    let short: String = body.chars().take(600).collect();
    let more = if short.len() < body.len() { " …" } else { "" };
    format!("{shown}\n{}{more}", short.trim_end())
}

impl Reached {
    fn api(&self) -> &str {
        self.way["api"].as_str().unwrap()
    }

    fn mistake(&self) -> Option<String> {
        let expected = self.way["row"].as_str().unwrap();
        (self.row != expected).then(|| {
            format!(
                "{} {expected} is {}: {}\n{}",
                self.api(),
                self.row,
                self.shown,
                self.way["commands"]
            )
        })
    }
}

/// The report, as Markdown.
fn report(reached: &[Reached]) -> String {
    let mut text = String::from(HEAD);
    let mut apis: Vec<&str> = reached.iter().map(Reached::api).collect();
    apis.dedup();
    for api in &apis {
        let documented = documented(api);
        let own = reached.iter().filter(|one| one.api() == *api);
        let rows: BTreeSet<String> = own.map(|one| one.row.clone()).collect();
        let count = documented.intersection(&rows).count();
        let missing: Vec<_> = documented.difference(&rows).collect();
        assert!(missing.is_empty(), "{api}: no command reaches {missing:?}");
        let _ =
            writeln!(text, "| {api} | {} | {count} | {} |", documented.len(), rows.len() - count);
    }
    for api in apis {
        let _ = writeln!(text, "\n## {api}");
        reached.iter().filter(|one| one.api() == api).for_each(|one| one.write(&mut text));
    }
    text.replace(SANDBOX, "127.0.0.1:8431")
        .replace(GATEWAY, "127.0.0.1:8420")
        .replace("127.0.0.1:1843", "127.0.0.1:843")
}

const HEAD: &str = "# How each documented row is reached

Written by `just reach` from the running sandbox. Before each row the world is started anew; the
rows of `acronis-callback` are verdicts of a gateway that calls the handler.

| API | documented rows | reached | other rows reached |
|---|---|---|---|
";

impl Reached {
    fn write(&self, text: &mut String) {
        let word = |name: &str| self.way[name].as_str().unwrap();
        let title = match word("title") {
            "" => String::new(),
            title => format!(": {title}"),
        };
        let _ = writeln!(text, "\n### {}{title}\n\n{}\n\n```sh", self.row, capital(word("why")));
        for command in self.way["commands"].as_array().unwrap() {
            let _ = writeln!(text, "{}", command.as_str().unwrap());
        }
        let _ = writeln!(text, "```\n\n```http\n{}\n```", self.shown);
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// The rows that the API's document names, from the list transcribed by hand.
fn documented(api: &str) -> BTreeSet<String> {
    let list = root().join(format!("contracts/documented/{api}.tsv"));
    let text = std::fs::read_to_string(list).unwrap();
    let lines = text.lines().skip(1).filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect()
}

/// Holds the report against the one that is kept, or keeps it with `UPDATE=1`.
fn pin(report: &str) {
    let file = root().join("docs/reach.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, report).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = kept.lines().zip(report.lines()).position(|(one, other)| one != other);
    assert!(kept == report, "docs/reach.md differs from line {differing:?} on; UPDATE=1 writes it");
}
