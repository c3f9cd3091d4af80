//! Products, and what they cost.

use super::{Area, Table, USUAL};
use crate::open2b::decimal::Decimal;
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{
    Field, INT_MAX, Kind, LABELS, PRICE, Test, after, field, flag, number, text, time,
};
use crate::open2b::record;
use crate::open2b::state::{Record, State};
use crate::open2b::write::Draft;
use serde_json::{Value, json};

const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));
const WORDS: Kind = Kind::List(&Kind::Text(1, 100));
const CODES: Kind = Kind::List(&Kind::Text(1, 40));
const PRODUCTS: Kind = Kind::List(&Kind::Id(Area::Products));
const COLLECTIONS: Kind = Kind::List(&Kind::Id(Area::Collections));

/// `commerce.products`
pub(super) static TABLE: Table = Table {
    method: "commerce.products",
    one: "product",
    many: "products",
    fields: FIELDS,
    conditions: CONDITIONS,
    options: &[
        field("language", Kind::Language),
        field("group", Kind::Id(Area::CustomerGroups)),
        field("priceList", Kind::Id(Area::PriceLists)).excludes("group"),
    ],
    order: &["id", "code", "isVisible", "name", "position", "listPrice", "salePrice", "updateTime"],
    public: true,
    rule,
    ..USUAL
};

const FIELDS: &[Field] = &[
    number(),
    text("code", 1, 40).required().unique(),
    flag("isVisible"),
    field("name", Kind::Texts(255)).required(),
    field("description", Kind::Texts(65_535)),
    flag("isFeatured"),
    flag("isNewRelease"),
    flag("allowOrders"),
    flag("allowQuotes"),
    field("department", Kind::Id(Area::Departments)).nullable(),
    field("producer", Kind::Id(Area::Producers)).nullable(),
    field("collections", COLLECTIONS),
    field("accessories", PRODUCTS),
    field("labels", LABELS),
    field("position", Kind::Int(0, 9_999)),
    field("costPrice", PRICE).nullable().private(),
    field("prices", Kind::Prices).private(),
    field("listPrice", PRICE).nullable().never(),
    field("salePrice", PRICE).nullable().never(),
    time("creationTime").never(),
    time("updateTime").never(),
];

const CONDITIONS: &[Field] = &[
    field("ids", NUMBERS).test(Test::OneOf("id")),
    field("codes", CODES).test(Test::OneOf("code")),
    flag("isVisible").test(Test::Is("isVisible")),
    flag("hasPrice").requires("group").test(Test::HasPrice),
    flag("isFeatured").test(Test::Is("isFeatured")),
    flag("isNewRelease").test(Test::Is("isNewRelease")),
    flag("allowOrders").test(Test::Is("allowOrders")),
    flag("allowQuotes").test(Test::Is("allowQuotes")),
    field("department", Kind::Id(Area::Departments)).test(Test::Is("department")),
    field("producer", Kind::Id(Area::Producers)).test(Test::Is("producer")),
    field("collections", COLLECTIONS).test(Test::HasOneOf("collections")),
    field("isAccessoryOf", Kind::Id(Area::Products)).test(Test::AccessoryOf),
    field("salePriceFrom", PRICE).requires("group").test(Test::PriceFrom),
    field("salePriceTo", PRICE).requires("group").test(Test::PriceTo),
    field("keywords", WORDS).test(Test::Words(&["code", "name", "description"])),
    field("labels", LABELS).test(Test::HasOneOf("labels")),
    after(),
];

/// A product has one primary item, which comes and goes with it. Products have accessories other
/// than themselves.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let id = draft.id;
    if record::list(draft.after(), "accessories").contains(&id.into()) {
        return Err(Fault::InvalidValue.at("product.accessories"));
    }
    if draft.is_deleted() {
        let items = draft.state.records(Area::Items);
        let own = items.filter(|(_, item)| record::id(item, "product") == Some(id));
        let own: Vec<_> = own.map(|(item, _)| (Area::Items, item, None)).collect();
        draft.others.extend(own);
        return Ok(());
    }
    if draft.is_new() { primary_item(draft) } else { Ok(()) }
}

/// The first item of a new product has the product's code as its SKU.
fn primary_item(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let sku = record::text(draft.after(), "code").to_owned();
    if draft.state.item(&sku).is_some() {
        return Err(Fault::InvalidValue.at("product.code"));
    }
    let item = draft.new_id(Area::Items).ok_or_else(|| Fault::InvalidValue.at("product"))?;
    let primary = json!({
        "sku": sku, "product": draft.id, "isPrimary": true, "isForSale": true,
        "quantity": 0, "updateTime": draft.now,
    });
    if let Value::Object(members) = primary {
        draft.others.push((Area::Items, item, Some(members)));
    }
    Ok(())
}

// === prices ===

/// The list price and the sale price of a product, for a group or a price list; for the default
/// group where neither is named.
pub(in crate::open2b) fn prices_for(
    state: &State,
    product: &Record,
    request: &Record,
) -> [Value; 2] {
    if let Some(list) = record::id(request, "priceList") {
        return [Value::Null, written(price(state, product, list))];
    }
    let group = record::id(request, "group").and_then(|id| state.record(Area::CustomerGroups, id));
    let Some(group) = group.or_else(|| Some(state.default_group()?.1)) else {
        return [Value::Null, Value::Null];
    };
    let of = |list: &str| record::id(group, list).and_then(|list| price(state, product, list));
    [written(of("list")), written(of("sale"))]
}

/// What a product costs by a price list: its own price there, or the price by the list that it is
/// derived from, times the factor, where that is still a price.
pub(in crate::open2b) fn price(state: &State, product: &Record, list: u32) -> Option<Decimal> {
    let own = |list: u32| {
        let price = product.get("prices")?.get(list.to_string())?;
        Some(Decimal::of(Some(price)))
    };
    let derived = || {
        let list = state.record(Area::PriceLists, list)?;
        let base = own(record::id(list, "base")?)?;
        Some(base.times(record::decimal(list, "factor"), 3)).filter(|price| price.fits(10, 3))
    };
    own(list).or_else(derived)
}

fn written(price: Option<Decimal>) -> Value {
    price.map_or(Value::Null, Decimal::to_value)
}
