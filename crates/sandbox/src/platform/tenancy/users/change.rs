//! Changing and deleting a user, its password, and its activation.

use super::super::contact::Written;
use super::super::tenants::deletion::version;
use super::super::user::User;
use super::super::{open, same_version};
use super::{create, login, shown};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;

/// What may be changed of a user.
const MEMBERS: [&str; 10] = [
    "version",
    "login",
    "external_id",
    "idp_id",
    "contact",
    "enabled",
    "language",
    "notifications",
    "business_types",
    "disable_after",
];

/// How short a password may be, in characters.
const SHORTEST_PASSWORD: usize = 8;

/// Changes a user.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 400: the body. 1001: another version is the
/// present one. 1024: the address. 1033: the login. 1010: another user of Sync & Share has the
/// address.
pub(in super::super) fn update(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.writable_user(&caller, open(path))?;
    let mut body = Members::of(desk.object()?).only(&MEMBERS)?;
    let version = body.some_number("version")?;
    let mut changed = changed(desk, &user, &mut body)?;
    same_version(version, user.version)?;
    if changed.contact.email() != user.contact.email() {
        create::may_write_to(desk, changed.contact.email())?;
        desk.tenancy().may_share_as(&changed)?;
    }
    if let Some(name) = changed.login.as_ref().filter(|_| changed.login != user.login) {
        login::free(desk, name, &user.id)?;
    }
    desk.commit()?;
    changed.touch(desk.call.now);
    let reply = shown(desk, &changed);
    desk.tenancy_mut().users.insert(changed.id.clone(), changed);
    Ok(reply)
}

/// The user as it would be.
fn changed(desk: &Desk<'_>, user: &User, body: &mut Members) -> Result<User, Refusal> {
    let mut changed = user.clone();
    changed.login = body.text("login")?.or(changed.login);
    changed.external_id = body.text("external_id")?.or(changed.external_id);
    changed.idp_id = body.id("idp_id")?.or(changed.idp_id);
    changed.enabled = body.flag("enabled")?.unwrap_or(changed.enabled);
    changed.language = body.text("language")?.unwrap_or(changed.language);
    changed.disable_after = create::moment(body, "disable_after")?.or(changed.disable_after);
    if let Some(notifications) = create::words(body, "notifications")? {
        changed.notifications = notifications;
    }
    if let Some(types) = create::words(body, "business_types")? {
        changed.business_types = types;
    }
    changed.contact.change(Written::read(body)?, desk.call.now);
    if changed.contact.email().is_empty() {
        return Err(body.wrong("contact.email", "is empty"));
    }
    Ok(changed)
}

/// Deletes a user, and its tokens.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 400: the version is missing. 1001: another
/// version is the present one. 1002: it is the caller.
pub(in super::super) fn delete(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.writable_user(&caller, open(path))?;
    let version = version(desk.call)?;
    if user.id == caller.id {
        return Err(errors::code("1002").info("Nobody deletes the own account."));
    }
    same_version(version, user.version)?;
    desk.commit()?;
    let tenancy = desk.tenancy_mut();
    tenancy.users.remove(&user.id);
    tenancy.tokens.retain(|_, token| token.owner_id != user.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Sets a user's password, which activates it.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 400: the body. 1002: the caller is a user, and
/// only programs set passwords. 1018: the user is disabled.
pub(in super::super) fn set_password(
    desk: &mut Desk<'_>,
    path: &[String],
) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut user = desk.writable_user(&caller, open(path))?;
    let body = Members::of(desk.object()?).only(&["password"])?;
    let password = body.some_text("password")?;
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(body.wrong("password", "has fewer than 8 characters"));
    }
    if desk.tenancy().users.contains_key(&caller.id) {
        return Err(errors::code("1002").info("Only API clients set passwords."));
    }
    works(desk, &user)?;
    desk.commit()?;
    user.password = Some(password);
    user.touch(desk.call.now);
    desk.tenancy_mut().users.insert(user.id.clone(), user);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Queues an activation email.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 1018: the user is disabled.
pub(in super::super) fn send_activation(
    desk: &mut Desk<'_>,
    path: &[String],
) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.writable_user(&caller, open(path))?;
    works(desk, &user)?;
    desk.commit()?;
    let now = desk.call.now;
    if let Some(user) = desk.tenancy_mut().users.get_mut(&user.id) {
        user.activation_email_at = Some(now);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn works(desk: &Desk<'_>, user: &User) -> Result<(), Refusal> {
    if user.works(desk.call.now) { Ok(()) } else { Err(errors::code("1018")) }
}
