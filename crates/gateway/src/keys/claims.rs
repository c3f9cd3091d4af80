//! What a callback token says.

use serde::{Deserialize, Serialize};

/// The claims of a callback token, as "Verifying callback requests" in the Acronis callback
/// handler guide lists them. All times are in seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The audience, such as `acronis.cloud`.
    pub aud: String,
    /// When the token ends. The guide's example lives for 3600 s.
    pub exp: i64,
    /// When the token was made.
    pub iat: i64,
    /// The issuer, such as `https://acronis.cloud`.
    pub iss: String,
    /// The token's own id. Also sent as the header member `iri`.
    pub jti: String,
    /// Whom the token is about.
    pub sub: String,
    /// What the token opens: one of them names the endpoint that is called.
    pub scope: Vec<Scope>,
    /// The version of this set of claims: [`Claims::VERSION`].
    pub ver: u8,
    /// The kind of subject: [`Claims::SUB_TYPE`].
    pub sub_type: String,
}

/// One thing that a token opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The type identifier of an endpoint.
    pub role: String,
}

impl Claims {
    /// The version that the guide documents.
    pub const VERSION: u8 = 2;
    /// The kind of subject that the guide documents.
    pub const SUB_TYPE: &'static str = "platform-acgw";
}
