//! The door: what a caller asks for, read and bounded. What is refused here sends nothing.

use crate::callback::Callback;
use crate::journey::{Gateway, KEYS_PATH};
use crate::operations;
use crate::setup::{Access, CyberApp};
use candor_facts::{Held, HeldKind};
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;

/// Where callbacks are called.
pub(crate) const CALLBACKS: &str = "/callbacks/";
/// What the URL of a call may name.
const PARAMETERS: [&str; 2] = ["tenant", "cyberapp"];

/// A callback that a caller asks for, with everything that it names.
#[derive(Debug)]
pub(crate) struct Asked<'g> {
    pub(crate) callback: &'g Callback,
    pub(crate) tenant_id: String,
    /// Under which name the tenant has its access.
    pub(crate) cyberapp_key: &'g str,
    pub(crate) cyberapp: &'g CyberApp,
    pub(crate) access: &'g Access,
}

/// Finds the callback, the tenant and the `CyberApp` that a request names.
///
/// # Errors
/// The call is held back: an unknown name, another method, another content type.
pub(crate) fn read<'g>(gateway: &'g Gateway, head: &Parts) -> Result<Asked<'g>, Held> {
    a_program_asks(head)?;
    let id = head.uri.path().strip_prefix(CALLBACKS).ok_or_else(|| no_route(head))?;
    let id = percent_decode_str(id).decode_utf8_lossy();
    let callback = gateway
        .setup
        .callbacks
        .get(&*id)
        .ok_or_else(|| unknown("callback", &id, gateway.setup.callbacks.keys()))?;
    if head.method != Method::POST {
        return Err(Held::new(HeldKind::MethodNotAllowed, "a callback is called with POST"));
    }
    media_type(&head.headers)?;
    let mut query = query(head, &PARAMETERS)?;
    let tenant_id = query.remove("tenant").ok_or_else(no_tenant)?;
    let tenant = gateway
        .setup
        .tenants
        .get(&tenant_id)
        // Who else is a tenant is not told.
        .ok_or_else(|| unknown("tenant", &tenant_id, std::iter::empty()))?;
    let (name, access) = choose(&tenant.access, query.remove("cyberapp"))?;
    let cyberapp = gateway
        .setup
        .cyberapps
        .get(name)
        .ok_or_else(|| unknown("CyberApp", name, gateway.setup.cyberapps.keys()))?;
    Ok(Asked { callback, tenant_id, cyberapp_key: name, cyberapp, access })
}

/// The locales that the caller wants, the best first.
pub(crate) fn locales(headers: &HeaderMap) -> Vec<String> {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.map(candor_contract::accept_language).unwrap_or_default()
}

/// The methods of what is at `path`, as `Allow` names them.
pub(crate) fn allowed(path: &str) -> &'static str {
    match path {
        KEYS_PATH => "GET, HEAD",
        path if operations::is_asked(path) => operations::allowed(path),
        _ => "POST",
    }
}

/// Callers are programs on machines that are trusted. A web page is neither, and its browser says so.
pub(crate) fn a_program_asks(head: &Parts) -> Result<(), Held> {
    if head.headers.contains_key(ORIGIN) {
        let detail = "a web page asks (`Origin`); only programs are served";
        return Err(Held::new(HeldKind::Malformed, detail));
    }
    Ok(())
}

fn no_route(head: &Parts) -> Held {
    let path = head.uri.path();
    if path == KEYS_PATH {
        return Held::new(HeldKind::MethodNotAllowed, "the public keys are read with GET");
    }
    let detail = format!(
        "nothing is served at {}; callbacks are at {CALLBACKS}<id>, the public keys at {KEYS_PATH}",
        shown(path)
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
    let detail = format!("the payload is application/json; this says `{}`", shown(&media));
    Err(Held::new(HeldKind::UnsupportedMediaType, detail))
}

/// A URL must name a tenant.
pub(crate) fn no_tenant() -> Held {
    Held::new(HeldKind::Malformed, "the tenant is missing: add `?tenant=…` to the URL")
}

/// What the query names: each once, and nothing else, for a name that is misspelt would be overlooked.
pub(crate) fn query(head: &Parts, known: &[&'static str]) -> Result<HashMap<String, String>, Held> {
    let query = head.uri.query().unwrap_or_default();
    let mut found = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
        if !known.contains(&name.as_str()) {
            let detail = format!("the URL has no parameter `{}`", shown(&name));
            return Err(Held::new(
                HeldKind::Malformed,
                detail + &hint(&name, known.iter().copied()),
            ));
        }
        if found.insert(name.clone(), value).is_some() {
            return Err(Held::new(HeldKind::Malformed, format!("the URL names `{name}` twice")));
        }
    }
    Ok(found)
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
    let hint = hint(name, known.map(String::as_str));
    Held::new(HeldKind::NotFound, format!("there is no {what} `{}`{hint}", shown(name)))
}

/// The nearest of the known names, as the end of a sentence. Comparing takes the product of two
/// lengths, so that names are compared only where they are names.
fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let near = candor_contract::nearest(&shown(name), known.into_iter());
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// What a caller wrote, as far as it is repeated to it.
fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}
