//! What is kept of a call, and of its outcome: JSON, so that an export can be read.
//!
//! Kept is what is needed to send the same request again, and to give the same answer again. A
//! tenant's credentials are not kept: they are looked up when they are needed.

use bytes::Bytes;
use candor_facts::{Attempt, Class, Outcome, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The largest body of an answer that is kept, in bytes. A larger one is left out.
pub(super) const LARGEST_KEPT: usize = 8 << 20;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Commission {
    /// The callback's id.
    pub(crate) callback: String,
    /// Under which name the tenant has its access.
    pub(crate) cyberapp: String,
    pub(crate) tenant: String,
    /// The same on every attempt, in this life or the next.
    pub(crate) request_id: Uuid,
    pub(crate) created_at: Timestamp,
    /// The caller's trace, as `traceparent` has it.
    pub(crate) trace: String,
    pub(crate) caller: String,
    /// In which languages the caller reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locales: Vec<String>,
    #[serde(with = "kept")]
    pub(crate) payload: Bytes,
    /// Whether nobody waits for it.
    #[serde(default)]
    pub(crate) forget: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Came {
    /// The handler did it, and answered this.
    Succeeded(Success),
    /// It failed, or was cancelled.
    Failed(Box<Verdict>),
}

/// A success, as the caller is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Success {
    /// The handler's status.
    pub(crate) status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(with = "kept")]
    pub(crate) body: Bytes,
    /// Whether the body was too large to be kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) left_out: bool,
    pub(crate) class: Class,
    pub(crate) outcome: Outcome,
    /// `contract@version/row`.
    pub(crate) row: String,
    pub(crate) attempts: Vec<Attempt>,
}

impl Commission {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub(super) fn write(&self) -> Bytes {
        written(self)
    }
}

impl Came {
    /// What came of an operation; none where its record is empty or of another time.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn write(&self) -> Bytes {
        match self {
            Self::Succeeded(success) if success.body.len() > LARGEST_KEPT => {
                let success = Success { body: Bytes::new(), left_out: true, ..success.clone() };
                written(&Self::Succeeded(success))
            }
            Self::Succeeded(_) | Self::Failed(_) => written(self),
        }
    }
}

/// Plain data with text for keys: writing it cannot fail.
fn written(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Bytes as text where they are text, else in Base64.
mod kept {
    use super::{Bytes, Deserialize, Deserializer, Serialize, Serializer, de};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kept<'k> {
        Text(std::borrow::Cow<'k, str>),
        Base64(String),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !grows(text) => Kept::Text(text.into()),
            Ok(_) | Err(_) => Kept::Base64(STANDARD.encode(bytes)),
        }
        .serialize(to)
    }

    /// Whether a text is longer with its escapes than in Base64.
    fn grows(text: &str) -> bool {
        let escaped = text.bytes().map(|byte| match byte {
            b'"' | b'\\' => 2,
            0..0x20 => 6,
            _ => 1,
        });
        escaped.sum::<usize>() > text.len() / 3 * 4 + 4
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Bytes, D::Error> {
        match Kept::deserialize(from)? {
            Kept::Text(text) => Ok(Bytes::from(text.into_owned())),
            Kept::Base64(text) => STANDARD.decode(text).map(Bytes::from).map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commission(payload: &[u8]) -> Commission {
        Commission {
            callback: "c".to_owned(),
            cyberapp: "a".to_owned(),
            tenant: "t".to_owned(),
            request_id: Uuid::nil(),
            created_at: Timestamp::UNIX_EPOCH,
            trace: String::new(),
            caller: "anonymous".to_owned(),
            locales: Vec::new(),
            payload: Bytes::copy_from_slice(payload),
            forget: false,
        }
    }

    #[test]
    fn what_was_asked_is_read_back_byte_by_byte() {
        for payload in [&b""[..], br#"{"a": "\u00e4"}"#, b"\xff\x00", &[1; 100]] {
            let commission = commission(payload);
            assert_eq!(Commission::read(&commission.write()).unwrap(), commission);
        }
    }

    #[test]
    fn a_record_never_grows_by_more_than_a_third_and_its_frame() {
        for payload in [vec![1; 3000], vec![b'"'; 3000], vec![0xff; 3000], vec![b'a'; 3000]] {
            assert!(commission(&payload).write().len() < 4400);
        }
    }
}
