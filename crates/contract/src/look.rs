//! Looking at one answer: conditions are tested, and nothing is parsed before somebody asks.

use crate::form::{Form, Part};
use crate::json::{self, Document, Node, Pointer};
use crate::row::{BodyKind, CheckIs, JsonType, Row, Scalar, Source, ValueTest, When};
use crate::table::Table;
use candor_facts::{Answer, Check, Request};
use http::header::CONTENT_TYPE;
use std::cell::OnceCell;

/// The longest plain body that is read as a text, in bytes.
const MAX_PLAIN: usize = 512;
/// The most fields that are taken from a map of fields, and the most texts of one of them.
const MAX_FIELDS: usize = 100;

/// One answer, under one table. The body is parsed at most once.
pub(crate) struct Look<'t, 'a> {
    table: &'t Table,
    request: &'a Request<'a>,
    answer: &'a Answer<'a>,
    json: OnceCell<Option<Document<'a>>>,
}

impl<'t, 'a> Look<'t, 'a> {
    pub(crate) fn new(table: &'t Table, request: &'a Request<'a>, answer: &'a Answer<'a>) -> Self {
        Self { table, request, answer, json: OnceCell::new() }
    }

    /// Whether every condition of `when` holds; the cheap ones are tested first. The status was
    /// tested by the table's index.
    pub(crate) fn holds(&self, row: &Row, when: &When) -> bool {
        any(&when.method, |method| method == self.request.method)
            && any(&when.operation, |name| Some(name.as_str()) == self.request.operation)
            && any(&when.path, |pattern| pattern.matches(self.request.path))
            && when.check.is_none_or(|check| self.check_is(check))
            && when.header.iter().all(|(name, test)| self.header(name, test))
            && any(&when.text, |text| self.says(text))
            && any(&when.body_is, |kind| self.body_is(row, *kind))
            && self.code(row, &when.code)
            && when.message.as_ref().is_none_or(|t| {
                self.part(row, &Part::Message).is_some_and(|message| t.matches(message.trim()))
            })
            && when.body.iter().all(|(pointer, test)| self.value(pointer, test))
    }

    /// What the head and the beginning of the body say of `when`.
    pub(crate) fn so_far(&self, when: &When) -> SoFar {
        let head = any(&when.method, |method| method == self.request.method)
            && any(&when.operation, |name| Some(name.as_str()) == self.request.operation)
            && any(&when.path, |pattern| pattern.matches(self.request.path))
            && when.header.iter().all(|(name, test)| self.header(name, test));
        let html = self.kind() == Kind::Html;
        let kind = |kind: &BodyKind| match kind {
            BodyKind::Html => SoFar::of(html),
            BodyKind::NotHtml => SoFar::of(!html),
            // More may come after a beginning, but nothing takes it back.
            BodyKind::Empty if !self.answer.body.is_empty() => SoFar::Fails,
            // What is a page is neither of these.
            BodyKind::Text | BodyKind::Json | BodyKind::Recognised if html => SoFar::Fails,
            BodyKind::Empty | BodyKind::Text | BodyKind::Json | BodyKind::Recognised => SoFar::Open,
        };
        let whole = when.check.is_some()
            || !when.text.is_empty()
            || !when.code.is_empty()
            || when.message.is_some()
            || !when.body.is_empty();
        // One kind that holds is enough.
        let kinds = when.body_is.iter().map(kind).max();
        match kinds.unwrap_or(SoFar::Holds) {
            _ if !head => SoFar::Fails,
            SoFar::Holds if whole => SoFar::Open,
            kinds @ (SoFar::Holds | SoFar::Open | SoFar::Fails) => kinds,
        }
    }

    pub(crate) fn check(&self) -> Check<'a> {
        self.answer.check
    }

    fn check_is(&self, wanted: CheckIs) -> bool {
        match self.answer.check {
            Check::NotMade => false,
            Check::Passed => wanted == CheckIs::Passed,
            Check::Failed(_) => wanted == CheckIs::Failed,
        }
    }

    fn header(&self, name: &http::HeaderName, test: &ValueTest) -> bool {
        let value = self.answer.headers.get(name).and_then(|value| value.to_str().ok());
        match (test, value) {
            (ValueTest::Exists(wanted), value) => value.is_some() == *wanted,
            (ValueTest::In(scalars), Some(value)) => scalars.iter().any(|s| s.matches(value)),
            (ValueTest::NotIn(scalars), Some(value)) => !scalars.iter().any(|s| s.matches(value)),
            (ValueTest::Template(template), Some(value)) => template.matches(value),
            (ValueTest::Type(types), Some(_)) => types.contains(&JsonType::String),
            (_, None) => false,
        }
    }

    /// Whether the reason phrase or the plain body says `text`, whatever the case. A web page says
    /// nothing: its status line is somebody else's.
    fn says(&self, text: &str) -> bool {
        if self.kind() == Kind::Html {
            return false;
        }
        let reason = match self.answer.reason {
            Some(reason) => std::str::from_utf8(reason).ok(),
            None => self.answer.status.canonical_reason(),
        };
        let same = |said: &str| said.trim().eq_ignore_ascii_case(text);
        reason.is_some_and(same) || self.plain().is_some_and(|body| same(self.without_status(body)))
    }

    fn without_status<'b>(&self, body: &'b str) -> &'b str {
        body.trim().strip_prefix(self.answer.status.as_str()).unwrap_or(body)
    }

    fn plain(&self) -> Option<&'a str> {
        let body = self.answer.body;
        (body.len() <= MAX_PLAIN).then(|| std::str::from_utf8(body).ok()).flatten()
    }

    /// What a plain answer says: its body, or a reason phrase of its own.
    pub(crate) fn plain_text(&self) -> Option<String> {
        let body =
            self.plain().map(str::trim).filter(|b| !b.is_empty() && self.kind() == Kind::Text);
        body.or_else(|| self.own_reason()).map(str::to_owned)
    }

    /// The reason phrase, where it is not the usual one, which says nothing.
    fn own_reason(&self) -> Option<&'a str> {
        let usual = self.answer.status.canonical_reason().unwrap_or_default();
        let reason = std::str::from_utf8(self.answer.reason?).ok()?;
        (!reason.eq_ignore_ascii_case(usual)).then_some(reason)
    }

    fn body_is(&self, row: &Row, kind: BodyKind) -> bool {
        let recognised = || {
            let form = self.table.form_of(row).zip(self.json());
            form.is_some_and(|(form, body)| form.recognises(body))
        };
        match kind {
            BodyKind::Recognised => recognised(),
            BodyKind::Empty => self.answer.body.is_empty(),
            BodyKind::Html => self.kind() == Kind::Html,
            BodyKind::Json => self.json().is_some() && !recognised(),
            BodyKind::NotHtml => self.kind() != Kind::Html,
            BodyKind::Text => {
                self.kind() == Kind::Text || (self.kind() == Kind::Json && self.json().is_none())
            }
        }
    }

    fn code(&self, row: &Row, codes: &[Scalar]) -> bool {
        codes.is_empty()
            || self
                .part(row, &Part::Code)
                .is_some_and(|code| codes.iter().any(|c| c.matches(&code)))
    }

    /// Whether the body has a value at `pointer` that passes; with `*`, some value.
    fn value(&self, pointer: &Pointer, test: &ValueTest) -> bool {
        let some = |passes: &dyn Fn(Node<'_, '_>) -> bool| {
            self.json().is_some_and(|body| body.some(pointer, passes))
        };
        let is = |node: Node<'_, '_>, scalars: &[Scalar]| {
            node.scalar_text().map(|text| scalars.iter().any(|s| s.matches(&text)))
        };
        match test {
            ValueTest::Exists(wanted) => some(&|_| true) == *wanted,
            ValueTest::In(scalars) => some(&|node| is(node, scalars) == Some(true)),
            ValueTest::NotIn(scalars) => some(&|node| is(node, scalars) == Some(false)),
            ValueTest::Template(template) => {
                some(&|node| node.as_str().is_some_and(|text| template.matches(text)))
            }
            ValueTest::Type(types) => some(&|node| types.contains(&type_of(node))),
        }
    }

    // --- parts

    /// The text at `source`.
    pub(crate) fn source(&self, row: &Row, source: &Source) -> Option<String> {
        match source {
            Source::Body(pointer) => self.text_at(pointer),
            Source::Header(name) => {
                self.answer.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
            }
            Source::Capture(name) => {
                let message = self.part(row, &Part::Message)?;
                let captures = row.wording()?.captures(message.trim())?;
                captures.get(name).map(str::to_owned)
            }
        }
    }

    /// The text of a part, where the row's form has it.
    pub(crate) fn part(&self, row: &Row, part: &Part) -> Option<String> {
        self.text_at(self.form(row)?.pointer(part)?).filter(|text| !text.is_empty())
    }

    /// The fields at fault and their texts, where the row's form has a map of them.
    pub(crate) fn field_map(&self, row: &Row) -> Vec<(String, Vec<String>)> {
        let place = self.form(row).and_then(|form| form.pointer(&Part::Fields));
        let map = place.and_then(|pointer| self.json()?.pointer(pointer));
        let Some(map) = map.filter(|map| map.kind() == json::Kind::Object) else {
            return Vec::new();
        };
        let member = |(name, node): (&str, Node<'_, '_>)| (name.to_owned(), texts(node));
        map.members().take(MAX_FIELDS).map(member).collect()
    }

    /// The form in which the row's parts stand.
    /// How many parts of one of the contract's forms the body has, where it has that form; 0 where
    /// it has none. A form that asks for nothing is had only with a part of it.
    pub(crate) fn parts_of_a_form(&self) -> usize {
        let Some(body) = self.json() else { return 0 };
        let forms = self.table.forms().iter().filter(|form| form.recognises(body));
        forms.map(|form| form.parts_in(body)).max().unwrap_or(0)
    }

    fn form(&self, row: &Row) -> Option<&'t Form> {
        self.table.read_form(row)
    }

    fn text_at(&self, pointer: &Pointer) -> Option<String> {
        Some(self.json()?.pointer(pointer)?.scalar_text()?.into_owned())
    }

    // --- the body

    fn json(&self) -> Option<&Document<'a>> {
        let parse = || {
            let possible = !self.answer.body.is_empty() && self.kind() == Kind::Json;
            possible.then(|| Document::parse(self.answer.body).ok()).flatten()
        };
        self.json.get_or_init(parse).as_ref()
    }

    /// What the body claims to be, or looks like where it claims nothing.
    fn kind(&self) -> Kind {
        let claimed = self.answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = claimed.unwrap_or_default().split(';').next().unwrap_or_default();
        let media = media.trim();
        let is = |name: &&str| media.eq_ignore_ascii_case(name);
        let ends = |end: &&str| {
            let from = media.len().saturating_sub(end.len());
            media.get(from..).is_some_and(|last| last.eq_ignore_ascii_case(end))
        };
        if HTML.iter().any(is) {
            return Kind::Html;
        }
        match looks_like(self.answer.body) {
            Kind::Text if JSON_ENDS.iter().any(ends) => Kind::Json,
            looks @ (Kind::Json | Kind::Html | Kind::Text) => looks,
        }
    }
}

/// The media types of pages.
const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];
/// How the media types of JSON end (RFC 6839, section 3.1).
const JSON_ENDS: [&str; 2] = ["/json", "+json"];

/// What is known of a condition before the whole body is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SoFar {
    /// It does not hold, whatever comes.
    Fails,
    /// What is still to come decides.
    Open,
    /// It holds, whatever comes.
    Holds,
}

impl SoFar {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// What a body claims to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Html,
    Text,
}

fn looks_like(body: &[u8]) -> Kind {
    let start = body.trim_ascii_start();
    let begins = |with: &[u8]| {
        start.get(..with.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(with))
    };
    match start.first() {
        Some(b'{' | b'[') => Kind::Json,
        _ if begins(b"<!doctype html") || begins(b"<html") => Kind::Html,
        _ => Kind::Text,
    }
}

fn any<T>(list: &[T], test: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(test)
}

fn type_of(node: Node<'_, '_>) -> JsonType {
    match node.kind() {
        json::Kind::Null => JsonType::Null,
        json::Kind::Bool => JsonType::Boolean,
        json::Kind::Number => JsonType::Number,
        json::Kind::String => JsonType::String,
        json::Kind::Array => JsonType::Array,
        json::Kind::Object => JsonType::Object,
    }
}

/// The texts of one field: a list of them, or one alone.
fn texts(node: Node<'_, '_>) -> Vec<String> {
    let text = |node: Node<'_, '_>| node.scalar_text().map(std::borrow::Cow::into_owned);
    if node.kind() == json::Kind::Array {
        return node.elements().take(MAX_FIELDS).filter_map(text).collect();
    }
    text(node).into_iter().collect()
}
