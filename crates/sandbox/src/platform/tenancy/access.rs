//! Who may see and change what: the tenant that a caller lives in and those below it, never
//! sideways or up.

use super::tenant::{Operation, Tenant};
use super::token::{Client, Status};
use super::user::{Policy, User};
use super::{Caller, Tenancy};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::Refusal;
use jiff::Timestamp;

impl Tenancy {
    /// Who a token belongs to; nobody where it has expired, or its owner is gone or disabled, alone
    /// or with its tenant.
    pub(in crate::platform) fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let token = self.tokens.get(token).filter(|token| now < token.expires_at)?;
        let client = self.clients.get(&token.owner_id).filter(|client| self.client_works(client));
        client.map(Caller::from).or_else(|| {
            let user = self.users.get(&token.owner_id)?;
            self.user_works(user, now).then(|| Caller::from(user))
        })
    }

    /// Whether a client may act.
    pub(super) fn client_works(&self, client: &Client) -> bool {
        client.status == Status::Enabled && self.tenant_works(&client.tenant_id)
    }

    /// Whether a user may act.
    pub(super) fn user_works(&self, user: &User, now: Timestamp) -> bool {
        user.works(now) && self.tenant_works(&user.tenant_id)
    }

    fn tenant_works(&self, id: &str) -> bool {
        self.tenants.get(id).is_some_and(|tenant| tenant.enabled)
    }

    /// Whether the caller may see the tenant.
    ///
    /// # Errors
    /// 403: it is not below the caller's own. 1002: it, or one between the two, lets no ancestor
    /// look into it but its parent.
    pub(in crate::platform) fn may_see(
        &self,
        caller: &Caller,
        tenant: &Tenant,
    ) -> Result<(), Refusal> {
        let above = std::iter::once(tenant).chain(self.ancestors(&tenant.id));
        let mut closed = false;
        for tenant in above {
            if tenant.id == caller.tenant_id {
                return if closed { Err(errors::code("1002")) } else { Ok(()) };
            }
            closed |=
                !tenant.ancestral_access && tenant.parent_id.as_ref() != Some(&caller.tenant_id);
        }
        Err(errors::http(403))
    }

    /// Whether the caller may change the tenant.
    ///
    /// # Errors
    /// 1002: the caller may only read. 1011: the tenant is being deleted or recovered. 1012:
    /// another tenant holds the update lock.
    #[expect(clippy::unused_self, reason = "it is asked as `may_see` is")]
    pub(in crate::platform) fn may_change(
        &self,
        caller: &Caller,
        tenant: &Tenant,
    ) -> Result<(), Refusal> {
        if caller.read_only {
            return Err(errors::code("1002"));
        }
        let at_present = |what| errors::code("1011").info(format!("The tenant is being {what}."));
        match tenant.external_operation_status {
            Some(Operation::Deleting) => return Err(at_present("deleted")),
            Some(Operation::Recovering) => return Err(at_present("recovered")),
            None => {}
        }
        let lock = &tenant.update_lock;
        if lock.enabled && lock.owner_id.as_ref() != Some(&caller.tenant_id) {
            return Err(errors::code("1012"));
        }
        Ok(())
    }
}

// === impl Caller ===

impl From<&Client> for Caller {
    fn from(client: &Client) -> Self {
        Self {
            tenant_id: client.tenant_id.clone(),
            id: client.client_id.clone(),
            service: client.service,
            read_only: client.read_only,
        }
    }
}

/// A user acts where it administers, first of all; without an administrator's role it may look at
/// its own tenant.
impl From<&User> for Caller {
    fn from(user: &User) -> Self {
        let administers = |policy: &&Policy| policy.role_id.administers();
        let policy = user.policies.iter().find(administers);
        let tenant = policy.map_or(&user.tenant_id, |policy| &policy.tenant_id);
        Self {
            tenant_id: tenant.clone(),
            id: user.id.clone(),
            service: false,
            read_only: policy.is_none(),
        }
    }
}

// === impl Desk ===

impl Desk<'_> {
    pub(super) fn tenancy(&self) -> &Tenancy {
        &self.world.state.tenancy
    }

    pub(super) fn tenancy_mut(&mut self) -> &mut Tenancy {
        &mut self.world.state.tenancy
    }

    /// A new UUID.
    pub(super) fn uuid(&mut self) -> String {
        self.world.ids.uuid().to_string()
    }

    /// A user that the caller may see.
    ///
    /// # Errors
    /// 404: there is none. 403, 1002: the caller may not see its tenant.
    pub(super) fn user(&self, caller: &Caller, id: &str) -> Result<User, Refusal> {
        let user = self.tenancy().users.get(id).ok_or_else(|| errors::http(404))?;
        self.tenant(caller, &user.tenant_id)?;
        Ok(user.clone())
    }

    /// A user that the caller may change.
    ///
    /// # Errors
    /// As [`Self::user`], and as its tenant can refuse to be changed.
    pub(super) fn writable_user(&self, caller: &Caller, id: &str) -> Result<User, Refusal> {
        let user = self.user(caller, id)?;
        self.writable(caller, &user.tenant_id)?;
        Ok(user)
    }
}
