//! API clients: the accounts of programs.

use super::token::{AuthMethod, Client, ClientKind, Status};
use super::{Caller, check, open, room};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// How long what is noted of a client may be, in bytes of JSON.
const LONGEST_DATA: usize = 4096;
/// How many places for browsers to be sent back to a client may have.
const MOST_REDIRECTS: usize = 20;

/// What may be said of a new client.
const MEMBERS: [&str; 6] =
    ["type", "tenant_id", "data", "token_endpoint_auth_method", "redirect_uris", "origin_id"];

/// The clients of a tenant; of the caller's own where none is named.
///
/// # Errors
/// 1005, 403, 1002: the tenant.
pub(super) fn list(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let asked = desk.call.query("tenant_id");
    let tenant = desk.tenant(&caller, asked.as_deref().unwrap_or(&caller.tenant_id))?;
    let clients = desk.tenancy().clients.values();
    let here = clients.filter(|client| client.tenant_id == tenant.id);
    let items: Vec<Value> = here.map(Client::shown).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items })))
}

/// A client.
///
/// # Errors
/// 404: there is none. 403, 1002: the caller may not see its tenant.
pub(super) fn fetch(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let client = client(desk, &caller, open(path))?;
    Ok(Reply::json(StatusCode::OK, &client.shown()))
}

fn client(desk: &Desk<'_>, caller: &Caller, id: &str) -> Result<Client, Refusal> {
    let client = desk.tenancy().clients.get(id).ok_or_else(|| errors::http(404))?;
    desk.tenant(caller, &client.tenant_id)?;
    Ok(client.clone())
}

/// Creates a client. Its secret is in this answer, and in no other.
///
/// # Errors
/// 400: the body. What the tenant is refused by. 1020: it is a machine's, and the caller no service.
/// 409: another client of the tenant has the name. 1027: there is no room.
pub(super) fn create(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut body = Members::of(desk.object()?).only(&MEMBERS)?;
    let mut client = draft(desk, &caller, &mut body)?;
    desk.writable(&caller, &client.tenant_id)?;
    may_be(desk, &caller, &client)?;
    room(desk.tenancy().clients.len(), check::MOST_CLIENTS, "API clients")?;
    desk.commit()?;
    client.client_id = desk.uuid();
    let secret = desk.world.ids.short(32);
    let registration = desk.world.ids.short(32);
    let mut shown = client.shown();
    if let Value::Object(members) = &mut shown {
        members.insert("client_secret".to_owned(), json!(secret));
        members.insert("registration_access_token".to_owned(), json!(registration));
    }
    client.client_secret = (client.auth_method != AuthMethod::None).then_some(secret);
    desk.tenancy_mut().clients.insert(client.client_id.clone(), client);
    Ok(Reply::json(StatusCode::CREATED, &shown))
}

/// The client that a body describes, still without id and secret.
fn draft(desk: &Desk<'_>, caller: &Caller, body: &mut Members) -> Result<Client, Refusal> {
    let kind: ClientKind = body.word("type")?.ok_or_else(|| body.wrong("type", "is missing"))?;
    let method = body.word("token_endpoint_auth_method")?;
    let auth_method =
        method.ok_or_else(|| body.wrong("token_endpoint_auth_method", "is missing"))?;
    Ok(Client {
        client_id: String::new(),
        client_secret: None,
        tenant_id: body.some_id("tenant_id")?,
        kind,
        auth_method,
        status: Status::Enabled,
        service: false,
        read_only: false,
        origin_id: body.text("origin_id")?,
        redirect_uris: body.texts("redirect_uris", MOST_REDIRECTS)?.unwrap_or_default(),
        data: data(body)?.unwrap_or_default(),
        created_by: caller.id.clone(),
        created_at: desk.call.now,
        last_access_at: None,
    })
}

/// What is noted of a client, where that is given.
///
/// # Errors
/// 400: it is not an object, or too long.
fn data(body: &mut Members) -> Result<Option<Map<String, Value>>, Refusal> {
    let data = body.object("data")?;
    if data.as_ref().is_some_and(|data| json!(data).to_string().len() > LONGEST_DATA) {
        return Err(body.wrong("data", "is too long"));
    }
    Ok(data)
}

/// Whether the caller may have a client like this one.
fn may_be(desk: &Desk<'_>, caller: &Caller, client: &Client) -> Result<(), Refusal> {
    let machine = ["agentType", "hostname"].iter().any(|name| client.data.contains_key(*name));
    if machine && !caller.service {
        return Err(errors::code("1020"));
    }
    let mut others = desk.tenancy().clients.values();
    let same = |other: &Client| {
        other.client_id != client.client_id
            && other.tenant_id == client.tenant_id
            && other.name().is_some()
            && other.name() == client.name()
    };
    if others.any(same) {
        return Err(errors::http(409).info("A client of the tenant has this `client_name`."));
    }
    Ok(())
}

/// Changes a client: what is noted of it, and whether it may ask for tokens.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 400: the body. 1020, 409: as for a new one.
pub(super) fn update(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut changed = client(desk, &caller, open(path))?;
    desk.writable(&caller, &changed.tenant_id)?;
    let known = ["data", "status", "redirect_uris", "origin_id"];
    let mut body = Members::of(desk.object()?).only(&known)?;
    changed.data.extend(data(&mut body)?.unwrap_or_default());
    if json!(changed.data).to_string().len() > LONGEST_DATA {
        return Err(body.wrong("data", "is too long with what is there"));
    }
    changed.status = body.word("status")?.unwrap_or(changed.status);
    if let Some(uris) = body.texts("redirect_uris", MOST_REDIRECTS)? {
        changed.redirect_uris = uris;
    }
    body.renew("origin_id", &mut changed.origin_id)?;
    may_be(desk, &caller, &changed)?;
    desk.commit()?;
    let reply = Reply::json(StatusCode::OK, &changed.shown());
    desk.tenancy_mut().clients.insert(changed.client_id.clone(), changed);
    Ok(reply)
}

/// Deletes a client, and its tokens.
///
/// # Errors
/// 404: there is none. What its tenant is refused by.
pub(super) fn delete(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let client = client(desk, &caller, open(path))?;
    desk.writable(&caller, &client.tenant_id)?;
    desk.commit()?;
    let tenancy = desk.tenancy_mut();
    tenancy.clients.remove(&client.client_id);
    tenancy.tokens.retain(|_, token| token.owner_id != client.client_id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
