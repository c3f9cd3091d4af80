//! The door: what a caller asks for, read and bounded. What is refused here sends nothing.

use crate::callback::Callback;
use crate::journey::Gateway;
use crate::setup::{Access, CyberApp, Limits};
use bytes::Bytes;
use candor_facts::{Held, HeldKind};
use candor_wire::body::{Floor, ReadError, ReadLimit};
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use hyper::body::Incoming;
use std::collections::HashMap;
use tokio::time::Instant;

/// A callback that a caller asks for, with everything that it names.
#[derive(Debug)]
pub(crate) struct Asked<'g> {
    pub(crate) callback: &'g Callback,
    pub(crate) tenant_id: String,
    pub(crate) cyberapp: &'g CyberApp,
    pub(crate) access: &'g Access,
}

/// Finds the callback, the tenant and the `CyberApp` that a request names.
///
/// # Errors
/// The call is held back: an unknown name, another method, another content type.
pub(crate) fn read<'g>(gateway: &'g Gateway, head: &Parts) -> Result<Asked<'g>, Held> {
    let id = head.uri.path().strip_prefix("/callbacks/").ok_or_else(|| no_route(head))?;
    let callback = gateway
        .setup
        .callbacks
        .get(id)
        .ok_or_else(|| unknown("callback", id, gateway.setup.callbacks.keys()))?;
    if head.method != Method::POST {
        return Err(Held::new(HeldKind::MethodNotAllowed, "a callback is called with POST"));
    }
    media_type(&head.headers)?;
    let mut query = query(head);
    let tenant_id = query.remove("tenant").ok_or_else(|| {
        Held::new(HeldKind::Malformed, "the tenant is missing: add `?tenant=…` to the URL")
    })?;
    let tenant = gateway
        .setup
        .tenants
        .get(&tenant_id)
        .ok_or_else(|| unknown("tenant", &tenant_id, gateway.setup.tenants.keys()))?;
    let (name, access) = choose(&tenant.access, query.remove("cyberapp"))?;
    let cyberapp = gateway
        .setup
        .cyberapps
        .get(name)
        .ok_or_else(|| unknown("CyberApp", name, gateway.setup.cyberapps.keys()))?;
    Ok(Asked { callback, tenant_id, cyberapp, access })
}

/// The body as JSON text, within its bound.
///
/// # Errors
/// The call is held back: too large, too slow, broken off.
pub(crate) async fn payload(body: Incoming, limits: &Limits) -> Result<Bytes, Held> {
    let limit = ReadLimit {
        bytes: limits.request_body,
        until: Instant::now() + limits.request_time,
        floor: Some(Floor::default()),
    };
    candor_wire::body::read(body, &limit).await.map_err(|error| {
        let kind = match error {
            ReadError::TooLarge { .. } => HeldKind::PayloadTooLarge,
            ReadError::TimedOut { .. }
            | ReadError::TooSlow { .. }
            | ReadError::Truncated(_)
            | ReadError::Malformed(_) => HeldKind::Malformed,
        };
        Held::new(kind, error.to_string())
    })
}

/// The locales that the caller wants, the best first.
pub(crate) fn locales(headers: &HeaderMap) -> Vec<String> {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.map(candor_contract::accept_language).unwrap_or_default()
}

fn no_route(head: &Parts) -> Held {
    let detail = format!(
        "nothing is served at {}; callbacks are at /callbacks/<id>, the public keys at {}",
        head.uri.path(),
        crate::journey::KEYS_PATH
    );
    Held::new(HeldKind::NotFound, detail)
}

fn media_type(headers: &HeaderMap) -> Result<(), Held> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let media = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    if media == "application/json" || media.ends_with("+json") {
        return Ok(());
    }
    let detail = format!("the payload is application/json; this says `{media}`");
    Err(Held::new(HeldKind::UnsupportedMediaType, detail))
}

fn query(head: &Parts) -> HashMap<String, String> {
    let query = head.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The `CyberApp` that was named, or the tenant's only one.
fn choose(
    access: &HashMap<String, Access>,
    named: Option<String>,
) -> Result<(&str, &Access), Held> {
    let mut all = access.iter().map(|(name, access)| (name.as_str(), access));
    match named {
        Some(named) => all
            .find(|(name, _)| *name == named)
            .ok_or_else(|| unknown("CyberApp of this tenant", &named, access.keys())),
        None => match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Held::new(HeldKind::NotFound, "the tenant has no CyberApp")),
            (Some(_), Some(_)) => Err(Held::new(
                HeldKind::Malformed,
                "the tenant has several CyberApps: add `&cyberapp=…` to the URL",
            )),
        },
    }
}

/// Names what is not known, with the nearest name that is.
fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n String>) -> Held {
    let near = candor_contract::nearest(name, known.map(String::as_str));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let shown: String = name.chars().take(200).collect();
    Held::new(HeldKind::NotFound, format!("there is no {what} `{shown}`{hint}"))
}
