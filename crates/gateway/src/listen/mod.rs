//! The listener: workers that serve callers' connections over HTTP/1.1 and HTTP/2, with or without
//! TLS.
//!
//! A connection is opened (`connection`), its requests are let in and answered one by one
//! (`answer`); what serves them stands in a `house` that can be rebuilt while they are under way.
//! What HTTP asks of a request is judged in `door`, what is said to it in `journey`.

mod answer;
mod connection;
mod house;
mod http2;
mod place;
mod stream;
mod tls;
mod worker;

pub use tls::{ClientCertificates, PeerCertificate, TlsError, TlsFiles, TlsSettings};

use crate::admin::View;
use crate::setup::Setup;
use arc_swap::ArcSwap;
use house::House;
use place::Places;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use worker::Hired;

/// Why the gateway does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// Everybody could call, from other machines too.
    #[error(
        "{0} can be reached from other machines, and nobody who may call is named: name `callers`, \
         say `callers: anybody`, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    /// Callers on other machines could name any target.
    #[error(
        "{0} can be reached from other machines, and callers may name targets: listen on 127.0.0.1"
    )]
    Named(SocketAddr),
    /// A worker could not be started.
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
    /// The client for outgoing calls could not be set up.
    #[error("cannot set up outgoing calls")]
    Client(#[from] candor_wire::SetupError),
}

/// A running gateway. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    /// As it was asked for.
    listen: SocketAddr,
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What became of another setup.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "what needs a restart should be told"]
pub struct Replaced {
    /// The settings that differ and count from the next start on, by their names in [`Setup`].
    pub needs_restart: Vec<&'static str>,
}

/// What all workers share.
#[derive(Debug)]
struct Shared {
    house: ArcSwap<House>,
    places: Arc<Places>,
}

/// Starts the gateway and returns when it listens.
///
/// # Errors
/// The address is taken or not allowed, or threads or name resolution are not to be had.
pub fn start(setup: Setup) -> Result<Running, ListenError> {
    let listen = setup.listen;
    careful(&setup)?;
    unshared(listen).map_err(|cause| ListenError::Bind { address: listen, cause })?;
    let (stop, stopped) = watch::channel(false);
    let mut address = listen;
    let mut hired = Vec::new();
    for number in 0..setup.workers.max(1) {
        let worker = Hired::new(number, address, stopped.clone())?;
        address = worker.address;
        hired.push(worker);
    }
    let house = House::new(setup, &[address])?;
    let shared = Arc::new(Shared { house: ArcSwap::from_pointee(house), places: Arc::default() });
    let workers = hired.into_iter().map(|worker| worker.begin(&shared)).collect();
    Ok(Running { address, listen, stop, workers, shared })
}

/// Fails where people on other machines could do what only those on this one may.
fn careful(setup: &Setup) -> Result<(), ListenError> {
    let listen = setup.listen;
    if listen.ip().is_loopback() {
        return Ok(());
    }
    if setup.callers.is_open() && !setup.anybody {
        return Err(ListenError::Open(listen));
    }
    if setup.named_targets.is_some() {
        return Err(ListenError::Named(listen));
    }
    Ok(())
}

/// Fails where another process listens already: the workers share their port, and would share it with
/// any other process of this user too.
fn unshared(address: SocketAddr) -> io::Result<()> {
    std::net::TcpListener::bind(address).map(drop)
}

// === impl Running ===

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What operators are shown of it.
    pub fn view(&self) -> Arc<dyn View> {
        let (shared, stopped) = (Arc::clone(&self.shared), self.stop.subscribe());
        Arc::new(Watched { shared, stopped })
    }

    /// Serves by another setup from the next request on. No connection is closed and no call
    /// disturbed: what is under way ends by the setup that it began with. What is still the same goes
    /// on as it stands: the kept connections, circuits, budgets, limits, counters and tokens of
    /// upstreams, and the accounts of callers. Connections to all upstreams end where guard, proxy or
    /// resolver differ. TLS counts for new connections, as do the bounds of connections.
    ///
    /// Where it listens and with how many workers does not change before a restart; what differs
    /// there is named. Must not be called by two at a time.
    ///
    /// # Errors
    /// Name resolution is not to be had, or others could do what they may not. The setup before goes
    /// on.
    pub fn replace(&self, mut setup: Setup) -> Result<Replaced, ListenError> {
        let changed = [
            ("listen", setup.listen != self.listen),
            ("workers", setup.workers.max(1) != self.workers.len()),
        ];
        careful(&setup)?;
        let before = self.shared.house.load_full();
        setup.go_on(&before.gateway.setup);
        let house = before.rebuilt(setup, &[self.address])?;
        self.shared.house.store(Arc::new(house));
        let changed = changed.into_iter().filter(|(_, changed)| *changed);
        Ok(Replaced { needs_restart: changed.map(|(name, _)| name).collect() })
    }

    /// Takes no new calls, lets those under way end for up to 30 seconds, and returns.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        self.shared.house.load().gateway.close();
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("a worker ended in a panic");
            }
        }
    }
}

/// A running gateway, as it is shown.
#[derive(Debug)]
struct Watched {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

impl View for Watched {
    fn is_ready(&self) -> bool {
        !*self.stopped.borrow()
    }

    fn metrics(&self) -> String {
        self.shared.house.load().gateway.metrics()
    }

    fn told(&self) -> String {
        self.shared.house.load().gateway.told()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
