//! Changing a tenant.

use super::super::contact::Written;
use super::super::events::What;
use super::super::tenant::{Kind, Tenant};
use super::super::{Caller, open, same_version};
use super::{create, moving};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;

/// What may be changed of a tenant.
const MEMBERS: [&str; 14] = [
    "version",
    "name",
    "parent_id",
    "kind",
    "contact",
    "enabled",
    "customer_type",
    "customer_id",
    "brand_id",
    "internal_tag",
    "language",
    "default_idp_id",
    "update_lock",
    "ancestral_access",
];

/// Changes a tenant, disables or enables it, moves it.
///
/// # Errors
/// What the tenant is refused by. 400: the body. 1001: another version is the present one. 1002: the
/// caller would disable or move its own tenant. 1003: it would be enabled below a disabled one.
/// 1004: a sibling has the name. 1027: its kind. What moving is refused by.
pub(in super::super) fn update(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, open(path))?;
    let mut body = Members::of(desk.object()?).only(&MEMBERS)?;
    let version = body.some_number("version")?;
    let mut changed = changed(desk, &caller, &tenant, &mut body)?;
    same_version(version, tenant.version)?;
    allowed(desk, &caller, &tenant, &changed)?;
    desk.commit()?;
    changed.touch(desk.call.now);
    Ok(keep(desk, changed))
}

/// The tenant as it would be.
fn changed(
    desk: &Desk<'_>,
    caller: &Caller,
    tenant: &Tenant,
    body: &mut Members,
) -> Result<Tenant, Refusal> {
    let mut changed = tenant.clone();
    if let Some(name) = create::name(body)? {
        changed.name = name;
    }
    if let Some(parent) = body.id("parent_id")? {
        changed.parent_id = Some(parent);
    }
    changed.kind = body.word("kind")?.unwrap_or(tenant.kind);
    changed.enabled = body.flag("enabled")?.unwrap_or(tenant.enabled);
    changed.ancestral_access = body.flag("ancestral_access")?.unwrap_or(tenant.ancestral_access);
    if let Some(lock) = create::lock(body, caller)? {
        changed.update_lock = lock;
    }
    changed.contact.change(Written::read(body)?, desk.call.now);
    create::more(body, &mut changed)?;
    Ok(changed)
}

fn allowed(
    desk: &Desk<'_>,
    caller: &Caller,
    before: &Tenant,
    after: &Tenant,
) -> Result<(), Refusal> {
    let moved = after.parent_id != before.parent_id;
    if (moved || after.enabled != before.enabled) && caller.tenant_id == before.id {
        let info = "Only from above can a tenant be moved, disabled or enabled.";
        return Err(errors::code("1002").info(info));
    }
    let tenancy = desk.tenancy();
    if let (true, Some(target)) = (moved, &after.parent_id) {
        moving::may_move(desk, caller, after, target)?;
    }
    let parent = after.parent_id.as_ref().and_then(|id| tenancy.tenants.get(id));
    if after.enabled && !before.enabled && parent.is_some_and(|parent| !parent.enabled) {
        return Err(errors::code("1003"));
    }
    if tenancy.name_taken(after.parent_id.as_deref(), &after.name, &after.id) {
        return Err(errors::code("1004"));
    }
    may_become(before.kind, after.kind)
}

/// Whether a tenant may become one of another kind. Partners and folders hold the same kinds, and
/// stand in the same places; other changes would leave something behind that does not fit.
fn may_become(before: Kind, after: Kind) -> Result<(), Refusal> {
    let groups = |kind| matches!(kind, Kind::Partner | Kind::Folder);
    if before == after || (groups(before) && groups(after)) {
        return Ok(());
    }
    Err(errors::code("1027").info("A tenant of this kind cannot become one of that kind."))
}

/// Keeps a changed tenant. With a tenant all below it are disabled; each of them has to be enabled
/// by itself again.
fn keep(desk: &mut Desk<'_>, changed: Tenant) -> Reply {
    let now = desk.call.now;
    let tenancy = desk.tenancy_mut();
    if !changed.enabled {
        let below: Vec<String> = tenancy.subtree(&changed.id).map(|it| it.id.clone()).collect();
        for id in below {
            if let Some(tenant) = tenancy.tenants.get_mut(&id).filter(|tenant| tenant.enabled) {
                tenant.enabled = false;
                tenant.touch(now);
            }
        }
    }
    tenancy.events.note(What::Updated, &changed.id, now);
    let reply = Reply::json(StatusCode::OK, &tenancy.shown(&changed));
    tenancy.tenants.insert(changed.id.clone(), changed);
    reply
}
