//! What tenants may use: offering items and quotas, locations and storages, applications, brand,
//! legal documents, registration.
//!
//! An area is a file: its part of the state, and the rules that work on it. A rule reads the whole
//! request first, then looks at everything that could stand against it, and changes last.
//!
//! Not here: who may see and change which tenant. That is asked of [`super::desk::Desk`].

mod applications;
mod brand;
mod catalogue;
mod check;
mod edition;
mod founded;
mod hooks;
mod infra;
mod items;
mod legal;
mod listing;
mod locations;
mod registration;
mod setting;
mod storages;
mod usages;

use super::{Rule, at};
use crate::stage::Route;
use brand::{Brand, MailServer};
use http::Method;
use items::Items;
use legal::LegalDocument;
use locations::Location;
use registration::RegistrationToken;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use storages::Infra;

/// The routes of this floor. Some have a fixed word where the other floor's have a tenant's id, so
/// these are looked up first.
pub(super) const ROUTES: &[Route<Rule>] = &[
    at(Method::GET, "/api/2/tenants/offering_items", listing::of_tree),
    at(Method::GET, "/api/2/tenants/{tenant}/offering_items", listing::of_tenant),
    at(Method::PUT, "/api/2/tenants/{tenant}/offering_items", setting::set),
    at(
        Method::GET,
        "/api/2/tenants/{tenant}/offering_items/available_for_child",
        listing::for_child,
    ),
    at(Method::GET, "/api/2/tenants/{tenant}/edition", edition::looked_at),
    at(Method::PUT, "/api/2/tenants/{tenant}/edition", edition::switch),
    at(Method::GET, "/api/2/tenants/usages", usages::of_tenants),
    at(Method::PUT, "/api/2/tenants/usages", usages::report),
    at(Method::GET, "/api/2/tenants/{tenant}/usages", usages::of_tenant),
    at(Method::GET, "/api/2/applications", applications::list),
    at(Method::GET, "/api/2/applications/{application}", applications::read),
    at(
        Method::POST,
        "/api/2/applications/{application}/bindings/tenants/{tenant}",
        applications::bind,
    ),
    at(
        Method::DELETE,
        "/api/2/applications/{application}/bindings/tenants/{tenant}",
        applications::unbind,
    ),
    at(Method::GET, "/api/2/tenants/applications", applications::of_tenants),
    at(Method::GET, "/api/2/tenants/{tenant}/applications", applications::of_tenant),
    at(Method::GET, "/api/2/locations", locations::batch),
    at(Method::POST, "/api/2/locations", locations::create),
    at(Method::GET, "/api/2/locations/{location}", locations::read),
    at(Method::PUT, "/api/2/locations/{location}", locations::update),
    at(Method::DELETE, "/api/2/locations/{location}", locations::delete),
    at(Method::GET, "/api/2/tenants/{tenant}/locations", locations::of_tenant),
    at(Method::GET, "/api/2/locations/{location}/infra", infra::of_location),
    at(Method::POST, "/api/2/locations/{location}/infra", infra::register_at),
    at(Method::GET, "/api/2/infra", infra::batch),
    at(Method::POST, "/api/2/infra", infra::register),
    at(Method::GET, "/api/2/infra/{infra}", infra::read),
    at(Method::PUT, "/api/2/infra/{infra}", infra::update),
    at(Method::DELETE, "/api/2/infra/{infra}", infra::unregister),
    at(Method::GET, "/api/2/tenants/{tenant}/infra", infra::of_tenant),
    at(Method::GET, "/api/2/tenants/{tenant}/brand", brand::read),
    at(Method::POST, "/api/2/tenants/{tenant}/brand", brand::enable),
    at(Method::PUT, "/api/2/tenants/{tenant}/brand", brand::update),
    at(Method::DELETE, "/api/2/tenants/{tenant}/brand", brand::disable),
    at(Method::GET, "/api/2/tenants/{tenant}/legal_documents", legal::list),
    at(Method::POST, "/api/2/tenants/{tenant}/legal_documents", legal::create),
    at(Method::GET, "/api/2/legal_documents/{document}", legal::read),
    at(Method::DELETE, "/api/2/legal_documents/{document}", legal::delete),
    at(Method::GET, "/api/2/legal_documents/{document}/versions", legal::versions),
    at(Method::POST, "/api/2/legal_documents/{document}/versions", legal::draft),
    at(
        Method::POST,
        "/api/2/legal_documents/{document}/versions/{version}/publish",
        legal::publish,
    ),
    at(Method::GET, "/api/2/tenants/{tenant}/registration_tokens", registration::of_tenant),
    at(Method::POST, "/api/2/tenants/{tenant}/registration_tokens", registration::create),
    at(Method::GET, "/api/2/registration_tokens", registration::own),
    at(Method::POST, "/api/2/registration_tokens", registration::create_own),
    at(Method::DELETE, "/api/2/registration_tokens/{token}", registration::delete),
];

/// What this floor remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Services {
    /// The applications that are on, by tenant.
    pub(crate) bindings: BTreeMap<String, BTreeSet<String>>,
    /// The offering items, by tenant and key.
    pub(crate) items: BTreeMap<String, Items>,
    /// How much a tenant itself uses, by tenant and item key.
    pub(crate) usages: BTreeMap<String, BTreeMap<String, u64>>,
    /// The storage that new users of a tenant get, by tenant.
    pub(crate) default_storages: BTreeMap<String, String>,
    /// The locations, by id.
    pub(crate) locations: BTreeMap<String, Location>,
    /// The infrastructure components, by id.
    pub(crate) infra: BTreeMap<String, Infra>,
    /// The brands, by tenant.
    pub(crate) brands: BTreeMap<String, Brand>,
    /// The mail servers that there are in this world, by host name.
    pub(crate) mail_servers: BTreeMap<String, MailServer>,
    /// The legal documents, by id.
    pub(crate) legal_documents: BTreeMap<String, LegalDocument>,
    /// The registration tokens, by number.
    pub(crate) registration_tokens: BTreeMap<u64, RegistrationToken>,
    /// How many versions and numbers were given out: each is a new one.
    pub(crate) counted: u64,
}

impl Services {
    /// A number that was never given out before.
    fn count(&mut self) -> u64 {
        self.counted = self.counted.saturating_add(1);
        self.counted
    }
}

/// An open segment of the path.
fn segment(open: &[String], at: usize) -> &str {
    open.get(at).map_or("", String::as_str)
}
