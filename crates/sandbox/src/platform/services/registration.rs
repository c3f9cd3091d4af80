//! Registration tokens, by which agents register machines for a tenant.

use super::super::tenancy::moment;
use super::catalogue::BACKUP;
use super::{Services, segment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, is_uuid};
use crate::platform::tenancy::Tenant;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many tokens there may be that have not expired.
pub(super) const MOST_TOKENS: usize = 1000;
/// How many scopes a token may have.
const MOST_SCOPES: usize = 20;
/// For how many seconds a token may be good: a year.
const LONGEST: u64 = 365 * 24 * 60 * 60;

/// A registration token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrationToken {
    /// Its number.
    pub(crate) id: u64,
    /// What an agent says: three groups of letters and digits.
    pub(crate) token: String,
    /// For which tenant machines are registered.
    pub(crate) tenant_uuid: String,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// From when on it is no good.
    pub(crate) expires_at: Timestamp,
    /// What a machine may do that registers with it.
    pub(crate) scopes: Vec<String>,
}

impl RegistrationToken {
    fn shown(&self) -> Value {
        let Self { id, token, tenant_uuid, created_at, expires_at, scopes } = self;
        json!({
            "id": id,
            "token": token,
            "tenant_id": number_of(tenant_uuid),
            "tenant_uuid": tenant_uuid,
            "created_at": moment(*created_at),
            "expires_at": moment(*expires_at),
            "scopes": scopes,
        })
    }
}

// === the rules ===

/// `GET /tenants/{tenant}/registration_tokens`
pub(super) fn of_tenant(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    Ok(list(desk, &tenant.id))
}

/// `GET /registration_tokens`: those of the caller's own tenant; an older way.
pub(super) fn own(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    Ok(list(desk, &caller.tenant_id))
}

/// `POST /tenants/{tenant}/registration_tokens`
pub(super) fn create(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, segment(open, 0))?;
    let mut members = Members::of(desk.object()?).only(&["expires_in", "scopes"])?;
    issue(desk, &tenant, &mut members, StatusCode::OK)
}

/// `POST /registration_tokens`: an older way, with the tenant in the body.
pub(super) fn create_own(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let mut members = Members::of(desk.object()?).only(&["tenant_id", "expires_in", "scopes"])?;
    let tenant = members.text("tenant_id")?.unwrap_or_else(|| caller.tenant_id.clone());
    let tenant = desk.writable(&caller, &tenant)?;
    issue(desk, &tenant, &mut members, StatusCode::CREATED)
}

/// `DELETE /registration_tokens/{token}`
pub(super) fn delete(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let number = segment(open, 0).parse().unwrap_or_default();
    let token = desk.world.state.services.registration_tokens.get(&number);
    let token = token.filter(|token| token.expires_at > desk.call.now);
    let token =
        token.ok_or_else(|| errors::http(404).info("There is no such registration token."))?;
    desk.writable(&caller, &token.tenant_uuid)?;
    desk.commit()?;
    desk.world.state.services.registration_tokens.remove(&number);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

// === parts of the rules ===

fn list(desk: &Desk<'_>, tenant: &str) -> Reply {
    let all = desk.world.state.services.registration_tokens.values();
    let good = all.filter(|t| t.tenant_uuid == tenant && t.expires_at > desk.call.now);
    let shown: Vec<_> = good.map(RegistrationToken::shown).collect();
    Reply::json(StatusCode::OK, &json!({ "items": shown }))
}

fn issue(
    desk: &mut Desk<'_>,
    tenant: &Tenant,
    members: &mut Members,
    created: StatusCode,
) -> Result<Reply, Refusal> {
    let seconds = members.some_number("expires_in")?;
    if !(1..=LONGEST).contains(&seconds) {
        return Err(members.wrong("expires_in", "is not between a second and a year"));
    }
    let scopes = members.texts("scopes", MOST_SCOPES)?;
    let scopes = scopes.ok_or_else(|| members.wrong("scopes", "is missing"))?;
    if scopes.is_empty() || !scopes.iter().all(|scope| is_scope(scope)) {
        return Err(members.wrong("scopes", "is not a list of scopes of registration"));
    }
    let (now, services) = (desk.call.now, &desk.world.state.services);
    if !services.is_on(&tenant.id, BACKUP) {
        return Err(errors::code("1019"));
    }
    if services.registration_tokens.values().filter(|t| t.expires_at > now).count() >= MOST_TOKENS {
        return Err(errors::code("1027").info("There can be no more registration tokens."));
    }
    desk.commit()?;
    let lasts = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let expires_at = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
    let token = grouped(&desk.world.ids.short(12));
    let tenant_uuid = tenant.id.clone();
    let services = &mut desk.world.state.services;
    let id = services.count();
    let token = RegistrationToken { id, token, tenant_uuid, created_at: now, expires_at, scopes };
    let reply = Reply::json(created, &token.shown());
    services.take_token(token, now);
    Ok(reply)
}

impl Services {
    /// Keeps a token, and forgets those that have expired.
    fn take_token(&mut self, token: RegistrationToken, now: Timestamp) {
        self.registration_tokens.retain(|_, token| token.expires_at > now);
        self.registration_tokens.insert(token.id, token);
    }
}

/// Whether it is one of the two patterns: a user's machine, or a protection plan.
fn is_scope(scope: &str) -> bool {
    let user = scope
        .strip_prefix("urn:acronis.com:tenant-id:")
        .and_then(|rest| rest.strip_suffix(":backup_agent_admin"));
    let plan = scope
        .strip_prefix("urn:acronis.com::policy_management:")
        .and_then(|rest| rest.strip_suffix(":apply_revoke"))
        .and_then(|ids| ids.split_once('|'));
    user.is_some_and(is_uuid) || plan.is_some_and(|(tenant, plan)| is_uuid(tenant) && is_uuid(plan))
}

/// Twelve letters and digits in three groups.
fn grouped(letters: &str) -> String {
    let letters: Vec<char> = letters.to_uppercase().chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// The number by which older services know a tenant: the end of its UUID.
fn number_of(tenant: &str) -> String {
    let id = uuid::Uuid::parse_str(tenant).unwrap_or_default().as_u128();
    (id % (1 << 48)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_of_two_patterns() {
        let id = "00000000-0000-4000-8000-000000000010";
        assert!(is_scope(&format!("urn:acronis.com:tenant-id:{id}:backup_agent_admin")));
        assert!(is_scope(&format!("urn:acronis.com::policy_management:{id}|{id}:apply_revoke")));
        assert!(!is_scope(&format!("urn:acronis.com:tenant-id:{id}:root_admin")));
        assert!(!is_scope("urn:acronis.com:tenant-id:x:backup_agent_admin"));
    }

    #[test]
    fn a_token_has_three_groups() {
        assert_eq!(grouped("abcd2345wxyz"), "ABCD-2345-WXYZ");
        assert_eq!(number_of("00000000-0000-4000-8000-000000000010"), "16");
    }
}
