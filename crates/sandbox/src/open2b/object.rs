//! Reading objects by their fields: requests, records that are written, and records that are kept.
//!
//! What is wrong is told by the first of these that finds something: members that are unknown, in
//! the order in which they were sent; then field by field, in the order of the table, whether the
//! key may use it and whether its value is right; then what is missing; then which fields do not go
//! together.

use super::areas::Area;
use super::fault::{Fault, Path, Wrong};
use super::field::{Field, Write};
use super::keys::Rights;
use super::state::{Record, State};
use serde_json::Value;

/// Reads what was sent about an area, for somebody with these rights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'s> {
    /// Against what it is held.
    pub(super) state: &'s State,
    /// Whose records it is about.
    pub(super) area: Area,
    /// What the key may use.
    pub(super) rights: Rights<'s>,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A request, or a part of it that is no record.
    Request,
    /// A new record, or a part of one.
    Create,
    /// What is to change about a record.
    Update,
    /// A record as it is kept.
    Kept,
}

impl<'s> Reader<'s> {
    /// A reader for an area.
    pub(super) fn new(state: &'s State, area: Area, rights: Rights<'s>) -> Self {
        Self { state, area, rights }
    }

    /// The request, with its values as they are kept.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn request(&self, fields: &[Field], given: &Record) -> Result<Record, Wrong> {
        let request = self.object(fields, given, &Path::Request, Purpose::Request)?;
        let all = |name: &str| there(&request, name);
        for (name, value) in &request {
            // What is below is held against the request as well: a condition may need a group.
            if let (Some(field), Value::Object(members)) = (named(fields, name), value) {
                let below = self.members_of(&field);
                together(below, members, &Path::Request.member(name), all)?;
            }
        }
        together(fields, &request, &Path::Request, all)?;
        Ok(request)
    }

    /// An object by its fields, with its values as they are kept.
    ///
    /// # Errors
    /// The first thing that is wrong with it, but for fields that do not go together.
    pub(super) fn object(
        &self,
        fields: &[Field],
        given: &Record,
        path: &Path<'_>,
        purpose: Purpose,
    ) -> Result<Record, Wrong> {
        let unknown = given.keys().find(|name| named(fields, name).is_none());
        if let Some(name) = unknown {
            return Err(Fault::Unknown.at(path.member(name)));
        }
        let mut read = Record::new();
        for field in fields {
            let Some(value) = given.get(field.name) else { continue };
            let path = path.member(field.name);
            self.may_send(field, purpose).map_err(|fault| fault.at(path))?;
            read.insert(field.name.to_owned(), self.field(field, value, &path, purpose)?);
        }
        let missing = fields.iter().find(|f| f.required && !given.contains_key(f.name));
        match missing.filter(|_| purpose != Purpose::Update) {
            Some(field) => Err(Fault::Missing.at(path.member(field.name))),
            None => Ok(read),
        }
    }

    fn field(
        &self,
        field: &Field,
        value: &Value,
        path: &Path<'_>,
        purpose: Purpose,
    ) -> Result<Value, Wrong> {
        if !value.is_null() {
            return self.value(&field.kind, value, path, purpose);
        }
        if field.nullable { Ok(Value::Null) } else { Err(Fault::Malformed.at(path)) }
    }

    /// Whether the key may send a field, here.
    fn may_send(&self, field: &Field, purpose: Purpose) -> Result<(), Fault> {
        let writable = match purpose {
            Purpose::Request | Purpose::Kept => true,
            Purpose::Create => field.write != Write::Never,
            Purpose::Update => field.write == Write::Always,
        };
        let of_record = purpose != Purpose::Request;
        let allowed = !of_record || self.rights.allow(self.area, field.name, field.private);
        if writable && allowed { Ok(()) } else { Err(Fault::AccessDenied) }
    }
}

/// Whether the fields of an object go together. A field that another one requires or excludes is
/// looked for beside it, and in the request.
///
/// # Errors
/// The first two that do not.
pub(super) fn together(
    fields: &[Field],
    object: &Record,
    path: &Path<'_>,
    in_request: impl Fn(&str) -> bool,
) -> Result<(), Wrong> {
    for field in fields.iter().filter(|field| there(object, field.name)) {
        let own = path.member(field.name);
        let beside = |name: &str| named(fields, name).is_some();
        let is_there =
            |name: &str| if beside(name) { there(object, name) } else { in_request(name) };
        let full = |name: &str| {
            if beside(name) { path.member(name).to_string() } else { name.to_owned() }
        };
        if let Some(other) = field.requires.filter(|other| !is_there(other)) {
            return Err(Fault::MissingWith(own.to_string()).at(full(other)));
        }
        if let Some(other) = field.excludes.filter(|other| is_there(other)) {
            return Err(Fault::InvalidWith(full(other)).at(own));
        }
    }
    Ok(())
}

/// The field of this name.
pub(super) fn named(fields: &[Field], name: &str) -> Option<Field> {
    fields.iter().find(|field| field.name == name).copied()
}

/// Whether an object has this member, with a value.
fn there(object: &Record, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}
