//! One call, from the door to the caller's answer: the file to read first.
//!
//! Whatever may fail on the way fails with a [`Held`] and `?`; every ending becomes an answer in
//! one place, [`answer`].

use crate::admit::{self, Asked};
use crate::call::{Unwatched, Upstream};
use crate::callers::{Caller, PeerIdentity};
use crate::counts::{self, Counted, Counts};
use crate::dialect::AnswerAs;
use crate::errand::Errand;
use crate::intake::Intake;
use crate::limits::{Admission, Load, Shed};
use crate::listen::PeerCertificate;
use crate::operations::{self, Course};
use crate::proxy;
use crate::reply::{self, Reply};
use crate::routes::Route;
use crate::setup::{Limits, Setup};
use crate::tokens::Tokens;
use crate::trace::Trace;
use candor_contract::{Table, Words};
use candor_facts::{Held, HeldKind};
use candor_wire::Client;
use http::request::Parts;
use http::{HeaderMap, Method};
use std::sync::Arc;
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
    /// How much is under way.
    shed: Arc<Shed>,
    /// What became of the calls that had no upstream.
    astray: Counts,
}

/// What is known of a call from its first line on.
#[derive(Debug)]
pub(crate) struct Trip {
    /// The id of the call: the callback's `request_id`.
    pub(crate) request_id: Uuid,
    /// When it must be over.
    pub(crate) deadline: Instant,
    /// The methods of what was asked for.
    pub(crate) allow: &'static str,
    /// The locales that the caller wants.
    pub(crate) locales: Vec<String>,
    /// The callback that was asked for, as far as it is known.
    pub(crate) callback: Option<String>,
    /// The `CyberApp` that was asked for, as far as it is known.
    pub(crate) cyberapp: Option<String>,
    /// The route to a vendor's API that was asked for, as far as it is known.
    pub(crate) route: Option<String>,
    /// The form of failures that the caller asks for, or that its route has.
    pub(crate) answer_as: Option<AnswerAs>,
    /// Where the call belongs in a trace.
    pub(crate) trace: Trace,
    /// Who calls, as far as that is known.
    pub(crate) caller: Option<Caller>,
    /// The operation that it is kept as, or that is in its way.
    pub(crate) operation: Option<Uuid>,
    /// What the call takes up until it is over: its part of the load, its turn.
    pub(crate) place: Option<Box<Place>>,
}

/// What a call takes up of the gateway and of its caller's limits. Dropping it gives it back.
pub(crate) type Place = (Load, Admission);

/// What callbacks are called where a caller's rights name routes.
const CALLBACKS: &str = "callbacks";
/// What operations are called there.
const RIGHT: &str = "operations";

/// Answers a caller, whatever happens.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    client: &Client,
    head: &mut Parts,
    body: &mut Intake,
) -> Reply {
    if head.uri.path() == KEYS_PATH && [Method::GET, Method::HEAD].contains(&head.method) {
        return reply::keys(gateway.setup.keys.jwks());
    }
    let mut trip = Trip::start(gateway, head);
    let travelled = let_in(gateway, client, &mut trip, head, body).await;
    let mut reply = travelled.unwrap_or_else(|held| reply::held(gateway, &trip, &held));
    if let Some(caller) = &trip.caller {
        caller.tell(&gateway.setup.clock, reply.headers_mut());
    }
    reply
}

/// Lets a caller in who is known and has calls left, as long as there is room.
async fn let_in(
    gateway: &Arc<Gateway>,
    client: &Client,
    trip: &mut Trip,
    head: &mut Parts,
    body: &mut Intake,
) -> Result<Reply, Held> {
    let load = gateway.shed.enter()?;
    let named = gateway.named(head)?;
    let route = named.as_deref().or_else(|| gateway.route(head));
    if let Some(route) = route {
        trip.on(route);
    }
    let Setup { callers, clock, .. } = &gateway.setup;
    let caller = callers.identify(client, &head.headers, peer(head).as_ref(), clock).await?;
    let caller = trip.caller.insert(caller);
    let asks = route.is_none() && gateway.keeps(head);
    let other = if asks { RIGHT } else { CALLBACKS };
    let name = route.map_or(other, |route| route.name.as_str());
    let admission = caller.admit(name, clock, trip.deadline).await?;
    trip.place = Some(Box::new((load, admission)));
    match route {
        Some(route) => proxy::travel(gateway, client, trip, route, head, body).await,
        // In boxes, so that the calls that are not kept take up no room for it.
        None if asks => Box::pin(operations::answer(gateway, trip, head)).await,
        None => travel(gateway, client, trip, head, body).await,
    }
}

/// Who the certificate of the connection says that calls. One that cannot be read proves nothing.
fn peer(head: &Parts) -> Option<PeerIdentity> {
    let PeerCertificate(der) = head.extensions.get()?;
    PeerIdentity::from_der(der).ok()
}

/// The way of a callback, one step a line.
async fn travel(
    gateway: &Arc<Gateway>,
    client: &Client,
    trip: &mut Trip,
    head: &Parts,
    body: &mut Intake,
) -> Result<Reply, Held> {
    let asked = admit::read(gateway, head)?;
    trip.note(&asked);
    let payload = body.whole(&gateway.setup.limits).await?;
    asked.callback.check_payload(&payload)?;
    trip.has_time()?;
    match operations::course(&gateway.setup, &head.headers, asked.callback)? {
        Course::Plain => call(gateway, client, trip, &asked, &payload).await,
        Course::Kept(wish) => {
            Box::pin(operations::travel(gateway, client, trip, &asked, wish, payload)).await
        }
    }
}

/// Makes the call, and answers with what came of it.
async fn call(
    gateway: &Gateway,
    client: &Client,
    trip: &Trip,
    asked: &Asked<'_>,
    payload: &[u8],
) -> Result<Reply, Held> {
    let errand = Errand {
        gateway,
        client,
        callback: asked.callback,
        cyberapp: asked.cyberapp,
        access: asked.access,
        tenant_id: &asked.tenant_id,
        request_id: trip.request_id,
        created_at: gateway.setup.clock.now(),
        trace: trip.trace,
        deadline: trip.deadline,
        repeats: true,
    };
    let done = errand.run(payload, &Unwatched).await?;
    let counts = asked.cyberapp.upstream.counts();
    if done.reading.row.class.is_success() {
        counts.succeeded(&done.reading);
        return Ok(reply::success(trip, done));
    }
    let verdict = errand.verdict(done, &trip.locales);
    counts.failed(&verdict);
    Ok(reply::failure(gateway, trip, verdict))
}

/// What the choice of words depends on, for this call.
pub(crate) fn words_for<'w>(
    gateway: &'w Gateway,
    trip: &'w Trip,
    names: &'w [(&'w str, &'w str)],
) -> Words<'w> {
    Words { set: &gateway.setup.message_set, locales: &trip.locales, names }
}

fn counted<'u>((name, upstream): (&'u str, &'u Upstream)) -> Counted<'u> {
    Counted { name, counts: upstream.counts(), rests: upstream.rests() }
}

// === impl Gateway ===

impl Gateway {
    pub(crate) fn new(setup: Setup) -> Self {
        let tokens = Tokens::new(setup.token.clone(), Arc::clone(&setup.keys));
        let shed = Shed::new(setup.limits.calls);
        setup.bind();
        Self { setup, tokens, shed, astray: Counts::default() }
    }

    /// The route to the target that a caller names, where callers may.
    fn named(&self, head: &Parts) -> Result<Option<Arc<Route>>, Held> {
        self.setup.named_targets.as_ref().map_or(Ok(None), |named| named.find(&head.headers))
    }

    /// The counters of the upstream that a call is for, as far as that is known.
    pub(crate) fn counts(&self, trip: &Trip) -> &Counts {
        let route = trip.route.as_deref().and_then(|name| self.setup.routes.named(name));
        let named = |name: &String| self.setup.cyberapps.values().find(|app| app.name == *name);
        let cyberapp = trip.cyberapp.as_ref().and_then(named);
        match (route, cyberapp) {
            (Some(route), _) => route.upstream.counts(),
            (None, Some(cyberapp)) => cyberapp.upstream.counts(),
            (None, None) => &self.astray,
        }
    }

    /// All counters, as Prometheus reads them.
    pub(crate) fn metrics(&self) -> String {
        let routes = self.setup.routes.iter().map(|route| (route.name.as_str(), &route.upstream));
        let cyberapps =
            self.setup.cyberapps.iter().map(|(name, app)| (name.as_str(), &app.upstream));
        let mut all: Vec<_> = routes.chain(cyberapps).map(counted).collect();
        all.sort_by_key(|counted| counted.name);
        all.push(Counted { name: "", counts: &self.astray, rests: None });
        let kept = self.setup.operations.as_ref().map(|operations| operations.ledger.metrics());
        counts::write(&all).unwrap_or_default() + &kept.unwrap_or_default()
    }

    /// How its ledger is, where it has one.
    pub(crate) fn told(&self) -> String {
        let operations = self.setup.operations.as_ref();
        operations.map(|operations| operations.ledger.told()).unwrap_or_default()
    }

    /// Nobody is to wait for an operation any longer.
    pub(crate) fn close(&self) {
        self.setup.operations.iter().for_each(|operations| operations.ledger.close());
    }

    /// Gives back what is held and unused of shared limits.
    pub(crate) async fn part(&self) {
        if let Some(operations) = &self.setup.operations {
            operations.ledger.pools.give_back().await;
        }
    }

    /// Whether there is room for work that no caller waits for. Callers are not shed for it.
    pub(crate) fn has_room(&self) -> bool {
        let calls = self.setup.limits.calls;
        self.shed.under_way() < calls.saturating_sub(calls / 10).max(1)
    }

    /// A part of the load, if there is one left.
    pub(crate) fn load(&self) -> Option<Load> {
        self.shed.enter().ok()
    }

    /// Whether a request is about operations.
    fn keeps(&self, head: &Parts) -> bool {
        self.setup.operations.is_some() && operations::is_asked(head.uri.path())
    }

    /// The route to a vendor's API. Callbacks and operations, where there are some, come first.
    fn route(&self, head: &Parts) -> Option<&Route> {
        let callbacks = !self.setup.callbacks.is_empty();
        let callback = callbacks && head.uri.path().starts_with(admit::CALLBACKS);
        if callback || self.keeps(head) { None } else { self.setup.routes.find(head) }
    }
}

// === impl Trip ===

impl Trip {
    fn start(gateway: &Gateway, head: &Parts) -> Self {
        Self {
            locales: admit::locales(&head.headers),
            allow: admit::allowed(head.uri.path()),
            answer_as: AnswerAs::wished(&head.headers, &gateway.setup.dialects),
            trace: Trace::of(&head.headers),
            ..Self::nameless(&gateway.setup.limits)
        }
    }

    /// A trip of which nothing is known.
    pub(crate) fn nameless(limits: &Limits) -> Self {
        Self {
            request_id: Uuid::new_v4(),
            deadline: Instant::now() + limits.total,
            allow: "",
            locales: Vec::new(),
            callback: None,
            cyberapp: None,
            route: None,
            answer_as: None,
            trace: Trace::of(&HeaderMap::new()),
            caller: None,
            operation: None,
            place: None,
        }
    }

    /// The contract by which a call that is held back is told.
    pub(crate) fn table<'g>(&self, gateway: &'g Gateway) -> &'g Table {
        let route = self.route.as_deref().and_then(|name| gateway.setup.routes.named(name));
        let callback = self.callback.as_ref().and_then(|id| gateway.setup.callbacks.get(id));
        match (route, callback) {
            (Some(route), _) => &route.table,
            (None, Some(callback)) => callback.table(),
            (None, None) => &gateway.setup.fallback,
        }
    }

    /// Takes note of the route: its form of failures counts where the caller wishes none.
    pub(crate) fn on(&mut self, route: &Route) {
        self.route = Some(route.name.clone());
        if self.answer_as.is_none() {
            self.answer_as.clone_from(&route.answer_as);
        }
    }

    fn note(&mut self, asked: &Asked<'_>) {
        self.callback = Some(asked.callback.id().to_owned());
        self.cyberapp = Some(asked.cyberapp.name.clone());
    }

    /// A call whose time is up is not begun: it could only fail, and as the handler's doing.
    pub(crate) fn has_time(&self) -> Result<(), Held> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(Held::new(
            HeldKind::DeadlineExceeded,
            "the time for the call was up before it was sent",
        ))
    }
}
