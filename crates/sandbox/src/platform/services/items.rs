//! What each tenant has of the catalogue: items that are on or off, their quotas, and how much is
//! used.

use super::Services;
use super::catalogue::{self, Kind, Offering, SEATS};
use crate::platform::tenancy::{Tenancy, Tenant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The items of a tenant, by [`key`].
pub(crate) type Items = BTreeMap<String, Item>;

/// An offering item of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// Which one of the catalogue.
    pub(crate) name: String,
    /// The storage, where it is one of a storage.
    pub(crate) infra_id: Option<String>,
    /// Whether it is on.
    pub(crate) on: bool,
    /// Whether nobody may turn it on or off.
    pub(crate) locked: bool,
    /// Whether the law keeps the tenant from being moved with it.
    pub(crate) legal_block: bool,
    /// How much of it the tenant may use.
    pub(crate) quota: Quota,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// How much may be used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quota {
    /// The quota; without one there is no limit.
    pub(crate) value: Option<u64>,
    /// How much more may be used. Where it is given the quota is hard, else it only warns.
    pub(crate) overage: Option<u64>,
    /// Grows with each change; 0 where neither of the above is given.
    pub(crate) version: u64,
}

/// By what an item is known in a tenant: its name, and the storage that it is on.
pub(super) fn key(name: &str, infra_id: Option<&str>) -> String {
    infra_id.map_or_else(|| name.to_owned(), |infra| format!("{name}@{infra}"))
}

// === impl Item ===

impl Item {
    /// An item that is off and has no quota.
    pub(super) fn off(name: &str, infra_id: Option<&str>, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            infra_id: infra_id.map(str::to_owned),
            on: false,
            locked: false,
            legal_block: false,
            quota: Quota::default(),
            updated_at: now,
        }
    }

    pub(super) fn key(&self) -> String {
        key(&self.name, self.infra_id.as_deref())
    }

    /// What the catalogue says of it. A loaded world is checked to have no other items.
    pub(super) fn offering(&self) -> Option<&'static Offering> {
        catalogue::offering(&self.name)
    }

    pub(super) fn is_storage(&self) -> bool {
        self.offering().is_some_and(|offering| offering.kind == Kind::Infra)
    }
}

impl Quota {
    /// How much there may be at most; `None` where the quota only warns, or there is none.
    pub(super) fn limit(&self) -> Option<u64> {
        Some(self.value?.saturating_add(self.overage?))
    }
}

// === impl Services ===

impl Services {
    /// Whether the item is on for the tenant.
    pub(super) fn has_on(&self, tenant: &str, key: &str) -> bool {
        self.items.get(tenant).and_then(|items| items.get(key)).is_some_and(|item| item.on)
    }

    /// The items that are on for the tenant, with their keys.
    pub(super) fn on<'s>(&'s self, tenant: &str) -> impl Iterator<Item = (&'s String, &'s Item)> {
        self.items.get(tenant).into_iter().flatten().filter(|(_, item)| item.on)
    }

    /// Whether the tenant may turn the item on: its parent has it on, or it is on a storage of the
    /// tenant's own. What a tenant without a parent may have was agreed with the platform.
    pub(super) fn offers(&self, tenant: &Tenant, item: &Item) -> bool {
        if self.owns_storage(&tenant.id, item) {
            return true;
        }
        match &tenant.parent_id {
            Some(parent) => self.has_on(parent, &item.key()),
            None => self.items.get(&tenant.id).is_some_and(|own| own.contains_key(&item.key())),
        }
    }

    /// Whether the item is on a storage that the tenant owns, and that is good for it.
    pub(super) fn owns_storage(&self, tenant: &str, item: &Item) -> bool {
        let infra = item.infra_id.as_ref().and_then(|id| self.infra.get(id));
        infra.is_some_and(|infra| infra.owner_tenant_id == tenant && infra.sells(&item.name))
    }

    /// The tenant's items: those that it has, and, off, those that it could turn on.
    pub(super) fn listed(&self, tenant: &Tenant) -> Items {
        let mut items = Items::new();
        for (key, item) in tenant.parent_id.iter().flat_map(|parent| self.on(parent)) {
            let offered = Item::off(&item.name, item.infra_id.as_deref(), item.updated_at);
            items.insert(key.clone(), offered);
        }
        let own = self.items.get(&tenant.id).into_iter().flatten();
        items.extend(own.map(|(key, item)| (key.clone(), item.clone())));
        items
    }

    /// How much was reported of the tenant itself.
    fn own_usage(&self, tenant: &str, key: &str) -> u64 {
        self.usages.get(tenant).and_then(|usages| usages.get(key)).copied().unwrap_or_default()
    }

    /// How much the tenant and all below it use. Seats are counted by the users on them.
    pub(super) fn usage(&self, tenancy: &Tenancy, tenant: &str, key: &str) -> u64 {
        let own = |id: &str| match key {
            SEATS => tenancy.seated(id),
            _ => self.own_usage(id, key),
        };
        tenancy.subtree(tenant).map(|below| own(&below.id)).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_quota_with_an_overage_is_a_limit() {
        let quota = |value, overage| Quota { value, overage, version: 1 }.limit();
        assert_eq!(quota(Some(10), Some(2)), Some(12));
        assert_eq!(quota(Some(10), None), None);
        assert_eq!(quota(None, Some(2)), None);
        assert_eq!(quota(Some(u64::MAX), Some(1)), Some(u64::MAX));
    }
}
