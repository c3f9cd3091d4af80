//! Explaining: what an answer, a status, a code or a text means, for a person.
//!
//! Where no contract is named, the one that fits best is found, and how sure that is. A verdict is
//! never changed here: an explanation is a verdict with its reasons in words.

mod find;
mod screen;

use crate::classify::Reading;
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
pub fn guessed(library: &Library, exchange: &Exchange<'_>, words: &Words<'_>) -> Option<Explanation> {
    let scored: Vec<(u32, &Arc<Table>)> =
        library.tables().iter().map(|table| (score(&table.classify(exchange)), table)).collect();
    // The contracts of one API each come behind the general ones, which win where nothing else fits.
    let best = scored.iter().map(|(score, _)| *score).max()?;
    let mut fits = scored.iter().filter(|(score, _)| *score == best).map(|(_, table)| *table);
    let table = fits.next()?;
    let others: Vec<String> = fits.map(|table| table.label()).collect();
    let reading = table.classify(exchange);
    let mut explanation = told(&reading, words, sureness(best, others.is_empty()));
    explanation.notes = notes(&reading);
    explanation.others = others;
    Some(explanation)
}

/// A row of its own counts; what its conditions say of the body counts more; a documented code or
/// wording counts most.
fn score(reading: &Reading<'_>) -> u32 {
    let own = reading.table.own_rows().iter().any(|row| std::ptr::eq(row, reading.row));
    let when = reading.row.when.first();
    let says = when.is_some_and(|w| !w.code.is_empty() || w.message.is_some() || !w.text.is_empty());
    let envelope = reading.code.is_some() || when.is_some_and(crate::row::When::of_bodies);
    let taken = reading.detail.is_some() && reading.upstream_error_id.is_some();
    match (own, says, envelope || taken) {
        (true, true, _) => 4,
        (true, false, true) => 3,
        (false, _, true) => 2,
        (_, false, false) | (false, true, false) => 1,
    }
}

fn sureness(score: u32, alone: bool) -> Sure {
    match (score, alone) {
        (4.., true) => Sure::Certain,
        (3.., _) => Sure::Likely,
        _ => Sure::Possible,
    }
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

/// A code that no row has is worth a word, with the nearest documented ones.
fn notes(reading: &Reading<'_>) -> Vec<String> {
    let Some(code) = reading.code.as_deref() else { return Vec::new() };
    if !by_code(reading.table, code).is_empty() {
        return Vec::new();
    }
    let near = nearest_codes(reading.table, code);
    let near = match near.is_empty() {
        true => "the contract has no codes of its own".to_owned(),
        false => format!("the nearest documented ones are {}", near.join(", ")),
    };
    vec![format!("the code {code} is documented nowhere; {near}")]
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
    let answer = Answer { status: status.unwrap_or_default(), reason: None, headers: &headers, body, check };
    let request = candor_facts::Request { method, ..Default::default() };
    let exchange = Exchange { request, ending: Ending::Answer(answer), ended_at: None };
    let reading = table.read_as(found.row, &exchange, status.map(|s| s.as_u16()), found.code);
    told(&reading, words, sure)
}
