//! Accepting operations, and asking for the same again.

use super::row::{self, COLUMNS, Stored};
use super::writer::Db;
use crate::operation::Take;
use crate::time::millis;
use crate::{
    Claim, Created, EngineError, Fence, Idempotency, NewOp, Op, OpId, Redriven, Serial, State,
    Tenant, Time,
};
use rusqlite::{OptionalExtension, params};

/// Accepts an operation, unless its key, its serial key or its bound says otherwise.
pub(super) fn create(db: &Db<'_>, new: &NewOp) -> Result<Created, EngineError> {
    if let Some(idempotency) = &new.idempotency
        && let Some(created) = replay(db, new, idempotency)?
    {
        return Ok(created);
    }
    // Where a place has to be looked for, a repeat must be known before; else the insert tells.
    if (new.serial.is_some() || new.bound.is_some())
        && let Some(before) = find(db, new.id)?
    {
        return mine(new, before);
    }
    let mut taken = new.take.as_ref();
    if let Some(serial) = &new.serial {
        match place(db, &new.tenant, serial)? {
            Place::First => {}
            Place::Behind => taken = None,
            Place::No { conflict } => return Ok(Created::Busy { conflict }),
        }
    }
    if let Some(created) = crowded(db, new)? {
        return Ok(created);
    }
    accept(db, new, taken)
}

fn accept(db: &Db<'_>, new: &NewOp, taken: Option<&Take>) -> Result<Created, EngineError> {
    let op = new.accepted(db.now, taken.is_some());
    let until = db.now.after(taken.map_or(new.delay, |take| take.lease));
    if !insert(db, new, &op, until, taken)? {
        let gone = || EngineError::corrupt("an operation is there and cannot be found");
        return mine(new, find(db, new.id)?.ok_or_else(gone)?);
    }
    if let Some(idempotency) = &new.idempotency {
        remember(db, new, idempotency)?;
    }
    let Some(take) = taken else {
        db.rung.borrow_mut().due(until, db.now);
        return Ok(Created::New(Box::new(op)));
    };
    let worker = take.worker.clone();
    let fence = Fence(1);
    Ok(Created::Taken(Box::new(Claim { op, worker, fence, attempt: 1, until, owner_died: false })))
}

/// What became of the key before, where it is still remembered.
fn replay(
    db: &Db<'_>,
    new: &NewOp,
    idempotency: &Idempotency,
) -> Result<Option<Created>, EngineError> {
    let sql = "SELECT fingerprint, op FROM keys WHERE tenant = ? AND key = ? AND expires > ?";
    let mut select = db.conn.prepare_cached(sql)?;
    let found = select
        .query_row(params![new.tenant.as_str(), idempotency.key, db.now.as_millis()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        });
    let Some((fingerprint, id)) = found.optional()? else { return Ok(None) };
    let id = row::id(&id)?;
    if fingerprint != idempotency.fingerprint {
        return Ok(Some(Created::Mismatch(id)));
    }
    let before = find(db, id)?;
    Ok(Some(match before {
        Some(before) if id == new.id => mine(new, before)?,
        Some(before) if before.op.state.is_final() => Created::Replay(Box::new(before.op)),
        Some(_) => Created::InProgress(id),
        None => Created::Gone(id),
    }))
}

/// The answer to a create that was repeated because its answer was lost.
fn mine(new: &NewOp, before: Stored) -> Result<Created, EngineError> {
    if before.op.tenant != new.tenant {
        return Err(EngineError::invalid("the id is taken"));
    }
    let Stored { op, owner, fence, attempt, due, .. } = before;
    let take = new.take.as_ref().filter(|take| owner.as_deref() == Some(take.worker.as_str()));
    Ok(match (take, due) {
        (Some(take), Some(until)) if fence == Fence(1) => Created::Taken(Box::new(Claim {
            op,
            worker: take.worker.clone(),
            fence,
            attempt,
            until,
            owner_died: false,
        })),
        _ => Created::New(Box::new(op)),
    })
}

fn crowded(db: &Db<'_>, new: &NewOp) -> Result<Option<Created>, EngineError> {
    let Some(bound) = new.bound else { return Ok(None) };
    let sql = "SELECT count(*) FROM ops WHERE tenant = ? AND state IN (0, 1) AND queue = ?";
    let mut count = db.conn.prepare_cached(sql)?;
    let open: u32 = count.query_row([new.tenant.as_str(), new.queue.as_str()], |row| row.get(0))?;
    Ok((open >= bound).then_some(Created::Crowded { open }))
}

/// Where an operation comes among those with its serial key.
enum Place {
    First,
    Behind,
    No { conflict: OpId },
}

fn place(db: &Db<'_>, tenant: &Tenant, serial: &Serial) -> Result<Place, EngineError> {
    let sql = "SELECT id FROM ops WHERE tenant = ? AND serial = ? AND due IS NOT NULL ORDER BY seq";
    let mut select = db.conn.prepare_cached(sql)?;
    let ids = select.query_map([tenant.as_str(), &serial.key], |row| row.get::<_, Vec<u8>>(0))?;
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let Some(first) = ids.first() else { return Ok(Place::First) };
    let waiting = u32::try_from(ids.len() - 1).unwrap_or(u32::MAX);
    if waiting < serial.waiting {
        Ok(Place::Behind)
    } else {
        Ok(Place::No { conflict: row::id(first)? })
    }
}

/// Whether the operation is there now, and was not before.
fn insert(
    db: &Db<'_>,
    new: &NewOp,
    op: &Op,
    due: Time,
    taken: Option<&Take>,
) -> Result<bool, EngineError> {
    let sql = "INSERT INTO ops (id, tenant, queue, resource_id, operation_type, created_by, state, \
        created, started, due, owner, fence, attempt, serial, keep_succeeded, keep_failed, \
        key_until, rev) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT (id) DO NOTHING";
    let key_until = new.idempotency.as_ref().map(|idem| db.now.after(idem.keep).as_millis());
    let begun = i64::from(taken.is_some());
    let inserted = db.conn.prepare_cached(sql)?.execute(params![
        op.id.as_bytes(),
        op.tenant.as_str(),
        op.queue.as_str(),
        op.resource_id,
        op.operation_type,
        op.created_by,
        op.state.code(),
        op.created.as_millis(),
        op.started.map(Time::as_millis),
        due.as_millis(),
        taken.map(|take| take.worker.as_str()),
        begun,
        begun,
        op.serial,
        millis(new.keep.succeeded),
        millis(new.keep.failed),
        key_until,
        row::signed(op.rev.0),
    ])?;
    if inserted == 0 {
        return Ok(false);
    }
    let seq = db.conn.last_insert_rowid();
    let sql = "INSERT INTO requests (seq, body) VALUES (?, ?)";
    db.conn.prepare_cached(sql)?.execute(params![seq, &op.request[..]])?;
    Ok(true)
}

fn remember(db: &Db<'_>, new: &NewOp, idempotency: &Idempotency) -> Result<(), EngineError> {
    let sql = "INSERT INTO keys (tenant, key, fingerprint, op, expires) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT (tenant, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
        op = excluded.op, expires = excluded.expires";
    db.conn.prepare_cached(sql)?.execute(params![
        new.tenant.as_str(),
        idempotency.key,
        idempotency.fingerprint,
        new.id.as_bytes(),
        db.now.after(idempotency.keep).as_millis(),
    ])?;
    Ok(())
}

pub(super) fn find(db: &Db<'_>, id: OpId) -> Result<Option<Stored>, EngineError> {
    let sql =
        format!("SELECT {COLUMNS} FROM ops o JOIN requests r ON r.seq = o.seq WHERE o.id = ?");
    row::first(db.conn.prepare_cached(&sql)?, [id.as_bytes()])
}

/// An operation where it is this tenant's.
pub(super) fn owned(db: &Db<'_>, tenant: &Tenant, id: OpId) -> Result<Option<Stored>, EngineError> {
    Ok(find(db, id)?.filter(|found| found.op.tenant == *tenant))
}

/// Makes a new operation of a dead letter.
pub(super) fn redrive(
    db: &Db<'_>,
    tenant: &Tenant,
    id: OpId,
    new: OpId,
) -> Result<Redriven, EngineError> {
    let Some(Stored { op, .. }) = owned(db, tenant, id)? else { return Ok(Redriven::NotFound) };
    if let Some(before) = op.redriven_as {
        return Ok(if before == new { Redriven::As(new) } else { Redriven::Before(before) });
    }
    if !op.dead_letter {
        return Ok(Redriven::NotDead(op.state));
    }
    copy(db, id, new)?;
    let sql = "UPDATE ops SET dead = 0, redriven_as = ?, rev = rev + 1 WHERE id = ?";
    db.conn.prepare_cached(sql)?.execute([new.as_bytes(), id.as_bytes()])?;
    let mut rung = db.rung.borrow_mut();
    rung.op(id);
    rung.due(db.now, db.now);
    Ok(Redriven::As(new))
}

fn copy(db: &Db<'_>, id: OpId, new: OpId) -> Result<(), EngineError> {
    let sql = "INSERT INTO ops (id, tenant, queue, resource_id, operation_type, created_by, state, \
        created, due, fence, attempt, serial, keep_succeeded, keep_failed, rev) \
        SELECT ?1, tenant, queue, resource_id, operation_type, created_by, ?3, ?4, ?4, 0, 0, \
        serial, keep_succeeded, keep_failed, 1 FROM ops WHERE id = ?2";
    let pending = State::Pending.code();
    let now = db.now.as_millis();
    db.conn.prepare_cached(sql)?.execute(params![new.as_bytes(), id.as_bytes(), pending, now])?;
    let seq = db.conn.last_insert_rowid();
    let sql = "INSERT INTO requests (seq, body) SELECT ?, body FROM requests \
        WHERE seq = (SELECT seq FROM ops WHERE id = ?)";
    db.conn.prepare_cached(sql)?.execute(params![seq, id.as_bytes()])?;
    Ok(())
}
