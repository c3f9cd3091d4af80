//! Finding records: conditions, sorting, paging.

use super::areas::{Area, price};
use super::decimal::Decimal;
use super::field::{Field, Test};
use super::object::{Reader, named};
use super::record;
use super::state::Record;
use serde_json::Value;
use std::cmp::{Ordering, Reverse};

/// How many records are returned where nobody says; the documents' examples have it. Inferred.
const USUAL_LIMIT: u64 = 10;

/// The records that a request asks for.
pub(super) fn find(reader: &Reader<'_>, request: &Record) -> Value {
    let mut found: Vec<(u32, &Record)> = matching(reader, request).collect();
    let order = record::list(request, "order");
    if !order.is_empty() {
        let keyed = |(id, kept): &(u32, &Record)| sort_key(reader, request, order, *id, kept);
        found.sort_by_cached_key(keyed);
    }
    let number = |name: &str| request.get(name).and_then(Value::as_u64);
    let first = usize::try_from(number("first").unwrap_or_default()).unwrap_or(usize::MAX);
    let limit = usize::try_from(number("limit").unwrap_or(USUAL_LIMIT)).unwrap_or(usize::MAX);
    let page = found.into_iter().skip(first).take(limit);
    page.map(|(id, kept)| reader.shown(id, kept, request)).collect()
}

/// The record that a request names, or `null`.
pub(super) fn get(reader: &Reader<'_>, request: &Record) -> Value {
    let key = request.get(reader.area.table().key.name);
    let found = key.and_then(|key| reader.state.named(reader.area, key));
    found.map_or(Value::Null, |(id, kept)| reader.shown(id, kept, request))
}

/// How many records meet the conditions.
pub(super) fn count(reader: &Reader<'_>, request: &Record) -> usize {
    matching(reader, request).count()
}

fn matching<'r>(
    reader: &'r Reader<'_>,
    request: &'r Record,
) -> impl Iterator<Item = (u32, &'r Record)> {
    let asked = request.get("conditions").and_then(Value::as_object).into_iter().flatten();
    let fields = reader.area.table().conditions;
    let asked = asked.filter_map(|(name, value)| Some((named(fields, name)?, value)));
    let asked: Vec<(Field, &Value)> = asked.collect();
    reader.state.records(reader.area).filter(move |(id, kept)| {
        let candidate = Candidate { reader, request, id: *id, kept };
        asked.iter().all(|(field, value)| candidate.meets(field.test, value))
    })
}

/// A record that may be what is looked for.
struct Candidate<'r> {
    reader: &'r Reader<'r>,
    request: &'r Record,
    id: u32,
    kept: &'r Record,
}

impl Candidate<'_> {
    fn meets(&self, test: Test, asked: &Value) -> bool {
        let any = |of: &Value| asked.as_array().is_some_and(|asked| asked.contains(of));
        match test {
            Test::No => true,
            Test::Is(name) => self.value(name) == *asked,
            Test::OneOf(name) => any(&self.value(name)),
            Test::HasOneOf(name) => record::list(self.kept, name).iter().any(any),
            Test::From(name) => compare(&self.value(name), asked) != Ordering::Less,
            Test::To(name) => compare(&self.value(name), asked) != Ordering::Greater,
            Test::Below(name) => compare(&self.value(name), asked) == Ordering::Less,
            Test::Words(names) => self.has_words(names, asked),
            Test::After => {
                let key = self.reader.area.table().key.name;
                compare(&self.value(key), asked) == Ordering::Greater
            }
            Test::HasPrice => Value::Bool(self.sale_price().is_some()) == *asked,
            Test::PriceFrom => self.sale_price().is_some_and(|p| p >= Decimal::of(Some(asked))),
            Test::PriceTo => self.sale_price().is_some_and(|p| p <= Decimal::of(Some(asked))),
            Test::AccessoryOf => self.is_accessory(asked),
            Test::Derived => Value::Bool(record::id(self.kept, "base").is_some()) == *asked,
        }
    }

    fn value(&self, name: &str) -> Value {
        if name == "id" {
            return self.id.into();
        }
        let field = || named(self.reader.area.table().fields, name).map(|field| field.empty());
        self.kept.get(name).cloned().or_else(field).unwrap_or(Value::Null)
    }

    /// Each word, or the one, stands in one of the fields, in any language, in capitals or not.
    fn has_words(&self, names: &[&str], asked: &Value) -> bool {
        let mut texts = Vec::new();
        for name in names {
            match self.kept.get(*name) {
                Some(Value::Object(all)) => texts.extend(all.values().filter_map(Value::as_str)),
                other => texts.extend(other.and_then(Value::as_str)),
            }
        }
        let texts: Vec<String> = texts.into_iter().map(str::to_lowercase).collect();
        let stands = |word: &Value| {
            let word = word.as_str().unwrap_or_default().to_lowercase();
            texts.iter().any(|text| text.contains(&word))
        };
        asked.as_array().map_or_else(|| stands(asked), |words| words.iter().all(stands))
    }

    /// The price by the sale list of the request's group.
    fn sale_price(&self) -> Option<Decimal> {
        let state = self.reader.state;
        let group = state.record(Area::CustomerGroups, record::id(self.request, "group")?)?;
        price(state, self.kept, record::id(group, "sale")?)
    }

    fn is_accessory(&self, of: &Value) -> bool {
        let product = self.reader.state.named(Area::Products, of).map(|(_, product)| product);
        product.is_some_and(|p| record::list(p, "accessories").contains(&self.id.into()))
    }
}

// === sorting ===

/// A value to be sorted by, upwards or downwards.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Up(Sortable),
    Down(Reverse<Sortable>),
}

/// A value that has an order.
#[derive(Debug, PartialEq)]
struct Sortable(Value);

impl Eq for Sortable {}

impl PartialOrd for Sortable {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sortable {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

fn sort_key(
    reader: &Reader<'_>,
    request: &Record,
    order: &[Value],
    id: u32,
    kept: &Record,
) -> Vec<SortKey> {
    let whole = reader.whole(id, kept, request);
    let language = request.get("language").and_then(Value::as_str);
    let language = language.or_else(|| reader.state.store.languages.first().map(String::as_str));
    let key = |by: &Value| {
        let by = by.as_str().unwrap_or_default();
        let (name, down) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
        let value = match whole.get(name) {
            Some(Value::Object(texts)) => texts.get(language.unwrap_or_default()),
            other => other,
        };
        let value = Sortable(value.cloned().unwrap_or(Value::Null));
        if down { SortKey::Down(Reverse(value)) } else { SortKey::Up(value) }
    };
    order.iter().map(key).collect()
}

/// Nothing comes first, then no and yes, numbers by size, and texts by their letters; texts of
/// digits alone, such as order numbers, come before other texts, by size.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => {
            Decimal::of(Some(one)).cmp(&Decimal::of(Some(other)))
        }
        (Value::String(one), Value::String(other)) => compare_texts(one, other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn compare_texts(one: &str, other: &str) -> Ordering {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match (digits(one), digits(other)) {
        (true, true) => one.len().cmp(&other.len()).then_with(|| one.cmp(other)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => {
            one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(other))
        }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::Object(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_all_kinds_have_one_order() {
        let sorted = [
            json!(null),
            json!(false),
            json!(true),
            json!(-1),
            json!(2.5),
            json!(10),
            json!("9"),
            json!("10"),
            json!("apple"),
            json!("Banana"),
        ];
        for (at, one) in sorted.iter().enumerate() {
            for (beside, other) in sorted.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&beside), "{one} {other}");
            }
        }
    }
}
