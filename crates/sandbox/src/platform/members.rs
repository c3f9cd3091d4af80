//! The members of a JSON object, read as what they must be.
//!
//! Clients in the field send numbers and booleans as text now and then, so `"3"` and `"true"` are
//! read as `3` and `true`.

use crate::platform::errors;
use crate::stage::Refusal;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// How long a text may be, in bytes.
pub(in crate::platform) const LONGEST_TEXT: usize = 1024;

/// The members of an object, and where it stands in the body.
#[derive(Debug)]
pub(in crate::platform) struct Members {
    members: Map<String, Value>,
    at: String,
}

impl Members {
    /// The members of a body.
    pub(in crate::platform) fn of(body: Map<String, Value>) -> Self {
        Self { members: body, at: String::new() }
    }

    /// The members of a value inside of a body.
    ///
    /// # Errors
    /// 400: it is not an object.
    pub(in crate::platform) fn at(at: &str, value: Value) -> Result<Self, Refusal> {
        let Value::Object(members) = value else { return Err(bad(at, "is not an object")) };
        Ok(Self { members, at: format!("{at}.") })
    }

    /// These, where there are no others than the known ones.
    ///
    /// # Errors
    /// 400: there is another one.
    pub(in crate::platform) fn only(self, known: &[&str]) -> Result<Self, Refusal> {
        match self.members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(self.wrong(unknown, "is unknown")),
            None => Ok(self),
        }
    }

    /// Whether there is such a member, though it be `null`.
    pub(in crate::platform) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A text; `None` where it is not there, or `null`.
    pub(in crate::platform) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() > LONGEST_TEXT => {
                Err(self.wrong(name, "is too long"))
            }
            Some(Value::String(text)) if text.contains('\0') => {
                Err(self.wrong(name, "contains a NUL character"))
            }
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "is not a text")),
        }
    }

    /// A text that must be there, and say something.
    pub(in crate::platform) fn some_text(&self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name)?.ok_or_else(|| self.wrong(name, "is missing"))?;
        if text.trim().is_empty() { Err(self.wrong(name, "is empty")) } else { Ok(text) }
    }

    /// A text that may be cleared: `target` stays as it is where the member is not there, and is
    /// empty where it is `null`.
    pub(in crate::platform) fn renew(
        &self,
        name: &str,
        target: &mut Option<String>,
    ) -> Result<(), Refusal> {
        if self.has(name) {
            *target = self.text(name)?;
        }
        Ok(())
    }

    /// A UUID.
    pub(in crate::platform) fn id(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.text(name)? {
            Some(text) if !is_uuid(&text) => Err(self.wrong(name, "is not a UUID")),
            id => Ok(id),
        }
    }

    /// A UUID that must be there.
    pub(in crate::platform) fn some_id(&self, name: &str) -> Result<String, Refusal> {
        self.id(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// One of a few words, as it is read by its type.
    pub(in crate::platform) fn word<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let word = T::deserialize(Value::String(text));
        word.map(Some).map_err(|_| self.wrong(name, "is none of the words that may stand there"))
    }

    /// A whole number that is not negative.
    pub(in crate::platform) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match whole(value) {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(name, "is not a whole number from 0 on")),
            },
        }
    }

    /// A number that must be there.
    pub(in crate::platform) fn some_number(&self, name: &str) -> Result<u64, Refusal> {
        self.number(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// True or false.
    pub(in crate::platform) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let read = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Bool(flag)) => Some(*flag),
            Some(Value::String(text)) => flag(text),
            Some(Value::Number(number)) => flag(&number.to_string()),
            Some(_) => None,
        };
        read.map(Some).ok_or_else(|| self.wrong(name, "is neither true nor false"))
    }

    /// The values of an array of at most `most`; none where it is not there.
    pub(in crate::platform) fn list(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<Value>>, Refusal> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(values)) if values.len() > most => {
                Err(self.wrong(name, &format!("has more than {most} items")))
            }
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(_) => Err(self.wrong(name, "is not an array")),
        }
    }

    /// The values of an array that must be there, as objects.
    pub(in crate::platform) fn objects(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Vec<Self>, Refusal> {
        let values = self.list(name, most)?.ok_or_else(|| self.wrong(name, "is missing"))?;
        let at = |n| format!("{}{name}[{n}]", self.at);
        values.into_iter().enumerate().map(|(n, value)| Self::at(&at(n), value)).collect()
    }

    /// The texts of an array.
    pub(in crate::platform) fn texts(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<String>>, Refusal> {
        let Some(values) = self.list(name, most)? else { return Ok(None) };
        let text = |value| {
            let text = if let Value::String(text) = value { Some(text) } else { None };
            let text = text.filter(|text| text.len() <= LONGEST_TEXT && !text.contains('\0'));
            text.ok_or_else(|| self.wrong(name, "is not an array of texts"))
        };
        values.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// The members of an object inside; `None` where it is not there.
    pub(in crate::platform) fn inner(&mut self, name: &str) -> Result<Option<Self>, Refusal> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Self::at(&format!("{}{name}", self.at), value).map(Some),
        }
    }

    /// An object inside, with whatever is in it; `None` where it is not there.
    pub(in crate::platform) fn object(
        &mut self,
        name: &str,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(self.wrong(name, "is not an object")),
        }
    }

    /// What is wrong with a member.
    pub(in crate::platform) fn wrong(&self, name: &str, what: &str) -> Refusal {
        bad(&format!("{}{name}", self.at), what)
    }
}

/// 400: what is wrong with a part of the request.
pub(in crate::platform) fn bad(at: &str, what: &str) -> Refusal {
    let shown: String = at.chars().filter(|c| !c.is_control()).take(80).collect();
    errors::http(400).info(format!("`{shown}` {what}."))
}

/// Whether a text is a UUID as the platform writes them: 32 small hexadecimal digits in groups of
/// 8, 4, 4, 4 and 12.
pub(in crate::platform) fn is_uuid(text: &str) -> bool {
    let hex = |group: &str| group.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let groups = text.split('-');
    groups.clone().map(str::len).eq([8, 4, 4, 4, 12]) && groups.clone().all(hex)
}

/// Whether a text says true or false.
pub(in crate::platform) fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // Beyond that, clients written in JavaScript lose digits.
    (number <= 1 << 53).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        Members::at("x", value).unwrap()
    }

    #[test]
    fn numbers_and_booleans_may_be_texts() {
        let members = members(json!({ "a": "3", "b": 4, "c": "true", "d": 0, "e": null }));
        assert_eq!(members.number("a").unwrap(), Some(3));
        assert_eq!(members.number("b").unwrap(), Some(4));
        assert_eq!(members.flag("c").unwrap(), Some(true));
        assert_eq!(members.flag("d").unwrap(), Some(false));
        assert_eq!(members.number("e").unwrap(), None);
        assert!(members.has("e") && !members.has("f"));
    }

    #[test]
    fn what_is_something_else_is_refused() {
        let mut members = members(json!({ "a": -1, "b": 1.5, "c": "yes", "d": {}, "e": "\0" }));
        assert!(members.number("a").is_err());
        assert!(members.number("b").is_err());
        assert!(members.flag("c").is_err());
        assert!(members.text("d").is_err());
        assert!(members.text("e").is_err());
        assert!(members.texts("d", 1).is_err());
        assert!(members.only(&["a", "b", "c"]).is_err_and(|refusal| refusal.id() == "400"));
    }

    #[test]
    fn a_uuid_is_written_in_small_letters() {
        assert!(is_uuid("00000000-0000-4000-8000-00000000a001"));
        for other in
            ["", "00000000-0000-4000-8000-00000000A001", "00000000000040008000000000000001"]
        {
            assert!(!is_uuid(other), "{other}");
        }
    }
}
