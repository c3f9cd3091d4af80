//! Creating a user.

use super::super::contact::Written;
use super::super::user::{Policy, Role, User};
use super::super::{check, room};
use super::login;
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// What may be said of a new user.
const MEMBERS: [&str; 13] = [
    "tenant_id",
    "login",
    "external_id",
    "idp_id",
    "contact",
    "enabled",
    "language",
    "business_types",
    "notifications",
    "use_existing_identity",
    "origin_id",
    "origin_external_id",
    "disable_after",
];

/// Creates a user. One that has neither a login nor an account elsewhere is a guest: Sync & Share
/// lets it in by its email address.
///
/// # Errors
/// 400: the body. What the tenant is refused by. 1003: the tenant is disabled. 1027: a guest of a
/// tenant that is no customer, or there is no room. 1024: no user may have such an address. 1028:
/// there is such a guest. 1033: the login.
pub(in super::super) fn create(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut body = Members::of(desk.object()?).only(&MEMBERS)?;
    let tenant_id = body.some_id("tenant_id")?;
    let mut user = draft(&mut body, &tenant_id, desk.call.now)?;
    let tenant = desk.writable(&caller, &tenant_id)?;
    if !tenant.enabled {
        return Err(errors::code("1003"));
    }
    room(desk.tenancy().users.len(), check::MOST_USERS, "users")?;
    may_write_to(desk, user.contact.email())?;
    if let Some(name) = &user.login {
        login::free(desk, name, "")?;
    } else if user.external_id.is_none() {
        let role = (Role::SyncShareGuest, caller.tenant_id.as_str());
        user.policies.push(guest(desk, &user, role)?);
    }
    desk.commit()?;
    Ok(keep(desk, user))
}

/// The user that a body describes, still without ids.
fn draft(body: &mut Members, tenant_id: &str, now: Timestamp) -> Result<User, Refusal> {
    let written = Written::read(body)?;
    if written.email().is_none() {
        return Err(body.wrong("contact.email", "is missing"));
    }
    Ok(User {
        id: String::new(),
        tenant_id: tenant_id.to_owned(),
        login: body.text("login")?,
        external_id: body.text("external_id")?,
        idp_id: body.id("idp_id")?,
        contact: written.draft(now),
        enabled: body.flag("enabled")?.unwrap_or(true),
        password: None,
        totp_secret: None,
        language: body.text("language")?.unwrap_or_else(|| "en".to_owned()),
        notifications: words(body, "notifications")?.unwrap_or_default(),
        business_types: words(body, "business_types")?.unwrap_or_default(),
        origin_id: body.text("origin_id")?,
        origin_external_id: body.text("origin_external_id")?,
        disable_after: moment(body, "disable_after")?,
        policies: Vec::new(),
        version: 1,
        activation_email_at: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    })
}

/// A list of words, as they are read by their type.
pub(super) fn words<T: DeserializeOwned>(
    body: &mut Members,
    name: &str,
) -> Result<Option<Vec<T>>, Refusal> {
    let Some(words) = body.texts(name, 50)? else { return Ok(None) };
    let read = words.into_iter().map(|word| T::deserialize(serde_json::Value::String(word)));
    let words: Result<Vec<T>, _> = read.collect();
    words.map(Some).map_err(|_| body.wrong(name, "has a word that may not stand there"))
}

/// A moment; one without a time zone is in UTC, as the reference writes them.
pub(super) fn moment(body: &Members, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = body.text(name)? else { return Ok(None) };
    let read = text.parse().or_else(|_| format!("{text}Z").parse());
    read.map(Some).map_err(|_| body.wrong(name, "is not a date and time (RFC 3339)"))
}

/// Whether a user may have this address.
///
/// # Errors
/// 1024: its domain is forbidden.
pub(super) fn may_write_to(desk: &Desk<'_>, email: &str) -> Result<(), Refusal> {
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut forbidden = desk.tenancy().forbidden_domains.iter();
    if forbidden.any(|it| it.eq_ignore_ascii_case(domain)) {
        return Err(errors::code("1024"));
    }
    Ok(())
}

/// What makes a user a guest.
fn guest(desk: &Desk<'_>, user: &User, given: (Role, &str)) -> Result<Policy, Refusal> {
    let tenancy = desk.tenancy();
    let (role_id, issuer) = given;
    let kind = tenancy.tenants.get(&user.tenant_id).map(|tenant| tenant.kind);
    if !kind.is_some_and(|kind| role_id.fits(kind)) {
        return Err(errors::code("1027").info("Only customers and units have guests."));
    }
    let email = user.contact.email();
    let same = |other: &User| {
        let here = other.tenant_id == user.tenant_id && other.is_guest();
        here && other.contact.email().eq_ignore_ascii_case(email)
    };
    if tenancy.users.values().any(same) {
        return Err(errors::code("1028"));
    }
    Ok(Policy {
        id: String::new(),
        role_id,
        tenant_id: user.tenant_id.clone(),
        issuer_id: issuer.to_owned(),
        created_at: user.created_at,
    })
}

fn keep(desk: &mut Desk<'_>, mut user: User) -> Reply {
    user.id = desk.uuid();
    user.contact.id = desk.uuid();
    for policy in &mut user.policies {
        policy.id = desk.uuid();
    }
    let reply = super::shown(desk, &user);
    desk.tenancy_mut().users.insert(user.id.clone(), user);
    reply
}
