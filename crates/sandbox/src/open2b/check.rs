//! Whether a world is one that the rules could have led to.
//!
//! A record that is kept is read by the same fields as one that is sent, so what the API would
//! never take cannot be loaded either.

use super::areas::{Area, INVENTORY, INVOICING};
use super::fault::{Path, Wrong};
use super::front::MOVED;
use super::keys::{MOST_KEYS, Rights, well_formed};
use super::method::RELEASES;
use super::object::{Purpose, Reader, together};
use super::record;
use super::state::{Record, State, Store};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most languages of a store.
const MOST_LANGUAGES: usize = 20;
/// The most fields that are withheld from a key.
const MOST_WITHHELD: usize = 100;
/// The longest window of a call limit: a day, in seconds.
const LONGEST_WINDOW: u32 = 86_400;

/// # Errors
/// The first thing that is wrong.
pub(super) fn whole(state: &State) -> Result<(), String> {
    store(&state.store)?;
    keys(state)?;
    holds(state.last_id <= i32::MAX.unsigned_abs(), || "the last id is too large".to_owned())?;
    for area in Area::ALL {
        records(state, area)?;
        unique(state, area)?;
    }
    one_default_group(state)?;
    one_primary_item_each(state)?;
    bases_are_not_derived(state)
}

fn store(store: &Store) -> Result<(), String> {
    let Store { release, languages, modules, moved_status, limit } = store;
    let known = RELEASES.iter().any(|(known, ..)| known == release);
    holds(known, || format!("there is no release {release:?}"))?;
    let of_two = |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase());
    let some = (1..=MOST_LANGUAGES).contains(&languages.len());
    let different = languages.iter().collect::<BTreeSet<_>>().len() == languages.len();
    let good = some && different && languages.iter().all(of_two);
    holds(good, || "languages are one to 20 different codes of two small letters".to_owned())?;
    let strange = modules.iter().find(|module| ![INVENTORY, INVOICING].contains(&module.as_str()));
    holds(strange.is_none(), || format!("there is no module {strange:?}"))?;
    holds(MOVED.contains(moved_status), || format!("no store moves with {moved_status}"))?;
    let bounded = limit.calls > 0 && (1..=LONGEST_WINDOW).contains(&limit.seconds);
    holds(bounded, || "a limit has one call or more, in at most a day".to_owned())
}

fn keys(state: &State) -> Result<(), String> {
    holds(state.keys.len() <= MOST_KEYS, || format!("there are more than {MOST_KEYS} keys"))?;
    for (text, key) in &state.keys {
        holds(well_formed(text), || format!("the key of {:?} is malformed", key.app))?;
        let few = key.withheld.len() <= MOST_WITHHELD && key.areas.len() <= Area::ALL.len();
        holds(few, || format!("too much is said about the key of {:?}", key.app))?;
    }
    Ok(())
}

fn records(state: &State, area: Area) -> Result<(), String> {
    let table = area.table();
    let named = |id: u32| format!("{} {id}", table.many);
    holds(state.count(area) <= table.most(), || format!("there are too many {}", table.many))?;
    let last = if table.numbered_by_store() { state.last_id } else { table.largest };
    let reader = Reader::new(state, area, Rights::ALL);
    for (id, kept) in state.records(area) {
        holds((1..=last).contains(&id), || format!("{} was never given out", named(id)))?;
        record_is_good(&reader, kept).map_err(|wrong| format!("{}: {wrong}", named(id)))?;
    }
    Ok(())
}

fn record_is_good(reader: &Reader<'_>, kept: &Record) -> Result<(), Wrong> {
    let fields = reader.area.table().fields;
    reader.object(fields, kept, &Path::Request, Purpose::Kept)?;
    together(fields, kept, &Path::Request, |_| false)
}

fn unique(state: &State, area: Area) -> Result<(), String> {
    for field in area.table().fields.iter().filter(|field| field.unique) {
        let values = state.records(area).filter_map(|(_, kept)| kept.get(field.name)?.as_str());
        let mut seen = BTreeSet::new();
        let twice = values.filter(|value| !value.is_empty()).find(|value| !seen.insert(*value));
        let what = || format!("two {} have the {} {twice:?}", area.table().many, field.name);
        holds(twice.is_none(), what)?;
    }
    Ok(())
}

fn one_default_group(state: &State) -> Result<(), String> {
    let groups = state.records(Area::CustomerGroups);
    let default = groups.filter(|(_, group)| record::flag(group, "isDefault")).count();
    holds(default == 1, || format!("one customer group is the default one, not {default}"))
}

fn one_primary_item_each(state: &State) -> Result<(), String> {
    let primary = state.records(Area::Items).filter(|(_, item)| record::flag(item, "isPrimary"));
    let products: Vec<_> = primary.filter_map(|(_, item)| record::id(item, "product")).collect();
    let different = products.iter().collect::<BTreeSet<_>>().len();
    let good = different == products.len() && different == state.count(Area::Products);
    holds(good, || "each product has one primary item".to_owned())
}

fn bases_are_not_derived(state: &State) -> Result<(), String> {
    let derived = |kept: &Record| kept.get("base").is_some_and(Value::is_number);
    let wrong = state.records(Area::PriceLists).find(|(_, list)| {
        let base = record::id(list, "base").and_then(|id| state.record(Area::PriceLists, id));
        base.is_some_and(derived)
    });
    holds(wrong.is_none(), || "a price list is derived from one that is derived".to_owned())
}

fn holds(good: bool, why_not: impl FnOnce() -> String) -> Result<(), String> {
    if good { Ok(()) } else { Err(why_not()) }
}
