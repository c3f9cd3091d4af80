//! An issuer's public keys (JWK Set, RFC 7517), as far as they can be used.
//!
//! What a key is for follows from the key and not from the token: an RSA key verifies RS256 and
//! nothing else, and so on. Keys of another type, for another use or another algorithm are passed
//! over, since an issuer may publish them beside those for us.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The most keys of a set that are read.
const MOST: usize = 64;

/// The keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<VerifyKey>>);

/// A key, and what it verifies.
pub(super) struct VerifyKey {
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Why a set has no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// None of this id; a newer set may have it.
    Unknown,
    /// The one of this id is for another algorithm.
    OtherAlgorithm,
    /// The token names none, and there are several.
    Ambiguous,
}

impl KeySet {
    /// The keys that can be used; `None` where this is no key set, or has none.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let Set { keys } = serde_json::from_slice(json).ok()?;
        let keys: Vec<_> =
            keys.into_iter().take(MOST).filter_map(VerifyKey::read).map(Arc::new).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The key of this id for this algorithm; where a token names none, the only one for it.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&Arc<VerifyKey>, Missing> {
        let Self(keys) = self;
        let named = |key: &&Arc<VerifyKey>| kid.is_none() || key.kid.as_deref() == kid;
        let mut fit = keys.iter().filter(named).filter(|key| key.algorithm == algorithm);
        match (fit.next(), fit.next()) {
            (Some(_), Some(_)) if kid.is_none() => Err(Missing::Ambiguous),
            (Some(key), _) => Ok(key),
            (None, _) if kid.is_some() && keys.iter().any(|key| named(&key)) => {
                Err(Missing::OtherAlgorithm)
            }
            (None, _) => Err(Missing::Unknown),
        }
    }
}

impl VerifyKey {
    fn read(json: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json).ok()?;
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
        let operations = common.key_operations.as_ref();
        let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        let algorithm = of(&jwk.algorithm)?;
        let agrees = common.key_algorithm.is_none_or(|of| of == KeyAlgorithm::from(algorithm));
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let usable = signs && verifies && agrees;
        usable.then(|| Self { kid: jwk.common.key_id, algorithm, key })
    }
}

/// What a key of this type verifies.
#[expect(clippy::wildcard_enum_match_arm, reason = "a type that is not known verifies nothing")]
fn of(parameters: &AlgorithmParameters) -> Option<Algorithm> {
    match parameters {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kid, algorithm, key: _ } = self;
        f.debug_struct("VerifyKey").field("kid", kid).field("algorithm", algorithm).finish()
    }
}
