//! A JSON Web Token as it stands on the wire (RFC 7515, section 7.1; RFC 7519): taken apart, and
//! judged by whoever has the key and the time.

use super::key_set::VerifyKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The longest token that is read; larger ones do not fit into a request's head anyway.
const LONGEST: usize = 16 * 1024;
/// By how many seconds clocks may differ.
const LEEWAY: i64 = 60;

/// A token in its parts. Nothing of it is true before [`Token::is_signed_by`] says so.
#[derive(Debug)]
pub(super) struct Token<'t> {
    /// What is signed.
    message: &'t str,
    signature: &'t str,
    /// Which key signed it.
    pub(super) kid: Option<String>,
    /// With which algorithm: one of those that are taken.
    pub(super) algorithm: Algorithm,
    /// What it says.
    pub(super) claims: Claims,
}

/// What a token says.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Claims(Map<String, Value>);

/// Why a token is not taken. Says nothing of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the bearer token is neither a key that is known here nor a JSON Web Token")]
    Form,
    #[error("the token is longer than 16 KiB")]
    TooLong,
    #[error("the token's algorithm is not one of RS256, ES256 and EdDSA")]
    Algorithm,
    #[error("the token has extensions that must be understood (`crit`), and are not")]
    Critical,
    #[error("the token is not made out for this gateway (`aud`)")]
    Audience,
    #[error("the token has no time of expiry (`exp`)")]
    NoExpiry,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet (`nbf`)")]
    NotYet,
    #[error("the token names a key that its issuer does not publish")]
    UnknownKey,
    #[error("the token names no key, and its issuer has several")]
    NoKey,
    #[error("the token's key is not one for its algorithm")]
    OtherKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token does not say who calls")]
    Nameless,
}

/// The parts of a token's header that are read.
#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

impl<'t> Token<'t> {
    /// Whether it could be a token: three parts.
    pub(super) fn looks_like(text: &str) -> bool {
        text.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Takes a token apart.
    pub(super) fn read(text: &'t str) -> Result<Self, Flaw> {
        if text.len() > LONGEST {
            return Err(Flaw::TooLong);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Flaw::Form)?;
        let (head, claims) = message.split_once('.').ok_or(Flaw::Form)?;
        let Head { alg, kid, crit } = part(head)?;
        if crit.is_some() {
            return Err(Flaw::Critical);
        }
        Ok(Self { message, signature, kid, algorithm: algorithm(&alg)?, claims: part(claims)? })
    }

    /// Whether the bearer of this key's private half signed it.
    pub(super) fn is_signed_by(&self, key: &VerifyKey) -> Result<(), Flaw> {
        if key.algorithm != self.algorithm {
            return Err(Flaw::OtherKey);
        }
        let (message, signature) = (self.message.as_bytes(), self.signature);
        match crypto::verify(signature, message, &key.key, key.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Flaw::Signature),
        }
    }
}

impl Claims {
    /// Whether this issuer is said to have made it.
    pub(super) fn is_from(&self, issuer: &str) -> bool {
        self.text("iss") == Some(issuer)
    }

    /// Whether it is made out for one of these, and valid at `now` (seconds since the Unix epoch).
    pub(super) fn are_good(&self, audiences: &[String], now: i64) -> Result<(), Flaw> {
        if !audiences.iter().any(|audience| self.is_for(audience)) {
            return Err(Flaw::Audience);
        }
        let expires = self.time("exp").ok_or(Flaw::NoExpiry)?;
        if expires.saturating_add(LEEWAY) <= now {
            return Err(Flaw::Expired);
        }
        if self.0.contains_key("nbf") {
            let begins = self.time("nbf").ok_or(Flaw::NotYet)?;
            if begins.saturating_sub(LEEWAY) > now {
                return Err(Flaw::NotYet);
            }
        }
        Ok(())
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// `aud` is a text, or a list of them (RFC 7519, section 4.1.3).
    fn is_for(&self, audience: &str) -> bool {
        let Some(aud) = self.0.get("aud") else { return false };
        let listed = aud.as_array().is_some_and(|all| all.iter().any(|one| one == audience));
        listed || aud == audience
    }

    /// A claim that is a time, in whole seconds; RFC 7519, section 2 allows fractions.
    fn time(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        #[expect(clippy::cast_possible_truncation, reason = "a conversion from floats saturates")]
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }
}

/// The algorithms that are taken: signatures alone, for with a MAC whoever can verify can sign.
pub(super) fn algorithm(name: &str) -> Result<Algorithm, Flaw> {
    match name {
        "RS256" => Ok(Algorithm::RS256),
        "ES256" => Ok(Algorithm::ES256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        _ => Err(Flaw::Algorithm),
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Flaw> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| Flaw::Form)?;
    serde_json::from_slice(&json).map_err(|_| Flaw::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: i64 = 1_795_000_000;

    fn claims(value: &Value) -> Claims {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn judged(value: &Value) -> Result<(), Flaw> {
        claims(value).are_good(&["candor".to_owned(), "gateway".to_owned()], NOW)
    }

    fn text(head: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(head), part(&json!({})))
    }

    #[test]
    fn only_signatures_are_taken() {
        for alg in ["none", "None", "HS256", "HS512", "RS512", "PS256", "ES384", ""] {
            assert_eq!(Token::read(&text(&json!({ "alg": alg }))).unwrap_err(), Flaw::Algorithm);
        }
        for alg in ["RS256", "ES256", "EdDSA"] {
            assert!(Token::read(&text(&json!({ "alg": alg }))).is_ok());
        }
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_refused() {
        let head = json!({ "alg": "RS256", "crit": ["b64"], "b64": false });
        assert_eq!(Token::read(&text(&head)).unwrap_err(), Flaw::Critical);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(Token::read(&long).unwrap_err(), Flaw::TooLong);
    }

    #[test]
    fn a_token_is_for_whom_it_is_made_out() {
        for aud in [json!("candor"), json!(["other", "gateway"])] {
            assert_eq!(judged(&json!({ "aud": aud, "exp": NOW })), Ok(()));
        }
        for aud in [json!("candor2"), json!(["other"]), json!([]), json!(null), json!({ "a": 1 })] {
            assert_eq!(judged(&json!({ "aud": aud, "exp": NOW })), Err(Flaw::Audience));
        }
        assert_eq!(judged(&json!({ "exp": NOW })), Err(Flaw::Audience));
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let judged =
            |exp: Value, nbf: Value| judged(&json!({ "aud": "candor", "exp": exp, "nbf": nbf }));
        assert_eq!(judged(json!(NOW - 59), json!(NOW + 60)), Ok(()));
        assert_eq!(judged(json!(1_794_999_941.5), json!(NOW)), Ok(()));
        assert_eq!(judged(json!(NOW - 60), json!(NOW)), Err(Flaw::Expired));
        assert_eq!(judged(json!(NOW), json!(NOW + 61)), Err(Flaw::NotYet));
        assert_eq!(judged(json!(1e300), json!(-1e300)), Ok(()));
        assert_eq!(judged(json!("soon"), json!(NOW)), Err(Flaw::NoExpiry));
        assert_eq!(judged(json!(NOW), json!("soon")), Err(Flaw::NotYet));
    }

    proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "[a-zA-Z0-9_.-]{0,200}") {
            drop(Token::read(&text));
        }

        #[test]
        fn a_token_is_good_within_its_time_and_no_more(exp in -200_i64..200, nbf in -200_i64..200) {
            let value = json!({ "aud": "candor", "exp": NOW + exp, "nbf": NOW + nbf });
            let within = exp > -LEEWAY && nbf <= LEEWAY;
            prop_assert_eq!(judged(&value).is_ok(), within);
        }
    }
}
