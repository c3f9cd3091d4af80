//! Who calls, and whether they may: Basic authentication with an address and an API token, then the
//! role in the organization of the path.

use super::refusals::not_found;
use super::state::{Role, State};
use crate::stage::{Call, Refusal};
use http::header::WWW_AUTHENTICATE;

/// The account that calls.
///
/// # Errors
/// Nobody known, with a good token; an organization that is none; not an administrator there.
pub(super) fn admit(state: &State, call: &Call, org: &str) -> Result<String, Refusal> {
    let account = account(state, call).ok_or_else(unauthorized)?;
    if !state.orgs.contains_key(org) {
        return Err(not_found("organization"));
    }
    if !administers(state, &account, org) {
        let why = "The user is not an administrator of the organization";
        return Err(Refusal::row("403").message(why));
    }
    Ok(account)
}

/// Whether an account is an administrator of an organization.
pub(super) fn administers(state: &State, account: &str, org: &str) -> bool {
    let role = state.users.get(account).and_then(|user| user.roles.get(org));
    role == Some(&Role::OrgAdmin)
}

fn account(state: &State, call: &Call) -> Option<String> {
    let (email, token) = call.basic()?;
    let mut users = state.users.iter();
    let (account, _) = users.find(|(_, user)| {
        user.email.eq_ignore_ascii_case(&email)
            && user.api_token == token
            && call.now < user.token_expires_at
    })?;
    Some(account.clone())
}

fn unauthorized() -> Refusal {
    let why = "The request needs an email address and a valid API token (Basic authentication)";
    Refusal::row("401").message(why).header(WWW_AUTHENTICATE, "Basic realm=\"api.atlassian.com\"")
}
