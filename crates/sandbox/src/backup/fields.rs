//! The members of a JSON body, read one by one.
//!
//! A member that nobody knows, or of another type, is refused: "the fields are invalid in some
//! way". `null` is as good as absent, but where absence and emptiness differ.

use super::refusals::{bad, malformed};
use super::visit::id_like;
use crate::stage::{Call, NoJson, Refusal};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// How long a name may be, in characters.
const LONGEST_NAME: usize = 255;

/// The members of an object in a body.
pub(super) struct Fields {
    members: Map<String, Value>,
    /// The path of the object, with a dot at its end; empty for the body itself.
    within: &'static str,
}

/// A member that may be there, be emptied, or be something.
pub(super) enum Given<T> {
    /// It is not there.
    Nothing,
    /// It is `null`.
    Null,
    /// It is this.
    Value(T),
}

impl Fields {
    /// The body of a call, which has these members at most.
    ///
    /// # Errors
    /// It is not a JSON object, or has others.
    pub(super) fn read(call: &Call, known: &[&str]) -> Result<Self, Refusal> {
        let value = call.json().map_err(|why| match why {
            NoJson::Empty => bad("body", "must not be empty"),
            NoJson::TooLarge => bad("body", "is too large"),
            NoJson::Malformed => malformed(),
        })?;
        if call.media_type().as_deref() != Some("application/json") {
            return Err(bad("Content-Type", "must be application/json"));
        }
        Self::of(value, "", known)
    }

    /// As [`Self::read`], where there may be no body at all.
    pub(super) fn read_any(call: &Call, known: &[&str]) -> Result<Self, Refusal> {
        match call.json() {
            Err(NoJson::Empty) => Ok(Self { members: Map::new(), within: "" }),
            _ => Self::read(call, known),
        }
    }

    fn of(value: Value, within: &'static str, known: &[&str]) -> Result<Self, Refusal> {
        let Value::Object(members) = value else {
            return Err(bad(within.trim_end_matches('.'), "must be an object"));
        };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(bad(&format!("{within}{unknown}"), "is not a known field")),
            None => Ok(Self { members, within }),
        }
    }

    /// Whether there is no member.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A name for people.
    pub(super) fn name(&self, field: &str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match text.trim() {
            "" => Err(self.bad(field, "must not be blank")),
            name if name.chars().count() > LONGEST_NAME => Err(self.bad(field, "is too long")),
            name if name.contains(char::is_control) => {
                Err(self.bad(field, "has characters that are not allowed"))
            }
            name => Ok(Some(name.to_owned())),
        }
    }

    /// An id, or another word without blanks.
    pub(super) fn id(&self, field: &str) -> Result<Option<String>, Refusal> {
        let text = self.text(field)?;
        text.map(|text| id_like(&self.path(field), text).map(|()| text.to_owned())).transpose()
    }

    /// The same, which must be there.
    pub(super) fn id_required(&self, field: &str) -> Result<String, Refusal> {
        self.id(field)?.ok_or_else(|| self.missing(field))
    }

    /// Text of any kind.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, Refusal> {
        match self.members.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(field, "must be a string")),
        }
    }

    /// True or false.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, Refusal> {
        match self.members.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.bad(field, "must be true or false")),
        }
    }

    /// One of the values of an enumeration.
    pub(super) fn choice<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Refusal> {
        let text = self.text(field)?;
        text.map(|text| choice(&self.path(field), text)).transpose()
    }

    /// An object, with its path (`scheduleDetails.`) and the members that it has at most.
    pub(super) fn object(
        &self,
        field: &str,
        path: &'static str,
        known: &[&str],
    ) -> Result<Given<Self>, Refusal> {
        match self.members.get(field) {
            None => Ok(Given::Nothing),
            Some(Value::Null) => Ok(Given::Null),
            Some(value) => Self::of(value.clone(), path, known).map(Given::Value),
        }
    }

    /// The refusal of a member that must be there.
    pub(super) fn missing(&self, field: &str) -> Refusal {
        self.bad(field, "is required")
    }

    /// The refusal of a member.
    pub(super) fn bad(&self, field: &str, why: &str) -> Refusal {
        bad(&self.path(field), why)
    }

    fn path(&self, field: &str) -> String {
        format!("{}{field}", self.within)
    }
}

/// The value of an enumeration that is spelt like this.
///
/// # Errors
/// It has none.
pub(super) fn choice<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Refusal> {
    let value = serde_json::from_value(Value::from(text));
    value.map_err(|_| bad(field, "has none of the possible values"))
}
