//! A partner's callback handler, as the Acronis callback handler guide asks for it.
//!
//! It verifies each callback's token by the key set that the gateway publishes, checks the vendor
//! credentials, and keeps the state behind the eleven predefined callbacks: who is enabled, which
//! organization is mapped to which tenant, who is mirrored. What can go wrong with it from outside
//! is a set of [`Conditions`].
//!
//! Not here: TLS. The handler speaks plain HTTP/1.1 on loopback.
//!
//! A request walks through `serve` (the journey), `verify`, `request`, `callbacks` (the table) and
//! `world` (the state), and every answer is worded in `answers`.

mod answers;
mod body;
mod callbacks;
mod conditions;
mod mapping;
mod mirroring;
mod published;
mod request;
mod seen;
mod serve;
mod settings;
mod verify;
mod world;

pub use conditions::{Conditions, ConditionsHandle, RateLimit};
pub use settings::{Account, Organization, Partner, Settings, StartError};

use conditions::Gate;
use published::PublishedKeys;
use serve::Handler;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use verify::Verifier;
use world::World;

/// A partner's callback handler on loopback.
#[derive(Debug)]
pub struct CallbackHandler;

/// A handler at work. It stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    handler: Arc<Handler>,
    task: JoinHandle<()>,
}

impl CallbackHandler {
    /// Starts a handler on the current tokio runtime, of whichever kind; port 0 takes a free port.
    ///
    /// # Errors
    /// Settings that do not fit together, an address off loopback, a port that is taken.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        settings.check()?;
        let address = settings.address;
        let bind = |source| StartError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let handler = Arc::new(Handler::new(settings)?);
        let task = tokio::spawn(serve::accept(listener, Arc::clone(&handler)));
        Ok(Running { address, handler, task })
    }
}

impl Running {
    /// Where it listens. Callbacks are taken at every path but `/sandbox/...`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handler's URL, as an endpoint is set up with it: `http://127.0.0.1:<port>/callback`.
    pub fn url(&self) -> String {
        format!("http://{}/callback", self.address)
    }

    /// What is wrong with it at present; the same as `/sandbox/conditions` on its address.
    pub fn conditions(&self) -> &ConditionsHandle {
        &self.handler.gate.conditions
    }

    /// Gives the account of this identity another password, as its owner might. Says whether there
    /// is such an account.
    pub fn set_password(&self, identity: &str, password: &str) -> bool {
        self.handler.world().set_password(identity, password)
    }

    /// Notes whether the organization with this id has a signed contract. Says whether there is
    /// such an organization.
    pub fn set_contract_signed(&self, organization: &str, signed: bool) -> bool {
        self.handler.world().set_contract_signed(organization, signed)
    }

    /// Stops it: open connections are closed, and the port is free when this returns.
    pub async fn stop(mut self) {
        self.task.abort();
        if let Err(error) = (&mut self.task).await
            && !error.is_cancelled()
        {
            tracing::error!(%error, "the callback handler ended badly");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Handler {
    fn new(settings: Settings) -> Result<Self, StartError> {
        let keys = PublishedKeys::new(&settings.jwks_url)?;
        Ok(Self {
            gate: Gate::default(),
            verifier: Verifier::new(keys, &settings.issuer, &settings.audience),
            world: World::new(&settings.accounts, &settings.partners).into(),
            endpoint_id: settings.endpoint_id,
            clock: settings.clock,
        })
    }
}
