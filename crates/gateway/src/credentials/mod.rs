//! What an upstream is shown of who calls.
//!
//! Not here: who calls the gateway.

mod oauth;

pub use oauth::{ClientAuth, ClientCredentials};

use crate::clock::Clock;
use candor_facts::{Class, Held, How, Next, Origin, Verdict, Who};
use candor_wire::Client;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use tokio::time::Instant;

/// What an upstream is shown of who calls.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// What the caller shows.
    Callers,
    /// This field, in place of any that the caller sends. Its value is a secret.
    Field(HeaderName, HeaderValue),
    /// A token that an authorization server gives out for the gateway's own credentials.
    OAuth(Arc<ClientCredentials>),
}

impl Credentials {
    /// Puts the credentials into a request's fields. What a caller shows the gateway is not for the
    /// vendor.
    ///
    /// # Errors
    /// No token is to be had.
    pub(crate) async fn show(
        &self,
        headers: &mut HeaderMap,
        client: &Client,
        clock: &Clock,
        until: Instant,
    ) -> Result<(), Held> {
        let (name, value) = match self {
            Self::Callers => return Ok(()),
            Self::Field(name, value) => (name.clone(), value.clone()),
            // Rare and large, so in a box.
            Self::OAuth(tokens) => {
                (AUTHORIZATION, Box::pin(tokens.shown(client, clock, until)).await?)
            }
        };
        headers.remove(AUTHORIZATION);
        headers.insert(name, value);
        Ok(())
    }

    /// Whether other credentials than the refused ones can be had: a token may have been withdrawn
    /// before its time. What was refused is not shown again.
    pub(crate) fn renew(&self, refused: &HeaderMap) -> bool {
        let (Self::OAuth(tokens), Some(refused)) = (self, refused.get(AUTHORIZATION)) else {
            return false;
        };
        tokens.forget(refused);
        true
    }

    /// Who is refused is whoever showed the credentials: a caller cannot renew what is the gateway's.
    pub(crate) fn own_up(&self, verdict: &mut Verdict) {
        if !matches!(self, Self::Callers) && verdict.class == Class::Unauthenticated {
            verdict.origin = Origin::Gateway;
            verdict.next = Next { who: Who::Operator, how: How::FixCredentials };
        }
    }
}
