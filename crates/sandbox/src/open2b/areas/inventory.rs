//! The stock: items, which are what is counted, and movements, which say why the count changed.

use super::{ADD, Area, INVENTORY, Table, USUAL};
use crate::open2b::decimal::Decimal;
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{
    AMOUNT, Field, INT_MAX, Kind, Test, after, field, flag, number, text, time,
};
use crate::open2b::record;
use crate::open2b::write::Draft;
use serde_json::{Value, json};

const SKUS: Kind = Kind::List(&Kind::Text(1, 40));
const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));

/// `commerce.items`
pub(super) static ITEMS: Table = Table {
    method: "commerce.items",
    one: "item",
    many: "items",
    key: text("sku", 1, 40),
    fields: ITEM_FIELDS,
    conditions: ITEM_CONDITIONS,
    order: &["sku", "product", "barcode", "quantity", "updateTime"],
    module: Some(INVENTORY),
    public: true,
    rule: item_rule,
    ..USUAL
};

const ITEM_FIELDS: &[Field] = &[
    text("sku", 1, 40).required().unique().once(),
    field("product", Kind::Id(Area::Products)).required().once(),
    flag("isPrimary").never(),
    flag("isForSale"),
    text("barcode", 0, 14).unique(),
    field("quantity", AMOUNT),
    field("minQuantity", AMOUNT).private(),
    time("updateTime").never(),
];

const ITEM_CONDITIONS: &[Field] = &[
    field("skus", SKUS).test(Test::OneOf("sku")),
    flag("isPrimary").test(Test::Is("isPrimary")),
    text("barcode", 1, 14).test(Test::Is("barcode")),
    field("products", NUMBERS).test(Test::OneOf("product")),
    text("keywords", 1, 100).test(Test::Words(&["sku"])),
    flag("isForSale").test(Test::Is("isForSale")),
    text("skuLessThan", 1, 40).test(Test::Below("sku")),
    time("fromUpdateTime").test(Test::From("updateTime")),
    text("after", 0, 40).test(Test::After),
];

/// `commerce.movements`
pub(super) static MOVEMENTS: Table = Table {
    method: "commerce.movements",
    one: "movement",
    many: "movements",
    fields: MOVEMENT_FIELDS,
    conditions: MOVEMENT_CONDITIONS,
    order: &["id", "sku", "adjustment", "creationTime", "description"],
    verbs: ADD,
    module: Some(INVENTORY),
    rule: movement_rule,
    ..USUAL
};

const MOVEMENT_FIELDS: &[Field] = &[
    number(),
    field("sku", Kind::Sku).required(),
    field("adjustment", Kind::Decimal { precision: 11, digits: 2, positive: false }).required(),
    time("creationTime").never(),
    text("description", 0, 255),
];

const MOVEMENT_CONDITIONS: &[Field] = &[
    text("sku", 1, 40).test(Test::Is("sku")),
    time("fromCreationTime").test(Test::From("creationTime")),
    time("toCreationTime").test(Test::To("creationTime")),
    text("keywords", 1, 100).test(Test::Words(&["sku", "description"])),
    after(),
];

/// The primary item of a product goes only with it. A stock that is set is a movement.
fn item_rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    if draft.is_deleted() {
        let primary = draft.before.is_some_and(|item| record::flag(item, "isPrimary"));
        return if primary { Err(Fault::InvalidValue.at("sku")) } else { Ok(()) };
    }
    let before = draft.before.map_or(Decimal::ZERO, |item| record::decimal(item, "quantity"));
    let adjustment = record::decimal(draft.after(), "quantity").minus(before);
    if adjustment != Decimal::ZERO {
        let sku = record::text(draft.after(), "sku").to_owned();
        write_down(draft, &sku, adjustment, "set by an app");
    }
    Ok(())
}

/// A movement changes the stock of its item.
fn movement_rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let movement = draft.after();
    let sku = record::text(movement, "sku").to_owned();
    let adjustment = record::decimal(movement, "adjustment");
    let stocked = adjust(draft, &sku, adjustment);
    stocked.ok_or_else(|| Fault::InvalidValue.at("movement.adjustment"))
}

/// Takes items out of the stock, or puts them back, and writes it down. `None` where there are not
/// as many, or where there would be too many.
pub(super) fn move_stock(
    draft: &mut Draft<'_>,
    sku: &str,
    adjustment: Decimal,
    why: &str,
) -> Option<()> {
    adjust(draft, sku, adjustment)?;
    write_down(draft, sku, adjustment, why);
    Some(())
}

fn adjust(draft: &mut Draft<'_>, sku: &str, adjustment: Decimal) -> Option<()> {
    let (id, item) = draft.state.item(sku)?;
    let quantity = record::decimal(item, "quantity").plus(adjustment);
    (!quantity.is_negative() && quantity.fits(10, 2)).then_some(())?;
    let mut item = item.clone();
    record::set(&mut item, "quantity", quantity.to_value());
    record::set(&mut item, "updateTime", draft.now.as_str());
    draft.others.push((Area::Items, id, Some(item)));
    Some(())
}

fn write_down(draft: &mut Draft<'_>, sku: &str, adjustment: Decimal, why: &str) {
    let Some(id) = draft.new_id(Area::Movements) else { return };
    let movement = json!({
        "sku": sku, "adjustment": adjustment.to_value(),
        "creationTime": draft.now, "description": why,
    });
    if let Value::Object(members) = movement {
        draft.others.push((Area::Movements, id, Some(members)));
    }
}
