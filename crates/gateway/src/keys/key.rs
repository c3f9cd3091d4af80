//! One signing key: made or read, named, published, used.

use super::{Claims, Flaw, KeyError};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Serialize;
use std::fmt;

/// An RSA key of 2048 bits or more, and since when it is published.
///
/// Tokens are put together here and not by `jsonwebtoken::encode`, which takes only the bare
/// PKCS#1 form of a key and reads and checks it anew for each signature.
pub(super) struct Key {
    pair: KeyPair,
    jwk: Jwk,
    kid: String,
    published: i64,
}

impl Key {
    /// A new key of 2048 bits, published from `now` on.
    pub(super) fn generate(now: i64) -> Result<Self, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048);
        let pair = pair.map_err(|_| KeyError::Crypto("make a key"))?;
        Self::new(pair, now).ok_or(KeyError::Crypto("name a key"))
    }

    /// The key in this PKCS#8 document (RFC 5208, DER).
    pub(super) fn read(pkcs8: &[u8], published: i64) -> Result<Self, Flaw> {
        let pair = KeyPair::from_pkcs8(pkcs8).map_err(|_| Flaw::NotRsa)?;
        Self::new(pair, published).ok_or(Flaw::NotRsa)
    }

    fn new(pair: KeyPair, published: i64) -> Option<Self> {
        let public = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::RS256)).ok()?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(kid.clone());
        Some(Self { pair, jwk, kid, published })
    }

    /// The key's id: its thumbprint (RFC 7638, SHA-256). Letters, digits, `-` and `_` only.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Since when it is published, in seconds since the Unix epoch.
    pub(super) fn published(&self) -> i64 {
        self.published
    }

    /// Its public half.
    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Its private half (PKCS#8, DER). The buffer is wiped when it is dropped.
    pub(super) fn pkcs8(&self) -> Result<Pkcs8V1Der<'static>, KeyError> {
        self.pair.as_der().map_err(|_| KeyError::Crypto("write a key"))
    }

    /// A signed token.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.kid.clone());
        header.extras.insert("iri", &claims.jti);
        let mut token = part(&header)?;
        token.push('.');
        token.push_str(&part(claims)?);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| KeyError::Crypto("sign a token"))?;
        Ok(signature)
    }
}

/// One of the first two parts of a compact token (RFC 7515, section 7.1).
fn part(value: &impl Serialize) -> Result<String, KeyError> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).map_err(KeyError::Json)?))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pair: _, jwk: _, kid, published } = self;
        f.debug_struct("Key").field("kid", kid).field("published", published).finish()
    }
}
