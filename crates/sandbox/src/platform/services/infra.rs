//! Infrastructure components at locations: registering, changing and unregistering them.

use super::locations::{changeable, named_in_query, present, readonly, seller, version_in_query};
use super::segment;
use super::storages::{Infra, MOST_INFRA};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, bad, flag};
use crate::platform::tenancy::Caller;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::{Value, json};

/// The members of a component that a client gives.
const GIVEN: [&str; 9] = [
    "owner_tenant_id",
    "location_id",
    "name",
    "url",
    "capabilities",
    "content_url",
    "content_mobile_url",
    "backend_type",
    "version",
];

// === the rules ===

/// `GET /infra?uuids=`
pub(super) fn batch(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let ids = named_in_query(desk, "uuids")?;
    let shown: Result<Vec<_>, _> = ids.iter().map(|id| seen(desk, &caller, id)).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "items": shown? })))
}

/// `GET /infra/{infra}`
pub(super) fn read(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    Ok(Reply::json(StatusCode::OK, &seen(desk, &caller, segment(open, 0))?))
}

/// `GET /locations/{location}/infra`: their ids.
pub(super) fn of_location(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let location = desk.world.state.services.locations.get(segment(open, 0));
    let location = location.ok_or_else(|| errors::http(404).info("There is no such location."))?;
    readonly(desk, &caller, &location.owner_tenant_id)?;
    Ok(ids(desk, |infra| infra.location_id == location.id))
}

/// `GET /tenants/{tenant}/infra`: the ids of those that it owns, or uses.
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let services = &desk.world.state.services;
    let uses = |infra: &Infra| {
        services.on(&tenant.id).any(|(_, item)| item.infra_id.as_deref() == Some(&infra.id))
    };
    Ok(ids(desk, |infra| infra.owner_tenant_id == tenant.id || uses(infra)))
}

/// `POST /infra`
pub(super) fn register(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    create(desk, None)
}

/// `POST /locations/{location}/infra`: the same, at this location. The reference has only `GET`
/// here; that it can be registered here too is concluded.
pub(super) fn register_at(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    create(desk, Some(segment(open, 0)))
}

fn create(desk: &mut Desk<'_>, location: Option<&str>) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut members = Members::of(desk.object()?).only(&GIVEN[..8])?;
    for required in ["name", "url", "capabilities"] {
        if !members.has(required) {
            return Err(members.wrong(required, "is missing"));
        }
    }
    let owner = desk.writable(&caller, &members.some_text("owner_tenant_id")?)?;
    seller(owner.kind)?;
    let named = members.text("location_id")?;
    let location_id = standing(desk, &owner.id, location.or(named.as_deref()))?;
    let mut infra = Infra::at(owner.id, location_id);
    infra.take(&mut members)?;
    free_url(desk, &infra)?;
    let now = desk.call.now;
    if desk.world.state.services.infra.values().filter(|i| !i.is_gone(now)).count() >= MOST_INFRA {
        return Err(errors::code("1027").info("There can be no more storages."));
    }
    desk.commit()?;
    infra.id = desk.world.ids.uuid().to_string();
    desk.world.state.services.drop_gone(now);
    let reply = Reply::json(StatusCode::CREATED, &infra.shown(false));
    desk.world.state.services.keep(infra, now);
    Ok(reply)
}

/// `PUT /infra/{infra}`
pub(super) fn update(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut infra = find(desk, segment(open, 0))?;
    desk.writable(&caller, &infra.owner_tenant_id)?;
    let mut members = Members::of(desk.object()?).only(&GIVEN[1..])?;
    present(infra.version, members.some_number("version")?)?;
    standing_still(&infra)?;
    if let Some(location) = members.text("location_id")? {
        infra.location_id = standing(desk, &infra.owner_tenant_id, Some(&location))?;
    }
    infra.take(&mut members)?;
    free_url(desk, &infra)?;
    desk.world.state.services.still_sold(&infra)?;
    desk.commit()?;
    infra.version = infra.version.saturating_add(1);
    let reply = Reply::json(StatusCode::OK, &infra.shown(false));
    desk.world.state.services.keep(infra, desk.call.now);
    Ok(reply)
}

/// `DELETE /infra/{infra}?version=&force=`
pub(super) fn unregister(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let infra = find(desk, segment(open, 0))?;
    desk.writable(&caller, &infra.owner_tenant_id)?;
    let version = version_in_query(desk)?;
    let force = desk.call.query("force").map_or(Some(false), |text| flag(&text));
    let force = force.ok_or_else(|| bad("force", "is neither true nor false"))?;
    standing_still(&infra)?;
    present(infra.version, version)?;
    let (now, state) = (desk.call.now, &desk.world.state);
    if state.services.is_on_for_customers(&state.tenancy, &infra.id) {
        return Err(errors::code("1009").info("Customers have the storage turned on."));
    }
    let used = state.services.is_used(&infra.id);
    if used && !force {
        return Err(errors::code("1009").info("There is data on the storage."));
    }
    desk.commit()?;
    desk.world.state.services.remove_storage(&infra.id, used.then_some(now));
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

// === parts of the rules ===

fn find(desk: &Desk<'_>, id: &str) -> Result<Infra, Refusal> {
    let infra = desk.world.state.services.infra.get(id);
    let infra = infra.filter(|infra| !infra.is_gone(desk.call.now)).cloned();
    infra.ok_or_else(|| errors::http(404).info("There is no such storage."))
}

fn seen(desk: &Desk<'_>, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let infra = find(desk, id)?;
    let readonly = readonly(desk, caller, &infra.owner_tenant_id)?;
    Ok(infra.shown(readonly))
}

fn ids(desk: &Desk<'_>, these: impl Fn(&Infra) -> bool) -> Reply {
    let all = desk.world.state.services.infra.values();
    let all = all.filter(|infra| !infra.is_gone(desk.call.now) && these(infra));
    let ids: Vec<_> = all.map(|infra| &infra.id).collect();
    Reply::json(StatusCode::OK, &json!({ "infras": ids }))
}

/// The location that a component stands at: the named one, which must be the owner's, else the
/// owner's first.
fn standing(desk: &Desk<'_>, owner: &str, named: Option<&str>) -> Result<String, Refusal> {
    if let Some(id) = named {
        let location = changeable(desk, &desk.caller()?, id)?;
        if location.owner_tenant_id != owner {
            return Err(bad("location_id", "is a location of another tenant"));
        }
        return Ok(location.id);
    }
    let mut all = desk.world.state.services.locations.values();
    let first = all.find(|location| location.owner_tenant_id == owner);
    first.map(|location| location.id.clone()).ok_or_else(|| bad("location_id", "is missing"))
}

/// Whether a component can be changed at all.
fn standing_still(infra: &Infra) -> Result<(), Refusal> {
    if infra.deprovisioned_at.is_some() { Err(errors::code("1029")) } else { Ok(()) }
}

fn free_url(desk: &Desk<'_>, infra: &Infra) -> Result<(), Refusal> {
    let now = desk.call.now;
    let mut others = desk.world.state.services.infra.values();
    let taken = others.any(|o| o.url == infra.url && o.id != infra.id && !o.is_gone(now));
    if taken { Err(errors::code("1015")) } else { Ok(()) }
}
