//! One request from the socket to its answer.

use super::answers::{Answer, Refusal};
use super::callbacks::{self, Act, Known};
use super::conditions::{Conditions, Gate};
use super::request::{self, Callback};
use super::verify::{self, Token, Verifier};
use super::world::World;
use super::{NAME, Settings};
use crate::serve::{Answering, LARGEST_BODY, LARGEST_CONTROL, Service, call_of, is_control, read};
use crate::stage::{Body, Controlled, Time, control};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A handler: what it knows and what is wrong with it.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) gate: Gate,
    pub(super) verifier: Verifier,
    pub(super) world: Mutex<World>,
    pub(super) time: Mutex<Time>,
    pub(super) settings: Settings,
    pub(super) changes: AtomicU64,
}

/// All of it, to be kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    state: World,
    conditions: Conditions,
    time: Time,
}

impl Service for Handler {
    fn name(&self) -> &'static str {
        NAME
    }

    fn answer(&self, parts: Parts, body: Incoming) -> Answering<'_> {
        Box::pin(async move {
            if is_control(parts.uri.path()) {
                let call = call_of(parts, read(body, LARGEST_CONTROL).await);
                let reply = control(self, &call);
                self.gate.settled().await;
                return reply.into();
            }
            self.respond(parts, read(body, LARGEST_BODY)).await.into()
        })
    }

    fn answer_unframed(&self, parts: Parts) -> Answering<'_> {
        Box::pin(async { self.respond(parts, async { Body::Broken }).await.into() })
    }

    fn save(&self) -> Value {
        Controlled::save(self)
    }

    fn restore(&self, saved: &Value) -> Result<(), String> {
        Controlled::restore(self, saved)
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}

impl Controlled for Handler {
    fn named(&self) -> (&'static str, String) {
        (NAME, NAME.to_owned())
    }

    fn conditions(&self) -> Value {
        json!(self.gate.conditions.get())
    }

    fn set_conditions(&self, conditions: &Value) -> Result<(), String> {
        let conditions = Conditions::deserialize(conditions).map_err(|error| error.to_string())?;
        self.gate.conditions.set(conditions);
        self.note_change();
        Ok(())
    }

    fn time(&self) -> Time {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_time(&self, time: Time) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = time;
        self.note_change();
    }

    fn save(&self) -> Value {
        let (conditions, time) = (self.gate.conditions.get(), self.time());
        json!({ "state": *self.world(), "conditions": conditions, "time": time })
    }

    fn restore(&self, saved: &Value) -> Result<(), String> {
        let kept = Kept::deserialize(saved).map_err(|error| error.to_string())?;
        let Kept { state, conditions, time } = kept;
        *self.world() = state;
        self.gate.conditions.set(conditions);
        self.set_time(time);
        Ok(())
    }

    fn reset(&self) {
        *self.world() = World::new(&self.settings.accounts, &self.settings.partners);
        self.gate.reset();
        self.set_time(self.settings.time);
    }
}

impl Handler {
    /// The state. Nothing waits while it is held.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> i64 {
        self.time().now().as_second()
    }

    async fn respond(&self, parts: Parts, body: impl Future<Output = Body>) -> Answer {
        self.note_change();
        let conditions = self.gate.conditions.get();
        match self.gate.obstacle(&conditions, self.now()).await {
            None => self.callback(&parts, body, &conditions).await,
            Some(answer) => answer,
        }
    }

    /// A callback's way: the sender's token, the body, and then the work.
    async fn callback(
        &self,
        parts: &Parts,
        body: impl Future<Output = Body>,
        conditions: &Conditions,
    ) -> Answer {
        match self.read(parts, body).await {
            Err(refusal) => Answer::refused(&refusal, None),
            Ok((token, callback)) => self
                .work(&parts.headers, &token, &callback, conditions)
                .unwrap_or_else(|refusal| Answer::refused(&refusal, Some(&callback.request_id))),
        }
    }

    async fn read(
        &self,
        parts: &Parts,
        body: impl Future<Output = Body>,
    ) -> Result<(Token, Callback), Refusal> {
        check_head(parts)?;
        let token = self.verifier.token(&parts.headers, self.now()).await?;
        let callback = request::read(&whole(body.await)?)?;
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
            Act::Mapped(_) | Act::Own(_) => world.log_in(&verify::credentials(headers)?)?,
            Act::Mirrored(_) => callback.context.tenant_id.clone(),
        };
        world.carry_out(known, callback, sender, conditions.asynchronous)
    }

    /// The request must be for this endpoint, and the token must open it.
    fn check_endpoint(&self, token: &Token, callback: &Callback) -> Result<(), Refusal> {
        let endpoint = &callback.context.endpoint_id;
        let good = *endpoint == self.settings.endpoint_id && token.opens(endpoint);
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

fn whole(body: Body) -> Result<Bytes, Refusal> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::Broken => Err(Refusal::malformed("the body broke off")),
        Body::TooLarge => {
            let why = format!("the body is larger than {LARGEST_BODY} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why))
        }
    }
}
