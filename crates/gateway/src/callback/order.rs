//! The documented request to a handler (Callback handler, Request formats), built once for a call:
//! every attempt sends the same bytes, with the same `request_id`.

use super::Callback;
use crate::names::{CYBERAPP_AUTH, CYBERAPP_EXTRA};
use crate::setup::{Access, CyberApp, Limits};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use candor_facts::{Held, HeldKind, Request};
use candor_wire::Outbound;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use uuid::Uuid;

/// What is sent.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) request_id: Uuid,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What the order is made of, besides the callback and the payload.
pub(crate) struct Ingredients<'o> {
    pub(crate) request_id: Uuid,
    pub(crate) created_at: Timestamp,
    pub(crate) endpoint_id: &'o str,
    pub(crate) tenant_id: &'o str,
    pub(crate) datacenter_url: &'o str,
    pub(crate) access: &'o Access,
    pub(crate) token: &'o str,
}

#[derive(Serialize)]
struct Envelope<'o> {
    r#type: &'o str,
    request_id: Uuid,
    created_at: String,
    context: Context<'o>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'o serde_json::value::RawValue>,
}

#[derive(Serialize)]
struct Context<'o> {
    callback_id: &'o str,
    endpoint_id: &'o str,
    tenant_id: &'o str,
    datacenter_url: &'o str,
}

impl Callback {
    /// Builds the request. The payload was checked before, and is sent as the caller wrote it.
    pub(crate) fn order(&self, with: &Ingredients<'_>, payload: &[u8]) -> Result<Order, Held> {
        let payload = if self.sends_payload() {
            Some(serde_json::from_slice(payload).map_err(|error| internal(&error))?)
        } else {
            None
        };
        let envelope = Envelope {
            r#type: &self.request_type,
            request_id: with.request_id,
            created_at: format!("{:.3}", with.created_at),
            context: Context {
                callback_id: &self.id,
                endpoint_id: with.endpoint_id,
                tenant_id: with.tenant_id,
                datacenter_url: with.datacenter_url,
            },
            payload,
        };
        let body = serde_json::to_vec(&envelope).map_err(|error| internal(&error))?;
        Ok(Order { request_id: with.request_id, headers: headers(with)?, body: body.into() })
    }
}

/// The name of the key by which a handler knows a repeated request.
const DEDUPE_KEY: &str = "request_id";

impl Order {
    /// What every attempt sends: the same bytes.
    pub(crate) fn outbound(&self, callback: &Callback, to: &CyberApp, limits: &Limits) -> Outbound {
        Outbound {
            headers: self.headers.clone(),
            body: self.body.clone().into(),
            timeouts: callback.timeouts(),
            body_limit: limits.response_body,
            ..Outbound::new(Method::POST, to.target.path())
        }
    }
}

impl Callback {
    /// The parts of its request that can decide what an answer means.
    pub(crate) fn facts(&self) -> Request<'_> {
        Request {
            method: &Method::POST,
            path: "/",
            operation: Some(&self.id),
            dedupe_key: Some(DEDUPE_KEY),
        }
    }
}

fn headers(with: &Ingredients<'_>) -> Result<HeaderMap, Held> {
    let Access { identity, secrets, extra } = with.access;
    let auth = STANDARD.encode(format!("{identity}:{}", secrets.expose_secret()));
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", with.token))?);
    headers.insert(CYBERAPP_AUTH, secret(&auth)?);
    headers.insert(CYBERAPP_EXTRA, secret(&STANDARD.encode(extra))?);
    Ok(headers)
}

/// A header value that is left out of debug output.
fn secret(text: &str) -> Result<HeaderValue, Held> {
    let mut value = HeaderValue::from_str(text).map_err(|error| internal(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

fn internal(error: &dyn std::error::Error) -> Held {
    Held::new(HeldKind::Internal, format!("the request could not be built: {error}"))
}
