//! The verdict: what a contract says an exchange means.

use crate::class::closed_set;
use crate::{Class, FaultKind, Origin, Outcome, Sent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a contract says an exchange means. Member names are the same in every form of output;
/// members without a value are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What happened.
    pub class: Class,
    /// The upstream's status, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The vendor's own code, as text, whatever type it was written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whose doing it is.
    pub origin: Origin,
    /// Whether the request took effect.
    pub outcome: Outcome,
    /// Whether and when to send it again.
    pub retry: Retry,
    /// The fields of the request that are at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// What to show a person. Absent where the documents say that nothing is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the vendor said, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Who acts next, and how.
    pub next: Next,
    /// Candor's id of this failure (`UUIDv7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_id: Option<Uuid>,
    /// The vendor's id of this failure, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_error_id: Option<String>,
    /// The contract that was applied: `name@version`.
    pub contract: String,
    /// The contract's row that recognised the exchange.
    pub row: String,
    /// Where the row is documented.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cite: String,
    /// Whether the row, or a part of it, is a conclusion that no document states.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// Every send, in order. Empty where nothing was sent, and in an explanation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The upstream's answer as it came, bounded and redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

/// Whether and when a request may be sent again as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Whether the contract allows a repeat *and* a repeat cannot take effect twice.
    pub safe: bool,
    /// How long to wait before it, in whole seconds, rounded up; absent where nothing says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The reason for `safe`.
    pub why: Why,
}

closed_set! {
    /// The reason why a repeat is safe, or is not.
    Why {
        /// Safe: nothing was sent.
        Unsent = "unsent",
        /// Safe: it was refused before it was executed.
        Refused = "refused_unexecuted",
        /// Safe: repeating this method has no further effect (RFC 9110, section 9.2.2).
        Idempotent = "idempotent_method",
        /// Safe: a dedupe key is sent unchanged.
        DedupeKey = "dedupe_key",
        /// Not needed: it succeeded.
        Succeeded = "succeeded",
        /// Not safe: it may have taken effect.
        MayHaveApplied = "may_have_applied",
        /// Not sensible: the documents rule it out, or the same request would fail again.
        Never = "never",
        /// Nobody says: the documents are silent.
        Undocumented = "undocumented",
    }
}

/// One field of the request that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldError {
    /// The field as the vendor wrote it, such as `dmrLink[2]`.
    pub path: String,
    /// The same place as an RFC 6901 JSON Pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong with it, such as `missing` or `malformed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The other field that makes this one wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related: Option<String>,
    /// The vendor's words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Who acts next, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// Who.
    pub who: Who,
    /// How.
    pub how: How,
}

closed_set! {
    /// Who acts next.
    Who {
        /// Nobody needs to.
        Nobody = "nobody",
        /// The caller's program or its developer.
        Caller = "caller",
        /// The person who administers the account or the installation at the vendor.
        Administrator = "administrator",
        /// The operator of this Candor.
        Operator = "operator",
        /// The vendor, or the partner who runs the handler.
        Vendor = "vendor",
    }
}

closed_set! {
    /// How to act next.
    How {
        /// Nothing to do.
        Nothing = "nothing",
        /// Watch the work go on.
        Follow = "follow",
        /// Send it again, after the wait.
        Retry = "retry",
        /// Find out whether it took effect before sending it again.
        LookFirst = "look_first",
        /// Correct the request.
        FixRequest = "fix_request",
        /// Correct or renew the credentials.
        FixCredentials = "fix_credentials",
        /// Correct the address, the certificate, the limit or another setting.
        FixSetup = "fix_setup",
        /// Grant the right, the quota or the feature.
        Grant = "grant",
        /// Bring the resource into the state that the request needs, or read it anew.
        FixState = "fix_state",
        /// Ask support, and give it the error id.
        AskSupport = "ask_support",
        /// Correct the API or handler that answered.
        FixUpstream = "fix_upstream",
    }
}

/// One send of a call, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// The status that came back, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The transport's failure, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// How much of the request had left when the transport failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// The row that recognised its ending.
    pub row: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What was decided after it, in words.
    pub decision: String,
}

/// An upstream's answer as it came: bounded, and redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// Its content type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The start of its body, as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// Whether the body was longer than what is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}
