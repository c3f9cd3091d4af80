//! The rows by which a class is told: chosen once, when a table is compiled.

use crate::emit::{Parts, Written, writable};
use crate::form::Part;
use crate::row::{BodyKind, Row, Scalar, When};
use crate::table::Table;
use candor_facts::{Answer, Check, Class, Ending, Exchange, Request};
use http::{HeaderMap, HeaderValue, StatusCode};

/// For each class the most general row without, and with, a map of fields. The contract's own rows
/// come before those of its base.
pub(crate) fn rows(table: &Table) -> Vec<(Class, [Option<usize>; 2])> {
    let usable: Vec<_> =
        table.rows().iter().enumerate().filter(|(_, r)| usable(table, r)).collect();
    let of = |class: Class, mapped: bool| {
        let rows = usable.iter().filter(|(_, r)| r.class == class && has_map(table, r) == mapped);
        let weight = |row| writable(row).map_or(usize::MAX, When::weight);
        rows.min_by_key(|(at, row)| (*at >= table.own_rows().len(), weight(row))).map(|(at, _)| *at)
    };
    Class::ALL.iter().map(|class| (*class, [of(*class, false), of(*class, true)])).collect()
}

/// Whether a row says no more than its class, and is recognised by what it writes.
fn usable(table: &Table, row: &Row) -> bool {
    let says_no_more = writable(row).is_some_and(|when| {
        when.path.is_empty()
            && when.method.is_empty()
            && when.operation.is_empty()
            && when.body_is.iter().all(|kind| *kind == BodyKind::Recognised)
            && row.wording().is_none()
            && only_echoes_the_status(when)
            && (row.class.is_success() || tells_failure(when))
    });
    says_no_more && is_read_again(table, row)
}

/// A code or a phrase of its own says more than a class does; HTTP's say no more than the status.
fn only_echoes_the_status(when: &When) -> bool {
    let status = when.status.first().and_then(|(low, _)| StatusCode::from_u16(*low).ok());
    let is_status = |code: &Scalar| status.is_some_and(|status| code.matches(status.as_str()));
    let phrase = status.and_then(|status| status.canonical_reason());
    (when.code.is_empty() || when.code.iter().any(is_status))
        && when.text.iter().all(|text| phrase.is_some_and(|p| p.eq_ignore_ascii_case(text)))
}

/// A failure is told by its status, or by its body where that is the form's way.
fn tells_failure(when: &When) -> bool {
    when.of_bodies() || when.status.first().is_some_and(|(low, _)| *low >= 400)
}

fn has_map(table: &Table, row: &Row) -> bool {
    let place = table.written_form(row).and_then(|form| form.place(&Part::Fields));
    place.is_some_and(|place| !place.optional)
}

fn is_read_again(table: &Table, row: &Row) -> bool {
    read_again(table, row, &Parts::default()).is_some_and(|again| again.id == row.id)
}

/// The row as which `row`, written with `parts`, is recognised.
pub(crate) fn read_again<'t>(table: &'t Table, row: &Row, parts: &Parts<'_>) -> Option<&'t Row> {
    let written = table.emit(row, parts)?;
    recognised(table, &written)
}

fn recognised<'t>(table: &'t Table, written: &Written) -> Option<&'t Row> {
    let pair = |(name, value): &(http::HeaderName, String)| {
        Some((name.clone(), HeaderValue::from_str(value).ok()?))
    };
    let headers: HeaderMap = written.headers.iter().filter_map(pair).collect();
    let answer = Answer {
        status: StatusCode::from_u16(written.status).ok()?,
        reason: written.reason.as_deref().map(str::as_bytes),
        headers: &headers,
        body: &written.body,
        check: Check::NotMade,
    };
    let ending = Ending::Answer(answer);
    let exchange = Exchange { request: Request::default(), ending, ended_at: None };
    Some(table.classify(&exchange).row)
}
