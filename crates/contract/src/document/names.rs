//! The closed sets that a contract file has of its own. Each is stated once: the reader takes its
//! names from here, and so does the published schema of the file.

use crate::row::{Allow, BodyKind, CheckIs, JsonType, WaitForm};

pub(crate) const ALLOW: [(&str, Allow); 3] =
    [("allowed", Allow::Allowed), ("never", Allow::Never), ("undocumented", Allow::Undocumented)];

pub(crate) const WAIT_FORMS: [(&str, WaitForm); 3] =
    [("seconds", WaitForm::Seconds), ("date", WaitForm::Date), ("either", WaitForm::Either)];

pub(crate) const JSON_TYPES: [(&str, JsonType); 6] = [
    ("string", JsonType::String),
    ("number", JsonType::Number),
    ("boolean", JsonType::Boolean),
    ("object", JsonType::Object),
    ("array", JsonType::Array),
    ("null", JsonType::Null),
];

pub(crate) const BODY_KINDS: [(&str, BodyKind); 6] = [
    ("recognised", BodyKind::Recognised),
    ("empty", BodyKind::Empty),
    ("json", BodyKind::Json),
    ("html", BodyKind::Html),
    ("not_html", BodyKind::NotHtml),
    ("text", BodyKind::Text),
];

pub(crate) const CHECKS: [(&str, CheckIs); 2] =
    [("passed", CheckIs::Passed), ("failed", CheckIs::Failed)];

/// The members of a row that can be a conclusion.
pub(crate) const INFERRED: [&str; 7] =
    ["row", "status", "class", "origin", "outcome", "retry", "next"];

/// The outcome that the evidence decides.
pub(crate) const BY_EVIDENCE: &str = "by_evidence";

/// The names of a table.
pub(crate) fn of<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}
