//! What a user may do where: roles in its own tenant and below, never sideways or up.

use super::super::user::{Policy, Role, User};
use super::super::{Caller, Tenancy, moment, open};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many roles a user may have.
const MOST: usize = 50;

/// What may be said of a role; what the platform knows better is not looked at.
const MEMBERS: [&str; 13] = [
    "id",
    "version",
    "role_id",
    "tenant_id",
    "trustee_id",
    "trustee_type",
    "issuer_id",
    "resource_server_id",
    "resource_namespace",
    "resource_path",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// The roles of a user.
///
/// # Errors
/// 404: there is none. 403, 1002: the caller may not see its tenant.
pub(in super::super) fn list(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.user(&caller, open(path))?;
    Ok(shown(desk, &user))
}

fn shown(desk: &Desk<'_>, user: &User) -> Reply {
    let items: Vec<Value> = user.policies.iter().map(|policy| policy.shown(&user.id)).collect();
    let answer = json!({ "timestamp": moment(desk.call.now), "items": items });
    Reply::json(StatusCode::OK, &answer)
}

/// Gives a user these roles, and no others.
///
/// # Errors
/// 404: there is none. What its tenant is refused by. 400: the body. 1027: a role in a tenant that
/// is not the user's own or below, or of a kind that has no such role. 409: a role is there twice.
/// 1018: the user is disabled. 1010: another user of Sync & Share has the email address. 1030, 1021:
/// there is no seat in Sync & Share.
pub(in super::super) fn rewrite(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.writable_user(&caller, open(path))?;
    let wanted = wanted(desk)?;
    for (role, tenant) in &wanted {
        may_have(desk, &user, *role, tenant)?;
    }
    let mut changed = user.clone();
    changed.policies = wanted.iter().map(|it| policy(&user, &caller, it, desk)).collect();
    if changed.has(Role::SyncShareUser) && !user.has(Role::SyncShareUser) {
        desk.tenancy().may_share_as(&changed)?;
        let seated = desk.tenancy().seated(&user.tenant_id);
        desk.world.state.services.may_seat(&user.tenant_id, seated)?;
    }
    desk.commit()?;
    for at in 0..changed.policies.len() {
        let id = desk.uuid();
        if let Some(policy) = changed.policies.get_mut(at).filter(|it| it.id.is_empty()) {
            policy.id = id;
        }
    }
    let reply = shown(desk, &changed);
    desk.tenancy_mut().users.insert(changed.id.clone(), changed);
    Ok(reply)
}

/// The roles in the body, each with its tenant.
fn wanted(desk: &Desk<'_>) -> Result<Vec<(Role, String)>, Refusal> {
    let mut body = Members::of(desk.object()?).only(&["items", "timestamp", "paging"])?;
    let mut wanted = Vec::new();
    for item in body.objects("items", MOST)? {
        let item = item.only(&MEMBERS)?;
        let role: Option<Role> = item.word("role_id")?;
        let role = role.ok_or_else(|| item.wrong("role_id", "is missing"))?;
        wanted.push((role, item.some_id("tenant_id")?));
    }
    let once: BTreeSet<_> = wanted.iter().collect();
    if once.len() < wanted.len() {
        return Err(errors::http(409).info("A role is there twice for the same tenant."));
    }
    Ok(wanted)
}

fn may_have(desk: &Desk<'_>, user: &User, role: Role, id: &str) -> Result<(), Refusal> {
    let tenancy = desk.tenancy();
    let within = id == user.tenant_id || tenancy.is_above(&user.tenant_id, id);
    let there = tenancy.tenants.get(id).filter(|_| within);
    if !there.is_some_and(|tenant| role.fits(tenant.kind)) {
        let info =
            "A user has roles in its tenant and below, where there are tenants of that kind.";
        return Err(errors::code("1027").info(info));
    }
    if role == Role::SyncShareUser && !user.works(desk.call.now) {
        return Err(errors::code("1018"));
    }
    Ok(())
}

/// A role that stays as it is, or a new one, still without an id.
fn policy(user: &User, caller: &Caller, wanted: &(Role, String), desk: &Desk<'_>) -> Policy {
    let (role_id, tenant_id) = wanted;
    let same = |it: &&Policy| it.role_id == *role_id && it.tenant_id == *tenant_id;
    user.policies.iter().find(same).cloned().unwrap_or_else(|| Policy {
        id: String::new(),
        role_id: *role_id,
        tenant_id: tenant_id.clone(),
        issuer_id: caller.tenant_id.clone(),
        created_at: desk.call.now,
    })
}

impl Tenancy {
    /// Whether a user of Sync & Share may have its email address there.
    ///
    /// # Errors
    /// 1010: another one has it.
    pub(super) fn may_share_as(&self, user: &User) -> Result<(), Refusal> {
        let email = user.contact.email();
        let same = |other: &User| {
            other.id != user.id
                && other.has(Role::SyncShareUser)
                && other.contact.email().eq_ignore_ascii_case(email)
        };
        if user.has(Role::SyncShareUser) && self.users.values().any(same) {
            return Err(errors::code("1010"));
        }
        Ok(())
    }

    /// How many users of a tenant use Sync & Share.
    pub(in crate::platform) fn seated(&self, tenant: &str) -> u64 {
        let here = self.users.values().filter(|user| user.tenant_id == tenant);
        here.filter(|user| user.has(Role::SyncShareUser)).map(|_| 1).sum()
    }
}
