//! Deleting a tenant with all below it, which takes a while.

use super::super::events::What;
use super::super::tenant::{Operation, Tenant};
use super::super::user::User;
use super::super::{Tenancy, open, same_version};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::{Call, Refusal, Reply};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long it takes to delete or recover a tenant. The documents say nothing; long enough to be
/// seen, short enough to be waited for.
const WORK: SignedDuration = SignedDuration::from_secs(10);
/// How many deletions are kept; beyond it the oldest is forgotten.
pub(in super::super) const MOST_KEPT: usize = 50;

/// A deleted tenant with all that was below it, kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Buried {
    /// The tenant that it stood below.
    pub(crate) parent_id: String,
    /// The tenants, those above first.
    pub(crate) tenants: Vec<Tenant>,
    /// Their users.
    pub(crate) users: Vec<User>,
    /// When they were gone.
    pub(crate) deleted_at: Timestamp,
}

/// Begins to delete a tenant, and all below it.
///
/// # Errors
/// What the tenant, and each one below it, is refused by. 400: the version is missing. 1002: it is
/// the caller's own. 1001: another version is the present one. 1006: it is not disabled.
pub(in super::super) fn delete(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, open(path))?;
    let version = version(desk.call)?;
    if tenant.id == caller.tenant_id {
        return Err(errors::code("1002").info("Nobody deletes the own tenant."));
    }
    same_version(version, tenant.version)?;
    if tenant.enabled {
        return Err(still_enabled(&tenant.id));
    }
    let tenancy = desk.tenancy();
    tenancy.subtree(&tenant.id).try_for_each(|below| tenancy.may_change(&caller, below))?;
    desk.commit()?;
    desk.world.state.tenancy.begin(&tenant.id, Operation::Deleting, desk.call.now);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// 1006, in the words of the document's example.
fn still_enabled(id: &str) -> Refusal {
    let said = "It is prohibited to delete a non-disabled tenant";
    errors::code("1006")
        .named("id", id)
        .message(format!("{said}."))
        .info(format!("{said} \"{id}\""))
}

/// The version in the query of a deletion.
///
/// # Errors
/// 400: it is missing, or not a number.
pub(in super::super) fn version(call: &Call) -> Result<u64, Refusal> {
    let text = call.query("version");
    let text = text.ok_or_else(|| errors::http(400).info("`version` is missing in the query."))?;
    text.parse().map_err(|_| errors::http(400).info("`version` is not a number."))
}

impl Tenancy {
    /// A deleted tenant, and what it was deleted with.
    pub(in super::super) fn deleted(&self, id: &str) -> Option<(&Buried, &Tenant)> {
        let found = |buried: &'_ Buried| buried.tenants.iter().any(|tenant| tenant.id == id);
        let buried = self.buried.values().find(|buried| found(buried))?;
        Some((buried, buried.tenants.iter().find(|tenant| tenant.id == id)?))
    }

    /// Begins an operation on a tenant and all below it.
    pub(super) fn begin(&mut self, id: &str, operation: Operation, now: Timestamp) {
        let ends = now.checked_add(WORK).unwrap_or(now);
        for id in self.below(id) {
            if let Some(tenant) = self.tenants.get_mut(&id) {
                tenant.external_operation_status = Some(operation);
                tenant.external_operation_ends = Some(ends);
                tenant.touch(now);
            }
        }
    }

    /// The ids of a tenant and all below it, those above first.
    fn below(&self, id: &str) -> Vec<String> {
        let mut ids: Vec<&String> = self.subtree(id).map(|tenant| &tenant.id).collect();
        ids.sort_by_key(|id| self.ancestors(id).count());
        ids.into_iter().cloned().collect()
    }

    /// Lets time pass: deletions and recoveries end. Says which tenants are gone.
    pub(in crate::platform) fn advance(&mut self, now: Timestamp) -> Vec<String> {
        let over = |tenant: &Tenant| tenant.external_operation_ends.is_some_and(|ends| ends <= now);
        let over: Vec<(String, Option<Operation>)> = (self.tenants.values())
            .filter(|tenant| over(tenant))
            .map(|tenant| (tenant.id.clone(), tenant.external_operation_status))
            .collect();
        let mut gone = Vec::new();
        for (id, operation) in over {
            match operation {
                Some(Operation::Deleting) => gone.extend(self.bury(&id)),
                Some(Operation::Recovering) | None => self.settle(&id),
            }
        }
        gone
    }

    fn settle(&mut self, id: &str) {
        if let Some(tenant) = self.tenants.get_mut(id) {
            tenant.external_operation_status = None;
            tenant.external_operation_ends = None;
        }
    }

    /// Takes a tenant out with all below it, from the topmost that leaves with it. One that left
    /// already with another is not looked at again.
    fn bury(&mut self, id: &str) -> Vec<String> {
        let leaving =
            |tenant: &&Tenant| tenant.external_operation_status == Some(Operation::Deleting);
        let top = self.ancestors(id).take_while(leaving).last().or_else(|| self.tenants.get(id));
        let Some(Tenant { id: top, parent_id: Some(parent_id), external_operation_ends, .. }) =
            top.cloned()
        else {
            return Vec::new();
        };
        let deleted_at = external_operation_ends.unwrap_or_default();
        let ids = self.below(&top);
        let tenants = ids.iter().filter_map(|id| self.tenants.remove(id)).map(|tenant| Tenant {
            external_operation_status: None,
            external_operation_ends: None,
            deleted_at: Some(deleted_at),
            ..tenant
        });
        let tenants: Vec<Tenant> = tenants.collect();
        let users = self.take_users(&ids, deleted_at);
        self.buried.insert(top, Buried { parent_id, tenants, users, deleted_at });
        self.forget_oldest();
        for id in &ids {
            self.events.note(What::Deleted, id, deleted_at);
        }
        ids
    }

    /// Takes the users and clients of these tenants out, and all roles there; clients and tokens
    /// are gone for good.
    fn take_users(&mut self, tenants: &[String], now: Timestamp) -> Vec<User> {
        let tenants: BTreeSet<&String> = tenants.iter().collect();
        let ids: Vec<String> = (self.users.values())
            .filter(|user| tenants.contains(&user.tenant_id))
            .map(|user| user.id.clone())
            .collect();
        let users = ids.iter().filter_map(|id| self.users.remove(id));
        let users = users.map(|user| User { deleted_at: Some(now), ..user }).collect();
        for user in self.users.values_mut() {
            user.policies.retain(|policy| !tenants.contains(&policy.tenant_id));
        }
        self.clients.retain(|_, client| !tenants.contains(&client.tenant_id));
        let Self { clients, users: staying, tokens, .. } = self;
        let there = |id: &String| clients.contains_key(id) || staying.contains_key(id);
        tokens.retain(|_, token| there(&token.owner_id));
        users
    }

    fn forget_oldest(&mut self) {
        while self.buried.len() > MOST_KEPT {
            let oldest = self.buried.iter().min_by_key(|(_, buried)| buried.deleted_at);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { return };
            self.buried.remove(&id);
        }
    }
}
