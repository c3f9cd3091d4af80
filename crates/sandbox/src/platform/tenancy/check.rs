//! The invariants of this floor: what holds in every world that its rules lead to.

use super::Tenancy;
use super::tenant::{Operation, Tenant};
use super::tenants::deletion::{Buried, MOST_KEPT};
use super::user::{Policy, User};
use std::collections::{BTreeMap, BTreeSet};

/// How many tenants there may be.
pub(super) const MOST_TENANTS: usize = 500;
/// How many users there may be.
pub(super) const MOST_USERS: usize = 1000;
/// How many API clients there may be.
pub(super) const MOST_CLIENTS: usize = 200;
/// How many access tokens there may be; beyond it those that end first are forgotten.
pub(super) const MOST_TOKENS: usize = 1000;
/// How many tenants may stand one above another.
pub(super) const DEEPEST: usize = 32;

impl Tenancy {
    /// Whether the rules could have led here.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(in crate::platform) fn check(&self) -> Result<(), String> {
        self.check_counts()?;
        self.tenants.iter().try_for_each(|(id, tenant)| self.check_tenant(id, tenant))?;
        self.check_names()?;
        self.users.iter().try_for_each(|(id, user)| self.check_user(id, user))?;
        self.check_logins()?;
        self.check_owners()?;
        self.buried.iter().try_for_each(|(id, buried)| self.check_buried(id, buried))
    }

    fn check_counts(&self) -> Result<(), String> {
        let counts = [
            ("tenants", self.tenants.len(), MOST_TENANTS),
            ("users", self.users.len(), MOST_USERS),
            ("clients", self.clients.len(), MOST_CLIENTS),
            ("tokens", self.tokens.len(), MOST_TOKENS),
            ("deletions", self.buried.len(), MOST_KEPT),
        ];
        match counts.iter().find(|(_, count, most)| count > most) {
            Some((what, count, most)) => {
                Err(format!("there are {count} {what}, and {most} may be"))
            }
            None => Ok(()),
        }
    }

    fn check_tenant(&self, id: &str, tenant: &Tenant) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("tenant {id}: {what}"));
        if tenant.id != id {
            return wrong("its id is another one");
        }
        if tenant.external_operation_status.is_some() != tenant.external_operation_ends.is_some() {
            return wrong("an operation and its end belong together");
        }
        if tenant.deleted_at.is_some() {
            return wrong("it is deleted, and still there");
        }
        let chain: Vec<&Tenant> = self.ancestors(id).collect();
        if chain.len() >= DEEPEST {
            return wrong("it stands too deep, or above itself");
        }
        let owner = tenant.update_lock.owner_id.as_deref();
        let known = |owner: &str| owner == id || chain.iter().any(|above| above.id == owner);
        if tenant.update_lock.enabled != owner.is_some() || !owner.is_none_or(known) {
            return wrong("its lock is held by nobody above it");
        }
        match (&tenant.parent_id, chain.first()) {
            (None, _) => Ok(()),
            (Some(_), None) => wrong("its parent is not there"),
            (Some(_), Some(parent)) => {
                below(tenant, parent).map_err(|what| format!("tenant {id}: {what}"))
            }
        }
    }

    fn check_names(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let name = |tenant: &Tenant| (tenant.parent_id.clone(), tenant.name.to_lowercase());
        match self.tenants.values().find(|tenant| !seen.insert(name(tenant))) {
            Some(tenant) => Err(format!("tenant {}: a sibling has its name", tenant.id)),
            None => Ok(()),
        }
    }

    fn check_user(&self, id: &str, user: &User) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("user {id}: {what}"));
        if user.id != id {
            return wrong("its id is another one");
        }
        if !self.tenants.contains_key(&user.tenant_id) {
            return wrong("its tenant is not there");
        }
        let within = |at: &str| {
            at == user.tenant_id || self.ancestors(at).any(|above| above.id == user.tenant_id)
        };
        if !user.policies.iter().all(|policy| within(&policy.tenant_id)) {
            return wrong("it has a role outside of its tenant");
        }
        let fits = |tenant: &Tenant, role: super::user::Role| role.fits(tenant.kind);
        let fit = |at: &str, role| self.tenants.get(at).is_some_and(|tenant| fits(tenant, role));
        if !user.policies.iter().all(|policy| fit(&policy.tenant_id, policy.role_id)) {
            return wrong("it has a role that its tenant's kind has not");
        }
        Ok(())
    }

    fn check_logins(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let logins = self.users.values().filter_map(|user| user.login.as_deref());
        match logins.map(str::to_lowercase).find(|login| !seen.insert(login.clone())) {
            Some(login) => Err(format!("two users have the login {login}")),
            None => Ok(()),
        }
    }

    fn check_owners(&self) -> Result<(), String> {
        for (id, client) in &self.clients {
            if client.client_id != *id || !self.tenants.contains_key(&client.tenant_id) {
                return Err(format!(
                    "client {id}: its id is another one, or its tenant is not there"
                ));
            }
        }
        let owner = |id: &str| self.clients.contains_key(id) || self.users.contains_key(id);
        match self.tokens.values().find(|token| !owner(&token.owner_id)) {
            Some(token) => Err(format!("a token stands for {}, who is not there", token.owner_id)),
            None => Ok(()),
        }
    }

    /// What was deleted is such that it can come back.
    fn check_buried(&self, id: &str, buried: &Buried) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("deleted tenant {id}: {what}"));
        let mut there: BTreeMap<&str, &Tenant> = BTreeMap::new();
        for tenant in &buried.tenants {
            let parent = tenant.parent_id.as_deref();
            let above = parent.and_then(|parent| there.get(parent).copied());
            let top = there.is_empty() && parent == Some(&*buried.parent_id) && tenant.id == id;
            let nests = above.or_else(|| self.tenants.get(parent?).filter(|_| top));
            if tenant.enabled || self.tenants.contains_key(&tenant.id) {
                return wrong("one of its tenants is enabled, or still there");
            }
            if above.is_none() && !top || !nests.is_none_or(|it| tenant.kind.nests_in(it.kind)) {
                return wrong("its tenants do not stand one below another");
            }
            there.insert(&tenant.id, tenant);
        }
        let fits = |policy: &Policy| {
            let tenant = there.get(policy.tenant_id.as_str());
            tenant.is_some_and(|tenant| policy.role_id.fits(tenant.kind))
        };
        let mut users = buried.users.iter();
        let goes_along = |user: &User| there.contains_key(user.tenant_id.as_str());
        if there.is_empty() || !users.all(|user| goes_along(user) && user.policies.iter().all(fits))
        {
            return wrong("it is none, or its users do not fit in");
        }
        Ok(())
    }
}

/// Whether a tenant may stand right below another.
fn below(tenant: &Tenant, parent: &Tenant) -> Result<(), &'static str> {
    if !tenant.kind.nests_in(parent.kind) {
        return Err("its kind does not stand below its parent's");
    }
    if tenant.enabled && !parent.enabled {
        return Err("it is enabled, and its parent is not");
    }
    let leaving = |tenant: &Tenant| tenant.external_operation_status == Some(Operation::Deleting);
    if leaving(parent) && !leaving(tenant) {
        return Err("its parent is being deleted, and it is not");
    }
    Ok(())
}
