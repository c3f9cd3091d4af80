//! The statement that accepts operations: many rows at once, each with its key and its place in the
//! queue, or not at all.

use super::batch::Batch;
use super::link::Link;
use super::row::{self, get};
use crate::operation::Take;
use crate::time::millis;
use crate::{EngineError, NewOp, Time};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Creates of a node, many to a statement.
pub(super) struct Creates(pub(super) Link);

/// When an operation was accepted, and when it is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) now: Time,
    pub(super) due: Time,
}

impl Batch for Creates {
    type Job = Arc<NewOp>;
    type Answer = Option<Made>;

    fn names(job: &Self::Job) -> Vec<Vec<u8>> {
        let key = job
            .idempotency
            .as_ref()
            .map(|idempotency| format!("{}\u{1f}{}", job.tenant, idempotency.key).into_bytes());
        key.into_iter().chain([job.id.as_bytes().to_vec()]).collect()
    }

    async fn run(&self, jobs: &[&Self::Job]) -> Result<Vec<Self::Answer>, EngineError> {
        let wanted: Vec<_> = jobs.iter().map(|new| (&***new, new.take.as_ref())).collect();
        let columns = Columns::of(&wanted);
        let rows = self.0.write(CREATE, &columns.values()).await?;
        let mut answers = vec![None; jobs.len()];
        for row in &rows {
            let number = usize::try_from(get::<i64>(row, 0)? - 1).unwrap_or(usize::MAX);
            if let Some(answer) = answers.get_mut(number) {
                *answer = Some(made(row)?);
            }
        }
        Ok(answers)
    }
}

pub(super) fn made(row: &Row) -> Result<Made, EngineError> {
    Ok(Made { now: Time::from_millis(get(row, 1)?), due: Time::from_millis(get(row, 2)?) })
}

/// Accepts the rows that have room, a free key and a fresh id; returns those, by their numbers.
pub(super) const CREATE: &str = "\
    WITH n AS (SELECT *, row_number() OVER (PARTITION BY tenant, queue ORDER BY ord) AS place \
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
            $7::bytea[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], \
            $13::bytea[], $14::bigint[], $15::int[], $16::text[]) WITH ORDINALITY \
        AS n (id, tenant, queue, resource_id, operation_type, created_by, request, wait, worker, \
            keep_succeeded, keep_failed, key, fingerprint, key_keep, bound, serial, ord)), \
    full_ones AS (SELECT tenant, queue, count(*) AS open FROM due WHERE (tenant, queue) IN \
        (SELECT tenant, queue FROM n WHERE bound IS NOT NULL) GROUP BY tenant, queue), \
    r AS (SELECT n.* FROM n LEFT JOIN full_ones USING (tenant, queue) \
        WHERE (bound IS NULL OR coalesce(open, 0) + place <= bound) \
        AND NOT EXISTS (SELECT 1 FROM ops WHERE ops.id = n.id)), \
    k AS (INSERT INTO keys AS x SELECT tenant, key, fingerprint, id, (SELECT now_ms()) + key_keep FROM r \
        WHERE key IS NOT NULL ORDER BY tenant, key ON CONFLICT (tenant, key) DO UPDATE \
        SET fingerprint = excluded.fingerprint, op = excluded.op, expires = excluded.expires \
        WHERE x.expires <= (SELECT now_ms()) RETURNING op), \
    o AS (INSERT INTO ops (id, tenant, queue, resource_id, operation_type, created_by, state, \
            created, started, serial, keep_succeeded, keep_failed, key_until, rev, request) \
        SELECT id, tenant, queue, resource_id, operation_type, created_by, \
            (worker IS NOT NULL)::int, (SELECT now_ms()), CASE WHEN worker IS NOT NULL THEN (SELECT now_ms()) END, \
            serial, keep_succeeded, keep_failed, (SELECT now_ms()) + key_keep, 1, request \
        FROM r WHERE key IS NULL OR id IN (SELECT op FROM k) \
        ON CONFLICT (id) DO NOTHING RETURNING id), \
    d AS (INSERT INTO due (op, tenant, queue, due, owner, fence, attempt, serial) \
        SELECT id, tenant, queue, (SELECT now_ms()) + wait, worker, (worker IS NOT NULL)::int, \
            (worker IS NOT NULL)::int, serial \
        FROM r WHERE id IN (SELECT id FROM o) ORDER BY ord RETURNING op, due) \
    SELECT n.ord, (SELECT now_ms()), d.due FROM d JOIN n ON n.id = d.op";

/// The values of many rows, a column each.
#[derive(Default)]
pub(super) struct Columns<'n> {
    ids: Vec<Uuid>,
    tenants: Vec<&'n str>,
    queues: Vec<&'n str>,
    resources: Vec<Option<&'n str>>,
    types: Vec<&'n str>,
    creators: Vec<&'n str>,
    requests: Vec<&'n [u8]>,
    waits: Vec<i64>,
    workers: Vec<Option<&'n str>>,
    keep_succeeded: Vec<i64>,
    keep_failed: Vec<i64>,
    keys: Vec<Option<&'n str>>,
    fingerprints: Vec<Option<&'n [u8]>>,
    key_keeps: Vec<Option<i64>>,
    bounds: Vec<Option<i32>>,
    serials: Vec<Option<&'n str>>,
}

impl<'n> Columns<'n> {
    pub(super) fn of(wanted: &[(&'n NewOp, Option<&'n Take>)]) -> Self {
        let mut columns = Self::default();
        for (new, take) in wanted {
            columns.push(new, *take);
        }
        columns
    }

    fn push(&mut self, new: &'n NewOp, take: Option<&'n Take>) {
        let key = new.idempotency.as_ref();
        self.ids.push(new.id);
        self.tenants.push(new.tenant.as_str());
        self.queues.push(new.queue.as_str());
        self.resources.push(new.resource_id.as_deref());
        self.types.push(&new.operation_type);
        self.creators.push(&new.created_by);
        self.requests.push(&new.request);
        self.waits.push(millis(take.map_or(new.delay, |take| take.lease)));
        self.workers.push(take.map(|take| take.worker.as_str()));
        self.keep_succeeded.push(millis(new.keep.succeeded));
        self.keep_failed.push(millis(new.keep.failed));
        self.keys.push(key.map(|key| key.key.as_str()));
        self.fingerprints.push(key.map(|key| &key.fingerprint[..]));
        self.key_keeps.push(key.map(|key| millis(key.keep)));
        self.bounds.push(new.bound.map(row::signed32));
        self.serials.push(new.serial.as_ref().map(|serial| serial.key.as_str()));
    }

    pub(super) fn values(&self) -> [&(dyn ToSql + Sync); 16] {
        [
            &self.ids,
            &self.tenants,
            &self.queues,
            &self.resources,
            &self.types,
            &self.creators,
            &self.requests,
            &self.waits,
            &self.workers,
            &self.keep_succeeded,
            &self.keep_failed,
            &self.keys,
            &self.fingerprints,
            &self.key_keeps,
            &self.bounds,
            &self.serials,
        ]
    }
}
