//! What a store remembers: its release and modules, its keys, and its records.

use super::areas::Area;
use super::keys::Key;
use super::record;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The most records of one area. Movements beyond it are forgotten, the oldest first; anything else
/// beyond it is no valid value.
pub(super) const MOST_RECORDS: usize = 5_000;

/// A record: its members by name, without its id. What it does not name, it has by default.
pub type Record = Map<String, Value>;

/// All that the API remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The store itself.
    pub store: Store,
    /// The keys that were given out, by their text; at most 100.
    pub keys: BTreeMap<String, Key>,
    /// The records of each area, by id; at most 5000 of an area, or as many as its ids go.
    pub data: BTreeMap<Area, BTreeMap<u32, Record>>,
    /// The last id that was given out.
    pub last_id: u32,
}

/// The store: what it runs, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The release of Open2b, such as `7.8`. It decides which versions of the API there are.
    pub release: String,
    /// The languages that texts are kept in; the first one is the store's own.
    pub languages: Vec<String>,
    /// The modules that are installed: `inventory`, `invoicing`.
    pub modules: BTreeSet<String>,
    /// With which status a store that has moved says so: 300, 301, 302, 303 or 307.
    pub moved_status: u16,
    /// How many calls a key may make.
    pub limit: Limit,
}

/// A limit of calls. The documents have 1000 in 5 minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many.
    pub calls: u32,
    /// In how many seconds, from the first one on.
    pub seconds: u32,
}

/// A change of one record: what it becomes, or that it goes.
pub(super) type Change = (Area, u32, Option<Record>);

impl State {
    /// The records of an area, in the order of their ids.
    pub(super) fn records(&self, area: Area) -> impl Iterator<Item = (u32, &Record)> {
        self.data.get(&area).into_iter().flatten().map(|(id, record)| (*id, record))
    }

    /// A record.
    pub(super) fn record(&self, area: Area, id: u32) -> Option<&Record> {
        self.data.get(&area)?.get(&id)
    }

    /// How many records an area has.
    pub(super) fn count(&self, area: Area) -> usize {
        self.data.get(&area).map_or(0, BTreeMap::len)
    }

    /// The record that is named by this key: by its id, or by its SKU.
    pub(super) fn named(&self, area: Area, key: &Value) -> Option<(u32, &Record)> {
        if let Some(sku) = key.as_str() {
            return self.item(sku);
        }
        let id = record::as_id(key)?;
        Some((id, self.record(area, id)?))
    }

    /// The item with this SKU.
    pub(super) fn item(&self, sku: &str) -> Option<(u32, &Record)> {
        self.records(Area::Items).find(|(_, item)| record::text(item, "sku") == sku)
    }

    /// The customer group of those who have no other.
    pub(super) fn default_group(&self) -> Option<(u32, &Record)> {
        self.records(Area::CustomerGroups).find(|(_, group)| record::flag(group, "isDefault"))
    }

    /// Takes changes over. Nothing is checked any more.
    pub(super) fn commit(&mut self, changes: Vec<Change>) {
        for (area, id, record) in changes {
            let records = self.data.entry(area).or_default();
            match record {
                Some(record) => drop(records.insert(id, record)),
                None => drop(records.remove(&id)),
            }
            if area.table().numbered_by_store() {
                self.last_id = self.last_id.max(id);
            }
        }
        let movements = self.data.entry(Area::Movements).or_default();
        while movements.len() > MOST_RECORDS {
            movements.pop_first();
        }
    }
}
