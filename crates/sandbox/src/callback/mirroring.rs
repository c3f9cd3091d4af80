//! Mirrored enablement: tenants for which the service opens accounts of its own accord.
//!
//! After the pages under "Mirroring" in the Acronis callback handler guide. The partner is the
//! tenant in the callback's context.

use super::answers::Refusal;
use super::callbacks::Done;
use super::request::{no_payload, payload};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The mirrored tenants.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirroring {
    /// By the partner's tenant id. A partner that was disabled keeps its record.
    partners: BTreeMap<String, Mirror>,
    /// How many accounts were opened so far.
    opened: u32,
}

/// A mirrored partner.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mirror {
    enabled: bool,
    vendor_tenant_id: String,
    /// The enabled customers, by their tenant id.
    customers: BTreeMap<String, Customer>,
}

/// An enabled customer of a mirrored partner.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    vendor_tenant_id: String,
    settings: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Enable {
    acronis_tenant_id: String,
    #[serde(rename = "acronis_tenant_name")]
    _acronis_tenant_name: String,
}

#[derive(Deserialize)]
struct SetState {
    partner_tenant_id: String,
    #[serde(rename = "partner_tenant_name")]
    _partner_tenant_name: String,
    #[serde(default)]
    enabled: Vec<Tenant>,
    #[serde(default)]
    disabled: Vec<Tenant>,
}

#[derive(Deserialize)]
struct Tenant {
    acronis_tenant_id: String,
    #[serde(default)]
    settings: Option<Map<String, Value>>,
}

impl Mirroring {
    /// Whether the partner is enabled.
    pub(super) fn partner_state(&mut self, tenant: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        let enabled = self.partners.get(tenant).filter(|mirror| mirror.enabled);
        let state = enabled.map_or(json!({ "state": "DISABLED" }), |mirror| mirror.state(tenant));
        Ok(Some(state))
    }

    /// Opens an account for the partner, or takes up the one it had.
    pub(super) fn enable_partner(&mut self, tenant: &str, given: Option<&Value>) -> Done {
        let Enable { acronis_tenant_id, _acronis_tenant_name } = payload(given)?;
        same_tenant(tenant, &acronis_tenant_id)?;
        if !self.partners.contains_key(tenant) {
            let vendor_tenant_id = self.open_account();
            let mirror = Mirror { vendor_tenant_id, ..Mirror::default() };
            self.partners.insert(tenant.to_owned(), mirror);
        }
        let mirror = self.partners.get_mut(tenant).ok_or_else(not_enabled)?;
        mirror.enabled = true;
        Ok(Some(mirror.state(tenant)))
    }

    /// Disables the partner and all its customers.
    pub(super) fn reset_partner(&mut self, tenant: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        if let Some(mirror) = self.partners.get_mut(tenant) {
            mirror.enabled = false;
            mirror.customers.clear();
        }
        Ok(None)
    }

    /// The enabled customers of the partner. The payload is an array.
    pub(super) fn customer_states(&mut self, tenant: &str, nothing: Option<&Value>) -> Done {
        no_payload(nothing)?;
        let customers = self.partners.get(tenant).into_iter().flat_map(|mirror| &mirror.customers);
        Ok(Some(customers.map(|(tenant, customer)| customer.state(tenant)).collect()))
    }

    /// Enables and disables customers of the partner.
    pub(super) fn set_customer_states(&mut self, tenant: &str, given: Option<&Value>) -> Done {
        let set: SetState = payload(given)?;
        same_tenant(tenant, &set.partner_tenant_id)?;
        self.partners.get(tenant).filter(|mirror| mirror.enabled).ok_or_else(not_enabled)?;
        if set.enabled.iter().any(|customer| self.is_anothers(tenant, customer)) {
            return Err(Refusal::forbidden("The customer is enabled by another partner."));
        }
        for customer in set.enabled {
            self.enable_customer(tenant, customer);
        }
        let own = self.partners.get_mut(tenant).ok_or_else(not_enabled)?;
        for customer in set.disabled {
            own.customers.remove(&customer.acronis_tenant_id);
        }
        Ok(None)
    }

    /// A customer that is enabled already keeps its account, and takes the new settings.
    fn enable_customer(&mut self, partner: &str, customer: Tenant) {
        let Tenant { acronis_tenant_id, settings } = customer;
        let known =
            self.partners.get(partner).and_then(|own| own.customers.get(&acronis_tenant_id));
        let known = known.map(|customer| customer.vendor_tenant_id.clone());
        let vendor_tenant_id = known.unwrap_or_else(|| self.open_account());
        if let Some(own) = self.partners.get_mut(partner) {
            own.customers.insert(acronis_tenant_id, Customer { vendor_tenant_id, settings });
        }
    }

    fn is_anothers(&self, partner: &str, customer: &Tenant) -> bool {
        let others = self.partners.iter().filter(|(tenant, _)| *tenant != partner);
        others
            .into_iter()
            .any(|(_, other)| other.customers.contains_key(&customer.acronis_tenant_id))
    }

    fn open_account(&mut self) -> String {
        self.opened += 1;
        format!("mirror-{}", self.opened)
    }
}

impl Mirror {
    fn state(&self, tenant: &str) -> Value {
        let vendor = &self.vendor_tenant_id;
        json!({ "state": "ENABLED", "vendor_tenant_id": vendor, "acronis_tenant_id": tenant })
    }
}

impl Customer {
    fn state(&self, tenant: &str) -> Value {
        let Self { vendor_tenant_id, settings } = self;
        match settings {
            None => json!({ "vendor_tenant_id": vendor_tenant_id, "acronis_tenant_id": tenant }),
            Some(settings) => json!({
                "vendor_tenant_id": vendor_tenant_id,
                "acronis_tenant_id": tenant,
                "settings": settings,
            }),
        }
    }
}

fn same_tenant(context: &str, payload: &str) -> Result<(), Refusal> {
    let different =
        || Refusal::forbidden("The payload speaks for another tenant than the context.");
    (context == payload).then_some(()).ok_or_else(different)
}

fn not_enabled() -> Refusal {
    Refusal::forbidden("The partner is not enabled. Enable the partner first.")
}
