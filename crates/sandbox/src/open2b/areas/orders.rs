//! Orders: what a customer takes out of the stock, at the prices of the customer's group.

use super::inventory::move_stock;
use super::{Area, KEEP, Table, USUAL, price};
use crate::open2b::decimal::Decimal;
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{
    AMOUNT, Field, INT_MAX, Kind, LABELS, PRICE, Test, after, field, flag, number, text, time,
};
use crate::open2b::record;
use crate::open2b::state::Record;
use crate::open2b::write::Draft;
use serde_json::Value;

const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));
const STATUS: Kind = Kind::Choice(STATUSES);
const STATUSES: &[&str] =
    &["New", "Open", "Ready", "Shipped", "Delivered", "Completed", "Cancelled"];

/// Which status an order may go on to; inferred. What was shipped is not cancelled any more.
const STEPS: &[(&str, &[&str])] = &[
    ("New", &["Open", "Ready", "Cancelled"]),
    ("Open", &["Ready", "Shipped", "Cancelled"]),
    ("Ready", &["Open", "Shipped", "Cancelled"]),
    ("Shipped", &["Delivered", "Completed"]),
    ("Delivered", &["Completed"]),
    ("Completed", &[]),
    ("Cancelled", &[]),
];

/// `commerce.orders`
pub(super) static TABLE: Table = Table {
    method: "commerce.orders",
    one: "order",
    many: "orders",
    fields: FIELDS,
    conditions: CONDITIONS,
    order: &[
        "id",
        "number",
        "status",
        "creationTime",
        "updateTime",
        "total",
        "isPaidFor",
        "customerName",
    ],
    verbs: KEEP,
    rule,
    ..USUAL
};

const LINES: &[Field] = &[
    field("sku", Kind::Sku).required(),
    field("quantity", AMOUNT).required(),
    field("price", PRICE).never(),
];

const FIELDS: &[Field] = &[
    number(),
    text("number", 1, 32).unique().never(),
    field("status", STATUS),
    flag("isPaidFor"),
    field("customer", Kind::Id(Area::Customers)).required().nullable().once(),
    text("customerName", 0, 100).never(),
    text("address", 0, 255),
    field("items", Kind::List(&Kind::Object(LINES))).required().once(),
    field("total", Kind::Decimal { precision: 14, digits: 3, positive: true }).never(),
    text("note", 0, 4_000).private(),
    field("labels", LABELS),
    time("creationTime").never(),
    time("updateTime").never(),
];

const CONDITIONS: &[Field] = &[
    field("ids", NUMBERS).test(Test::OneOf("id")),
    field("status", Kind::List(&STATUS)).test(Test::OneOf("status")),
    flag("isPaidFor").test(Test::Is("isPaidFor")),
    text("fromNumber", 1, 32).test(Test::From("number")),
    text("toNumber", 1, 32).test(Test::To("number")),
    time("fromCreationTime").test(Test::From("creationTime")),
    time("toCreationTime").test(Test::To("creationTime")),
    time("fromUpdateTime").test(Test::From("updateTime")),
    time("toUpdateTime").test(Test::To("updateTime")),
    field("customer", Kind::Id(Area::Customers)).test(Test::Is("customer")),
    text("address", 1, 30).test(Test::Words(&["address"])),
    field("labels", LABELS).test(Test::HasOneOf("labels")),
    after(),
];

/// A new order takes its items out of the stock; one that is cancelled puts them back.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    match draft.before {
        None => place(draft),
        Some(before) => step(draft, record::text(before, "status")),
    }
}

/// From one status to the next.
fn step(draft: &mut Draft<'_>, from: &str) -> Result<(), Wrong> {
    let to = record::text(draft.after(), "status").to_owned();
    if to == from {
        return Ok(());
    }
    let steps = STEPS.iter().find(|(status, _)| *status == from);
    if !steps.is_some_and(|(_, next)| next.contains(&to.as_str())) {
        return Err(Fault::InvalidValue.at("order.status"));
    }
    if to == "Cancelled" {
        let why = format!("order number {} cancelled", record::text(draft.after(), "number"));
        for (sku, quantity) in lines_of(draft.after()) {
            // An item that is gone by now has no stock to put it back to.
            let _gone = move_stock(draft, &sku, quantity, &why);
        }
    }
    Ok(())
}

/// A customer orders as the group may; somebody who is no customer, as the default group.
fn place(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let customer = record::id(draft.after(), "customer");
    let customer = customer.and_then(|id| draft.state.record(Area::Customers, id));
    let group = customer.and_then(|customer| record::id(customer, "group"));
    let group = group.and_then(|id| draft.state.record(Area::CustomerGroups, id));
    let group = group.or_else(|| Some(draft.state.default_group()?.1)).cloned().unwrap_or_default();
    if !record::flag(&group, "allowOrders") {
        return Err(Fault::InvalidValue.at("order.customer"));
    }
    if !["", "New"].contains(&record::text(draft.after(), "status")) {
        return Err(Fault::InvalidValue.at("order.status"));
    }
    let number = draft.id.to_string();
    let total = take_items(draft, record::id(&group, "sale").unwrap_or_default(), &number)?;
    check_total(&group, total)?;
    let name = customer.map(name_of).unwrap_or_default();
    let order = draft.after_mut();
    record::set(order, "number", number);
    record::set(order, "status", "New");
    record::set(order, "customerName", name);
    record::set(order, "total", total.to_value());
    Ok(())
}

/// Takes the items out of the stock, notes what they cost, and adds it up.
fn take_items(draft: &mut Draft<'_>, list: u32, number: &str) -> Result<Decimal, Wrong> {
    let lines = lines_of(draft.after());
    if lines.is_empty() {
        return Err(Fault::InvalidValue.at("order.items"));
    }
    let mut total = Decimal::ZERO;
    for (at, (sku, quantity)) in lines.iter().enumerate() {
        let again = lines.iter().take(at).any(|(other, _)| other == sku);
        let price = price_of(draft, sku, list).filter(|_| !again);
        let price =
            price.ok_or_else(|| Fault::InvalidValue.at(format!("order.items[{at}].sku")))?;
        let wrong = || Fault::InvalidValue.at(format!("order.items[{at}].quantity"));
        let out = Decimal::ZERO.minus(*quantity);
        if !out.is_negative() {
            return Err(wrong());
        }
        move_stock(draft, sku, out, &format!("order number {number}")).ok_or_else(wrong)?;
        total = total.plus(price.times(*quantity, 3));
        note_price(draft.after_mut(), at, price);
    }
    Ok(total)
}

/// What an item costs by a price list, where it can be ordered at all.
fn price_of(draft: &Draft<'_>, sku: &str, list: u32) -> Option<Decimal> {
    let (_, item) = draft.state.item(sku)?;
    let product = draft.state.record(Area::Products, record::id(item, "product")?)?;
    let for_sale = record::flag(item, "isForSale") && record::flag(product, "allowOrders");
    price(draft.state, product, list).filter(|_| for_sale)
}

fn note_price(order: &mut Record, at: usize, price: Decimal) {
    let lines = order.get_mut("items").and_then(Value::as_array_mut);
    let line = lines.and_then(|lines| lines.get_mut(at)).and_then(Value::as_object_mut);
    if let Some(line) = line {
        record::set(line, "price", price.to_value());
    }
}

/// A group orders for at least and at most so much, and no order is larger than an amount can be.
fn check_total(group: &Record, total: Decimal) -> Result<(), Wrong> {
    let bound = |name: &str| group.get(name).filter(|bound| !bound.is_null());
    let least = Decimal::of(bound("minOrder"));
    let most = bound("maxOrder").map(|most| Decimal::of(Some(most)));
    if !total.fits(14, 3) || total < least || most.is_some_and(|most| total > most) {
        return Err(Fault::InvalidValue.at("order.items"));
    }
    Ok(())
}

/// The SKU and the quantity of each line.
fn lines_of(order: &Record) -> Vec<(String, Decimal)> {
    let lines = record::list(order, "items").iter().filter_map(Value::as_object);
    let read = |line| (record::text(line, "sku").to_owned(), record::decimal(line, "quantity"));
    lines.map(read).collect()
}

fn name_of(customer: &Record) -> String {
    let company = record::text(customer, "companyName");
    if !company.is_empty() {
        return company.to_owned();
    }
    let names = [record::text(customer, "firstName"), record::text(customer, "lastName")];
    names.join(" ").trim().to_owned()
}
