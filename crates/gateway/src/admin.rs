//! The door to operators, on an address of its own: health, readiness, counters.
//!
//! | path | answer | key |
//! |---|---|---|
//! | `/healthz` | 200 as long as the process serves | no |
//! | `/readyz` | 200; 503 from the moment at which no new calls are taken | no |
//! | `/metrics` | counters, in Prometheus' text format | yes, where one is set |
//!
//! It has a thread of its own, so that it answers however busy the workers are. A web page is not
//! answered (a request with `Origin`).

use crate::listen::ListenError;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

/// How long a request may take to come, and a connection to be idle.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How many connections are served at once.
const CONNECTIONS: usize = 64;
/// The media type of the counters.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where operators connect, and what they must show.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key, shown as a bearer token; `None` on loopback, where there is none.
    pub key: Option<SecretString>,
}

/// Whether nothing was changed. Not for a key that a stranger shows.
impl PartialEq for AdminSettings {
    fn eq(&self, other: &Self) -> bool {
        let key = |settings: &Self| settings.key.as_ref().map(|key| key.expose_secret().to_owned());
        self.listen == other.listen && key(self) == key(other)
    }
}

/// What is shown.
pub trait View: Send + Sync + 'static {
    /// Whether new calls are taken.
    fn is_ready(&self) -> bool;
    /// The counters, in Prometheus' text format.
    fn metrics(&self) -> String;
    /// What else there is to say of it, such as how its ledger is; a line for each.
    fn told(&self) -> String {
        String::new()
    }
}

/// An address that is listened on, where nobody is answered yet: it is known before the gateway
/// starts, which must never be made to call it.
#[derive(Debug)]
pub struct AdminListener {
    listener: std::net::TcpListener,
    address: SocketAddr,
    key: Option<SecretString>,
}

/// A running admin listener. Dropping it stops it.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AdminListener {
    /// Listens.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn bind(settings: AdminSettings) -> Result<Self, ListenError> {
        let AdminSettings { listen, key } = settings;
        let bound = |cause| ListenError::Bind { address: listen, cause };
        let listener = std::net::TcpListener::bind(listen).map_err(bound)?;
        listener.set_nonblocking(true).map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        Ok(Self { listener, address, key })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers operators from now on.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn serve(self, view: Arc<dyn View>) -> Result<Admin, ListenError> {
        let Self { listener, address, key } = self;
        let (stop, stopped) = oneshot::channel();
        let shown = Arc::new(Shown { key, view });
        let thread = std::thread::Builder::new()
            .name("candor-admin".to_owned())
            .spawn(move || {
                if let Err(error) = run(listener, &shown, stopped) {
                    tracing::error!(%error, "the admin listener ended");
                }
            })
            .map_err(ListenError::Worker)?;
        Ok(Admin { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Admin {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the admin listener ended in a panic");
        }
    }
}

struct Shown {
    key: Option<SecretString>,
    view: Arc<dyn View>,
}

fn run(
    listener: std::net::TcpListener,
    shown: &Arc<Shown>,
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = &mut stopped => return Ok(()),
            };
            match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let shown = Arc::clone(shown);
                    tokio::spawn(async move {
                        connection(stream, shown).await;
                        drop(place);
                    });
                }
                (Ok(_), Err(_)) => tracing::warn!("an operator's connection was closed: too many"),
                (Err(error), _) => {
                    tracing::warn!(%error, "an operator's connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    })
}

async fn connection(stream: TcpStream, shown: Arc<Shown>) {
    let service = service_fn(move |request| {
        let answer = shown.answer(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(16 * 1024);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "an operator's connection ended");
    }
}

impl Shown {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.headers().contains_key(ORIGIN) {
            return said(StatusCode::FORBIDDEN, "a web page asks; only programs are answered\n");
        }
        let path = request.uri().path();
        if !["/healthz", "/readyz", "/metrics"].contains(&path) {
            let paths = "there is /healthz, /readyz and /metrics\n";
            return said(StatusCode::NOT_FOUND, paths);
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut answer = said(StatusCode::METHOD_NOT_ALLOWED, "this is read with GET\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            "/healthz" => said(StatusCode::OK, "ok\n"),
            "/readyz" if self.view.is_ready() => {
                said(StatusCode::OK, ["ready\n", &self.view.told()].concat())
            }
            "/readyz" => said(StatusCode::SERVICE_UNAVAILABLE, "no new calls are taken\n"),
            _ if self.admits(request) => {
                let mut answer = said(StatusCode::OK, self.view.metrics());
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(METRICS));
                answer
            }
            _ => {
                let mut answer = said(StatusCode::UNAUTHORIZED, "the admin key is needed\n");
                let scheme = HeaderValue::from_static("Bearer");
                answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
                answer
            }
        }
    }

    /// Whether the key is shown, where there is one.
    fn admits(&self, request: &Request<Incoming>) -> bool {
        let Some(key) = &self.key else { return true };
        let shown = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let shown = shown.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
        verify_slices_are_equal(shown, key.expose_secret().as_bytes()).is_ok()
    }
}

fn said(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}
