//! Backup policies: what is backed up of which product, and when.
//!
//! There is one policy for a product of a site. A new one is inactive until it is activated; taking
//! its schedule away makes it inactive again (Edit a backup policy).

use super::access::administers;
use super::backups::{self, Origin};
use super::fields::{Fields, Given};
use super::page::{Filter, flag, listed, whole};
use super::refusals::{bad, no_product, no_storage, not_found, unprocessable};
use super::schedule;
use super::state::{
    Encryption, Policy, Product, Schedule, Selection, Site, Source, State, Storage,
};
use super::visit::{Visit, id_like};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The flags of a body, and what each adds to a backup.
const INCLUDES: [(&str, Selection); 3] = [
    ("includeAttachments", Selection::Attachments),
    ("includePersonalSpaces", Selection::PersonalSpaces),
    ("includeUsersAndGroups", Selection::Users),
];

/// Makes a policy.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let policy = new(visit)?;
    let caller = visit.caller.clone();
    let (state, ids) = visit.commit()?;
    let id = ids.uuid().to_string();
    let policy = Policy { created_by: caller, ..policy };
    let shown = shown(state, &id, &policy);
    state.policies.insert(id, policy);
    Ok(Reply::json(StatusCode::CREATED, &shown))
}

/// The policy that the body describes.
fn new(visit: &Visit<'_>) -> Result<Policy, Refusal> {
    let known = ["policyName", "cloudId", "productType", "storageId", "scheduleDetails"];
    let known: Vec<&str> = known.into_iter().chain(INCLUDES.map(|(name, _)| name)).collect();
    let fields = Fields::read(visit.call, &known)?;
    let name = fields.name("policyName")?.ok_or_else(|| fields.missing("policyName"))?;
    let cloud_id = fields.id_required("cloudId")?;
    let product = fields.choice("productType")?;
    let product: Product = product.ok_or_else(|| fields.missing("productType"))?;
    let selections = selections(&fields, BTreeSet::new())?;
    let schedule = match schedule(&fields, visit.now())? {
        Given::Nothing | Given::Null => Schedule::ONCE,
        Given::Value(schedule) => schedule,
    };
    let state = visit.state();
    let site = state.site(&visit.org, &cloud_id).ok_or_else(|| not_found("site"))?;
    can_be_backed_up(site, &cloud_id, product)?;
    let taken = |policy: &Policy| policy.cloud_id == cloud_id && policy.product == product;
    if state.policies.values().any(taken) {
        let exists = Refusal::row("127").named("orgId", &visit.org);
        return Err(exists.named("cloudId", cloud_id).named("product", product.word()));
    }
    let storage_id = storage(&fields, visit, &cloud_id)?;
    Ok(Policy {
        name,
        cloud_id,
        product,
        active: false,
        selections,
        storage_id,
        schedule: Some(schedule),
        next_run: None,
        created_at: visit.now(),
        created_by: String::new(),
    })
}

/// Backups are made of products that are there, and not encrypted with the customer's own keys
/// (Backup and restore limitations).
fn can_be_backed_up(site: &Site, cloud_id: &str, product: Product) -> Result<(), Refusal> {
    if !site.products.contains_key(&product) {
        return Err(no_product(product.word(), cloud_id));
    }
    if site.encryption == Encryption::Byok {
        return Err(unprocessable("Products with BYOK encryption cannot be backed up"));
    }
    Ok(())
}

/// What the flags say, on top of what was chosen before.
fn selections(
    fields: &Fields,
    mut chosen: BTreeSet<Selection>,
) -> Result<BTreeSet<Selection>, Refusal> {
    for (name, selection) in INCLUDES {
        match fields.flag(name)? {
            Some(true) => drop(chosen.insert(selection)),
            Some(false) => drop(chosen.remove(&selection)),
            None => {}
        }
    }
    Ok(chosen)
}

fn schedule(fields: &Fields, now: Timestamp) -> Result<Given<Schedule>, Refusal> {
    let given = fields.object("scheduleDetails", "scheduleDetails.", &schedule::MEMBERS)?;
    Ok(match given {
        Given::Nothing => Given::Nothing,
        Given::Null => Given::Null,
        Given::Value(fields) => Given::Value(Schedule::read(&fields, now)?),
    })
}

/// The storage in the body: one of the site's.
fn storage(fields: &Fields, visit: &Visit<'_>, cloud: &str) -> Result<Option<String>, Refusal> {
    let Some(id) = fields.id("storageId")? else { return Ok(None) };
    let storage = visit.state().storage(&visit.org, &id).ok_or_else(|| no_storage(&id))?;
    if storage.cloud_id != cloud {
        return Err(unprocessable("The storage belongs to another site"));
    }
    Ok(Some(id))
}

/// One policy.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (state, now) = (visit.state(), visit.now());
    let with_storage = flag(visit.call, "storageDetails")?;
    let with_backups = flag(visit.call, "backupDetails")?;
    let policy = find(visit)?;
    let mut shown = shown(state, &visit.id, policy);
    let storage = policy.storage_id.as_ref();
    let storage = storage.and_then(|id| state.storages.get(id).map(|storage| (id, storage)));
    if let Some((id, storage)) = storage.filter(|_| with_storage) {
        put(&mut shown, "storageDetails", Storage::shown(id, storage));
    }
    if with_backups {
        put(&mut shown, "backupDetails", backups::summary(state, &visit.id, now));
    }
    Ok(Reply::json(StatusCode::OK, &shown))
}

/// All policies.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let filter = Filter::read(visit)?;
    let state = visit.state();
    let fits = |policy: &Policy| {
        state.site(&visit.org, &policy.cloud_id).is_some()
            && filter.fits(&policy.cloud_id, policy.product)
    };
    let policies = state.policies.iter().filter(|(_, policy)| fits(policy));
    let entry = |(id, policy): (&String, &Policy)| {
        (policy.created_at, id.clone(), shown(state, id, policy))
    };
    listed(visit.call, "policies", policies.map(entry).collect())
}

/// Changes a policy. Its site and its product stay.
pub(super) fn update(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let known = ["policyName", "storageId", "scheduleDetails"];
    let known: Vec<&str> = known.into_iter().chain(INCLUDES.map(|(name, _)| name)).collect();
    let fields = Fields::read(visit.call, &known)?;
    if fields.is_empty() {
        return Err(bad("body", "must have a field to change"));
    }
    let name = fields.name("policyName")?;
    let schedule = schedule(&fields, now)?;
    let mut policy = find(visit)?.clone();
    policy.selections = selections(&fields, policy.selections)?;
    policy.storage_id = storage(&fields, visit, &policy.cloud_id)?.or(policy.storage_id);
    policy.name = name.unwrap_or(policy.name);
    reschedule(&mut policy, schedule, now);
    let id = visit.id.clone();
    let (state, _) = visit.commit()?;
    let shown = shown(state, &id, &policy);
    state.policies.insert(id, policy);
    Ok(Reply::json(StatusCode::OK, &shown))
}

fn reschedule(policy: &mut Policy, given: Given<Schedule>, now: Timestamp) {
    match given {
        Given::Nothing => {}
        Given::Null => {
            policy.active = false;
            policy.schedule = None;
            policy.next_run = None;
        }
        Given::Value(schedule) => {
            policy.next_run = schedule.next_run(now).filter(|_| policy.active);
            policy.schedule = Some(schedule);
        }
    }
}

/// Makes a policy active. A schedule that does not begin later begins with a backup at once, unless
/// one is under way or recent; answered are the policy's backups. That much is inferred from the
/// form of the answer; activating an active policy changes nothing.
pub(super) fn activate(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let account = account_header(visit)?;
    let policy = find(visit)?;
    let schedule = policy.schedule.clone();
    let schedule = schedule.ok_or_else(|| unprocessable("The policy has no schedule"))?;
    let (was_active, id) = (policy.active, visit.id.clone());
    let (state, ids) = visit.commit()?;
    if let Some(policy) = state.policies.get_mut(&id).filter(|_| !was_active) {
        policy.active = true;
        policy.next_run = schedule.next_run(now);
        if schedule.begins_after(now).is_none() {
            let origin = Origin { policy_id: &id, account: Some(&account), source: Source::Call };
            backups::run(state, ids, origin, now);
        }
    }
    let made = backups::of_policy(visit.state(), &id, now);
    Ok(whole("backups", made))
}

/// The account that activates: an administrator of the organization.
fn account_header(visit: &Visit<'_>) -> Result<String, Refusal> {
    let name = "X-Atl-Account-Id";
    let account = visit.call.header(name).ok_or_else(|| bad(name, "is required"))?.trim();
    id_like(name, account)?;
    if !visit.state().users.contains_key(account) {
        return Err(not_found("account"));
    }
    if !administers(visit.state(), account, &visit.org) {
        let why = "The account is not an administrator of the organization";
        return Err(Refusal::row("403").message(why));
    }
    Ok(account.to_owned())
}

/// The policy of the path.
fn find<'v>(visit: &'v Visit<'_>) -> Result<&'v Policy, Refusal> {
    of_org(visit.state(), &visit.org, &visit.id)
}

/// A policy of an organization.
///
/// # Errors
/// It has no such policy.
pub(super) fn of_org<'s>(state: &'s State, org: &str, id: &str) -> Result<&'s Policy, Refusal> {
    let policy = state.policies.get(id);
    let policy = policy.filter(|policy| state.site(org, &policy.cloud_id).is_some());
    policy.ok_or_else(|| not_found("policy"))
}

/// As the API shows it.
fn shown(state: &State, id: &str, policy: &Policy) -> Value {
    let site = state.sites.get(&policy.cloud_id);
    let has = |selection| policy.selections.contains(&selection);
    let mut shown = json!({
        "policyId": id,
        "policyName": policy.name,
        "cloudInfo": {
            "cloudId": policy.cloud_id,
            "cloudUrl": site.map(|site| &site.url),
            "cloudName": site.map(|site| &site.name),
            "encryptionType": site.map(|site| site.encryption),
        },
        "productType": policy.product,
        "status": if policy.active { "ACTIVE" } else { "INACTIVE" },
    });
    if let Value::Object(members) = &mut shown {
        members.extend(INCLUDES.map(|(name, selection)| (name.to_owned(), has(selection).into())));
        let schedule = policy.schedule.as_ref().map(Schedule::shown);
        let details = json!({ "storageId": policy.storage_id, "scheduleDetails": schedule });
        members.insert("details".to_owned(), details);
        members.insert("createdAt".to_owned(), json!(policy.created_at));
        members.insert("createdBy".to_owned(), json!(policy.created_by));
    }
    shown
}

/// Another member of the details.
fn put(shown: &mut Value, name: &str, value: Value) {
    if let Some(Value::Object(details)) = shown.get_mut("details") {
        details.insert(name.to_owned(), value);
    }
}
