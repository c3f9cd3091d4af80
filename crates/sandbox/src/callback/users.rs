//! The application's own callbacks: the users of a partner's organization.

use super::answers::Refusal;
use super::callbacks::Done;
use super::request::{no_payload, payload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many users an organization may have.
const MOST: usize = 1_000;

/// The users, by the partner's organization and their login.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Users(BTreeMap<String, BTreeMap<String, User>>);

/// What is known of a user, its login aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
}

/// A user as it is written.
#[derive(Debug, Deserialize)]
struct Written {
    login: String,
    name: String,
}

impl Users {
    pub(super) fn founded() -> Self {
        let ada = ("ada".to_owned(), User { name: "Ada Nováková".to_owned() });
        Self([("org-1000".to_owned(), [ada].into())].into())
    }

    /// All users of the organization.
    pub(super) fn read(&mut self, partner: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        let users = self.0.get(partner).into_iter().flatten();
        let item = |(login, user): (&String, &User)| json!({ "login": login, "name": user.name });
        Ok(Some(json!({ "items": users.map(item).collect::<Vec<_>>() })))
    }

    /// Adds a user, or changes its name.
    pub(super) fn write(&mut self, partner: &str, given: Option<&Value>) -> Done {
        let Written { login, name } = payload(given)?;
        let users = self.0.entry(partner.to_owned()).or_default();
        if users.len() >= MOST && !users.contains_key(&login) {
            return Err(Refusal::forbidden(format!("There may be no more than {MOST} users.")));
        }
        users.insert(login, User { name });
        Ok(None)
    }
}
