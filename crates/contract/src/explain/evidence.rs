//! What in an answer speaks for a contract: nothing but the status, its form, or its own words.

use super::Sure;
use crate::classify::Reading;
use crate::look::Look;
use crate::row::{ValueTest, When};
use crate::table::Table;
use candor_facts::{Ending, Exchange};
use http::StatusCode;

/// How much of an exchange a contract knows as its own. The greater, the better it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Evidence {
    kind: Kind,
    /// How many parts of the contract's form the body has.
    parts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Nothing but the status, if anything.
    Status,
    /// The body has the form of the contract, or the answer a mark that a row asks for.
    Form,
    /// A documented code or wording.
    Words,
}

impl Evidence {
    /// What `exchange` has of the contract `table`.
    pub(super) fn of(table: &Table, exchange: &Exchange<'_>) -> Self {
        let Ending::Answer(answer) = &exchange.ending else {
            return Self { kind: Kind::Status, parts: 0 };
        };
        let parts = Look::new(table, &exchange.request, answer).parts_of_a_form();
        let reading = table.classify(exchange);
        let own = table.own_rows().iter().any(|row| std::ptr::eq(row, reading.row));
        let kind = if own && says_its_own(&reading) {
            Kind::Words
        } else if parts > 0 || own && has_a_mark(&reading) {
            Kind::Form
        } else {
            Kind::Status
        };
        Self { kind, parts }
    }

    /// How sure that makes the contract; `alone` where no other one has as much.
    pub(super) fn sure(self, alone: bool) -> Sure {
        match self.kind {
            Kind::Words if alone => Sure::Certain,
            Kind::Words | Kind::Form => Sure::Likely,
            Kind::Status => Sure::Possible,
        }
    }
}

/// Whether the answer has a code, a wording or a phrase that the row is documented with.
fn says_its_own(reading: &Reading<'_>) -> bool {
    let row = reading.row;
    let is = |code: &str| row.when.iter().flat_map(|w| &w.code).any(|c| c.matches(code));
    let code = reading.code.as_deref().is_some_and(is);
    let wording = row.wording().zip(reading.detail.as_deref());
    code || wording.is_some_and(|(w, detail)| w.matches(detail)) || has_a_phrase(reading)
}

/// Whether the row is known by a phrase, and not by the one that everybody has for the status.
fn has_a_phrase(reading: &Reading<'_>) -> bool {
    let status = reading.status.and_then(|status| StatusCode::from_u16(status).ok());
    let usual = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let own = |when: &When| {
        !when.text.is_empty() && when.text.iter().all(|text| !text.eq_ignore_ascii_case(usual))
    };
    asks_for(reading, own)
}

/// Whether the row asks for a header, for a path of the API, or for two members of the body: one
/// alone, such as a `status`, many an API has.
fn has_a_mark(reading: &Reading<'_>) -> bool {
    let members = |when: &When| {
        let there = when.body.iter().filter(|(_, test)| *test != ValueTest::Exists(false));
        there.count() > 1
    };
    asks_for(reading, |when| !when.header.is_empty() || !when.path.is_empty() || members(when))
}

fn asks_for(reading: &Reading<'_>, condition: impl Fn(&When) -> bool) -> bool {
    !reading.row.when.is_empty() && reading.row.when.iter().all(condition)
}
