//! Rows as operations, and back.

use crate::operation::{MOST_ATTEMPTS, Rev};
use crate::{EngineError, Fence, Op, OpError, OpId, Queue, State, Tenant, Time};
use bytes::Bytes;
use rusqlite::{CachedStatement, OptionalExtension, Params, Row};
use uuid::Uuid;

/// The columns of an operation, in the order in which [`op`] reads them.
pub(super) const COLUMNS: &str = "o.id, o.tenant, o.queue, o.resource_id, o.operation_type, \
    o.created_by, o.state, o.declared, o.created, o.started, o.completed, o.expires, \
    o.cancel_requested, o.error_message, o.error_id, o.dead, o.redriven_as, o.serial, o.attempts, \
    o.attempts_made, o.rev, o.progress, o.result, r.body, o.seq, o.owner, o.fence, o.attempt, o.due";

/// An operation with what only the engine knows of it.
pub(super) struct Stored {
    pub(super) op: Op,
    pub(super) seq: i64,
    pub(super) owner: Option<String>,
    pub(super) fence: Fence,
    pub(super) attempt: u32,
    pub(super) due: Option<Time>,
}

/// Reads the first operation that a statement finds.
pub(super) fn first(
    mut statement: CachedStatement<'_>,
    params: impl Params,
) -> Result<Option<Stored>, EngineError> {
    statement.query_row(params, |row| Ok(stored(row))).optional()?.transpose()
}

/// Reads all operations that a statement finds.
pub(super) fn all(
    mut statement: CachedStatement<'_>,
    params: impl Params,
) -> Result<Vec<Stored>, EngineError> {
    let rows = statement.query_map(params, |row| Ok(stored(row)))?;
    rows.map(|row| row?).collect()
}

fn stored(row: &Row<'_>) -> Result<Stored, EngineError> {
    Ok(Stored {
        op: op(row)?,
        seq: row.get(24)?,
        owner: row.get(25)?,
        fence: Fence(unsigned(row.get(26)?)?),
        attempt: small(row.get(27)?)?,
        due: time(row.get(28)?),
    })
}

fn op(row: &Row<'_>) -> Result<Op, EngineError> {
    Ok(Op {
        id: id(&row.get::<_, Vec<u8>>(0)?)?,
        tenant: Tenant::new(row.get::<_, String>(1)?)?,
        queue: Queue::new(row.get::<_, String>(2)?)?,
        resource_id: row.get(3)?,
        operation_type: row.get(4)?,
        created_by: row.get(5)?,
        state: State::from_code(row.get(6)?)?,
        declared: row.get(7)?,
        created: Time::from_millis(row.get(8)?),
        started: time(row.get(9)?),
        completed: time(row.get(10)?),
        expires: time(row.get(11)?),
        cancel_requested: row.get(12)?,
        error: error(row.get(13)?, row.get(14)?)?,
        dead_letter: row.get(15)?,
        redriven_as: row.get::<_, Option<Vec<u8>>>(16)?.map(|bytes| id(&bytes)).transpose()?,
        serial: row.get(17)?,
        attempts: row.get::<_, String>(18)?.lines().map(str::to_owned).collect(),
        attempts_made: small(row.get(19)?)?,
        rev: Rev(unsigned(row.get(20)?)?),
        progress: Bytes::from(row.get::<_, Vec<u8>>(21)?),
        result: Bytes::from(row.get::<_, Vec<u8>>(22)?),
        request: Bytes::from(row.get::<_, Vec<u8>>(23)?),
    })
}

fn error(message: Option<String>, id: Option<Vec<u8>>) -> Result<Option<OpError>, EngineError> {
    match (message, id) {
        (Some(message), Some(bytes)) => Ok(Some(OpError { message, error_id: self::id(&bytes)? })),
        _ => Ok(None),
    }
}

pub(super) fn id(bytes: &[u8]) -> Result<OpId, EngineError> {
    Uuid::from_slice(bytes).map_err(|_| EngineError::corrupt("an id is not 16 bytes long"))
}

pub(super) fn time(millis: Option<i64>) -> Option<Time> {
    millis.map(Time::from_millis)
}

/// A number that is never negative.
pub(super) fn unsigned(number: i64) -> Result<u64, EngineError> {
    u64::try_from(number).map_err(|_| EngineError::corrupt("a number is negative"))
}

fn small(number: i64) -> Result<u32, EngineError> {
    u32::try_from(number).map_err(|_| EngineError::corrupt("a count is out of its range"))
}

/// A number that grows, as SQLite keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many records of attempts are kept, for statements.
pub(super) const MOST: i64 = MOST_ATTEMPTS as i64;
