//! Methods: what a path calls, in which versions of the API it is, and what it takes.

use super::Done;
use super::areas::{Area, Table, Verb};
use super::fault::{Fault, Wrong};
use super::field::{Field, INT_MAX, Kind, field};
use super::object::Reader;
use super::state::{Record, Store};
use super::{find, write};
use crate::stage::{Call, Refusal};
use http::Method as HttpMethod;
use http::header::ALLOW;
use jiff::Timestamp;
use serde_json::json;

/// Which versions of the API a release of Open2b has: the first and the last one.
pub(super) const RELEASES: [(&str, u32, u32); 18] = [
    ("2012", 1, 1),
    ("2013", 1, 2),
    ("2015", 1, 2),
    ("2016", 2, 3),
    ("2018", 2, 4),
    ("2018 GDPR", 2, 5),
    ("2018 Electronic Invoicing", 2, 6),
    ("2019", 2, 6),
    ("7.0", 3, 7),
    ("7.1", 3, 7),
    ("7.2", 3, 8),
    ("7.3", 3, 8),
    ("7.4", 3, 9),
    ("7.5", 3, 10),
    ("7.6", 3, 11),
    ("7.7", 3, 12),
    ("7.8", 3, 13),
    ("7.9", 3, 13),
];

/// The fields that are returned; all that the key may read, where it is left out.
const FIELDS: Field = field("fields", Kind::List(&Kind::FieldName));
/// By what is sorted, the most important first; by id in the end.
const ORDER: Field = field("order", Kind::List(&Kind::OrderName));
/// From which one on, from 0.
const FIRST: Field = field("first", Kind::Int(0, INT_MAX));
/// Which records are meant.
const CONDITIONS: Field = field("conditions", Kind::Conditions);

/// A method of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    /// Whose records it is about.
    pub(super) area: Area,
    /// What it does with them.
    pub(super) verb: Verb,
}

/// The method that a call is for: `POST /api/v13/commerce.products.find`, or the same below
/// `/open2b` as in older documents.
///
/// # Errors
/// It is no POST, or there is nothing of that name in that version, or the release has no such
/// version.
pub(super) fn called(store: &Store, call: &Call) -> Result<Method, Refusal> {
    if call.method != HttpMethod::POST {
        return Err(Refusal::row("method-not-allowed").header(ALLOW, "POST"));
    }
    let path = call.path();
    let path = path.strip_prefix("/open2b").unwrap_or(path);
    found(store, path).ok_or_else(|| Refusal::row("not-found"))
}

fn found(store: &Store, path: &str) -> Option<Method> {
    let (version, name) = path.strip_prefix("/api/v")?.split_once('/')?;
    let version = RELEASES.iter().find_map(|(release, first, last)| {
        (*release == store.release).then_some(*first..=*last)?.find(|v| v.to_string() == version)
    })?;
    let (area, verb) = name.rsplit_once('.')?;
    let area = Area::ALL.into_iter().find(|known| known.table().method == area)?;
    let table = area.table();
    let verb = *table.verbs.iter().find(|known| known.name() == verb)?;
    (table.since <= version).then_some(Method { area, verb })
}

impl Method {
    fn table(self) -> &'static Table {
        self.area.table()
    }

    /// Whether public keys may call it: reading what the store shows to anybody.
    pub(super) fn is_public(self) -> bool {
        self.table().public && self.verb.reads()
    }

    /// Its full name.
    pub(super) fn name(self) -> String {
        format!("{}.{}", self.table().method, self.verb.name())
    }

    /// Whether the store has the module that it belongs to.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn installed(self, store: &Store) -> Result<(), Wrong> {
        match self.table().module {
            Some(module) if !store.modules.contains(module) => {
                Err(Fault::NotInstalled.at(self.name()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What it takes.
    pub(super) fn fields(self) -> Vec<Field> {
        let table = self.table();
        let key = Field { write: super::field::Write::Always, ..table.key }.required();
        let record = field(table.one, Kind::Record).required();
        let limit = field("limit", Kind::Int(1, table.page));
        match self.verb {
            Verb::Find => [&[CONDITIONS, FIELDS, ORDER, limit, FIRST], table.options].concat(),
            Verb::Get => [&[key, FIELDS], table.options].concat(),
            Verb::Count => vec![CONDITIONS],
            Verb::Create => vec![record],
            Verb::Update => vec![key, record],
            Verb::Delete => vec![key],
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// A rule is against it.
    pub(super) fn perform<'s>(
        self,
        reader: &Reader<'s>,
        request: &Record,
        now: Timestamp,
    ) -> Result<Done<'s>, Wrong> {
        let table = self.table();
        let answer = match self.verb {
            Verb::Find => json!({ "status": "ok", table.many: find::find(reader, request) }),
            Verb::Get => json!({ "status": "ok", table.one: find::get(reader, request) }),
            Verb::Count => json!({ "status": "ok", "count": find::count(reader, request) }),
            Verb::Create | Verb::Update | Verb::Delete => {
                return write::write(reader, self.verb, request, now);
            }
        };
        Ok(Done { answer, draft: None })
    }
}
