//! Rows that can never apply, because earlier ones take all that they describe.
//!
//! What is said here is true, but not all that could be said: whether two patterns have a text in
//! common is not asked, and conditions on places of a body are compared as they are written.

use crate::notation::Problems;
use crate::row::{Row, Scalar, ValueTest, When};
use candor_facts::FaultKind;

/// The most pieces into which one alternative is cut.
const MAX_PIECES: usize = 64;

/// Notes every row of `rows` that can never apply, and every such alternative.
pub(super) fn dead_rows(rows: &[Row], problems: &mut Problems) {
    let always = [When::default()];
    for (row, number) in rows.iter().zip(0_usize..) {
        let earlier = rows.get(..number).unwrap_or_default();
        let mine = if row.when.is_empty() { &always[..] } else { &row.when };
        let taken: Vec<_> = mine.iter().map(|when| taken(when, row, earlier)).collect();
        if taken.iter().all(Option::is_some) {
            dead(row, taken.into_iter().flatten().flatten().collect(), problems);
            continue;
        }
        for (when, by) in mine.iter().zip(taken) {
            if let Some(by) = by.as_deref().and_then(<[_]>::first) {
                dead_alternative(row, when, by, problems);
            }
        }
    }
}

fn dead(row: &Row, mut by: Vec<&Row>, problems: &mut Problems) {
    by.dedup_by_key(|row| &row.id);
    let Some(first) = by.first() else { return };
    let label = match by.as_slice() {
        [one] => format!("taken by `{}`", one.id),
        [one, others @ ..] => format!("taken by `{}`, and by {} more rows", one.id, others.len()),
        [] => return,
    };
    let help = if first.when.is_empty() {
        "a row without conditions takes everything: make it the last one"
    } else {
        "move the more special row before the more general one, or remove one of them"
    };
    problems
        .add(
            row.span.clone(),
            format!("the row `{}` can never apply", row.id),
            "every exchange that it describes is taken before",
        )
        .other(first.span.clone(), label)
        .help(help);
}

fn dead_alternative(row: &Row, when: &When, by: &Row, problems: &mut Problems) {
    problems
        .add(
            when.span.clone(),
            format!("an alternative of the row `{}` can never apply", row.id),
            "every exchange that it describes is taken before",
        )
        .other(by.span.clone(), format!("taken by `{}`", by.id))
        .help("remove the alternative, or move the row up");
}

/// The rows that take all that `when` of `row` describes; `None` where something is left.
fn taken<'r>(when: &When, row: &Row, earlier: &'r [Row]) -> Option<Vec<&'r Row>> {
    let first = |piece: &When| earlier.iter().find(|other| takes(other, piece, row));
    if let Some(one) = first(when) {
        return Some(vec![one]);
    }
    let pieces = pieces(when);
    (pieces.len() > 1).then(|| pieces.iter().map(first).collect()).flatten()
}

fn takes(other: &Row, when: &When, row: &Row) -> bool {
    let same_form = other.form == row.form;
    other.when.is_empty() || other.when.iter().any(|wide| covers(wide, when, same_form))
}

/// `when` cut along its lists, so that several rows together can be seen to take it.
fn pieces(when: &When) -> Vec<When> {
    let mut pieces = vec![when.clone()];
    cut(&mut pieces, &when.status, |piece, one| piece.status = vec![one]);
    cut(&mut pieces, &when.code, |piece, one| piece.code = vec![one]);
    cut(&mut pieces, &when.method, |piece, one| piece.method = vec![one]);
    cut(&mut pieces, &when.body_is, |piece, one| piece.body_is = vec![one]);
    cut(&mut pieces, &when.fault, |piece, one| piece.fault = vec![one]);
    cut(&mut pieces, &when.held, |piece, one| piece.held = vec![one]);
    pieces
}

fn cut<T: Clone>(pieces: &mut Vec<When>, list: &[T], set: impl Fn(&mut When, T)) {
    if list.len() < 2 || pieces.len() * list.len() > MAX_PIECES {
        return;
    }
    let one = |piece: &When, member: &T| {
        let mut piece = piece.clone();
        set(&mut piece, member.clone());
        piece
    };
    *pieces = pieces.iter().flat_map(|p| list.iter().map(move |m| one(p, m))).collect();
}

/// Whether `wide` holds whenever `narrow` does, as far as the conditions alone tell.
fn covers(wide: &When, narrow: &When, same_form: bool) -> bool {
    within(&wide.status, &narrow.status, |(low, high), (l, h)| low <= l && h <= high)
        && same_ending(wide, narrow)
        && faults(wide, narrow)
        && within(&wide.held, &narrow.held, PartialEq::eq)
        && within(&wide.method, &narrow.method, PartialEq::eq)
        && within(&wide.path, &narrow.path, PartialEq::eq)
        && within(&wide.operation, &narrow.operation, PartialEq::eq)
        && within(&wide.text, &narrow.text, |w, n| w.eq_ignore_ascii_case(n))
        && (wide.code.is_empty() || same_form && within(&wide.code, &narrow.code, scalar))
        && (wide.body_is.is_empty()
            || same_form && within(&wide.body_is, &narrow.body_is, PartialEq::eq))
        && (wide.message.is_none() || same_form && wide.message == narrow.message)
        && (wide.check.is_none() || wide.check == narrow.check)
        && each_covered(&wide.header, &narrow.header)
        && each_covered(&wide.body, &narrow.body)
}

/// Whether every member of `narrow` is one of `wide`; an empty list is every possible member.
fn within<T>(wide: &[T], narrow: &[T], holds: impl Fn(&T, &T) -> bool) -> bool {
    let one = |n: &T| wide.iter().any(|w| holds(w, n));
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(one))
}

fn scalar(wide: &Scalar, narrow: &Scalar) -> bool {
    match (wide, narrow) {
        (_, Scalar::Is(text)) => wide.matches(text),
        (Scalar::Between(low, high), Scalar::Between(l, h)) => low <= l && h <= high,
        (Scalar::Is(_), Scalar::Between(..)) => wide == narrow,
    }
}

/// Whether every test of `wide` follows from one of `narrow` on the same place.
fn each_covered<P: PartialEq>(wide: &[(P, ValueTest)], narrow: &[(P, ValueTest)]) -> bool {
    wide.iter().all(|(place, w)| narrow.iter().any(|(p, n)| p == place && follows(w, n)))
}

fn follows(wide: &ValueTest, narrow: &ValueTest) -> bool {
    match (wide, narrow) {
        (ValueTest::In(wide), ValueTest::In(narrow)) => within(wide, narrow, scalar),
        (ValueTest::Exists(true), narrow) => *narrow != ValueTest::Exists(false),
        _ => wide == narrow,
    }
}

/// A condition on answers says nothing of faults, though it has no condition on them.
fn same_ending(wide: &When, narrow: &When) -> bool {
    let kind = |when: &When| (when.of_answers(), when.of_faults(), !when.held.is_empty());
    kind(wide) == (false, false, false) || kind(wide) == kind(narrow)
}

fn faults(wide: &When, narrow: &When) -> bool {
    let takes = |when: &When, kind: FaultKind| {
        (when.fault.is_empty() || when.fault.contains(&kind))
            && (when.phase.is_empty() || when.phase.contains(&kind.phase()))
    };
    FaultKind::ALL.into_iter().all(|kind| takes(wide, kind) || !takes(narrow, kind))
}
