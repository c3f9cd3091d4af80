//! Waiting for an operation, as a long poll does.

use crate::bell::jittered;
use crate::{Engine, EngineError, Op, OpId, Rev, Tenant};
use std::time::Duration;
use tokio::time::Instant;

/// How often a waiter looks by itself: a change made by another node rings no bell here.
const LOOK: Duration = Duration::from_millis(500);

/// The operation as it is when it has ended or has changed from `seen`, or when `most` has passed;
/// none where the tenant has no such operation.
pub async fn wait(
    engine: &dyn Engine,
    tenant: &Tenant,
    id: &OpId,
    seen: Option<Rev>,
    most: Duration,
) -> Result<Option<Op>, EngineError> {
    let end = Instant::now() + most;
    loop {
        // Taken hold of before the look, so that no change falls between the two.
        let mut bell = engine.bells().op(id);
        let Some(op) = engine.get(tenant, id).await? else { return Ok(None) };
        let left = end.saturating_duration_since(Instant::now());
        let news = seen.is_some_and(|seen| op.rev > seen);
        if op.state.is_final() || news || left.is_zero() {
            return Ok(Some(op));
        }
        bell.rung_within(jittered(LOOK).min(left)).await;
    }
}
