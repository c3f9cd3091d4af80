//! Offering items as the API lists them.

use super::super::tenancy::moment;
use super::catalogue::{Kind as Type, Offering};
use super::items::{Item, Items};
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{bad, flag, is_uuid};
use crate::platform::tenancy::{Kind, Tenant};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// How many items a page has where the client does not say.
const PAGE: usize = 5000;
/// The edition that is listed where the client names none.
const USUAL_EDITION: &str = "standard";

/// Which items a client wants to see. What it does not say, it does not mind.
#[derive(Debug, Default)]
struct Filter {
    editions: Option<Vec<String>>,
    usages: Option<Vec<String>>,
    names: Option<Vec<String>>,
    on: Option<bool>,
    kind: Option<Type>,
    infra: Option<String>,
    since: Option<Timestamp>,
}

// === the rules ===

/// `GET /tenants/{tenant}/offering_items`
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let mut filter = Filter::common(desk)?;
    filter.editions = Some(vec![edition(desk)]);
    let available = match desk.call.query("available_only") {
        Some(text) => {
            flag(&text).ok_or_else(|| bad("available_only", "is neither true nor false"))?
        }
        None => false,
    };
    let services = &desk.world.state.services;
    let mut items = services.listed(&tenant);
    items.retain(|_, item| filter.wants(item) && (!available || services.offers(&tenant, item)));
    Ok(list(desk.call.now, &tenant.id, &items))
}

/// `GET /tenants/{tenant}/offering_items/available_for_child`: what a child of this kind could turn
/// on.
pub(super) fn for_child(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    if let Some(kind) = desk.call.query("kind") {
        may_hold(tenant.kind, &kind)?;
    }
    let filter = Filter { editions: Some(vec![edition(desk)]), ..Filter::default() };
    let on = desk.world.state.services.on(&tenant.id).filter(|(_, item)| filter.wants(item));
    let offered = on.map(|(key, item)| {
        let infra = item.infra_id.as_deref();
        (key.clone(), Item::off(&item.name, infra, item.updated_at))
    });
    Ok(list(desk.call.now, &tenant.id, &offered.collect()))
}

/// `GET /tenants/offering_items?subtree_root_tenant_id=`: of a tenant and all below it that the
/// caller may see, in pages.
pub(super) fn of_tree(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let root = desk.call.query("subtree_root_tenant_id");
    let root = root.ok_or_else(|| bad("subtree_root_tenant_id", "is missing"))?;
    let root = desk.tenant(&caller, &root)?;
    let mut filter = Filter::common(desk)?;
    filter.editions = listed(desk, "editions");
    filter.names = listed(desk, "offering_items");
    let (limit, after) = (limit(desk)?, after(desk)?);
    let tenancy = &desk.world.state.tenancy;
    let seen = tenancy.subtree(&root.id).filter(|tenant| tenancy.may_see(&caller, tenant).is_ok());
    let services = &desk.world.state.services;
    let all: Vec<_> = seen.flat_map(|tenant| services.rows(tenant, &filter)).collect();
    let page: Vec<_> = all.iter().skip(after).take(limit).collect();
    let mut body = json!({ "timestamp": moment(desk.call.now), "items": page });
    let next = after.saturating_add(page.len());
    if let (true, Value::Object(members)) = (next < all.len(), &mut body) {
        let cursors = json!({ "cursors": { "after": next.to_string() } });
        members.insert("paging".to_owned(), cursors);
    }
    Ok(Reply::json(StatusCode::OK, &body))
}

// === asked by other rules ===

/// The items of a tenant as an answer.
pub(super) fn list(now: Timestamp, tenant: &str, items: &Items) -> Reply {
    let shown: Vec<_> = items.values().filter_map(|item| shown(tenant, item)).collect();
    Reply::json(StatusCode::OK, &json!({ "timestamp": moment(now), "items": shown }))
}

fn shown(tenant: &str, item: &Item) -> Option<Value> {
    let offering = item.offering()?;
    let mut shown = json!({
        "application_id": offering.application,
        "name": offering.name,
        "edition": offering.edition,
        "usage_name": offering.usage,
        "tenant_id": tenant,
        "updated_at": moment(item.updated_at),
        "deleted_at": null,
        "status": u8::from(item.on),
        "locked": item.locked,
        "type": offering.kind,
        "measurement_unit": offering.unit,
    });
    if let Value::Object(members) = &mut shown {
        if let Some(infra) = &item.infra_id {
            members.insert("infra_id".to_owned(), infra.as_str().into());
        }
        if offering.kind != Type::Feature {
            members.insert("quota".to_owned(), json!(item.quota));
        }
    }
    Some(shown)
}

/// Which tenants may stand below which.
fn may_hold(parent: Kind, child: &str) -> Result<(), Refusal> {
    let holds = match (parent, child) {
        (Kind::Root | Kind::Partner | Kind::Folder, "partner" | "folder" | "customer")
        | (Kind::Customer | Kind::Unit, "unit") => true,
        (_, "root" | "partner" | "folder" | "customer" | "unit") => false,
        _ => return Err(bad("kind", "is no kind of tenant")),
    };
    if holds { Ok(()) } else { Err(errors::code("1027").info("It cannot have such a child.")) }
}

impl Services {
    fn rows(&self, tenant: &Tenant, filter: &Filter) -> Vec<Value> {
        let own = self.items.get(&tenant.id).into_iter().flatten();
        let wanted = own.filter(|(_, item)| filter.wants(item));
        wanted.filter_map(|(_, item)| shown(&tenant.id, item)).collect()
    }
}

// === the query ===

impl Filter {
    fn common(desk: &Desk<'_>) -> Result<Self, Refusal> {
        let status = desk.call.query("status");
        let on = match status.as_deref() {
            None => None,
            Some("1") => Some(true),
            Some("0") => Some(false),
            Some(_) => return Err(bad("status", "is neither 0 nor 1")),
        };
        let kind = match desk.call.query("type").as_deref() {
            None => None,
            Some("count") => Some(Type::Count),
            Some("feature") => Some(Type::Feature),
            Some("infra") => Some(Type::Infra),
            Some(_) => return Err(bad("type", "is none of count, feature and infra")),
        };
        let infra = desk.call.query("infra_uuid").map(std::borrow::Cow::into_owned);
        if infra.as_ref().is_some_and(|id| !is_uuid(id)) {
            return Err(bad("infra_uuid", "is not a UUID"));
        }
        let since = desk.call.query("updated_since").map(|text| text.parse()).transpose();
        let since = since.map_err(|_| bad("updated_since", "is not a moment of RFC 3339"))?;
        let usages = listed(desk, "usage_names");
        Ok(Self { usages, on, kind, infra, since, ..Self::default() })
    }

    fn wants(&self, item: &Item) -> bool {
        let Some(offering) = item.offering() else { return false };
        let Self { editions, usages, names, on, kind, infra, since } = self;
        editions.as_deref().is_none_or(|editions| in_one_of(offering, editions))
            && usages.as_deref().is_none_or(|usages| has(usages, offering.usage))
            && names.as_deref().is_none_or(|names| has(names, offering.name))
            && on.is_none_or(|on| item.on == on)
            && kind.is_none_or(|kind| offering.kind == kind)
            && infra.as_ref().is_none_or(|infra| item.infra_id.as_ref() == Some(infra))
            && since.is_none_or(|since| item.updated_at >= since)
    }
}

/// Whether an item is of one of these editions, of which `*` is any. One without an edition is.
pub(super) fn in_one_of(offering: &Offering, editions: &[String]) -> bool {
    offering.edition.is_none_or(|edition| has(editions, edition) || has(editions, "*"))
}

pub(super) fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|listed| listed == name)
}

/// The names in a query parameter, apart by commas.
pub(super) fn listed(desk: &Desk<'_>, name: &str) -> Option<Vec<String>> {
    let text = desk.call.query(name)?;
    Some(text.split(',').map(|name| name.trim().to_owned()).collect())
}

fn edition(desk: &Desk<'_>) -> String {
    let named = desk.call.query("edition");
    named.map_or_else(|| USUAL_EDITION.to_owned(), std::borrow::Cow::into_owned)
}

fn limit(desk: &Desk<'_>) -> Result<usize, Refusal> {
    let Some(text) = desk.call.query("limit") else { return Ok(PAGE) };
    match text.parse() {
        Ok(limit @ 1..) => Ok(PAGE.min(limit)),
        _ => Err(bad("limit", "is not a number from 1 on")),
    }
}

/// The cursor is the number of items before the page.
fn after(desk: &Desk<'_>) -> Result<usize, Refusal> {
    let after = desk.call.query("after").map_or(Ok(0), |text| text.parse());
    after.map_err(|_| bad("after", "is no cursor of this API"))
}
