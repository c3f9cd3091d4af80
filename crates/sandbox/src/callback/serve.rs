//! One request from the socket to its answer.

use super::answers::{Answer, Refusal};
use super::body::{self, BodyError};
use super::callbacks::{self, Act, Known};
use super::conditions::{Conditions, Gate};
use super::request::{self, Callback};
use super::verify::{self, Token, Verifier};
use super::world::World;
use crate::Clock;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A handler: what it knows and what is wrong with it.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) gate: Gate,
    pub(super) verifier: Verifier,
    pub(super) world: Mutex<World>,
    pub(super) endpoint_id: String,
    pub(super) clock: Clock,
}

const CONDITIONS_PATH: &str = "/sandbox/conditions";
const CONTROL_PATHS: &str = "/sandbox/";
const LARGEST_BODY: usize = 1024 * 1024;
/// For a request's head, and for the pause between two requests.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Accepting fails where no file is left to open; it passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until it is dropped, and they with it.
pub(super) async fn accept(listener: TcpListener, handler: Arc<Handler>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&handler)))),
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

async fn serve(stream: TcpStream, handler: Arc<Handler>) {
    let service = service_fn(|request| async {
        let answer = handler.answer(request).await;
        Ok::<_, Infallible>(Response::<Full<Bytes>>::from(answer))
    });
    let mut builder = http1::Builder::new();
    let builder = builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

impl Handler {
    /// The state. Nothing waits while it is held.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if request.uri().path().starts_with(CONTROL_PATHS) {
            return self.control(request).await.unwrap_or_else(|why| Answer::refused(&why, None));
        }
        let conditions = self.gate.conditions.get();
        match self.gate.obstacle(&conditions, self.clock.now()).await {
            None => self.callback(request, &conditions).await,
            Some(answer) => answer,
        }
    }

    /// Shows and sets the conditions.
    async fn control(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let handle = &self.gate.conditions;
        let (Parts { method, uri, .. }, body) = request.into_parts();
        match (uri.path(), method) {
            (CONDITIONS_PATH, Method::GET) => {}
            (CONDITIONS_PATH, Method::PUT) => handle.set(conditions(&read_body(body).await?)?),
            _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such control")),
        }
        Ok(Answer::json(StatusCode::OK, &handle.get()))
    }

    /// A callback's way: the sender's token, the body, and then the work.
    async fn callback(&self, request: Request<Incoming>, conditions: &Conditions) -> Answer {
        let (parts, body) = request.into_parts();
        match self.read(&parts, body).await {
            Err(refusal) => Answer::refused(&refusal, None),
            Ok((token, callback)) => self
                .work(&parts.headers, &token, &callback, conditions)
                .unwrap_or_else(|refusal| Answer::refused(&refusal, Some(&callback.request_id))),
        }
    }

    async fn read(&self, parts: &Parts, body: Incoming) -> Result<(Token, Callback), Refusal> {
        check_head(parts)?;
        let token = self.verifier.token(&parts.headers, self.clock.now()).await?;
        let callback = request::read(&read_body(body).await?)?;
        verify::check_extra(&parts.headers)?;
        Ok((token, callback))
    }

    fn work(
        &self,
        headers: &HeaderMap,
        token: &Token,
        callback: &Callback,
        conditions: &Conditions,
    ) -> Result<Answer, Refusal> {
        self.check_endpoint(token, callback)?;
        let known = known(callback)?;
        if !conditions.backend_up {
            return Err(Refusal::unavailable("The service is down. Please try again later."));
        }
        let mut world = self.world();
        let sender = match known.act {
            Act::Mapped(_) => world.log_in(&verify::credentials(headers)?)?,
            Act::Mirrored(_) => callback.context.tenant_id.clone(),
        };
        world.carry_out(known, callback, sender, conditions.asynchronous)
    }

    /// The request must be for this endpoint, and the token must open it.
    fn check_endpoint(&self, token: &Token, callback: &Callback) -> Result<(), Refusal> {
        let endpoint = &callback.context.endpoint_id;
        let good = *endpoint == self.endpoint_id && token.opens(endpoint);
        let other = || Refusal::forbidden("The token or the request is for another endpoint.");
        good.then_some(()).ok_or_else(other)
    }
}

fn known(callback: &Callback) -> Result<&'static Known, Refusal> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "This callback is not implemented.");
    let known = callbacks::find(&callback.context.callback_id).ok_or_else(unknown)?;
    let other = || Refusal::malformed(format!("this callback takes {}", known.request));
    (callback.kind == known.request).then_some(known).ok_or_else(other)
}

fn check_head(parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "callbacks are sent with POST"));
    }
    let media = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let json = media.eq_ignore_ascii_case("application/json");
    let other = || Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "callbacks are JSON");
    json.then_some(()).ok_or_else(other)
}

async fn read_body(body: Incoming) -> Result<Bytes, Refusal> {
    body::read(body, LARGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge(_) => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        BodyError::Broken(_) => Refusal::malformed(error.to_string()),
    })
}

fn conditions(body: &[u8]) -> Result<Conditions, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::malformed(format!("these are not conditions: {error}")))
}
