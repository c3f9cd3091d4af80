//! The ends of operations: settled, cancelled, deleted.

use super::Postgres;
use super::batch::Batch;
use super::error::SOON;
use super::link::Link;
use super::row::{self, get};
use crate::bell::Ring;
use crate::operation::MOST_ATTEMPTS;
use crate::time::millis;
use crate::work::{May, Standing};
use crate::{
    Cancelled, Claim, Deleted, EngineError, Fence, Note, OpId, Settle, Settled, State, Tenant,
};
use bytes::Bytes;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Ends a worker's turn.
pub(super) async fn settle(
    engine: &Postgres,
    claim: &Claim,
    settle: Settle,
    note: Note,
) -> Result<Settled, EngineError> {
    let (id, fence) = (claim.op.id, claim.fence);
    let ending = Ending { id, fence, settle: settle.clone(), note };
    if engine.settles.run(ending).await? {
        engine.bells.ring(Ring::Op(id));
        if claim.op.serial.is_some() || settle.state().is_none() {
            engine.bells.ring(Ring::Work);
        }
        return Ok(Settled::Recorded);
    }
    let Some(standing) = standing(&engine.reads, id).await? else { return Ok(Settled::Lost) };
    match standing.admits(fence, &settle) {
        May::Repeat => Ok(Settled::Recorded),
        May::Not => Ok(Settled::Lost),
        May::Apply => Err(EngineError::unavailable(SOON, "the operation is being changed")),
    }
}

async fn standing(link: &Link, id: OpId) -> Result<Option<Standing>, EngineError> {
    let sql = "SELECT o.state, coalesce(d.fence, o.fence), d.owner IS NOT NULL, o.error_id, \
        o.result FROM ops o LEFT JOIN due d ON d.op = o.id WHERE o.id = $1";
    let rows = link.read(sql, &[&id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Standing {
        state: State::from_code(get(row, 0)?)?,
        fence: Fence(row::unsigned(get(row, 1)?)?),
        owned: get(row, 2)?,
        error_id: get(row, 3)?,
        result: row::bytes(row, 4)?,
    }))
}

/// Settlements of a node, many to a statement.
pub(super) struct Settles(pub(super) Link);

/// One of them.
pub(super) struct Ending {
    id: OpId,
    fence: Fence,
    settle: Settle,
    note: Note,
}

impl Batch for Settles {
    type Job = Ending;
    /// Whether it was recorded now.
    type Answer = bool;

    fn names(job: &Self::Job) -> Vec<Vec<u8>> {
        vec![job.id.as_bytes().to_vec()]
    }

    async fn run(&self, jobs: &[&Self::Job]) -> Result<Vec<Self::Answer>, EngineError> {
        let results: Vec<Bytes> = jobs.iter().map(|job| job.settle.result()).collect();
        let mut columns = Columns::default();
        for (job, result) in jobs.iter().zip(&results) {
            columns.push(job, result);
        }
        let rows = self.0.write(&settle_sql(), &columns.values()).await?;
        let recorded = rows.iter().map(|row| get::<Uuid>(row, 0)).collect::<Result<Vec<_>, _>>()?;
        Ok(jobs.iter().map(|job| recorded.contains(&job.id)).collect())
    }
}

/// Settles the rows whose fence is the last one; returns those.
fn settle_sql() -> String {
    format!(
        "WITH n AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::bytea[], \
            $5::text[], $6::uuid[], $7::boolean[], $8::bigint[], $9::int[], $10::bytea[], \
            $11::text[], $12::int[], $13::text[]) AS n (id, fence, state, result, message, \
            error_id, dead, wait, uncounted, progress, declared, number, json)), \
        gone AS (DELETE FROM due d USING n WHERE d.op = n.id AND d.fence = n.fence \
            AND d.owner IS NOT NULL AND n.state IS NOT NULL RETURNING d.op), \
        back AS (UPDATE due d SET due = (SELECT now_ms()) + n.wait, owner = NULL, \
            attempt = attempt - n.uncounted FROM n WHERE d.op = n.id AND d.fence = n.fence \
            AND d.owner IS NOT NULL AND n.state IS NULL RETURNING d.op), \
        o AS (UPDATE ops o SET state = coalesce(n.state, o.state), fence = n.fence, \
            completed = CASE WHEN n.state IS NOT NULL THEN (SELECT now_ms()) END, \
            expires = CASE WHEN n.state IS NOT NULL THEN greatest(coalesce(key_until, 0), (SELECT now_ms()) \
                + CASE n.state WHEN 2 THEN keep_succeeded ELSE keep_failed END) END, \
            error_message = n.message, error_id = n.error_id, result = n.result, \
            progress = coalesce(n.progress, o.progress), \
            declared = coalesce(n.declared, o.declared), \
            attempts = CASE WHEN n.number > attempts_made AND n.number <= {MOST_ATTEMPTS} \
                THEN attempts || n.json || chr(10) ELSE attempts END, \
            attempts_made = greatest(attempts_made, n.number), rev = rev + 1 \
            FROM n WHERE o.id = n.id AND o.id IN (SELECT op FROM gone UNION ALL SELECT op FROM back) \
            RETURNING o.id, o.tenant, o.state, o.expires, n.dead), \
        e AS (INSERT INTO ended (op, tenant, state, dead, expires) \
            SELECT id, tenant, state, dead, expires FROM o WHERE expires IS NOT NULL) \
        SELECT id FROM o"
    )
}

/// The values of many rows, a column each.
#[derive(Default)]
struct Columns<'j> {
    ids: Vec<Uuid>,
    fences: Vec<i64>,
    states: Vec<Option<i16>>,
    results: Vec<&'j [u8]>,
    messages: Vec<Option<&'j str>>,
    error_ids: Vec<Option<Uuid>>,
    dead: Vec<bool>,
    waits: Vec<i64>,
    uncounted: Vec<i32>,
    progress: Vec<Option<&'j [u8]>>,
    declared: Vec<Option<&'j str>>,
    numbers: Vec<Option<i32>>,
    records: Vec<Option<&'j str>>,
}

impl<'j> Columns<'j> {
    fn push(&mut self, job: &'j Ending, result: &'j Bytes) {
        let Ending { id, fence, settle, note } = job;
        let (error, attempt) = (settle.error(), note.attempt.as_ref());
        self.ids.push(*id);
        self.fences.push(row::signed(fence.0));
        self.states.push(settle.state().map(State::code));
        self.results.push(result);
        self.messages.push(error.map(|error| error.message.as_str()));
        self.error_ids.push(error.map(|error| error.error_id));
        self.dead.push(settle.dead_letter());
        self.waits.push(millis(settle.wait()));
        self.uncounted.push(i32::from(*settle == Settle::Release));
        self.progress.push(note.progress.as_deref());
        self.declared.push(note.declared.as_deref());
        self.numbers.push(attempt.map(|attempt| row::signed32(attempt.number)));
        self.records.push(attempt.map(|attempt| attempt.json.as_str()));
    }

    fn values(&self) -> [&(dyn ToSql + Sync); 13] {
        [
            &self.ids,
            &self.fences,
            &self.states,
            &self.results,
            &self.messages,
            &self.error_ids,
            &self.dead,
            &self.waits,
            &self.uncounted,
            &self.progress,
            &self.declared,
            &self.numbers,
            &self.records,
        ]
    }
}

/// Cancels an operation, or asks its owner to. Each step finds what the one before left.
pub(super) async fn cancel(
    engine: &Postgres,
    tenant: &Tenant,
    id: &OpId,
) -> Result<Cancelled, EngineError> {
    let who: [&(dyn ToSql + Sync); 2] = [id, &tenant.as_str()];
    let before_start = "WITH d AS (DELETE FROM due WHERE op = $1 AND tenant = $2 AND fence = 0 \
            RETURNING op), \
        o AS (UPDATE ops o SET state = 4, cancel_requested = true, completed = now_ms(), \
            expires = greatest(coalesce(key_until, 0), now_ms() + keep_failed), rev = rev + 1 \
            FROM d WHERE o.id = d.op RETURNING o.id, o.tenant, o.state, o.expires) \
        INSERT INTO ended (op, tenant, state, dead, expires) \
        SELECT id, tenant, state, false, expires FROM o RETURNING op";
    // An operation that waits for its next step waits no longer: somebody must say what is known.
    let requested = "WITH d AS (UPDATE due SET due = CASE WHEN owner IS NULL \
            THEN least(due, now_ms()) ELSE due END WHERE op = $1 AND tenant = $2 RETURNING op) \
        UPDATE ops o SET cancel_requested = true, rev = rev + 1 FROM d WHERE o.id = d.op \
        RETURNING o.id";
    for (sql, cancelled) in
        [(before_start, Cancelled::BeforeStart), (requested, Cancelled::Requested)]
    {
        if !engine.link.write(sql, &who).await?.is_empty() {
            engine.bells.ring(Ring::Op(*id));
            engine.bells.ring(Ring::Work);
            return Ok(cancelled);
        }
    }
    let state = state(&engine.reads, tenant, id).await?;
    Ok(state.map_or(Cancelled::NotFound, Cancelled::Ended))
}

async fn state(link: &Link, tenant: &Tenant, id: &OpId) -> Result<Option<State>, EngineError> {
    let sql = "SELECT state FROM ops WHERE id = $1 AND tenant = $2";
    let rows = link.read(sql, &[id, &tenant.as_str()]).await?;
    rows.first().map(|row| State::from_code(get(row, 0)?)).transpose()
}

/// Deletes an operation that has ended.
pub(super) async fn delete(
    engine: &Postgres,
    tenant: &Tenant,
    id: &OpId,
) -> Result<Deleted, EngineError> {
    let sql = "WITH e AS (DELETE FROM ended WHERE op = $1 AND tenant = $2 RETURNING op) \
        DELETE FROM ops o USING e WHERE o.id = e.op RETURNING o.id";
    if !engine.link.write(sql, &[id, &tenant.as_str()]).await?.is_empty() {
        engine.bells.ring(Ring::Op(*id));
        return Ok(Deleted::Gone);
    }
    let state = state(&engine.reads, tenant, id).await?;
    Ok(state.map_or(Deleted::NotFound, Deleted::NotEnded))
}
