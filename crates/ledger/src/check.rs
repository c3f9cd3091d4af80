//! What a check of a ledger finds.
//!
//! The rules hold in both engines; each says in its own file how it looks for breaches.

use std::fmt;

/// Something that is wrong with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that does not hold, such as `a request for every operation`.
    pub rule: String,
    /// What was found, such as how many rows.
    pub found: String,
}

impl Finding {
    pub(crate) fn new(rule: impl Into<String>, found: impl Into<String>) -> Self {
        Self { rule: rule.into(), found: found.into() }
    }

    /// A finding where a count of breaches is not zero.
    pub(crate) fn counted(rule: &str, breaches: i64) -> Option<Self> {
        (breaches != 0).then(|| Self::new(rule, format!("{breaches} rows break it")))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.found)
    }
}
