//! Records as they are shown: with what they have by default, what is worked out, and only what was
//! asked for.

use super::areas::{Area, prices_for};
use super::field::Kind;
use super::object::Reader;
use super::record;
use super::state::Record;
use serde_json::Value;

impl Reader<'_> {
    /// A record with all its fields.
    pub(super) fn whole(&self, id: u32, kept: &Record, request: &Record) -> Record {
        let mut whole = Record::new();
        for field in self.area.table().fields {
            let value = match field.name {
                "id" => id.into(),
                name => kept.get(name).cloned().unwrap_or_else(|| field.empty()),
            };
            whole.insert(field.name.to_owned(), value);
        }
        if self.area == Area::Products {
            let [list, sale] = prices_for(self.state, kept, request);
            record::set(&mut whole, "listPrice", list);
            record::set(&mut whole, "salePrice", sale);
        }
        whole
    }

    /// A record as the request wants it: the fields that it names, and texts in its language.
    pub(super) fn shown(&self, id: u32, kept: &Record, request: &Record) -> Value {
        let mut whole = self.whole(id, kept, request);
        let mut shown = Record::new();
        for field in self.area.table().fields {
            let allowed = self.rights.allow(self.area, field.name, field.private);
            if !allowed || !asked_for(request, field.name) {
                continue;
            }
            let mut value = whole.shift_remove(field.name).unwrap_or(Value::Null);
            if let (Kind::Texts(_), Some(language)) = (field.kind, request.get("language")) {
                only(&mut value, language.as_str().unwrap_or_default());
            }
            shown.insert(field.name.to_owned(), value);
        }
        Value::Object(shown)
    }
}

fn asked_for(request: &Record, name: &str) -> bool {
    !request.contains_key("fields") || record::list(request, "fields").iter().any(|f| f == name)
}

/// Leaves one language of a text.
fn only(texts: &mut Value, language: &str) {
    if let Value::Object(texts) = texts {
        texts.retain(|known, _| known == language);
    }
}
