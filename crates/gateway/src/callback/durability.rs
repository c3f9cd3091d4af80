//! What a callback declares about being kept: when it becomes an operation, what runs one at a time,
//! and whether anybody waits for it.

use candor_contract::json::{Document, Pointer};
use std::borrow::Cow;
use std::time::Duration;

/// How a callback is kept. By default a call becomes an operation after the gateway's own time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durability {
    /// When its caller is answered with an operation.
    pub promote: Promote,
    /// Which of its calls run one at a time.
    pub serial: Option<SerialRule>,
    /// Whether nobody waits for it: it is repeated by its policy for as long as that says, and put
    /// on the list of dead letters where it fails for good.
    pub forget: bool,
}

/// When a caller is answered with an operation, in place of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promote {
    /// After so long; after the gateway's own time where nothing is said.
    After(Option<Duration>),
    /// At once.
    Always,
    /// Never: the caller waits to the end. Only a call with an idempotency key is remembered.
    Never,
}

impl Default for Promote {
    fn default() -> Self {
        Self::After(None)
    }
}

/// Which calls run one at a time, and what becomes of those that come meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialRule {
    /// What they have in common.
    pub key: SerialKey,
    /// How many may wait; 0 refuses all but the first.
    pub waiting: u32,
}

/// What calls that run one at a time have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SerialKey {
    /// The tenant.
    Tenant,
    /// A member of the payload. Calls without it run as they come.
    Payload(Pointer),
}

impl SerialKey {
    /// The resource that a call works on.
    pub(crate) fn resource(&self, tenant: &str, payload: &[u8]) -> Option<String> {
        match self {
            Self::Tenant => Some(tenant.to_owned()),
            Self::Payload(pointer) => {
                let document = Document::parse(payload).ok()?;
                document.pointer(pointer)?.scalar_text().map(Cow::into_owned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(pointer: &str, payload: &str) -> Option<String> {
        let key = SerialKey::Payload(Pointer::parse(pointer).unwrap());
        key.resource("acme", payload.as_bytes())
    }

    #[test]
    fn a_resource_is_named_by_the_payload() {
        assert_eq!(resource("/a/id", r#"{"a":{"id":"x"}}"#).as_deref(), Some("x"));
        assert_eq!(resource("/a/1", r#"{"a":[1,2]}"#).as_deref(), Some("2"));
        assert_eq!(resource("/a", r#"{"b":1}"#), None);
        assert_eq!(resource("/a", r#"{"a":{}}"#), None);
        assert_eq!(SerialKey::Tenant.resource("acme", b"").as_deref(), Some("acme"));
    }
}
