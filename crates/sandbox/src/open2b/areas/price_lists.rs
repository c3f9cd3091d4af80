//! Price lists: with prices of their own, or derived from another list by a factor.

use super::{Area, LARGEST_SMALL, Table, USUAL};
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{Field, Kind, Test, field, flag, number, text};
use crate::open2b::record;
use crate::open2b::write::Draft;

/// `commerce.price-lists`
pub(super) static TABLE: Table = Table {
    method: "commerce.price-lists",
    one: "priceList",
    many: "priceLists",
    largest: LARGEST_SMALL,
    fields: FIELDS,
    conditions: &[
        flag("isDerived").test(Test::Derived),
        field("after", Kind::Int(0, 255)).test(Test::After),
    ],
    order: &["id", "code", "name", "base", "factor"],
    page: 255,
    rule,
    ..USUAL
};

const FIELDS: &[Field] = &[
    number(),
    text("code", 0, 40).unique(),
    text("name", 1, 120).required(),
    field("base", Kind::Id(Area::PriceLists)).nullable().requires("factor"),
    field("factor", Kind::Decimal { precision: 5, digits: 4, positive: true })
        .nullable()
        .requires("base"),
];

/// A list is derived from one that is not, and not from itself. One that others are derived from is
/// not deleted.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let lists = || draft.state.records(Area::PriceLists);
    let is_base = lists().any(|(_, list)| record::id(list, "base") == Some(draft.id));
    if draft.is_deleted() {
        return if is_base { Err(Fault::InvalidValue.at("id")) } else { Ok(()) };
    }
    let Some(base) = record::id(draft.after(), "base") else { return Ok(()) };
    let derived = lists().any(|(id, list)| id == base && record::id(list, "base").is_some());
    if is_base || derived || base == draft.id {
        return Err(Fault::InvalidValue.at("priceList.base"));
    }
    Ok(())
}
