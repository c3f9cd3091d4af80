//! What nobody runs: operations that wait for a worker, and those whose owner fell silent. And the
//! upkeep of the ledger, which one worker sees to.
//!
//! Each worker looks when it is told that there is work, and about once a second besides, for what
//! another node left tells nobody.

use super::ledger::{Ledger, Standing, UnderWay};
use super::orphan::{self, Next};
use super::run::{self, Takes, Turn};
use super::{Operations, settle};
use crate::journey::Gateway;
use crate::trace::Trace;
use candor_ledger::{Claim, Note, Renewed, jittered};
use candor_wire::Client;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a worker looks by itself.
const LOOK: Duration = Duration::from_secs(1);
/// How many operations it takes at once.
const BATCH: usize = 8;
/// How often the engine is asked how it is.
const HEALTH: Duration = Duration::from_secs(5);
/// How often what is past its time is taken away, and how much of it in a step.
const SWEEP: Duration = Duration::from_mins(1);
const SWEPT: usize = 500;

/// What a worker remembers from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    asked: Option<Instant>,
    swept: Option<Instant>,
}

/// Looks once for operations that nobody runs, begins them, and waits until it is time to look again.
/// One worker is to `tend` the ledger besides.
pub(crate) async fn look(gateway: &Arc<Gateway>, client: &Client, tend: bool, looks: &mut Looks) {
    let Some(operations) = &gateway.setup.operations else {
        return tokio::time::sleep(LOOK).await;
    };
    let ledger = &operations.ledger;
    if tend {
        looks.tend(ledger).await;
    }
    // Taken hold of before the look, so that what comes meanwhile rings.
    let mut bell = ledger.engine.bells().work();
    let begun = claim(gateway, client, operations).await;
    if begun < BATCH {
        bell.rung_within(jittered(LOOK)).await;
    }
}

/// Takes what is due, as far as there is room for it. How many that were.
async fn claim(gateway: &Arc<Gateway>, client: &Client, operations: &Operations) -> usize {
    let ledger = &operations.ledger;
    if ledger.is_closing() || ledger.owes() {
        return 0;
    }
    if !gateway.has_room() {
        return 0;
    }
    // A claim that was made is begun, whatever is asked of this worker meanwhile.
    let _under_way = UnderWay::new();
    let Operations { lease, .. } = *operations;
    let claimed = ledger.engine.claim(&ledger.queue, &ledger.worker, BATCH, lease).await;
    let claims = match claimed {
        Ok(claims) => claims,
        Err(error) => {
            ledger.stands(Standing::Ill(error));
            return 0;
        }
    };
    let begun = claims.len();
    for claim in claims {
        take(gateway, client, operations, claim);
    }
    begun
}

/// Runs a claimed operation, or ends it.
fn take(gateway: &Arc<Gateway>, client: &Client, operations: &Operations, claim: Claim) {
    let load = gateway.load();
    if claim.owner_died {
        operations.ledger.counts.take_over();
        tracing::warn!(operation = %claim.op.id, "an operation's owner fell silent");
    }
    match orphan::next(gateway, &claim) {
        Next::End(end, note) => {
            let (ledger, under_way) = (Arc::clone(&operations.ledger), UnderWay::new());
            tokio::task::spawn_local(async move {
                settle::settle(&ledger, &claim, end, note, || ()).await;
                drop((load, under_way));
            });
        }
        Next::Run(commission, earlier, note) => {
            let trace = Trace::read(&commission.trace);
            let turn = Turn {
                gateway: Arc::clone(gateway),
                client: client.clone(),
                operations: operations.clone(),
                claim,
                commission: *commission,
                trace,
                earlier,
                _takes: Takes::Load(load),
            };
            again(turn, note);
        }
    }
}

/// Runs what may have been sent before; not before that is noted, so that it does not happen in
/// silence.
fn again(turn: Turn, note: Note) {
    if note == Note::default() {
        return drop(run::begin(turn));
    }
    let under_way = UnderWay::new();
    tokio::task::spawn_local(async move {
        let Turn { operations, claim, .. } = &turn;
        let noted = operations.ledger.engine.renew(claim, operations.lease, note).await;
        // Without the note it is left to the next owner, who will find it as this one did.
        if matches!(noted, Ok(Renewed::Kept { .. })) {
            drop(run::begin(turn));
        }
        drop(under_way);
    });
}

impl Looks {
    async fn tend(&mut self, ledger: &Ledger) {
        if due(&mut self.asked, HEALTH) {
            match ledger.engine.health().await {
                Ok(health) => ledger.stands(Standing::Well(Box::new(health))),
                Err(error) => ledger.stands(Standing::Ill(error)),
            }
            if let Ok(depth) = ledger.engine.depth(&ledger.queue).await {
                ledger.counts.depth(&depth);
            }
        }
        if due(&mut self.swept, SWEEP) {
            match ledger.engine.sweep(SWEPT).await {
                // There may be more: it goes on at the next look.
                Ok(swept) if swept.total() >= SWEPT as u64 => self.swept = None,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "what is past its time was not taken away"),
            }
        }
    }
}

/// Whether it is time again.
fn due(last: &mut Option<Instant>, every: Duration) -> bool {
    let now = Instant::now();
    let due = last.is_none_or(|last| now.duration_since(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}
