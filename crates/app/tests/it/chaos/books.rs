//! Three books compared: what callers were promised, what the ledger says, what the handler saw.

use super::callers::{Desk, Told};
use super::kind::Kind;
use super::upstream::Sent;
use candor_ledger::Time;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// How far the clocks of two books may lie apart, and what a process needs to notice something.
const SLACK: i64 = 50;

/// What was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A gateway was killed or stopped, or the machine stood still.
    Gateway,
    /// The ledger's server was away, and outcomes waited to be recorded.
    Ledger,
}

/// A time in which something was killed, stopped or kept from running.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interruption {
    pub(super) what: What,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// An operation as the ledger's export has it.
#[derive(Debug)]
pub(super) struct Kept {
    state: String,
    job: u64,
    request_id: String,
    outcome: Option<String>,
    created: String,
    completed: Option<String>,
    line: String,
}

/// What is wrong, and what was counted.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) promised: usize,
    /// Told that it was not done, by status.
    pub(super) refused: BTreeMap<u16, usize>,
    /// Operations in the ledger.
    pub(super) kept: usize,
    /// What reached the handler in all, and how much of it was an allowed repeat.
    pub(super) sent: usize,
    pub(super) repeated: usize,
    /// Operations whose outcome nobody knows.
    pub(super) unknown: usize,
    /// Of those, the ones whose callers had an outcome that the ledger could not be told in time.
    pub(super) outrun: usize,
    /// Promised, and not there or not ended.
    pub(super) lost: Vec<String>,
    /// Sent more often than their callback allows.
    pub(super) doubled: Vec<String>,
    /// One book says what another one denies.
    pub(super) contradicted: Vec<String>,
}

impl Report {
    pub(super) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.contradicted.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { promised, refused, kept, sent, repeated, unknown, outrun, .. } = self;
        let (lost, doubled) = (self.lost.len(), self.doubled.len());
        let contradicted = self.contradicted.len();
        write!(
            f,
            "{promised} promised, refused {refused:?}, {kept} kept, {sent} sent, {repeated} of them \
             repeats, {unknown} unknown ({outrun} outrun), {lost} lost, {doubled} doubled, \
             {contradicted} contradicted"
        )?;
        for breach in [&self.lost, &self.doubled, &self.contradicted].into_iter().flatten().take(20)
        {
            write!(f, "\n  {breach}")?;
        }
        Ok(())
    }
}

/// The books of a run that has come to rest.
pub(super) struct Books {
    pub(super) kept: BTreeMap<String, Kept>,
    /// Each operation's status, as the list of the gateway has it.
    pub(super) listed: BTreeMap<String, String>,
    /// The ends of operations that were seen on the way.
    pub(super) ends: BTreeMap<String, String>,
    pub(super) seen: BTreeMap<u64, Vec<Sent>>,
    pub(super) interruptions: Vec<Interruption>,
}

/// The operations of an export, by their ids.
pub(super) fn kept(export: &str) -> BTreeMap<String, Kept> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let each = export.lines().map(|line| {
        let op: Value = serde_json::from_str(line).unwrap();
        let payload = op["request"]["payload"]["text"].as_str().unwrap();
        let payload: Value = serde_json::from_str(payload).unwrap();
        let came = ["succeeded", "failed"].map(|came| text(&op["result"][came]["outcome"]));
        let kept = Kept {
            state: text(&op["state"]).unwrap(),
            job: payload["job"].as_u64().unwrap(),
            request_id: text(&op["request"]["request_id"]).unwrap(),
            outcome: came.into_iter().flatten().next(),
            created: sortable(op["created"].as_str().unwrap()),
            completed: op["completed"].as_str().map(sortable),
            line: line.to_owned(),
        };
        (text(&op["id"]).unwrap(), kept)
    });
    each.collect()
}

/// A time as RFC 3339 writes it, with all its milliseconds, so that the earlier is the smaller text.
fn sortable(time: &str) -> String {
    let time = time.trim_end_matches('Z');
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<3}")
}

impl Kept {
    fn has_ended(&self) -> bool {
        self.completed.is_some()
    }

    /// Whether it was under way while one of these was interrupted.
    fn was_hit(&self, interruptions: &[Interruption], of: &[What]) -> bool {
        let time = |millis| sortable(&Time::from_millis(millis).to_string());
        interruptions.iter().any(|Interruption { what, from, to }| {
            let ended_before = |end: &String| *end < time(from - SLACK);
            of.contains(what)
                && time(to + SLACK) >= self.created
                && !self.completed.as_ref().is_some_and(ended_before)
        })
    }
}

impl Books {
    pub(super) fn compare(&self, desk: &Desk) -> Report {
        let told = desk.told.lock().unwrap();
        let jobs = desk.jobs.lock().unwrap();
        let sent = self.seen.values().map(Vec::len).sum();
        let mut report = Report {
            promised: told.iter().filter(|told| told.is_promise()).count(),
            kept: self.kept.len(),
            sent,
            repeated: sent - self.seen.len(),
            ..Report::default()
        };
        for told in told.iter().filter(|told| !told.is_promise()) {
            *report.refused.entry(told.status).or_default() += 1;
        }
        told.iter().for_each(|told| self.promises(told, &mut report));
        self.kept.iter().for_each(|(id, kept)| self.operation(id, kept, &jobs, &mut report));
        self.handler(&jobs, &mut report);
        for (id, end) in self.ends.iter().filter(|(id, end)| self.listed.get(*id) != Some(*end)) {
            report.contradicted.push(format!("{id} had ended as {end}, and has changed"));
        }
        report
    }

    /// What a caller was told holds.
    fn promises(&self, told: &Told, report: &mut Report) {
        if !told.is_promise() {
            return;
        }
        let kept = told.operation.as_ref().and_then(|id| self.kept.get(id));
        let Some(kept) = kept.filter(|kept| kept.has_ended()) else {
            return report.lost.push(format!("promised and lost: {told:?}, {kept:?}"));
        };
        // While the ledger is away a caller has its outcome before it is recorded; another node may
        // come first, and record that nobody knows it.
        let outrun = kept.outcome.as_deref() == Some("unknown")
            && kept.was_hit(&self.interruptions, &[What::Ledger]);
        report.outrun += usize::from(told.status == 200 && outrun);
        let as_told = told.status != 200 || kept.state == "succeeded" || outrun;
        if kept.job != told.job || !as_told {
            report.contradicted.push(format!("{told:?} was told otherwise than kept: {kept:?}"));
        }
    }

    /// What the ledger says of an operation holds.
    fn operation(&self, id: &str, kept: &Kept, jobs: &[&Kind], report: &mut Report) {
        let sent = self.seen.get(&kept.job).map_or(0, Vec::len);
        let unknown = kept.outcome.as_deref() == Some("unknown");
        report.unknown += usize::from(unknown);
        let mut wrong = |what: &str| {
            let name = jobs[usize::try_from(kept.job).unwrap()].name;
            let line = &kept.line;
            report.contradicted.push(format!("{what} ({name}, sent {sent} times): {line}"));
        };
        if self.listed.get(id) != Some(&kept.state) {
            wrong("listed otherwise than exported");
        }
        if kept.state == "succeeded" && sent == 0 {
            wrong("it succeeded and was never sent");
        }
        if kept.state == "cancelled" && sent > 0 {
            wrong("it was taken back and sent");
        }
        let went_well = kept.state == "succeeded" && sent == 1;
        if !went_well && !kept.was_hit(&self.interruptions, &[What::Gateway, What::Ledger]) {
            wrong("nothing hit it, and it was not simply done");
        }
        if kept.state == "failed" && !unknown {
            wrong("the handler never fails");
        }
    }

    /// What the handler saw was kept before, was the same each time, and came as often as it may.
    fn handler(&self, jobs: &[&Kind], report: &mut Report) {
        let mut ids: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for kept in self.kept.values() {
            ids.entry(kept.job).or_default().push(&kept.request_id);
        }
        for (job, sends) in &self.seen {
            let kind = jobs[usize::try_from(*job).unwrap()];
            if sends.len() > kind.most {
                let (name, times) = (kind.name, sends.len());
                report.doubled.push(format!("job {job} of `{name}` was sent {times} times"));
            }
            if sends.iter().any(|sent| *sent != sends[0]) {
                report.contradicted.push(format!("job {job} was sent in two forms: {sends:?}"));
            }
            if ids.get(job).is_none_or(|ids| !ids.contains(&sends[0].request_id.as_str())) {
                let line = format!("job {job} was sent and is not in the ledger: {sends:?}");
                report.contradicted.push(line);
            }
        }
    }
}
