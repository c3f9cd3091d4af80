//! What the tree of tenants asks of this floor, before and after it changes.

use super::Services;
use super::catalogue::{Kind as Type, SEATS};
use super::items::{Item, Items};
use crate::platform::errors;
use crate::platform::tenancy::{Kind, Tenancy, Tenant};
use crate::stage::Refusal;
use std::collections::BTreeSet;

impl Services {
    /// A tenant was created: it has the applications of its parent, and could turn on what the
    /// parent has on. Folders and units group and begin with all of that; partners and customers
    /// begin with the features alone, as quotas and storages are for somebody to decide.
    pub(in crate::platform) fn tenant_created(&mut self, tenant: &Tenant) {
        let Some(parent) = &tenant.parent_id else { return };
        let bound = self.bindings.get(parent).cloned().unwrap_or_default();
        let groups = matches!(tenant.kind, Kind::Folder | Kind::Unit);
        let inherited = |item: &Item| {
            let infra = item.infra_id.as_deref();
            let feature = item.offering().is_some_and(|offering| offering.kind == Type::Feature);
            let fresh = Item::off(&item.name, infra, tenant.created_at);
            Item { on: feature || groups, ..fresh }
        };
        let items: Items = self.on(parent).map(|(key, i)| (key.clone(), inherited(i))).collect();
        self.bindings.insert(tenant.id.clone(), bound);
        self.items.insert(tenant.id.clone(), items);
    }

    /// A tenant is gone: so is all that it had, and what others had of it.
    pub(in crate::platform) fn tenant_deleted(&mut self, id: &str) {
        let storages = self.infra.values().filter(|infra| infra.owner_tenant_id == id);
        let storages: Vec<_> = storages.map(|infra| infra.id.clone()).collect();
        for storage in storages {
            self.remove_storage(&storage, None);
        }
        self.locations.retain(|_, location| location.owner_tenant_id != id);
        self.legal_documents.retain(|_, document| document.tenant_id != id);
        self.registration_tokens.retain(|_, token| token.tenant_uuid != id);
        self.bindings.remove(id);
        self.items.remove(id);
        self.usages.remove(id);
        self.default_storages.remove(id);
        self.brands.remove(id);
    }

    /// Whether the tenant with all below it may go under `target`, as far as services are concerned.
    ///
    /// # Errors
    /// 1014: the target lacks an application, an offering item or a storage that somebody in the
    /// subtree has. 1035: an item there is legally blocked.
    pub(in crate::platform) fn may_move(
        &self,
        tenancy: &Tenancy,
        id: &str,
        target: &str,
    ) -> Result<(), Refusal> {
        let moved: BTreeSet<_> = tenancy.subtree(id).map(|tenant| tenant.id.as_str()).collect();
        let none = BTreeSet::new();
        let offered = self.bindings.get(target).unwrap_or(&none);
        for tenant in &moved {
            let bound = self.bindings.get(*tenant).unwrap_or(&none);
            if let Some(lacking) = bound.difference(offered).next() {
                let info = format!("The application `{lacking}` is not available there.");
                return Err(errors::code("1014").info(info));
            }
            let mut on = self.on(tenant).filter(|(_, item)| !self.moves_along(item, &moved));
            if let Some((_, lacking)) = on.find(|(key, _)| !self.has_on(target, key)) {
                let info = format!("The offering item `{}` is not available there.", lacking.name);
                return Err(errors::code("1014").info(info));
            }
            if let Some((_, blocked)) = self.on(tenant).find(|(_, item)| item.legal_block) {
                let info = format!("The offering item is `{}`.", blocked.name);
                return Err(errors::code("1035").info(info));
            }
        }
        Ok(())
    }

    /// Whether the item is on a storage that is moved along.
    fn moves_along(&self, item: &Item, moved: &BTreeSet<&str>) -> bool {
        let infra = item.infra_id.as_ref().and_then(|id| self.infra.get(id));
        infra.is_some_and(|infra| moved.contains(infra.owner_tenant_id.as_str()))
    }

    /// Whether one more user of the tenant may use Sync & Share, where `seated` do already.
    ///
    /// # Errors
    /// 1030: all seats are taken. 1021: the tenant may not use it at all.
    pub(in crate::platform) fn may_seat(&self, tenant: &str, seated: u64) -> Result<(), Refusal> {
        let item = self.items.get(tenant).and_then(|items| items.get(SEATS));
        let Some(item) = item.filter(|item| item.on) else {
            return Err(super::setting::unavailable(SEATS));
        };
        match item.quota.limit().filter(|limit| seated >= *limit) {
            Some(limit) => {
                Err(errors::code("1030").info(format!("All of the {limit} seats are taken.")))
            }
            None => Ok(()),
        }
    }
}
