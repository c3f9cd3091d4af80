//! The published schemas agree with the reader, and their checked-in copies with the program.

use candor_contract::file_schema::{contract_schema, verdict_schema};
use candor_contract::json::Document;
use candor_contract::schema::{Draft, Schema};
use candor_contract::{Library, Words, notation};
use candor_facts::{
    Answer, Attempt, Check, Ending, Exchange, Fault, FaultKind, Held, HeldKind, Raw, Request, Sent,
    Verdict, Violation,
};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts")
}

/// What `schema` has against `value`.
fn against(schema: &Value, value: &Value) -> Vec<String> {
    let schema = Schema::compile(schema, Draft::D2020).unwrap();
    let text = value.to_string();
    let document = Document::parse(text.as_bytes()).unwrap();
    let differences = schema.violations(&document, 20);
    differences.iter().map(|v| format!("{}: {}", v.pointer, v.expected)).collect()
}

fn as_json(source: &str) -> Value {
    notation::parse("x.yaml", source).unwrap().to_json()
}

#[test]
fn the_checked_in_copies_are_current() {
    for (name, schema) in [("contract", contract_schema()), ("verdict", verdict_schema())] {
        let path = folder().join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let copy = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(copy == text, "{} is old; UPDATE=1 rewrites it", path.display());
    }
}

#[test]
fn every_shipped_contract_has_the_published_form() {
    let schema = contract_schema();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            let wrong = against(&schema, &as_json(&std::fs::read_to_string(&path).unwrap()));
            assert_eq!(wrong, Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} contracts");
}

/// A contract that uses every key, with a place for one more at each level.
const EVERY_KEY: &str = r#"
contract: shop
version: 1
title: A shop
document: { title: Errors, url: "https://shop.example" /document/ }
extends: http
forms: { error: { media: application/json, body: { code: "{code}", text: "{message?}" } /form/ } }
success:
  - { id: fine, class: ok, when: { status: 200, check: passed } }
rows:
  - id: busy
    title: Busy
    form: error
    class: busy
    origin: caller
    outcome: refused
    when:
      - { status: [409, 423-425], code: [7, 10-20], message: "{name} is busy", body: { /a: { exists: true /test/ }, /b: x }, header: { X-A: { not_in: [b] } }, method: PUT, path: "/a/{}", operation: put-a, body_is: recognised /when/ }
      - { fault: head_timed_out, phase: head }
      - { held: shed }
    retry: { allow: allowed, times: 2, wait: 1s..2s, after: { header: Retry-After, as: seconds, window: 60s /after/ }, key: request_id, methods: [PUT] /retry/ }
    take: { code: /code, field: { capture: name /source/ }, error_id: { header: X-Id } /take/ }
    field_kind: busy
    message: busy-now
    next: { who: caller, how: retry /next/ }
    cite: "Errors, 1"
    inferred: [retry]
    /row/
messages: { plain: { en: { busy-now: "Busy." } } }
/top/
"#;

const PLACES: [&str; 10] = [
    "/document/",
    "/form/",
    "/test/",
    "/when/",
    "/after/",
    "/retry/",
    "/source/",
    "/take/",
    "/next/",
    "/row/",
];

/// The contract with one more key at `place`, or without any.
fn with_key_at(place: &str) -> String {
    let mut source = EVERY_KEY.to_owned();
    for known in PLACES.into_iter().chain(["/top/"]) {
        let in_block = ["/row/", "/top/"].contains(&known);
        let key = if in_block { "colour: red" } else { ", colour: red" };
        source = source.replace(known, if known == place { key } else { "" });
    }
    source
}

#[test]
fn a_key_that_the_reader_refuses_is_refused_by_the_schema() {
    let schema = contract_schema();
    let taken = with_key_at("nowhere");
    Library::shipped().unwrap().add("every.yaml", &taken).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(against(&schema, &as_json(&taken)), Vec::<String>::new());
    for place in PLACES.into_iter().chain(["/top/"]) {
        let source = with_key_at(place);
        let refused = Library::shipped().unwrap().add("every.yaml", &source).unwrap_err();
        assert!(refused.to_string().contains("`colour` is not a key"), "{place}: {refused}");
        assert!(!against(&schema, &as_json(&source)).is_empty(), "{place} is taken");
    }
}

#[test]
fn every_key_says_what_it_is() {
    for schema in [contract_schema(), verdict_schema()] {
        assert_eq!(silent(&schema), Vec::<String>::new());
    }
}

/// The keys without a description.
fn silent(schema: &Value) -> Vec<String> {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let own = members.filter(|(_, s)| s.get("description").is_none()).map(|(k, _)| k.clone());
    let below: Vec<&Value> = match schema {
        Value::Object(members) => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    own.chain(below.into_iter().flat_map(silent)).collect()
}

/// Verdicts of each kind of ending, under every contract.
fn verdicts() -> Vec<Verdict> {
    let library = Library::shipped().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "5".parse().unwrap());
    let violations = [Violation {
        pointer: "/a".to_owned(),
        rule: "type".to_owned(),
        expected: "a string".to_owned(),
    }];
    let body = br#"{"error": {"code": 1006, "message": "No", "field": "a", "type": "Missing"}, "status": "error"}"#;
    let answer = |status: u16, check| Answer {
        status: StatusCode::from_u16(status).unwrap(),
        reason: None,
        headers: &headers,
        body,
        check,
    };
    let fault = Fault::new(FaultKind::HeadClosed, Sent::All, "reset");
    let held = Held::new(HeldKind::Shed, "full");
    let endings = [
        Ending::Answer(answer(200, Check::NotMade)),
        Ending::Answer(answer(404, Check::Failed(&violations))),
        Ending::Answer(answer(429, Check::Passed)),
        Ending::Fault(&fault),
        Ending::Held(&held),
    ];
    let read = |ending| Exchange { request: Request::default(), ending, ended_at: Some(1) };
    let of = |table: &candor_contract::Table| {
        endings.map(|ending| table.classify(&read(ending)).verdict(&Words::default()))
    };
    library.tables().iter().flat_map(|table| of(table)).collect()
}

#[test]
fn every_verdict_has_the_published_form() {
    let schema = verdict_schema();
    let known = schema["properties"].as_object().unwrap();
    for mut verdict in verdicts() {
        verdict.error_id = Some("0199aaaa-0000-7000-8000-000000000001".parse().unwrap());
        verdict.attempts = vec![Attempt {
            number: 1,
            status: Some(503),
            fault: Some(FaultKind::HeadClosed),
            sent: Some(Sent::All),
            row: "x".to_owned(),
            took_ms: 7,
            decision: "stop".to_owned(),
        }];
        let raw = Raw { content_type: None, body: "x".to_owned(), cut: true };
        verdict.raw = Some(raw);
        let value = serde_json::to_value(&verdict).unwrap();
        assert_eq!(against(&schema, &value), Vec::<String>::new(), "{value}");
        let unknown: Vec<_> = value.as_object().unwrap().keys().collect();
        assert!(unknown.iter().all(|key| known.contains_key(*key)), "{unknown:?}");
    }
}
