//! Handing operations to workers, and keeping them there.

use super::Postgres;
use super::row::{self, AFTER, COLUMNS, get};
use crate::bell::Ring;
use crate::time::millis;
use crate::{Claim, EngineError, Fence, MOST_ATTEMPTS, Note, Queue, Renewed, Time, Worker};
use std::time::Duration;
use tokio_postgres::Row;

/// Hands out what is due: what has waited longest first, and of a serial key only the first. Rows
/// that another node is handing out are passed over.
pub(super) async fn claim(
    engine: &Postgres,
    queue: &Queue,
    worker: &Worker,
    max: usize,
    lease: Duration,
) -> Result<Vec<Claim>, EngineError> {
    let sql = format!(
        "WITH c AS (SELECT d.op, d.owner FROM due d WHERE d.queue = $1 AND d.due <= now_ms() \
            AND (d.serial IS NULL OR NOT EXISTS (SELECT 1 FROM due b WHERE b.tenant = d.tenant \
            AND b.serial = d.serial AND b.seq < d.seq)) \
            ORDER BY d.due, d.seq LIMIT $4 FOR UPDATE OF d SKIP LOCKED), \
        t AS (UPDATE due d SET owner = $2, fence = fence + 1, attempt = attempt + 1, \
            due = now_ms() + $3 FROM c WHERE d.op = c.op \
            RETURNING d.op, d.fence, d.attempt, d.due, c.owner, d.seq), \
        o AS (UPDATE ops o SET state = 1, started = coalesce(started, now_ms()), rev = rev + 1 \
            FROM t WHERE o.id = t.op RETURNING o.*), \
        e AS (SELECT NULL::boolean AS dead) \
        SELECT {COLUMNS}, t.fence, t.attempt, t.due, t.owner IS NOT NULL \
        FROM o JOIN t ON t.op = o.id CROSS JOIN e ORDER BY t.seq"
    );
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&queue.as_str(), &worker.as_str(), &millis(lease), &max];
    let rows = engine.link.write(&sql, &values).await?;
    let claims = rows.iter().map(|row| read(row, worker)).collect::<Result<Vec<_>, _>>()?;
    for claim in &claims {
        engine.bells.ring(Ring::Op(claim.op.id));
    }
    Ok(claims)
}

fn read(row: &Row, worker: &Worker) -> Result<Claim, EngineError> {
    Ok(Claim {
        op: row::op(row)?,
        worker: worker.clone(),
        fence: Fence(row::unsigned(get(row, AFTER)?)?),
        attempt: row::unsigned32(get(row, AFTER + 1)?)?,
        until: Time::from_millis(get(row, AFTER + 2)?),
        owner_died: get(row, AFTER + 3)?,
    })
}

/// Keeps an operation with its owner.
pub(super) async fn renew(
    engine: &Postgres,
    claim: &Claim,
    lease: Duration,
    note: &Note,
) -> Result<Renewed, EngineError> {
    let (id, fence) = (claim.op.id, row::signed(claim.fence.0));
    let kept = "WITH d AS (UPDATE due SET due = now_ms() + $3 \
        WHERE op = $1 AND fence = $2 AND owner IS NOT NULL RETURNING op, due)";
    let rows = if *note == Note::default() {
        let sql =
            format!("{kept} SELECT d.due, o.cancel_requested FROM d JOIN ops o ON o.id = d.op");
        engine.link.write(&sql, &[&id, &fence, &millis(lease)]).await?
    } else {
        let sql = format!(
            "{kept} UPDATE ops o SET progress = coalesce($4, progress), \
                declared = coalesce($5, declared), \
                attempts = CASE WHEN $6 > attempts_made AND $6 <= {MOST_ATTEMPTS} \
                    THEN attempts || $7 || chr(10) ELSE attempts END, \
                attempts_made = greatest(attempts_made, $6), rev = rev + 1 \
            FROM d WHERE o.id = d.op RETURNING d.due, o.cancel_requested"
        );
        let attempt = note.attempt.as_ref();
        let (number, json) = (
            attempt.map(|attempt| row::signed32(attempt.number)),
            attempt.map(|attempt| attempt.json.as_str()),
        );
        let progress = note.progress.as_deref();
        let lease = millis(lease);
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&id, &fence, &lease, &progress, &note.declared, &number, &json];
        engine.link.write(&sql, &values).await?
    };
    let Some(row) = rows.first() else { return Ok(Renewed::Lost) };
    if *note != Note::default() {
        engine.bells.ring(Ring::Op(id));
    }
    let until = Time::from_millis(get(row, 0)?);
    Ok(Renewed::Kept { until, cancel_requested: get(row, 1)? })
}
