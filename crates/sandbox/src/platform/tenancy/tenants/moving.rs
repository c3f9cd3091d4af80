//! Whether a tenant may go elsewhere, with all below it.

use super::super::tenant::{Kind, Tenant};
use super::super::{Caller, Tenancy, check, room};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::Refusal;

/// Whether `tenant`, as it would be after all other changes, may go below `target`.
///
/// # Errors
/// What the target is refused by. 1007: the target is below the tenant. 1008: a unit would stay
/// within its customer. 1027: the kinds do not nest, or the tree gets too deep. 1013: the target is
/// disabled. 1032: who locked one of the tenants is not above the target. 1014, 1035 and others:
/// the services of the target.
pub(super) fn may_move(
    desk: &Desk<'_>,
    caller: &Caller,
    tenant: &Tenant,
    target: &str,
) -> Result<(), Refusal> {
    let tenancy = desk.tenancy();
    let target = desk.writable(caller, target)?;
    if target.id == tenant.id || tenancy.is_above(&tenant.id, &target.id) {
        return Err(errors::code("1007"));
    }
    if tenant.kind == Kind::Unit && tenancy.same_customer(&tenant.id, &target) {
        return Err(errors::code("1008"));
    }
    // The documents know of no unit that moves at all.
    if tenant.kind == Kind::Unit || !tenant.kind.nests_in(target.kind) {
        return Err(errors::code("1027").info("A tenant of this kind does not go below that one."));
    }
    if !target.enabled {
        return Err(errors::code("1013"));
    }
    tenancy.locks_hold(tenant, &target)?;
    tenancy.depth_holds(tenant, &target)?;
    desk.world.state.services.may_move(tenancy, &tenant.id, &target.id)
}

impl Tenancy {
    fn same_customer(&self, unit: &str, target: &Tenant) -> bool {
        let customer = self.ancestors(unit).find(|above| above.kind == Kind::Customer);
        customer.is_some_and(|it| it.id == target.id || self.is_above(&it.id, &target.id))
    }

    /// Whether each lock in what is moved is held by someone in it, or above the target.
    fn locks_hold(&self, tenant: &Tenant, target: &Tenant) -> Result<(), Refusal> {
        let stays = |owner: &str| owner == target.id || self.is_above(owner, &target.id);
        let goes = |owner: &str| owner == tenant.id || self.is_above(&tenant.id, owner);
        let below = self.subtree(&tenant.id).filter(|it| it.id != tenant.id);
        let locks = std::iter::once(tenant).chain(below).map(|it| &it.update_lock);
        let mut owners = locks.filter_map(|lock| lock.owner_id.as_deref());
        match owners.find(|owner| !stays(owner) && !goes(owner)) {
            Some(_) => Err(errors::code("1032")),
            None => Ok(()),
        }
    }

    fn depth_holds(&self, tenant: &Tenant, target: &Tenant) -> Result<(), Refusal> {
        let depth = |id: &str| self.ancestors(id).count() + 1;
        let deepest = self.subtree(&tenant.id).map(|it| depth(&it.id)).max().unwrap_or(1);
        let height = deepest.saturating_sub(depth(&tenant.id));
        room(depth(&target.id) + height, check::DEEPEST, "tenants one above another")
    }
}
