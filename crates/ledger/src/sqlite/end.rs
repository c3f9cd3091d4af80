//! The ends of operations: settled, cancelled, deleted.

use super::claim;
use super::create::{find, owned};
use super::row;
use super::writer::Db;
use crate::work::{May, Standing};
use crate::{
    Cancelled, Deleted, EngineError, Fence, Keep, Note, OpId, Settle, Settled, State, Tenant, Time,
};
use bytes::Bytes;
use rusqlite::{OptionalExtension, Row, params};
use std::time::Duration;

/// Ends a worker's turn.
pub(super) fn settle(
    db: &Db<'_>,
    id: OpId,
    fence: Fence,
    settle: &Settle,
    note: &Note,
) -> Result<Settled, EngineError> {
    let Some(before) = before(db, id)? else { return Ok(Settled::Lost) };
    match before.standing.admits(fence, settle) {
        May::Not => return Ok(Settled::Lost),
        May::Repeat => return Ok(Settled::Recorded),
        May::Apply => {}
    }
    claim::note(db, id, note)?;
    match settle.state() {
        Some(state) => end(db, id, state, settle, &before)?,
        None => go_on(db, id, settle)?,
    }
    db.rung.borrow_mut().op(id);
    Ok(Settled::Recorded)
}

/// What is known of an operation before its end.
struct Before {
    standing: Standing,
    keep: Keep,
    key_until: Option<Time>,
    is_serial: bool,
}

fn before(db: &Db<'_>, id: OpId) -> Result<Option<Before>, EngineError> {
    let sql = "SELECT state, fence, owner IS NOT NULL, error_id, result, keep_succeeded, \
        keep_failed, key_until, serial IS NOT NULL FROM ops WHERE id = ?";
    let mut select = db.conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok(read_before(row));
    select.query_row([id.as_bytes()], read).optional()?.transpose()
}

fn read_before(row: &Row<'_>) -> Result<Before, EngineError> {
    let error_id = row.get::<_, Option<Vec<u8>>>(3)?;
    let standing = Standing {
        state: State::from_code(row.get(0)?)?,
        fence: Fence(row::unsigned(row.get(1)?)?),
        owned: row.get(2)?,
        error_id: error_id.map(|bytes| row::id(&bytes)).transpose()?,
        result: Bytes::from(row.get::<_, Vec<u8>>(4)?),
    };
    let keep = Keep { succeeded: duration(row.get(5)?), failed: duration(row.get(6)?) };
    Ok(Before { standing, keep, key_until: row::time(row.get(7)?), is_serial: row.get(8)? })
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn end(
    db: &Db<'_>,
    id: OpId,
    state: State,
    settle: &Settle,
    before: &Before,
) -> Result<(), EngineError> {
    let sql = "UPDATE ops SET state = ?2, completed = ?3, expires = ?4, due = NULL, owner = NULL, \
        error_message = ?5, error_id = ?6, dead = ?7, result = ?8, rev = rev + 1 WHERE id = ?1";
    let error = settle.error();
    let expires = before.keep.until(state, db.now, before.key_until);
    db.conn.prepare_cached(sql)?.execute(params![
        id.as_bytes(),
        state.code(),
        db.now.as_millis(),
        expires.as_millis(),
        error.map(|error| error.message.as_str()),
        error.map(|error| error.error_id.as_bytes()),
        settle.dead_letter(),
        &settle.result()[..],
    ])?;
    if before.is_serial {
        // Whoever waited behind this operation may be claimed now.
        claim::ring_due(db, db.now);
    }
    Ok(())
}

/// Gives an operation back, at once or later. A claim that was released does not count.
fn go_on(db: &Db<'_>, id: OpId, settle: &Settle) -> Result<(), EngineError> {
    let sql = "UPDATE ops SET due = ?, owner = NULL, attempt = attempt - ?, rev = rev + 1 \
        WHERE id = ?";
    let due = db.now.after(settle.wait());
    let uncounted = i64::from(*settle == Settle::Release);
    db.conn.prepare_cached(sql)?.execute(params![due.as_millis(), uncounted, id.as_bytes()])?;
    claim::ring_due(db, due);
    Ok(())
}

/// Cancels an operation, or asks its owner to.
pub(super) fn cancel(db: &Db<'_>, tenant: &Tenant, id: OpId) -> Result<Cancelled, EngineError> {
    let Some(stored) = owned(db, tenant, id)? else { return Ok(Cancelled::NotFound) };
    let cancelled = match (stored.op.state, before(db, id)?) {
        (State::Pending, Some(before)) => {
            mark_cancelled(db, id)?;
            let cancelled = Settle::Cancelled { result: Bytes::new() };
            end(db, id, State::Cancelled, &cancelled, &before)?;
            Cancelled::BeforeStart
        }
        (State::InProgress, _) => {
            mark_cancelled(db, id)?;
            hurry(db, id)?;
            Cancelled::Requested
        }
        (ended, _) => Cancelled::Ended(ended),
    };
    db.rung.borrow_mut().op(id);
    Ok(cancelled)
}

fn mark_cancelled(db: &Db<'_>, id: OpId) -> Result<(), EngineError> {
    let sql = "UPDATE ops SET cancel_requested = 1, rev = rev + 1 WHERE id = ?";
    db.conn.prepare_cached(sql)?.execute([id.as_bytes()])?;
    Ok(())
}

/// An operation that waits for its next step waits no longer: somebody must say what is known.
fn hurry(db: &Db<'_>, id: OpId) -> Result<(), EngineError> {
    let sql = "UPDATE ops SET due = min(due, ?) WHERE id = ? AND owner IS NULL";
    if db.conn.prepare_cached(sql)?.execute(params![db.now.as_millis(), id.as_bytes()])? > 0 {
        claim::ring_due(db, db.now);
    }
    Ok(())
}

/// Deletes an operation that has ended.
pub(super) fn delete(db: &Db<'_>, tenant: &Tenant, id: OpId) -> Result<Deleted, EngineError> {
    let Some(stored) = find(db, id)?.filter(|found| found.op.tenant == *tenant) else {
        return Ok(Deleted::NotFound);
    };
    if !stored.op.state.is_final() {
        return Ok(Deleted::NotEnded(stored.op.state));
    }
    forget(db, stored.seq)?;
    db.rung.borrow_mut().op(id);
    Ok(Deleted::Gone)
}

/// Takes an operation away.
pub(super) fn forget(db: &Db<'_>, seq: i64) -> Result<(), EngineError> {
    db.conn.prepare_cached("DELETE FROM ops WHERE seq = ?")?.execute([seq])?;
    db.conn.prepare_cached("DELETE FROM requests WHERE seq = ?")?.execute([seq])?;
    Ok(())
}
