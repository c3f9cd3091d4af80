//! Turning offering items on and off, and setting their quotas.
//!
//! The items of a tenant are changed in a copy, which takes the place of the present ones where all
//! that the rules say of it holds.

use super::catalogue::{self, Kind as Type, Offering};
use super::items::{Item, Items, Quota, key};
use super::listing;
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, bad};
use crate::platform::tenancy::{Kind, Tenancy, Tenant};
use crate::stage::{Refusal, Reply};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How many items one request may name.
const MOST_LINES: usize = 500;

/// What is wanted of one item.
#[derive(Debug)]
struct Line {
    offering: &'static Offering,
    infra_id: Option<String>,
    on: Option<bool>,
    quota: Option<Quota>,
}

/// `PUT /tenants/{tenant}/offering_items`
pub(super) fn set(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, segment(open, 0))?;
    let mut members = Members::of(desk.object()?).only(&["offering_items", "check_usage"])?;
    let check_usage = members.flag("check_usage")?.unwrap_or_default();
    let lines = lines(&mut members)?;
    let (now, state) = (desk.call.now, &desk.world.state);
    let wanted = state.services.with(&tenant, &lines, now)?;
    let change = Change { services: &state.services, tenancy: &state.tenancy, tenant, wanted };
    change.may_turn_off(check_usage)?;
    change.holds_together()?;
    desk.commit()?;
    let Change { tenant, wanted, .. } = change;
    let named: BTreeSet<_> = lines.iter().map(Line::key).collect();
    let shown = wanted.clone().into_iter().filter(|(key, _)| named.contains(key)).collect();
    let state = &mut desk.world.state;
    state.services.put_items(&state.tenancy, &tenant.id, wanted, now);
    Ok(listing::list(now, &tenant.id, &shown))
}

// === reading the request ===

fn lines(members: &mut Members) -> Result<Vec<Line>, Refusal> {
    let lines = members.objects("offering_items", MOST_LINES)?;
    let lines: Vec<_> = lines.into_iter().map(line).collect::<Result<_, _>>()?;
    let mut keys = BTreeSet::new();
    match lines.iter().find(|line| !keys.insert(line.key())) {
        Some(twice) => Err(bad(twice.offering.name, "is named twice")),
        None => Ok(lines),
    }
}

fn line(members: Members) -> Result<Line, Refusal> {
    let mut members = members.only(&["application_id", "name", "status", "infra_id", "quota"])?;
    let application = members.some_text("application_id")?;
    let name = members.some_text("name")?;
    let on = match members.number("status")? {
        None => None,
        Some(0) => Some(false),
        Some(1) => Some(true),
        Some(_) => return Err(members.wrong("status", "is neither 0 nor 1")),
    };
    let infra_id = members.text("infra_id")?;
    let quota = members.inner("quota")?.map(quota).transpose()?;
    let offering = catalogue::offering(&name).filter(|known| known.application == application);
    let offering = offering.ok_or_else(|| unavailable(&name))?;
    match (offering.kind, &infra_id) {
        (Type::Infra, None) => return Err(members.wrong("infra_id", "is missing")),
        (Type::Count | Type::Feature, Some(_)) => {
            return Err(members.wrong("infra_id", "is for storages only"));
        }
        (Type::Infra, Some(_)) | (Type::Count | Type::Feature, None) => {}
    }
    if offering.kind == Type::Feature && quota.is_some() {
        return Err(members.wrong("quota", "is not for features"));
    }
    Ok(Line { offering, infra_id, on, quota })
}

fn quota(members: Members) -> Result<Quota, Refusal> {
    let members = members.only(&["value", "overage", "version"])?;
    for required in ["value", "overage"] {
        if !members.has(required) {
            return Err(members.wrong(required, "is missing"));
        }
    }
    let version = members.some_number("version")?;
    Ok(Quota { value: members.number("value")?, overage: members.number("overage")?, version })
}

impl Line {
    fn key(&self) -> String {
        key(self.offering.name, self.infra_id.as_deref())
    }
}

/// 1021, with the item's name.
pub(super) fn unavailable(name: &str) -> Refusal {
    errors::code("1021").info(format!("The offering item is `{}`.", name.escape_debug()))
}

// === the items as they would be ===

impl Services {
    /// The tenant's items as the lines want them.
    fn with(&self, tenant: &Tenant, lines: &[Line], now: Timestamp) -> Result<Items, Refusal> {
        let mut items = self.items.get(&tenant.id).cloned().unwrap_or_default();
        // So many versions lie ahead as there are lines; each new quota gets one of its own.
        for (line, ahead) in lines.iter().zip(1..) {
            let present = items.get(&line.key()).cloned();
            let absent = || Item::off(line.offering.name, line.infra_id.as_deref(), now);
            let was = present.unwrap_or_else(absent);
            if !self.offers(tenant, &was) && !items.contains_key(&line.key()) {
                return Err(unavailable(line.offering.name));
            }
            let version = self.counted.saturating_add(ahead);
            let item = self.changed(tenant, &was, line, version, now)?;
            items.insert(line.key(), item);
        }
        Ok(items)
    }

    fn changed(
        &self,
        tenant: &Tenant,
        was: &Item,
        line: &Line,
        version: u64,
        now: Timestamp,
    ) -> Result<Item, Refusal> {
        let mut item = was.clone();
        if let Some(on) = line.on.filter(|on| *on != was.on) {
            if was.locked {
                return Err(errors::code("1027").info("The offering item is locked."));
            }
            if on
                && !(self.offers(tenant, was) && self.is_on(&tenant.id, line.offering.application))
            {
                return Err(unavailable(line.offering.name));
            }
            item.on = on;
        }
        if let Some(quota) = &line.quota {
            if quota.version != was.quota.version {
                let info = format!("The quota's present version is {}.", was.quota.version);
                return Err(errors::code("426").info(info));
            }
            let none = quota.value.is_none() && quota.overage.is_none();
            item.quota = Quota { version: if none { 0 } else { version }, ..quota.clone() };
        }
        if item != *was {
            item.updated_at = now;
        }
        Ok(item)
    }

    /// Takes the items as they are wanted. What is off now is off for all below as well.
    pub(super) fn put_items(
        &mut self,
        tenancy: &Tenancy,
        tenant: &str,
        wanted: Items,
        now: Timestamp,
    ) {
        let versions = wanted.values().map(|item| item.quota.version).max().unwrap_or_default();
        self.counted = self.counted.max(versions);
        for (key, _) in wanted.iter().filter(|(_, item)| !item.on) {
            for below in tenancy.subtree(tenant) {
                let item = self.items.get_mut(&below.id).and_then(|items| items.get_mut(key));
                if let Some(item) = item.filter(|item| item.on) {
                    (item.on, item.updated_at) = (false, now);
                }
            }
        }
        self.items.insert(tenant.to_owned(), wanted);
    }
}

// === what the rules say of a change ===

/// The items of a tenant as they would be, in the world as it is.
pub(super) struct Change<'s> {
    pub(super) services: &'s Services,
    pub(super) tenancy: &'s Tenancy,
    pub(super) tenant: Tenant,
    pub(super) wanted: Items,
}

impl Change<'_> {
    /// Whether what is turned off may be.
    fn may_turn_off(&self, check_usage: bool) -> Result<(), Refusal> {
        let off = self.services.on(&self.tenant.id);
        let off = off.filter(|(key, _)| self.wanted.get(*key).is_none_or(|item| !item.on));
        for (key, item) in off {
            if item.is_storage() {
                self.may_turn_storage_off(key, item)?;
            }
            let used = || self.services.usage(self.tenancy, &self.tenant.id, key) > 0;
            if check_usage && used() {
                let code = if item.is_storage() { "1009" } else { "1027" };
                let info = format!("The offering item `{}` is in use.", item.name);
                return Err(errors::code(code).info(info));
            }
        }
        Ok(())
    }

    fn may_turn_storage_off(&self, key: &str, item: &Item) -> Result<(), Refusal> {
        let Self { services, tenancy, tenant, .. } = self;
        let default = services.default_storages.get(&tenant.id);
        if default.is_some() && default == item.infra_id.as_ref() {
            return Err(errors::code("1017"));
        }
        let mut below = tenancy.subtree(&tenant.id).filter(|below| below.id != tenant.id);
        match below.find(|below| services.has_on(&below.id, key)) {
            Some(child) => {
                let info = format!("The tenant `{}` has it turned on.", child.id);
                Err(errors::code("1016").info(info))
            }
            None => Ok(()),
        }
    }

    /// Whether the items go together, and with what is used.
    pub(super) fn holds_together(&self) -> Result<(), Refusal> {
        let customer = matches!(self.tenant.kind, Kind::Customer | Kind::Unit);
        let mut storages = BTreeSet::new();
        for (key, item) in self.wanted.iter().filter(|(_, item)| item.on) {
            let Some(offering) = item.offering() else { continue };
            if let Some(base) = offering.requires.filter(|base| !self.some_on(base)) {
                let info = format!("`{}` needs `{base}`.", offering.name);
                return Err(errors::code("1023").info(info));
            }
            if customer && item.is_storage() && !storages.insert(offering.usage) {
                let info = "A customer can turn on one storage only.";
                return Err(errors::code("1027").info(info));
            }
            self.leaves_room(key, &item.quota)?;
        }
        Ok(())
    }

    fn some_on(&self, name: &str) -> bool {
        self.wanted.values().any(|item| item.on && item.name == name)
    }

    /// Whether a hard quota that is changed leaves room for what is used already. The documents have
    /// no request that 1022 answers; this one is concluded.
    fn leaves_room(&self, key: &str, quota: &Quota) -> Result<(), Refusal> {
        let Self { services, tenancy, tenant, .. } = self;
        let before = services.items.get(&tenant.id).and_then(|items| items.get(key));
        if before.is_some_and(|before| before.on && before.quota == *quota) {
            return Ok(());
        }
        let used = services.usage(tenancy, &tenant.id, key);
        match quota.limit().filter(|limit| used > *limit) {
            Some(limit) => {
                let info = format!("{used} are in use, and the hard quota is {limit}.");
                Err(errors::code("1022").info(info))
            }
            None => Ok(()),
        }
    }
}
