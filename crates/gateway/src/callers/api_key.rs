//! API keys, by their hashes.
//!
//! The hash is a plain one, and not slow: keys are random texts, which nobody finds by trying.

use super::caller::Member;
use super::settings::{ApiKey, CallersError};
use super::{Digest, unauthenticated};
use candor_facts::Held;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Whose key is which.
#[derive(Debug, Default)]
pub(super) struct ApiKeys(HashMap<[u8; 16], (ApiKey, Arc<Member>)>);

impl ApiKeys {
    pub(super) fn add(&mut self, key: ApiKey, member: &Arc<Member>) -> Result<(), CallersError> {
        let (start, which) = (key.hash.start(), key.hash.to_string());
        match self.0.insert(start, (key, Arc::clone(member))) {
            None => Ok(()),
            Some(_) => Err(CallersError::Twice { what: "callers have the key", which }),
        }
    }

    pub(super) fn members(&mut self) -> impl Iterator<Item = &mut Arc<Member>> {
        self.0.values_mut().map(|(_, member)| member)
    }

    /// Whose key this is; nobody's where `None`.
    ///
    /// # Errors
    /// It is not taken any more.
    pub(super) fn find(&self, shown: &[u8], now: Timestamp) -> Result<Option<&Arc<Member>>, Held> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let shown = Digest::of(shown);
        let found = self.0.get(&shown.start()).filter(|(key, _)| key.hash == shown);
        let Some((key, member)) = found else { return Ok(None) };
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(unauthenticated("the key has expired"));
        }
        Ok(Some(member))
    }
}
