//! What serves calls at a moment: the gateway as it is set up, and its clients.
//!
//! All of it is replaced at once, by one pointer. A call keeps what it began with until it ends.

use super::ListenError;
use crate::journey::Gateway;
use crate::setup::Setup;
use candor_wire::{Client, ClientSettings, Guard, ProxySettings, Resolve};
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct House {
    pub(super) gateway: Arc<Gateway>,
    network: Arc<Network>,
}

/// The clients with their kept connections, which stay where nothing changes for them.
#[derive(Debug)]
struct Network {
    guard: Guard,
    proxy: Option<ProxySettings>,
    resolver: Option<Arc<dyn Resolve>>,
    /// One for each worker, for a connection is driven by the worker that opened it.
    first: Client,
    others: Vec<Client>,
}

impl House {
    pub(super) fn new(setup: Setup, own: &[SocketAddr]) -> Result<Self, ListenError> {
        let network = Network::new(&setup, own, setup.workers.max(1))?;
        Ok(Self { gateway: Arc::new(Gateway::new(setup)), network: Arc::new(network) })
    }

    /// The house after another setup, which goes on with the connections of this one if it may.
    pub(super) fn rebuilt(&self, setup: Setup, own: &[SocketAddr]) -> Result<Self, ListenError> {
        let network = if self.network.suits(&setup) {
            Arc::clone(&self.network)
        } else {
            Arc::new(Network::new(&setup, own, self.network.others.len() + 1)?)
        };
        Ok(Self { gateway: Arc::new(Gateway::new(setup)), network })
    }

    /// The client of the worker with this number.
    pub(super) fn client(&self, worker: usize) -> &Client {
        let Network { first, others, .. } = &*self.network;
        worker.checked_sub(1).and_then(|other| others.get(other)).unwrap_or(first)
    }
}

impl Network {
    fn new(setup: &Setup, own: &[SocketAddr], workers: usize) -> Result<Self, ListenError> {
        let Setup { guard, proxy, resolver, .. } = setup;
        let client = || {
            // A call must not come back to the gateway itself.
            let mut guard = guard.clone();
            guard.own.extend(own);
            let (proxy, resolver) = (proxy.clone(), resolver.clone());
            Client::new(ClientSettings { guard, resolver, proxy, ..ClientSettings::default() })
        };
        let others = (1..workers).map(|_| client()).collect::<Result<_, _>>()?;
        let (guard, proxy, resolver) = (guard.clone(), proxy.clone(), resolver.clone());
        Ok(Self { first: client()?, others, guard, proxy, resolver })
    }

    /// Whether it would be made the same for `setup`.
    fn suits(&self, setup: &Setup) -> bool {
        let same_resolver = match (&self.resolver, &setup.resolver) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, Some(_)) | (Some(_), None) => false,
        };
        same_resolver && self.guard == setup.guard && self.proxy == setup.proxy
    }
}
