//! The identity provider: access tokens for clients and users (RFC 6749), and their end (RFC 7009).
//!
//! Its errors have a form of their own. Codes for browsers and devices, assertions and refresh
//! tokens are not given out, so whoever brings one is told that it is no good.

mod form;
mod totp;

use super::tenant::MfaStatus;
use super::token::{Client, Token};
use super::user::User;
use super::{Tenancy, check};
use crate::platform::desk::Desk;
use crate::platform::errors::oauth;
use crate::stage::{Refusal, Reply};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form::Form;
use http::StatusCode;
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// How long a token is good for, in seconds: two hours.
const LIFETIME: i64 = 7200;

/// Issues a token.
///
/// # Errors
/// The rows `oauth.*`, as RFC 6749 (5.2) and the platform's own reference have them.
pub(super) fn token(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let form = Form::read(desk.call)?;
    let owner = match form.needed("grant_type")? {
        "client_credentials" => client(desk, &form)?.client_id,
        "password" => user(desk, &form)?.id,
        "refresh_token" => return Err(nothing_such(&form, "refresh_token")),
        "authorization_code" => return Err(nothing_such(&form, "code")),
        "urn:ietf:params:oauth:grant-type:device_code" => {
            return Err(nothing_such(&form, "device_code"));
        }
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            return Err(nothing_such(&form, "assertion"));
        }
        _ => return Err(oauth("oauth.unsupported_grant_type", "There is no such type of grant.")),
    };
    scope(&form)?;
    desk.commit()?;
    Ok(issue(desk, owner))
}

/// What a caller is told who brings something that was never given out.
fn nothing_such(form: &Form, name: &str) -> Refusal {
    match form.needed(name) {
        Ok(_) => oauth("oauth.invalid_grant", "It is not known, or it has expired."),
        Err(missing) => missing,
    }
}

/// The client that proves who it is, in the header or in the form.
fn client(desk: &Desk<'_>, form: &Form) -> Result<Client, Refusal> {
    let (id, secret) = form.credentials(desk.call)?;
    let tenancy = desk.tenancy();
    let known = |client: &&Client| client.client_secret.as_deref() == Some(secret.as_str());
    let client = tenancy.clients.get(&id).filter(known).ok_or_else(invalid_client)?;
    if tenancy.client_works(client) {
        return Ok(client.clone());
    }
    Err(oauth("oauth.access_denied", "The client or its tenant is disabled."))
}

fn invalid_client() -> Refusal {
    let refusal = oauth("oauth.invalid_client", "The client or its secret is not known.");
    refusal.header(WWW_AUTHENTICATE, "Basic realm=\"platform\"")
}

/// The user who proves who it is, by password and, where its tenant asks for it, by a second factor.
fn user(desk: &Desk<'_>, form: &Form) -> Result<User, Refusal> {
    let (login, password) = (form.needed("username")?, form.needed("password")?);
    let tenancy = desk.tenancy();
    let named = |user: &&User| user.login.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(login));
    let known = |user: &&User| user.password.as_deref() == Some(password);
    let user = tenancy.users.values().find(named).filter(known);
    let wrong = || oauth("oauth.invalid_grant", "The user or the password is not known.");
    let user = user.ok_or_else(wrong)?;
    if !tenancy.user_works(user, desk.call.now) {
        return Err(oauth("oauth.access_denied", "The user or its tenant is disabled."));
    }
    second_factor(tenancy, user, form.one("totp_code")?, desk.call.now)?;
    Ok(user.clone())
}

fn second_factor(
    tenancy: &Tenancy,
    user: &User,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match tenancy.mfa_asked(&user.tenant_id) {
        MfaStatus::Disabled | MfaStatus::ForciblyDisabled => return Ok(()),
        MfaStatus::SetupRequired | MfaStatus::Enabled => {}
    }
    let secret = user.totp_secret.as_deref();
    let secret = secret.ok_or_else(|| {
        oauth("oauth.totp_setup_required", "The tenant asks for a second factor: set one up.")
    })?;
    let code = code.ok_or_else(|| oauth("oauth.totp_required", "`totp_code` is missing."))?;
    if totp::fits(secret, code, now) {
        return Ok(());
    }
    Err(oauth("oauth.invalid_totp", "The code is not one of the present moment."))
}

/// The scopes that are asked for: the token has all roles of its owner anyhow.
fn scope(form: &Form) -> Result<(), Refusal> {
    let Some(scope) = form.one("scope")? else { return Ok(()) };
    let word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !scope.split_whitespace().all(word) {
        return Err(oauth("oauth.invalid_scope", "A scope is a word of letters and digits."));
    }
    match scope.split_whitespace().find(|word| !["openid", "offline_access"].contains(word)) {
        Some(_) => Err(oauth("oauth.access_denied", "The scope is not allowed.")),
        None => Ok(()),
    }
}

fn issue(desk: &mut Desk<'_>, owner_id: String) -> Reply {
    let now = desk.call.now;
    let expires_at = now.checked_add(SignedDuration::from_secs(LIFETIME)).unwrap_or(now);
    let text = desk.world.ids.short(40);
    let shown = json!({
        "access_token": text,
        "token_type": "bearer",
        "expires_in": LIFETIME,
        "expires_on": expires_at.as_second(),
        "id_token": id_token(&owner_id, now, expires_at),
    });
    let tenancy = desk.tenancy_mut();
    if let Some(client) = tenancy.clients.get_mut(&owner_id) {
        client.last_access_at = Some(now);
    }
    tenancy.tokens.insert(text, Token { owner_id, issued_at: now, expires_at });
    tenancy.forget_tokens();
    Reply::json(StatusCode::OK, &shown).with(CACHE_CONTROL, "no-store")
}

/// A JWT that says who somebody is. It is not signed: the sandbox vouches for nobody.
fn id_token(owner: &str, now: Timestamp, ends: Timestamp) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "none", "typ": "JWT" }));
    let claims = json!({
        "iss": "sandbox",
        "sub": owner,
        "aud": owner,
        "iat": now.as_second(),
        "exp": ends.as_second(),
    });
    format!("{head}.{}.", part(claims))
}

/// Ends a token.
///
/// # Errors
/// The rows `oauth.*`. A token that is not known has ended already (RFC 7009, 2.2).
pub(super) fn revoke(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let form = Form::read(desk.call)?;
    let client = client(desk, &form)?;
    let text = form.needed("token")?;
    if !matches!(form.one("token_type_hint")?, None | Some("access_token" | "refresh_token")) {
        let why = "Tokens of this type cannot be revoked.";
        return Err(oauth("oauth.unsupported_token_type", why));
    }
    let token = desk.tenancy().tokens.get(text);
    if token.is_some_and(|token| token.owner_id != client.client_id) {
        return Err(oauth("oauth.invalid_request", "The token is another client's."));
    }
    desk.commit()?;
    desk.tenancy_mut().tokens.remove(text);
    Ok(Reply::empty(StatusCode::OK))
}

impl Tenancy {
    /// Forgets the tokens that end first, where there are too many.
    fn forget_tokens(&mut self) {
        while self.tokens.len() > check::MOST_TOKENS {
            let first = self.tokens.iter().min_by_key(|(_, token)| token.expires_at);
            let Some(text) = first.map(|(text, _)| text.clone()) else { return };
            self.tokens.remove(&text);
        }
    }
}
