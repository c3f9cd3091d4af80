//! The world at the start: a small store for the mountains, with ids that are easy on the eye.
//!
//! Its records stand in a file of their own, with times as hours before the start.

use super::areas::{Area, INVENTORY};
use super::field::Kind;
use super::keys::{Key, KeyKind};
use super::record::moment;
use super::state::{Limit, Record, State, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Of an app on a server that keeps the store up to date: it may do everything.
const CONNECTOR: &str = "PrivateKeyOfTheConnector00000001";
/// Of pages that anybody may see.
const STOREFRONT: &str = "PublicKeyOfTheStorefront00000001";
/// Of an app that ships orders, and must not know what they cost.
const COURIER: &str = "PrivateKeyOfTheCourierApp0000001";
/// Of an app that was removed from the store.
const REMOVED: &str = "PrivateKeyOfARemovedApp000000001";

const RECORDS: &str = include_str!("found.json");

/// The last id that was given out before the world began.
const LAST_ID: u32 = 60_000;

/// The state at the start.
pub(super) fn state(now: Timestamp) -> State {
    State { store: store(), keys: keys(), data: data(now), last_id: LAST_ID }
}

fn store() -> Store {
    Store {
        release: "7.8".to_owned(),
        languages: ["en", "it"].map(str::to_owned).to_vec(),
        modules: [INVENTORY.to_owned()].into(),
        moved_status: 301,
        limit: Limit { calls: 1_000, seconds: 300 },
    }
}

fn keys() -> BTreeMap<String, Key> {
    let key = |app: &str, kind| {
        let (areas, withheld) = (Vec::new(), Vec::new());
        Key { app: app.to_owned(), kind, enabled: true, areas, withheld, window: None }
    };
    let courier = Key {
        areas: vec![Area::Orders, Area::Customers],
        withheld: ["orders.total", "orders.isPaidFor"].map(str::to_owned).to_vec(),
        ..key("courier", KeyKind::Private)
    };
    let removed = Key { enabled: false, ..key("removed app", KeyKind::Private) };
    let keys = [
        (CONNECTOR, key("connector", KeyKind::Private)),
        (STOREFRONT, key("storefront", KeyKind::Public)),
        (COURIER, courier),
        (REMOVED, removed),
    ];
    keys.map(|(text, key)| (text.to_owned(), key)).into()
}

/// The records, with their times counted back from `now`.
fn data(now: Timestamp) -> BTreeMap<Area, BTreeMap<u32, Record>> {
    let Ok(mut data) = serde_json::from_str::<BTreeMap<Area, BTreeMap<u32, Record>>>(RECORDS)
    else {
        // A test reads them.
        return BTreeMap::new();
    };
    for (area, records) in &mut data {
        let times = area.table().fields.iter().filter(|field| matches!(field.kind, Kind::Time));
        for time in times {
            for record in records.values_mut() {
                count_back(record.get_mut(time.name), now);
            }
        }
    }
    data
}

/// A number of hours becomes the moment that was so many hours ago.
fn count_back(time: Option<&mut Value>, now: Timestamp) {
    let Some(time) = time else { return };
    let hours = time.as_i64().unwrap_or_default();
    let then = now.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
    *time = moment(then).into();
}
