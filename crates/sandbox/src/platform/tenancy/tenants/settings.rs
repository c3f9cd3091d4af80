//! What is set of a tenant apart from the tenant itself: what it pays, and whether its users need a
//! second factor.

use super::super::tenant::{Kind, MfaStatus, Pricing, PricingMode, Tenant};
use super::super::{Tenancy, moment, open, same_version};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::json;

/// What a tenant pays.
///
/// # Errors
/// 1005, 403, 1002.
pub(in super::super) fn pricing(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.tenant(&caller, open(path))?;
    Ok(shown(&tenant.pricing))
}

/// Changes what a tenant pays.
///
/// # Errors
/// What the tenant is refused by. 400: the body. 1001: another version is the present one. 1027: a
/// tenant that pays cannot go back to trying.
pub(in super::super) fn set_pricing(
    desk: &mut Desk<'_>,
    path: &[String],
) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, open(path))?;
    let body = Members::of(desk.object()?).only(&["version", "mode", "currency"])?;
    let version = body.some_number("version")?;
    let before = &tenant.pricing;
    let mode = body.word("mode")?.unwrap_or(before.mode);
    let currency = body.word("currency")?.or(before.currency);
    same_version(version, before.version)?;
    if mode == PricingMode::Trial && before.mode != PricingMode::Trial {
        return Err(errors::code("1027").info("The tenant pays already, and cannot try again."));
    }
    let starts = (mode == PricingMode::Production).then_some(desk.call.now);
    let production_start_date = before.production_start_date.or(starts);
    let version = before.version.saturating_add(1);
    desk.commit()?;
    let pricing = Pricing { mode, currency, version, production_start_date };
    let reply = shown(&pricing);
    if let Some(tenant) = desk.tenancy_mut().tenants.get_mut(&tenant.id) {
        tenant.pricing = pricing;
    }
    Ok(reply)
}

fn shown(pricing: &Pricing) -> Reply {
    let Pricing { mode, currency, version, production_start_date } = pricing;
    let start = production_start_date.map(moment);
    let shown = json!({
        "mode": mode,
        "currency": currency,
        "version": version,
        "production_start_date": start,
    });
    Reply::json(StatusCode::OK, &shown)
}

/// Whether a tenant's users need a second factor, and how many have set one up.
///
/// # Errors
/// 1005, 403, 1002.
pub(in super::super) fn mfa(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.tenant(&caller, open(path))?;
    let allowed = desk.tenancy().may_change(&caller, &tenant).is_ok();
    Ok(desk.tenancy().progress(&tenant, allowed))
}

/// Asks for a second factor, or no longer.
///
/// # Errors
/// What the tenant is refused by. 400: the body. 1027: folders and units have their parents' setting.
pub(in super::super) fn set_mfa(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, open(path))?;
    let body = Members::of(desk.object()?).only(&["enabled"])?;
    let on = body.flag("enabled")?.ok_or_else(|| body.wrong("enabled", "is missing"))?;
    if matches!(tenant.kind, Kind::Folder | Kind::Unit) {
        return Err(errors::code("1027").info("Folders and units have no such setting."));
    }
    desk.commit()?;
    let now = desk.call.now;
    let tenancy = desk.tenancy_mut();
    if let Some(tenant) = tenancy.tenants.get_mut(&tenant.id) {
        tenant.mfa_status = if on { MfaStatus::Enabled } else { MfaStatus::Disabled };
        tenant.touch(now);
        let tenant = tenant.clone();
        return Ok(tenancy.progress(&tenant, true));
    }
    Ok(Reply::empty(StatusCode::OK))
}

impl Tenancy {
    fn progress(&self, tenant: &Tenant, update_allowed: bool) -> Reply {
        let here = |id: &str| id == tenant.id || self.is_part(tenant, id);
        let users = self.users.values().filter(|user| user.enabled && here(&user.tenant_id));
        let ready = users.clone().filter(|user| user.totp_secret.is_some()).count();
        let shown = json!({
            "mfa_status": tenant.mfa_status,
            "users_count": users.count(),
            "users_with_totp_enabled_count": ready,
            "update_allowed": update_allowed,
        });
        Reply::json(StatusCode::OK, &shown)
    }

    /// What is asked of the users of a tenant: by itself or, for folders and units, by who is above.
    pub(in super::super) fn mfa_asked(&self, id: &str) -> MfaStatus {
        let mut chain = self.tenants.get(id).into_iter().chain(self.ancestors(id));
        let setting = chain.find(|it| !matches!(it.kind, Kind::Folder | Kind::Unit));
        setting.map_or(MfaStatus::Disabled, |it| it.mfa_status)
    }
}
