//! A partner's callback handler, as the Acronis callback handler guide asks for it.
//!
//! It verifies each callback's token by the key set that the gateway publishes, checks the vendor
//! credentials, and keeps the state behind the eleven predefined callbacks: who is enabled, which
//! organization is mapped to which tenant, who is mirrored. What can go wrong with it from outside
//! is a set of [`Conditions`].
//!
//! It has two ports. One speaks plain HTTP and is always open, for the controls too; the other
//! speaks TLS, as the documents ask for it, or fails to in as many ways as [`TlsProfile`] has.
//!
//! A request walks through `serve` (the journey), `verify`, `request`, `callbacks` (the table) and
//! `world` (the state), and every answer is worded in `answers`.

mod answers;
mod callbacks;
mod conditions;
mod door;
mod mapping;
mod mirroring;
mod published;
mod request;
mod seen;
mod serve;
mod settings;
mod tls;
mod users;
mod verify;
mod world;

pub use conditions::{Conditions, ConditionsHandle, RateLimit, TlsProfile};
pub use settings::{Account, Organization, Partner, Settings, StartError};

use crate::serve::{Front, Listening, Service};
use crate::stage::{Controlled, Time};
use conditions::Gate;
use published::PublishedKeys;
use serve::Handler;
use std::net::SocketAddr;
use std::sync::Arc;
use tls::Tls;
use tokio::task::JoinHandle;
use verify::Verifier;
use world::World;

/// The name of its contract.
pub const NAME: &str = "acronis-callback";

/// How each of its documented rows is reached, through a gateway: an HTTP file (see
/// [`crate::reach`]) with the variables `gateway` and `sandbox`.
pub const REACH: &str = include_str!("../../reach/acronis-callback.http");

/// A partner's callback handler on loopback.
#[derive(Debug, Clone)]
pub struct CallbackHandler(Arc<Handler>);

/// A handler at work. It stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    handler: CallbackHandler,
    listening: Listening,
}

/// The handler's TLS port. It closes when this is dropped.
#[derive(Debug)]
pub struct TlsPort {
    address: SocketAddr,
    tls: Arc<Tls>,
    task: JoinHandle<()>,
}

impl CallbackHandler {
    /// A handler that listens nowhere yet.
    ///
    /// # Errors
    /// Settings that do not fit together.
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        settings.check()?;
        Handler::new(settings).map(|handler| Self(Arc::new(handler)))
    }

    /// Starts a handler on the current tokio runtime, of whichever kind; port 0 takes a free port.
    ///
    /// # Errors
    /// Settings that do not fit together, an address off loopback, a port that is taken.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        let address = settings.address;
        let handler = Self::new(settings)?;
        let bind = |source| StartError::Bind { address, source };
        let listening = Listening::start(address, Front::One(handler.service())).await;
        Ok(Running { handler, listening: listening.map_err(bind)? })
    }

    /// The handler, to be put behind an address.
    pub fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    /// What is wrong with it at present; the same as `/sandbox/conditions` on its address.
    pub fn conditions(&self) -> &ConditionsHandle {
        &self.0.gate.conditions
    }

    /// Opens a TLS port, with certificates made for it.
    ///
    /// # Errors
    /// An address off loopback, a port that is taken, no randomness for keys.
    pub async fn open_tls(&self, address: SocketAddr) -> Result<TlsPort, StartError> {
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        let bind = |source| StartError::Bind { address, source };
        let tls = Arc::new(Tls::new().map_err(bind)?);
        let opened = door::open(address, Arc::clone(&self.0), Arc::clone(&tls)).await;
        let (address, door) = opened.map_err(bind)?;
        Ok(TlsPort { address, tls, task: tokio::spawn(door) })
    }
}

impl TlsPort {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate, as PEM, of the authority that a caller must trust.
    pub fn authority(&self) -> &str {
        self.tls.authority()
    }
}

impl Drop for TlsPort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Where it listens. Callbacks are taken at every path but `/sandbox/...`.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// The handler's URL, as an endpoint is set up with it: `http://127.0.0.1:<port>/callback`.
    pub fn url(&self) -> String {
        format!("http://{}/callback", self.address())
    }

    /// What is wrong with it at present; the same as `/sandbox/conditions` on its address.
    pub fn conditions(&self) -> &ConditionsHandle {
        self.handler.conditions()
    }

    /// Moves its time.
    pub fn set_time(&self, time: Time) {
        self.handler.0.set_time(time);
    }

    /// Gives the account of this identity another password, as its owner might. Says whether there
    /// is such an account.
    pub fn set_password(&self, identity: &str, password: &str) -> bool {
        self.handler.0.world().set_password(identity, password)
    }

    /// Notes whether the organization with this id has a signed contract. Says whether there is
    /// such an organization.
    pub fn set_contract_signed(&self, organization: &str, signed: bool) -> bool {
        self.handler.0.world().set_contract_signed(organization, signed)
    }

    /// Stops it: open connections are closed, and the port is free when this returns.
    pub async fn stop(self) {
        self.listening.stop().await;
    }
}

impl Handler {
    fn new(settings: Settings) -> Result<Self, StartError> {
        let keys = PublishedKeys::new(&settings.jwks_url)?;
        Ok(Self {
            gate: Gate::default(),
            verifier: Verifier::new(keys, &settings.issuer, &settings.audience),
            world: World::new(&settings.accounts, &settings.partners).into(),
            time: settings.time.into(),
            settings,
            changes: 0.into(),
        })
    }
}
