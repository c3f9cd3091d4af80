//! Who is there: tokens, API clients, the tree of tenants, users and their roles.
//!
//! The state is a few maps by id. A rule reads the whole request first, then looks at everything
//! that could stand against it, and changes last.
//!
//! Not here: what tenants use. That floor is told when a tenant comes and goes, and asked whether
//! one may move.

mod access;
mod caller;
mod check;
mod clients;
mod contact;
mod events;
mod founded;
mod idp;
pub(super) mod ids;
mod paging;
mod tenant;
mod tenants;
mod token;
mod user;
mod users;

pub(crate) use caller::Caller;
pub(crate) use tenant::{Kind, Tenant};

use super::{Rule, at, errors};
use crate::stage::{Refusal, Route};
use events::Events;
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenants::deletion::Buried;
use token::{Client, Token};
use user::User;

/// The routes of this floor. The token endpoint has an older path too, still in use.
pub(super) const ROUTES: &[Route<Rule>] = &[
    at(Method::POST, "/api/2/idp/token", idp::token),
    at(Method::POST, "/bc/idp/token", idp::token),
    at(Method::POST, "/api/2/idp/revoke_token", idp::revoke),
    at(Method::POST, "/bc/idp/revoke_token", idp::revoke),
    at(Method::GET, "/api/2/clients", clients::list),
    at(Method::POST, "/api/2/clients", clients::create),
    at(Method::GET, "/api/2/clients/{client}", clients::fetch),
    at(Method::PUT, "/api/2/clients/{client}", clients::update),
    at(Method::DELETE, "/api/2/clients/{client}", clients::delete),
    at(Method::GET, "/api/2/tenants", tenants::list),
    at(Method::POST, "/api/2/tenants", tenants::create::create),
    at(Method::GET, "/api/2/tenants/{tenant}", tenants::fetch),
    at(Method::PUT, "/api/2/tenants/{tenant}", tenants::change::update),
    at(Method::DELETE, "/api/2/tenants/{tenant}", tenants::deletion::delete),
    at(Method::POST, "/api/2/tenants/{tenant}/restore", tenants::restore::restore),
    at(Method::GET, "/api/2/tenants/{tenant}/children", tenants::children),
    at(Method::GET, "/api/2/tenants/{tenant}/users", tenants::users),
    at(Method::GET, "/api/2/tenants/{tenant}/pricing", tenants::settings::pricing),
    at(Method::PUT, "/api/2/tenants/{tenant}/pricing", tenants::settings::set_pricing),
    at(Method::GET, "/api/2/tenants/{tenant}/mfa/status", tenants::settings::mfa),
    at(Method::PUT, "/api/2/tenants/{tenant}/mfa/status", tenants::settings::set_mfa),
    at(Method::GET, "/api/2/users", users::list),
    at(Method::POST, "/api/2/users", users::create::create),
    at(Method::GET, "/api/2/users/check_login", users::login::check),
    at(Method::GET, "/api/2/users/me", users::me),
    at(Method::GET, "/api/2/users/{user}", users::fetch),
    at(Method::PUT, "/api/2/users/{user}", users::change::update),
    at(Method::DELETE, "/api/2/users/{user}", users::change::delete),
    at(Method::POST, "/api/2/users/{user}/password", users::change::set_password),
    at(Method::POST, "/api/2/users/{user}/send-activation-email", users::change::send_activation),
    at(Method::GET, "/api/2/users/{user}/access_policies", users::policies::list),
    at(Method::PUT, "/api/2/users/{user}/access_policies", users::policies::rewrite),
    at(Method::GET, "/api/event_manager/v1/events", events::fetch),
];

/// What this floor remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tenancy {
    /// The tenants, by id. The roots have no parent.
    pub(crate) tenants: BTreeMap<String, Tenant>,
    /// The users, by id.
    pub(crate) users: BTreeMap<String, User>,
    /// The API clients, by id.
    pub(crate) clients: BTreeMap<String, Client>,
    /// The access tokens, by their text.
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Deleted tenants with all that was below them, by the id of the topmost.
    pub(crate) buried: BTreeMap<String, Buried>,
    /// Domains of email addresses that no user may have.
    pub(crate) forbidden_domains: Vec<String>,
    /// What happened to tenants.
    pub(crate) events: Events,
}

impl Tenancy {
    pub(super) fn founded(now: Timestamp) -> Self {
        founded::tenancy(now)
    }

    /// The ancestors of a tenant, its parent first.
    pub(super) fn ancestors<'t>(&'t self, id: &str) -> impl Iterator<Item = &'t Tenant> {
        let parent = |tenant: &Tenant| self.tenants.get(tenant.parent_id.as_deref()?);
        let first = self.tenants.get(id).and_then(parent);
        // No deeper than the tree may be, whatever a loaded world says.
        std::iter::successors(first, move |tenant| parent(tenant)).take(check::DEEPEST)
    }

    /// The tenant and all below it.
    pub(super) fn subtree<'t>(&'t self, id: &'t str) -> impl Iterator<Item = &'t Tenant> {
        self.tenants.values().filter(move |tenant| {
            tenant.id == id || self.ancestors(&tenant.id).any(|ancestor| ancestor.id == id)
        })
    }

    /// The tenants right below one.
    pub(super) fn children<'t>(&'t self, id: &'t str) -> impl Iterator<Item = &'t Tenant> {
        self.tenants.values().filter(move |tenant| tenant.parent_id.as_deref() == Some(id))
    }

    /// Whether another tenant than `id` below the same parent has this name. Names differ by more
    /// than small and capital letters.
    fn name_taken(&self, parent: Option<&str>, name: &str, id: &str) -> bool {
        let name = name.to_lowercase();
        let mut siblings =
            self.tenants.values().filter(|tenant| tenant.parent_id.as_deref() == parent);
        siblings.any(|tenant| tenant.id != id && tenant.name.to_lowercase() == name)
    }

    /// Whether another user than `id` has this login, in whatever letters.
    fn login_taken(&self, login: &str, id: &str) -> bool {
        let login = login.to_lowercase();
        let same = |user: &User| user.login.as_ref().is_some_and(|it| it.to_lowercase() == login);
        self.users.values().any(|user| user.id != id && same(user))
    }
}

/// A moment as the API writes it: without parts of a second, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The id in a path.
fn open(path: &[String]) -> &str {
    path.first().map_or("", String::as_str)
}

/// Whether a change was made knowing the present version.
///
/// # Errors
/// 1001: it was not.
fn same_version(known: u64, present: u64) -> Result<(), Refusal> {
    if known == present {
        return Ok(());
    }
    let info = format!("Version {known} was sent, and {present} is the present one.");
    Err(errors::code("1001").info(info))
}

/// Whether there is room for one more.
///
/// # Errors
/// 1027: there is not.
fn room(count: usize, most: usize, what: &str) -> Result<(), Refusal> {
    if count < most {
        return Ok(());
    }
    Err(errors::code("1027").info(format!("There are no more than {most} {what} here.")))
}
