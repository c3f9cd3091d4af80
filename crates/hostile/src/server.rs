//! A running server: a thread, a listener, a script and a log.

use crate::certificate::Certificate;
use crate::http1::{self, Counts};
use crate::line::Socket;
use crate::script::{Script, Turn};
use crate::seen::{Log, Seen};
use crate::streams::StreamTurn;
use crate::{http2, tls};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

/// The longest that a connection is served, muteness included.
const LONGEST: Duration = Duration::from_mins(1);
/// The most connections at a time; others wait in the listener's queue.
const MOST_CONNECTIONS: usize = 512;

/// A server that does what its script says, on 127.0.0.1 and a free port. Ends on drop, and with it
/// all its connections.
#[derive(Debug)]
pub struct Hostile {
    address: SocketAddr,
    scheme: &'static str,
    log: Log,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Plain HTTP/1.1, or what is not even that.
    ///
    /// # Errors
    /// No free port, or no thread; the same holds for all the others.
    pub fn http1(script: impl Into<Script<Turn>>) -> io::Result<Self> {
        Self::listen("http", Play::Http1(Counts::Requests, Cursor::new(script)), None)
    }

    /// HTTP/2 without TLS, as a client with prior knowledge speaks it (RFC 9113, section 3.3).
    pub fn http2(script: impl Into<Script<StreamTurn>>) -> io::Result<Self> {
        Self::listen("http", Play::Http2(Cursor::new(script)), None)
    }

    /// HTTP/1.1 behind TLS.
    ///
    /// # Errors
    /// As above, or a certificate that cannot be served.
    pub fn tls(certificate: &Certificate, script: impl Into<Script<Turn>>) -> io::Result<Self> {
        let tls = tls::acceptor(certificate, b"http/1.1")?;
        Self::listen("https", Play::Http1(Counts::Requests, Cursor::new(script)), Some(tls))
    }

    /// HTTP/2 behind TLS, and nothing else is offered (ALPN `h2`).
    ///
    /// # Errors
    /// As above.
    pub fn tls_http2(
        certificate: &Certificate,
        script: impl Into<Script<StreamTurn>>,
    ) -> io::Result<Self> {
        let tls = tls::acceptor(certificate, b"h2")?;
        Self::listen("https", Play::Http2(Cursor::new(script)), Some(tls))
    }

    /// A server that a client takes for one with TLS, and that breaks the handshake. What is read
    /// counts as bytes, never as requests.
    pub fn handshake(script: impl Into<Script<Turn>>) -> io::Result<Self> {
        Self::listen("https", Play::Http1(Counts::Noise, Cursor::new(script)), None)
    }

    /// A port that refuses every connection. It stays taken, so that nobody else answers there.
    ///
    /// # Errors
    /// As above.
    pub fn refuses() -> io::Result<Self> {
        let (runtime, socket) = (runtime()?, bound()?);
        Self::start("http", socket.local_addr()?, runtime, Log::new(), hold(socket))
    }

    /// A port whose queue is full: a connection is neither accepted nor refused.
    ///
    /// # Errors
    /// As above.
    pub fn never_accepts() -> io::Result<Self> {
        let (runtime, socket) = (runtime()?, bound()?);
        let address = socket.local_addr()?;
        let listener = {
            let _inside = runtime.enter();
            socket.listen(1)?
        };
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50));
        let queue: Vec<_> =
            std::iter::repeat_with(connect).map_while(Result::ok).take(64).collect();
        Self::start("http", address, runtime, Log::new(), hold((listener, queue)))
    }

    fn listen(scheme: &'static str, play: Play, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let (runtime, socket) = (runtime()?, bound()?);
        let listener = {
            let _inside = runtime.enter();
            socket.listen(1024)?
        };
        let (address, log) = (listener.local_addr()?, Log::new());
        let accept = accept(listener, play, tls, log.clone());
        Self::start(scheme, address, runtime, log, accept)
    }

    fn start(
        scheme: &'static str,
        address: SocketAddr,
        runtime: Runtime,
        log: Log,
        serve: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let until_stopped = async move {
            tokio::select! { () = serve => {}, _ = stopped => {} }
        };
        let thread = std::thread::Builder::new().name("hostile".to_owned());
        let thread = thread.spawn(move || runtime.block_on(until_stopped))?;
        Ok(Self { address, scheme, log, stop: Some(stop), thread: Some(thread) })
    }

    // --- where it is

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of `path` on it, by its address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The URL of `path` on it by `name`, which the client resolves to 127.0.0.1: certificates are
    /// for names.
    pub fn url_by(&self, name: &str, path: &str) -> String {
        format!("{}://{name}:{}{path}", self.scheme, self.address.port())
    }

    // --- what it saw

    /// Everything that it saw until now.
    pub fn seen(&self) -> Seen {
        self.log.snapshot()
    }

    /// Waits until `test` holds of what was seen, or for `within`; says whether it does. A client can
    /// be done before its last bytes were read. Blocks the calling thread, but not this server.
    pub fn saw(&self, within: Duration, test: impl Fn(&Seen) -> bool) -> bool {
        self.log.wait(within, test)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        // To drop the sender is to stop the server; one that has panicked has told so itself.
        drop(self.stop.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// How connections are served.
#[derive(Clone)]
enum Play {
    Http1(Counts, Cursor<Turn>),
    Http2(Cursor<StreamTurn>),
}

/// A script, and which turn is next. Shared by all connections.
#[derive(Debug)]
pub(crate) struct Cursor<T> {
    script: Arc<Script<T>>,
    next: Arc<AtomicUsize>,
}

impl<T> Clone for Cursor<T> {
    fn clone(&self) -> Self {
        Self { script: Arc::clone(&self.script), next: Arc::clone(&self.next) }
    }
}

impl<T: Clone> Cursor<T> {
    fn new(script: impl Into<Script<T>>) -> Self {
        Self { script: Arc::new(script.into()), next: Arc::default() }
    }

    /// Takes the next turn.
    pub(crate) fn next(&self) -> Option<T> {
        self.script.turn(self.next.fetch_add(1, Ordering::SeqCst)).cloned()
    }
}

/// Keeps something alive until the server ends.
async fn hold<T>(held: T) {
    let _held = held;
    std::future::pending::<()>().await;
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn bound() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    Ok(socket)
}

async fn accept(listener: TcpListener, play: Play, tls: Option<TlsAcceptor>, log: Log) {
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        // One connection that ended before it was accepted is not the listener's end.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (number, play, tls, log) = (log.accepted(), play.clone(), tls.clone(), log.clone());
        tokio::spawn(async move {
            let serve = connection(stream, number, play, tls, log.clone());
            drop(tokio::time::timeout(LONGEST, serve).await);
            log.ended(number);
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    number: usize,
    play: Play,
    tls: Option<TlsAcceptor>,
    log: Log,
) {
    match tls {
        None => serve(stream, number, play, log).await,
        // A client that refuses the certificate has made its point.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, number, play, log).await;
            }
        }
    }
}

async fn serve<S: Socket>(socket: S, number: usize, play: Play, log: Log) {
    match play {
        Play::Http1(counts, script) => http1::serve(socket, number, counts, script, log).await,
        Play::Http2(script) => http2::serve(socket, number, script, log).await,
    }
}
