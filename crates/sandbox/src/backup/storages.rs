//! Customers' own storages at Amazon S3, and where they may be. Closed to new customers.
//!
//! The reference names the bucket by `storageName` and the base path in it by `storagePrefix`.

use super::fields::Fields;
use super::page::{Entry, Filter, cloud_id, listed};
use super::refusals::{bad, no_storage, not_found, unprocessable};
use super::state::{STORAGES, State, Storage};
use super::visit::Visit;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The members of a new storage.
const MEMBERS: [&str; 7] = [
    "storageName",
    "storageRegion",
    "storagePrefix",
    "storageType",
    "roleIdentifier",
    "principalTag",
    "cloudId",
];
/// How long the name of a bucket may be (Bucket naming rules of Amazon S3).
const BUCKET_NAME: std::ops::RangeInclusive<usize> = 3..=63;

/// Makes a storage.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let storage = new(visit)?;
    allowed(visit, &storage)?;
    let (state, ids) = visit.commit()?;
    let id = ids.uuid().to_string();
    let shown = Storage::shown(&id, &storage);
    state.storages.insert(id, storage);
    Ok(Reply::json(StatusCode::CREATED, &shown))
}

/// The storage that the body describes.
fn new(visit: &Visit<'_>) -> Result<Storage, Refusal> {
    let fields = Fields::read(visit.call, &MEMBERS)?;
    let name = fields.id_required("storageName")?;
    if !bucket_name(&name) {
        return Err(bad("storageName", "is not the name of a bucket"));
    }
    let kind = fields.text("storageType")?.ok_or_else(|| fields.missing("storageType"))?;
    if !kind.eq_ignore_ascii_case("aws") {
        return Err(bad("storageType", "must be aws"));
    }
    Ok(Storage {
        org: visit.org.clone(),
        name,
        region: fields.id_required("storageRegion")?,
        prefix: fields.id_required("storagePrefix")?,
        role_identifier: fields.id_required("roleIdentifier")?,
        principal_tag: fields.id_required("principalTag")?,
        cloud_id: fields.id_required("cloudId")?,
        created_at: visit.now(),
        created_by: visit.caller.clone(),
    })
}

fn bucket_name(name: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    BUCKET_NAME.contains(&name.len()) && name.bytes().all(fits)
}

/// Whether the organization may have this storage, and it works.
fn allowed(visit: &Visit<'_>, storage: &Storage) -> Result<(), Refusal> {
    let (state, org) = (visit.state(), &visit.org);
    let Storage { name, region, prefix, role_identifier, principal_tag, cloud_id, .. } = storage;
    if !state.orgs.get(org).is_some_and(|org| org.external_storage) {
        let why = "The organization cannot have external storages";
        return Err(Refusal::row("403").message(why));
    }
    let site = state.site(org, cloud_id).ok_or_else(|| not_found("site"))?;
    if !site.regions.contains(region) {
        let refusal = Refusal::row("133").named("region", region).named("orgId", org);
        return Err(refusal.named("cloudId", cloud_id));
    }
    let ours = || state.storages.values().filter(|storage| storage.org == *org);
    if ours().any(|other| other.name == *name) {
        return Err(Refusal::row("128").named("storageName", name));
    }
    if ours().count() >= STORAGES {
        return Err(unprocessable("The organization has as many storages as it can have"));
    }
    if !state.aws.assumes(role_identifier, principal_tag) {
        let refusal = Refusal::row("130").named("principalTag", principal_tag);
        return Err(refusal.named("roleIdentifier", role_identifier));
    }
    if !state.aws.writes(name, region, prefix) {
        let refusal = Refusal::row("142").named("bucketName", name).named("basePath", prefix);
        return Err(refusal.named("region", region));
    }
    Ok(())
}

/// One storage.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let id = &visit.id;
    let storage = visit.state().storage(&visit.org, id).ok_or_else(|| no_storage(id))?;
    Ok(Reply::json(StatusCode::OK, &Storage::shown(id, storage)))
}

/// All storages.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let filter = Filter::read(visit)?;
    let state = visit.state();
    let ours = state.storages.iter().filter(|(_, storage)| {
        storage.org == visit.org && filter.fits_any_of(state, &storage.cloud_id)
    });
    let entry = |(id, storage): (&String, &Storage)| -> Entry {
        (storage.created_at, id.clone(), Storage::shown(id, storage))
    };
    listed(visit.call, "storages", ours.map(entry).collect())
}

/// The regions for the site of the body, or of all sites.
pub(super) fn find_regions(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let fields = Fields::read_any(visit.call, &["cloudId"])?;
    regions(visit, fields.id("cloudId")?.as_deref())
}

/// The regions for the site of the query, or of all sites.
pub(super) fn list_regions(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    regions(visit, cloud_id(visit.call)?.as_deref())
}

fn regions(visit: &Visit<'_>, cloud_id: Option<&str>) -> Result<Reply, Refusal> {
    let state = visit.state();
    let regions: BTreeSet<&String> = match cloud_id {
        Some(id) => {
            let site = state.site(&visit.org, id).ok_or_else(|| not_found("site"))?;
            site.regions.iter().collect()
        }
        None => all_regions(state, &visit.org),
    };
    Ok(Reply::json(StatusCode::OK, &json!({ "regions": regions })))
}

fn all_regions<'s>(state: &'s State, org: &str) -> BTreeSet<&'s String> {
    let sites = state.sites.values().filter(|site| site.org == org);
    sites.flat_map(|site| &site.regions).collect()
}

impl Storage {
    /// As the API shows it.
    pub(super) fn shown(id: &str, storage: &Self) -> Value {
        json!({
            "storageId": id,
            "storageName": storage.name,
            "storageRegion": storage.region,
            "storagePrefix": storage.prefix,
            "storageType": "aws",
            "roleIdentifier": storage.role_identifier,
            "principalTag": storage.principal_tag,
            "cloudId": storage.cloud_id,
            "createdAt": storage.created_at,
            "createdBy": storage.created_by,
        })
    }
}
