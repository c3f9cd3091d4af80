//! A row of the table of what methods take: a field, its type in the notation of the documents, and
//! its rules.
//!
//! A row says nothing about how it is checked; that is [`super::object`] and [`super::value`].

use super::areas::Area;
use serde_json::{Value, json};

/// The largest `int`, where the documents name no other.
pub(super) const INT_MAX: i64 = 2_147_483_647;
/// Prices: `decimal[10,3](0…)`.
pub(super) const PRICE: Kind = Kind::Decimal { precision: 10, digits: 3, positive: true };
/// Amounts: `decimal[10,2](0…)`.
pub(super) const AMOUNT: Kind = Kind::Decimal { precision: 10, digits: 2, positive: true };
/// Labels of a record: a list of `int(1…64)`.
pub(super) const LABELS: Kind = Kind::List(&Kind::Int(1, 64));

/// A field of a request or of a record.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own in the documents")]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// Marked "(required)": it must be there. In an update only what is to change is sent.
    pub(super) required: bool,
    /// Marked "(can be null)".
    pub(super) nullable: bool,
    /// Two records never have the same; an empty text counts as none.
    pub(super) unique: bool,
    /// Public keys neither read nor write it.
    pub(super) private: bool,
    /// When callers may write it.
    pub(super) write: Write,
    /// The field that must be there as well, of the same object or of the request.
    pub(super) requires: Option<&'static str>,
    /// The field that must not be there as well, of the same object or of the request.
    pub(super) excludes: Option<&'static str>,
    /// What a condition asks of a record.
    pub(super) test: Test,
}

/// What a field takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `bool`
    Bool,
    /// `int(min…max)`
    Int(i64, i64),
    /// `decimal[precision,digits]`, and `(0…)` where it is positive.
    Decimal {
        /// How many digits in all.
        precision: u32,
        /// How many of them behind the point.
        digits: u32,
        /// Whether it may not be below 0.
        positive: bool,
    },
    /// `string(min…max)`, in characters.
    Text(usize, usize),
    /// `date`: `2026-01-31`.
    Date,
    /// `datetime`: `2026-01-31 12:05:38`.
    Time,
    /// `string`, one of these.
    Choice(&'static [&'static str]),
    /// `string(2)`: a language that the store is kept in.
    Language,
    /// `string(2) -> string(0…max)`: a text in languages of the store.
    Texts(usize),
    /// `int(1…255) -> decimal[10,3](0…)`: a price in price lists.
    Prices,
    /// `int(1…)`: a record that exists.
    Id(Area),
    /// `string(1…40)`: the SKU of an item that exists.
    Sku,
    /// `string`: the name of a field of the area that may be read.
    FieldName,
    /// `string`: a sort order of the area, downwards with a `-` before it.
    OrderName,
    /// A list, of at most [`super::value::LONGEST_LIST`].
    List(&'static Kind),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A record of the area.
    Record,
    /// The conditions of the area.
    Conditions,
}

/// When callers may write a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// At any time.
    Always,
    /// When the record is created.
    Once,
    /// The store keeps it by itself.
    Never,
}

/// What a condition asks of a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    /// It is no condition.
    No,
    /// The record's field is this.
    Is(&'static str),
    /// The record's field is one of these.
    OneOf(&'static str),
    /// The record's list has one of these.
    HasOneOf(&'static str),
    /// The record's field is this or later, or more.
    From(&'static str),
    /// The record's field is this or earlier, or less.
    To(&'static str),
    /// The record's field is less than this.
    Below(&'static str),
    /// All these words stand in one of the record's fields.
    Words(&'static [&'static str]),
    /// The record is named by something after this.
    After,
    /// The product has a price for the customer group of the request.
    HasPrice,
    /// The product's sale price for the group is this or more.
    PriceFrom,
    /// The product's sale price for the group is this or less.
    PriceTo,
    /// The product is an accessory of this one.
    AccessoryOf,
    /// The price list is derived from another one.
    Derived,
}

/// A field with this name and kind, without rules.
pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: false,
        unique: false,
        private: false,
        write: Write::Always,
        requires: None,
        excludes: None,
        test: Test::No,
    }
}

/// `bool`
pub(super) const fn flag(name: &'static str) -> Field {
    field(name, Kind::Bool)
}

/// `string(min…max)`
pub(super) const fn text(name: &'static str, min: usize, max: usize) -> Field {
    field(name, Kind::Text(min, max))
}

/// `datetime`
pub(super) const fn time(name: &'static str) -> Field {
    field(name, Kind::Time)
}

/// `int(1…)`: the number of a record, kept by the store.
pub(super) const fn number() -> Field {
    field("id", Kind::Int(1, INT_MAX)).never()
}

/// `int(0…)`: only what is named by something after this.
pub(super) const fn after() -> Field {
    field("after", Kind::Int(0, INT_MAX)).test(Test::After)
}

impl Field {
    /// It must be there.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It can be null.
    pub(super) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// No two records have the same.
    pub(super) const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Not for public keys.
    pub(super) const fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Written when the record is created, and not later.
    pub(super) const fn once(mut self) -> Self {
        self.write = Write::Once;
        self
    }

    /// Kept by the store alone.
    pub(super) const fn never(mut self) -> Self {
        self.write = Write::Never;
        self
    }

    /// Not without `other`.
    pub(super) const fn requires(mut self, other: &'static str) -> Self {
        self.requires = Some(other);
        self
    }

    /// Not together with `other`.
    pub(super) const fn excludes(mut self, other: &'static str) -> Self {
        self.excludes = Some(other);
        self
    }

    /// What it asks of a record, as a condition.
    pub(super) const fn test(mut self, test: Test) -> Self {
        self.test = test;
        self
    }

    /// What a record has that was never told.
    pub(super) fn empty(&self) -> Value {
        if self.nullable {
            return Value::Null;
        }
        match self.kind {
            Kind::Bool => false.into(),
            Kind::Int(..) | Kind::Decimal { .. } => 0.into(),
            Kind::Text(..) | Kind::Choice(_) => "".into(),
            Kind::Texts(_) | Kind::Prices => json!({}),
            Kind::List(_) => json!([]),
            Kind::Date
            | Kind::Time
            | Kind::Language
            | Kind::Id(_)
            | Kind::Sku
            | Kind::FieldName
            | Kind::OrderName
            | Kind::Object(_)
            | Kind::Record
            | Kind::Conditions => Value::Null,
        }
    }
}
