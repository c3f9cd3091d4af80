//! Creating, changing and deleting: a draft of what is to change, which rules check and add to, and
//! which is taken over as a whole or not at all.

use super::Done;
use super::areas::{Area, Verb};
use super::fault::{Fault, Path, Wrong};
use super::field::Field;
use super::object::{Purpose, Reader, together};
use super::record;
use super::state::{Change, Record, State};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What is to change: a record, and what follows from it.
#[derive(Debug)]
pub(super) struct Draft<'s> {
    /// The world as it is.
    pub(super) state: &'s State,
    /// Now, as the API writes it.
    pub(super) now: String,
    /// The id of the record.
    pub(super) id: u32,
    /// The record as it is, unless it is new.
    pub(super) before: Option<&'s Record>,
    /// What else changes.
    pub(super) others: Vec<Change>,
    /// Whose record it is.
    pub(super) area: Area,
    /// The record as it will be; as it was, where it is deleted.
    after: Record,
    deleted: bool,
    /// The ids that were taken for others.
    taken: u32,
}

/// What a writing method comes to.
///
/// # Errors
/// The record is none, or a rule is against the change.
pub(super) fn write<'s>(
    reader: &Reader<'s>,
    verb: Verb,
    request: &Record,
    now: Timestamp,
) -> Result<Done<'s>, Wrong> {
    let mut draft = Draft::of(reader, verb, request, now)?;
    (reader.area.table().rule)(&mut draft)?;
    if draft.deleted {
        draft.let_go()?;
    }
    let key = reader.area.table().key.name;
    let named = if key == "id" { Some(draft.id.into()) } else { draft.after.get(key).cloned() };
    let answer = match verb {
        Verb::Create => json!({ "status": "ok", key: named }),
        Verb::Find | Verb::Get | Verb::Count | Verb::Update | Verb::Delete => {
            json!({ "status": "ok" })
        }
    };
    Ok(Done { answer, draft: Some(draft) })
}

impl<'s> Draft<'s> {
    fn of(
        reader: &Reader<'s>,
        verb: Verb,
        request: &Record,
        now: Timestamp,
    ) -> Result<Self, Wrong> {
        let state = reader.state;
        let table = reader.area.table();
        let named = |key| {
            let found = state.named(reader.area, key);
            found.ok_or_else(|| Fault::InvalidValue.at(table.key.name))
        };
        let found = request.get(table.key.name).map(named).transpose()?;
        let mut draft = Self {
            state,
            now: record::moment(now),
            id: 0,
            before: found.map(|(_, record)| record),
            others: Vec::new(),
            area: reader.area,
            after: found.map(|(_, record)| record.clone()).unwrap_or_default(),
            deleted: verb == Verb::Delete,
            taken: 0,
        };
        draft.id = match found {
            Some((id, _)) => id,
            None => draft.new_id(reader.area).ok_or_else(|| Fault::InvalidValue.at(table.one))?,
        };
        if let Some(Value::Object(given)) = request.get(table.one) {
            draft.take(reader, given)?;
        }
        Ok(draft)
    }

    /// Takes over what was sent of the record.
    fn take(&mut self, reader: &Reader<'s>, given: &Record) -> Result<(), Wrong> {
        let table = self.area.table();
        let path = Path::Request.member(table.one);
        let purpose = if self.is_new() { Purpose::Create } else { Purpose::Update };
        let given = reader.object(table.fields, given, &path, purpose)?;
        self.after.extend(given);
        together(table.fields, &self.after, &path, |_| false)?;
        for field in table.fields {
            self.touch(field);
            if field.unique && self.is_taken(field) {
                return Err(Fault::InvalidValue.at(path.member(field.name)));
            }
        }
        Ok(())
    }

    /// Times that the store keeps by itself.
    fn touch(&mut self, field: &Field) {
        let created = field.name == "creationTime" && self.is_new();
        if created || field.name == "updateTime" {
            record::set(&mut self.after, field.name, self.now.as_str());
        }
    }

    /// Whether another record has the same.
    fn is_taken(&self, field: &Field) -> bool {
        let Some(own) = self.after.get(field.name).filter(|own| **own != "") else { return false };
        let mut records = self.state.records(self.area);
        records.any(|(id, other)| id != self.id && other.get(field.name) == Some(own))
    }

    /// Whether the record is created.
    pub(super) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the record is deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The record as it will be.
    pub(super) fn after(&self) -> &Record {
        &self.after
    }

    /// The record as it will be, to be completed.
    pub(super) fn after_mut(&mut self) -> &mut Record {
        &mut self.after
    }

    /// An id for a new record. `None` where the area is full.
    pub(super) fn new_id(&mut self, area: Area) -> Option<u32> {
        let table = area.table();
        let full = self.state.count(area) >= table.most() && area != Area::Movements;
        if full {
            return None;
        }
        if !table.numbered_by_store() {
            return (1..=table.largest).find(|id| self.state.record(area, *id).is_none());
        }
        self.taken += 1;
        let id = self.state.last_id.checked_add(self.taken)?;
        (id <= table.largest).then_some(id)
    }

    /// All changes, to be taken over.
    pub(super) fn changes(self) -> Vec<Change> {
        let own = (self.area, self.id, (!self.deleted).then_some(self.after));
        self.others.into_iter().chain([own]).collect()
    }
}
