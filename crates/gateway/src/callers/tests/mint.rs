//! Makes keys and tokens as an issuer would, without the library that reads them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as Rsa, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key, and its id.
pub(super) struct Mint {
    kid: &'static str,
    key: Key,
}

enum Key {
    Rsa(Box<Rsa>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Mint {
    pub(super) fn rsa(kid: &'static str) -> Self {
        Self { kid, key: Key::Rsa(Box::new(Rsa::generate(KeySize::Rsa2048).unwrap())) }
    }

    pub(super) fn ec(kid: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { kid, key: Key::Ec(key) }
    }

    pub(super) fn ed(kid: &'static str) -> Self {
        Self { kid, key: Key::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    /// The public half, as of RFC 7517.
    pub(super) fn jwk(&self) -> Value {
        let kid = self.kid;
        match &self.key {
            Key::Rsa(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                let e = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
                json!({ "kty": "RSA", "kid": kid, "n": base64(n), "e": base64(e) })
            }
            Key::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": base64(x), "y": base64(y) })
            }
            Key::Ed(pair) => {
                let x = base64(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
            }
        }
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        let alg = match self.key {
            Key::Rsa(_) => "RS256",
            Key::Ec(_) => "ES256",
            Key::Ed(_) => "EdDSA",
        };
        self.token_as(&json!({ "typ": "JWT", "alg": alg, "kid": self.kid }), claims)
    }

    /// A token with this header, whatever it says.
    pub(super) fn token_as(&self, head: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", base64(head.to_string()), base64(claims.to_string()));
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", base64(signature))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Key::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
