//! Handing operations to workers, and keeping them there.

use super::row::{self, COLUMNS, Stored};
use super::writer::Db;
use crate::{Claim, EngineError, Fence, Note, OpId, Queue, Renewed, Rev, State, Time, Worker};
use rusqlite::{OptionalExtension, params};
use std::time::Duration;

/// Hands out what is due: what has waited longest first, and of a serial key only the first.
pub(super) fn claim(
    db: &Db<'_>,
    queue: &Queue,
    worker: &Worker,
    max: usize,
    lease: Duration,
) -> Result<Vec<Claim>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ops o INDEXED BY ops_due JOIN requests r ON r.seq = o.seq \
         WHERE o.queue = ? AND o.due <= ? AND (o.serial IS NULL OR NOT EXISTS \
         (SELECT 1 FROM ops b WHERE b.tenant = o.tenant AND b.serial = o.serial \
         AND b.due IS NOT NULL AND b.seq < o.seq)) ORDER BY o.due, o.seq LIMIT ?"
    );
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let select = db.conn.prepare_cached(&sql)?;
    let due = row::all(select, params![queue.as_str(), db.now.as_millis(), max])?;
    due.into_iter().map(|stored| take(db, stored, worker, lease)).collect()
}

fn take(
    db: &Db<'_>,
    stored: Stored,
    worker: &Worker,
    lease: Duration,
) -> Result<Claim, EngineError> {
    let Stored { mut op, seq, owner, fence, attempt, .. } = stored;
    let sql = "UPDATE ops SET state = 1, owner = ?2, fence = fence + 1, attempt = attempt + 1, \
        due = ?3, started = coalesce(started, ?4), rev = rev + 1 WHERE seq = ?1";
    let until = db.now.after(lease);
    let values = params![seq, worker.as_str(), until.as_millis(), db.now.as_millis()];
    db.conn.prepare_cached(sql)?.execute(values)?;
    db.rung.borrow_mut().op(op.id);
    op.state = State::InProgress;
    op.started = op.started.or(Some(db.now));
    op.rev = Rev(op.rev.0 + 1);
    Ok(Claim {
        op,
        worker: worker.clone(),
        fence: Fence(fence.0 + 1),
        attempt: attempt + 1,
        until,
        owner_died: owner.is_some(),
    })
}

/// Keeps an operation with its owner.
pub(super) fn renew(
    db: &Db<'_>,
    id: OpId,
    fence: Fence,
    lease: Duration,
    note: &Note,
) -> Result<Renewed, EngineError> {
    let sql = "UPDATE ops SET due = ? WHERE id = ? AND fence = ? AND owner IS NOT NULL \
        RETURNING cancel_requested";
    let until = db.now.after(lease);
    let values = params![until.as_millis(), id.as_bytes(), row::signed(fence.0)];
    let kept = db.conn.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(cancel_requested) = kept else { return Ok(Renewed::Lost) };
    self::note(db, id, note)?;
    Ok(Renewed::Kept { until, cancel_requested })
}

/// Notes what an owner noted.
pub(super) fn note(db: &Db<'_>, id: OpId, note: &Note) -> Result<(), EngineError> {
    if *note == Note::default() {
        return Ok(());
    }
    let sql = "UPDATE ops SET progress = coalesce(?2, progress), declared = coalesce(?3, declared), \
        rev = rev + 1 WHERE id = ?1";
    let values = params![id.as_bytes(), note.progress.as_deref(), note.declared];
    db.conn.prepare_cached(sql)?.execute(values)?;
    if let Some(attempt) = &note.attempt {
        let sql = "UPDATE ops SET attempts_made = ?2, attempts = CASE WHEN ?2 > ?3 THEN attempts \
            ELSE attempts || ?4 || char(10) END WHERE id = ?1 AND attempts_made < ?2";
        let values = params![id.as_bytes(), attempt.number, row::MOST, attempt.json];
        db.conn.prepare_cached(sql)?.execute(values)?;
    }
    db.rung.borrow_mut().op(id);
    Ok(())
}

/// Whether somebody can claim now what is due at `due`.
pub(super) fn ring_due(db: &Db<'_>, due: Time) {
    db.rung.borrow_mut().due(due, db.now);
}
