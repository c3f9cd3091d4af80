//! An explanation as a person reads it. Plain text: meaning is never in a colour.

use super::{Explanation, Sure};
use candor_facts::{How, Origin, Outcome, Verdict, Who, Why};
use std::fmt;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.verdict;
        writeln!(f, "{}", capitalised(&self.title))?;
        line(f, "Contract", &format!("{}: {}", verdict.contract, self.api))?;
        optional(f, "How sure", self.how_sure())?;
        line(f, "What happened", &what(verdict))?;
        line(f, "Whose doing", origin(verdict.origin))?;
        line(f, "Took effect", outcome(verdict.outcome))?;
        line(f, "Send it again", &again(verdict))?;
        for field in &verdict.fields {
            line(f, "Field", &field_text(field))?;
        }
        optional(f, "Vendor's words", verdict.detail.as_deref())?;
        let message = verdict.message.as_deref().unwrap_or("nothing: the document says so");
        line(f, "Show a person", message)?;
        optional(f, "Vendor's id", verdict.upstream_error_id.as_deref())?;
        line(f, "Next", &next(verdict))?;
        self.provenance(f)
    }
}

impl Explanation {
    /// Why this contract was taken; nothing where it was named.
    fn how_sure(&self) -> Option<&'static str> {
        match self.sure {
            Sure::Named => None,
            Sure::Certain => Some("certain: a documented code or wording"),
            Sure::Likely => Some("likely: the form of the answer fits"),
            Sure::Possible => Some("a guess: only the status speaks for it; try --contract"),
        }
    }

    fn provenance(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cite = match self.verdict.cite.as_str() {
            "" => "not documented".to_owned(),
            cite => cite.to_owned(),
        };
        line(f, "Row", &format!("{}  [{cite}]", self.verdict.row))?;
        optional(f, "Document", Some(self.document.as_str()).filter(|url| !url.is_empty()))?;
        if !self.not_documented.is_empty() {
            line(
                f,
                "Inferred",
                &format!("no document states: {}", self.not_documented.join(", ")),
            )?;
        }
        if !self.others.is_empty() {
            line(f, "Fits as well", &self.others.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| line(f, "Note", note))
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {name:<15} {text}")
}

fn optional(f: &mut fmt::Formatter<'_>, name: &str, text: Option<&str>) -> fmt::Result {
    text.map_or(Ok(()), |text| line(f, name, text))
}

fn what(verdict: &Verdict) -> String {
    let status = verdict.status.map(|status| format!(", status {status}"));
    let code = verdict.code.as_ref().map(|code| format!(", code {code}"));
    format!("{}{}{}", verdict.class, status.unwrap_or_default(), code.unwrap_or_default())
}

fn field_text(field: &candor_facts::FieldError) -> String {
    let kind = field.kind.as_ref().map(|kind| format!(" {kind}"));
    let related = field.related.as_ref().map(|other| format!(" (because of {other})"));
    let message = field.message.as_ref().map(|text| format!(": {text}"));
    let parts = [kind, related, message].into_iter().flatten().collect::<String>();
    let path = if field.path.is_empty() { "(the whole body)" } else { &field.path };
    format!("{path}{parts}")
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Caller => "the caller's",
        Origin::Gateway => "the gateway's: its own setup or credentials are at fault",
        Origin::Network => "the network's",
        Origin::Intermediary => "an intermediary's: something in front of the API answered",
        Origin::Upstream => "the upstream's",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "yes",
        Outcome::Partial => "partly",
        Outcome::Accepted => "it was taken; its work goes on",
        Outcome::Refused => "no: it was refused and did nothing",
        Outcome::Unsent => "no: it never left",
        Outcome::Unknown => "unknown: it may have",
    }
}

fn again(verdict: &Verdict) -> String {
    let why = match verdict.retry.why {
        Why::Unsent => "nothing was sent",
        Why::Refused => "it was refused before it was executed",
        Why::Idempotent => "repeating this method has no further effect",
        Why::DedupeKey => "the same key is sent, so it cannot take effect twice",
        Why::Succeeded => "it succeeded",
        Why::MayHaveApplied => "it may have taken effect; look first",
        Why::Never => "the same request would fail again, or the document rules it out",
        Why::Undocumented => "the document does not say that it may be",
    };
    match (verdict.retry.safe, verdict.retry.after) {
        (true, Some(after)) => format!("yes, after {after} s: {why}"),
        (true, None) => format!("yes: {why}"),
        (false, _) => format!("no: {why}"),
    }
}

fn next(verdict: &Verdict) -> String {
    let who = match verdict.next.who {
        Who::Nobody => return "nothing to do".to_owned(),
        Who::Caller => "the caller",
        Who::Administrator => "the administrator at the vendor",
        Who::Operator => "the operator of the gateway",
        Who::Vendor => "the vendor or partner",
    };
    let how = match verdict.next.how {
        How::Nothing => "has nothing to do",
        How::Follow => "follows the work until it ends",
        How::Retry => "sends it again",
        How::LookFirst => "finds out whether it took effect before sending it again",
        How::FixRequest => "corrects the request",
        How::FixCredentials => "corrects or renews the credentials",
        How::FixSetup => "corrects the address, the certificate or another setting",
        How::Grant => "grants the right, the quota or the feature",
        How::FixState => "brings the resource into the needed state, or reads it anew",
        How::AskSupport => "asks support, with the error id",
        How::FixUpstream => "corrects what answered",
    };
    format!("{who} {how}")
}
