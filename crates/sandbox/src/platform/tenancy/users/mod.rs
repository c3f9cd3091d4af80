//! Users: looking at them here, changing them in the files beside.

pub(super) mod change;
pub(super) mod create;
pub(super) mod login;
pub(super) mod policies;

use super::paging::Question;
use super::tenants::some_ids;
use super::user::{Policy, User};
use super::{Caller, Tenancy, moment, open};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Users by their ids, of a tenant, or of all below one; those that the caller may not see are left
/// out.
///
/// # Errors
/// 400: a filter is none, or there are two. 1005, 403, 1002: the tenant to look in.
pub(super) fn list(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let known = ["uuids", "tenant_id", "subtree_root_tenant_id", "with_access_policies"];
    let question = Question::read(desk.call, &known)?;
    let (tenancy, now) = (desk.tenancy(), desk.call.now);
    let policies = question.flag("with_access_policies");
    let asked = asked(desk, &caller, &question)?;
    let seen = asked.into_iter().filter(|user| tenancy.may_see_user(&caller, user));
    let shown = |user: &User| (user.id.clone(), tenancy.shown_user(user, policies, now));
    let (items, paging) = question.page(seen.map(shown).collect());
    let answer = json!({ "timestamp": moment(now), "items": items, "paging": paging });
    Ok(Reply::json(StatusCode::OK, &answer))
}

fn asked<'d>(
    desk: &'d Desk<'_>,
    caller: &Caller,
    question: &Question,
) -> Result<Vec<&'d User>, Refusal> {
    let tenancy = desk.tenancy();
    let all = tenancy.users.values();
    let filters =
        ["uuids", "tenant_id", "subtree_root_tenant_id"].map(|name| question.filter(name));
    match filters {
        [Some(ids), None, None] => {
            let ids = some_ids(ids)?;
            Ok(ids.iter().filter_map(|id| tenancy.users.get(*id)).collect())
        }
        [None, Some(tenant), None] => {
            let tenant = desk.tenant(caller, tenant)?;
            Ok(all.filter(|user| user.tenant_id == tenant.id).collect())
        }
        [None, None, root] => {
            let root = desk.tenant(caller, root.unwrap_or(&caller.tenant_id))?;
            let below = |id: &str| id == root.id || tenancy.is_above(&root.id, id);
            Ok(all.filter(|user| below(&user.tenant_id)).collect())
        }
        _ => Err(errors::http(400).info(
            "Only one of `uuids`, `tenant_id` and `subtree_root_tenant_id` can be asked for.",
        )),
    }
}

/// A user.
///
/// # Errors
/// 404: there is none. 403, 1002: the caller may not see its tenant.
pub(super) fn fetch(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let user = desk.user(&caller, open(path))?;
    Ok(shown(desk, &user))
}

/// The user who is calling.
///
/// # Errors
/// 404: it is not a user, but an API client.
pub(super) fn me(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenancy = desk.tenancy();
    let user = tenancy.users.get(&caller.id);
    let user = user.ok_or_else(|| errors::http(404).info("The caller is an API client."))?;
    let mut shown = tenancy.shown_user(user, true, desk.call.now);
    if let (Value::Object(members), Some(tenant)) =
        (&mut shown, tenancy.tenants.get(&user.tenant_id))
    {
        members.insert("tenant_kind".to_owned(), json!(tenant.kind));
        members.insert("tenant_pricing_model".to_owned(), json!(tenant.pricing.mode));
        members.insert("terms_accepted".to_owned(), json!(true));
    }
    Ok(Reply::json(StatusCode::OK, &shown))
}

fn shown(desk: &Desk<'_>, user: &User) -> Reply {
    Reply::json(StatusCode::OK, &desk.tenancy().shown_user(user, false, desk.call.now))
}

impl Tenancy {
    fn may_see_user(&self, caller: &Caller, user: &User) -> bool {
        let tenant = self.tenants.get(&user.tenant_id);
        tenant.is_some_and(|tenant| self.may_see(caller, tenant).is_ok())
    }

    fn shown_user(&self, user: &User, policies: bool, now: Timestamp) -> Value {
        let mut shown = user.shown(now, self.mfa_asked(&user.tenant_id));
        if let (true, Value::Object(members)) = (policies, &mut shown) {
            let policies: Vec<Value> =
                user.policies.iter().map(|it| Policy::shown(it, &user.id)).collect();
            members.insert("access_policies".to_owned(), json!(policies));
        }
        shown
    }
}
