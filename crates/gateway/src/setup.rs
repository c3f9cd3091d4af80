//! What a gateway is set up with: checked values, no files and no text.
//!
//! The configuration file is read elsewhere; what stands here can be served.

use crate::call::Upstream;
use crate::callback::Callback;
use crate::callers::Callers;
use crate::clock::Clock;
use crate::dialect::{AnswerAs, Dialects};
use crate::door::DoorLimits;
use crate::keys::SigningKeys;
use crate::listen::TlsSettings;
use crate::named::NamedTargets;
use crate::operations::Operations;
use crate::routes::Routes;
use candor_contract::Table;
use candor_wire::{Guard, ProxySettings, Resolve, Target};
use secrecy::SecretString;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a gateway needs.
#[derive(Debug)]
pub struct Setup {
    /// Where callers connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How callers are shown who this is; `None` where they speak without TLS.
    pub tls: Option<TlsSettings>,
    /// How long callers may take, and how many connections each may have.
    pub door: DoorLimits,
    /// How many threads serve; each has its own connections.
    pub workers: usize,
    /// The bounds.
    pub limits: Limits,
    /// The form of failures, where neither caller nor route say another.
    pub answer_as: AnswerAs,
    /// The forms that callers may ask for.
    pub dialects: Dialects,
    /// The set of texts for people; the contract's default where empty.
    pub message_set: String,
    /// Who may call.
    pub callers: Callers,
    /// Whether everybody may call who can connect, from other machines too, where nobody is named.
    pub anybody: bool,
    /// What stands in every token.
    pub token: TokenSettings,
    /// The keys that sign the tokens.
    pub keys: Arc<SigningKeys>,
    /// The address of the data centre, as the handlers are told.
    pub datacenter_url: String,
    /// The contract for calls that are held back before a callback is known.
    pub fallback: Arc<Table>,
    /// How calls are kept; `None` where there is no ledger.
    pub operations: Option<Operations>,
    /// The callbacks by id.
    pub callbacks: HashMap<String, Callback>,
    /// The `CyberApps` by name.
    pub cyberapps: HashMap<String, CyberApp>,
    /// The ways to vendors' APIs.
    pub routes: Routes,
    /// In development, on loopback: the targets that callers may name.
    pub named_targets: Option<NamedTargets>,
    /// The tenants by id.
    pub tenants: HashMap<String, Tenant>,
    /// Which addresses are never called. Where the gateway listens need not be named; where other
    /// parts of its process listen must be.
    pub guard: Guard,
    /// The site's outbound proxy, if calls leave through one.
    pub proxy: Option<ProxySettings>,
    /// How names are resolved; by the machine's own configuration where `None`.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Setup {
    /// Has the shared limits of upstreams counted in the ledger, where there is one.
    pub(crate) fn bind(&self) {
        let Some(operations) = &self.operations else { return };
        let routes = self.routes.iter().map(|route| &route.upstream);
        let cyberapps = self.cyberapps.values().map(|cyberapp| &cyberapp.upstream);
        routes.chain(cyberapps).for_each(|upstream| upstream.bind(&operations.ledger));
    }
}

/// The bounds of a call.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes of a caller's body: 1 MiB.
    pub request_body: usize,
    /// The most bytes of a handler's answer: 8 MiB.
    pub response_body: usize,
    /// How long a caller may take to send its body: 10 s.
    pub request_time: Duration,
    /// How long a call may take with all its attempts and waits: 60 s.
    pub total: Duration,
    /// How many connections of callers are kept open, over all workers: 10,000.
    pub connections: usize,
    /// How many calls there may be at once, over all workers: 10,000. From nine tenths of it on, more
    /// are turned away.
    pub calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: 1024 * 1024,
            response_body: 8 * 1024 * 1024,
            request_time: Duration::from_secs(10),
            total: Duration::from_mins(1),
            connections: 10_000,
            calls: 10_000,
        }
    }
}

/// What stands in every token (Callback handler, Request verification).
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// `sub`.
    pub subject: String,
    /// From `iat` to `exp`: one hour.
    pub lifetime: Duration,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            issuer: "https://acronis.cloud".to_owned(),
            audience: "acronis.cloud".to_owned(),
            subject: "candor".to_owned(),
            lifetime: Duration::from_hours(1),
        }
    }
}

/// A partner's application, and where its callback handler is.
#[derive(Debug)]
pub struct CyberApp {
    /// The name that people know, as messages show it.
    pub name: String,
    /// The partner behind it, for messages.
    pub company: Company,
    /// The endpoint's id, which the token is made out for.
    pub endpoint_id: String,
    /// Where its handler is.
    pub target: Target,
    /// The handler's health.
    pub upstream: Upstream,
}

/// A partner's contacts.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Its website.
    pub website: String,
    /// Its address for support.
    pub email: String,
    /// Its telephone number.
    pub phone: String,
}

/// A tenant, and what it is known by at each `CyberApp`.
#[derive(Debug, Clone, Default)]
pub struct Tenant {
    /// Its access by the `CyberApp`'s name.
    pub access: HashMap<String, Access>,
}

/// What a tenant shows a `CyberApp`'s handler.
#[derive(Debug, Clone)]
pub struct Access {
    /// The part that is no secret, such as a login. Holds no colon.
    pub identity: String,
    /// The secrets, as the text of a JSON object.
    pub secrets: SecretString,
    /// Further data, as the text of a JSON object.
    pub extra: String,
}
