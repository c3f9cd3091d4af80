//! One place where a value differs from its schema.

use serde::{Deserialize, Serialize};

/// One place where a value differs from its schema. Never holds the value itself, which may be
/// a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where: an RFC 6901 JSON Pointer into the value; empty for the whole value.
    pub pointer: String,
    /// The schema keyword that was broken, such as `required` or `type`.
    pub rule: String,
    /// What was expected, for people.
    pub expected: String,
}
