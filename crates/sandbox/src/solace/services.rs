//! Event broker services: reading, changing and deleting them, and the size of their spools.
//!
//! How they come into being is told in [`super::births`], how they are written in [`super::shown`].

use super::act::{Act, Answer};
use super::body::Fields;
use super::classes::Class;
use super::page::{LARGEST_PAGE, Page, custom_name, expanded, sorted};
use super::plan::Job;
use super::refuse::bad;
use super::shown::{EXPANSIONS, brief, whole};
use super::work::Work;
use super::world::{Service, State};
use super::write::{gone, ok};
use crate::stage::Refusal;
use serde_json::Value;

/// How long a service's name may be, in characters.
pub(super) const LONGEST_NAME: usize = 50;
/// The sizes of message spools, in gigabytes.
pub(super) const SPOOL_GB: std::ops::RangeInclusive<u32> = 10..=6000;

/// `GET .../eventBrokerServices`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let named = custom_name(act.call)?;
    let state = &act.world.state;
    let asked = |service: &Service| named.as_ref().is_none_or(|name| *name == service.name);
    let services = state.services.iter();
    let seen = services.filter(|(_, service)| act.may_see(service) && asked(service));
    let items = seen.map(|(id, service)| brief(state, id, service, act.call.now)).collect();
    let keys = ["name", "createdTime", "id", "datacenterId", "serviceClassId", "creationState"];
    Ok(page.answer(sorted(act.call, items, &keys)?))
}

/// `GET .../eventBrokerServices/{id}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (id, service) = act.service()?;
    let expanded = expanded(act.call, &EXPANSIONS)?;
    Ok(ok(&whole(act, id, service, &expanded)))
}

/// `PATCH .../eventBrokerServices/{id}`
pub(super) fn patch(act: &mut Act<'_>) -> Answer {
    let (id, service) = act.service()?;
    let id = id.to_owned();
    let mut fields = Fields::read(act.call, "service", &["name", "ownedBy", "locked"])?;
    let name = fields.unblank("name", LONGEST_NAME);
    let owner = fields.unblank("ownedBy", LONGEST_NAME);
    let locked = fields.flag("locked");
    let state = &act.world.state;
    if name.as_ref().is_some_and(|name| state.has_name(name, Some(&id))) {
        fields.wrong("name", "Name must be unique");
    }
    if owner.as_ref().is_some_and(|owner| !state.users.contains_key(owner)) && fields.is_well() {
        fields.wrong("ownedBy", "must be a user of the organization");
    }
    fields.done()?;
    let mut changed = service.clone();
    changed.name = name.unwrap_or(changed.name);
    changed.owned_by = owner.unwrap_or(changed.owned_by);
    changed.locked = locked.unwrap_or(changed.locked);
    changed.updated = Some(act.touch());
    act.free(&id)?;
    act.committable()?;
    act.world.state.services.insert(id, changed);
    let (id, service) = (act.segment(0), &act.world.state.services);
    let view = service.get(id).map(|service| whole(act, id, service, &[]));
    Ok(ok(&view.unwrap_or_default()))
}

/// `DELETE .../eventBrokerServices/{id}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (id, service) = act.service()?;
    if service.locked {
        return Err(bad("You cannot delete a service with deletion protection enabled."));
    }
    let id = id.to_owned();
    let job = Job { service_id: &id, birth: None, work: Work::DeleteService, done: &|_| gone() };
    act.undertake(job)
}

/// `PATCH .../eventBrokerServices/{id}/messageSpool`
pub(super) fn resize(act: &mut Act<'_>) -> Answer {
    let (id, service) = act.service()?;
    let mut fields = Fields::read(act.call, "message spool", &["messageSpoolSizeInGB"])?;
    let size = fields.number("messageSpoolSizeInGB", SPOOL_GB);
    if size.is_none() && fields.is_well() {
        fields.wrong("messageSpoolSizeInGB", "must not be null");
    }
    if size.is_some_and(|size| size < service.spool_gb) {
        let now = service.spool_gb;
        fields.wrong("messageSpoolSizeInGB", format!("must be greater than or equal to {now}"));
    }
    fields.done()?;
    let spool_gb = size.unwrap_or_default();
    act.world.state.spool_left(Some(id), &service.service_class_id, spool_gb)?;
    let id = id.to_owned();
    let now = act.call.now;
    let done = |state: &State| ok(&shown(state, &id, now));
    let work = Work::ResizeSpool { spool_gb };
    act.undertake(Job { service_id: &id, birth: None, work, done: &done })
}

/// A service as its list shows it, where it is there.
pub(super) fn shown(state: &State, id: &str, now: jiff::Timestamp) -> Value {
    let service = state.services.get(id);
    service.map(|service| brief(state, id, service, now)).unwrap_or_default()
}

impl State {
    /// Whether another service than this one has a name.
    pub(super) fn has_name(&self, name: &str, but: Option<&str>) -> bool {
        let mut services = self.services.iter();
        services.any(|(id, service)| Some(id.as_str()) != but && service.name == name)
    }

    /// Whether a spool of this size stays within what the account may have beyond its classes.
    pub(super) fn spool_left(
        &self,
        of: Option<&str>,
        class_id: &str,
        spool_gb: u32,
    ) -> Result<(), Refusal> {
        let others = self.services.iter().filter(|(id, _)| Some(id.as_str()) != of);
        let others: u64 = others.map(|(_, service)| u64::from(service.expansion_gb())).sum();
        if others + u64::from(expansion(class_id, spool_gb))
            > u64::from(self.organization.spool_expansion_gb)
        {
            return Err(bad(
                "Service scale up failed due to insufficient message spool expansion limits.",
            ));
        }
        Ok(())
    }
}

impl Service {
    /// How much larger its message spool is than its class includes, in gigabytes.
    pub(super) fn expansion_gb(&self) -> u32 {
        expansion(&self.service_class_id, self.spool_gb)
    }
}

fn expansion(class_id: &str, spool_gb: u32) -> u32 {
    let included = Class::find(class_id).map_or(0, |class| class.spool_gb);
    spool_gb.saturating_sub(included)
}
