//! Whom to reach: the contact of a tenant or a user.

use super::moment;
use crate::platform::members::Members;
use crate::stage::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is noted of a contact, each a text.
const DETAILS: [&str; 17] = [
    "email",
    "address1",
    "address2",
    "country",
    "state",
    "city",
    "zipcode",
    "phone",
    "firstname",
    "lastname",
    "title",
    "website",
    "industry",
    "organization_size",
    "aan",
    "fax",
    "language",
];

/// What else may stand in a contact that is sent: what it is for, and what the platform knows better.
const OTHERS: [&str; 4] = ["types", "email_confirmed", "tenant_id", "user_id"];

/// What a contact may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    Legal,
    Primary,
    Billing,
    Technical,
    Management,
    CompanyBilling,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// A UUID.
    pub(crate) id: String,
    /// What it is for.
    pub(crate) types: Vec<Purpose>,
    /// What is noted, by the names of [`DETAILS`].
    pub(crate) details: BTreeMap<String, String>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// What is to be changed of a contact.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    types: Option<Vec<Purpose>>,
    details: BTreeMap<String, String>,
}

// === impl Written ===

impl Written {
    /// The member `contact` of a body; nothing to change where it is not there.
    ///
    /// # Errors
    /// 400: it is not a contact.
    pub(super) fn read(body: &mut Members) -> Result<Self, Refusal> {
        let Some(contact) = body.inner("contact")? else { return Ok(Self::default()) };
        let known: Vec<&str> = DETAILS.into_iter().chain(OTHERS).collect();
        let mut contact = contact.only(&known)?;
        let mut details = BTreeMap::new();
        for name in DETAILS.into_iter().filter(|name| contact.has(name)) {
            details.insert(name.to_owned(), contact.text(name)?.unwrap_or_default());
        }
        if details.get("email").is_some_and(|email| !is_email(email)) {
            return Err(contact.wrong("email", "is not an email address"));
        }
        Ok(Self { types: purposes(&mut contact)?, details })
    }

    /// The email address that it brings, if any.
    pub(super) fn email(&self) -> Option<&str> {
        self.details.get("email").map(String::as_str).filter(|email| !email.is_empty())
    }

    /// A new contact, still without an id.
    pub(super) fn draft(self, now: Timestamp) -> Contact {
        let Self { types, details } = self;
        let (id, types) = (String::new(), types.unwrap_or_default());
        Contact { id, types, details, created_at: now, updated_at: now }
    }
}

fn purposes(contact: &mut Members) -> Result<Option<Vec<Purpose>>, Refusal> {
    let Some(words) = contact.texts("types", 6)? else { return Ok(None) };
    let purposes: Result<Vec<Purpose>, _> =
        words.into_iter().map(|word| Purpose::deserialize(Value::String(word))).collect();
    purposes.map(Some).map_err(|_| contact.wrong("types", "has a type that there is not"))
}

/// An address, or none: the platform asks for no more than an `@` between other characters.
fn is_email(text: &str) -> bool {
    let sides = text.split_once('@');
    let there = sides.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    text.is_empty() || (there && !text.contains(char::is_whitespace))
}

// === impl Contact ===

impl Contact {
    /// The email address; empty where there is none.
    pub(crate) fn email(&self) -> &str {
        self.details.get("email").map_or("", String::as_str)
    }

    /// Changes what `written` brings.
    pub(super) fn change(&mut self, written: Written, now: Timestamp) {
        let Written { types, details } = written;
        self.types = types.unwrap_or_else(|| std::mem::take(&mut self.types));
        self.details.extend(details);
        self.updated_at = now;
    }

    /// As the API shows it: what is not noted is empty.
    pub(super) fn shown(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(self.id));
        shown.insert("created_at".to_owned(), json!(moment(self.created_at)));
        shown.insert("updated_at".to_owned(), json!(moment(self.updated_at)));
        shown.insert("types".to_owned(), json!(self.types));
        shown.insert("email_confirmed".to_owned(), json!(false));
        for name in DETAILS {
            let detail = self.details.get(name).map_or("", String::as_str);
            shown.insert(name.to_owned(), json!(detail));
        }
        Value::Object(shown)
    }
}
