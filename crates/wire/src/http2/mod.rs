//! HTTP/2 (RFC 9113): one connection that carries many calls at once.
//!
//! A call gets a stream of its own; what befalls the stream befalls that call alone. Nothing here
//! repeats a call: a refused stream is a fault like any other, and what to do is for the caller.

mod cause;
mod exchange;
mod payload;
mod slots;
mod watch;

pub(crate) use cause::{Cancelled, cancelled, is_misspoken};
pub(crate) use exchange::{Incomplete, run};

use crate::client::HeadLimits;
use crate::pool::PoolLimits;
use crate::stream::Stream;
use candor_facts::FaultKind;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use payload::Paced;
use slots::{NoSlot, Slot, Slots};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};
use watch::Watched;

/// How many streams of ours a connection carries at most; fewer where the peer says so.
const MOST_STREAMS: usize = 100;

/// What a peer may send on one stream before we have read it.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// What a peer may send on all streams of a connection before we have read it. Bounds the memory
/// that a connection can be made to hold.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// What one stream may have in our own send buffer. Small, so that what was handed over is close to
/// what has left.
const SEND_BUFFER: usize = 64 * 1024;

/// How long the connection may be silent while a call waits on it, before the peer is asked for a
/// sign of life.
const PING_AFTER: Duration = Duration::from_secs(15);

/// How long the peer has for that sign. Then the connection is dead, and each call on it fails.
const PING_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection that is not needed any more has for its farewell.
const FAREWELL: Duration = Duration::from_secs(1);

type Io = TokioIo<Watched<Stream>>;
type Driver = http2::Connection<Io, Paced, Tasks>;

/// An open HTTP/2 connection. It closes when nobody holds it.
pub(crate) struct Multiplexed {
    sender: SendRequest<Paced>,
    driver: Arc<Mutex<Option<Driver>>>,
    slots: Arc<Slots>,
    /// The TLS fault that ended the connection: HTTP/2's own errors keep no typed cause.
    tls_fault: Arc<OnceLock<FaultKind>>,
    tasks: Tasks,
    head: HeadLimits,
    opened: Instant,
    /// When a call was last given a stream, or gave it back.
    used: Mutex<Instant>,
}

/// Starts HTTP/2 on the stream. The connection is driven by tasks of its own.
pub(crate) async fn open(stream: Stream, head: HeadLimits) -> hyper::Result<Multiplexed> {
    let tasks = Tasks::default();
    let stream = Watched::new(stream);
    let tls_fault = stream.fault();
    let (sender, driver) = builder(&tasks, head).handshake(TokioIo::new(stream)).await?;
    let driver = Arc::new(Mutex::new(Some(driver)));
    let slots = Arc::new(Slots::default());
    tokio::spawn(drive(Arc::clone(&driver), Arc::clone(&slots)));
    let now = Instant::now();
    let used = Mutex::new(now);
    Ok(Multiplexed { sender, driver, slots, tls_fault, tasks, head, opened: now, used })
}

fn builder(tasks: &Tasks, head: HeadLimits) -> http2::Builder<Tasks> {
    let mut builder = http2::Builder::new(tasks.clone());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(exchange::told_header_list(head))
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_WITHIN);
    builder
}

/// Drives the connection to its end, and then lets go of it, so that what still lies in its queue
/// is given back.
async fn drive(driver: Arc<Mutex<Option<Driver>>>, slots: Arc<Slots>) {
    poll_fn(|cx| poll_once(&mut lock(&driver), cx)).await;
    slots.close();
}

fn poll_once(driver: &mut Option<Driver>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(running) = driver else { return Poll::Ready(()) };
    // What ended the connection is told to each call on it.
    let ended = Pin::new(running).poll(cx).map(drop);
    if ended.is_ready() {
        *driver = None;
    }
    ended
}

// === impl Multiplexed ===

impl Multiplexed {
    /// Whether a further call may use it.
    pub(crate) fn is_usable(&self, now: Instant, limits: &PoolLimits) -> bool {
        !self.sender.is_closed()
            && now.duration_since(self.opened) < limits.lifetime
            && (self.slots.any_taken() || now.duration_since(*lock(&self.used)) < limits.idle)
    }

    /// Waits until a stream is free.
    async fn slot(&self, until: Instant) -> Result<Slot, NoSlot> {
        *lock(&self.used) = Instant::now();
        let free = || (!self.sender.is_closed()).then(|| self.most_streams());
        self.slots.take(free, until).await
    }

    /// The peer's bound as it is now, but no more than ours. A bound of none at all is left to the
    /// HTTP layer to wait out.
    fn most_streams(&self) -> usize {
        let theirs = lock(&self.driver).as_ref().map(Driver::current_max_send_streams);
        theirs.unwrap_or(MOST_STREAMS).clamp(1, MOST_STREAMS)
    }
}

/// The last call may have left a stream behind that the peer never reads to its end, and such a
/// stream would keep the connection open for ever.
impl Drop for Multiplexed {
    fn drop(&mut self) {
        let connection = self.tasks.first.get().cloned();
        if let (Some(connection), Ok(runtime)) = (connection, Handle::try_current()) {
            runtime.spawn(async move {
                sleep(FAREWELL).await;
                connection.abort();
            });
        }
    }
}

impl std::fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multiplexed").field("opened", &self.opened).finish_non_exhaustive()
    }
}

// === impl Tasks ===

/// Runs a connection's tasks, and remembers the first: it is the one that owns the socket.
#[derive(Debug, Clone, Default)]
struct Tasks {
    first: Arc<OnceLock<AbortHandle>>,
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let handle = tokio::spawn(task).abort_handle();
        self.first.get_or_init(|| handle);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
