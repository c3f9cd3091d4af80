//! The body of a callback, read and checked.

use super::answers::Refusal;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// A callback, as "Callback request format" in the Acronis callback handler guide has it.
#[derive(Debug, Deserialize)]
pub(super) struct Callback {
    /// What kind of request it is.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// As it was written, to be echoed; it is a UUID.
    pub(super) request_id: String,
    created_at: String,
    pub(super) context: Context,
    #[serde(default)]
    pub(super) payload: Option<Value>,
}

/// Where a callback comes from and goes to.
#[derive(Debug, Deserialize)]
pub(super) struct Context {
    /// Which callback it is.
    pub(super) callback_id: String,
    /// For which endpoint it is.
    pub(super) endpoint_id: String,
    /// The tenant on whose behalf it is sent.
    pub(super) tenant_id: String,
    /// The data centre that sends it.
    #[serde(rename = "datacenter_url")]
    _datacenter_url: String,
}

/// The callback in a body.
pub(super) fn read(body: &[u8]) -> Result<Callback, Refusal> {
    let callback: Callback = serde_json::from_slice(body)
        .map_err(|error| Refusal::malformed(format!("the body is not a callback: {error}")))?;
    let not = |what| Refusal::malformed(format!("the body is not a callback: {what}"));
    callback.uuid().ok_or_else(|| not("request_id is not a UUID"))?;
    let created = callback.created_at.parse::<Timestamp>();
    created.map_err(|_| not("created_at is not an RFC 3339 time"))?;
    Ok(callback)
}

impl Callback {
    /// The request's id, however it was written.
    pub(super) fn uuid(&self) -> Option<Uuid> {
        self.request_id.parse().ok()
    }
}

/// The payload in the form that a callback takes.
pub(super) fn payload<T: DeserializeOwned>(payload: Option<&Value>) -> Result<T, Refusal> {
    let value = payload.ok_or_else(|| Refusal::malformed("the payload is missing"))?;
    T::deserialize(value)
        .map_err(|error| Refusal::malformed(format!("the payload does not fit: {error}")))
}

/// Some callbacks take no payload. The guide's examples send `{}` there, so that is taken too.
pub(super) fn no_payload(payload: Option<&Value>) -> Result<(), Refusal> {
    match payload {
        None => Ok(()),
        Some(Value::Object(members)) if members.is_empty() => Ok(()),
        Some(_) => Err(Refusal::malformed("this callback takes no payload")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "type": "t",
            "request_id": "76c9fb58-58d9-4264-96a7-1d0b479b2ba7",
            "created_at": "0001-01-01T00:00:00Z",
            "context": {
                "callback_id": "c", "endpoint_id": "e", "tenant_id": "n", "datacenter_url": "u"
            },
        })
    }

    #[test]
    fn the_guides_year_one_is_a_time() {
        assert!(read(body().to_string().as_bytes()).is_ok());
    }

    #[test]
    fn each_member_is_checked() {
        for (pointer, wrong) in [
            ("/type", json!(null)),
            ("/request_id", json!("7")),
            ("/created_at", json!("yesterday")),
            ("/created_at", json!("2026-11-21T10:00:00")),
            ("/context", json!({})),
            ("/context/datacenter_url", json!(1)),
        ] {
            let mut body = body();
            *body.pointer_mut(pointer).unwrap() = wrong;
            let refusal = read(body.to_string().as_bytes()).unwrap_err();
            assert_eq!(refusal.status, http::StatusCode::BAD_REQUEST, "{pointer}");
        }
        assert!(read(b"{").is_err());
    }

    #[test]
    fn an_empty_object_is_no_payload() {
        assert!(no_payload(None).is_ok());
        assert!(no_payload(Some(&json!({}))).is_ok());
        assert!(no_payload(Some(&json!([]))).is_err());
        assert!(no_payload(Some(&json!({"a": 1}))).is_err());
    }
}
