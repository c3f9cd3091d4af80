//! Reading one row.

use super::{names, when};
use crate::defaults;
use crate::form::Form;
use crate::json::Pointer;
use crate::notation::{self, Map, Node, Problems, Value};
use crate::row::{After, Allow, MessageKey, OutcomeRule, RetryRule, Row, Source, Take, WaitForm};
use candor_facts::{Class, How, Next, Origin, Outcome, Who};
use http::HeaderValue;
use http::{HeaderName, Method};
use std::time::Duration;

pub(super) fn row(
    node: &Node,
    forms: &[Form],
    success: bool,
    problems: &mut Problems,
) -> Option<Row> {
    let map = Map::open(node, "a row", problems)?;
    let id = map.required("id").and_then(|n| id_of(n, problems));
    let title = map.get("title").and_then(|n| notation::text(n, problems));
    let form = form_index(map.get("form"), forms, problems);
    let when = map.get("when").map_or_else(Vec::new, |n| when::alternatives(n, problems));
    let class = map.required("class").and_then(|n| class_of(n, success, problems));
    let origin = map.get("origin").and_then(|n| {
        notation::name_of(
            n,
            "an origin",
            &all(Origin::ALL, Origin::name),
            Origin::from_name,
            problems,
        )
    });
    let outcome = map.get("outcome").and_then(|n| outcome_of(n, problems));
    let retry = map.get("retry").and_then(|n| retry_of(n, problems));
    let says = map.get("says").and_then(|n| when::template(n, problems));
    let take = map.get("take").and_then(|n| take_of(n, problems)).unwrap_or_default();
    let field_kind = map.get("field_kind").and_then(|n| notation::text(n, problems));
    let message = map.get("message").and_then(|n| notation::text(n, problems));
    let next = map.get("next").and_then(|n| next_of(n, problems));
    let cite = map.get("cite").and_then(|n| notation::text(n, problems)).unwrap_or_default();
    let inferred = map.get("inferred").map_or_else(Vec::new, |n| inferred_of(n, problems));
    let (span, places) = (map.place("id"), map.places());
    map.close(problems);
    let (id, class) = (id?, class?);
    let origin = origin.unwrap_or_else(|| defaults::origin(class));
    Some(Row {
        title: title.unwrap_or_else(|| class.name().replace('_', " ")),
        when,
        form,
        origin,
        outcome: outcome.unwrap_or_else(|| defaults::outcome(class)),
        retry: retry.unwrap_or(RetryRule { allow: defaults::allow(class), ..RetryRule::default() }),
        says,
        take,
        field_kind,
        message: message_key(message.as_deref()),
        next: next.unwrap_or_else(|| defaults::next(class, origin)),
        cite,
        inferred,
        span,
        places,
        id,
        class,
        mark: HeaderValue::from_static(""),
    })
}

/// Ids stand in output, in addresses and in metrics.
fn id_of(node: &Node, problems: &mut Problems) -> Option<String> {
    let id = notation::text(node, problems)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if id.len() > 100 || !id.chars().all(fits) {
        problems
            .add(
                node.span.clone(),
                "a row's id has at most 100 letters, digits, `.`, `-` and `_`",
                "this has others",
            )
            .help("words for people belong into `title`");
    }
    Some(id)
}

fn all<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|member| name(*member)).collect()
}

fn class_of(node: &Node, success: bool, problems: &mut Problems) -> Option<Class> {
    let names = all(Class::ALL, Class::name);
    let class = notation::name_of(node, "a class", &names, Class::from_name, problems)?;
    if class.is_success() != success {
        let (place, title) = if success {
            ("rows", "a row under `success` has the class `ok` or `accepted`")
        } else {
            ("success", "a row under `rows` has a class of failure")
        };
        problems
            .add(node.span.clone(), title, format!("`{class}` is not one"))
            .help(format!("move the row to `{place}`, or give it another class"));
    }
    Some(class)
}

fn message_key(text: Option<&str>) -> MessageKey {
    match text {
        None => MessageKey::Class,
        Some("none") => MessageKey::None,
        Some(key) => MessageKey::Key(key.to_owned()),
    }
}

fn form_index(node: Option<&Node>, forms: &[Form], problems: &mut Problems) -> Option<usize> {
    let Some(node) = node else { return (!forms.is_empty()).then_some(0) };
    let name = notation::text(node, problems)?;
    let found = forms.iter().position(|form| form.name == name);
    if found.is_none() {
        let known: Vec<_> = forms.iter().map(|form| form.name.as_str()).collect();
        let help = match known.as_slice() {
            [] => "this contract has no `forms`: describe the error body there".to_owned(),
            known => notation::hint(&name, known),
        };
        problems
            .add(node.span.clone(), format!("there is no form `{name}`"), "unknown form")
            .help(help);
    }
    found
}

fn outcome_of(node: &Node, problems: &mut Problems) -> Option<OutcomeRule> {
    let mut names = all(Outcome::ALL, Outcome::name);
    names.push(names::BY_EVIDENCE);
    let from = |text: &str| match text {
        names::BY_EVIDENCE => Some(OutcomeRule::ByEvidence),
        _ => Outcome::from_name(text).map(OutcomeRule::Is),
    };
    notation::name_of(node, "an outcome", &names, from, problems)
}

fn allow_of(node: &Node, problems: &mut Problems) -> Option<Allow> {
    notation::one_of(node, "what a document can say of a repeat", &names::ALLOW, problems)
}

fn retry_of(node: &Node, problems: &mut Problems) -> Option<RetryRule> {
    if matches!(node.value, Value::Scalar { .. }) {
        return Some(RetryRule { allow: allow_of(node, problems)?, ..RetryRule::default() });
    }
    let map = Map::open(node, "`retry`", problems)?;
    let allow = map.required("allow").and_then(|n| allow_of(n, problems));
    let times = map.get("times").and_then(|n| notation::integer(n, 1..=100, problems));
    let wait = map.get("wait").and_then(|n| wait_of(n, problems));
    let after = map.get("after").and_then(|n| after_of(n, problems));
    let key = map.get("key").and_then(|n| notation::text(n, problems));
    let methods = map.get("methods").map_or_else(Vec::new, |n| when::methods(n, problems));
    let details = ["times", "wait", "after", "key", "methods"];
    if let (Some(Allow::Never), Some(what)) = (allow, details.iter().find(|key| map.has(key))) {
        problems
            .add(
                map.place("allow"),
                format!("`{what}` of a repeat that is never allowed"),
                "`allow` is `never`",
            )
            .help(format!("remove `{what}`, or allow the repeat"));
    }
    map.close(problems);
    let times = times.and_then(|n| u32::try_from(n).ok());
    Some(RetryRule { allow: allow?, times, wait, after, key, methods })
}

/// `2s`, or from `1s..2s`.
fn wait_of(node: &Node, problems: &mut Problems) -> Option<(Duration, Duration)> {
    let text = notation::scalar(node, problems)?;
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let pair = notation::parse_duration(from).zip(notation::parse_duration(to));
    match pair {
        Some((from, to)) if from <= to => {}
        Some(_) => drop(
            problems
                .add(node.span.clone(), "a wait that runs backwards", "the longer one is first")
                .help(format!("write {to}..{from}")),
        ),
        None => drop(
            problems
                .add(node.span.clone(), "a wait is needed", format!("`{text}` is not one"))
                .help("write a length of time, or two: 2s, 1s..2s"),
        ),
    }
    pair.filter(|(from, to)| from <= to)
}

fn after_of(node: &Node, problems: &mut Problems) -> Option<After> {
    let map = Map::open(node, "`after`", problems)?;
    let header = map.get("header").and_then(|n| when::header_name(n, problems));
    let form = map
        .get("as")
        .and_then(|n| notation::one_of(n, "a way to write a wait", &names::WAIT_FORMS, problems));
    let window = map.get("window").and_then(|n| notation::duration(n, problems));
    if !map.has("header") && !map.has("window") && map.all_known() {
        problems
            .add(map.start(), "`after` needs `header` or `window`", "neither is here")
            .help("`header: Retry-After`, or `window: 60s` for until the window ends");
    }
    map.close(problems);
    let form = form.unwrap_or(WaitForm::Either);
    Some(After { header: header.map(|name| (name, form)), window })
}

fn take_of(node: &Node, problems: &mut Problems) -> Option<Take> {
    let map = Map::open(node, "`take`", problems)?;
    let mut part = |key| map.get(key).and_then(|n| source(n, problems));
    let take = Take {
        code: part("code"),
        detail: part("detail"),
        field: part("field"),
        related: part("related"),
        error_id: part("error_id"),
    };
    map.close(problems);
    Some(take)
}

fn source(node: &Node, problems: &mut Problems) -> Option<Source> {
    if matches!(node.value, Value::Scalar { .. }) {
        let pointer = when::pointer(notation::scalar(node, problems)?, &node.span, problems)?;
        if pointer.tokens().any(|token| token == Pointer::EACH) {
            problems
                .add(node.span.clone(), "a part is taken from one place", "`*` is many of them")
                .help("`*` has a meaning in `when.body` alone; name one element: /items/0/error");
            return None;
        }
        return Some(Source::Body(pointer));
    }
    let map = Map::open(node, "a source", problems)?;
    let header: Option<HeaderName> = map.get("header").and_then(|n| when::header_name(n, problems));
    let capture = map.get("capture").and_then(|n| notation::text(n, problems));
    if map.has("header") == map.has("capture") && map.all_known() {
        problems
            .add(
                map.start(),
                "a source is one of `header` and `capture`",
                "this is not one of them",
            )
            .help("or a JSON Pointer, such as /error/field");
    }
    map.close(problems);
    header.map(Source::Header).or_else(|| capture.map(Source::Capture))
}

fn next_of(node: &Node, problems: &mut Problems) -> Option<Next> {
    let map = Map::open(node, "`next`", problems)?;
    let who = map.required("who").and_then(|n| {
        notation::name_of(
            n,
            "somebody who can act",
            &all(Who::ALL, Who::name),
            Who::from_name,
            problems,
        )
    });
    let how = map.required("how").and_then(|n| {
        notation::name_of(n, "a way to act", &all(How::ALL, How::name), How::from_name, problems)
    });
    map.close(problems);
    Some(Next { who: who?, how: how? })
}

/// `true`, or the names of the members that no document states.
fn inferred_of(node: &Node, problems: &mut Problems) -> Vec<String> {
    if let Value::Scalar { text, .. } = &node.value {
        match text.as_str() {
            "true" => return vec!["row".to_owned()],
            "false" => return Vec::new(),
            _ => {}
        }
    }
    let from = |text: &str| names::INFERRED.contains(&text).then(|| text.to_owned());
    let what = "a member that can be inferred, `true` or `false`";
    notation::each(node, problems, |node, problems| {
        notation::name_of(node, what, &names::INFERRED, from, problems)
    })
}

pub(super) fn method(text: &str) -> Option<Method> {
    let known = text.chars().all(|c| c.is_ascii_uppercase());
    known.then(|| Method::from_bytes(text.as_bytes()).ok()).flatten()
}
