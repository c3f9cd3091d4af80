//! The door to callers: threads that each serve their own connections over HTTP/1.1.
//!
//! Every worker is a thread with a runtime, a listener on the shared port (`SO_REUSEPORT`) and kept
//! connections of its own, so that a call crosses no thread. What is said on a connection is told in
//! `journey`.

use crate::admin::View;
use crate::intake::Intake;
use crate::journey::{self, Gateway};
use crate::reply::{self, Reply};
use crate::setup::Setup;
use arc_swap::ArcSwap;
use candor_wire::{Client, ClientSettings};
use http::Request;
use http::header::EXPECT;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;

/// How long a caller may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long calls may go on after the stop was asked for.
const DRAIN_TIME: Duration = Duration::from_secs(30);
/// How often the signing keys are looked after.
const KEYS_TIME: Duration = Duration::from_mins(1);
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

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
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// Starts the gateway and returns when it listens.
///
/// # Errors
/// The address is taken or not allowed, or threads or name resolution are not to be had.
pub fn start(setup: Setup) -> Result<Running, ListenError> {
    if setup.callers.is_open() && !setup.anybody && !setup.listen.ip().is_loopback() {
        return Err(ListenError::Open(setup.listen));
    }
    if setup.named_targets.is_some() && !setup.listen.ip().is_loopback() {
        return Err(ListenError::Named(setup.listen));
    }
    unshared(setup.listen).map_err(|cause| ListenError::Bind { address: setup.listen, cause })?;
    let (stop, stopped) = watch::channel(false);
    let address = setup.listen;
    let gateway = Gateway::new(setup);
    let shared =
        Arc::new(Shared { open: AtomicUsize::new(0), gateway: ArcSwap::from_pointee(gateway) });
    let mut running = Running { address, stop, workers: Vec::new(), shared: Arc::clone(&shared) };
    for number in 0..shared.gateway.load().setup.workers.max(1) {
        let (worker, address) = worker(number, running.address, &shared, stopped.clone())?;
        running.address = address;
        running.workers.push(worker);
    }
    Ok(running)
}

// === impl Running ===

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the calls that begin from now on by another setup. Connections stay, and calls under way
    /// end as they began. Counters, circuits, budgets and tokens of upstreams that are still there go
    /// on. Returns what has changed and takes a restart to take effect.
    pub fn replace(&self, mut setup: Setup) -> Vec<&'static str> {
        let before = self.shared.gateway.load_full();
        setup.go_on(&before.setup);
        let fixed = setup.fixed_changes(&before.setup);
        self.shared.gateway.store(Arc::new(Gateway::new(setup)));
        fixed
    }

    /// What operators are shown of it.
    pub fn view(&self) -> Arc<dyn View> {
        let (shared, stopped) = (Arc::clone(&self.shared), self.stop.subscribe());
        Arc::new(Watched { shared, stopped })
    }

    /// Takes no new calls, lets those under way end for up to 30 seconds, and returns.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("a worker ended in a panic");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
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
        self.shared.gateway.load().metrics()
    }
}

// === a worker ===

/// What all workers share.
#[derive(Debug)]
struct Shared {
    /// What calls that begin now are answered by.
    gateway: ArcSwap<Gateway>,
    open: AtomicUsize,
}

fn worker(
    number: usize,
    address: SocketAddr,
    shared: &Arc<Shared>,
    stopped: watch::Receiver<bool>,
) -> Result<(JoinHandle<()>, SocketAddr), ListenError> {
    let (tell, told) = mpsc::channel();
    let shared = Arc::clone(shared);
    let body = move || run(number, address, &shared, stopped, &tell);
    let name = format!("candor-{number}");
    let thread = std::thread::Builder::new().name(name).spawn(body).map_err(ListenError::Worker)?;
    let gone = || ListenError::Worker(io::Error::other("the worker ended before it listened"));
    let address = told.recv().map_err(|_| gone())??;
    Ok((thread, address))
}

fn run(
    number: usize,
    address: SocketAddr,
    shared: &Arc<Shared>,
    stopped: watch::Receiver<bool>,
    tell: &mpsc::Sender<Result<SocketAddr, ListenError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(cause) => return drop(tell.send(Err(ListenError::Worker(cause)))),
    };
    LocalSet::new().block_on(&runtime, async {
        match open(address, shared) {
            Ok((listener, client)) => {
                let address = listener.local_addr().unwrap_or(address);
                drop(tell.send(Ok(address)));
                let keys =
                    (number == 0).then(|| tokio::task::spawn_local(tend(Arc::clone(shared))));
                serve(listener, client, shared, stopped).await;
                if let Some(keys) = keys {
                    keys.abort();
                }
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    });
}

fn open(address: SocketAddr, shared: &Shared) -> Result<(TcpListener, Client), ListenError> {
    let listener = bind(address).map_err(|cause| ListenError::Bind { address, cause })?;
    let gateway = shared.gateway.load();
    let setup = &gateway.setup;
    // A callback must not call the gateway itself.
    let mut guard = setup.guard.clone();
    guard.own.extend(listener.local_addr());
    let client = Client::new(ClientSettings {
        guard,
        resolver: setup.resolver.clone(),
        ..ClientSettings::default()
    })?;
    Ok((listener, client))
}

/// Fails where another process listens already: the workers share their port, and would share it with
/// any other process of this user too.
fn unshared(address: SocketAddr) -> io::Result<()> {
    std::net::TcpListener::bind(address).map(drop)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Rotates the signing keys in their time.
async fn tend(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(KEYS_TIME).await;
        let gateway = shared.gateway.load_full();
        let now = gateway.setup.clock.now().as_second();
        // It reads files, and once a day makes a key: not on a thread that serves calls.
        match tokio::task::spawn_blocking(move || gateway.setup.keys.tend(now)).await {
            Ok(Ok(_changed)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the signing keys were not looked after"),
            Err(error) => tracing::error!(%error, "looking after the signing keys panicked"),
        }
    }
}

/// Accepts connections until the stop, then lets those under way end.
async fn serve(
    listener: TcpListener,
    client: Client,
    shared: &Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let here = Rc::new(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let place = Place::take(shared, &here);
                let connection = connection(stream, client.clone(), place, stopped.clone());
                tokio::task::spawn_local(connection);
            }
            Err(error) => {
                // Out of file descriptors, mostly: wait, so that the loop does not spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // From here on callers are refused at once, instead of waiting for nobody.
    drop(listener);
    let drained = async {
        while Rc::strong_count(&here) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("calls were still under way when the time to end them was over");
    }
}

/// Serves one connection until it ends, or until the call under way at the stop has ended.
async fn connection(
    stream: TcpStream,
    client: Client,
    place: Option<Rc<Place>>,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(place) = place else {
        tracing::warn!("a connection was closed: the limit is reached");
        return;
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was not set");
    }
    let service = service_fn(|request| {
        let reply = answer(Rc::clone(&place), client.clone(), request);
        async move { Ok::<_, Infallible>(reply.await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 * 1024);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stopped.wait_for(|stop| *stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a caller's connection ended");
    }
}

/// Answers a request in a task of its own. A caller who hangs up ends its connection, but not the
/// call: what may have arrived at a handler goes on to its end. A panic ends the task, nothing else.
async fn answer(place: Rc<Place>, client: Client, request: Request<Incoming>) -> Reply {
    let (tell, told) = oneshot::channel();
    // A call goes on with the setup that it began with.
    let gateway = place.shared.gateway.load_full();
    let ours = Arc::clone(&gateway);
    tokio::task::spawn_local(async move {
        let _place = place;
        let (head, body) = request.into_parts();
        let mut body = Intake::new(body);
        let reply = journey::answer(&ours, &client, &head, &mut body).await;
        if let Err(reply) = tell.send(reply) {
            reply::undelivered(&reply);
        }
        // Who asks first whether to send (RFC 9110, section 10.1.1) sends nothing after a refusal.
        if !head.headers.contains_key(EXPECT) {
            body.linger().await;
        }
    });
    told.await.unwrap_or_else(|_| reply::panicked(&gateway))
}

/// One of the places for open connections. A call keeps the place of its connection until both have
/// ended.
struct Place {
    shared: Arc<Shared>,
    /// Counts the places of this worker.
    _here: Rc<()>,
}

impl Place {
    fn take(shared: &Arc<Shared>, here: &Rc<()>) -> Option<Rc<Self>> {
        let limit = shared.gateway.load().setup.limits.connections;
        let before = shared.open.fetch_add(1, Ordering::Relaxed);
        let place = Self { shared: Arc::clone(shared), _here: Rc::clone(here) };
        (before < limit).then(|| Rc::new(place))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
    }
}
