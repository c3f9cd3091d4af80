//! Reading conditions.

use super::{contradiction, names};
use crate::json::{Pointer, PointerError};
use crate::notation::{self, Entry, Map, Node, Problems, Value};
use crate::path::PathPattern;
use crate::row::{BodyKind, CheckIs, JsonType, Scalar, ValueTest, When};
use crate::template::{Template, TemplateError};
use candor_facts::{FaultKind, HeldKind, Phase};
use http::{HeaderName, Method};
use std::ops::Range;

/// One set of conditions, or a list of alternatives.
pub(super) fn alternatives(node: &Node, problems: &mut Problems) -> Vec<When> {
    notation::each(node, problems, when)
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
        text: map.get("text").map_or_else(Vec::new, |n| phrases(n, problems)),
        body: map.get("body").map_or_else(Vec::new, |n| body(n, problems)),
        header: map.get("header").map_or_else(Vec::new, |n| headers(n, problems)),
        body_is: map.get("body_is").map_or_else(Vec::new, |n| body_kinds(n, problems)),
        fault: map.get("fault").map_or_else(Vec::new, |n| faults(n, problems)),
        phase: map.get("phase").map_or_else(Vec::new, |n| phases(n, problems)),
        held: map.get("held").map_or_else(Vec::new, |n| held(n, problems)),
        check: map.get("check").and_then(|n| check(n, problems)),
        span: map.start(),
    };
    if map.entries().is_empty() {
        problems
            .add(node.span.clone(), "a `when` without a condition", "it always holds")
            .help("leave `when` out of a row that always applies");
    }
    contradiction::find(&when, &map, problems);
    map.close(problems);
    Some(when)
}

fn statuses(node: &Node, problems: &mut Problems) -> Vec<(u16, u16)> {
    notation::each(node, problems, |node, problems| {
        let text = notation::scalar(node, problems)?;
        let range = status_range(text);
        if range.is_none() {
            let title = format!("`{text}` is not a status or a range of them");
            problems
                .add(node.span.clone(), title, "statuses are 100 to 999")
                .help(status_hint(text));
        }
        range
    })
}

fn status_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let pair = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (100 <= pair.0 && pair.0 <= pair.1 && pair.1 <= 999).then_some(pair)
}

fn status_hint(text: &str) -> String {
    let hundreds = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
    let backwards =
        text.split_once('-').map(|(high, low)| format!("{}-{}", low.trim(), high.trim()));
    match (hundreds, backwards.filter(|text| status_range(text).is_some())) {
        (Some(digit), _) if digit.len() == 1 => format!("did you mean {digit}00-{digit}99?"),
        (_, Some(range)) => format!("did you mean {range}?"),
        _ => "write 404, 400-499, or a list of them".to_owned(),
    }
}

pub(super) fn methods(node: &Node, problems: &mut Problems) -> Vec<Method> {
    notation::each(node, problems, |node, problems| {
        let text = notation::scalar(node, problems)?;
        let method = super::row::method(text);
        if method.is_none() {
            let capitals = text.to_ascii_uppercase();
            let help = match super::row::method(&capitals) {
                Some(_) => format!("methods are written in capitals: {capitals}"),
                None => "a method is one word in capitals: GET, POST".to_owned(),
            };
            problems.add(node.span.clone(), format!("`{text}` is not a method"), "here").help(help);
        }
        method
    })
}

fn paths(node: &Node, problems: &mut Problems) -> Vec<PathPattern> {
    notation::each(node, problems, |node, problems| {
        let text = notation::scalar(node, problems)?;
        let pattern = PathPattern::compile(text);
        if pattern.is_none() {
            let label = match (text.starts_with('/'), text.matches("**").count()) {
                (false, _) => "it does not start with `/`",
                (true, 2..) => "`**` is possible once",
                (true, _) => "it has too many segments",
            };
            problems
                .add(node.span.clone(), format!("`{text}` is not a path pattern"), label)
                .help("`{}` or `{name}` is one segment, `**` any number of them");
        }
        pattern
    })
}

fn texts(node: &Node, problems: &mut Problems) -> Vec<String> {
    notation::each(node, problems, notation::text)
}

/// Texts that a reason phrase can have (RFC 9112, section 4).
fn phrases(node: &Node, problems: &mut Problems) -> Vec<String> {
    notation::each(node, problems, |node, problems| {
        let text = notation::text(node, problems)?;
        if text.chars().any(char::is_control) {
            problems
                .add(node.span.clone(), "a reason phrase is one line", "this has more")
                .help("use `body` or `message` for what the body says");
        }
        Some(text)
    })
}

fn scalars(node: &Node, problems: &mut Problems) -> Vec<Scalar> {
    notation::each(node, problems, scalar)
}

fn scalar(node: &Node, problems: &mut Problems) -> Option<Scalar> {
    let text = notation::scalar(node, problems)?;
    let quoted = matches!(node.value, Value::Scalar { quoted: true, .. });
    let range = text.split_once('-').and_then(|(low, high)| {
        let pair: (u64, u64) = (low.parse().ok()?, high.parse().ok()?);
        Some(pair)
    });
    match range.filter(|_| !quoted) {
        Some((low, high)) if low > high => {
            problems
                .add(node.span.clone(), "a range that runs backwards", "the larger one is first")
                .help(format!("write {high}-{low}, or put it in quotes where it is a text"));
            None
        }
        Some((low, high)) => Some(Scalar::Between(low, high)),
        None => Some(Scalar::Is(text.to_owned())),
    }
}

pub(super) fn template(node: &Node, problems: &mut Problems) -> Option<Template> {
    let text = notation::scalar(node, problems)?;
    match Template::compile(text) {
        Ok(template) => Some(template),
        Err(error) => {
            let help = template_hint(&error);
            problems.add(node.span.clone(), error.to_string(), "in this template").help(help);
            None
        }
    }
}

fn template_hint(error: &TemplateError) -> &'static str {
    match error {
        TemplateError::Unclosed => "close it: `{name}`; a brace itself cannot be written",
        TemplateError::Name(_) => "name it in one word: `{user_id}`, or not at all: `{}`",
        TemplateError::Adjacent => "put the text between them, or make one slot of the two",
        TemplateError::TooMany => "keep the slots that tell something, and shorten the rest",
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
        let test = value_test(&entry.node, problems)?;
        sendable(&test, &entry.node.span, problems);
        Some((name, test))
    };
    map.entries().iter().filter_map(one).collect()
}

/// A header's value is written as well as read.
fn sendable(test: &ValueTest, span: &Range<usize>, problems: &mut Problems) {
    let texts: Vec<&str> = match test {
        ValueTest::In(scalars) | ValueTest::NotIn(scalars) => {
            scalars.iter().filter_map(Scalar::text).collect()
        }
        ValueTest::Template(template) => vec![template.source()],
        ValueTest::Exists(_) | ValueTest::Type(_) => Vec::new(),
    };
    if !texts.iter().all(|text| text.chars().all(|c| matches!(c, ' '..='~'))) {
        problems.add(span.clone(), "a header's value is one line of ASCII", "this is not");
    }
}

fn value_test(node: &Node, problems: &mut Problems) -> Option<ValueTest> {
    let Value::Mapping(entries) = &node.value else {
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
    if entries.len() != 1 && map.all_known() {
        let label = if entries.is_empty() { "this says nothing" } else { "this says more" };
        problems
            .add(map.start(), "a condition says exactly one thing", label)
            .help("one of: exists, type, in, not_in, template; or just a value");
    }
    map.close(problems);
    tests.into_iter().flatten().next()
}

fn json_types(node: &Node, problems: &mut Problems) -> Vec<JsonType> {
    notation::each(node, problems, |node, problems| {
        notation::one_of(node, "a JSON type", &names::JSON_TYPES, problems)
    })
}

fn body_kinds(node: &Node, problems: &mut Problems) -> Vec<BodyKind> {
    notation::each(node, problems, |node, problems| {
        notation::one_of(node, "a kind of body", &names::BODY_KINDS, problems)
    })
}

fn faults(node: &Node, problems: &mut Problems) -> Vec<FaultKind> {
    let table = FaultKind::ALL.map(|kind| (kind.name(), kind));
    notation::each(node, problems, |node, problems| {
        notation::one_of(node, "a kind of fault", &table, problems)
    })
}

fn phases(node: &Node, problems: &mut Problems) -> Vec<Phase> {
    let table = Phase::ALL.map(|phase| (phase.name(), phase));
    notation::each(node, problems, |node, problems| {
        notation::one_of(node, "a phase", &table, problems)
    })
}

fn held(node: &Node, problems: &mut Problems) -> Vec<HeldKind> {
    let table = HeldKind::ALL.map(|kind| (kind.name(), kind));
    notation::each(node, problems, |node, problems| {
        notation::one_of(node, "a reason to hold a call", &table, problems)
    })
}

fn check(node: &Node, problems: &mut Problems) -> Option<CheckIs> {
    notation::one_of(node, "the result of a check", &names::CHECKS, problems)
}

pub(super) fn pointer(text: &str, span: &Range<usize>, problems: &mut Problems) -> Option<Pointer> {
    let found = Pointer::parse(text);
    if let Err(error) = found {
        let help = match error {
            PointerError::NoSlash => format!("did you mean `{}`? (RFC 6901)", slashed(text)),
            PointerError::BadEscape => {
                "a `~` in a name is written `~0`, and a `/` is written `~1` (RFC 6901)".to_owned()
            }
        };
        problems.add(span.clone(), format!("`{text}` is not a JSON Pointer"), "here").help(help);
    }
    found.ok()
}

/// `$.error.code`, `error.code` or `error/code` as a pointer.
fn slashed(text: &str) -> String {
    let path = text.strip_prefix('$').unwrap_or(text).trim_start_matches(['.', '/']);
    format!("/{}", path.replace('.', "/"))
}

pub(super) fn header_name(node: &Node, problems: &mut Problems) -> Option<HeaderName> {
    name_of_header(notation::scalar(node, problems)?, &node.span, problems)
}

fn name_of_header(text: &str, span: &Range<usize>, problems: &mut Problems) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    if name.is_none() {
        problems
            .add(span.clone(), format!("`{text}` is not a header's name"), "here")
            .help("it is one word of letters, digits and `-`, such as Retry-After");
    }
    name
}
