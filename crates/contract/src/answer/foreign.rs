//! A verdict in the form of a contract that is not its own.
//!
//! The contract's most general row for the class is written; where it has none, one for the next
//! broader class. What survives is the projection: reading what was written gives it back.

use super::status::for_caller;
use crate::defaults;
use crate::emit::{Parts, Written, writable};
use crate::form::{Form, Part};
use crate::general::read_again;
use crate::row::Row;
use crate::table::Table;
use candor_facts::{
    Answer, Class, Ending, Exchange, FieldError, Origin, Outcome, Request, Verdict,
};

/// What survives being written and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The class; where the form has no row for it, a broader one.
    pub class: Class,
    /// The row; of the form's contract.
    pub row: String,
    /// Whether the request took effect, as the row states it.
    pub outcome: Outcome,
    /// The vendor's words.
    pub detail: Option<String>,
    /// The fields at fault: path and words.
    pub fields: Vec<(String, Option<String>)>,
    /// The id of the failure.
    pub error_id: Option<String>,
    /// The wait in seconds.
    pub after: Option<u64>,
}

/// Something that a form cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Classes without a row of their own become broader ones.
    Class,
    /// The vendor's code: the form has its own, or none.
    Code,
    /// The vendor's words.
    Detail,
    /// The fields at fault.
    Fields,
    /// All fields but the first.
    OtherFields,
    /// What is wrong with each field, and the related field.
    FieldKinds,
    /// The id of the failure.
    ErrorId,
    /// How long to wait.
    Wait,
    /// Whose doing it is, where it is not what the row states.
    Origin,
    /// Whether it took effect, where it is not what the row states.
    Outcome,
    /// The advice: retry and next.
    Advice,
    /// Contract, row, cite and attempts.
    Provenance,
    /// The text for people, where there are words of the vendor.
    Message,
}

impl Loss {
    /// The name used in output and documentation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Code => "code",
            Self::Detail => "detail",
            Self::Fields => "fields",
            Self::OtherFields => "other_fields",
            Self::FieldKinds => "field_kinds",
            Self::ErrorId => "error_id",
            Self::Wait => "wait",
            Self::Origin => "origin",
            Self::Outcome => "outcome",
            Self::Advice => "advice",
            Self::Provenance => "provenance",
            Self::Message => "message",
        }
    }
}

impl Projection {
    /// The projection that loses nothing of what a projection has.
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            class: verdict.class,
            row: verdict.row.clone(),
            outcome: verdict.outcome,
            detail: verdict.detail.clone(),
            fields: verdict.fields.iter().map(|f| (f.path.clone(), f.message.clone())).collect(),
            error_id: verdict.error_id.map(|id| id.to_string()),
            after: verdict.retry.after,
        }
    }
}

/// What a form that must tell a wait says where none is known, in seconds.
const SHORTEST_WAIT: u64 = 1;

pub(super) fn write(table: &Table, verdict: &Verdict) -> Written {
    let Some(row) = row_for(table, verdict) else {
        // A contract of nothing but success has no form for a failure: the status alone tells it.
        let status = for_caller(verdict.class, verdict.origin, verdict.status);
        return Written { status, reason: None, headers: Vec::new(), body: Vec::new() };
    };
    let fields = fields(table, row, verdict);
    let error_id = verdict.error_id.map(|id| id.to_string());
    let parts = Parts {
        fields: &fields,
        error_id: error_id.as_deref(),
        wait: verdict.retry.after.or_else(|| must_tell_wait(row).then_some(SHORTEST_WAIT)),
        ..spoken(table, row, said(table, row, verdict).0)
    };
    let written = table.emit(row, &parts);
    written.unwrap_or(Written { status: 502, reason: None, headers: Vec::new(), body: Vec::new() })
}

pub(super) fn project(table: &Table, verdict: &Verdict) -> Projection {
    let written = row_for(table, verdict);
    let Some(row) = written else { return Projection::of(verdict) };
    let fields = fields(table, row, verdict);
    let carries = |part| carries(table, row, &part);
    let plain = writable(row).and_then(|when| when.text.first());
    let says = carries(Part::Info) || carries(Part::Message);
    let (words, read) = said(table, row, verdict);
    let detail = says.then(|| words.to_owned()).or_else(|| plain.cloned());
    let has_wait = row.retry.after.as_ref().is_some_and(|after| after.header.is_some());
    let outcome = match read.outcome {
        crate::row::OutcomeRule::Is(outcome) => outcome,
        crate::row::OutcomeRule::ByEvidence => Outcome::Unknown,
    };
    let mapped = |f: &FieldError| Some(f.message.clone().unwrap_or_default());
    let text = |f| if carries(Part::Fields) { mapped(f) } else { detail.clone() };
    Projection {
        class: read.class,
        row: read.id.clone(),
        outcome,
        fields: fields.iter().map(|f| (f.path.clone(), text(f))).collect(),
        detail: detail.clone(),
        error_id: verdict.error_id.filter(|_| carries(Part::ErrorId)).map(|id| id.to_string()),
        after: verdict.retry.after.filter(|_| has_wait).or_else(|| usual_wait(row)),
    }
}

pub(super) fn read(table: &Table, answer: &Answer<'_>) -> Projection {
    let exchange =
        Exchange { request: Request::default(), ending: Ending::Answer(*answer), ended_at: None };
    let reading = table.classify(&exchange);
    Projection {
        class: reading.row.class,
        row: reading.row.id.clone(),
        outcome: reading.outcome,
        fields: reading.fields.iter().map(|f| (f.path.clone(), f.message.clone())).collect(),
        detail: reading.detail.clone(),
        error_id: reading.upstream_error_id.clone(),
        after: reading.retry.after,
    }
}

pub(super) fn losses(table: &Table) -> Vec<Loss> {
    let form = table.forms().first();
    let lacks = |part: Part| form.is_none_or(|form| form.pointer(&part).is_none());
    let one = |lost: bool, loss| lost.then_some(loss);
    let rows = || Class::ALL.iter().map(|class| table.general_row(*class, false));
    let wait = rows().flatten().any(|row| row.retry.after.is_some());
    let every_class = rows().all(|row| row.is_some());
    let some = [
        one(!every_class, Loss::Class),
        one(lacks(Part::Message) && lacks(Part::Info), Loss::Detail),
        one(lacks(Part::Fields) && lacks(Part::Field), Loss::Fields),
        one(lacks(Part::Fields) && !lacks(Part::Field), Loss::OtherFields),
        one(lacks(Part::ErrorId), Loss::ErrorId),
        one(!wait, Loss::Wait),
    ];
    let always = [
        Loss::Code,
        Loss::FieldKinds,
        Loss::Origin,
        Loss::Outcome,
        Loss::Advice,
        Loss::Provenance,
        Loss::Message,
    ];
    some.into_iter().flatten().chain(always).collect()
}

// === choosing the row ===

/// The row by which a caller is told of this verdict.
fn row_for<'t>(table: &'t Table, verdict: &Verdict) -> Option<&'t Row> {
    let classes = std::iter::successors(Some(caller_class(verdict)), |c| defaults::broader(*c));
    let has_fields = verdict.fields.iter().any(|field| !field.path.is_empty());
    let last = [Class::InvalidRequest, Class::UnexpectedStatus, Class::Internal];
    classes.chain(last).find_map(|class| table.general_row(class, has_fields))
}

/// The gateway's refused credentials are not the caller's: for it, the gateway is what failed. What
/// an upstream or the network did wrong is never told as the caller's mistake.
fn caller_class(verdict: &Verdict) -> Class {
    let blames_caller = defaults::origin(verdict.class) == Origin::Caller;
    let callers = matches!(verdict.origin, Origin::Caller);
    let waits = matches!(verdict.class, Class::RateLimited | Class::Busy);
    if blames_caller && !callers && !waits { Class::Internal } else { verdict.class }
}

fn form_of<'t>(table: &'t Table, row: &Row) -> Option<&'t Form> {
    let plain = writable(row).is_some_and(|when| !when.text.is_empty());
    table.written_form(row).filter(|_| !plain)
}

fn carries(table: &Table, row: &Row, part: &Part) -> bool {
    let place = form_of(table, row).and_then(|form| form.place(part));
    place.is_some_and(|place| *part != Part::Fields || !place.optional)
}

/// The words with which `row` is told, and the row as which they are read: the vendor's words, else
/// the text for people, else what the row is called. This contract's documents may know the words.
/// Then they are read as a more special row, which is as good where it says the same; otherwise
/// they are not used.
fn said<'v>(table: &'v Table, row: &'v Row, verdict: &'v Verdict) -> (&'v str, &'v Row) {
    let words = [verdict.detail.as_deref(), verdict.message.as_deref()];
    let words = words.into_iter().flatten().filter(|text| !text.is_empty());
    let mut known = words.filter_map(|text| {
        let read = read_again(table, row, &spoken(table, row, text))?;
        says_the_same(row, read, verdict).then_some((text, read))
    });
    known.next().unwrap_or((&row.title, row))
}

fn says_the_same(row: &Row, other: &Row, verdict: &Verdict) -> bool {
    row.id == other.id
        || [row.class, caller_class(verdict)].contains(&other.class)
            && row.form == other.form
            && row.take == other.take
            && row.retry.after == other.retry.after
            && row.retry.wait == other.retry.wait
}

fn spoken<'v>(table: &Table, row: &Row, words: &'v str) -> Parts<'v> {
    let info = carries(table, row, &Part::Info).then_some(words);
    Parts { message: Some(words), info, ..Parts::default() }
}

/// The fields that the form can carry.
fn fields(table: &Table, row: &Row, verdict: &Verdict) -> Vec<FieldError> {
    let named = verdict.fields.iter().filter(|field| !field.path.is_empty());
    if carries(table, row, &Part::Fields) {
        grouped(&named.cloned().collect::<Vec<_>>())
    } else if carries(table, row, &Part::Field) {
        named.take(1).cloned().collect()
    } else {
        Vec::new()
    }
}

/// A map keeps the texts of one field together, at the place of its first.
fn grouped(fields: &[FieldError]) -> Vec<FieldError> {
    let mut paths: Vec<String> = Vec::new();
    for field in fields {
        if !paths.contains(&field.path) {
            paths.push(field.path.clone());
        }
    }
    let of = |path: &String| fields.iter().filter(|f| f.path == *path).cloned().collect::<Vec<_>>();
    paths.iter().flat_map(of).collect()
}

/// The wait that the contract itself states, where none was told.
fn usual_wait(row: &Row) -> Option<u64> {
    let usual = row.retry.wait.map(|(from, _)| crate::wait::whole_seconds(from));
    usual.or_else(|| must_tell_wait(row).then_some(SHORTEST_WAIT))
}

/// Whether the row is known by the header that tells the wait, so that some wait must be told.
fn must_tell_wait(row: &Row) -> bool {
    let header = row.retry.after.as_ref().and_then(|after| after.header.as_ref());
    let asked = writable(row).map(|when| &when.header);
    header.zip(asked).is_some_and(|((name, _), asked)| asked.iter().any(|(n, _)| n == name))
}
