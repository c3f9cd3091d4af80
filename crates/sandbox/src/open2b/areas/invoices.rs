//! Invoices, where the module for them is installed.

use super::{ADD, Area, INVOICING, Table, USUAL};
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{Field, INT_MAX, Kind, Test, after, field, flag, number, text, time};
use crate::open2b::record;
use crate::open2b::write::Draft;

const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));
const TYPE: Kind = Kind::Choice(&["Proforma", "Invoice", "ShippingInvoice", "CreditNote"]);
const STATUS: Kind = Kind::Choice(&["Open", "Sent", "Disputed", "Archived", "Cancelled"]);

/// `commerce.invoices`, documented from version 6 on.
pub(super) static TABLE: Table = Table {
    method: "commerce.invoices",
    one: "invoice",
    many: "invoices",
    fields: FIELDS,
    conditions: CONDITIONS,
    order: &["id", "number", "status", "issueDate", "creationTime", "updateTime", "total"],
    verbs: ADD,
    since: 6,
    module: Some(INVOICING),
    rule,
    ..USUAL
};

const FIELDS: &[Field] = &[
    number(),
    text("number", 1, 32).unique().never(),
    field("type", TYPE).required(),
    field("status", STATUS).never(),
    flag("isPaidFor").never(),
    field("order", Kind::Id(Area::Orders)).required(),
    field("customer", Kind::Id(Area::Customers)).nullable().never(),
    field("issueDate", Kind::Date).required(),
    field("dueDate", Kind::Date).nullable(),
    field("total", Kind::Decimal { precision: 14, digits: 3, positive: true }).never(),
    time("creationTime").never(),
    time("updateTime").never(),
];

const CONDITIONS: &[Field] = &[
    field("ids", NUMBERS).test(Test::OneOf("id")),
    field("type", TYPE).test(Test::Is("type")),
    field("status", Kind::List(&STATUS)).test(Test::OneOf("status")),
    flag("isPaidFor").test(Test::Is("isPaidFor")),
    text("fromNumber", 1, 32).test(Test::From("number")),
    text("toNumber", 1, 32).test(Test::To("number")),
    time("fromCreationTime").test(Test::From("creationTime")),
    time("toCreationTime").test(Test::To("creationTime")),
    field("fromIssueDate", Kind::Date).test(Test::From("issueDate")),
    field("toIssueDate", Kind::Date).test(Test::To("issueDate")),
    field("customer", Kind::Id(Area::Customers)).test(Test::Is("customer")),
    after(),
];

/// An invoice is for an order that goes on, and due on the day of its issue or later.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    let invoice = draft.after();
    let due = record::text(invoice, "dueDate");
    if !due.is_empty() && due < record::text(invoice, "issueDate") {
        return Err(Fault::InvalidValue.at("invoice.dueDate"));
    }
    let order = record::id(invoice, "order").and_then(|id| draft.state.record(Area::Orders, id));
    let order = order.filter(|order| record::text(order, "status") != "Cancelled");
    let order = order.ok_or_else(|| Fault::InvalidValue.at("invoice.order"))?;
    let number = draft.id.to_string();
    let invoice = draft.after_mut();
    record::set(invoice, "number", number);
    record::set(invoice, "status", "Open");
    for copied in ["isPaidFor", "customer", "total"] {
        if let Some(value) = order.get(copied) {
            record::set(invoice, copied, value.clone());
        }
    }
    Ok(())
}
