//! The compiled contract: an ordered table of rows, with an index over the endings.
//!
//! Built once at load, immutable afterwards. Its last row has no condition, so every exchange finds
//! a row. Searching it is told in `classify`.

use crate::document::{Document, MessageSet, Source};
use crate::form::Form;
use crate::general;
use crate::row::{Row, When};
use candor_facts::{Class, FaultKind, HeldKind};
use http::HeaderValue;

/// A compiled contract.
#[derive(Debug, Clone)]
pub struct Table {
    name: String,
    version: String,
    title: String,
    source: Source,
    forms: Vec<Form>,
    rows: Vec<Row>,
    own: usize,
    messages: Vec<MessageSet>,
    index: Index,
    /// For each class the rows by which it is told: in general, and with a map of fields.
    general: Vec<(Class, [Option<usize>; 2])>,
}

/// A row and one of its alternatives, by number. A row without a condition has the alternative 0.
pub(crate) type Candidate = (u16, u16);

#[derive(Debug, Clone, Default)]
struct Index {
    /// For each status from 100 to 999, the number of its bucket.
    by_status: Vec<u16>,
    buckets: Vec<Vec<Candidate>>,
    by_fault: Vec<Vec<Candidate>>,
    by_held: Vec<Vec<Candidate>>,
}

impl Table {
    /// Compiles a checked document over its base. The base's rows, forms and texts follow its own.
    pub fn build(document: Document, base: Option<&Table>) -> Self {
        let own = document.rows.len();
        let mut table = Self {
            name: document.name,
            version: document.version,
            title: document.title,
            source: document.source,
            forms: document.forms,
            rows: document.rows,
            own,
            messages: document.messages,
            index: Index::default(),
            general: Vec::new(),
        };
        if let Some(base) = base {
            table.append(base);
        }
        table.compile();
        table
    }

    /// The same contract with `rows` before its own: a callback's own responses, which win over
    /// the defaults. The rows must not name forms.
    #[must_use]
    pub fn layered(&self, name: &str, mut rows: Vec<Row>) -> Self {
        let own = rows.len() + self.own;
        rows.extend(self.rows.iter().cloned());
        let mut table = Self { name: name.to_owned(), rows, own, ..self.clone() };
        table.compile();
        table
    }

    fn compile(&mut self) {
        self.index = Index::of(&self.rows);
        self.general = general::rows(self);
        let label = self.label();
        for row in &mut self.rows {
            // An id is a word of ASCII, and so are name and version.
            let mark = HeaderValue::try_from(format!("{label}/{}", row.id));
            row.mark = mark.unwrap_or(HeaderValue::from_static(""));
        }
    }

    fn append(&mut self, base: &Table) {
        let shift = self.forms.len();
        self.forms.extend(base.forms.iter().cloned());
        let moved = base.rows.iter().cloned().map(|mut row| {
            row.form = row.form.map(|form| form + shift);
            row
        });
        self.rows.extend(moved);
        self.messages.extend(base.messages.iter().cloned());
    }

    /// The contract's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The contract's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `name@version`, as a verdict names it.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// What it is the contract of.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The document that it follows.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// All rows in the order in which they are tried; the base's follow its own.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of this contract without those of its base.
    pub fn own_rows(&self) -> &[Row] {
        self.rows.get(..self.own).unwrap_or(&self.rows)
    }

    /// The row with this id; its own before its base's.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The forms of error bodies; its own first.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// The form of this row's body.
    pub fn form_of(&self, row: &Row) -> Option<&Form> {
        self.forms.get(row.form?)
    }

    /// The form in which an answer to this row is read: its own. A row of a base without forms says
    /// nothing of bodies, so the contract's usual form is tried.
    pub(crate) fn read_form(&self, row: &Row) -> Option<&Form> {
        self.form_of(row).or_else(|| self.forms.first())
    }

    /// The form in which this row is written: as it is read, unless the usual form has constants,
    /// which say that it belongs to certain rows alone.
    pub(crate) fn written_form(&self, row: &Row) -> Option<&Form> {
        let usual = || self.forms.first().filter(|form| form.constants.is_empty());
        self.form_of(row).or_else(usual)
    }

    /// The sets of texts for people; its own first.
    pub fn messages(&self) -> &[MessageSet] {
        &self.messages
    }

    /// The most general row of exactly this class that can be written without knowing more, and is
    /// recognised again; one with a map of fields where `fields` asks for it and there is one.
    pub(crate) fn general_row(&self, class: Class, fields: bool) -> Option<&Row> {
        let (_, [plain, mapped]) = self.general.iter().find(|(c, _)| *c == class)?;
        let chosen = if fields { mapped.or(*plain) } else { *plain };
        self.rows.get(chosen?)
    }

    pub(crate) fn on_status(&self, status: u16) -> &[Candidate] {
        let bucket = self.index.by_status.get(usize::from(status).wrapping_sub(100));
        let bucket = bucket.and_then(|number| self.index.buckets.get(usize::from(*number)));
        bucket.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn on_fault(&self, kind: FaultKind) -> &[Candidate] {
        let at = FaultKind::ALL.iter().position(|k| *k == kind);
        at.and_then(|at| self.index.by_fault.get(at)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn on_held(&self, kind: HeldKind) -> &[Candidate] {
        let at = HeldKind::ALL.iter().position(|k| *k == kind);
        at.and_then(|at| self.index.by_held.get(at)).map_or(&[], Vec::as_slice)
    }
}

// === impl Index ===

impl Index {
    fn of(rows: &[Row]) -> Self {
        let mut index = Self::default();
        for status in 100..=999_u16 {
            let candidates = select(rows, |when| answers_with(when, status));
            let known = index.buckets.iter().position(|bucket| *bucket == candidates);
            let number = known.unwrap_or_else(|| {
                index.buckets.push(candidates);
                index.buckets.len() - 1
            });
            index.by_status.push(u16::try_from(number).unwrap_or(u16::MAX));
        }
        let fault = |kind: FaultKind| select(rows, |when| faults_with(when, kind));
        index.by_fault = FaultKind::ALL.into_iter().map(fault).collect();
        let held = |kind: HeldKind| select(rows, |when| held_with(when, kind));
        index.by_held = HeldKind::ALL.into_iter().map(held).collect();
        index
    }
}

/// The alternatives that can hold for an ending, in order.
fn select(rows: &[Row], fits: impl Fn(&When) -> bool) -> Vec<Candidate> {
    let nothing = When::default();
    let mut found = Vec::new();
    for (row, number) in rows.iter().zip(0_u16..) {
        if row.when.is_empty() && fits(&nothing) {
            found.push((number, 0));
        }
        let alternatives = row.when.iter().zip(0_u16..).filter(|(when, _)| fits(when));
        found.extend(alternatives.map(|(_, alternative)| (number, alternative)));
    }
    found
}

fn answers_with(when: &When, status: u16) -> bool {
    let fits = |(low, high): &(u16, u16)| (*low..=*high).contains(&status);
    !when.of_faults()
        && when.held.is_empty()
        && (when.status.is_empty() || when.status.iter().any(fits))
}

fn faults_with(when: &When, kind: FaultKind) -> bool {
    !when.of_answers()
        && !when.of_bodies()
        && when.held.is_empty()
        && (when.fault.is_empty() || when.fault.contains(&kind))
        && (when.phase.is_empty() || when.phase.contains(&kind.phase()))
}

fn held_with(when: &When, kind: HeldKind) -> bool {
    !when.of_answers()
        && !when.of_bodies()
        && !when.of_faults()
        && (when.held.is_empty() || when.held.contains(&kind))
}
