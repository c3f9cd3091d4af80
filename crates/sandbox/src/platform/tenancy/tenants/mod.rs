//! Tenants: looking at them here, changing them in the files beside.

pub(super) mod change;
pub(super) mod create;
pub(super) mod deletion;
mod moving;
pub(super) mod restore;
pub(super) mod settings;

use super::paging::Question;
use super::tenant::{Kind, Tenant};
use super::user::User;
use super::{Caller, Tenancy, moment, open};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::is_uuid;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::{Value, json};

/// How many tenants can be asked for by their ids at once.
const MOST_AT_ONCE: usize = 100;

/// Tenants by their ids, below one, or all below one; those that the caller may not see are left
/// out.
///
/// # Errors
/// 400: a filter is none, or there are two. 1005, 403, 1002: the tenant to look below.
pub(super) fn list(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let known = ["uuids", "parent_id", "subtree_root_id", "allow_deleted"];
    let question = Question::read(desk.call, &known)?;
    let tenancy = desk.tenancy();
    let asked = asked(desk, &caller, &question)?;
    let seen = asked.into_iter().filter(|tenant| tenancy.may_see(&caller, tenant).is_ok());
    let all = seen.map(|tenant| (tenant.id.clone(), tenancy.shown(tenant))).collect();
    let (items, paging) = question.page(all);
    let now = moment(desk.call.now);
    Ok(Reply::json(StatusCode::OK, &json!({ "timestamp": now, "items": items, "paging": paging })))
}

/// The tenants that a question is about.
fn asked<'d>(
    desk: &'d Desk<'_>,
    caller: &Caller,
    question: &Question,
) -> Result<Vec<&'d Tenant>, Refusal> {
    let tenancy = desk.tenancy();
    let filters = ["uuids", "parent_id", "subtree_root_id"].map(|name| question.filter(name));
    match filters {
        [Some(ids), None, None] => {
            let ids = some_ids(ids)?;
            Ok(ids.iter().filter_map(|id| tenancy.tenants.get(*id)).collect())
        }
        [None, Some(parent), None] => {
            let parent = desk.tenant(caller, parent)?;
            let below = tenancy.tenants.values();
            Ok(below.filter(|it| it.parent_id.as_ref() == Some(&parent.id)).collect())
        }
        [None, None, root] => {
            let root = desk.tenant(caller, root.unwrap_or(&caller.tenant_id))?;
            let all = tenancy.tenants.values();
            Ok(all.filter(|it| it.id == root.id || tenancy.is_above(&root.id, &it.id)).collect())
        }
        _ => Err(errors::http(400)
            .info("Only one of `uuids`, `parent_id` and `subtree_root_id` can be asked for.")),
    }
}

/// Ids in a list with commas; each one once, in their order.
///
/// # Errors
/// 400: one is no UUID, or there are too many.
pub(super) fn some_ids(list: &str) -> Result<Vec<&str>, Refusal> {
    let mut ids: Vec<&str> = list.split(',').map(str::trim).collect();
    if ids.len() > MOST_AT_ONCE || !ids.iter().all(|id| is_uuid(id)) {
        return Err(errors::http(400).info("`uuids` is not a list of at most 100 UUIDs."));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A tenant; with `allow_deleted=true` also one that was deleted not long ago.
///
/// # Errors
/// 1005, 403, 1002.
pub(super) fn fetch(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let question = Question::read(desk.call, &["allow_deleted", "embed_path"])?;
    let tenancy = desk.tenancy();
    if let Some((buried, tenant)) =
        tenancy.deleted(open(path)).filter(|_| question.flag("allow_deleted"))
    {
        desk.tenant(&caller, &buried.parent_id)?;
        return Ok(Reply::json(StatusCode::OK, &tenant.shown(false)));
    }
    let tenant = desk.tenant(&caller, open(path))?;
    let mut shown = tenancy.shown(&tenant);
    if question.flag("embed_path") {
        let above =
            tenancy.ancestors(&tenant.id).take_while(|it| tenancy.may_see(&caller, it).is_ok());
        let path: Vec<&str> = above.map(|it| it.id.as_str()).collect();
        if let Value::Object(members) = &mut shown {
            members.insert("path".to_owned(), json!(path));
        }
    }
    Ok(Reply::json(StatusCode::OK, &shown))
}

/// The ids of the tenants right below one, by name.
///
/// # Errors
/// 1005, 403, 1002.
pub(super) fn children(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.tenant(&caller, open(path))?;
    let question = Question::read(desk.call, &["order", "allow_deleted"])?;
    let tenancy = desk.tenancy();
    let seen = tenancy.children(&tenant.id).filter(|it| tenancy.may_see(&caller, it).is_ok());
    let key = |it: &Tenant| format!("{}\n{}", it.name.to_lowercase(), it.id);
    Ok(ids(&question, seen.map(|it| (key(it), it.id.clone())).collect()))
}

/// The ids of a tenant's users, by login.
///
/// # Errors
/// 1005, 403, 1002.
pub(super) fn users(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.tenant(&caller, open(path))?;
    let known = ["order", "include_grand_children", "include_hidden", "allow_deleted"];
    let question = Question::read(desk.call, &known)?;
    let tenancy = desk.tenancy();
    let whole = question.flag("include_grand_children");
    let belongs = |user: &&User| {
        user.tenant_id == tenant.id || (whole && tenancy.is_part(&tenant, &user.tenant_id))
    };
    let key = |user: &User| format!("{}\n{}", user.login.as_deref().unwrap_or("~"), user.id);
    let found = tenancy.users.values().filter(belongs);
    Ok(ids(&question, found.map(|user| (key(user), user.id.clone())).collect()))
}

fn ids(question: &Question, mut all: Vec<(String, String)>) -> Reply {
    all.sort_unstable();
    let (items, paging) = question.page(all);
    Reply::json(StatusCode::OK, &json!({ "items": items, "paging": paging }))
}

impl Tenancy {
    /// A tenant as the API shows it.
    pub(super) fn shown(&self, tenant: &Tenant) -> Value {
        tenant.shown(self.children(&tenant.id).next().is_some())
    }

    /// Whether a tenant stands above another.
    pub(super) fn is_above(&self, above: &str, id: &str) -> bool {
        self.ancestors(id).any(|ancestor| ancestor.id == above)
    }

    /// Whether a tenant below one is a part of the same organisation: a customer's units, and a
    /// partner's folders.
    fn is_part(&self, of: &Tenant, id: &str) -> bool {
        let kind = if of.kind == Kind::Customer { Kind::Unit } else { Kind::Folder };
        let at = self.tenants.get(id);
        let mut between = at.into_iter().chain(self.ancestors(id)).take_while(|it| it.id != of.id);
        self.is_above(&of.id, id) && between.all(|it| it.kind == kind)
    }
}
