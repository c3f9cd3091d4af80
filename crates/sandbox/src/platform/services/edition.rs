//! Switching a tenant between the editions of an application.
//!
//! For each item that is on and of another edition, the one that counts the same usage is turned on
//! in its place, with its quota and its usage.

use super::catalogue::{self, EDITIONS, Offering};
use super::items::{Item, Items, Quota, key};
use super::listing;
use super::setting::Change;
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, bad};
use crate::platform::tenancy::Tenant;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

/// `GET /tenants/{tenant}/edition?target_edition=&application_id=`: whether it could be switched.
pub(super) fn looked_at(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let query = |name| desk.call.query(name).ok_or_else(|| bad(name, "is missing"));
    let (target, application) = (query("target_edition")?, query("application_id")?);
    known(&target, &application)?;
    let services = &desk.world.state.services;
    let (_, replaced) = services.switched(&tenant, &target, &application, desk.call.now)?;
    let warnings: &[&str] = match replaced.is_empty() {
        true => &[],
        false if target == "advanced" => {
            &["NewFeaturesBecomeAvailable", "UsageStatisticsWillMigrate"]
        }
        false => &["OldFeaturesBecomeUnavailable", "UsageStatisticsWillMigrate"],
    };
    Ok(Reply::json(StatusCode::OK, &json!({ "warnings": warnings })))
}

/// `PUT /tenants/{tenant}/edition`
pub(super) fn switch(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, segment(open, 0))?;
    let members = Members::of(desk.object()?).only(&["target_edition", "application_id"])?;
    let target = members.some_text("target_edition")?;
    let application = members.some_text("application_id")?;
    known(&target, &application)?;
    let (now, state) = (desk.call.now, &desk.world.state);
    let (wanted, replaced) = state.services.switched(&tenant, &target, &application, now)?;
    let change = Change { services: &state.services, tenancy: &state.tenancy, tenant, wanted };
    change.holds_together()?;
    change.may_leave(&replaced)?;
    desk.commit()?;
    let Change { tenant, wanted, .. } = change;
    let reply = listing::list(now, &tenant.id, &wanted);
    let state = &mut desk.world.state;
    state.services.move_usage(&tenant.id, &replaced);
    state.services.put_items(&state.tenancy, &tenant.id, wanted, now);
    Ok(reply)
}

/// Keys of items, each with the one that takes its place.
type Replaced = Vec<(String, String)>;

fn known(edition: &str, application: &str) -> Result<(), Refusal> {
    if !EDITIONS.contains(&edition) {
        return Err(bad("target_edition", "is no edition"));
    }
    match catalogue::application(application) {
        Some(_) => Ok(()),
        None => Err(errors::http(404).info("There is no such application.")),
    }
}

impl Services {
    /// The tenant's items in the other edition.
    ///
    /// # Errors
    /// 1021: some that take the place of others are not available to the tenant.
    fn switched(
        &self,
        tenant: &Tenant,
        target: &str,
        application: &str,
        now: Timestamp,
    ) -> Result<(Items, Replaced), Refusal> {
        let other = |offering: &&'static Offering| {
            offering.application == application && offering.edition.is_some_and(|e| e != target)
        };
        let mut items = self.items.get(&tenant.id).cloned().unwrap_or_default();
        let (mut replaced, mut missing) = (Replaced::new(), Vec::new());
        for (old, item) in self.on(&tenant.id) {
            let Some(offering) = item.offering().filter(other) else { continue };
            let Some(instead) = catalogue::in_edition(offering, target) else { continue };
            let infra = item.infra_id.as_deref();
            let new =
                Item { on: true, quota: item.quota.clone(), ..Item::off(instead.name, infra, now) };
            if !self.offers(tenant, &new) {
                missing.push(instead.name);
                continue;
            }
            replaced.push((old.clone(), new.key()));
            let off = Item { on: false, quota: Quota::default(), updated_at: now, ..item.clone() };
            items.insert(old.clone(), off);
            items.insert(key(instead.name, infra), new);
        }
        if missing.is_empty() {
            return Ok((items, replaced));
        }
        Err(errors::code("1021").info(format!("Not available: {}.", missing.join(", "))))
    }

    fn move_usage(&mut self, tenant: &str, replaced: &[(String, String)]) {
        let Some(usages) = self.usages.get_mut(tenant) else { return };
        for (old, new) in replaced {
            let Some(used) = usages.remove(old) else { continue };
            let sum = usages.entry(new.clone()).or_default();
            *sum = sum.saturating_add(used);
        }
    }
}

impl Change<'_> {
    /// Whether nobody below has what is left on.
    ///
    /// # Errors
    /// 1023: a tenant below is still in the old edition.
    fn may_leave(&self, replaced: &[(String, String)]) -> Result<(), Refusal> {
        let mut below = self.tenancy.subtree(&self.tenant.id).filter(|t| t.id != self.tenant.id);
        let stays = |t: &Tenant| replaced.iter().any(|(old, _)| self.services.has_on(&t.id, old));
        match below.find(|tenant| stays(tenant)) {
            Some(child) => {
                let info = format!("The tenant `{}` is in the other edition.", child.id);
                Err(errors::code("1023").info(info))
            }
            None => Ok(()),
        }
    }
}
