//! Explaining: what an answer, a status, a code or a text means, for a person.
//!
//! Where no contract is named, the one that fits best is found, and how sure that is. A verdict is
//! never changed here: an explanation is a verdict with its reasons in words.

mod evidence;
mod find;
mod screen;

use crate::classify::Reading;
use crate::explain::evidence::Evidence;
use crate::library::Library;
use crate::table::Table;
use crate::words::Words;
use candor_facts::{Answer, Ending, Exchange, Verdict};
use serde::Serialize;
use std::sync::Arc;

pub use find::{Match, by_code, by_status, by_text, nearest_codes};

/// What something means, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The verdict.
    pub verdict: Verdict,
    /// What the document calls the row.
    pub title: String,
    /// What the contract is the contract of.
    pub api: String,
    /// The document's address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// How sure the contract is.
    pub sure: Sure,
    /// Other contracts that fit as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// The members that no document states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_documented: Vec<String>,
    /// What else is worth knowing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How sure it is that a contract is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sure {
    /// Nothing but the status speaks for it.
    Possible,
    /// The form of the body speaks for it.
    Likely,
    /// A documented code or wording speaks for it, and for no other.
    Certain,
    /// The contract was named.
    Named,
}

/// Explains an exchange under one contract.
pub fn under(table: &Table, exchange: &Exchange<'_>, words: &Words<'_>) -> Explanation {
    let reading = table.classify(exchange);
    let mut explanation = told(&reading, words, Sure::Named);
    explanation.notes = notes(&reading);
    explanation
}

/// Explains an exchange under the contract that fits best.
///
/// Returns `None` for an empty library.
pub fn guessed(
    library: &Library,
    exchange: &Exchange<'_>,
    words: &Words<'_>,
) -> Option<Explanation> {
    let tables = library.tables().iter();
    let judged: Vec<(Evidence, &Arc<Table>)> =
        tables.map(|table| (Evidence::of(table, exchange), table)).collect();
    let best = judged.iter().map(|(evidence, _)| *evidence).max()?;
    // The general contracts stand first in the library, so they win where nothing else fits.
    let mut fits = judged.iter().filter(|(evidence, _)| *evidence == best).map(|(_, table)| *table);
    let mut explanation = under(fits.next()?, exchange, words);
    explanation.others = fits.map(|table| table.label()).collect();
    explanation.sure = best.sure(explanation.others.is_empty());
    Some(explanation)
}

fn told(reading: &Reading<'_>, words: &Words<'_>, sure: Sure) -> Explanation {
    let table = reading.table;
    Explanation {
        verdict: reading.verdict(words),
        title: reading.row.title.clone(),
        api: table.title().to_owned(),
        document: table.source().url.clone(),
        sure,
        others: Vec::new(),
        not_documented: reading.row.inferred.clone(),
        notes: Vec::new(),
    }
}

/// A code that no row has is worth a word, with the nearest documented ones. Where the contract has
/// no codes at all, its form uses the place for something else.
fn notes(reading: &Reading<'_>) -> Vec<String> {
    let unknown = |code: &&str| by_code(reading.table, code).is_empty();
    let Some(code) = reading.code.as_deref().filter(unknown) else { return Vec::new() };
    match nearest_codes(reading.table, code).as_slice() {
        [] => Vec::new(),
        near => {
            let near = near.join(", ");
            vec![format!("the code {code} is not documented; the nearest that are: {near}")]
        }
    }
}

/// Explains a row on its own, as if it had just happened: for a status, a code or a text.
pub fn row(
    table: &Table,
    found: &Match<'_>,
    method: &http::Method,
    words: &Words<'_>,
    sure: Sure,
) -> Explanation {
    let parts = crate::emit::Parts { status: found.status, code: found.code, ..Default::default() };
    let written = table.emit(found.row, &parts);
    let headers = http::HeaderMap::new();
    let status = written.and_then(|w| http::StatusCode::from_u16(w.status).ok());
    let body = &b""[..];
    let check = candor_facts::Check::NotMade;
    let answer =
        Answer { status: status.unwrap_or_default(), reason: None, headers: &headers, body, check };
    let request = candor_facts::Request { method, ..Default::default() };
    let exchange = Exchange { request, ending: Ending::Answer(answer), ended_at: None };
    let reading = table.read_as(found.row, &exchange, status.map(|s| s.as_u16()), found.code);
    told(&reading, words, sure)
}
