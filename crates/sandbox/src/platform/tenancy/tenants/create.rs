//! Creating a tenant.

use super::super::contact::Written;
use super::super::events::What;
use super::super::tenant::{Kind, Tenant, UpdateLock};
use super::super::{Caller, check, room};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;

/// What may be said of a new tenant.
const MEMBERS: [&str; 13] = [
    "name",
    "parent_id",
    "kind",
    "contact",
    "company_billing_contact",
    "enabled",
    "customer_type",
    "customer_id",
    "internal_tag",
    "language",
    "default_idp_id",
    "update_lock",
    "ancestral_access",
];

/// How long a name may be, in characters.
const LONGEST_NAME: usize = 255;

/// Creates a tenant below another one.
///
/// # Errors
/// 400: the body. What the parent is refused by. 1027: its kind does not stand there, or there is no
/// room. 1003: the parent is disabled. 1004: a sibling has the name.
pub(in super::super) fn create(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut body = Members::of(desk.object()?).only(&MEMBERS)?;
    let parent_id = body.some_id("parent_id")?;
    let draft = draft(desk, &caller, &mut body)?;
    let parent = desk.writable(&caller, &parent_id)?;
    let tenant = Tenant { parent_id: Some(parent_id), ..draft };
    may_stand(desk, &tenant, &parent)?;
    desk.commit()?;
    Ok(keep(desk, tenant))
}

/// The tenant that a body describes, still without an id and a parent.
fn draft(desk: &mut Desk<'_>, caller: &Caller, body: &mut Members) -> Result<Tenant, Refusal> {
    let name = name(body)?.ok_or_else(|| body.wrong("name", "is missing"))?;
    let kind: Kind = body.word("kind")?.ok_or_else(|| body.wrong("kind", "is missing"))?;
    let now = desk.call.now;
    let written = Written::read(body)?;
    let mut tenant = Tenant::new(String::new(), name, kind, written.draft(now), now);
    tenant.enabled = body.flag("enabled")?.unwrap_or(true);
    tenant.ancestral_access = body.flag("ancestral_access")?.unwrap_or(true);
    tenant.update_lock = lock(body, caller)?.unwrap_or_default();
    more(body, &mut tenant)?;
    Ok(tenant)
}

/// A name, where one is given.
///
/// # Errors
/// 400: it is empty, too long, or has control characters.
pub(super) fn name(body: &Members) -> Result<Option<String>, Refusal> {
    let Some(name) = body.text("name")? else { return Ok(None) };
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)
    {
        return Err(body.wrong("name", "is not a name of 1 to 255 characters"));
    }
    Ok(Some(name.to_owned()))
}

/// The update lock, where one is given: who sets it holds it.
///
/// # Errors
/// 400: it does not say whether it is on.
pub(super) fn lock(body: &mut Members, caller: &Caller) -> Result<Option<UpdateLock>, Refusal> {
    let Some(lock) = body.inner("update_lock")? else { return Ok(None) };
    let lock = lock.only(&["enabled", "owner_id"])?;
    let enabled = lock.flag("enabled")?.ok_or_else(|| lock.wrong("enabled", "is missing"))?;
    Ok(Some(UpdateLock { enabled, owner_id: enabled.then(|| caller.tenant_id.clone()) }))
}

/// What needs no rule.
///
/// # Errors
/// 400: it is not what it must be.
pub(super) fn more(body: &Members, tenant: &mut Tenant) -> Result<(), Refusal> {
    tenant.customer_type = body.word("customer_type")?.unwrap_or(tenant.customer_type);
    body.renew("customer_id", &mut tenant.customer_id)?;
    body.renew("internal_tag", &mut tenant.internal_tag)?;
    if let Some(idp) = body.id("default_idp_id")? {
        tenant.default_idp_id = Some(idp);
    }
    if let Some(language) = body.text("language")? {
        tenant.language = language;
    }
    Ok(())
}

fn may_stand(desk: &Desk<'_>, tenant: &Tenant, parent: &Tenant) -> Result<(), Refusal> {
    let tenancy = desk.tenancy();
    if !parent.enabled {
        return Err(errors::code("1003"));
    }
    if !tenant.kind.nests_in(parent.kind) {
        return Err(
            errors::code("1027").info("A tenant of this kind does not stand below that one.")
        );
    }
    if tenancy.name_taken(tenant.parent_id.as_deref(), &tenant.name, "") {
        return Err(errors::code("1004"));
    }
    room(tenancy.tenants.len(), check::MOST_TENANTS, "tenants")?;
    // The parent stands there as well.
    room(tenancy.ancestors(&parent.id).count() + 1, check::DEEPEST, "tenants one above another")
}

fn keep(desk: &mut Desk<'_>, mut tenant: Tenant) -> Reply {
    tenant.id = desk.uuid();
    tenant.contact.id = desk.uuid();
    let reply = Reply::json(StatusCode::CREATED, &tenant.shown(false));
    let now = desk.call.now;
    desk.world.state.services.tenant_created(&tenant);
    desk.tenancy_mut().events.note(What::Created, &tenant.id, now);
    desk.tenancy_mut().tenants.insert(tenant.id.clone(), tenant);
    reply
}
