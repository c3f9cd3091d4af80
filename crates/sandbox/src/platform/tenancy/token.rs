//! API clients, and the access tokens that stand for them or for a user.

use super::moment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An API client: a program's own account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the members have the names of the API")]
pub(crate) struct Client {
    /// A UUID.
    pub(crate) client_id: String,
    /// What it proves itself with; none for a public client.
    pub(crate) client_secret: Option<String>,
    /// The tenant that it lives in.
    pub(crate) tenant_id: String,
    /// Who looks after it.
    pub(crate) kind: ClientKind,
    /// How it sends its secret.
    pub(crate) auth_method: AuthMethod,
    /// Whether it may ask for tokens.
    pub(crate) status: Status,
    /// Whether it is a service of the platform itself, such as the agent registration.
    pub(crate) service: bool,
    /// Whether its role lets it only read.
    pub(crate) read_only: bool,
    /// What its owner noted about it: `client_name`, and for machines `agentType`, `hostname`.
    pub(crate) data: Map<String, Value>,
    /// Where browsers may be sent back to.
    pub(crate) redirect_uris: Vec<String>,
    /// What brought it here.
    pub(crate) origin_id: Option<String>,
    /// Who created it.
    pub(crate) created_by: String,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it last got a token.
    pub(crate) last_access_at: Option<Timestamp>,
}

/// Who looks after a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientKind {
    /// Its owner.
    ApiClient,
    /// The platform.
    ManagedClient,
}

/// How a client sends its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthMethod {
    /// By Basic authentication.
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
    /// It has none.
    None,
}

/// Whether a client may ask for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Yes.
    Enabled,
    /// No, and its tokens are no good.
    Disabled,
}

/// An access token. Its text is its key in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// The client or user that it stands for.
    pub(crate) owner_id: String,
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
    /// From when on it is no good.
    pub(crate) expires_at: Timestamp,
}

impl Client {
    /// The name that its owner gave it; among the clients of a tenant no two have the same.
    pub(crate) fn name(&self) -> Option<&str> {
        self.data.get("client_name")?.as_str()
    }

    /// As the API shows it, without its secret.
    pub(super) fn shown(&self) -> Value {
        json!({
            "client_id": self.client_id,
            "tenant_id": self.tenant_id,
            "client_secret_expires_at": 0,
            "type": self.kind,
            "data": self.data,
            "token_endpoint_auth_method": self.auth_method,
            "created_at": moment(self.created_at),
            "created_by": self.created_by,
            "last_access_at": self.last_access_at.map(moment),
            "last_access_from_ip": null,
            "status": self.status,
            "redirect_uris": self.redirect_uris,
            "origin_id": self.origin_id,
        })
    }
}
