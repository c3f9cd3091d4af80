//! Parameters: where one stands in a request, and whether it is what was declared.
//!
//! A parameter is text. It becomes the JSON value that its schema speaks of, such as the number `7`
//! for an integer, and is held like a member of a body; see [`super::style`].

use super::PathParams;
use super::held::Held;
use super::style::{Reading, Style, Written, Wrong, query_text};
use super::types::{Shape, Types};
use crate::json::{Document, Pointer};
use candor_facts::Violation;
use http::{HeaderMap, HeaderName};
use std::borrow::Cow;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In a slot of the path.
    Path,
    /// In the query.
    Query,
    /// A header field.
    Header,
    /// In a `cookie` field.
    Cookie,
}

/// A declared parameter, or a declared header field of an answer.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) allow_empty: bool,
    /// The name as one of a header field, where that is its place.
    pub(super) field: Option<HeaderName>,
    /// `None` where only is held that it is there.
    pub(super) form: Option<Form>,
}

/// How the text of a parameter becomes a value, and what holds of it.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) schema: Held,
    pub(super) writing: Writing,
}

/// How a parameter is written.
#[derive(Debug, Clone)]
pub(super) enum Writing {
    /// As a JSON text.
    Json,
    /// In a style.
    Styled(Style, Shape),
}

/// What parameters are read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) params: Option<&'a PathParams<'a>>,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
}

// === impl Place ===

impl Place {
    /// The word for it: the value of `in`, and the first step of a violation's pointer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    /// The place that `name` means.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header, Self::Cookie].into_iter().find(|p| p.name() == name)
    }
}

// === impl Parameter ===

impl Parameter {
    /// Its name; that of a header field as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether a request must have it.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether its value is held, not only that it is there.
    pub fn is_held(&self) -> bool {
        self.form.is_some()
    }

    /// Whether both are the same parameter: of one name, in one place.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same_name = match self.place {
            Place::Header => self.name.eq_ignore_ascii_case(&other.name),
            Place::Path | Place::Query | Place::Cookie => self.name == other.name,
        };
        self.place == other.place && same_name
    }

    /// Adds what is wrong with it in `source` to `found`.
    pub(super) fn check(&self, source: &Source<'_>, found: &mut Vec<Violation>) {
        let written = self.written(source);
        if written.is_absent() {
            found.extend(self.required.then(|| self.missing()));
            return;
        }
        let Some(form) = &self.form else { return };
        if self.allow_empty && written.is_blank() {
            return;
        }
        match self.values(form, &written) {
            Ok(values) => found.extend(self.hold(&values, &form.schema)),
            Err((rule, expected)) => found.push(self.violation("", rule, expected)),
        }
    }

    /// The JSON texts of what `written` may mean.
    fn values(&self, form: &Form, written: &Written<'_>) -> Result<Vec<String>, Wrong> {
        let (name, place) = (self.name.as_str(), self.place);
        match &form.writing {
            Writing::Json => {
                let (style, shape) = (Style::Form, &Shape::default());
                Ok(vec![Reading { name, place, style, shape }.json(written)?])
            }
            Writing::Styled(style, shape) => {
                Reading { name, place, style: *style, shape }.values(written)
            }
        }
    }

    /// What is wrong with the first of `values`, where all of them are wrong.
    fn hold(&self, values: &[String], schema: &Held) -> Vec<Violation> {
        let mut first = None;
        for value in values {
            let found = self.hold_one(value, schema);
            if found.is_empty() {
                return found;
            }
            first.get_or_insert(found);
        }
        first.unwrap_or_default()
    }

    fn hold_one(&self, json: &str, schema: &Held) -> Vec<Violation> {
        match Document::parse(json.as_bytes()) {
            Ok(document) => {
                let found = schema.violations(&document);
                found.iter().map(|v| self.violation(&v.pointer, &v.rule, &v.expected)).collect()
            }
            Err(error) => vec![self.violation("", "json", &format!("a JSON text; {error}"))],
        }
    }

    /// What `source` says of it.
    fn written<'r>(&self, source: &Source<'r>) -> Written<'r> {
        match self.place {
            Place::Path => {
                let value = source.params.and_then(|params| params.get(&self.name));
                texts(value.into_iter())
            }
            Place::Query => self.in_query(source.query),
            Place::Header => Written::Texts(self.field_lines(source.headers).into_iter().collect()),
            Place::Cookie => {
                let fields = source.headers.get_all(http::header::COOKIE).iter();
                let fields = fields.filter_map(|field| field.to_str().ok());
                let pairs = fields.flat_map(|text| pairs(text, ';'));
                let own = pairs.filter(|(name, _)| name.trim() == self.name);
                texts(own.map(|(_, value)| value.trim()))
            }
        }
    }

    fn in_query<'r>(&self, query: &'r str) -> Written<'r> {
        let names = pairs(query, '&')
            .filter_map(|(name, value)| Some((query_text(name.as_bytes())?, value)));
        match self.form.as_ref().map(|form| &form.writing) {
            Some(Writing::Styled(Style::Deep, _)) => Written::Members(
                names
                    .filter_map(|(name, value)| {
                        Some((self.deep_name(&name)?.into(), value.as_bytes()))
                    })
                    .collect(),
            ),
            Some(Writing::Styled(Style::FormExploded, shape)) if shape.types == Types::OBJECT => {
                let declared = |name: &str| shape.members.iter().any(|(own, _)| own == name);
                let members = names.filter(|(name, _)| declared(name));
                Written::Members(members.map(|(name, value)| (name, value.as_bytes())).collect())
            }
            _ => texts(names.filter(|(name, _)| *name == self.name).map(|(_, value)| value)),
        }
    }

    /// The `k` of `name[k]`.
    fn deep_name(&self, written: &str) -> Option<String> {
        let key = written.strip_prefix(&self.name)?.strip_prefix('[')?.strip_suffix(']')?;
        Some(key.to_owned())
    }

    /// The field's lines as one (RFC 9110, section 5.3).
    fn field_lines<'r>(&self, headers: &'r HeaderMap) -> Option<Cow<'r, [u8]>> {
        let mut lines = headers.get_all(self.field.as_ref()?).iter();
        let first = lines.next()?.as_bytes();
        let Some(second) = lines.next() else { return Some(first.into()) };
        let mut all = first.to_vec();
        for line in std::iter::once(second).chain(lines) {
            all.extend_from_slice(b",");
            all.extend_from_slice(line.as_bytes());
        }
        Some(all.into())
    }

    fn missing(&self) -> Violation {
        let place = self.place.name();
        let what = if self.place == Place::Header { "field" } else { "parameter" };
        Violation {
            pointer: format!("/{place}"),
            rule: "required".to_owned(),
            expected: format!("the {place} {what} `{}`", self.name),
        }
    }

    /// A violation at `below` in its value.
    fn violation(&self, below: &str, rule: &str, expected: &str) -> Violation {
        let mut pointer = Pointer::root();
        pointer.push(self.place.name());
        pointer.push(self.name.as_str());
        let (rule, expected) = (rule.to_owned(), expected.to_owned());
        Violation { pointer: format!("{pointer}{below}"), rule, expected }
    }
}

fn texts<'r>(texts: impl Iterator<Item = &'r str>) -> Written<'r> {
    Written::Texts(texts.map(|text| text.as_bytes().into()).collect())
}

/// Names and values in a query or a cookie.
fn pairs(text: &str, between: char) -> impl Iterator<Item = (&str, &str)> {
    text.split(between)
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
