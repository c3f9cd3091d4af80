//! Infrastructure components, as they are kept and sold: who may turn them on, and what becomes of
//! them at the end.
//!
//! A component that is unregistered while it holds data is deprovisioned first, which takes
//! [`DEPROVISIONING`]. Until then it is still there; afterwards nobody sees it any more.

use super::Services;
use super::catalogue::sold_for;
use super::items::{Item, key};
use crate::platform::errors;
use crate::platform::members::Members;
use crate::platform::tenancy::{Kind, Tenancy};
use crate::stage::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many components there may be.
pub(super) const MOST_INFRA: usize = 200;
/// How long it takes to remove the data of a component.
const DEPROVISIONING: SignedDuration = SignedDuration::from_mins(1);
/// What a component can be good for.
const CAPABILITIES: [&str; 4] = ["backup", "disaster_recovery", "files_cloud", "vcd"];

/// An infrastructure component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Infra {
    /// A UUID.
    pub(crate) id: String,
    /// The tenant that it belongs to.
    pub(crate) owner_tenant_id: String,
    /// Where it stands.
    pub(crate) location_id: String,
    /// The name.
    pub(crate) name: String,
    /// Where it is reached: no two are at the same place.
    pub(crate) url: String,
    /// What it is good for.
    pub(crate) capabilities: Vec<String>,
    /// Where its content is browsed.
    pub(crate) content_url: Option<String>,
    /// Where its content is browsed by telephone.
    pub(crate) content_mobile_url: Option<String>,
    /// What it is built on, such as `azure`.
    pub(crate) backend_type: Option<String>,
    /// Grows with each change; a change must name the present one.
    pub(crate) version: u64,
    /// When its data will be removed, while that goes on.
    pub(crate) deprovisioned_at: Option<Timestamp>,
}

impl Infra {
    /// A component that is still to be described.
    pub(super) fn at(owner_tenant_id: String, location_id: String) -> Self {
        Self {
            id: String::new(),
            owner_tenant_id,
            location_id,
            name: String::new(),
            url: String::new(),
            capabilities: Vec::new(),
            content_url: None,
            content_mobile_url: None,
            backend_type: None,
            version: 1,
            deprovisioned_at: None,
        }
    }

    /// Whether its data is removed, and it with it.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.deprovisioned_at.is_some_and(|at| at <= now)
    }

    /// Whether the item can be sold with it.
    pub(super) fn sells(&self, name: &str) -> bool {
        let mut sold = self.capabilities.iter().flat_map(|capability| sold_for(capability));
        self.deprovisioned_at.is_none() && sold.any(|offering| offering.name == name)
    }

    /// As the API shows it.
    pub(super) fn shown(&self, readonly: bool) -> Value {
        let mut shown = json!({
            "id": self.id,
            "owner_tenant_id": self.owner_tenant_id,
            "location_id": self.location_id,
            "platform_owned": false,
            "name": self.name,
            "url": self.url,
            "capabilities": self.capabilities,
            "backend_type": self.backend_type,
            "version": self.version,
            "readonly": readonly,
        });
        for (name, url) in
            [("content_url", &self.content_url), ("content_mobile_url", &self.content_mobile_url)]
        {
            if let (Value::Object(shown), Some(url)) = (&mut shown, url) {
                shown.insert(name.to_owned(), url.as_str().into());
            }
        }
        shown
    }

    /// The members that a client gives, where it gives them.
    pub(super) fn take(&mut self, members: &mut Members) -> Result<(), Refusal> {
        if members.has("name") {
            self.name = members.some_text("name")?;
        }
        if members.has("url") {
            self.url = url(members, "url")?;
        }
        for (name, at) in [
            ("content_url", &mut self.content_url),
            ("content_mobile_url", &mut self.content_mobile_url),
        ] {
            if members.has(name) {
                *at = members.text(name)?.map(|_| url(members, name)).transpose()?;
            }
        }
        members.renew("backend_type", &mut self.backend_type)?;
        if members.has("capabilities") {
            self.capabilities = capabilities(members)?;
        }
        Ok(())
    }
}

impl Services {
    /// Keeps a component. Its owner has what it can be sold as, and nobody what it no longer can.
    pub(super) fn keep(&mut self, infra: Infra, now: Timestamp) {
        let sold = infra.capabilities.iter().flat_map(|capability| sold_for(capability));
        let sold: Vec<_> = sold.map(|offering| offering.name).collect();
        for items in self.items.values_mut() {
            items.retain(|_, item| {
                item.infra_id.as_ref() != Some(&infra.id) || sold.contains(&item.name.as_str())
            });
        }
        let items = self.items.entry(infra.owner_tenant_id.clone()).or_default();
        for name in sold {
            let item = Item::off(name, Some(&infra.id), now);
            items.entry(item.key()).or_insert(item);
        }
        self.infra.insert(infra.id.clone(), infra);
    }

    /// Whether somebody has the component on as what it would no longer be good for.
    pub(super) fn still_sold(&self, infra: &Infra) -> Result<(), Refusal> {
        let before = self.infra.get(&infra.id).map_or(&[][..], |before| &before.capabilities);
        let lost = before.iter().filter(|capability| !infra.capabilities.contains(capability));
        let mut lost = lost.flat_map(|capability| sold_for(capability));
        let on = |name| {
            let key = key(name, Some(&infra.id));
            self.items.values().any(|items| items.get(&key).is_some_and(|item| item.on))
        };
        if lost.any(|offering| on(offering.name)) {
            return Err(errors::code("1009").info("The storage is turned on for that."));
        }
        Ok(())
    }

    /// Whether a customer has something on the component turned on.
    pub(super) fn is_on_for_customers(&self, tenancy: &Tenancy, infra: &str) -> bool {
        let customer = |tenant: &str| {
            let kind = tenancy.tenants.get(tenant).map(|tenant| tenant.kind);
            matches!(kind, Some(Kind::Customer | Kind::Unit))
        };
        let on = |item: &Item| item.on && item.infra_id.as_deref() == Some(infra);
        self.items.iter().any(|(tenant, items)| customer(tenant) && items.values().any(on))
    }

    /// Whether there is data on the component.
    pub(super) fn is_used(&self, infra: &str) -> bool {
        let of_infra = |key: &str| key.rsplit_once('@').is_some_and(|(_, id)| id == infra);
        let mut usages = self.usages.values().flatten();
        usages.any(|(key, used)| *used > 0 && of_infra(key))
    }

    /// Takes a component away from everybody. With data on it, it is deprovisioned from `now` on.
    pub(super) fn remove_storage(&mut self, infra: &str, now: Option<Timestamp>) {
        for items in self.items.values_mut() {
            items.retain(|_, item| item.infra_id.as_deref() != Some(infra));
        }
        for usages in self.usages.values_mut() {
            usages.retain(|key, _| key.rsplit_once('@').is_none_or(|(_, id)| id != infra));
        }
        self.default_storages.retain(|_, default| default != infra);
        let ends = now.map(|now| now.checked_add(DEPROVISIONING).unwrap_or(Timestamp::MAX));
        match self.infra.get_mut(infra) {
            Some(infra) if ends.is_some() => infra.deprovisioned_at = ends,
            _ => drop(self.infra.remove(infra)),
        }
    }

    /// Forgets the components whose data is removed.
    pub(super) fn drop_gone(&mut self, now: Timestamp) {
        self.infra.retain(|_, infra| !infra.is_gone(now));
    }
}

// === reading ===

/// A URL such as `acronis+fes://storage.example:44445`.
fn url(members: &Members, name: &str) -> Result<String, Refusal> {
    let text = members.some_text(name)?;
    let good = text.split_once("://").is_some_and(|(scheme, rest)| {
        let of_scheme = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '+';
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !scheme.is_empty() && scheme.chars().all(of_scheme) && !host.is_empty()
    });
    let visible = |c: char| !c.is_whitespace() && !c.is_control();
    if good && text.chars().all(visible) { Ok(text) } else { Err(members.wrong(name, "is no URL")) }
}

fn capabilities(members: &mut Members) -> Result<Vec<String>, Refusal> {
    let mut given = members.texts("capabilities", CAPABILITIES.len())?.unwrap_or_default();
    given.sort();
    given.dedup();
    let known = given.iter().all(|capability| CAPABILITIES.contains(&capability.as_str()));
    if given.is_empty() || !known {
        return Err(members.wrong("capabilities", "is not a list of capabilities"));
    }
    Ok(given)
}
