//! Customer groups: by which price lists their customers buy, and how much at a time.

use super::{Area, LARGEST_SMALL, Table, USUAL};
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{AMOUNT, Field, Kind, Test, field, flag, number, text};
use crate::open2b::record;
use crate::open2b::write::Draft;

/// `commerce.customer-groups`, documented from version 6 on; before it, customers had a price list.
pub(super) static TABLE: Table = Table {
    method: "commerce.customer-groups",
    one: "group",
    many: "groups",
    largest: LARGEST_SMALL,
    fields: FIELDS,
    conditions: &[
        flag("isDefault").test(Test::Is("isDefault")),
        field("after", Kind::Int(0, 255)).test(Test::After),
    ],
    order: &["id", "name", "list", "sale", "allowOrders", "allowQuotes", "includeTaxes"],
    page: 255,
    since: 6,
    rule,
    ..USUAL
};

const FIELDS: &[Field] = &[
    number(),
    text("code", 0, 40).unique(),
    text("name", 1, 60).required(),
    field("list", Kind::Id(Area::PriceLists)).nullable(),
    field("sale", Kind::Id(Area::PriceLists)).required(),
    field("collection", Kind::Id(Area::Collections)).nullable(),
    flag("discountList"),
    flag("allowOrders"),
    field("minOrder", AMOUNT).nullable(),
    field("maxOrder", AMOUNT).nullable(),
    flag("allowQuotes"),
    flag("includeTaxes"),
    flag("isDefault"),
];

/// One group is the default one: another one becomes it by saying so, and it is not deleted.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let was_default = draft.before.is_some_and(|group| record::flag(group, "isDefault"));
    if draft.is_deleted() {
        return if was_default { Err(Fault::InvalidValue.at("id")) } else { Ok(()) };
    }
    let group = draft.after();
    let is_default = record::flag(group, "isDefault");
    let bounds = [record::decimal(group, "minOrder"), record::decimal(group, "maxOrder")];
    let bounded = group.get("maxOrder").is_some_and(|most| !most.is_null());
    if bounded && bounds[0] > bounds[1] {
        return Err(Fault::InvalidValue.at("group.maxOrder"));
    }
    if was_default && !is_default {
        return Err(Fault::InvalidValue.at("group.isDefault"));
    }
    if is_default
        && !was_default
        && let Some((id, other)) = draft.state.default_group()
    {
        let mut other = other.clone();
        record::set(&mut other, "isDefault", false);
        draft.others.push((Area::CustomerGroups, id, Some(other)));
    }
    Ok(())
}
