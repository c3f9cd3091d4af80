//! Writing a row: the answer that an API gives when this outcome happens.
//!
//! The same conditions by which a row is recognised say what it looks like, so both sides of a
//! contract have one source. Rows of transport faults and of calls held back travel in no answer.

use crate::form::{Form, Part, Place};
use crate::json::Pointer;
use crate::row::{BodyKind, JsonType, Row, Source, ValueTest, When};
use crate::table::Table;
use crate::template::Template;
use candor_facts::FieldError;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The status.
    pub status: u16,
    /// A reason phrase of its own, for HTTP/1.1.
    pub reason: Option<String>,
    /// The header fields.
    pub headers: Vec<(HeaderName, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The values that go into an answer. What is not given is left out where the form allows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'v> {
    /// The status, where the row has several.
    pub status: Option<u16>,
    /// The code, where the row has several.
    pub code: Option<&'v str>,
    /// The message, where the row has no wording of its own.
    pub message: Option<&'v str>,
    /// A text that says more.
    pub info: Option<&'v str>,
    /// The fields at fault.
    pub fields: &'v [FieldError],
    /// The id of the failure.
    pub error_id: Option<&'v str>,
    /// How long to wait, in seconds.
    pub wait: Option<u64>,
    /// Values for the slots of the wording and the free placeholders, by name.
    pub named: &'v [(&'v str, &'v str)],
}

impl Table {
    /// Writes `row` with `parts`. `None` where the row travels in no answer.
    pub fn emit(&self, row: &Row, parts: &Parts<'_>) -> Option<Written> {
        let nothing = When::default();
        let when = if row.when.is_empty() { &nothing } else { writable(row)? };
        let status = parts.status.or_else(|| when.status.first().map(|(low, _)| *low))?;
        let mut written = Written { status, reason: None, headers: Vec::new(), body: Vec::new() };
        match when.text.first() {
            Some(text) => written.plain(text),
            None => written.body(row, when, self.written_form(row), parts),
        }
        written.head(row, when, parts);
        Some(written)
    }
}

/// The alternative by which a row is written: the first that is of answers and has a status.
pub(crate) fn writable(row: &Row) -> Option<&When> {
    let fits = |when: &&When| {
        !when.of_faults() && when.held.is_empty() && when.check.is_none() && !when.status.is_empty()
    };
    row.when.iter().find(fits)
}

// === impl Written ===

impl Written {
    fn plain(&mut self, text: &str) {
        self.reason = Some(text.to_owned());
        self.headers.push((CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()));
        self.body = text.as_bytes().to_vec();
    }

    fn body(&mut self, row: &Row, when: &When, form: Option<&Form>, parts: &Parts<'_>) {
        let (media, body) = match when.body_is.first() {
            Some(BodyKind::Empty) => return,
            Some(BodyKind::Html) => ("text/html", b"<!doctype html><title>error</title>".to_vec()),
            Some(BodyKind::Text) => ("text/plain", b"error".to_vec()),
            Some(BodyKind::Json) => ("application/json", b"[]".to_vec()),
            Some(BodyKind::Recognised | BodyKind::NotHtml) | None => {
                let Some(body) = json_body(row, when, form, parts) else { return };
                (form.map_or("application/json", |form| &form.media), body.to_string().into_bytes())
            }
        };
        self.headers.push((CONTENT_TYPE, media.to_owned()));
        self.body = body;
    }

    fn head(&mut self, row: &Row, when: &When, parts: &Parts<'_>) {
        let wait_header = row.retry.after.as_ref().and_then(|after| after.header.as_ref());
        if let Some(((name, _), wait)) = wait_header.zip(parts.wait) {
            self.headers.push((name.clone(), wait.to_string()));
        }
        for (name, test) in &when.header {
            let there = self.headers.iter().any(|(n, _)| n == name);
            if let Some(value) = header_value(test).filter(|_| !there) {
                self.headers.push((name.clone(), value));
            }
        }
    }
}

fn header_value(test: &ValueTest) -> Option<String> {
    match test {
        ValueTest::In(scalars) => scalars.first().map(crate::row::Scalar::example),
        ValueTest::NotIn(_) => Some("other".to_owned()),
        ValueTest::Exists(true) | ValueTest::Type(_) => Some("1".to_owned()),
        ValueTest::Exists(false) => None,
        ValueTest::Template(template) => Some(template.fill(|_, _| "1".into())),
    }
}

// === the JSON body ===

fn json_body(row: &Row, when: &When, form: Option<&Form>, parts: &Parts<'_>) -> Option<Value> {
    let writer = Writer { row, when, parts };
    let failing = !row.class.is_success();
    let mut body = match form.filter(|_| failing) {
        Some(form) => writer.fill(&form.skeleton).unwrap_or_else(|| Value::Object(Map::new())),
        None if when.body.is_empty() => return None,
        None => Value::Object(Map::new()),
    };
    for (pointer, test) in &when.body {
        match value_for(test, parts) {
            Some(value) => put(&mut body, pointer, value),
            None if *test == ValueTest::Exists(false) => remove(&mut body, pointer),
            None => {}
        }
    }
    Some(body)
}

struct Writer<'w> {
    row: &'w Row,
    when: &'w When,
    parts: &'w Parts<'w>,
}

impl Writer<'_> {
    /// The skeleton with its placeholders filled; `None` where nothing is left of it.
    fn fill(&self, skeleton: &Value) -> Option<Value> {
        match skeleton {
            Value::Object(members) => {
                let filled = members.iter().filter_map(|(k, v)| Some((k.clone(), self.fill(v)?)));
                let filled: Map<_, _> = filled.collect();
                (!filled.is_empty() || members.is_empty()).then_some(Value::Object(filled))
            }
            Value::String(text) => match Place::read(text) {
                Some(place) => self.part(&place),
                None => Some(skeleton.clone()),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Some(skeleton.clone())
            }
        }
    }

    fn part(&self, place: &Place) -> Option<Value> {
        let value = match &place.part {
            Part::Code => self.code(place).map(|code| place.write(&code)),
            Part::Message => self.message(place.optional).map(Value::String),
            Part::Info => self.parts.info.map(Value::from),
            Part::Field => self.parts.fields.first().map(|field| field.path.clone().into()),
            // Where the map may be absent, a body with it belongs to a more special row.
            Part::Fields if place.optional => None,
            Part::Fields => self.field_map(),
            Part::ErrorId => self.parts.error_id.map(Value::from),
            Part::Free(name) => self.named(name).map(Value::from),
        };
        match value {
            None if place.optional => None,
            None if place.part == Part::Fields => Some(Value::Object(Map::new())),
            value => Some(value.unwrap_or_else(|| Value::String(String::new()))),
        }
    }

    /// The code: the given one where it fits, else the documented one. Where there must be a number
    /// and none is documented, it is the status.
    fn code(&self, place: &Place) -> Option<String> {
        let own = self.parts.code.filter(|code| {
            self.when.code.is_empty() || self.when.code.iter().any(|c| c.matches(code))
        });
        let documented = || self.when.code.first().map(crate::row::Scalar::example);
        let status = || self.parts.status.or_else(|| self.when.status.first().map(|(low, _)| *low));
        let required = place.number && !place.optional;
        let of_http = || required.then(status).flatten().map(|status| status.to_string());
        own.map(str::to_owned).or_else(documented).or_else(of_http)
    }

    /// The row's own wording, else the given message, else (where there must be one) its title.
    fn message(&self, optional: bool) -> Option<String> {
        if let Some(wording) = self.row.wording() {
            return Some(self.word(wording));
        }
        let title = || (!optional).then(|| self.row.title.clone());
        self.parts.message.map(str::to_owned).or_else(title)
    }

    fn word(&self, wording: &Template) -> String {
        let field = self.parts.fields.first();
        wording.fill(|name, _| {
            let named = self.named(name).map(Cow::Borrowed);
            let is = |source: &Option<Source>| {
                matches!(source, Some(Source::Capture(slot)) if slot == name)
            };
            let of_field = || match field {
                Some(field) if is(&self.row.take.related) || name == "related" => {
                    field.related.as_deref().map(Cow::Borrowed)
                }
                Some(field) if name.is_empty() || is(&self.row.take.field) => {
                    Some(Cow::Borrowed(field.path.as_str()))
                }
                _ => None,
            };
            named.or_else(of_field).unwrap_or(Cow::Borrowed("unknown"))
        })
    }

    fn named(&self, name: &str) -> Option<&str> {
        let named = self.parts.named.iter().find(|(n, _)| *n == name);
        named.map(|(_, value)| *value)
    }

    fn field_map(&self) -> Option<Value> {
        if self.parts.fields.is_empty() {
            return None;
        }
        let mut map: Map<String, Value> = Map::new();
        for field in self.parts.fields {
            let text = field.message.clone().unwrap_or_default().into();
            match map.get_mut(&field.path) {
                Some(Value::Array(texts)) => texts.push(text),
                _ => drop(map.insert(field.path.clone(), Value::Array(vec![text]))),
            }
        }
        Some(Value::Object(map))
    }
}

fn value_for(test: &ValueTest, parts: &Parts<'_>) -> Option<Value> {
    match test {
        ValueTest::In(scalars) => scalars.first().map(|scalar| scalar.example().into()),
        ValueTest::NotIn(_) => Some("other".into()),
        ValueTest::Exists(true) => Some("1".into()),
        ValueTest::Exists(false) => None,
        ValueTest::Type(types) => types.first().map(|t| sample(*t)),
        ValueTest::Template(template) => {
            let value = |name: &str| parts.named.iter().find(|(n, _)| *n == name);
            Some(template.fill(|name, _| value(name).map_or("1", |(_, v)| *v).into()).into())
        }
    }
}

fn sample(kind: JsonType) -> Value {
    match kind {
        JsonType::String => "text".into(),
        JsonType::Number => 1.into(),
        JsonType::Boolean => true.into(),
        JsonType::Object => {
            Value::Object([("name".to_owned(), "text".into())].into_iter().collect())
        }
        JsonType::Array => Value::Array(vec!["text".into()]),
        JsonType::Null => Value::Null,
    }
}

/// Sets the value at `pointer`, with the objects on the way to it; a value of the right kind that
/// is there already stays.
fn put(body: &mut Value, pointer: &Pointer, value: Value) {
    let mut at = body;
    for token in pointer.tokens() {
        at = if token == Pointer::EACH { first_of(at) } else { member_of(at, token) };
    }
    let kept = value.is_object() && at.is_object() || value == "1" && !at.is_null();
    if !kept {
        *at = value;
    }
}

fn member_of<'v>(at: &'v mut Value, name: &str) -> &'v mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    &mut at[name]
}

fn first_of(at: &mut Value) -> &mut Value {
    if at.as_array().is_none_or(Vec::is_empty) {
        *at = Value::Array(vec![Value::Null]);
    }
    &mut at[0]
}

fn remove(body: &mut Value, pointer: &Pointer) {
    let tokens: Vec<&str> = pointer.tokens().collect();
    let Some((last, parents)) = tokens.split_last() else { return };
    let parent = parents.iter().try_fold(body, |at, token| at.get_mut(token));
    if let Some(Value::Object(members)) = parent {
        members.shift_remove(*last);
    }
}
