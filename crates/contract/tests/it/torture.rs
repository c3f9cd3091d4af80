//! JSON that tries to be read wrongly: each case of `tests/torture/`, read alone, as an error body,
//! and within bodies that would be an API's own envelope without it.
//!
//! A line of a case file is its verdict, its name and its bytes, with spaces between them:
//!
//! * `accepted`: RFC 8259 allows it, and it must be read as another reader reads it;
//! * `refused`: RFC 8259 forbids it, or leaves a choice that is made here (a name that occurs twice,
//!   the depth), and it must not be read;
//! * `free`: readers differ; either is fine, as long as it is one of the two.
//!
//! Within the bytes `%41` stands for a byte and `%<3:ab>` for `ababab`. The cases are our own; they
//! cover what public collections of the kind cover.

use crate::stories::library;
use candor_contract::json::{Document, JsonErrorKind};
use candor_contract::{Parts, Reading, Table};
use candor_facts::{Answer, Check, Ending, Exchange, FieldError, Outcome, Request};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// The statuses under which a case is sent as an error body.
const STATUSES: [StatusCode; 2] = [StatusCode::BAD_REQUEST, StatusCode::OK];
/// The largest case that is put into every envelope of every contract, in bytes.
const EMBEDDED: usize = 16 * 1024;

/// An object that the other reader takes for something else: with its feature `raw_value` it reads
/// the text behind this name as the value. Here a name is a name.
const RAW_VALUE: &str = "structure/name-is-raw-value-token";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused,
    Free,
}

struct Case {
    /// File and name.
    name: String,
    verdict: Verdict,
    bytes: Vec<u8>,
}

fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(read_cases);
    &CASES
}

// === the tests ===

#[test]
fn each_case_is_read_as_it_should_be() {
    let mut freely_accepted = Vec::new();
    for case in cases() {
        let read = Document::parse(&case.bytes);
        match (case.verdict, &read) {
            (Verdict::Accepted, Err(error)) => panic!("{} was refused: {error}", case.name),
            (Verdict::Refused, Ok(_)) => panic!("{} was accepted", case.name),
            (Verdict::Free, Ok(_)) => freely_accepted.push(case.name.as_str()),
            (Verdict::Accepted, Ok(_)) | (Verdict::Refused | Verdict::Free, Err(_)) => {}
        }
        compare(case, read.map(|document| document.root().to_value()).map_err(|error| error.kind));
    }
    let count = |verdict| cases().iter().filter(|case| case.verdict == verdict).count();
    let (accepted, refused) = (count(Verdict::Accepted), count(Verdict::Refused));
    let (free, taken) = (count(Verdict::Free), freely_accepted.len());
    println!("{accepted} accepted, {refused} refused, {free} free ({taken} of them accepted)");
    println!("free and accepted: {}", freely_accepted.join(", "));
    assert!(accepted + refused >= 220);
}

/// Holds what was read against the other reader: the same value, and a refusal of what it accepts
/// only for a reason that it does not know.
fn compare(case: &Case, ours: Result<Value, JsonErrorKind>) {
    let theirs: Result<Value, _> = serde_json::from_slice(&case.bytes);
    match (ours, theirs) {
        (Ok(ours), Ok(_)) if case.name == RAW_VALUE => assert!(ours.is_object()),
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{}", case.name),
        (Ok(_), Err(error)) => panic!("{}: the other reader says {error}", case.name),
        (Err(kind), Ok(_)) => {
            let known = matches!(
                kind,
                JsonErrorKind::DuplicateKey(_)
                    | JsonErrorKind::TooDeep
                    | JsonErrorKind::TooManyNodes
            );
            assert!(known, "{}: refused as {kind}", case.name);
        }
        (Err(_), Err(_)) => {}
    }
}

#[test]
fn each_case_is_classified_as_an_error_body_under_every_contract() {
    let mut classified = 0;
    for case in cases() {
        let is_json = Document::parse(&case.bytes).is_ok();
        for table in library().tables() {
            for status in STATUSES {
                let reading = classify(table, status, &case.bytes);
                assert!(is_json || !took_parts(&reading), "{}: {reading:?}", case.name);
                assert_ne!(reading.outcome, Outcome::Unsent, "{}", case.name);
                classified += 1;
            }
        }
    }
    println!("{classified} classifications");
}

#[test]
fn no_case_makes_an_envelope_of_what_is_none_nor_hides_one() {
    let envelopes = envelopes();
    let (mut broken, mut kept) = (0, 0);
    for case in cases().iter().filter(|case| case.bytes.len() <= EMBEDDED) {
        for envelope in &envelopes {
            for body in envelope.with(&case.bytes) {
                let reading = classify(envelope.table, envelope.status, &body);
                let told = String::from_utf8_lossy(&body);
                if Document::parse(&body).is_err() {
                    broken += 1;
                    assert!(!took_parts(&reading), "{}: {told}: {reading:?}", case.name);
                } else {
                    kept += 1;
                    assert_eq!(reading.row.id, envelope.row, "{}: {told}", case.name);
                }
            }
        }
    }
    println!("{} envelopes: {broken} bodies are none, {kept} still are", envelopes.len());
    assert!(envelopes.len() >= 7 && broken > 0 && kept > 0);
}

#[test]
fn names_are_unique() {
    let names: BTreeSet<&str> = cases().iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases().len());
    let bodies: BTreeSet<&[u8]> = cases().iter().map(|case| case.bytes.as_slice()).collect();
    assert_eq!(bodies.len(), cases().len());
}

// === classifying ===

fn classify<'t>(table: &'t Table, status: StatusCode, body: &[u8]) -> Reading<'t> {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    let answer = Answer { status, reason: None, headers: &headers, body, check: Check::NotMade };
    let ending = Ending::Answer(answer);
    table.classify(&Exchange { request: Request::default(), ending, ended_at: None })
}

/// Whether anything was taken from the body as from the API's own envelope.
fn took_parts(reading: &Reading<'_>) -> bool {
    reading.code.is_some() || reading.upstream_error_id.is_some() || !reading.fields.is_empty()
}

// === envelopes ===

/// An error body as a contract writes it.
struct Envelope {
    table: &'static Table,
    status: StatusCode,
    row: String,
    body: Vec<u8>,
}

/// A body of each form of each contract, of the first row that it tells by status and body alone.
fn envelopes() -> Vec<Envelope> {
    let field = FieldError { path: "name".to_owned(), ..FieldError::default() };
    let parts =
        Parts { fields: &[field], message: Some("torture"), code: Some("7"), ..Parts::default() };
    let mut all = Vec::new();
    for table in library().tables() {
        let mut forms = BTreeSet::new();
        for row in table.own_rows() {
            let Some(written) = table.emit(row, &parts) else { continue };
            let status = StatusCode::from_u16(written.status).unwrap();
            let reading = classify(table, status, &written.body);
            if written.body.starts_with(b"{") && took_parts(&reading) && reading.row.id == row.id {
                let first = forms.insert(row.form.unwrap_or_default());
                let envelope = Envelope { table, status, row: row.id.clone(), body: written.body };
                all.extend(first.then_some(envelope));
            }
        }
    }
    all
}

impl Envelope {
    /// With the case as another member's value, before it, and after it.
    fn with(&self, case: &[u8]) -> [Vec<u8>; 3] {
        let (open, rest) = self.body.split_at(1);
        [
            [open, b"\"torture\":", case, b",", rest].concat(),
            [case, &self.body].concat(),
            [&self.body, case].concat(),
        ]
    }
}

// === the case files ===

fn read_cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        cases.extend(lines.map(|line| case(file, line)));
    }
    cases
}

fn case(file: &str, line: &str) -> Case {
    let (verdict, rest) = line.split_once(' ').unwrap();
    let rest = rest.trim_start();
    let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let verdict = match verdict {
        "accepted" => Verdict::Accepted,
        "refused" => Verdict::Refused,
        "free" => Verdict::Free,
        other => panic!("{file}: no verdict is called `{other}`"),
    };
    Case { name: format!("{file}/{name}"), verdict, bytes: bytes(text.trim_start_matches(' ')) }
}

/// What the notation stands for.
fn bytes(mut text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((plain, rest)) = text.split_once('%') {
        bytes.extend(plain.bytes());
        text = if let Some(repeat) = rest.strip_prefix('<') {
            let (count, repeat) = repeat.split_once(':').unwrap();
            let (repeated, rest) = repeat.split_once('>').unwrap();
            bytes.extend(self::bytes(repeated).repeat(count.parse().unwrap()));
            rest
        } else {
            let (digits, rest) = rest.split_at(2);
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest
        };
    }
    bytes.extend(text.bytes());
    bytes
}
