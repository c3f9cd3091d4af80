//! Reading a contract file: what was written, understood and typed, with every mistake noted.
//!
//! Here each value is judged alone. What several places say together (repeated ids, rows that can
//! never apply, texts that are missing) is judged in `check`.

mod contradiction;
pub(crate) mod names;
mod row;
mod when;

use crate::form::{Form, Place};
use crate::notation::{self, Diagnosis, Entry, Map, Node, Problems, Value};
use crate::row::Row;
use std::ops::Range;

/// A contract as it was written.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is the contract of.
    pub title: String,
    /// The document that it follows.
    pub source: Source,
    /// The contract whose rows follow its own; `None` for a root.
    pub extends: Option<String>,
    /// The place of `extends`, or of the name.
    pub extends_span: Range<usize>,
    /// The forms of its error bodies; the first is the default.
    pub forms: Vec<Form>,
    /// The rows, those of success first.
    pub rows: Vec<Row>,
    /// How many of the rows are rows of success.
    pub successes: usize,
    /// Texts for people: sets, the first is the default.
    pub messages: Vec<MessageSet>,
}

/// The document that a contract follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// A set of texts: by locale, by key.
#[derive(Debug, Clone)]
pub struct MessageSet {
    /// Its name.
    pub name: String,
    /// Its locales, in the order of the file; the first is the default.
    pub locales: Vec<(String, Vec<Text>)>,
}

/// One text for people.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its key.
    pub key: String,
    /// The text, with `{names}`.
    pub text: crate::template::Template,
    /// Its place.
    pub span: Range<usize>,
}

/// Reads the contract `source` of the file `name`.
///
/// # Errors
/// All mistakes that one value alone can have.
pub fn read(name: &str, source: &str) -> Result<Document, Diagnosis> {
    let root = notation::parse(name, source)?;
    let mut problems = Problems::default();
    let document = document(&root, &mut problems);
    match (document, problems.into_diagnosis(name, source)) {
        (_, Some(diagnosis)) => Err(diagnosis),
        (Some(document), None) => Ok(document),
        (None, None) => {
            let mut problems = Problems::default();
            problems.add(0..0, "this is not a contract", "the whole file");
            Err(problems
                .into_diagnosis(name, source)
                .unwrap_or_else(|| unreachable!("one problem")))
        }
    }
}

fn document(root: &Node, problems: &mut Problems) -> Option<Document> {
    let map = Map::open(root, "a contract", problems)?;
    let name = map.required("contract").and_then(|n| contract_name(n, problems));
    let version = map.required("version").and_then(|n| version_of(n, problems));
    let title = map.required("title").and_then(|n| notation::text(n, problems));
    let source = map.get("document").and_then(|n| source_of(n, problems)).unwrap_or_default();
    let extends_span = map.get("extends").map_or_else(|| map.start(), |n| n.span.clone());
    let extends = match map.get("extends") {
        None => Some("http".to_owned()),
        Some(node) => notation::text(node, problems).filter(|text| text != "none"),
    };
    let forms = map.get("forms").map_or_else(Vec::new, |n| forms_of(n, problems));
    let mut rows = rows_of(map.get("success"), &forms, true, problems);
    let successes = rows.len();
    rows.extend(rows_of(map.get("rows"), &forms, false, problems));
    let messages = map.get("messages").map_or_else(Vec::new, |n| messages_of(n, problems));
    map.close(problems);
    Some(Document {
        name: name?,
        version: version?,
        title: title?,
        source,
        extends,
        extends_span,
        forms,
        rows,
        successes,
        messages,
    })
}

fn contract_name(node: &Node, problems: &mut Problems) -> Option<String> {
    let name = notation::text(node, problems)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() > 64 || !name.chars().all(fits) {
        problems
            .add(
                node.span.clone(),
                "a contract's name has at most 64 lower-case letters, digits and `-`",
                "this has others",
            )
            .help("words for people belong into `title`");
    }
    Some(name)
}

/// A verdict names its contract as `name@version`.
fn version_of(node: &Node, problems: &mut Problems) -> Option<String> {
    let version = notation::text(node, problems)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
    if version.len() > 64 || !version.chars().all(fits) {
        problems.add(
            node.span.clone(),
            "a version has at most 64 letters, digits, `.`, `-`, `+` and `_`",
            "this has others",
        );
    }
    Some(version)
}

fn source_of(node: &Node, problems: &mut Problems) -> Option<Source> {
    let map = Map::open(node, "`document`", problems)?;
    let title = map.required("title").and_then(|n| notation::text(n, problems));
    let url = map.get("url").and_then(|n| notation::text(n, problems));
    map.close(problems);
    Some(Source { title: title?, url: url.unwrap_or_default() })
}

fn forms_of(node: &Node, problems: &mut Problems) -> Vec<Form> {
    let Some(map) = Map::open(node, "`forms`", problems) else { return Vec::new() };
    map.entries().iter().filter_map(|entry| form_of(entry, problems)).collect()
}

fn form_of(entry: &Entry, problems: &mut Problems) -> Option<Form> {
    let map = Map::open(&entry.node, "a form", problems)?;
    let media = map.get("media").and_then(|n| media_of(n, problems));
    let body = map.required("body");
    map.close(problems);
    let body = body?;
    Map::open(body, "the body of a form", problems)?;
    placeholders(body, problems);
    let media = media.unwrap_or_else(|| "application/json".to_owned());
    Some(Form::compile(&entry.key, &media, body.to_json()))
}

fn media_of(node: &Node, problems: &mut Problems) -> Option<String> {
    let media = notation::text(node, problems)?;
    let parts = media.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty());
    if parts.is_none() || !media.bytes().all(|b| matches!(b, b' '..=b'~')) {
        problems
            .add(node.span.clone(), format!("`{media}` is not a media type"), "here")
            .help("such as application/json");
    }
    Some(media)
}

/// A text that looks like a placeholder and is none would be taken for a constant.
fn placeholders(node: &Node, problems: &mut Problems) {
    match &node.value {
        Value::Mapping(entries) => entries.iter().for_each(|e| placeholders(&e.node, problems)),
        Value::Sequence(items) => items.iter().for_each(|item| placeholders(item, problems)),
        Value::Scalar { text, .. } => {
            if text.contains(['{', '}']) && Place::read(text).is_none() {
                problems
                    .add(node.span.clone(), format!("`{text}` is not a placeholder"), "here")
                    .help(
                        "a placeholder stands alone: {code}, {code:number}, {message?}, {any_name}",
                    );
            }
        }
    }
}

fn rows_of(
    node: Option<&Node>,
    forms: &[Form],
    success: bool,
    problems: &mut Problems,
) -> Vec<Row> {
    let Some(node) = node else { return Vec::new() };
    if matches!(node.value, Value::Mapping(_) | Value::Scalar { .. }) {
        problems
            .add(node.span.clone(), "rows must be a list", format!("this is {}", node.describe()))
            .help("each row begins with `- `");
        return Vec::new();
    }
    let rows = notation::list(node).iter();
    rows.filter_map(|node| row::row(node, forms, success, problems)).collect()
}

fn messages_of(node: &Node, problems: &mut Problems) -> Vec<MessageSet> {
    let Some(sets) = Map::open(node, "`messages`", problems) else { return Vec::new() };
    let set = |entry: &Entry, problems: &mut Problems| {
        let locales = Map::open(&entry.node, "a message set", problems)?;
        let locale = |entry: &Entry, problems: &mut Problems| {
            locale_tag(entry, problems);
            let texts = Map::open(&entry.node, "a locale's texts", problems)?;
            let texts = texts.entries().iter().filter_map(|entry| text_of(entry, problems));
            Some((entry.key.clone(), texts.collect()))
        };
        let locales = locales.entries().iter().filter_map(|entry| locale(entry, problems));
        Some(MessageSet { name: entry.key.clone(), locales: locales.collect() })
    };
    sets.entries().iter().filter_map(|entry| set(entry, problems)).collect()
}

/// BCP 47, as far as its shape goes.
fn locale_tag(entry: &Entry, problems: &mut Problems) {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    if !entry.key.split('-').all(part) {
        problems
            .add(entry.key_span.clone(), format!("`{}` is not a locale", entry.key), "here")
            .help("write a language, and a region where it matters: en, de-CH (BCP 47)");
    }
}

fn text_of(entry: &Entry, problems: &mut Problems) -> Option<Text> {
    let text = when::template(&entry.node, problems)?;
    Some(Text { key: entry.key.clone(), text, span: entry.node.span.clone() })
}
