//! Reading the body of a call: all its mistakes at once, each with its path.
//!
//! What is no JSON object is a 400 without details; a member that is unknown, of another type or
//! out of its bounds is named in `validationDetails`.

use super::refuse::{bad, invalid, short, unreadable};
use crate::stage::{Call, NoJson, Refusal};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// How many mistakes are told at most.
const MOST_TOLD: usize = 50;

/// The members of a body, and what is wrong with them.
pub(super) struct Fields {
    members: Map<String, Value>,
    wrong: Vec<(String, String)>,
    entity: &'static str,
}

impl Fields {
    /// Reads the body. `entity` is what the API calls the thing; `known` are its members.
    pub(super) fn read(call: &Call, entity: &'static str, known: &[&str]) -> Result<Self, Refusal> {
        let members = object(call)?;
        let unknown = members.keys().filter(|name| !known.contains(&name.as_str()));
        let wrong = unknown.map(|name| (short(name), "is not a known field".to_owned()));
        let wrong = wrong.take(MOST_TOLD).collect();
        Ok(Self { members, wrong, entity })
    }

    /// Notes a mistake.
    pub(super) fn wrong(&mut self, path: impl Into<String>, text: impl Into<String>) {
        if self.wrong.len() < MOST_TOLD {
            self.wrong.push((path.into(), text.into()));
        }
    }

    /// A member as it was sent; null is as good as absent.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most `longest` characters.
    pub(super) fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        let Some(Value::String(text)) = self.value(name) else {
            if self.value(name).is_some() {
                self.wrong(name, "must be a string");
            }
            return None;
        };
        let text = text.clone();
        if text.chars().any(|c| c.is_control() && !"\r\n\t".contains(c)) {
            self.wrong(name, "must not contain control characters");
            return None;
        }
        if text.chars().count() > longest {
            self.wrong(name, format!("size must be between 0 and {longest}"));
            return None;
        }
        Some(text)
    }

    /// A text that must be there and say something.
    pub(super) fn required(&mut self, name: &str, longest: usize) -> String {
        let before = self.wrong.len();
        let text = self.text(name, longest).unwrap_or_default();
        if text.trim().is_empty() && self.wrong.len() == before {
            self.wrong(name, "must not be blank");
        }
        text
    }

    /// A text that may be left out, but not be blank.
    pub(super) fn unblank(&mut self, name: &str, longest: usize) -> Option<String> {
        self.value(name)?;
        Some(self.required(name, longest))
    }

    /// True or false.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = self.value(name)?.as_bool();
        if flag.is_none() {
            self.wrong(name, "must be true or false");
        }
        flag
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, name: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(name)?;
        match within(value, &bounds) {
            Ok(number) => Some(number),
            Err(text) => {
                self.wrong(name, text);
                None
            }
        }
    }

    /// The elements of a list.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(_) => {
                self.wrong(name, "must be a list");
                Vec::new()
            }
        }
    }

    /// Whether all is well so far.
    pub(super) fn done(self) -> Result<(), Refusal> {
        let message = format!("An entity of type {} was passed in an invalid format.", self.entity);
        self.done_or(message)
    }

    /// Whether all is well so far; said otherwise in these words.
    pub(super) fn done_or(self, message: String) -> Result<(), Refusal> {
        if self.wrong.is_empty() { Ok(()) } else { Err(invalid(message, self.wrong)) }
    }

    /// Whether nothing is wrong.
    pub(super) fn is_well(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// A whole number within bounds, or why it is none.
pub(super) fn within(value: &Value, bounds: &RangeInclusive<u32>) -> Result<u32, String> {
    let (low, high) = (bounds.start(), bounds.end());
    let Value::Number(number) = value else { return Err("must be a number".to_owned()) };
    let Some(whole) = number.as_i64() else { return Err("must be a whole number".to_owned()) };
    match u32::try_from(whole) {
        Ok(number) if bounds.contains(&number) => Ok(number),
        _ if whole < i64::from(*low) => Err(format!("must be greater than or equal to {low}")),
        _ => Err(format!("must be less than or equal to {high}")),
    }
}

/// The body as a JSON object.
fn object(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let media = call.media_type();
    if let Some(other) = media.filter(|media| media != "application/json") {
        return Err(bad(format!("Content type '{}' is not supported.", short(&other))));
    }
    match call.json() {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(NoJson::Malformed) => Err(unreadable()),
        Err(NoJson::Empty) => Err(bad("The request body is missing.")),
        Err(NoJson::TooLarge) => Err(bad("The request body is too large.")),
    }
}
