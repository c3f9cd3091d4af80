//! What the callers are set up with: checked values, no text.

use super::{Digest, KeySource};
use crate::limits::Terms;
use http::HeaderName;
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;

/// Everybody who may call. Nobody by default, which means everybody.
#[derive(Debug)]
pub struct CallersSettings {
    /// The field in which API keys are shown: `X-Api-Key`.
    pub key_header: HeaderName,
    /// The callers that are known by name.
    pub callers: Vec<CallerSettings>,
    /// Whose tokens are trusted.
    pub issuers: Vec<IssuerSettings>,
}

/// A caller, and everything by which it may be known: at least one thing.
#[derive(Debug)]
pub struct CallerSettings {
    /// Its name, in logs and metrics: 1 to 200 bytes, none of them a control character.
    pub name: String,
    /// Its API keys: several while it changes from one to the next.
    pub keys: Vec<ApiKey>,
    /// Its certificates.
    pub certificates: Vec<CertificateMark>,
    /// What it is called in tokens.
    pub subjects: Vec<Subject>,
    /// What it may do.
    pub rights: Rights,
}

/// An API key, known by its hash: a random text of 128 bits or more.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The SHA-256 digest of its bytes.
    pub hash: Digest,
    /// From when on it is not taken any more.
    pub expires: Option<Timestamp>,
}

/// How a certificate is known.
#[derive(Debug, Clone)]
pub enum CertificateMark {
    /// By one of its subject alternative names: a DNS name, compared without regard to case, or a
    /// URI (with its colon), compared exactly. Right where the issuer gives each name to one caller.
    Name(String),
    /// By the digest of the whole certificate.
    Fingerprint(Digest),
}

/// A caller as an issuer's tokens name it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The issuer.
    pub issuer: String,
    /// The value of its [`name_claim`](IssuerSettings::name_claim).
    pub subject: String,
}

/// An issuer of JSON Web Tokens (RFC 7519) that is trusted to say who calls.
#[derive(Debug)]
pub struct IssuerSettings {
    /// What its tokens have for `iss`, exactly.
    pub issuer: String,
    /// What its tokens must have for `aud`: one of these. At least one, for a token that was made
    /// out for somebody else proves nothing here.
    pub audiences: Vec<String>,
    /// Its public keys.
    pub keys: KeySource,
    /// The claim that names the caller, such as `sub`, `azp` or `client_id`.
    pub name_claim: String,
    /// What everybody may do whom it names and who is no [`Subject`] of a caller above, each on an
    /// account of its own. `None`: nothing.
    pub others: Option<Rights>,
}

/// What a caller may do.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// The routes that it may use; all where `None`.
    pub routes: Option<Vec<String>>,
    /// Its limits.
    pub terms: Terms,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallersError {
    /// A name that cannot be one.
    #[error("a caller's name is 1 to 200 bytes, and none is a control character: {0:?}")]
    Name(String),
    /// A caller that nobody could be.
    #[error("the caller {0:?} is known by nothing: give it a key, a certificate or a subject")]
    KnownByNothing(String),
    /// The same thing for two.
    #[error("two {what} {which:?}")]
    Twice {
        /// What there are two of.
        what: &'static str,
        /// Which.
        which: String,
    },
    /// A caller's issuer that is not set up.
    #[error("the caller {caller:?} names the issuer {issuer:?}, which is not set up")]
    UnknownIssuer {
        /// The caller.
        caller: String,
        /// The issuer.
        issuer: String,
    },
    /// An issuer without an audience.
    #[error("the issuer {0:?} has no audience: a token for somebody else would be taken")]
    NoAudience(String),
    /// A file that cannot be read.
    #[error("the key set {path} cannot be read")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A file that holds no key that can be used.
    #[error("the key set {0} holds no key for RS256, ES256 or EdDSA")]
    NoKeys(PathBuf),
}

impl Default for CallersSettings {
    fn default() -> Self {
        let key_header = HeaderName::from_static("x-api-key");
        Self { key_header, callers: Vec::new(), issuers: Vec::new() }
    }
}

/// A name goes into logs and metrics: short, and on one line.
pub(super) fn check_name(name: &str) -> Result<(), CallersError> {
    if is_name(name) { Ok(()) } else { Err(CallersError::Name(name.to_owned())) }
}

/// Whether this can be a caller's name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
}
