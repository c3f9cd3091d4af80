//! What several places of a contract say together: ids, rows that can never apply, missing parts.
//!
//! Each function asks one question and notes every place where the answer is wrong. Which rows are
//! covered by others is told in `cover`.

mod cover;

use crate::document::Document;
use crate::form::{Form, Part};
use crate::notation::{self, Problems};
use crate::row::{MessageKey, OutcomeRule, Row, Source};
use crate::table::Table;
use candor_facts::{Class, Outcome};
use std::collections::HashMap;
use std::ops::Range;

/// The most rows of a contract, its base's included.
pub(crate) const MAX_ROWS: usize = 4000;
/// The most alternatives of all rows of one file. With [`MAX_ROWS`] this bounds what the search for
/// dead rows can cost.
const MAX_ALTERNATIVES: usize = 10_000;

/// Notes every mistake of `document` over its base.
pub(crate) fn check(document: &Document, base: Option<&Table>, problems: &mut Problems) {
    if !size(document, base, problems) {
        return;
    }
    ids(document, problems);
    last_row(document, problems);
    cover::dead_rows(&document.rows, problems);
    for row in document.rows.iter().take(document.successes) {
        success(row, problems);
    }
    for row in &document.rows {
        let form = row.form.and_then(|form| document.forms.get(form));
        parts(row, form, problems);
        captures(row, form, problems);
        fields(row, form, problems);
        outcome(row, problems);
        message(row, document, base, problems);
    }
}

fn size(document: &Document, base: Option<&Table>, problems: &mut Problems) -> bool {
    let rows = document.rows.len() + base.map_or(0, |base| base.rows().len());
    let alternatives: usize = document.rows.iter().map(|row| row.when.len()).sum();
    let limits = [
        (rows, MAX_ROWS, "rows, those of its base included"),
        (alternatives, MAX_ALTERNATIVES, "alternatives in all of its rows"),
    ];
    let over = limits.into_iter().find(|(count, most, _)| count > most);
    if let Some((count, most, what)) = over {
        let title = format!("a contract has at most {most} {what}");
        problems.add(document.extends_span.clone(), title, format!("this has {count}"));
    }
    over.is_none()
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
    if document.extends.is_some() || last.is_some_and(|row| row.when.is_empty()) {
        return;
    }
    let (at, label) = match last {
        Some(row) => (row.span.clone(), "the last row has conditions"),
        None => (document.extends_span.clone(), "there are no rows"),
    };
    problems
        .add(at, "a contract that extends nothing ends with a row without conditions", label)
        .help("add `- { id: otherwise, class: unexpected_status, outcome: unknown }`");
}

/// Rows of success are tried first: one that is not about an answer would take every failure.
fn success(row: &Row, problems: &mut Problems) {
    let elsewhere = row.when.iter().find(|when| !when.of_answers());
    if row.when.is_empty() || elsewhere.is_some() {
        let at = elsewhere.map_or_else(|| row.span.clone(), |when| when.span.clone());
        problems
            .add(
                at,
                "a row of success needs a condition on the answer",
                "this holds without an answer, too",
            )
            .help("add the status: `status: 200-299`");
    }
}

/// Conditions on parts need a form that has them.
fn parts(row: &Row, form: Option<&Form>, problems: &mut Problems) {
    let code = row.when.iter().find(|when| !when.code.is_empty());
    let message = row.when.iter().find(|when| when.message.is_some());
    for (used, part, name) in [(code, Part::Code, "code"), (message, Part::Message, "message")] {
        let Some(when) = used.filter(|_| lacks(form, &part)) else { continue };
        let label = match form {
            Some(form) => format!("the form `{}` has no \"{{{name}}}\"", form.name),
            None => "this contract has no forms".to_owned(),
        };
        problems
            .add(
                when.span.clone(),
                format!("`{name}` is a condition here, and nothing says where it stands"),
                label,
            )
            .help(format!("give the row a form whose body has \"{{{name}}}\", or use `body`"));
    }
}

fn lacks(form: Option<&Form>, part: &Part) -> bool {
    form.is_none_or(|form| form.pointer(part).is_none())
}

/// Captures need a wording with that slot, and a form with a message to find it in.
fn captures(row: &Row, form: Option<&Form>, problems: &mut Problems) {
    let take = &row.take;
    let sources = [&take.code, &take.detail, &take.field, &take.related, &take.error_id];
    let names = sources.into_iter().flatten().filter_map(|source| match source {
        Source::Capture(name) => Some(name.as_str()),
        Source::Body(_) | Source::Header(_) => None,
    });
    for name in names {
        let slots: Vec<&str> = row.wording().map_or_else(Vec::new, |w| w.names().collect());
        let help = if row.wording().is_none() {
            format!("add the documented wording: `says: \"… {{{name}}} …\"`")
        } else if !slots.contains(&name) {
            let slots: Vec<_> = slots.into_iter().filter(|slot| !slot.is_empty()).collect();
            match slots.as_slice() {
                [] => format!("name its slot: {{{name}}}"),
                slots => notation::hint(name, slots),
            }
        } else if lacks(form, &Part::Message) {
            "give the row a form whose body has \"{message}\"".to_owned()
        } else {
            continue;
        };
        let title = format!("`{name}` is taken from the message, and there is no such slot in it");
        problems.add(row.place("take"), title, "taken here").help(help);
    }
}

/// What is said of a field needs a field.
fn fields(row: &Row, form: Option<&Form>, problems: &mut Problems) {
    let one = row.take.field.is_some() || !lacks(form, &Part::Field);
    let any = one || !lacks(form, &Part::Fields);
    if row.field_kind.is_some() && !any {
        problems
            .add(row.place("field_kind"), "the kind of a field that nothing takes", "here")
            .help("add `take: { field: … }`, or a form whose body has \"{field}\"");
    }
    if row.take.related.is_some() && !one {
        problems
            .add(row.place("take"), "a related field, and no field that it is related to", "here")
            .help("add `field` to it");
    }
}

/// An answer is evidence that the request was sent; to say otherwise would make repeats look safe.
fn outcome(row: &Row, problems: &mut Problems) {
    let answers = row.when.iter().find(|when| when.of_answers());
    if let (OutcomeRule::Is(Outcome::Unsent), Some(when)) = (row.outcome, answers) {
        let stated = row.places.iter().any(|(key, _)| key == "outcome");
        let at = row.place(if stated { "outcome" } else { "class" });
        problems
            .add(at, "what was answered had been sent", "this means that nothing was sent")
            .other(when.span.clone(), "a condition on an answer")
            .help("write `outcome: refused` where it was refused without effect");
    }
}

fn message(row: &Row, document: &Document, base: Option<&Table>, problems: &mut Problems) {
    let MessageKey::Key(key) = &row.message else { return };
    let sets = document.messages.iter().chain(base.map_or(&[][..], Table::messages));
    let texts = sets.flat_map(|set| &set.locales).flat_map(|(_, texts)| texts);
    let keys: Vec<&str> = texts.map(|text| text.key.as_str()).collect();
    if keys.contains(&key.as_str()) {
        return;
    }
    let own = keys.into_iter().filter(|key| Class::from_name(key).is_none());
    let help = match notation::nearest(key, own) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add it to `messages`; `message: none` shows nothing".to_owned(),
    };
    problems
        .add(row.place("message"), format!("there is no text `{key}`"), "shown by this row")
        .help(help);
}
