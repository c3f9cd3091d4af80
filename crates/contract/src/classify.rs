//! What an exchange means: the first row that holds, and what it takes from the answer.
//!
//! Pure and total: the same exchange gives the same reading, and every exchange gives one. Nothing
//! is parsed that no row asks for. Words for people are not chosen here, but in `words`.

use crate::look::{Look, SoFar};
use crate::retry;
use crate::row::{OutcomeRule, Row, Source, Take};
use crate::table::{Candidate, Table};
use crate::{form::Part, json, path_style};
use candor_facts::{
    Answer, Check, Ending, Exchange, FieldError, HeldKind, How, Next, Outcome, Retry,
};

/// What a table says of one exchange. Borrows the row; owns what it took from the answer.
#[derive(Debug, Clone)]
pub struct Reading<'t> {
    /// The table that was asked.
    pub table: &'t Table,
    /// The row that holds.
    pub row: &'t Row,
    /// The upstream's status.
    pub status: Option<u16>,
    /// Whether the request took effect.
    pub outcome: Outcome,
    /// Whether and when to send it again.
    pub retry: Retry,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's words.
    pub detail: Option<String>,
    /// The fields at fault.
    pub fields: Vec<FieldError>,
    /// The vendor's error id.
    pub upstream_error_id: Option<String>,
}

/// How many bytes of a body may settle what an answer is.
pub const SETTLING: usize = 64;

impl Table {
    /// Reads an exchange.
    pub fn classify(&self, exchange: &Exchange<'_>) -> Reading<'_> {
        match exchange.ending {
            Ending::Answer(answer) => self.answer(exchange, &answer),
            Ending::Fault(fault) => {
                let row = self.first(self.on_fault(fault.kind), |_, _| true);
                let mut reading = self.reading(row, exchange);
                reading.detail = some(&fault.detail);
                reading
            }
            Ending::Held(held) => {
                let row = self.first(self.on_held(held.kind), |_, _| true);
                let mut reading = self.reading(row, exchange);
                reading.detail = some(&held.detail);
                reading.fields = held.violations.iter().map(violated).collect();
                reading
            }
        }
    }

    fn answer(&self, exchange: &Exchange<'_>, answer: &Answer<'_>) -> Reading<'_> {
        let look = Look::new(self, &exchange.request, answer);
        let differs = matches!(answer.check, Check::Failed(_));
        let row = self.first(self.on_status(answer.status.as_u16()), |row, alternative| {
            let when = row.when.get(alternative);
            // What is not as declared is a success only by a row that says so.
            let none = differs && row.class.is_success() && when.is_none_or(|w| w.check.is_none());
            !none && when.is_none_or(|when| look.holds(row, when))
        });
        let mut reading = self.reading(row, exchange);
        reading.status = Some(answer.status.as_u16());
        if !row.class.is_success() {
            reading.take(&look);
        }
        reading
    }

    /// What an answer means, where its head and the beginning of its body settle that it is a
    /// success: nothing that is still to come could change the row. `None` where the whole body is
    /// needed, or where it is no success.
    ///
    /// The answer's body is the part that has come so far. Fewer than [`SETTLING`] bytes, blanks at its start aside, settle
    /// nothing, for they may be the beginning of a page. A contract whose successes say nothing of
    /// the body's members, as most do, asks for no more than that.
    pub fn settled(&self, exchange: &Exchange<'_>) -> Option<Reading<'_>> {
        let Ending::Answer(answer) = exchange.ending else { return None };
        if answer.body.trim_ascii_start().len() < SETTLING {
            return None;
        }
        let look = Look::new(self, &exchange.request, &answer);
        for (row, alternative) in self.on_status(answer.status.as_u16()) {
            let row = self.rows().get(usize::from(*row))?;
            match row.when.get(usize::from(*alternative)).map(|when| look.so_far(when)) {
                Some(SoFar::Fails) => {}
                Some(SoFar::Open) => return None,
                Some(SoFar::Holds) | None => {
                    let mut reading = self.reading(row, exchange);
                    reading.status = Some(answer.status.as_u16());
                    return row.class.is_success().then_some(reading);
                }
            }
        }
        None
    }

    /// The first candidate that holds. The last row of a table has no condition, so one does.
    fn first(&self, candidates: &[Candidate], holds: impl Fn(&Row, usize) -> bool) -> &Row {
        let rows = candidates.iter().filter_map(|(row, alternative)| {
            Some((self.rows().get(usize::from(*row))?, usize::from(*alternative)))
        });
        let mut found = rows.filter(|(row, alternative)| holds(row, *alternative));
        let last = self.rows().last();
        #[expect(clippy::expect_used, reason = "`check` refuses a table without a last row")]
        found.next().map(|(row, _)| row).or(last).expect("a table has rows")
    }

    /// What `row` alone says of an exchange, without asking whether it holds.
    pub(crate) fn read_as<'t>(
        &'t self,
        row: &'t Row,
        exchange: &Exchange<'_>,
        status: Option<u16>,
        code: Option<&str>,
    ) -> Reading<'t> {
        let mut reading = self.reading(row, exchange);
        reading.status = status;
        reading.code = code.or_else(|| row.code()).map(str::to_owned);
        reading
    }

    fn reading<'t>(&'t self, row: &'t Row, exchange: &Exchange<'_>) -> Reading<'t> {
        let outcome = outcome(row, &exchange.ending);
        Reading {
            table: self,
            row,
            status: None,
            outcome,
            retry: retry::judge(row, outcome, exchange),
            code: None,
            detail: None,
            fields: Vec::new(),
            upstream_error_id: None,
        }
    }
}

/// The row's outcome, unless the evidence says that nothing was sent.
fn outcome(row: &Row, ending: &Ending<'_>) -> Outcome {
    let evidence = match ending {
        Ending::Answer(_) => Outcome::Unknown,
        Ending::Fault(fault) => fault.evidence(),
        Ending::Held(held) if held.kind == HeldKind::Internal => Outcome::Unknown,
        Ending::Held(_) => Outcome::Unsent,
    };
    match row.outcome {
        _ if evidence == Outcome::Unsent => evidence,
        OutcomeRule::Is(outcome) => outcome,
        OutcomeRule::ByEvidence => evidence,
    }
}

impl Reading<'_> {
    /// Who acts next, and how: the row's advice, held against what is known of a repeat. Nobody is
    /// told to repeat blindly what may have taken effect, or to look, or to ask, before a repeat that
    /// does no harm.
    pub fn next(&self) -> Next {
        let advised = self.row.next;
        let blindly = !self.retry.safe && self.outcome == Outcome::Unknown;
        let needlessly = matches!(advised.how, How::LookFirst | How::AskSupport);
        let how = if advised.how == How::Retry && blindly {
            How::LookFirst
        } else if needlessly && self.retry.safe {
            How::Retry
        } else {
            advised.how
        };
        Next { how, ..advised }
    }
}

fn violated(violation: &candor_facts::Violation) -> FieldError {
    FieldError {
        path: violation.pointer.clone(),
        pointer: Some(violation.pointer.clone()),
        kind: Some(violation.rule.clone()),
        related: None,
        message: Some(violation.expected.clone()),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

// === taking the parts ===

impl Reading<'_> {
    fn take(&mut self, look: &Look<'_, '_>) {
        let row = self.row;
        let Take { code, detail, field, related, error_id } = &row.take;
        let part = |source: &Option<Source>, part| match source {
            Some(source) => look.source(row, source),
            None => look.part(row, &part),
        };
        self.code = part(code, Part::Code);
        let said = || look.part(row, &Part::Message).or_else(|| look.plain_text());
        self.detail = part(detail, Part::Info).or_else(said);
        self.upstream_error_id = part(error_id, Part::ErrorId);
        let related = related.as_ref().and_then(|source| look.source(row, source));
        if let Some(path) = part(field, Part::Field) {
            self.fields.push(self.field_error(path, related, None));
        }
        for (path, texts) in look.field_map(row) {
            let error = |text| self.field_error(path.clone(), None, Some(text));
            let errors: Vec<_> = texts.into_iter().map(error).collect();
            self.fields.extend(errors);
        }
        if let Check::Failed(violations) = look.check() {
            self.fields.extend(violations.iter().map(violated));
        }
    }

    fn field_error(
        &self,
        path: String,
        related: Option<String>,
        text: Option<String>,
    ) -> FieldError {
        FieldError {
            pointer: path_style::to_pointer(&path).map(|p: json::Pointer| p.to_string()),
            kind: self.row.field_kind.clone(),
            related,
            message: text.or_else(|| self.detail.clone()),
            path,
        }
    }
}
