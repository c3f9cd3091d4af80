//! Applications: which services of the platform are on for which tenant.

use super::catalogue::{APPLICATIONS, Application, application, offering};
use super::locations::named_in_query;
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::tenancy::Tenancy;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::json;

/// `GET /applications`: all of them.
pub(super) fn list(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    desk.caller()?;
    Ok(Reply::json(StatusCode::OK, &json!({ "items": APPLICATIONS })))
}

/// `GET /applications/{application}`
pub(super) fn read(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    desk.caller()?;
    Ok(Reply::json(StatusCode::OK, known(segment(open, 0))?))
}

/// `GET /tenants/{tenant}/applications`: the ids of those that are on.
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let bound = desk.world.state.services.bindings.get(&tenant.id);
    Ok(Reply::json(StatusCode::OK, &json!({ "items": bound.cloned().unwrap_or_default() })))
}

/// `GET /tenants/applications?tenants=`
pub(super) fn of_tenants(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut items = Vec::new();
    for id in named_in_query(desk, "tenants")? {
        let tenant = desk.tenant(&caller, &id)?;
        let bound = desk.world.state.services.bindings.get(&tenant.id);
        items.push(json!({ "tenant": id, "applications": bound.cloned().unwrap_or_default() }));
    }
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items })))
}

/// `POST /applications/{application}/bindings/tenants/{tenant}`
pub(super) fn bind(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let application = known(segment(open, 0))?;
    let tenant = desk.writable(&caller, segment(open, 1))?;
    let services = &desk.world.state.services;
    if services.is_on(&tenant.id, application.id) {
        return Err(errors::http(409).info("The application is on already."));
    }
    // What a tenant without a parent has was agreed with the platform.
    let parent = tenant.parent_id.as_deref();
    if !parent.is_some_and(|parent| services.is_on(parent, application.id)) {
        return Err(errors::code("1026").info("The parent tenant does not have the application."));
    }
    desk.commit()?;
    let bindings = &mut desk.world.state.services.bindings;
    bindings.entry(tenant.id).or_default().insert(application.id.to_owned());
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /applications/{application}/bindings/tenants/{tenant}`: it is off for the tenant and all
/// below it, and what they used of it is gone.
pub(super) fn unbind(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let application = known(segment(open, 0))?;
    let tenant = desk.writable(&caller, segment(open, 1))?;
    if !desk.world.state.services.is_on(&tenant.id, application.id) {
        return Err(errors::http(404).info("The application is not on."));
    }
    desk.commit()?;
    let state = &mut desk.world.state;
    state.services.turn_off(&state.tenancy, &tenant.id, application.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn known(id: &str) -> Result<&'static Application, Refusal> {
    application(id).ok_or_else(|| errors::http(404).info("There is no such application."))
}

impl Services {
    /// Whether the application is on for the tenant.
    pub(super) fn is_on(&self, tenant: &str, application: &str) -> bool {
        self.bindings.get(tenant).is_some_and(|bound| bound.contains(application))
    }

    fn turn_off(&mut self, tenancy: &Tenancy, tenant: &str, application: &str) {
        let belongs = |key: &str| {
            let name = key.split('@').next().unwrap_or_default();
            offering(name).is_some_and(|offering| offering.application == application)
        };
        for below in tenancy.subtree(tenant) {
            if let Some(bound) = self.bindings.get_mut(&below.id) {
                bound.remove(application);
            }
            let items = self.items.get_mut(&below.id).into_iter().flatten();
            for (_, item) in items.filter(|(key, _)| belongs(key)) {
                item.on = false;
            }
            if let Some(usages) = self.usages.get_mut(&below.id) {
                usages.retain(|key, _| !belongs(key));
            }
        }
    }
}
