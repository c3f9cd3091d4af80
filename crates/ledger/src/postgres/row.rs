//! Rows as operations.

use crate::{EngineError, Op, OpError, Queue, Rev, State, Tenant, Time};
use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// The columns of an operation, in the order in which [`op`] reads them. `o` is its row; `e` its
/// entry among those that have ended, if it has.
pub(super) const COLUMNS: &str = "o.id, o.tenant, o.queue, o.resource_id, o.operation_type, \
    o.created_by, o.state, o.declared, o.created, o.started, o.completed, o.expires, \
    o.cancel_requested, o.error_message, o.error_id, coalesce(e.dead, false), o.redriven_as, \
    o.serial, o.attempts, o.attempts_made, o.rev, o.request, o.progress, o.result";

/// How many columns an operation has: where what a statement adds begins.
pub(super) const AFTER: usize = 24;

/// Where operations are read from.
pub(super) const FROM: &str = "ops o LEFT JOIN ended e ON e.op = o.id";

/// A column's value.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, EngineError> {
    row.try_get(column).map_err(|error| EngineError::corrupt(error.to_string()))
}

pub(super) fn op(row: &Row) -> Result<Op, EngineError> {
    let error = match (get(row, 13)?, get(row, 14)?) {
        (Some(message), Some(error_id)) => Some(OpError { message, error_id }),
        _ => None,
    };
    Ok(Op {
        id: get(row, 0)?,
        tenant: Tenant::new(get::<&str>(row, 1)?)?,
        queue: Queue::new(get::<&str>(row, 2)?)?,
        resource_id: get(row, 3)?,
        operation_type: get(row, 4)?,
        created_by: get(row, 5)?,
        state: State::from_code(get(row, 6)?)?,
        declared: get(row, 7)?,
        created: time(row, 8)?.unwrap_or_default(),
        started: time(row, 9)?,
        completed: time(row, 10)?,
        expires: time(row, 11)?,
        cancel_requested: get(row, 12)?,
        error,
        dead_letter: get(row, 15)?,
        redriven_as: get(row, 16)?,
        serial: get(row, 17)?,
        attempts: get::<&str>(row, 18)?.lines().map(str::to_owned).collect(),
        attempts_made: unsigned32(get(row, 19)?)?,
        rev: Rev(unsigned(get(row, 20)?)?),
        request: bytes(row, 21)?,
        progress: bytes(row, 22)?,
        result: bytes(row, 23)?,
    })
}

pub(super) fn time(row: &Row, column: usize) -> Result<Option<Time>, EngineError> {
    Ok(get::<Option<i64>>(row, column)?.map(Time::from_millis))
}

pub(super) fn bytes(row: &Row, column: usize) -> Result<Bytes, EngineError> {
    Ok(Bytes::copy_from_slice(get(row, column)?))
}

/// A number that is never negative.
pub(super) fn unsigned(number: i64) -> Result<u64, EngineError> {
    u64::try_from(number).map_err(|_| EngineError::corrupt("a number is negative"))
}

pub(super) fn unsigned32(number: i32) -> Result<u32, EngineError> {
    u32::try_from(number).map_err(|_| EngineError::corrupt("a count is negative"))
}

/// A number that grows, as the server keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn signed32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
