//! How the API writes: the envelope, moments, and answers of either.

use crate::stage::Reply;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A moment as the API writes it: ISO 8601 in UTC, in whole seconds.
pub(super) fn moment(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// A value in the envelope of a success.
pub(super) fn enveloped(data: &Value) -> Value {
    json!({ "data": data, "meta": {} })
}

/// A value as an answer.
pub(super) fn answer(status: StatusCode, data: &Value) -> Reply {
    Reply::json(status, &enveloped(data))
}

/// A value as the answer to what was read or changed.
pub(super) fn ok(data: &Value) -> Reply {
    answer(StatusCode::OK, data)
}

/// The answer to what was made at once.
pub(super) fn created(data: &Value) -> Reply {
    answer(StatusCode::CREATED, data)
}

/// The answer to what was deleted at once.
pub(super) fn gone() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_whole_seconds() {
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(moment(at), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn the_envelope_begins_with_the_data() {
        assert_eq!(enveloped(&json!([1])).to_string(), r#"{"data":[1],"meta":{}}"#);
    }
}
