//! How long an answer says to wait.

use crate::row::{After, WaitForm};
use http::HeaderMap;
use jiff::fmt::rfc2822::DateTimeParser;
use std::time::Duration;

/// The wait that a header gives, or the rest of the current window; in whole seconds. What cannot
/// be read says nothing. Long waits are told as they are: what is too long, the caller decides.
pub(crate) fn told(after: &After, headers: Option<&HeaderMap>, now: Option<i64>) -> Option<u64> {
    let written = after.header.as_ref().and_then(|(name, form)| {
        let value = headers?.get(name)?.to_str().ok()?;
        read(value.trim(), *form, now)
    });
    written.or_else(|| rest_of_window(after.window?, now?))
}

fn read(value: &str, form: WaitForm, now: Option<i64>) -> Option<u64> {
    let date = || until(value, now?);
    match form {
        WaitForm::Seconds => seconds(value),
        WaitForm::Date => date(),
        WaitForm::Either => seconds(value).or_else(date),
    }
}

/// `delay-seconds` of RFC 9110, section 10.2.3: digits only.
fn seconds(value: &str) -> Option<u64> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// The seconds until an HTTP date (RFC 9110, section 5.6.7); none left for one in the past.
fn until(value: &str, now: i64) -> Option<u64> {
    let date = DateTimeParser::new().parse_timestamp(value).ok()?.as_second();
    Some(u64::try_from(date.saturating_sub(now)).unwrap_or(0))
}

/// Windows start at multiples of their length.
fn rest_of_window(window: Duration, now: i64) -> Option<u64> {
    let window = i64::try_from(window.as_secs()).ok().filter(|w| *w > 0)?;
    u64::try_from(window - now.rem_euclid(window)).ok()
}

/// In whole seconds, rounded up.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::RETRY_AFTER;

    /// 2026-11-21T07:30:00Z
    const NOW: i64 = 1_795_246_200;

    fn retry_after(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        let after = After { header: Some((RETRY_AFTER, WaitForm::Either)), window: None };
        told(&after, Some(&headers), Some(NOW))
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let table = [
            ("17", Some(17)),
            ("0", Some(0)),
            ("-1", None),
            ("1e9", None),
            ("1000000000", Some(1_000_000_000)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sat, 21 Nov 2026 07:31:30 GMT", Some(90)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(retry_after(value), expected, "{value}");
        }
    }

    #[test]
    fn without_a_header_the_window_says() {
        let after = After { header: None, window: Some(Duration::from_mins(1)) };
        assert_eq!(told(&after, None, Some(NOW + 5)), Some(55));
        assert_eq!(told(&after, None, Some(NOW)), Some(60));
        assert_eq!(told(&after, None, None), None);
    }

    #[test]
    fn part_of_a_second_is_a_whole_one() {
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(1)), 1);
    }
}
