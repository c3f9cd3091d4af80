//! How a limit is told in an answer's header.
//!
//! `RateLimit-Policy` and `RateLimit` as of draft-ietf-httpapi-ratelimit-headers-10, which makes
//! them lists of Structured Fields (RFC 9651). All times are whole seconds, rounded up.
//! (`Retry-After` comes from the verdict.)

use super::refused::whole_seconds;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// What the limits are.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How they stand.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many calls would pass now.
    pub remaining: u32,
    /// In which time more calls become available; zero where none are missing.
    pub reset: Duration,
}

/// A limit under the name by which callers are told of it, written once.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    name: &'static str,
    value: HeaderValue,
}

impl Policy {
    /// So many calls in such a time, where that has a fixed length. The name is put between quotes
    /// as it is: lower-case letters.
    pub(super) fn new(name: &'static str, calls: u32, per: Option<Duration>) -> Self {
        let window = per.map(|per| format!(";w={}", whole_seconds(per))).unwrap_or_default();
        let value = HeaderValue::try_from(format!("\"{name}\";q={calls}{window}"));
        Self { name, value: value.unwrap_or_else(|_| HeaderValue::from_static("")) }
    }

    /// Adds both fields to an answer's, beside those of other limits.
    pub(super) fn tell(&self, standing: Standing, headers: &mut HeaderMap) {
        let Standing { remaining, reset } = standing;
        let value = format!("\"{}\";r={remaining};t={}", self.name, whole_seconds(reset));
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(RATE_LIMIT_POLICY, self.value.clone());
            headers.append(RATE_LIMIT, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_are_as_the_draft_writes_them() {
        let mut headers = HeaderMap::new();
        let standing =
            |remaining, millis| Standing { remaining, reset: Duration::from_millis(millis) };
        let minute = Some(Duration::from_mins(1));
        Policy::new("default", 100, minute).tell(standing(50, 29_001), &mut headers);
        Policy::new("month", 5000, None).tell(standing(0, 10), &mut headers);
        let told: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                "ratelimit-policy: \"default\";q=100;w=60",
                "ratelimit-policy: \"month\";q=5000",
                "ratelimit: \"default\";r=50;t=30",
                "ratelimit: \"month\";r=0;t=1",
            ]
        );
    }
}
