//! The areas of the API: what there are records of, as tables, and the rules that no table says.

mod catalog;
mod customers;
mod groups;
mod inventory;
mod invoices;
mod orders;
mod price_lists;
mod products;

pub(super) use products::{price, prices_for};

use super::fault::Wrong;
use super::field::Field;
use super::state::MOST_RECORDS;
use super::write::Draft;
use serde::{Deserialize, Serialize};

/// The module that keeps stock.
pub(super) const INVENTORY: &str = "inventory";
/// The module that writes invoices.
pub(super) const INVOICING: &str = "invoicing";

/// An area of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// What is sold.
    Products,
    /// The SKUs of products, with their stock.
    Items,
    /// Departments of the catalog.
    Departments,
    /// Collections of products.
    Collections,
    /// Who makes products.
    Producers,
    /// Lists of prices.
    PriceLists,
    /// Groups of customers, each with its price lists.
    CustomerGroups,
    /// Customers.
    Customers,
    /// Orders.
    Orders,
    /// What came into the stock and went out.
    Movements,
    /// Invoices.
    Invoices,
}

/// What a method does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// Returns the records that meet conditions.
    Find,
    /// Returns a record, or `null`.
    Get,
    /// Counts the records that meet conditions.
    Count,
    /// Creates a record.
    Create,
    /// Changes what is named of a record.
    Update,
    /// Deletes a record.
    Delete,
}

/// Finding, getting and counting.
const READ: &[Verb] = &[Verb::Find, Verb::Get, Verb::Count];
/// And adding, where nothing is taken back.
const ADD: &[Verb] = &[Verb::Find, Verb::Get, Verb::Count, Verb::Create];
/// And changing, where nothing is deleted.
const KEEP: &[Verb] = &[Verb::Find, Verb::Get, Verb::Count, Verb::Create, Verb::Update];
/// Everything.
const ALL: &[Verb] =
    &[Verb::Find, Verb::Get, Verb::Count, Verb::Create, Verb::Update, Verb::Delete];

/// A rule of an area: checks what is drafted, and adds what follows from it.
pub(super) type Rule = fn(&mut Draft<'_>) -> Result<(), Wrong>;

/// All about an area that is not a rule.
#[derive(Debug)]
pub(super) struct Table {
    /// What its methods begin with.
    pub(super) method: &'static str,
    /// What one record is called in requests and answers.
    pub(super) one: &'static str,
    /// What several are called.
    pub(super) many: &'static str,
    /// The field by which methods name a record.
    pub(super) key: Field,
    /// The largest id.
    pub(super) largest: u32,
    /// What a record has.
    pub(super) fields: &'static [Field],
    /// By what records are found.
    pub(super) conditions: &'static [Field],
    /// What `find` and `get` take besides.
    pub(super) options: &'static [Field],
    /// By what records are sorted.
    pub(super) order: &'static [&'static str],
    /// The most records of an answer.
    pub(super) page: i64,
    /// What can be done.
    pub(super) verbs: &'static [Verb],
    /// The first version of the API that documents it.
    pub(super) since: u32,
    /// The module that it belongs to.
    pub(super) module: Option<&'static str>,
    /// Whether public keys may read it.
    pub(super) public: bool,
    /// What no table says.
    pub(super) rule: Rule,
}

/// The largest id where the documents name no other.
const LARGEST: u32 = i32::MAX.unsigned_abs();
/// The largest id of groups and price lists.
const LARGEST_SMALL: u32 = 255;
/// The most records of an answer.
const PAGE: i64 = 100;

/// What tables leave out.
const USUAL: Table = Table {
    method: "",
    one: "",
    many: "",
    key: super::field::number(),
    largest: LARGEST,
    fields: &[],
    conditions: &[],
    options: &[],
    order: &["id"],
    page: PAGE,
    verbs: ALL,
    since: 1,
    module: None,
    public: false,
    rule: |_| Ok(()),
};

impl Area {
    /// All areas.
    pub(super) const ALL: [Self; 11] = [
        Self::Products,
        Self::Items,
        Self::Departments,
        Self::Collections,
        Self::Producers,
        Self::PriceLists,
        Self::CustomerGroups,
        Self::Customers,
        Self::Orders,
        Self::Movements,
        Self::Invoices,
    ];

    /// Its table.
    pub(super) fn table(self) -> &'static Table {
        match self {
            Self::Products => &products::TABLE,
            Self::Items => &inventory::ITEMS,
            Self::Departments => &catalog::DEPARTMENTS,
            Self::Collections => &catalog::COLLECTIONS,
            Self::Producers => &catalog::PRODUCERS,
            Self::PriceLists => &price_lists::TABLE,
            Self::CustomerGroups => &groups::TABLE,
            Self::Customers => &customers::TABLE,
            Self::Orders => &orders::TABLE,
            Self::Movements => &inventory::MOVEMENTS,
            Self::Invoices => &invoices::TABLE,
        }
    }
}

impl Table {
    /// Whether ids come one after the other and are never given out again. Small areas take the
    /// smallest that is free.
    pub(super) fn numbered_by_store(&self) -> bool {
        self.largest > LARGEST_SMALL
    }

    /// The most records.
    pub(super) fn most(&self) -> usize {
        MOST_RECORDS.min(self.largest as usize)
    }
}

impl Verb {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Get => "get",
            Self::Count => "count",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes nothing.
    pub(super) fn reads(self) -> bool {
        READ.contains(&self)
    }
}
