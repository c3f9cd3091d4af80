//! Reading conditions.

use crate::json::Pointer;
use crate::notation::{self, Entry, Map, Node, Problems, Value};
use crate::path::PathPattern;
use crate::row::{BodyKind, CheckIs, JsonType, Scalar, ValueTest, When};
use crate::template::Template;
use candor_facts::{FaultKind, HeldKind, Phase};
use http::{HeaderName, Method};
use std::ops::Range;

/// One set of conditions, or a list of alternatives.
pub(super) fn alternatives(node: &Node, problems: &mut Problems) -> Vec<When> {
    notation::list(node).iter().filter_map(|node| when(node, problems)).collect()
}

fn when(node: &Node, problems: &mut Problems) -> Option<When> {
    let map = Map::open(node, "`when`", problems)?;
    let when = When {
        status: map.get("status").map_or_else(Vec::new, |n| statuses(n, problems)),
        method: map.get("method").map_or_else(Vec::new, |n| methods(n, problems)),
        path: map.get("path").map_or_else(Vec::new, |n| paths(n, problems)),
        operation: map.get("operation").map_or_else(Vec::new, |n| texts(n, problems)),
        code: map.get("code").map_or_else(Vec::new, |n| scalars(n, problems)),
        message: map.get("message").and_then(|n| template(n, problems)),
        text: map.get("text").map_or_else(Vec::new, |n| texts(n, problems)),
        body: map.get("body").map_or_else(Vec::new, |n| body(n, problems)),
        header: map.get("header").map_or_else(Vec::new, |n| headers(n, problems)),
        body_is: map.get("body_is").map_or_else(Vec::new, |n| body_kinds(n, problems)),
        fault: map.get("fault").map_or_else(Vec::new, |n| faults(n, problems)),
        phase: map.get("phase").map_or_else(Vec::new, |n| phases(n, problems)),
        held: map.get("held").map_or_else(Vec::new, |n| held(n, problems)),
        check: map.get("check").and_then(|n| check(n, problems)),
    };
    let kinds = [when.of_answers() || when.of_bodies(), when.of_faults(), !when.held.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() > 1 {
        problems
            .add(
                map.start(),
                "an ending is an answer, a fault or a call held back, never two of them",
                "these conditions can never hold together",
            )
            .help("make them alternatives: a list of `when`s");
    }
    map.close(problems);
    Some(when)
}

fn statuses(node: &Node, problems: &mut Problems) -> Vec<(u16, u16)> {
    let one = |node: &Node| {
        let text = notation::scalar(node, problems)?;
        let range = status_range(text);
        if range.is_none() {
            problems
                .add(
                    node.span.clone(),
                    format!("`{text}` is not a status or a range of them"),
                    "here",
                )
                .help("write 404, 400-499, or a list; statuses are 100 to 999");
        }
        range
    };
    notation::list(node).iter().filter_map(one).collect()
}

fn status_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let pair = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (100 <= pair.0 && pair.0 <= pair.1 && pair.1 <= 999).then_some(pair)
}

pub(super) fn methods(node: &Node, problems: &mut Problems) -> Vec<Method> {
    let one = |node: &Node| {
        let text = notation::scalar(node, problems)?;
        let method = super::row::method(text);
        if method.is_none() {
            problems
                .add(node.span.clone(), format!("`{text}` is not a method"), "here")
                .help("methods are written in capitals: GET, POST");
        }
        method
    };
    notation::list(node).iter().filter_map(one).collect()
}

fn paths(node: &Node, problems: &mut Problems) -> Vec<PathPattern> {
    let one = |node: &Node| {
        let text = notation::scalar(node, problems)?;
        let pattern = PathPattern::compile(text);
        if pattern.is_none() {
            problems
                .add(node.span.clone(), format!("`{text}` is not a path pattern"), "here")
                .help("it starts with `/`; `{}` is one segment, `**` (once) any number");
        }
        pattern
    };
    notation::list(node).iter().filter_map(one).collect()
}

fn texts(node: &Node, problems: &mut Problems) -> Vec<String> {
    notation::list(node).iter().filter_map(|node| notation::text(node, problems)).collect()
}

fn scalars(node: &Node, problems: &mut Problems) -> Vec<Scalar> {
    notation::list(node).iter().filter_map(|node| scalar(node, problems)).collect()
}

fn scalar(node: &Node, problems: &mut Problems) -> Option<Scalar> {
    let text = notation::scalar(node, problems)?;
    let quoted = matches!(node.value, Value::Scalar { quoted: true, .. });
    let range = text.split_once('-').and_then(|(low, high)| {
        let pair: (u64, u64) = (low.parse().ok()?, high.parse().ok()?);
        (pair.0 <= pair.1).then_some(pair)
    });
    match range.filter(|_| !quoted) {
        Some((low, high)) => Some(Scalar::Between(low, high)),
        None => Some(Scalar::Is(text.to_owned())),
    }
}

pub(super) fn template(node: &Node, problems: &mut Problems) -> Option<Template> {
    let text = notation::scalar(node, problems)?;
    match Template::compile(text) {
        Ok(template) => Some(template),
        Err(error) => {
            problems.add(node.span.clone(), error.to_string(), "in this template");
            None
        }
    }
}

fn body(node: &Node, problems: &mut Problems) -> Vec<(Pointer, ValueTest)> {
    let Some(map) = Map::open(node, "`body`", problems) else { return Vec::new() };
    let one = |entry: &Entry| {
        let pointer = pointer(&entry.key, &entry.key_span, problems)?;
        Some((pointer, value_test(&entry.node, problems)?))
    };
    map.entries().iter().filter_map(one).collect()
}

fn headers(node: &Node, problems: &mut Problems) -> Vec<(HeaderName, ValueTest)> {
    let Some(map) = Map::open(node, "`header`", problems) else { return Vec::new() };
    let one = |entry: &Entry| {
        let name = name_of_header(&entry.key, &entry.key_span, problems)?;
        Some((name, value_test(&entry.node, problems)?))
    };
    map.entries().iter().filter_map(one).collect()
}

fn value_test(node: &Node, problems: &mut Problems) -> Option<ValueTest> {
    let Value::Mapping(_) = node.value else {
        return Some(ValueTest::In(scalars(node, problems)));
    };
    let map = Map::open(node, "a condition", problems)?;
    let tests = [
        map.get("exists").and_then(|n| notation::boolean(n, problems)).map(ValueTest::Exists),
        map.get("type").map(|n| ValueTest::Type(json_types(n, problems))),
        map.get("in").map(|n| ValueTest::In(scalars(n, problems))),
        map.get("not_in").map(|n| ValueTest::NotIn(scalars(n, problems))),
        map.get("template").and_then(|n| template(n, problems)).map(ValueTest::Template),
    ];
    let start = map.start();
    map.close(problems);
    let mut tests = tests.into_iter().flatten();
    let test = tests.next();
    if test.is_none() || tests.next().is_some() {
        problems
            .add(start, "a condition says exactly one thing", "here")
            .help("one of: exists, type, in, not_in, template; or just a value");
        return None;
    }
    test
}

fn json_types(node: &Node, problems: &mut Problems) -> Vec<JsonType> {
    const NAMES: [&str; 6] = ["string", "number", "boolean", "object", "array", "null"];
    let from = |text: &str| match text {
        "string" => Some(JsonType::String),
        "number" => Some(JsonType::Number),
        "boolean" => Some(JsonType::Boolean),
        "object" => Some(JsonType::Object),
        "array" => Some(JsonType::Array),
        "null" => Some(JsonType::Null),
        _ => None,
    };
    let one = |node| notation::name_of(node, "a JSON type", &NAMES, from, problems);
    notation::list(node).iter().filter_map(one).collect()
}

fn body_kinds(node: &Node, problems: &mut Problems) -> Vec<BodyKind> {
    const NAMES: [&str; 5] = ["recognised", "empty", "json", "html", "text"];
    let from = |text: &str| match text {
        "recognised" => Some(BodyKind::Recognised),
        "empty" => Some(BodyKind::Empty),
        "json" => Some(BodyKind::Json),
        "html" => Some(BodyKind::Html),
        "text" => Some(BodyKind::Text),
        _ => None,
    };
    let one = |node| notation::name_of(node, "a kind of body", &NAMES, from, problems);
    notation::list(node).iter().filter_map(one).collect()
}

fn faults(node: &Node, problems: &mut Problems) -> Vec<FaultKind> {
    let names: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let from = |text: &str| FaultKind::ALL.into_iter().find(|kind| kind.name() == text);
    let one = |node| notation::name_of(node, "a kind of fault", &names, from, problems);
    notation::list(node).iter().filter_map(one).collect()
}

fn phases(node: &Node, problems: &mut Problems) -> Vec<Phase> {
    let names: Vec<_> = Phase::ALL.iter().map(|phase| phase.name()).collect();
    let from = |text: &str| Phase::ALL.into_iter().find(|phase| phase.name() == text);
    let one = |node| notation::name_of(node, "a phase", &names, from, problems);
    notation::list(node).iter().filter_map(one).collect()
}

fn held(node: &Node, problems: &mut Problems) -> Vec<HeldKind> {
    let names: Vec<_> = HeldKind::ALL.iter().map(|kind| kind.name()).collect();
    let from = |text: &str| HeldKind::ALL.into_iter().find(|kind| kind.name() == text);
    let one = |node| notation::name_of(node, "a reason to hold a call", &names, from, problems);
    notation::list(node).iter().filter_map(one).collect()
}

fn check(node: &Node, problems: &mut Problems) -> Option<CheckIs> {
    let from = |text: &str| match text {
        "passed" => Some(CheckIs::Passed),
        "failed" => Some(CheckIs::Failed),
        _ => None,
    };
    notation::name_of(node, "the result of a check", &["passed", "failed"], from, problems)
}

pub(super) fn pointer(text: &str, span: &Range<usize>, problems: &mut Problems) -> Option<Pointer> {
    let pointer = Pointer::parse(text).ok();
    if pointer.is_none() {
        problems
            .add(span.clone(), format!("`{text}` is not a JSON Pointer"), "here")
            .help("it starts with `/`, as in /error/code (RFC 6901)");
    }
    pointer
}

pub(super) fn header_name(node: &Node, problems: &mut Problems) -> Option<HeaderName> {
    name_of_header(notation::scalar(node, problems)?, &node.span, problems)
}

fn name_of_header(text: &str, span: &Range<usize>, problems: &mut Problems) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    if name.is_none() {
        problems.add(span.clone(), format!("`{text}` is not a header's name"), "here");
    }
    name
}
