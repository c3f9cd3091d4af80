//! The styles of parameters: how a value is written as text (OpenAPI 3.0.3, Style Values).
//!
//! Text is split while it is still encoded, so that a delimiter within a value stays there. Then it
//! becomes the text of a JSON value. Text can often mean several values, `7` a number or a string;
//! which of them is meant, the schema decides.

use super::parameter::Place;
use super::types::{Shape, Types};
use percent_encoding::percent_decode;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A style, with the `explode` where that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `a,b`; objects are `k,v,k,v`, and exploded `k=v,k=v`.
    Simple { explode: bool },
    /// `.a,b`, and exploded `.a.b`.
    Label { explode: bool },
    /// `;name=a,b`, and exploded `;name=a;name=b`.
    Matrix { explode: bool },
    /// `name=a,b`.
    Form,
    /// `name=a&name=b`; the members of an object are parameters of their own.
    FormExploded,
    /// `name=a%20b`.
    Space,
    /// `name=a|b`.
    Pipe,
    /// `name[k]=v&name[k]=v`.
    Deep,
}

/// What is wrong with a text itself: the rule and what was expected.
pub(super) type Wrong = (&'static str, &'static str);

/// The name of a member, and its value as it is written.
pub(super) type Member<'r> = (Cow<'r, str>, &'r [u8]);

/// What a request says of one parameter, as it is written.
#[derive(Debug)]
pub(super) enum Written<'r> {
    /// All that stands under its name.
    Texts(Vec<Cow<'r, [u8]>>),
    /// The members of an object, where each has a name of its own.
    Members(Vec<Member<'r>>),
}

impl Written<'_> {
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.is_empty(),
            Self::Members(members) => members.is_empty(),
        }
    }

    /// Whether it is there, but without a value.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.iter().all(|text| text.is_empty()),
            Self::Members(_) => false,
        }
    }
}

/// How one parameter is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'f> {
    pub(super) name: &'f str,
    pub(super) place: Place,
    pub(super) style: Style,
    pub(super) shape: &'f Shape,
}

impl Reading<'_> {
    /// The JSON texts of all values that `written` may mean, the likeliest first; never empty.
    pub(super) fn values(&self, written: &Written<'_>) -> Result<Vec<String>, Wrong> {
        let types = self.shape.types;
        let texts = match written {
            Written::Members(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), *value));
                return Ok(vec![self.object(members.collect())?]);
            }
            Written::Texts(texts) => texts,
        };
        let (any, single) = (types.is_empty(), texts.len() == 1);
        let mut values = Vec::new();
        if (any || types.has(Types::SCALAR)) && single {
            values.extend(scalars(&self.decoded(self.unnamed(self.bare(only(texts)?)?)?)?, types));
        }
        if types.has(Types::ARRAY) || (any && !single) {
            values.push(self.array(texts)?);
        }
        if types.has(Types::OBJECT) {
            match self.members(texts) {
                Ok(value) => values.push(value),
                // It may still be one of the others.
                Err(wrong) if values.is_empty() => return Err(wrong),
                Err(_) => {}
            }
        }
        if values.is_empty() { Err(REPEATED) } else { Ok(values) }
    }

    /// An object in one text.
    fn members(&self, texts: &[Cow<'_, [u8]>]) -> Result<String, Wrong> {
        self.object(self.pairs(self.bare(only(texts)?)?)?)
    }

    /// The text as JSON, which it is by itself.
    pub(super) fn json(&self, written: &Written<'_>) -> Result<String, Wrong> {
        match written {
            Written::Texts(texts) => self.decoded(only(texts)?).map(Cow::into_owned),
            Written::Members(_) => Err(REPEATED),
        }
    }

    fn array(&self, texts: &[Cow<'_, [u8]>]) -> Result<String, Wrong> {
        let parts: Vec<&[u8]> = if self.style == Style::FormExploded {
            texts.iter().map(|text| &**text).collect()
        } else {
            let text = self.bare(only(texts)?)?;
            if text.is_empty() { Vec::new() } else { self.split(text) }
        };
        let elements: Result<Vec<String>, Wrong> = parts
            .into_iter()
            .map(|part| self.value(self.unnamed(part)?, self.shape.elements))
            .collect();
        Ok(format!("[{}]", elements?.join(",")))
    }

    /// An object of `members`, in which the same name several times makes an array.
    fn object(&self, members: Vec<Member<'_>>) -> Result<String, Wrong> {
        let mut object: BTreeMap<Cow<'_, str>, Vec<String>> = BTreeMap::new();
        for (name, text) in members {
            let value = self.value(text, self.shape.of_member(&name))?;
            object.entry(name).or_default().push(value);
        }
        let member = |(name, values): (&Cow<'_, str>, &Vec<String>)| {
            let several = values.len() > 1 || self.shape.of_member(name).has(Types::ARRAY);
            let value = values.join(",");
            let value = if several { format!("[{value}]") } else { value };
            format!("{}:{value}", quoted(name))
        };
        Ok(format!("{{{}}}", object.iter().map(member).collect::<Vec<_>>().join(",")))
    }

    /// Names and values of an object in one text.
    fn pairs<'t>(&self, text: &'t [u8]) -> Result<Vec<Member<'t>>, Wrong> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let parts = self.split(text);
        if self.explodes() {
            let pair = |part: &'t [u8]| {
                let (name, value) = cut(part, b'=').ok_or(NO_PAIRS)?;
                Ok((self.decoded(name)?, value))
            };
            return parts.into_iter().map(pair).collect();
        }
        let pair = |pair: &[&'t [u8]]| match pair {
            [name, value] => Ok((self.decoded(name)?, *value)),
            _ => Err(NO_PAIRS),
        };
        parts.chunks(2).map(pair).collect()
    }

    fn explodes(&self) -> bool {
        match self.style {
            Style::Simple { explode } | Style::Label { explode } | Style::Matrix { explode } => {
                explode
            }
            Style::FormExploded | Style::Deep => true,
            Style::Form | Style::Space | Style::Pipe => false,
        }
    }

    /// The text behind the mark that the style puts before everything.
    fn bare<'t>(&self, text: &'t [u8]) -> Result<&'t [u8], Wrong> {
        match self.style {
            Style::Label { .. } => text.strip_prefix(b".").ok_or(NO_LABEL),
            Style::Matrix { explode: true } => text.strip_prefix(b";").ok_or(NO_MATRIX),
            Style::Matrix { explode: false } => {
                self.named(text.strip_prefix(b";").ok_or(NO_MATRIX)?)
            }
            Style::Simple { .. }
            | Style::Form
            | Style::FormExploded
            | Style::Space
            | Style::Pipe
            | Style::Deep => Ok(text),
        }
    }

    /// One value of those in a bare text: in an exploded matrix each has the name.
    fn unnamed<'t>(&self, text: &'t [u8]) -> Result<&'t [u8], Wrong> {
        if self.style == (Style::Matrix { explode: true }) { self.named(text) } else { Ok(text) }
    }

    /// The text behind `name=`; without the `=` it is empty.
    fn named<'t>(&self, text: &'t [u8]) -> Result<&'t [u8], Wrong> {
        let (name, value) = cut(text, b'=').unwrap_or((text, &[]));
        if name == self.name.as_bytes() { Ok(value) } else { Err(NO_MATRIX) }
    }

    fn split<'t>(&self, text: &'t [u8]) -> Vec<&'t [u8]> {
        let by = |delimiter: u8| text.split(move |byte| *byte == delimiter).collect();
        match self.style {
            Style::Label { explode: true } => by(b'.'),
            Style::Matrix { explode: true } => by(b';'),
            Style::Space => split_by_any(text, &["%20", "+", " "]),
            Style::Pipe => split_by_any(text, &["|", "%7C", "%7c"]),
            // A list in a header field may have blanks behind its commas (RFC 9110, section 5.6.1).
            Style::Simple { .. }
            | Style::Label { explode: false }
            | Style::Matrix { explode: false }
            | Style::Form
            | Style::FormExploded
            | Style::Deep => text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect(),
        }
    }

    fn value(&self, text: &[u8], types: Types) -> Result<String, Wrong> {
        let values = scalars(&self.decoded(text)?, types);
        values.into_iter().next().ok_or(REPEATED)
    }

    /// What is written, without percent-encoding where its place has one.
    fn decoded<'t>(&self, text: &'t [u8]) -> Result<Cow<'t, str>, Wrong> {
        match self.place {
            Place::Header | Place::Cookie => {
                std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| NOT_UTF8)
            }
            Place::Path => percent_decode(text).decode_utf8().map_err(|_| NOT_UTF8),
            Place::Query => query_text(text).ok_or(NOT_UTF8),
        }
    }
}

const REPEATED: Wrong = ("repeated", "the parameter once");
const NOT_UTF8: Wrong = ("encoding", "text in UTF-8");
const NO_LABEL: Wrong = ("style", "a `.` before the value");
const NO_MATRIX: Wrong = ("style", "`;`, the name and `=` before the value");
const NO_PAIRS: Wrong = ("style", "names with values");

/// A name or a value of a query, decoded; `None` where it is not UTF-8.
pub(super) fn query_text(text: &[u8]) -> Option<Cow<'_, str>> {
    if !text.contains(&b'+') {
        return percent_decode(text).decode_utf8().ok();
    }
    let space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let spaced: Vec<u8> = text.iter().map(space).collect();
    percent_decode(&spaced).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

/// The one text of a parameter that must not be repeated: which of two is meant, nobody can know.
fn only<'t>(texts: &'t [Cow<'_, [u8]>]) -> Result<&'t [u8], Wrong> {
    if let [only] = texts { Ok(only) } else { Err(REPEATED) }
}

/// The JSON texts of `text` as one of `types`. As a string in the end, which the schema then
/// refuses in its own words where that cannot be.
fn scalars(text: &str, types: Types) -> Vec<String> {
    let is_number = types.has(Types::NUMBER) && text.parse::<serde_json::Number>().is_ok();
    let is_boolean = types.has(Types::BOOLEAN) && matches!(text, "true" | "false");
    let mut values = Vec::new();
    if is_number || is_boolean {
        values.push(text.to_owned());
    }
    if types.has(Types::NULL) && matches!(text, "" | "null") {
        values.push("null".to_owned());
    }
    if values.is_empty() || types.has(Types::STRING) {
        values.push(quoted(text));
    }
    values
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// `text` before and behind the first `at`.
fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = text.split_at_checked(memchr::memchr(at, text)?)?;
    Some((before, behind.get(1..)?))
}

/// The parts of `text` between the first of `delimiters` that is in it.
fn split_by_any<'t>(text: &'t [u8], delimiters: &[&str]) -> Vec<&'t [u8]> {
    let Ok(text) = std::str::from_utf8(text) else { return vec![text] };
    let found = delimiters.iter().find(|delimiter| text.contains(**delimiter));
    found.map_or_else(|| vec![text.as_bytes()], |by| text.split(by).map(str::as_bytes).collect())
}
