//! Tokens for handlers (Callback handler, Request verification), signed rarely and used often.
//!
//! Signing takes about as long as the rest of a call, so a token serves an endpoint for a part of
//! its lifetime.

use crate::keys::{Claims, KeyError, Scope, SigningKeys};
use crate::setup::TokenSettings;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A token is replaced when this part of its lifetime has passed.
const USED_PART: i64 = 4;

/// The tokens in use, by endpoint.
#[derive(Debug)]
pub(crate) struct Tokens {
    settings: TokenSettings,
    keys: Arc<SigningKeys>,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone)]
struct Kept {
    token: Arc<str>,
    until: i64,
}

impl Tokens {
    pub(crate) fn new(settings: TokenSettings, keys: Arc<SigningKeys>) -> Self {
        Self { settings, keys, kept: Mutex::default() }
    }

    /// A token for `endpoint` that is valid at `now` (seconds since the Unix epoch), and for most
    /// of its lifetime after.
    pub(crate) fn get(&self, endpoint: &str, now: i64) -> Result<Arc<str>, KeyError> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept().get(endpoint).filter(|kept| now < kept.until) {
            return Ok(Arc::clone(&kept.token));
        }
        let lifetime = i64::try_from(self.settings.lifetime.as_secs()).unwrap_or(3600);
        let token: Arc<str> = self.keys.sign(&self.claims(endpoint, now, lifetime))?.into();
        let fresh = Kept { token: Arc::clone(&token), until: now + lifetime / USED_PART };
        kept().insert(endpoint.to_owned(), fresh);
        Ok(token)
    }

    fn claims(&self, endpoint: &str, now: i64, lifetime: i64) -> Claims {
        Claims {
            aud: self.settings.audience.clone(),
            exp: now + lifetime,
            iat: now,
            iss: self.settings.issuer.clone(),
            jti: Uuid::new_v4().to_string(),
            sub: self.settings.subject.clone(),
            scope: vec![Scope { role: endpoint.to_owned() }],
            ver: 2,
            sub_type: "platform-acgw".to_owned(),
        }
    }
}

/// Shows no token: whoever reads one can use it.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("until", &self.until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_token() {
        let kept = Kept { token: "eyJ.planted".into(), until: 7 };
        assert_eq!(format!("{kept:?}"), "Kept { until: 7, .. }");
    }
}
