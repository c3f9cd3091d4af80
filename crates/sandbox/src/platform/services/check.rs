//! Whether a world of this floor is one that its rules could have led to.

use super::Services;
use super::catalogue::{self, Kind as Type};
use super::items::{Item, Items};
use super::legal::{LegalDocument, MOST_DOCUMENTS, MOST_VERSIONS, State};
use super::locations::MOST_LOCATIONS;
use super::registration::MOST_TOKENS;
use super::storages::MOST_INFRA;
use crate::platform::tenancy::{Kind, Tenancy};
use std::collections::BTreeSet;

/// Numbers that clients written in JavaScript read without losing digits are below this.
const LARGEST_NUMBER: u64 = 1 << 53;

impl Services {
    /// Whether the rules could have led here.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(in crate::platform) fn check(&self, tenancy: &Tenancy) -> Result<(), String> {
        self.tenants_are_known(tenancy)?;
        self.storages_stand()?;
        for (tenant, items) in &self.items {
            self.items_fit(tenancy, tenant, items)?;
        }
        self.documents_follow()?;
        self.is_bounded()
    }

    fn tenants_are_known(&self, tenancy: &Tenancy) -> Result<(), String> {
        let of_tenants = [
            ("bindings", self.bindings.keys().collect::<Vec<_>>()),
            ("items", self.items.keys().collect()),
            ("usages", self.usages.keys().collect()),
            ("default_storages", self.default_storages.keys().collect()),
            ("brands", self.brands.keys().collect()),
            ("locations", self.locations.values().map(|l| &l.owner_tenant_id).collect()),
            ("infra", self.infra.values().map(|infra| &infra.owner_tenant_id).collect()),
            ("legal_documents", self.legal_documents.values().map(|d| &d.tenant_id).collect()),
            (
                "registration_tokens",
                self.registration_tokens.values().map(|token| &token.tenant_uuid).collect(),
            ),
        ];
        for (what, tenants) in of_tenants {
            let unknown = tenants.into_iter().find(|id| !tenancy.tenants.contains_key(*id));
            if let Some(id) = unknown {
                return Err(format!("{what}: there is no tenant {id}"));
            }
        }
        let mut bound = self.bindings.values().flatten();
        match bound.find(|id| catalogue::application(id).is_none()) {
            Some(id) => Err(format!("bindings: there is no application {id}")),
            None => Ok(()),
        }
    }

    fn storages_stand(&self) -> Result<(), String> {
        let mut urls = BTreeSet::new();
        for (id, infra) in &self.infra {
            let location = self.locations.get(&infra.location_id);
            let owner = location.map(|location| &location.owner_tenant_id);
            if *id != infra.id || owner != Some(&infra.owner_tenant_id) {
                return Err(format!("infra {id}: its owner has no location {}", infra.location_id));
            }
            if infra.deprovisioned_at.is_none() && !urls.insert(&infra.url) {
                return Err(format!("infra {id}: another one is at {}", infra.url));
            }
        }
        if self.locations.iter().any(|(id, location)| *id != location.id) {
            return Err("locations: an id is not its key".to_owned());
        }
        match self.default_storages.values().find(|id| !self.infra.contains_key(*id)) {
            Some(id) => Err(format!("default_storages: there is no infra {id}")),
            None => Ok(()),
        }
    }

    fn items_fit(&self, tenancy: &Tenancy, tenant: &str, items: &Items) -> Result<(), String> {
        let kind = tenancy.tenants.get(tenant).map(|tenant| tenant.kind);
        let customer = matches!(kind, Some(Kind::Customer | Kind::Unit));
        let mut storages = BTreeSet::new();
        for (key, item) in items {
            let wrong = |why: &str| Err(format!("items of {tenant}: {key} {why}"));
            let Some(offering) = item.offering().filter(|_| item.key() == *key) else {
                return wrong("is not in the catalogue, or not its key");
            };
            let stored = item.infra_id.as_ref().is_some_and(|id| self.infra.contains_key(id));
            if stored != (offering.kind == Type::Infra) || item.infra_id.is_some() != stored {
                return wrong("is not of a storage that there is");
            }
            let numbers = [item.quota.value, item.quota.overage];
            if numbers.into_iter().flatten().any(|number| number > LARGEST_NUMBER) {
                return wrong("has a quota that is too large");
            }
            if !item.on {
                continue;
            }
            if customer && stored && !storages.insert(offering.usage) {
                return wrong("is a second storage of a customer");
            }
            if !self.comes_from_above(tenancy, tenant, key, item) {
                return wrong("is on, and off for the parent");
            }
            if !self.is_on(tenant, offering.application) {
                return wrong("is on, and its application is not");
            }
        }
        Ok(())
    }

    fn comes_from_above(&self, tenancy: &Tenancy, tenant: &str, key: &str, item: &Item) -> bool {
        let parent = tenancy.tenants.get(tenant).and_then(|tenant| tenant.parent_id.as_ref());
        self.owns_storage(tenant, item) || parent.is_none_or(|parent| self.has_on(parent, key))
    }

    fn documents_follow(&self) -> Result<(), String> {
        let jumps = |document: &LegalDocument| {
            let mut states = document.versions.iter().map(|version| version.state);
            states.by_ref().find(|state| *state == State::Draft);
            states.any(|state| state == State::Published)
        };
        match self.legal_documents.values().find(|document| jumps(document)) {
            Some(document) => Err(format!("legal document {}: a draft is skipped", document.id)),
            None => Ok(()),
        }
    }

    fn is_bounded(&self) -> Result<(), String> {
        let versions = self.legal_documents.values().map(|document| document.versions.len()).max();
        for (what, count, most) in [
            ("locations", self.locations.len(), MOST_LOCATIONS),
            ("infra", self.infra.len(), MOST_INFRA * 2),
            ("legal documents", self.legal_documents.len(), MOST_DOCUMENTS),
            ("versions", versions.unwrap_or_default(), MOST_VERSIONS),
            ("registration tokens", self.registration_tokens.len(), MOST_TOKENS * 2),
        ] {
            if count > most {
                return Err(format!("there are more than {most} {what}"));
            }
        }
        let most_used = self.usages.values().flat_map(|usages| usages.values()).max();
        if most_used.is_some_and(|used| *used > LARGEST_NUMBER) {
            return Err("a usage is too large".to_owned());
        }
        Ok(())
    }
}
