//! How much is used: told by tenant, and reported by the services that count it.
//!
//! A report names many items, and answers 200 with an `error` for each that was not taken.

use super::catalogue::{Kind as Type, SEATS};
use super::items::{Item, key};
use super::listing::{has, in_one_of, listed};
use super::locations::named_in_query;
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::members::Members;
use crate::platform::tenancy::{Caller, Tenancy};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many items one report may name.
const MOST_REPORTED: usize = 1000;

/// What is reported of one item.
#[derive(Debug)]
struct Report {
    tenant_id: String,
    resource_id: String,
    usage_type: String,
    offering_item: String,
    infra_id: String,
    value: u64,
}

/// Why an item of a report was not taken: the code, what it means, and more.
struct NotTaken {
    code: String,
    message: &'static str,
    info: String,
}

/// Which usages a client wants to see.
struct Filter {
    names: Option<Vec<String>>,
    editions: Option<Vec<String>>,
}

// === the rules ===

/// `GET /tenants/{tenant}/usages`
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let items = told(desk, &tenant.id, &Filter::of(desk));
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items })))
}

/// `GET /tenants/usages?tenants=`
pub(super) fn of_tenants(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let filter = Filter::of(desk);
    let mut items = Vec::new();
    for id in named_in_query(desk, "tenants")? {
        let tenant = desk.tenant(&caller, &id)?;
        let usages = told(desk, &tenant.id, &filter);
        items.push(json!({ "tenant": tenant.id, "usages": usages }));
    }
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items })))
}

/// `PUT /tenants/usages`
pub(super) fn report(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut members = Members::of(desk.object()?).only(&["items"])?;
    let reports = members.objects("items", MOST_REPORTED)?;
    let reports: Vec<_> = reports.into_iter().map(Report::read).collect::<Result<_, _>>()?;
    // Each item is looked at with those before it in mind.
    let mut taken = desk.world.state.services.usages.clone();
    let mut items = Vec::new();
    for report in &reports {
        let outcome = report.taken(desk, &caller, &mut taken);
        items.push(report.answered(outcome.err()));
    }
    if taken != desk.world.state.services.usages {
        desk.commit()?;
        desk.world.state.services.usages = taken;
    }
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items })))
}

// === telling ===

fn told(desk: &Desk<'_>, tenant: &str, filter: &Filter) -> Vec<Value> {
    let state = &desk.world.state;
    let items = state.services.items.get(tenant).into_iter().flatten();
    let wanted = items.filter(|(_, item)| filter.wants(item));
    let told = wanted.map(|(key, item)| {
        let used = state.services.usage(&state.tenancy, tenant, key);
        shown(item, used, desk.call.now)
    });
    told.flatten().collect()
}

fn shown(item: &Item, used: u64, now: Timestamp) -> Option<Value> {
    let offering = item.offering().filter(|offering| offering.kind != Type::Feature)?;
    let mut shown = json!({
        "application_id": offering.application,
        "name": offering.name,
        "edition": offering.edition,
        "usage_name": offering.usage,
        "type": offering.kind,
        "measurement_unit": offering.unit,
        "range_start": month(now),
        "absolute_value": used,
        "value": used,
        "offering_item": { "status": u8::from(item.on), "quota": item.quota },
    });
    if let (Value::Object(members), Some(infra)) = (&mut shown, &item.infra_id) {
        members.insert("infra_id".to_owned(), infra.as_str().into());
    }
    Some(shown)
}

/// The start of the month, from when on usage is counted.
fn month(now: Timestamp) -> String {
    let day = jiff::tz::TimeZone::UTC.to_datetime(now).date().first_of_month();
    format!("{day}T00:00:00")
}

impl Filter {
    fn of(desk: &Desk<'_>) -> Self {
        Self { names: listed(desk, "usage_names"), editions: listed(desk, "editions") }
    }

    fn wants(&self, item: &Item) -> bool {
        let Some(offering) = item.offering() else { return false };
        self.names.as_deref().is_none_or(|names| has(names, offering.usage))
            && self.editions.as_deref().is_none_or(|editions| in_one_of(offering, editions))
    }
}

// === taking a report ===

impl Report {
    fn read(members: Members) -> Result<Self, Refusal> {
        let members = members.only(&[
            "tenant_id",
            "resource_id",
            "usage_type",
            "offering_item",
            "infra_id",
            "usage_value",
        ])?;
        let text = |name| members.text(name).map(Option::unwrap_or_default);
        Ok(Self {
            tenant_id: text("tenant_id")?,
            resource_id: text("resource_id")?,
            usage_type: text("usage_type")?,
            offering_item: text("offering_item")?,
            infra_id: text("infra_id")?,
            value: members.some_number("usage_value")?,
        })
    }

    /// Takes the item into `usages`, where nothing stands against it.
    fn taken(
        &self,
        desk: &Desk<'_>,
        caller: &Caller,
        usages: &mut BTreeMap<String, BTreeMap<String, u64>>,
    ) -> Result<(), NotTaken> {
        if !self.resource_id.is_empty() {
            return Err(NotTaken::new("404", "There is no such resource."));
        }
        let tenant = desk.writable(caller, &self.tenant_id);
        let tenant = tenant.map_err(|refusal| NotTaken::new(refusal.id(), ""))?;
        let state = &desk.world.state;
        let key = self.counted(&state.services, &tenant.id)?;
        let before = usages.entry(tenant.id.clone()).or_default().insert(key.clone(), self.value);
        let exceeded = state.services.exceeded(&state.tenancy, &tenant.id, &key, usages);
        let Some(limit) = exceeded else { return Ok(()) };
        if let Some(own) = usages.get_mut(&tenant.id) {
            match before {
                Some(before) => own.insert(key, before),
                None => own.remove(&key),
            };
        }
        Err(NotTaken::new("1022", &format!("The hard quota is {limit}.")))
    }

    /// The key of the item that is counted: the named one, or the one that counts the usage.
    fn counted(&self, services: &Services, tenant: &str) -> Result<String, NotTaken> {
        let infra = Some(self.infra_id.as_str()).filter(|infra| !infra.is_empty());
        let named = |item: &Item| match self.offering_item.as_str() {
            "" => item.offering().is_some_and(|offering| offering.usage == self.usage_type),
            name => item.name == name,
        };
        // Seats are counted by the users on them, and by nobody else.
        let accountable = |item: &Item| {
            item.name != SEATS && item.offering().is_some_and(|o| o.kind != Type::Feature)
        };
        let mut on = services.on(tenant).filter(|(_, item)| accountable(item) && named(item));
        let there = on.find(|(_, item)| infra.is_none() || item.infra_id.as_deref() == infra);
        there
            .map(|(_, item)| key(&item.name, item.infra_id.as_deref()))
            .ok_or_else(|| NotTaken::new("1021", "The tenant has no such offering item turned on."))
    }

    fn answered(&self, error: Option<NotTaken>) -> Value {
        let mut item = json!({
            "tenant_id": self.tenant_id,
            "resource_id": self.resource_id,
            "usage_type": self.usage_type,
            "offering_item": self.offering_item,
            "infra_id": self.infra_id,
        });
        if let (Value::Object(members), Some(error)) = (&mut item, error) {
            members.insert("error".to_owned(), error.shown());
        }
        item
    }
}

impl NotTaken {
    fn new(code: &str, info: &str) -> Self {
        let message = match code {
            "1002" => "Access denied",
            "1005" => "Tenant not found",
            "1011" => "Deprovisioning in progress",
            "1012" => "Tenant is locked",
            "1021" => "Offering item is not available",
            "1022" => "Hard quota exceeded",
            "404" => "No such endpoint or no such data",
            _ => "The account has no right to access this endpoint",
        };
        Self { code: code.to_owned(), message, info: info.to_owned() }
    }

    /// In the form of any other error.
    fn shown(&self) -> Value {
        let code = self.code.parse::<u64>().map_or_else(|_| json!(self.code), |code| json!(code));
        let info = Some(&self.info).filter(|info| !info.is_empty());
        let error = json!({
            "code": code,
            "message": self.message,
            "details": { "info": info },
            "domain": "PlatformAccountServer",
        });
        json!({ "error": error })
    }
}

impl Services {
    /// The hard quota that is exceeded by `usages`: the tenant's own, or that of one above.
    fn exceeded(
        &self,
        tenancy: &Tenancy,
        tenant: &str,
        key: &str,
        usages: &BTreeMap<String, BTreeMap<String, u64>>,
    ) -> Option<u64> {
        let used = |root: &str| {
            let own = |id: &str| usages.get(id).and_then(|own| own.get(key)).copied();
            let each = tenancy.subtree(root).filter_map(|below| own(&below.id));
            each.fold(0, u64::saturating_add)
        };
        let above = tenancy.ancestors(tenant).map(|ancestor| ancestor.id.as_str());
        let mut limits = std::iter::once(tenant).chain(above).filter_map(|id| {
            let item = self.items.get(id).and_then(|items| items.get(key));
            Some((id, item.filter(|item| item.on)?.quota.limit()?))
        });
        limits.find(|(id, limit)| used(id) > *limit).map(|(_, limit)| limit)
    }
}
