//! Who sends this: the token's and the vendor credentials' verification.
//!
//! After "Verifying callback requests" and "Callback request format" in the Acronis callback
//! handler guide.

use super::answers::Refusal;
use super::published::{KeyTrouble, PublishedKeys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

/// Verifies tokens.
#[derive(Debug)]
pub(super) struct Verifier {
    keys: PublishedKeys,
    rules: Validation,
}

/// What a good token opens.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    exp: i64,
    #[serde(default)]
    scope: Vec<Scope>,
}

#[derive(Debug, Deserialize)]
struct Scope {
    role: String,
}

/// The vendor credentials of a request.
pub(super) struct Credentials {
    pub(super) identity: String,
    pub(super) password: String,
}

/// The right side of the credentials.
#[derive(Deserialize)]
struct Secrets {
    password: String,
}

const CYBERAPP_AUTH: &str = "x-cyberapp-auth";
const CYBERAPP_EXTRA: &str = "x-cyberapp-extra";

impl Verifier {
    pub(super) fn new(keys: PublishedKeys, issuer: &str, audience: &str) -> Self {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[audience]);
        // By the sandbox's clock, below; this one would take the machine's.
        rules.validate_exp = false;
        Self { keys, rules }
    }

    /// The request's token, if it is good at `now` (seconds since the Unix epoch).
    pub(super) async fn token(&self, headers: &HeaderMap, now: i64) -> Result<Token, Refusal> {
        let text = bearer(headers).ok_or_else(|| refuse("there is no bearer token"))?;
        let header = decode_header(text).map_err(|_| refuse("the bearer token is not a JWT"))?;
        let kid = header.kid.ok_or_else(|| refuse("the token names no key"))?;
        let key = self.keys.find(&kid, now).await.map_err(Refusal::from)?;
        let token = decode::<Token>(text, &key, &self.rules);
        let token = token.map_err(|error| refuse(format!("the token is not valid: {error}")))?;
        let alive = token.claims.exp > now;
        alive.then_some(token.claims).ok_or_else(|| refuse("the token has expired"))
    }
}

impl Token {
    /// Whether the token opens this endpoint.
    pub(super) fn opens(&self, endpoint_id: &str) -> bool {
        self.scope.iter().any(|scope| scope.role == endpoint_id)
    }
}

/// The vendor credentials: base64 of `<identity>:<secrets>`, split at the first colon; the secrets
/// are JSON.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Credentials, Refusal> {
    let header = headers.get(CYBERAPP_AUTH);
    let header = header.ok_or_else(|| refuse("the X-CyberApp-Auth header is missing"))?;
    let unreadable = || refuse("the X-CyberApp-Auth header is not base64 of identity:secrets");
    let text = STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(unreadable)?;
    let (identity, secrets) = text.split_once(':').ok_or_else(unreadable)?;
    let secrets: Secrets = serde_json::from_str(secrets)
        .map_err(|_| refuse("the secrets in X-CyberApp-Auth are not JSON with a password"))?;
    Ok(Credentials { identity: identity.to_owned(), password: secrets.password })
}

/// The extra data of a request must be base64 of JSON, where it is sent. The handler has no use
/// for it.
pub(super) fn check_extra(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(header) = headers.get(CYBERAPP_EXTRA) else { return Ok(()) };
    let json = STANDARD.decode(header).ok();
    let json = json.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    json.map(drop).ok_or_else(|| Refusal::malformed("X-CyberApp-Extra is not base64 of JSON"))
}

/// RFC 9110, section 11.1: the scheme's case does not matter.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::unauthenticated(why)
}

impl From<KeyTrouble> for Refusal {
    fn from(trouble: KeyTrouble) -> Self {
        match trouble {
            KeyTrouble::Unknown | KeyTrouble::Unusable => refuse(trouble.to_string()),
            KeyTrouble::Unreachable => Self::unavailable(trouble.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn credentials_are_split_at_the_first_colon() {
        let header = STANDARD.encode(r#"ann@example:{"password":"a:b"}"#);
        let found = credentials(&with("x-cyberapp-auth", &header)).ok().unwrap();
        assert_eq!((&*found.identity, &*found.password), ("ann@example", "a:b"));
    }

    #[test]
    fn unreadable_credentials_are_refused() {
        assert!(credentials(&HeaderMap::new()).is_err());
        for text in ["ann", "ann:secret", r#"ann:{"key":"k"}"#, r#"ann:{"password":7}"#] {
            let header = with("x-cyberapp-auth", &STANDARD.encode(text));
            assert!(credentials(&header).is_err(), "{text}");
        }
        assert!(credentials(&with("x-cyberapp-auth", "***")).is_err());
    }

    #[test]
    fn the_extra_data_is_json_where_it_is_sent() {
        assert!(check_extra(&HeaderMap::new()).is_ok());
        assert!(check_extra(&with("x-cyberapp-extra", "e30=")).is_ok());
        assert!(check_extra(&with("x-cyberapp-extra", "e30")).is_err());
        assert!(check_extra(&with("x-cyberapp-extra", &STANDARD.encode("{"))).is_err());
    }

    #[test]
    fn the_schemes_case_does_not_matter() {
        assert_eq!(bearer(&with("authorization", "bEARER abc")), Some("abc"));
        assert_eq!(bearer(&with("authorization", "Basic abc")), None);
        assert_eq!(bearer(&with("authorization", "Bearer")), None);
    }
}
