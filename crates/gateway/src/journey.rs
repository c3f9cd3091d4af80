//! One call, from the door to the caller's answer: the file to read first.
//!
//! Whatever may fail on the way fails with a [`Held`] and `?`; every ending becomes an answer in
//! one place, [`answer`].

use crate::admit::{self, Asked};
use crate::attempt::Send;
use crate::callback::{Ingredients, Order};
use crate::keys::KeyError;
use crate::pace::{self, Decision};
use crate::reply::{self, Reply};
use crate::setup::{Limits, Setup};
use crate::tokens::Tokens;
use bytes::Bytes;
use candor_contract::Words;
use candor_facts::{Attempt, Held, HeldKind};
use candor_wire::Client;
use http::request::Parts;
use http::{Method, Request};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Where the public keys are published: the documented path (Callback handler, Request
/// verification).
pub(crate) const KEYS_PATH: &str = "/api/idp/v1/keys";

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) setup: Setup,
    pub(crate) tokens: Tokens,
}

/// What is known of a call from its first line on.
#[derive(Debug)]
pub(crate) struct Trip {
    /// The id of the call: the callback's `request_id`.
    pub(crate) request_id: Uuid,
    /// When it must be over.
    pub(crate) deadline: Instant,
    /// The locales that the caller wants.
    pub(crate) locales: Vec<String>,
    /// The callback that was asked for, as far as it is known.
    pub(crate) callback: Option<String>,
    /// The `CyberApp` that was asked for, as far as it is known.
    pub(crate) cyberapp: Option<String>,
}

/// Answers a caller, whatever happens.
pub(crate) async fn answer(
    gateway: &Gateway,
    client: &Client,
    request: Request<Incoming>,
) -> Reply {
    let (head, body) = request.into_parts();
    if head.method == Method::GET && head.uri.path() == KEYS_PATH {
        return reply::keys(gateway.setup.keys.jwks());
    }
    let mut trip = Trip::start(gateway, &head);
    match travel(gateway, client, &mut trip, &head, body).await {
        Ok(reply) => reply,
        Err(held) => reply::held(gateway, &trip, &held),
    }
}

/// The way of a callback, one step a line.
async fn travel(
    gateway: &Gateway,
    client: &Client,
    trip: &mut Trip,
    head: &Parts,
    body: Incoming,
) -> Result<Reply, Held> {
    let asked = admit::read(gateway, head)?;
    trip.note(&asked);
    let payload = admit::payload(body, &gateway.setup.limits).await?;
    asked.callback.check_payload(&payload)?;
    let order = order(gateway, trip, &asked, &payload)?;
    Ok(call(gateway, client, trip, &asked, &order).await)
}

/// Builds the request that every attempt sends.
fn order(
    gateway: &Gateway,
    trip: &Trip,
    asked: &Asked<'_>,
    payload: &Bytes,
) -> Result<Order, Held> {
    let now = gateway.setup.clock.now();
    let endpoint_id = asked.cyberapp.endpoint_id.as_str();
    let token = gateway.tokens.get(endpoint_id, now.as_second()).map_err(|e| unsigned(&e))?;
    let with = Ingredients {
        request_id: trip.request_id,
        created_at: now,
        endpoint_id,
        tenant_id: &asked.tenant_id,
        datacenter_url: &gateway.setup.datacenter_url,
        access: asked.access,
        token: &token,
    };
    asked.callback.order(&with, payload)
}

/// Sends the order until it succeeds, or a repeat is not safe, not allowed or not in time.
async fn call(
    gateway: &Gateway,
    client: &Client,
    trip: &Trip,
    asked: &Asked<'_>,
    order: &Order,
) -> Reply {
    let Asked { callback, cyberapp, .. } = asked;
    let (limits, deadline) = (&gateway.setup.limits, trip.deadline);
    let send = Send { client, target: &cyberapp.target, callback, order, limits, deadline };
    let mut attempts: Vec<Attempt> = Vec::new();
    for number in 1.. {
        let ended = send.once(|| gateway.setup.clock.now().as_second()).await;
        let reading = ended.read(callback);
        let (decision, words) = decide(&reading.retry, callback.retry(), number, deadline);
        attempts.push(ended.record(number, &reading.row.id, &words));
        if let Decision::Again(wait) = decision {
            tokio::time::sleep(wait).await;
            continue;
        }
        if reading.row.class.is_success() {
            return reply::success(trip, ended, &reading, attempts.len());
        }
        let names = [("cyberapp_name", cyberapp.name.as_str())];
        let verdict = ended.verdict(&reading, callback, &words_for(gateway, trip, &names));
        return reply::failure(gateway, trip, verdict, attempts);
    }
    reply::held(gateway, trip, &Held::new(HeldKind::Internal, "the attempts have no end"))
}

fn decide(
    retry: &candor_facts::Retry,
    policy: Option<&pace::RetryPolicy>,
    number: u32,
    deadline: Instant,
) -> (Decision, String) {
    let left = deadline.saturating_duration_since(Instant::now());
    let decision = pace::decide(retry, policy, number, left, fastrand::f64());
    let words = match &decision {
        Decision::Again(Duration::ZERO) => "repeated at once".to_owned(),
        Decision::Again(wait) => format!("repeated after {} ms", wait.as_millis()),
        Decision::Done(why) => (*why).to_owned(),
    };
    (decision, words)
}

/// What the choice of words depends on, for this call.
pub(crate) fn words_for<'w>(
    gateway: &'w Gateway,
    trip: &'w Trip,
    names: &'w [(&'w str, &'w str)],
) -> Words<'w> {
    Words { set: &gateway.setup.message_set, locales: &trip.locales, names }
}

fn unsigned(error: &KeyError) -> Held {
    Held::new(HeldKind::Internal, format!("the token could not be signed: {error}"))
}

// === impl Gateway ===

impl Gateway {
    pub(crate) fn new(setup: Setup) -> Self {
        let tokens = Tokens::new(setup.token.clone(), Arc::clone(&setup.keys));
        Self { setup, tokens }
    }
}

// === impl Trip ===

impl Trip {
    fn start(gateway: &Gateway, head: &Parts) -> Self {
        Self { locales: admit::locales(&head.headers), ..Self::nameless(&gateway.setup.limits) }
    }

    /// A trip of which nothing is known.
    pub(crate) fn nameless(limits: &Limits) -> Self {
        Self {
            request_id: Uuid::new_v4(),
            deadline: Instant::now() + limits.total,
            locales: Vec::new(),
            callback: None,
            cyberapp: None,
        }
    }

    fn note(&mut self, asked: &Asked<'_>) {
        self.callback = Some(asked.callback.id().to_owned());
        self.cyberapp = Some(asked.cyberapp.name.clone());
    }
}
