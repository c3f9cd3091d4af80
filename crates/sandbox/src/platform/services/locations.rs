//! Locations: where storages stand.

use super::segment;
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, bad, is_uuid};
use crate::platform::tenancy::{Caller, Kind};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many locations there may be.
pub(super) const MOST_LOCATIONS: usize = 200;
/// How many things a batch may name.
const LARGEST_BATCH: usize = 100;

/// A location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Location {
    /// A UUID.
    pub(crate) id: String,
    /// The tenant that it belongs to.
    pub(crate) owner_tenant_id: String,
    /// The name: of an owner's locations no two have the same.
    pub(crate) name: String,
    /// Grows with each change; a change must name the present one.
    pub(crate) version: u64,
}

impl Location {
    fn shown(&self, readonly: bool) -> Value {
        let Self { id, owner_tenant_id, name, version } = self;
        json!({
            "id": id,
            "owner_tenant_id": owner_tenant_id,
            "platform_owned": false,
            "name": name,
            "version": version,
            "readonly": readonly,
        })
    }
}

// === the rules ===

/// `GET /locations?uuids=`
pub(super) fn batch(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let ids = named_in_query(desk, "uuids")?;
    let shown: Result<Vec<_>, _> = ids.iter().map(|id| seen(desk, &caller, id)).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "items": shown? })))
}

/// `GET /locations/{location}`
pub(super) fn read(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    Ok(Reply::json(StatusCode::OK, &seen(desk, &caller, segment(open, 0))?))
}

/// `GET /tenants/{tenant}/locations`: their ids.
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let all = desk.world.state.services.locations.values();
    let own: Vec<_> = all.filter(|l| l.owner_tenant_id == tenant.id).map(|l| &l.id).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "locations": own })))
}

/// `POST /locations`
pub(super) fn create(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let members = Members::of(desk.object()?).only(&["owner_tenant_id", "name"])?;
    let (owner, name) = (members.some_text("owner_tenant_id")?, members.some_text("name")?);
    let owner = desk.writable(&caller, &owner)?;
    seller(owner.kind)?;
    free_name(desk, &owner.id, &name, None)?;
    if desk.world.state.services.locations.len() >= MOST_LOCATIONS {
        return Err(errors::code("1027").info("There can be no more locations."));
    }
    desk.commit()?;
    let id = desk.world.ids.uuid().to_string();
    let location = Location { id: id.clone(), owner_tenant_id: owner.id, name, version: 1 };
    let reply = Reply::json(StatusCode::CREATED, &location.shown(false));
    desk.world.state.services.locations.insert(id, location);
    Ok(reply)
}

/// `PUT /locations/{location}`
pub(super) fn update(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut location = changeable(desk, &caller, segment(open, 0))?;
    let members = Members::of(desk.object()?).only(&["name", "version"])?;
    let (name, version) = (members.some_text("name")?, members.some_number("version")?);
    present(location.version, version)?;
    free_name(desk, &location.owner_tenant_id, &name, Some(&location.id))?;
    desk.commit()?;
    location.name = name;
    location.version = location.version.saturating_add(1);
    let reply = Reply::json(StatusCode::OK, &location.shown(false));
    desk.world.state.services.locations.insert(location.id.clone(), location);
    Ok(reply)
}

/// `DELETE /locations/{location}?version=`
pub(super) fn delete(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let location = changeable(desk, &caller, segment(open, 0))?;
    present(location.version, version_in_query(desk)?)?;
    let now = desk.call.now;
    let mut infra = desk.world.state.services.infra.values();
    if infra.any(|infra| infra.location_id == location.id && !infra.is_gone(now)) {
        return Err(errors::code("1031").info("The location has storages."));
    }
    desk.commit()?;
    let services = &mut desk.world.state.services;
    services.infra.retain(|_, infra| infra.location_id != location.id);
    services.locations.remove(&location.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

// === asked by other rules ===

/// The ids in a query parameter that must be there, apart by commas.
pub(super) fn named_in_query(desk: &Desk<'_>, name: &str) -> Result<Vec<String>, Refusal> {
    let text = desk.call.query(name).ok_or_else(|| bad(name, "is missing"))?;
    let ids: Vec<_> = text.split(',').map(|id| id.trim().to_owned()).collect();
    if ids.len() > LARGEST_BATCH {
        return Err(bad(name, "names too many"));
    }
    if ids.iter().all(|id| is_uuid(id)) {
        return Ok(ids);
    }
    Err(bad(name, "is not a list of UUIDs"))
}

/// The `version` that a query must have.
pub(super) fn version_in_query(desk: &Desk<'_>) -> Result<u64, Refusal> {
    let version = desk.call.query("version").ok_or_else(|| bad("version", "is missing"))?;
    version.parse().map_err(|_| bad("version", "is not a whole number from 0 on"))
}

/// Whether a change knows the present version.
///
/// # Errors
/// 1001: it knows another one.
pub(super) fn present(version: u64, known: u64) -> Result<(), Refusal> {
    if version == known {
        return Ok(());
    }
    Err(errors::code("1001").info(format!("The present version is {version}.")))
}

/// Whether a tenant sells: only those have locations, storages and brands of their own.
///
/// # Errors
/// 1027: it is a customer or a unit.
pub(super) fn seller(kind: Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Root | Kind::Partner | Kind::Folder => Ok(()),
        Kind::Customer | Kind::Unit => {
            Err(errors::code("1027").info("Customers and units have none of their own."))
        }
    }
}

/// How the caller sees something of this owner: `true` where it may only look, as at what an
/// ancestor owns.
pub(super) fn readonly(desk: &Desk<'_>, caller: &Caller, owner: &str) -> Result<bool, Refusal> {
    let tenancy = &desk.world.state.tenancy;
    if tenancy.ancestors(&caller.tenant_id).any(|ancestor| ancestor.id == owner) {
        return Ok(true);
    }
    desk.tenant(caller, owner).map(|_| caller.read_only)
}

fn find(desk: &Desk<'_>, id: &str) -> Result<Location, Refusal> {
    let location = desk.world.state.services.locations.get(id);
    location.cloned().ok_or_else(|| errors::http(404).info("There is no such location."))
}

fn seen(desk: &Desk<'_>, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let location = find(desk, id)?;
    let readonly = readonly(desk, caller, &location.owner_tenant_id)?;
    Ok(location.shown(readonly))
}

/// A location that the caller may change.
pub(super) fn changeable(desk: &Desk<'_>, caller: &Caller, id: &str) -> Result<Location, Refusal> {
    let location = find(desk, id)?;
    desk.writable(caller, &location.owner_tenant_id)?;
    Ok(location)
}

fn free_name(
    desk: &Desk<'_>,
    owner: &str,
    name: &str,
    except: Option<&str>,
) -> Result<(), Refusal> {
    let mut others = desk.world.state.services.locations.values();
    let taken = others.any(|other| {
        other.owner_tenant_id == owner && other.name == name && Some(other.id.as_str()) != except
    });
    if taken { Err(errors::code("1031")) } else { Ok(()) }
}
