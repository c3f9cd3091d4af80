//! Forms: how a contract writes an error body, as a template that is read both ways.
//!
//! A form is a JSON skeleton in which placeholders mark the parts: `{"errorCode": "{code}"}`. The
//! same skeleton tells whether a body is the API's own envelope, where its parts stand, and what to
//! write. A placeholder with `?` may be absent; one with `:number` is written as a number.

use crate::json;
use crate::json::Pointer;
use serde_json::Value;

/// One form of a contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its name.
    pub name: String,
    /// The media type of the body.
    pub media: String,
    /// The skeleton, as it was written.
    pub skeleton: Value,
    /// Its placeholders.
    pub places: Vec<Place>,
    /// Its constant parts.
    pub constants: Vec<(Pointer, Value)>,
}

/// A placeholder and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Which part.
    pub part: Part,
    /// Where.
    pub pointer: Pointer,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it is written as a number where it is one.
    pub number: bool,
}

/// A part of an error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The vendor's code.
    Code,
    /// The vendor's message.
    Message,
    /// A text that says more than the message.
    Info,
    /// The one field at fault.
    Field,
    /// An object of fields, each with a list of texts.
    Fields,
    /// The vendor's error id.
    ErrorId,
    /// A value of the exchange that no verdict has, such as `request_id`.
    Free(String),
}

impl Part {
    fn named(name: &str) -> Self {
        match name {
            "code" => Self::Code,
            "message" => Self::Message,
            "info" => Self::Info,
            "field" => Self::Field,
            "fields" => Self::Fields,
            "error_id" => Self::ErrorId,
            free => Self::Free(free.to_owned()),
        }
    }
}

impl Form {
    /// Compiles `skeleton`, an object.
    pub fn compile(name: &str, media: &str, skeleton: Value) -> Self {
        let mut form = Self {
            name: name.to_owned(),
            media: media.to_owned(),
            skeleton: Value::Null,
            places: Vec::new(),
            constants: Vec::new(),
        };
        form.walk(&skeleton, &Pointer::root());
        form.skeleton = skeleton;
        form
    }

    fn walk(&mut self, value: &Value, at: &Pointer) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let mut below = at.clone();
                    below.push(key);
                    self.walk(value, &below);
                }
            }
            Value::String(text) => match Place::read(text) {
                Some(place) => self.places.push(Place { pointer: at.clone(), ..place }),
                None => self.constants.push((at.clone(), value.clone())),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                self.constants.push((at.clone(), value.clone()));
            }
        }
    }

    /// Where `part` stands.
    pub fn pointer(&self, part: &Part) -> Option<&Pointer> {
        self.place(part).map(|p| &p.pointer)
    }

    /// The place of `part`.
    pub fn place(&self, part: &Part) -> Option<&Place> {
        self.places.iter().find(|p| p.part == *part)
    }

    /// How many of its placeholders and constants `body` has.
    pub(crate) fn parts_in(&self, body: &json::Document<'_>) -> usize {
        let there = |pointer: &Pointer| body.pointer(pointer).is_some_and(|node| !node.is_null());
        let places = self.places.iter().map(|place| &place.pointer);
        let constants = self.constants.iter().map(|(pointer, _)| pointer);
        places.chain(constants).filter(|pointer| there(pointer)).count()
    }

    /// Whether `body` has this form: every constant and every placeholder that must be there.
    pub fn recognises(&self, body: &json::Document<'_>) -> bool {
        let constant = |(pointer, value): &(Pointer, Value)| {
            body.pointer(pointer).is_some_and(|node| node.to_value() == *value)
        };
        body.root().kind() == json::Kind::Object
            && self.constants.iter().all(constant)
            && self.places.iter().all(|place| place.fits(body))
    }
}

impl Place {
    /// The placeholder that `text` is: `{code}`, `{info?}`, `{code:number}`. It stands at the root.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let name = text.strip_prefix('{')?.strip_suffix('}')?;
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        let (name, number) =
            name.strip_suffix(":number").map_or((name, false), |name| (name, true));
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !name.is_empty() && name.chars().all(fits);
        let part = is_name.then(|| Part::named(name))?;
        Some(Self { part, pointer: Pointer::root(), optional, number })
    }

    /// `text` as this place writes it.
    pub(crate) fn write(&self, text: &str) -> Value {
        let number = text.parse::<u64>().ok().filter(|_| self.number);
        number.map_or_else(|| Value::from(text), Value::from)
    }

    fn fits(&self, body: &json::Document<'_>) -> bool {
        match body.pointer(&self.pointer) {
            None => self.optional,
            Some(node) if node.is_null() => self.optional,
            Some(node) if self.part == Part::Fields => node.kind() == json::Kind::Object,
            Some(node) => node.scalar_text().is_some(),
        }
    }
}
