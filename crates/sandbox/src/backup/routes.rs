//! The paths below the base, and what is there.
//!
//! Documented are the paths of policies and storages; those of backups, restores, exports, imports
//! and migrations follow their form.

use super::limits::Limit;
use super::refusals::not_found;
use super::visit::{Visit, id_like};
use super::{AtlassianBackup, backups, exports, imports, policies, restores, storages};
use crate::stage::{Api, Call, Found, Refusal, Reply, Route, find};
use http::Method;
use http::header::ALLOW;

/// The rules of a route.
type Serve = fn(&mut Visit<'_>) -> Result<Reply, Refusal>;

/// What is at a path.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name, under which calls are counted.
    pub(super) name: &'static str,
    /// How often it may be called.
    pub(super) limit: Limit,
    /// Its rules.
    pub(super) serve: Serve,
}

/// All reads, 100 times a minute and organization (Rate limiting).
const READ: Limit = Limit::PerOrg(100);

/// `METHOD "path below the organization": name, limit, rules`.
macro_rules! routes {
    ($($method:ident $path:literal: $name:literal, $limit:expr, $serve:path;)*) => {
        [$(Route {
            method: Method::$method,
            path: concat!("/orgs/{orgId}", $path),
            target: Target { name: $name, limit: $limit, serve: $serve },
        }),*]
    };
}

/// The limits of writes are those of the second version's guide (Rate limiting, 2025); for creating
/// a backup and an export, which it leaves out, those of the first.
static ROUTES: [Route<Target>; 24] = routes! {
    POST "/policies": "create policy", Limit::PerOrg(10), policies::create;
    GET "/policies": "list policies", READ, policies::list;
    GET "/policies/{policyId}": "get policy", READ, policies::get;
    PUT "/policies/{policyId}": "update policy", Limit::PerOrg(10), policies::update;
    PUT "/policies/{policyId}/activate": "activate policy", Limit::None, policies::activate;
    POST "/backups": "create backup", Limit::PerUser(5), backups::create;
    GET "/backups": "list backups", READ, backups::list;
    GET "/backups/{backupId}": "get backup", READ, backups::get;
    POST "/restores": "create restore", Limit::PerUser(5), restores::create;
    GET "/restores": "list restores", READ, restores::list;
    GET "/restores/{restoreId}": "get restore", READ, restores::get;
    POST "/restores/{restoreId}/revalidate":
        "revalidate restore", Limit::PerUser(5), restores::revalidate;
    GET "/migrations/{migrationId}/post-operation-report": "get report", READ, restores::report;
    POST "/exports": "initiate export", Limit::PerOrg(10), exports::create;
    GET "/exports": "list exports", READ, exports::list;
    GET "/exports/{exportId}": "get export", READ, exports::get;
    POST "/imports": "initiate import", Limit::PerOrg(10), imports::create;
    GET "/imports": "list imports", READ, imports::list;
    GET "/imports/{importId}": "get import", READ, imports::get;
    POST "/storages/regions": "find regions", Limit::None, storages::find_regions;
    GET "/storages/regions": "list regions", READ, storages::list_regions;
    POST "/storages": "create storage", Limit::PerOrg(10), storages::create;
    GET "/storages": "list storages", READ, storages::list;
    GET "/storages/{storageId}": "get storage", READ, storages::get;
};

/// The target of a call, the organization, and the other id of the path.
///
/// # Errors
/// Nothing is there. The API documents no status for a wrong method, so that is 404 too, with the
/// methods that there are.
pub(super) fn lookup(call: &Call) -> Result<(&'static Target, String, String), Refusal> {
    let path = call.path().strip_prefix(AtlassianBackup::BASE);
    let path = path.ok_or_else(|| not_found("resource"))?;
    // HEAD is a GET without the body (RFC 9110, 9.3.2).
    let method = if call.method == Method::HEAD { &Method::GET } else { &call.method };
    match find(&ROUTES, method, path) {
        Found::Target(target, open) => {
            let mut open = open.into_iter();
            let (org, id) = (open.next().unwrap_or_default(), open.next().unwrap_or_default());
            id_like("orgId", &org)?;
            if !id.is_empty() {
                id_like("id", &id)?;
            }
            Ok((target, org, id))
        }
        Found::OtherMethods(methods) => Err(not_found("operation").header(ALLOW, methods)),
        Found::Nothing => Err(not_found("resource")),
    }
}
