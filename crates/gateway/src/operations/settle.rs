//! The end of a turn, recorded; tried again for as long as the engine does not take it.
//!
//! An outcome is kept in memory until the ledger has it, or says that the operation is somebody
//! else's by now.

use super::ledger::Ledger;
use candor_ledger::{Claim, EngineError, Note, Settle, Settled, jittered};
use std::time::Duration;

/// The waits between tries: from this one on, each twice as long, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Records the end of a turn. `delayed` is called once where the first try fails, so that nobody waits
/// for the engine who waits for the outcome.
pub(super) async fn settle(
    ledger: &Ledger,
    claim: &Claim,
    settle: Settle,
    note: Note,
    delayed: impl FnOnce(),
) -> Settled {
    let state = settle.state();
    let settled = match ledger.engine.settle(claim, settle.clone(), note.clone()).await {
        Ok(settled) => settled,
        Err(error) => {
            delayed();
            tracing::warn!(%error, operation = %claim.op.id, "an outcome waits to be recorded");
            let _owed = ledger.owe();
            again(ledger, claim, &settle, &note, error).await
        }
    };
    match (settled, state) {
        (Settled::Recorded, Some(state)) => ledger.counts.end(state),
        (Settled::Recorded, None) => {}
        (Settled::Lost, _) => {
            ledger.counts.lose();
            tracing::warn!(operation = %claim.op.id, "an outcome came too late to be recorded");
        }
    }
    settled
}

async fn again(
    ledger: &Ledger,
    claim: &Claim,
    settle: &Settle,
    note: &Note,
    mut error: EngineError,
) -> Settled {
    let mut wait = FIRST_WAIT;
    loop {
        if let EngineError::Invalid { .. } = &error {
            // A mistake of the gateway's own; trying again would change nothing.
            tracing::error!(%error, operation = %claim.op.id, "an outcome cannot be recorded");
            return Settled::Lost;
        }
        tokio::time::sleep(jittered(wait)).await;
        wait = (wait * 2).min(LAST_WAIT);
        match ledger.engine.settle(claim, settle.clone(), note.clone()).await {
            Ok(settled) => return settled,
            Err(next) => error = next,
        }
    }
}
