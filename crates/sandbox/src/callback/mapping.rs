//! Mapped enablement: organizations of the partner's service, and the tenants they belong to.
//!
//! After "Mapped partner enablement" and "Mapped customers enablement" in the Acronis callback
//! handler guide. A tenant is mapped to one organization, and an organization to one tenant.

use super::answers::Refusal;
use super::callbacks::Done;
use super::request::{no_payload, payload};
use super::settings::{Organization, Partner};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The organizations with their tenants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Mapping {
    entries: Vec<Entry>,
}

/// An organization and what it is mapped to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    organization: Organization,
    /// The id of the partner whose customer this is; `None` for a partner.
    partner: Option<String>,
    /// The tenant it is mapped to.
    tenant: Option<String>,
}

/// One organization and its tenant, as a payload has them.
#[derive(Debug, Serialize, Deserialize)]
struct Pair {
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_tenant_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acronis_tenant_id: Option<String>,
}

#[derive(Deserialize)]
struct Modified {
    modified: Vec<Pair>,
}

impl Mapping {
    /// The organizations of a service, none of them mapped.
    pub(super) fn new(partners: &[Partner]) -> Self {
        Self { entries: partners.iter().flat_map(Entry::family).collect() }
    }

    /// Notes whether an organization has signed. Says whether it exists.
    pub(super) fn set_contract_signed(&mut self, id: &str, signed: bool) -> bool {
        let found = self.entries.iter_mut().find(|entry| entry.organization.id == id);
        found.map(|entry| entry.organization.contract_signed = signed).is_some()
    }

    /// The partner's id, and its tenant if it is enabled.
    pub(super) fn read_enablement(&mut self, partner: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        let own = self.own(partner);
        Ok(Some(json!(own.map(Entry::pair).next())))
    }

    /// Maps the partner to a tenant.
    pub(super) fn write_enablement(&mut self, partner: &str, given: Option<&Value>) -> Done {
        let pair: Pair = payload(given)?;
        if pair.vendor_tenant_id.as_deref() != Some(partner) {
            return Err(Refusal::forbidden("These credentials belong to another partner."));
        }
        let tenant = pair.acronis_tenant_id;
        let tenant = tenant.ok_or_else(|| Refusal::malformed("acronis_tenant_id is missing"))?;
        let changed =
            self.own(partner).any(|own| own.tenant.as_ref().is_some_and(|is| *is != tenant));
        if changed {
            return Err(Refusal::forbidden("This partner is enabled for another tenant already."));
        }
        self.apply(|entry| entry.is_partner(partner), &[(partner.to_owned(), Some(tenant))])
    }

    /// Unmaps the partner and all its customers.
    pub(super) fn reset_enablement(&mut self, partner: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        for entry in &mut self.entries {
            if entry.is_partner(partner) || entry.is_customer_of(partner) {
                entry.tenant = None;
            }
        }
        Ok(None)
    }

    /// The partner's customers.
    pub(super) fn read_topology(&mut self, partner: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        let item = |entry: &Entry| {
            let Organization { id, name, contract_signed: _, provisioned: _ } = &entry.organization;
            json!({ "id": id, "name": name })
        };
        Ok(Some(json!({ "items": self.customers(partner).map(item).collect::<Vec<_>>() })))
    }

    /// The partner's customers with their tenants.
    pub(super) fn read_customers(&mut self, partner: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        Ok(Some(json!({ "items": self.customers(partner).map(Entry::pair).collect::<Vec<_>>() })))
    }

    /// Maps and unmaps customers of the partner: all of them, or none.
    pub(super) fn write_customers(&mut self, partner: &str, given: Option<&Value>) -> Done {
        let Modified { modified } = payload(given)?;
        let changes = modified.into_iter().map(|Pair { vendor_tenant_id, acronis_tenant_id }| {
            let id =
                vendor_tenant_id.ok_or_else(|| Refusal::malformed("vendor_tenant_id is missing"));
            id.map(|id| (id, acronis_tenant_id))
        });
        let changes: Vec<_> = changes.collect::<Result<_, _>>()?;
        self.apply(|entry| entry.is_customer_of(partner), &changes)
    }

    /// Makes all changes or none, among the organizations that the sender may change. Only the end
    /// counts: two organizations may swap their tenants.
    fn apply(
        &mut self,
        may_change: impl Fn(&Entry) -> bool,
        changes: &[(String, Option<String>)],
    ) -> Done {
        let mut after = self.clone();
        for (id, tenant) in changes {
            let own = after.entries.iter_mut().filter(|entry| may_change(entry));
            let entry = own.into_iter().find(|entry| entry.organization.id == *id);
            let unknown = || Refusal::forbidden(format!("You have no customer {id:?}."));
            entry.ok_or_else(unknown)?.map_to(tenant.clone())?;
        }
        after.check_tenants()?;
        *self = after;
        Ok(None)
    }

    fn check_tenants(&self) -> Result<(), Refusal> {
        let mut tenants: Vec<&String> =
            self.entries.iter().filter_map(|entry| entry.tenant.as_ref()).collect();
        tenants.sort_unstable();
        match tenants.iter().zip(tenants.iter().skip(1)).find(|(one, next)| one == next) {
            None => Ok(()),
            Some(_) => Err(Refusal::forbidden("The tenant is mapped to another organization.")),
        }
    }

    fn own<'a>(&'a self, partner: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.is_partner(partner))
    }

    fn customers<'a>(&'a self, partner: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.is_customer_of(partner))
    }
}

impl Entry {
    /// A partner and its customers.
    fn family(partner: &Partner) -> impl Iterator<Item = Self> {
        let entry = |organization: &Organization, partner: Option<&Organization>| Self {
            organization: organization.clone(),
            partner: partner.map(|partner| partner.id.clone()),
            tenant: None,
        };
        let itself = entry(&partner.organization, None);
        let customers = partner.customers.iter();
        let customers = customers.map(move |customer| entry(customer, Some(&partner.organization)));
        std::iter::once(itself).chain(customers)
    }

    fn is_partner(&self, id: &str) -> bool {
        self.partner.is_none() && self.organization.id == id
    }

    fn is_customer_of(&self, id: &str) -> bool {
        self.partner.as_deref() == Some(id)
    }

    /// Unmapping is always possible; mapping takes a contract.
    fn map_to(&mut self, tenant: Option<String>) -> Result<(), Refusal> {
        let Organization { name, contract_signed, .. } = &self.organization;
        if tenant.is_some() && !contract_signed {
            return Err(Refusal::forbidden(format!("{name} has not signed its contract yet.")));
        }
        self.tenant = tenant;
        Ok(())
    }

    fn pair(&self) -> Pair {
        let Organization { id, provisioned, .. } = &self.organization;
        let vendor_tenant_id = provisioned.then(|| id.clone());
        Pair { vendor_tenant_id, acronis_tenant_id: self.tenant.clone() }
    }
}
