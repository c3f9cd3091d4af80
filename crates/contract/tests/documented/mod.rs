//! The documents' rows, each as a real exchange, and whether its contract knows it.
//!
//! The lists in `contracts/documented` are transcribed from the vendors' documents by hand, and are
//! the only source of what must be known. What an answer looks like is told here as the documents
//! tell it, never taken from a contract: this is the witness against which contracts are held.

mod systems;

#[cfg(test)]
pub(crate) use systems::filled;

use candor_contract::{Library, Table, Words, transcript};
use candor_facts::{
    Answer, Check, Ending, Exchange, Fault, FaultKind, Held, HeldKind, Request, Sent, Verdict,
    Violation,
};

/// The name that stands for `<cyberapp_name>`.
const CYBERAPP: &str = "Example Backup";

/// The lists: contract and text.
const LISTS: [(&str, &str); 5] = [
    ("acronis-callback", include_str!("../../../../contracts/documented/acronis-callback.tsv")),
    ("acronis-platform", include_str!("../../../../contracts/documented/acronis-platform.tsv")),
    ("atlassian-backup", include_str!("../../../../contracts/documented/atlassian-backup.tsv")),
    ("solace-cloud", include_str!("../../../../contracts/documented/solace-cloud.tsv")),
    ("open2b", include_str!("../../../../contracts/documented/open2b.tsv")),
];

/// The rows of one system's document.
#[derive(Debug)]
pub(crate) struct List {
    /// The contract that must know them.
    pub(crate) contract: &'static str,
    /// The number that the list itself states.
    pub(crate) total: usize,
    /// The rows, in the order of the document.
    pub(crate) lines: Vec<Line>,
}

/// One row of a document, as it is printed there; `-` where it has no such column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// The section in which it stands.
    pub(crate) section: &'static str,
    /// The status.
    pub(crate) status: &'static str,
    /// The vendor's code, or the name of the error.
    pub(crate) code: &'static str,
    /// The wording.
    pub(crate) text: &'static str,
    /// The row of the contract that must recognise it.
    pub(crate) row: &'static str,
}

/// How an exchange of a documented row ends.
#[derive(Debug)]
pub(crate) enum End {
    /// With this answer, as `curl -i` prints it.
    Answer(String),
    /// With an answer that does not have its declared form.
    Undeclared(String),
    /// With this fault.
    Fault(FaultKind),
    /// Before anything was sent.
    Held(HeldKind),
}

/// One documented row, and what its contract makes of it.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The documented row.
    pub(crate) line: Line,
    /// Everything that is not as documented; nothing where the contract knows the row.
    pub(crate) wrong: Vec<String>,
}

/// All lists, in the order of the documents.
pub(crate) fn lists() -> Vec<List> {
    LISTS.into_iter().map(|(contract, text)| list(contract, text)).collect()
}

fn list(contract: &'static str, text: &'static str) -> List {
    let lines = text.lines().skip(1).filter_map(line).collect();
    let total = text.lines().find_map(|line| line.strip_prefix("# total: ")?.trim().parse().ok());
    List { contract, total: total.unwrap_or_default(), lines }
}

fn line(text: &'static str) -> Option<Line> {
    let mut columns = text.split('\t');
    let mut column = || columns.next();
    Some(Line {
        section: column()?,
        status: column()?,
        code: column()?,
        text: column()?,
        row: column()?,
    })
}

impl List {
    /// Holds every row of the document against its contract.
    pub(crate) fn findings(&self, library: &Library) -> Vec<Finding> {
        let table = library.get(self.contract);
        let of = |line: &Line| Finding { line: *line, wrong: self.wrong(table.as_deref(), line) };
        self.lines.iter().map(of).collect()
    }

    fn wrong(&self, table: Option<&Table>, line: &Line) -> Vec<String> {
        let Some(table) = table else { return vec!["there is no such contract".to_owned()] };
        let ends = systems::exchanges(self.contract, line);
        if ends.is_empty() {
            return vec![format!("no exchange is known for {line:?}")];
        }
        ends.iter().filter_map(|end| self.differs(table, line, end)).collect()
    }

    /// What is not as documented when an exchange of `line` ends so.
    fn differs(&self, table: &Table, line: &Line, end: &End) -> Option<String> {
        let verdict = match verdict(table, end) {
            Ok(verdict) => verdict,
            Err(error) => return Some(error),
        };
        if verdict.row != line.row {
            return Some(format!("{}: {end:?} is read as {}", line.row, verdict.row));
        }
        let shown = verdict.message.as_deref();
        let documented = shown_text(line);
        let says = self.contract != "acronis-callback" || shown == documented.as_deref();
        (!says).then(|| format!("{}: shows {shown:?}, documented is {documented:?}", line.row))
    }
}

/// The text that the callback document shows to people. Its `None` is no text.
fn shown_text(line: &Line) -> Option<String> {
    (line.text != "None").then(|| line.text.replace("<cyberapp_name>", CYBERAPP))
}

/// Reads an ending as `candor explain` does.
fn verdict(table: &Table, end: &End) -> Result<Verdict, String> {
    match end {
        End::Fault(kind) => Ok(ended(table, Ending::Fault(&Fault::new(*kind, sent_by(*kind), "")))),
        End::Held(kind) => Ok(ended(table, Ending::Held(&Held::new(*kind, "")))),
        End::Answer(text) => answered(table, text, Check::NotMade),
        End::Undeclared(text) => {
            let violation = Violation {
                pointer: "/payload".to_owned(),
                rule: "required".to_owned(),
                expected: "the member vendor_tenant_id".to_owned(),
            };
            answered(table, text, Check::Failed(&[violation]))
        }
    }
}

fn ended(table: &Table, ending: Ending<'_>) -> Verdict {
    let words = Words { names: &[("cyberapp_name", CYBERAPP)], ..Words::default() };
    let exchange = Exchange { request: Request::default(), ending, ended_at: None };
    table.classify(&exchange).verdict(&words)
}

fn answered(table: &Table, text: &str, check: Check<'_>) -> Result<Verdict, String> {
    let answer = transcript::read(text.as_bytes()).map_err(|error| error.to_string())?;
    let ending = Ending::Answer(Answer {
        status: answer.status,
        reason: answer.reason.as_deref().map(str::as_bytes),
        headers: &answer.headers,
        body: &answer.body,
        check,
    });
    Ok(ended(table, ending))
}

/// What had left when a fault of this kind strikes at the earliest.
fn sent_by(kind: FaultKind) -> Sent {
    match kind.phase() {
        candor_facts::Phase::Send => Sent::Part,
        candor_facts::Phase::Head | candor_facts::Phase::Body => Sent::All,
        candor_facts::Phase::Resolve
        | candor_facts::Phase::Guard
        | candor_facts::Phase::Connect
        | candor_facts::Phase::Handshake => Sent::Nothing,
    }
}

/// The table that people see: a line for each system, and the sum.
pub(crate) fn summary(counts: &[(&str, usize, usize)]) -> String {
    let line =
        |(name, known, total): &(&str, usize, usize)| format!("{name:<18}{known:>4} / {total}");
    let known = counts.iter().map(|(_, known, _)| known).sum();
    let total = counts.iter().map(|(_, _, total)| total).sum();
    let sum = ("total", known, total);
    counts.iter().chain([&sum]).map(line).collect::<Vec<_>>().join("\n")
}
