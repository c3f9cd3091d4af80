//! The body of a call: how it is framed, what it says it is, and that it is a JSON object.

use super::state::Record;
use crate::stage::{Body, Call, Refusal};
use serde_json::Value;

/// The media types that are taken.
const MEDIA: [&str; 2] = ["application/json", "text/javascript"];

/// The body must have a length, as a number. One that is larger than is read, or that broke off,
/// has a length that is no good; inferred.
///
/// # Errors
/// It has none, as a chunked one, or another one.
pub(super) fn framed(call: &Call) -> Result<(), Refusal> {
    let mut lengths = call.headers.get_all("content-length").iter();
    let length = lengths.next().ok_or_else(|| Refusal::row("content-length.missing"))?;
    let number = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
    let whole = matches!(call.body, Body::Whole(_));
    if number && whole && lengths.next().is_none() {
        return Ok(());
    }
    Err(Refusal::row("content-length.invalid"))
}

/// The body must say that it is JSON, in UTF-8 where it says how it is written.
///
/// # Errors
/// It says nothing, or something else.
pub(super) fn typed(call: &Call) -> Result<(), Refusal> {
    let mut types = call.headers.get_all("content-type").iter();
    let sent = types.next().ok_or_else(|| Refusal::row("content-type.missing"))?;
    let known = sent.to_str().is_ok_and(is_json);
    if known && types.next().is_none() { Ok(()) } else { Err(Refusal::row("content-type.invalid")) }
}

fn is_json(sent: &str) -> bool {
    let mut parts = sent.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    MEDIA.contains(&media.as_str()) && charset
}

/// The request: an object, or `null` for a method without parameters.
///
/// # Errors
/// It is no JSON, or neither of the two.
pub(super) fn request(call: &Call) -> Result<Record, Refusal> {
    match call.json() {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Record::new()),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Err(Refusal::row("malformed-json"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_media_types_are_json_with_any_parameters() {
        for good in [
            "application/json",
            "Application/JSON;charset=utf-8",
            "text/javascript; charset=\"UTF-8\"",
            "application/json; profile=x",
            "application/json;",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/json", "application/json; charset=latin1", "application/jsonp"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
