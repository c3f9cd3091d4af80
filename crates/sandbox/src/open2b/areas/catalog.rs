//! What the catalog is ordered by: departments, collections and producers.

use super::{Table, USUAL};
use crate::open2b::field::{Field, INT_MAX, Kind, Test, after, field, number, text, time};

const LANGUAGE: Field = field("language", Kind::Language);
const NUMBERS: Kind = Kind::List(&Kind::Int(1, INT_MAX));

/// `commerce.departments`
pub(super) static DEPARTMENTS: Table = Table {
    method: "commerce.departments",
    one: "department",
    many: "departments",
    fields: &[
        number(),
        text("code", 0, 40).unique(),
        field("name", Kind::Texts(60)).required(),
        field("position", Kind::Int(0, 9_999)),
    ],
    conditions: &[field("ids", NUMBERS).test(Test::OneOf("id")), after()],
    options: &[LANGUAGE],
    order: &["id", "code", "name", "position"],
    public: true,
    ..USUAL
};

/// `commerce.collections`
pub(super) static COLLECTIONS: Table = Table {
    method: "commerce.collections",
    one: "collection",
    many: "collections",
    fields: &[
        number(),
        text("code", 0, 40).unique(),
        field("name", Kind::Texts(60)).required(),
        time("updateTime").never(),
    ],
    conditions: &[field("ids", NUMBERS).test(Test::OneOf("id")), after()],
    options: &[LANGUAGE],
    order: &["id", "code", "name", "updateTime"],
    public: true,
    ..USUAL
};

/// `commerce.producers`
pub(super) static PRODUCERS: Table = Table {
    method: "commerce.producers",
    one: "producer",
    many: "producers",
    fields: &[
        number(),
        text("code", 0, 32).unique(),
        text("name", 1, 60).required(),
        field("description", Kind::Texts(65_535)),
        field("seoTitle", Kind::Texts(255)),
        field("seoDescription", Kind::Texts(255)),
    ],
    conditions: &[field("ids", NUMBERS).test(Test::OneOf("id")), after()],
    options: &[LANGUAGE],
    order: &["id", "code", "name"],
    public: true,
    ..USUAL
};
