//! Loads descriptions and holds their own examples against their own schemas.
//!
//! `openapi FILE...` prints for each file how many operations and schemas it has, what of it is not
//! held, how long loading took and how much memory, and which examples the schemas refuse. With
//! `--quiet` the refused ones are only counted. Fails where a file cannot be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use candor_contract::notation::{self, Limits};
use candor_contract::openapi::{
    Body, MAX_BYTES, MAX_VALUES, OpenApi, Operation, PathParams, RequestParts,
};
use candor_facts::Violation;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let (options, files): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let quiet = options.iter().any(|option| option == "--quiet");
    let mut whole = !files.is_empty();
    for file in &files {
        if let Err(why) = show(file, quiet) {
            eprintln!("{why}");
            whole = false;
        }
    }
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(file: &str, quiet: bool) -> Result<(), String> {
    let source = text(file)?;
    let began = Instant::now();
    let api = OpenApi::read(file, &source, &mut text).map_err(|mistakes| mistakes.to_string())?;
    let loaded = began.elapsed().as_millis();
    println!("{file}: {} {}", api.title(), api.version());
    println!("  operations {}", api.operations().count());
    println!("  schemas {}", api.schemas());
    println!("  load-ms {loaded}");
    println!("  memory-kb {}", memory());
    for (kind, count) in notes(&api) {
        println!("  note-{kind} {count}");
    }
    let tree = tree(file, &source)?;
    let began = Instant::now();
    let results = Examples { api: &api, root: &tree }.all();
    let refused: Vec<_> = results.iter().filter(|one| !one.found.is_empty()).collect();
    println!("  examples-passed {}", results.len() - refused.len());
    println!("  examples-refused {}", refused.len());
    println!("  examples-ms {}", began.elapsed().as_millis());
    for one in refused.iter().filter(|_| !quiet) {
        println!("    {}: {}", one.place, told(&one.found));
    }
    Ok(())
}

fn text(file: &str) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}

/// The description as one value, as the examples in it are read.
fn tree(file: &str, source: &str) -> Result<Value, String> {
    let limits = Limits { bytes: MAX_BYTES, nodes: MAX_VALUES, aliases: true };
    let root = notation::parse_within(file, source, limits);
    root.map(|root| root.to_json()).map_err(|diagnosis| diagnosis.to_string())
}

fn notes(api: &OpenApi) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for note in api.notes() {
        *kinds.entry(note.kind.name()).or_default() += 1;
    }
    kinds
}

/// What is resident, in KiB; 0 where the system does not say.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// The first difference, and how many more.
fn told(found: &[Violation]) -> String {
    let first = found.first().map(|one| format!("{} {}: {}", one.pointer, one.rule, one.expected));
    format!("{} ({} in all)", first.unwrap_or_default(), found.len())
}

/// An example, and what is wrong with it.
struct Held {
    place: String,
    found: Vec<Violation>,
}

/// The examples of JSON bodies in a description.
struct Examples<'e> {
    api: &'e OpenApi,
    root: &'e Value,
}

impl Examples<'_> {
    fn all(&self) -> Vec<Held> {
        self.api.operations().flat_map(|operation| self.of_operation(operation)).collect()
    }

    fn of_operation(&self, operation: &Operation) -> Vec<Held> {
        let method = operation.method().as_str().to_ascii_lowercase();
        let path = self.root.get("paths").and_then(|paths| paths.get(operation.path()));
        let Some(node) = path.and_then(|path| self.followed(path).get(&method)) else {
            return Vec::new();
        };
        let name = format!("{} {}", operation.method(), operation.path());
        let mut all = Vec::new();
        for (media, which, example) in self.of_content(self.followed(&node["requestBody"])) {
            let found = request(operation, &media, &example);
            all.push(Held { place: format!("{name} request {which}"), found });
        }
        let responses = &node["responses"];
        for (status, response) in responses.as_object().into_iter().flatten() {
            let Some(code) = status_of(responses, status) else { continue };
            for (media, which, example) in self.of_content(self.followed(response)) {
                let found = answer(operation, code, &media, &example);
                all.push(Held { place: format!("{name} {status} {which}"), found });
            }
        }
        all
    }

    /// The media type, the name and the text of each example in JSON.
    fn of_content(&self, node: &Value) -> Vec<(String, String, String)> {
        let mut all = Vec::new();
        for (media, node) in node["content"].as_object().into_iter().flatten() {
            if !media.contains("json") || media.contains('*') {
                continue;
            }
            let named = node["examples"].as_object().into_iter().flatten();
            let named = named.map(|(name, one)| (name.as_str(), self.followed(one).get("value")));
            for (name, example) in named.chain([("example", node.get("example"))]) {
                let text = example.map(ToString::to_string);
                all.extend(text.map(|text| (media.clone(), name.to_owned(), text)));
            }
        }
        all
    }

    /// What `node` refers to within the file, or itself.
    fn followed<'n>(&'n self, node: &'n Value) -> &'n Value {
        let target = node["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
        let target = target.and_then(|pointer| self.root.pointer(pointer));
        target.map_or(node, |target| self.followed(target))
    }
}

fn request(operation: &Operation, media: &str, body: &str) -> Vec<Violation> {
    let (params, headers) = (PathParams::default(), headers(media));
    let body = Body::Bytes(body.as_bytes());
    let request = RequestParts { params: &params, query: "", headers: &headers, body };
    of_body(&operation.check_request(&request))
}

fn answer(operation: &Operation, status: StatusCode, media: &str, body: &str) -> Vec<Violation> {
    let body = Body::Bytes(body.as_bytes());
    of_body(operation.check_response(status, &headers(media), body).violations())
}

fn headers(media: &str) -> HeaderMap {
    let value = HeaderValue::from_str(media).ok();
    value.into_iter().map(|value| (CONTENT_TYPE, value)).collect()
}

/// Parameters and header fields have no examples here.
fn of_body(found: &[Violation]) -> Vec<Violation> {
    found.iter().filter(|one| one.pointer.starts_with("/body")).cloned().collect()
}

/// A status for which the answer `key` of `responses` holds.
fn status_of(responses: &Value, key: &str) -> Option<StatusCode> {
    let range = |status: &StatusCode| format!("{}XX", status.as_u16() / 100);
    let declared = |text: &str| responses.get(text).is_some();
    let mut all = (100..600).filter_map(|status| StatusCode::from_u16(status).ok());
    all.find(|status| match key {
        "default" => !declared(status.as_str()) && !declared(&range(status)),
        key if key.ends_with("XX") => range(status) == key && !declared(status.as_str()),
        key => status.as_str() == key,
    })
}
