//! Asking for the same again as a dead letter did.

use super::Postgres;
use super::create::lock;
use super::row::get;
use super::turn::Turn;
use crate::bell::Ring;
use crate::{EngineError, OpId, Redriven, State, Tenant};
use uuid::Uuid;

/// Makes a new operation of a dead letter.
pub(super) async fn redrive(
    engine: &Postgres,
    tenant: Tenant,
    id: OpId,
    new: OpId,
) -> Result<Redriven, EngineError> {
    let work = engine
        .turns
        .run(move |turn| Box::pin(async move { redrive_in_turn(turn, &tenant, id, new).await }));
    let redriven = work.await?;
    if matches!(redriven, Redriven::As(_)) {
        engine.bells.ring(Ring::Op(id));
        engine.bells.ring(Ring::Work);
    }
    Ok(redriven)
}

async fn redrive_in_turn(
    turn: &Turn<'_>,
    tenant: &Tenant,
    id: OpId,
    new: OpId,
) -> Result<Redriven, EngineError> {
    let sql = "SELECT o.state, o.redriven_as, o.serial, coalesce(e.dead, false) \
        FROM ops o LEFT JOIN ended e ON e.op = o.id WHERE o.id = $1 AND o.tenant = $2 \
        FOR UPDATE OF o";
    let rows = turn.query(sql, &[&id, &tenant.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(Redriven::NotFound) };
    if let Some(before) = get::<Option<Uuid>>(row, 1)? {
        return Ok(if before == new { Redriven::As(new) } else { Redriven::Before(before) });
    }
    if !get::<bool>(row, 3)? {
        return Ok(Redriven::NotDead(State::from_code(get(row, 0)?)?));
    }
    if let Some(serial) = get::<Option<&str>>(row, 2)? {
        lock(turn, tenant, serial).await?;
    }
    let sql = "UPDATE ops SET redriven_as = $2, rev = rev + 1 WHERE id = $1";
    turn.query(sql, &[&id, &new]).await?;
    turn.query("UPDATE ended SET dead = false WHERE op = $1", &[&id]).await?;
    let sql = "WITH o AS (INSERT INTO ops (id, tenant, queue, resource_id, operation_type, \
            created_by, state, created, serial, keep_succeeded, keep_failed, rev, request) \
        SELECT $2, tenant, queue, resource_id, operation_type, created_by, 0, now_ms(), serial, \
            keep_succeeded, keep_failed, 1, request FROM ops WHERE id = $1 \
        RETURNING id, tenant, queue, serial) \
        INSERT INTO due (op, tenant, queue, due, serial) \
        SELECT id, tenant, queue, now_ms(), serial FROM o";
    turn.query(sql, &[&id, &new]).await?;
    Ok(Redriven::As(new))
}
