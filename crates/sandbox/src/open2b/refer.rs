//! Letting go of a record: those that refer to it go on without it, or keep it from being deleted.

use super::areas::Area;
use super::fault::{Fault, Wrong};
use super::field::{Field, Kind};
use super::record;
use super::state::Record;
use super::write::Draft;
use serde_json::Value;
use std::collections::BTreeMap;

/// What becomes of a record when one that it may refer to is deleted.
enum Parting {
    /// It does not refer to it.
    Strangers,
    /// It goes on without it, like this.
    Without(Record),
    /// It cannot be without it.
    Needed,
}

impl Draft<'_> {
    /// Takes the record out of those that refer to it.
    ///
    /// # Errors
    /// One of them cannot be without it.
    pub(super) fn let_go(&mut self) -> Result<(), Wrong> {
        let mut changed: BTreeMap<(Area, u32), Record> = BTreeMap::new();
        for area in Area::ALL {
            let fields = area.table().fields.iter();
            for field in fields.filter(|field| refers(&field.kind, self.area)) {
                for (id, kept) in self.staying(area) {
                    let holder = changed.get(&(area, id)).unwrap_or(kept);
                    match part(holder, field, self.id) {
                        Parting::Strangers => {}
                        Parting::Without(left) => drop(changed.insert((area, id), left)),
                        Parting::Needed => {
                            return Err(Fault::InvalidValue.at(self.area.table().key.name));
                        }
                    }
                }
            }
        }
        self.others.extend(changed.into_iter().map(|((area, id), r)| (area, id, Some(r))));
        Ok(())
    }

    /// The records of an area that are not deleted along with this one.
    fn staying(&self, area: Area) -> impl Iterator<Item = (u32, &Record)> {
        let goes = move |id: u32| {
            let mut others = self.others.iter();
            let along = others.any(|(a, i, left)| (*a, *i) == (area, id) && left.is_none());
            along || (self.area, self.id) == (area, id)
        };
        self.state.records(area).filter(move |(id, _)| !goes(*id))
    }
}

/// Whether a field of this kind may name a record of `area`.
fn refers(kind: &Kind, area: Area) -> bool {
    match kind {
        Kind::Id(of) => *of == area,
        Kind::List(element) => refers(element, area),
        Kind::Prices => area == Area::PriceLists,
        Kind::Bool
        | Kind::Int(..)
        | Kind::Decimal { .. }
        | Kind::Text(..)
        | Kind::Date
        | Kind::Time
        | Kind::Choice(_)
        | Kind::Language
        | Kind::Texts(_)
        | Kind::Sku
        | Kind::FieldName
        | Kind::OrderName
        | Kind::Object(_)
        | Kind::Record
        | Kind::Conditions => false,
    }
}

/// Takes the record `id` out of this field of its holder.
fn part(holder: &Record, field: &Field, id: u32) -> Parting {
    let Some(value) = holder.get(field.name) else { return Parting::Strangers };
    let left = match value {
        Value::Array(ids) if ids.contains(&id.into()) => {
            ids.iter().filter(|other| **other != id).cloned().collect()
        }
        Value::Object(prices) if prices.contains_key(&id.to_string()) => {
            let others = prices.iter().filter(|(list, _)| **list != id.to_string());
            others.map(|(list, price)| (list.clone(), price.clone())).collect()
        }
        Value::Number(_) if *value == id && !field.nullable => return Parting::Needed,
        Value::Number(_) if *value == id => Value::Null,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => return Parting::Strangers,
    };
    let mut without = holder.clone();
    record::set(&mut without, field.name, left);
    Parting::Without(without)
}
