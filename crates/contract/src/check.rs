//! What several places of a contract say together: ids, rows that can never apply, missing parts.

use crate::document::Document;
use crate::form::Part;
use crate::notation::Problems;
use crate::row::{MessageKey, Row, Source, When};
use crate::table::Table;
use std::collections::HashMap;
use std::ops::Range;

/// The most rows of a contract, its base's included.
pub(crate) const MAX_ROWS: usize = 4000;

/// Notes every mistake of `document` over its base.
pub(crate) fn check(document: &Document, base: Option<&Table>, problems: &mut Problems) {
    ids(document, problems);
    last_row(document, problems);
    for (row, number) in document.rows.iter().zip(0_usize..) {
        let earlier = document.rows.get(..number).unwrap_or_default();
        reachable(row, earlier, problems);
        parts(row, document, problems);
        captures(row, problems);
        message(row, document, base, problems);
    }
    if document.rows.len() + base.map_or(0, |base| base.rows().len()) > MAX_ROWS {
        problems.add(
            document.extends_span.clone(),
            format!("a contract has at most {MAX_ROWS} rows"),
            "there are more, with those of its base",
        );
    }
}

fn ids(document: &Document, problems: &mut Problems) {
    let mut seen: HashMap<&str, Range<usize>> = HashMap::new();
    for row in &document.rows {
        if let Some(first) = seen.insert(&row.id, row.span.clone()) {
            problems
                .add(row.span.clone(), format!("two rows have the id `{}`", row.id), "again here")
                .other(first, "first here")
                .help("an id names one row: add what tells them apart, as in `110.export`");
        }
    }
}

fn last_row(document: &Document, problems: &mut Problems) {
    let last = document.rows.last();
    if document.extends.is_none() && last.is_none_or(|row| !row.when.is_empty()) {
        let at = last.map_or_else(|| document.extends_span.clone(), |row| row.span.clone());
        problems
            .add(
                at,
                "a contract that extends nothing ends with a row without conditions",
                "this is the last row",
            )
            .help("add `- { id: otherwise, class: unexpected_status, outcome: unknown }`");
    }
}

/// A row is dead where an earlier row holds whenever it would.
fn reachable(row: &Row, earlier: &[Row], problems: &mut Problems) {
    let nothing = [When::default()];
    let mine = if row.when.is_empty() { &nothing[..] } else { &row.when };
    let covered = |when: &When| {
        earlier.iter().find(|e| e.when.is_empty() || e.when.iter().any(|w| covers(w, when, e, row)))
    };
    let by: Vec<_> = mine.iter().filter_map(covered).collect();
    if let (Some(first), true) = (by.first(), by.len() == mine.len()) {
        problems
            .add(
                row.span.clone(),
                format!("the row `{}` can never apply", row.id),
                "every exchange that it describes is taken before",
            )
            .other(first.span.clone(), format!("by `{}`", first.id))
            .help("move the more special row before the more general one");
    }
}

/// Whether `wide` holds whenever `narrow` does, as far as the conditions alone tell.
fn covers(wide: &When, narrow: &When, wide_row: &Row, narrow_row: &Row) -> bool {
    let form = wide_row.form == narrow_row.form;
    let ranges = |(low, high): &(u16, u16)| wide.status.iter().any(|(l, h)| l <= low && high <= h);
    (wide.status.is_empty() || (!narrow.status.is_empty() && narrow.status.iter().all(ranges)))
        && subset(&wide.method, &narrow.method)
        && subset(&wide.path, &narrow.path)
        && subset(&wide.operation, &narrow.operation)
        && subset(&wide.text, &narrow.text)
        && subset(&wide.fault, &narrow.fault)
        && subset(&wide.phase, &narrow.phase)
        && subset(&wide.held, &narrow.held)
        && (wide.code.is_empty() || form && subset(&wide.code, &narrow.code))
        && (wide.body_is.is_empty() || form && subset(&wide.body_is, &narrow.body_is))
        && (wide.message.is_none() || form && wide.message == narrow.message)
        && (wide.check.is_none() || wide.check == narrow.check)
        && wide.header.iter().all(|test| narrow.header.contains(test))
        && wide.body.iter().all(|test| narrow.body.contains(test))
        && same_ending(wide, narrow)
}

fn subset<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|member| wide.contains(member)))
}

/// A condition on answers says nothing of faults, though it has no condition on them.
fn same_ending(wide: &When, narrow: &When) -> bool {
    let kind = |when: &When| {
        (when.of_answers() || when.of_bodies(), when.of_faults(), !when.held.is_empty())
    };
    kind(wide) == (false, false, false) || kind(wide) == kind(narrow)
}

/// Conditions on parts need a form that has them.
fn parts(row: &Row, document: &Document, problems: &mut Problems) {
    let form = row.form.and_then(|form| document.forms.get(form));
    let lacks = |part: Part| form.is_none_or(|form| form.pointer(&part).is_none());
    let uses_code = row.when.iter().any(|when| !when.code.is_empty());
    let uses_message = row.when.iter().any(|when| when.message.is_some());
    for (uses, part, name) in
        [(uses_code, Part::Code, "code"), (uses_message, Part::Message, "message")]
    {
        if uses && lacks(part) {
            problems
                .add(
                    row.span.clone(),
                    format!("`{name}` is a condition here, and the row's form has none"),
                    "in this row",
                )
                .help(format!("add a form whose body has \"{{{name}}}\", or use `body`"));
        }
    }
}

fn captures(row: &Row, problems: &mut Problems) {
    let sources = [&row.take.code, &row.take.detail, &row.take.field, &row.take.related];
    let names = sources.into_iter().flatten().filter_map(|source| match source {
        Source::Capture(name) => Some(name.as_str()),
        Source::Body(_) | Source::Header(_) => None,
    });
    for name in names {
        if !row.wording().is_some_and(|wording| wording.names().any(|n| n == name)) {
            problems
                .add(
                    row.span.clone(),
                    format!("`{name}` is taken from the wording, which has no such slot"),
                    "in this row",
                )
                .help(format!("name a slot of `says`: {{{name}}}"));
        }
    }
}

fn message(row: &Row, document: &Document, base: Option<&Table>, problems: &mut Problems) {
    let MessageKey::Key(key) = &row.message else { return };
    let sets = document.messages.iter().chain(base.map_or(&[][..], Table::messages));
    let mut texts = sets.flat_map(|set| &set.locales).flat_map(|(_, texts)| texts);
    if !texts.any(|text| text.key == *key) {
        problems
            .add(row.span.clone(), format!("there is no text `{key}`"), "this row shows it")
            .help("add it to `messages`, or write `message: none`");
    }
}
