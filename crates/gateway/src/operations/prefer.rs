//! `Prefer` (RFC 7240): how long a caller would like to wait, and whether it would rather not.

use http::{HeaderMap, HeaderName};
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What a caller prefers, as far as it is understood here. Other preferences are disregarded, as the
/// RFC wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Preferences {
    /// `respond-async`: rather an operation than a long wait.
    pub(super) respond_async: bool,
    /// `wait`: how long the caller is ready to wait.
    pub(super) wait: Option<Duration>,
}

impl Preferences {
    /// Of two preferences of one name the first one counts (RFC 7240, section 2).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            let named = preference.split(';').next().unwrap_or_default();
            let (name, value) = named.split_once('=').unwrap_or((named, ""));
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("respond-async") {
                found.respond_async = true;
            } else if name.trim().eq_ignore_ascii_case("wait") && found.wait.is_none() {
                found.wait = value.parse().ok().map(Duration::from_secs);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(values: &[&'static str]) -> (bool, Option<u64>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_static(value));
        }
        let Preferences { respond_async, wait } = Preferences::of(&headers);
        (respond_async, wait.map(|wait| wait.as_secs()))
    }

    #[test]
    fn preferences_are_read_from_one_field_or_several() {
        assert_eq!(of(&[]), (false, None));
        assert_eq!(of(&["respond-async"]), (true, None));
        assert_eq!(of(&["Respond-Async, WAIT=10; a=b"]), (true, Some(10)));
        assert_eq!(of(&["return=minimal", "wait=\"3\"", "wait=9"]), (false, Some(3)));
    }

    #[test]
    fn what_is_not_understood_is_disregarded() {
        assert_eq!(of(&["wait=soon", "wait", "wait=-1", "respond-asynchronously"]), (false, None));
    }
}
