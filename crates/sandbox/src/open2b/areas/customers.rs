//! Customers.

use super::{Area, Table, USUAL};
use crate::open2b::fault::{Fault, Wrong};
use crate::open2b::field::{Field, INT_MAX, Kind, Test, after, field, flag, number, text, time};
use crate::open2b::record;
use crate::open2b::write::Draft;

const LABELS: Kind = Kind::List(&Kind::Int(1, 32));
const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));
/// Where the keywords of a search may stand.
const SEARCHED: &[&str] =
    &["code", "firstName", "lastName", "companyName", "personalCode", "companyCode", "email"];

/// `commerce.customers`
pub(super) static TABLE: Table = Table {
    method: "commerce.customers",
    one: "customer",
    many: "customers",
    fields: FIELDS,
    conditions: CONDITIONS,
    order: &[
        "id",
        "code",
        "email",
        "canLogin",
        "hasPassword",
        "country",
        "creationTime",
        "updateTime",
        "group",
    ],
    rule,
    ..USUAL
};

const FIELDS: &[Field] = &[
    number(),
    text("code", 0, 32).unique(),
    flag("canLogin"),
    flag("hasPassword").never(),
    text("email", 3, 120).required().unique(),
    text("firstName", 0, 25),
    text("lastName", 0, 25),
    text("companyName", 0, 100),
    text("personalCode", 0, 20),
    text("companyCode", 0, 20),
    text("street1", 0, 60),
    text("city", 0, 25),
    text("postalCode", 0, 10),
    text("country", 2, 2).required(),
    text("stateProv", 0, 3),
    field("group", Kind::Id(Area::CustomerGroups)).required(),
    field("labels", LABELS),
    time("creationTime").never(),
    time("updateTime").never(),
];

const CONDITIONS: &[Field] = &[
    field("ids", NUMBERS).test(Test::OneOf("id")),
    text("code", 0, 32).test(Test::Is("code")),
    flag("canLogin").test(Test::Is("canLogin")),
    field("group", Kind::Id(Area::CustomerGroups)).test(Test::Is("group")),
    text("email", 3, 120).test(Test::Is("email")),
    text("personalCode", 1, 20).test(Test::Is("personalCode")),
    text("companyCode", 1, 20).test(Test::Is("companyCode")),
    text("keywords", 1, 120).test(Test::Words(SEARCHED)),
    text("country", 2, 2).test(Test::Is("country")),
    text("stateProv", 1, 3).test(Test::Is("stateProv")),
    field("labels", LABELS).test(Test::HasOneOf("labels")),
    after(),
];

/// An e-mail address has a name and a host; a country is two capitals.
fn rule(draft: &mut Draft<'_>) -> Result<(), Wrong> {
    if draft.is_deleted() {
        return Ok(());
    }
    let customer = draft.after();
    let email = record::text(customer, "email").split_once('@');
    if email.is_none_or(|(name, host)| name.is_empty() || host.is_empty() || host.contains('@')) {
        return Err(Fault::Malformed.at("customer.email"));
    }
    let country = record::text(customer, "country");
    if !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Err(Fault::InvalidValue.at("customer.country"));
    }
    Ok(())
}
