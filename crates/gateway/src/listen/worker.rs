//! A worker: a thread with a runtime, a listener on the shared port (`SO_REUSEPORT`) and connections
//! of its own, so that a call crosses no thread.

use super::place::NoPlace;
use super::{ListenError, Shared, connection};
use crate::operations::{self, Looks};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

/// How long calls may go on after the stop was asked for.
const DRAIN_TIME: Duration = Duration::from_secs(30);
/// How often a worker's timers are looked at, at least.
const TICK: Duration = Duration::from_secs(1);
/// How often the signing keys are looked after.
const KEYS_TIME: Duration = Duration::from_mins(1);
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A worker that has its listener, and waits for what it is to serve.
#[derive(Debug)]
pub(super) struct Hired {
    /// Where it listens.
    pub(super) address: SocketAddr,
    number: usize,
    thread: JoinHandle<()>,
    begin: mpsc::Sender<Arc<Shared>>,
}

impl Hired {
    /// Starts a worker that listens at `address`.
    pub(super) fn new(
        number: usize,
        address: SocketAddr,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, ListenError> {
        let (tell, told) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let body = move || run(number, address, stopped, &tell, &begun);
        let name = format!("candor-{number}");
        let thread =
            std::thread::Builder::new().name(name).spawn(body).map_err(ListenError::Worker)?;
        let gone = || ListenError::Worker(io::Error::other("the worker ended before it listened"));
        let address = told.recv().map_err(|_| gone())??;
        Ok(Self { address, number, thread, begin })
    }

    /// Lets it serve.
    pub(super) fn begin(self, shared: &Arc<Shared>) -> JoinHandle<()> {
        if self.begin.send(Arc::clone(shared)).is_err() {
            tracing::error!(worker = self.number, "a worker ended before it served");
        }
        self.thread
    }
}

type Told = Result<SocketAddr, ListenError>;

fn run(
    number: usize,
    address: SocketAddr,
    stopped: watch::Receiver<bool>,
    tell: &mpsc::Sender<Told>,
    begun: &mpsc::Receiver<Arc<Shared>>,
) {
    // Not a `LocalSet`: each of its tasks' turns would pass through two schedulers.
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(cause) => return drop(tell.send(Err(ListenError::Worker(cause)))),
    };
    runtime.block_on(async {
        let listener = match bind(address) {
            Ok(listener) => listener,
            Err(cause) => return drop(tell.send(Err(ListenError::Bind { address, cause }))),
        };
        drop(tell.send(Ok(listener.local_addr().unwrap_or(address))));
        // Nothing else runs on this thread yet. Nobody begins where another worker could not.
        let Ok(shared) = begun.recv() else { return };
        let keys = (number == 0).then(|| tokio::task::spawn_local(tend(Arc::clone(&shared))));
        let ticks = tokio::task::spawn_local(tick());
        let looks = tokio::task::spawn_local(look(Arc::clone(&shared), number));
        serve(listener, number, &shared, stopped).await;
        // Each worker does: what one gives back, another that still serves may have taken anew.
        let gateway = Arc::clone(&shared.house.load().gateway);
        gateway.part().await;
        ticks.abort();
        looks.abort();
        if let Some(keys) = keys {
            keys.abort();
        }
    });
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Keeps a timer that is due sooner than nearly all that calls set: a timer that is set to be the next
/// has its thread woken through the kernel, even where that is the thread that sets it.
async fn tick() {
    loop {
        tokio::time::sleep(TICK).await;
    }
}

/// Takes up operations that nobody runs.
async fn look(shared: Arc<Shared>, number: usize) {
    let mut looks = Looks::default();
    loop {
        let house = shared.house.load_full();
        let (gateway, client) = (Arc::clone(&house.gateway), house.client(number).clone());
        drop(house);
        operations::look(&gateway, &client, number == 0, &mut looks).await;
    }
}

/// Rotates the signing keys in their time.
async fn tend(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(KEYS_TIME).await;
        let house = shared.house.load_full();
        let keys = Arc::clone(&house.gateway.setup.keys);
        let now = house.gateway.setup.clock.now().as_second();
        drop(house);
        // It reads files, and once a day makes a key: not on a thread that serves calls.
        match tokio::task::spawn_blocking(move || keys.tend(now)).await {
            Ok(Ok(_changed)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the signing keys were not looked after"),
            Err(error) => tracing::error!(%error, "looking after the signing keys panicked"),
        }
    }
}

/// Accepts connections until the stop, then lets those under way end.
async fn serve(
    listener: TcpListener,
    number: usize,
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
            Ok((stream, caller)) => take(stream, caller, number, shared, &here, &stopped),
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
        while Rc::strong_count(&here) > 1 || operations::under_way() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("calls were still under way when the time to end them was over");
    }
}

/// Serves a connection in a task of its own, if there is a place for it. It is closed otherwise.
fn take(
    stream: TcpStream,
    caller: SocketAddr,
    number: usize,
    shared: &Arc<Shared>,
    here: &Rc<()>,
    stopped: &watch::Receiver<bool>,
) {
    match shared.places.take(&shared.house.load().gateway.setup, caller.ip(), here) {
        Ok(place) => {
            let shared = Arc::clone(shared);
            let serving = connection::serve(stream, caller, shared, number, place, stopped.clone());
            tokio::task::spawn_local(serving);
        }
        Err(NoPlace::Full) => tracing::warn!("a connection was closed: the limit is reached"),
        Err(NoPlace::Greedy) => {
            tracing::warn!(%caller, "a connection was closed: its address has as many as it may");
        }
    }
}
