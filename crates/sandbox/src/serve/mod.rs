//! The sockets of the sandbox: loopback, HTTP/1.1, as many requests on a connection as come.
//!
//! A [`Service`] answers requests; where it listens, and whether it shares its address with others
//! below prefixes, is settled here.

mod body;
mod head;

pub(crate) use body::read;

use crate::stage::{Api, Body, Call, Controlled, Stage};
use bytes::Bytes;
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use serde_json::Value;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The largest body of a call, in bytes.
pub const LARGEST_BODY: usize = 1024 * 1024;
/// The largest body of a control call, such as a saved world, in bytes.
pub const LARGEST_CONTROL: usize = 64 * 1024 * 1024;
/// How many connections are open at once; others wait.
const CONNECTIONS: usize = 1024;
/// For a request's head, and for the pause between two requests.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Accepting fails where no file is left to open; it passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An answer, ready for the wire.
pub type Answer = Response<Full<Bytes>>;
/// An answer that is on its way.
pub type Answering<'s> = Pin<Box<dyn Future<Output = Answer> + Send + 's>>;

/// What answers requests.
pub trait Service: Send + Sync + fmt::Debug + 'static {
    /// The name, which is its prefix where it shares an address.
    fn name(&self) -> &'static str;

    /// Answers a request, whose target is below its own base.
    fn answer(&self, parts: Parts, body: Incoming) -> Answering<'_>;

    /// Answers a request whose head frames no body: `Content-Length` is not a number.
    fn answer_unframed(&self, parts: Parts) -> Answering<'_>;

    /// Its world, to be kept.
    fn save(&self) -> Value;

    /// Takes a kept world over.
    ///
    /// # Errors
    /// It is none of this service.
    fn restore(&self, saved: &Value) -> Result<(), String>;

    /// A number that grows with each change of the world.
    fn changes(&self) -> u64;
}

/// A listener at work. It stops when this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Who answers at an address: one service, or several below their names.
#[derive(Debug, Clone)]
pub enum Front {
    /// One, for all paths.
    One(Arc<dyn Service>),
    /// Each below `/<name>`.
    Prefixed(Vec<Arc<dyn Service>>),
}

impl Listening {
    /// Listens, on the current tokio runtime; port 0 takes a free port.
    ///
    /// # Errors
    /// The address is not on loopback, or is taken.
    pub async fn start(address: SocketAddr, front: Front) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let why = "a sandbox listens on loopback only; take 127.0.0.1 or [::1]";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, front));
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listening {
    /// Stops it: open connections are closed, and the port is free when this returns.
    pub async fn stop(mut self) {
        self.task.abort();
        if let Err(error) = (&mut self.task).await
            && !error.is_cancelled()
        {
            tracing::error!(%error, "a listener ended badly");
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves connections until it is dropped, and they with it.
async fn accept(listener: TcpListener, front: Front) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, front.clone()))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Connections that ended are let go of.
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(mut stream: TcpStream, front: Front) {
    let _best_effort = stream.set_nodelay(true);
    if let Some(parts) = head::unframed(&stream).await {
        let answer = front.answer_unframed(parts).await;
        return head::write(&mut stream, answer).await;
    }
    exchange(stream, &front).await;
}

/// Exchanges requests and answers on a connection until it ends.
pub(crate) async fn exchange<S>(stream: S, front: &Front)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| async {
        let (parts, body) = request.into_parts();
        Ok::<_, Infallible>(front.answer(parts, body).await)
    });
    let mut builder = http1::Builder::new();
    let builder = builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

// === impl Front ===

impl Front {
    async fn answer(&self, mut parts: Parts, body: Incoming) -> Answer {
        match self.find(&mut parts) {
            Some(service) => self.located(service, service.answer(parts, body).await),
            None => self.nobody(),
        }
    }

    async fn answer_unframed(&self, mut parts: Parts) -> Answer {
        match self.find(&mut parts) {
            Some(service) => self.located(service, service.answer_unframed(parts).await),
            None => self.nobody(),
        }
    }

    /// Who answers; a prefix is taken off the target.
    fn find(&self, parts: &mut Parts) -> Option<&dyn Service> {
        match self {
            Self::One(service) => Some(&**service),
            Self::Prefixed(services) => services.iter().find_map(|service| {
                parts.uri = below(&parts.uri, service.name())?;
                Some(&**service)
            }),
        }
    }

    /// The answer, whose `Location` on this address has the prefix of its service.
    fn located(&self, service: &dyn Service, mut answer: Answer) -> Answer {
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let own = location.filter(|path| path.starts_with('/') && !path.starts_with("//"));
        let prefixed = own.map(|path| format!("/{}{path}", service.name()));
        let Self::Prefixed(_) = self else { return answer };
        if let Some(Ok(value)) = prefixed.map(HeaderValue::try_from) {
            answer.headers_mut().insert(LOCATION, value);
        }
        answer
    }

    fn nobody(&self) -> Answer {
        let names: Vec<&str> = match self {
            Self::One(service) => vec![service.name()],
            Self::Prefixed(services) => services.iter().map(|service| service.name()).collect(),
        };
        let text = format!("nobody answers here; there are: /{}\n", names.join(", /"));
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        response
    }
}

/// The target without its first segment, if that is `name`.
fn below(uri: &Uri, name: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?.strip_prefix(name)?;
    let path = match rest {
        "" => "/",
        rest if rest.starts_with('/') => rest,
        _ => return None,
    };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().ok()
}

// === a stage as a service ===

impl<A: Api> Service for Stage<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn answer(&self, parts: Parts, body: Incoming) -> Answering<'_> {
        Box::pin(async move {
            let control = is_control(parts.uri.path());
            let most = if control { LARGEST_CONTROL } else { LARGEST_BODY };
            let call = call_of(parts, read(body, most).await);
            if control {
                return self.control(&call).into();
            }
            self.play(call).await
        })
    }

    fn answer_unframed(&self, parts: Parts) -> Answering<'_> {
        Box::pin(self.play(call_of(parts, Body::Broken)))
    }

    fn save(&self) -> Value {
        Controlled::save(self)
    }

    fn restore(&self, saved: &Value) -> Result<(), String> {
        Controlled::restore(self, saved)
    }

    fn changes(&self) -> u64 {
        Self::changes(self)
    }
}

impl<A: Api> Stage<A> {
    async fn play(&self, call: Call) -> Answer {
        let (pause, mute) = {
            let conditions = &self.world().conditions;
            (conditions.pause(), conditions.mute)
        };
        if mute {
            std::future::pending::<()>().await;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        self.call(call).into()
    }
}

pub(crate) fn is_control(path: &str) -> bool {
    path == "/sandbox" || path.starts_with("/sandbox/")
}

pub(crate) fn call_of(parts: Parts, body: Body) -> Call {
    let Parts { method, uri, headers, .. } = parts;
    Call { method, uri, headers, body, now: Timestamp::UNIX_EPOCH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_whole_segment() {
        let below = |path: &str| below(&path.parse().unwrap(), "open2b").map(|uri| uri.to_string());
        assert_eq!(below("/open2b/api/v13/x?a=b"), Some("/api/v13/x?a=b".to_owned()));
        assert_eq!(below("/open2b"), Some("/".to_owned()));
        assert_eq!(below("/open2bb/x"), None);
        assert_eq!(below("/"), None);
    }
}
