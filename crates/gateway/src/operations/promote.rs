//! The step in the journey: a call is accepted in the ledger, begun, and waited for; its caller gets
//! the outcome where that comes in time, and an operation where not.

use super::course::Wish;
use super::ledger::Ledger;
use super::record::{Came, Commission};
use super::run::{self, Takes, Turn};
use super::{Operations, held, idempotency, shape};
use crate::admit::Asked;
use crate::journey::{Gateway, Trip};
use crate::reply::{self, Reply};
use bytes::Bytes;
use candor_facts::{Held, HeldKind};
use candor_ledger::{
    Claim, Created, EngineError, Idempotency, NewOp, Note, Op, Serial, Settle, Take, Tenant,
    jittered,
};
use candor_wire::Client;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How often a create is repeated whose answer was lost, and how long apart, while its caller waits.
const TRIES: usize = 3;
const BETWEEN: Duration = Duration::from_millis(50);

/// Answers a call that is kept.
pub(crate) async fn travel(
    gateway: &Arc<Gateway>,
    client: &Client,
    trip: &mut Trip,
    asked: &Asked<'_>,
    wish: Wish,
    payload: Bytes,
) -> Result<Reply, Held> {
    let operations = gateway.setup.operations.as_ref().ok_or_else(no_ledger)?;
    let commission = commission(gateway, trip, asked, payload);
    let new = accepted(operations, asked, &commission, &wish)?;
    trip.operation = Some(new.id);
    let begin = Begin { gateway, client, operations, commission };
    match begin.create(&new).await? {
        Created::Taken(claim) => {
            operations.ledger.counts.accept();
            let op = claim.op.clone();
            let told = begin.turn(*claim, trip);
            wait_here(gateway, operations, trip, &wish, op, told).await
        }
        Created::New(op) => {
            operations.ledger.counts.accept();
            wait_there(gateway, operations, trip, &wish, *op).await
        }
        Created::Replay(op) => replay(gateway, trip, &op),
        Created::InProgress(id) => {
            trip.operation = Some(id);
            Err(busy(format!("the request with this idempotency key is under way as {id}")))
        }
        Created::Mismatch(id) => {
            trip.operation = Some(id);
            let detail = "the idempotency key was used for another request: send this one with a \
                key of its own";
            Err(Held::new(HeldKind::KeyReused, detail))
        }
        Created::Gone(id) => Err(gone(trip, id)),
        Created::Busy { conflict } => {
            trip.operation = Some(conflict);
            let resource = new.resource_id.as_deref().unwrap_or_default();
            Err(busy(format!("{resource} is worked on by the operation {conflict}")))
        }
        Created::Crowded { open } => {
            trip.operation = None;
            let detail = format!("the tenant has {open} operations open, as many as it may");
            Err(Held { after: Some(5), ..Held::new(HeldKind::RateLimited, detail) })
        }
    }
}

/// What is kept of the call.
fn commission(gateway: &Gateway, trip: &Trip, asked: &Asked<'_>, payload: Bytes) -> Commission {
    Commission {
        callback: asked.callback.id().to_owned(),
        cyberapp: asked.cyberapp_key.to_owned(),
        tenant: asked.tenant_id.clone(),
        request_id: trip.request_id,
        created_at: gateway.setup.clock.now(),
        trace: trip.trace.text(),
        caller: caller(trip),
        locales: trip.locales.clone(),
        payload,
        forget: asked.callback.durability().forget,
    }
}

fn caller(trip: &Trip) -> String {
    trip.caller.as_ref().map(|caller| caller.id().to_string()).unwrap_or_default()
}

/// The operation that is to be accepted, begun at once by this worker where nothing is in its way.
fn accepted(
    operations: &Operations,
    asked: &Asked<'_>,
    commission: &Commission,
    wish: &Wish,
) -> Result<NewOp, Held> {
    let Operations { ledger, lease, .. } = operations;
    let Commission { callback, cyberapp, tenant, payload, caller, .. } = commission;
    let tenant_name = Tenant::new(tenant).map_err(|error| held(&error))?;
    let serial = asked.callback.durability().serial.as_ref();
    let resource = serial.and_then(|rule| rule.key.resource(tenant, payload));
    let serial = resource.as_ref().zip(serial).map(|(resource, rule)| Serial {
        key: format!("{cyberapp}/{resource}"),
        waiting: rule.waiting,
    });
    let idempotency = wish.key.as_ref().map(|key| Idempotency {
        key: idempotency::of_caller(caller, key),
        fingerprint: idempotency::fingerprint(&[callback.as_bytes(), cyberapp.as_bytes(), payload]),
        keep: operations.keep_keys,
    });
    Ok(NewOp {
        resource_id: Some(resource.unwrap_or_else(|| tenant.clone())),
        operation_type: callback.clone(),
        created_by: caller.clone(),
        keep: operations.keep(),
        idempotency,
        serial,
        bound: Some(operations.most_per_tenant),
        take: Some(Take { worker: ledger.worker.clone(), lease: *lease }),
        ..NewOp::new(tenant_name, ledger.queue.clone(), commission.write())
    })
}

/// What is needed to begin an operation.
struct Begin<'b> {
    gateway: &'b Arc<Gateway>,
    client: &'b Client,
    operations: &'b Operations,
    commission: Commission,
}

impl Begin<'_> {
    /// Has an operation accepted. Where it cannot be known whether that happened, nothing is begun.
    async fn create(&self, new: &NewOp) -> Result<Created, Held> {
        let ledger = &self.operations.ledger;
        let mut created = ledger.engine.create(new.clone()).await;
        for _ in 1..TRIES {
            let Err(EngineError::Unknown { .. }) = created else { break };
            tokio::time::sleep(jittered(BETWEEN)).await;
            created = ledger.engine.create(new.clone()).await;
        }
        if let Err(error) = &created {
            tracing::warn!(%error, "an operation was not accepted");
            if !error.nothing_written() {
                tokio::task::spawn_local(take_back(Arc::clone(ledger), new.clone()));
            }
        }
        created.map_err(|error| held(&error))
    }

    /// Begins the operation's first turn.
    fn turn(self, claim: Claim, trip: &mut Trip) -> oneshot::Receiver<Came> {
        run::begin(Turn {
            gateway: Arc::clone(self.gateway),
            client: self.client.clone(),
            operations: self.operations.clone(),
            claim,
            commission: self.commission,
            trace: trip.trace,
            earlier: Vec::new(),
            _takes: Takes::Caller(trip.place.take()),
        })
    }
}

/// Takes back what may have been accepted although its caller was told that it was not. With a key it
/// is carried out instead: the caller who comes again with its key finds it.
async fn take_back(ledger: Arc<Ledger>, new: NewOp) {
    let (mut wait, keyed) = (BETWEEN, new.idempotency.is_some());
    while !ledger.is_closing() {
        match ledger.engine.create(new.clone()).await {
            Ok(Created::Taken(claim)) => {
                let cancelled = keyed || ledger.engine.cancel(&new.tenant, &new.id).await.is_ok();
                let release = ledger.engine.settle(&claim, Settle::Release, Note::default());
                if cancelled && release.await.is_ok() {
                    return;
                }
            }
            Ok(Created::New(_)) if !keyed => {
                if ledger.engine.cancel(&new.tenant, &new.id).await.is_ok() {
                    return;
                }
            }
            Ok(_) => return,
            Err(_) => {}
        }
        tokio::time::sleep(jittered(wait)).await;
        wait = (wait * 2).min(Duration::from_secs(2));
    }
}

/// Waits for an operation that was begun here.
async fn wait_here(
    gateway: &Gateway,
    operations: &Operations,
    trip: &Trip,
    wish: &Wish,
    op: Op,
    told: oneshot::Receiver<Came>,
) -> Result<Reply, Held> {
    let came = match wish.wait {
        Some(Duration::ZERO) => None,
        Some(wait) => timeout(wait, told).await.ok().and_then(Result::ok),
        None => told.await.ok(),
    };
    match came {
        Some(came) => outcome(gateway, trip, came),
        None => Ok(promised(gateway, operations, trip, wish, op).await),
    }
}

/// Waits for an operation that waits for its turn.
async fn wait_there(
    gateway: &Gateway,
    operations: &Operations,
    trip: &Trip,
    wish: &Wish,
    op: Op,
) -> Result<Reply, Held> {
    let left = trip.deadline.saturating_duration_since(Instant::now());
    let most = wish.wait.unwrap_or(left).min(left);
    let Operations { ledger, .. } = operations;
    let waited = tokio::select! {
        waited = candor_ledger::wait(&*ledger.engine, &op.tenant, &op.id, None, most) => waited,
        () = ledger.closed() => Ok(None),
    };
    match waited {
        Ok(Some(now)) if now.state.is_final() => stored(gateway, trip, &now),
        Ok(Some(now)) => Ok(shape::promised(gateway, operations, trip, &now, wish)),
        // It was accepted; how far it is can be asked when the ledger is there again.
        Ok(None) | Err(_) => Ok(shape::promised(gateway, operations, trip, &op, wish)),
    }
}

/// The answer with an operation, as it stands.
async fn promised(
    gateway: &Gateway,
    operations: &Operations,
    trip: &Trip,
    wish: &Wish,
    op: Op,
) -> Reply {
    let now = match wish.wait {
        // Nothing can have changed much.
        Some(Duration::ZERO) => None,
        Some(_) | None => operations.ledger.engine.get(&op.tenant, &op.id).await.ok().flatten(),
    };
    shape::promised(gateway, operations, trip, now.as_ref().unwrap_or(&op), wish)
}

/// The same answer as the first time.
fn replay(gateway: &Gateway, trip: &mut Trip, op: &Op) -> Result<Reply, Held> {
    trip.operation = Some(op.id);
    if let Ok(commission) = Commission::read(&op.request) {
        trip.request_id = commission.request_id;
    }
    stored(gateway, trip, op)
}

/// What came of an operation that has ended, as its caller is answered.
fn stored(gateway: &Gateway, trip: &Trip, op: &Op) -> Result<Reply, Held> {
    match Came::read(&op.result) {
        Some(came) => outcome(gateway, trip, came),
        None => Err(Held::new(HeldKind::Cancelled, "the operation was cancelled before it began")),
    }
}

fn outcome(gateway: &Gateway, trip: &Trip, came: Came) -> Result<Reply, Held> {
    match came {
        Came::Succeeded(success) if success.left_out => {
            let detail = "the request was carried out; its answer was too large to be kept";
            Err(Held::new(HeldKind::Gone, detail))
        }
        Came::Succeeded(success) => Ok(reply::recorded(trip, success)),
        Came::Failed(verdict) => Ok(reply::failure(gateway, trip, *verdict)),
    }
}

fn busy(detail: String) -> Held {
    Held { after: Some(1), ..Held::new(HeldKind::Busy, detail) }
}

fn gone(trip: &mut Trip, id: candor_ledger::OpId) -> Held {
    trip.operation = Some(id);
    let detail = "the request with this idempotency key was carried out, and what is known of it \
        has been deleted";
    Held::new(HeldKind::Gone, detail)
}

fn no_ledger() -> Held {
    Held::new(HeldKind::Internal, "there is no ledger")
}
