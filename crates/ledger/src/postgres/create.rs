//! Accepting operations, or saying why not.

use super::Postgres;
use super::accept::{CREATE, Columns, Made, made};
use super::error::SOON;
use super::link::{Link, Values};
use super::row::{self, AFTER, COLUMNS, FROM, get};
use super::turn::Turn;
use crate::bell::Ring;
use crate::operation::Take;
use crate::{
    Claim, Created, EngineError, Fence, Idempotency, NewOp, Op, OpId, Serial, Tenant, Time,
};
use std::sync::Arc;
use tokio_postgres::Row;
use uuid::Uuid;

/// How often a create is tried whose key is forgotten just then.
const TRIES: u32 = 3;

/// Accepts an operation, unless its key, its serial key or its bound says otherwise.
pub(super) async fn create(engine: &Postgres, new: NewOp) -> Result<Created, EngineError> {
    let new = Arc::new(new);
    let created = if new.serial.is_some() {
        in_turn(engine, &new).await?
    } else {
        at_once(engine, &new).await?
    };
    if matches!(created, Created::New(_)) && new.delay.is_zero() {
        engine.bells.ring(Ring::Work);
    }
    Ok(created)
}

/// Accepts an operation together with others.
async fn at_once(engine: &Postgres, new: &Arc<NewOp>) -> Result<Created, EngineError> {
    for _ in 0..TRIES {
        if let Some(made) = engine.creates.run(Arc::clone(new)).await? {
            return Ok(accepted(new, new.take.as_ref(), made));
        }
        if let Some(created) = lookup(&Asked::Link(&engine.reads), new).await? {
            return Ok(created);
        }
        if let Some(created) = crowded(&Asked::Link(&engine.reads), new).await? {
            return Ok(created);
        }
    }
    Err(EngineError::unavailable(SOON, "the key is being taken and forgotten"))
}

/// Whether its tenant has as many open operations as it may.
async fn crowded(asked: &Asked<'_>, new: &NewOp) -> Result<Option<Created>, EngineError> {
    let Some(bound) = new.bound else { return Ok(None) };
    let sql = "SELECT count(*)::int FROM due WHERE tenant = $1 AND queue = $2";
    let rows = asked.query(sql, &[&new.tenant.as_str(), &new.queue.as_str()]).await?;
    let open = rows.first().map_or(Ok(0), |row| row::unsigned32(get(row, 0)?))?;
    Ok((open >= bound).then_some(Created::Crowded { open }))
}

/// Accepts an operation with a serial key. Creates of one key wait for each other, so that those
/// with smaller numbers are visible before those with larger ones.
async fn in_turn(engine: &Postgres, new: &Arc<NewOp>) -> Result<Created, EngineError> {
    let new = Arc::clone(new);
    engine.turns.run(move |turn| Box::pin(async move { place_in_turn(turn, &new).await })).await
}

async fn place_in_turn(turn: &Turn<'_>, new: &NewOp) -> Result<Created, EngineError> {
    let Some(serial) = &new.serial else {
        return Err(EngineError::invalid("there is no serial key"));
    };
    lock(turn, &new.tenant, &serial.key).await?;
    if let Some(created) = lookup(&Asked::Turn(turn), new).await? {
        return Ok(created);
    }
    let take = match place(turn, new, serial).await? {
        Place::First => new.take.as_ref(),
        Place::Behind => None,
        Place::No { conflict } => return Ok(Created::Busy { conflict }),
    };
    let columns = Columns::of(&[(new, take)]);
    let rows = turn.query(CREATE, &columns.values()).await?;
    if let Some(row) = rows.first() {
        return Ok(accepted(new, take, made(row)?));
    }
    // Another node may have taken the key, or the last place, between the look and the statement.
    let created = match lookup(&Asked::Turn(turn), new).await? {
        Some(created) => Some(created),
        None => crowded(&Asked::Turn(turn), new).await?,
    };
    created.ok_or_else(|| EngineError::unavailable(SOON, "the place is being taken and freed"))
}

/// Holds others off a serial key until the end of the transaction.
pub(super) async fn lock(turn: &Turn<'_>, tenant: &Tenant, key: &str) -> Result<(), EngineError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, length($2)))";
    let name = format!("{tenant}\u{1f}{key}");
    turn.query(sql, &[&name, &tenant.as_str()]).await.map(drop)
}

/// Where an operation comes among those with its serial key.
enum Place {
    First,
    Behind,
    No { conflict: OpId },
}

async fn place(turn: &Turn<'_>, new: &NewOp, serial: &Serial) -> Result<Place, EngineError> {
    let sql = "SELECT op FROM due WHERE tenant = $1 AND serial = $2 ORDER BY seq";
    let rows = turn.query(sql, &[&new.tenant.as_str(), &serial.key]).await?;
    let Some(first) = rows.first() else { return Ok(Place::First) };
    let waiting = u32::try_from(rows.len() - 1).unwrap_or(u32::MAX);
    if waiting < serial.waiting {
        Ok(Place::Behind)
    } else {
        Ok(Place::No { conflict: get(first, 0)? })
    }
}

/// The answer for an operation that was accepted.
fn accepted(new: &NewOp, take: Option<&Take>, made: Made) -> Created {
    let op = new.accepted(made.now, take.is_some());
    match take {
        Some(take) => claimed(op, take, 1, made.due),
        None => Created::New(Box::new(op)),
    }
}

fn claimed(op: Op, take: &Take, attempt: u32, until: Time) -> Created {
    let worker = take.worker.clone();
    let fence = Fence(1);
    Created::Taken(Box::new(Claim { op, worker, fence, attempt, until, owner_died: false }))
}

/// Who is asked: a connection, or a transaction on one.
enum Asked<'a> {
    Link(&'a Link),
    Turn(&'a Turn<'a>),
}

impl Asked<'_> {
    async fn query(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, EngineError> {
        match self {
            Self::Link(link) => link.read(sql, values).await,
            Self::Turn(turn) => turn.query(sql, values).await,
        }
    }
}

/// What became of the key, or of the same create, before.
async fn lookup(asked: &Asked<'_>, new: &NewOp) -> Result<Option<Created>, EngineError> {
    if let Some(idempotency) = &new.idempotency
        && let Some(created) = replay(asked, new, idempotency).await?
    {
        return Ok(Some(created));
    }
    find(asked, new.id).await?.map(|before| mine(new, before)).transpose()
}

async fn replay(
    asked: &Asked<'_>,
    new: &NewOp,
    idempotency: &Idempotency,
) -> Result<Option<Created>, EngineError> {
    let sql = "SELECT fingerprint, op FROM keys \
        WHERE tenant = $1 AND key = $2 AND expires > now_ms()";
    let rows = asked.query(sql, &[&new.tenant.as_str(), &idempotency.key]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id: Uuid = get(row, 1)?;
    if get::<&[u8]>(row, 0)? != idempotency.fingerprint {
        return Ok(Some(Created::Mismatch(id)));
    }
    Ok(Some(match find(asked, id).await? {
        Some(before) if id == new.id => mine(new, before)?,
        Some(before) if before.op.state.is_final() => Created::Replay(Box::new(before.op)),
        Some(_) => Created::InProgress(id),
        None => Created::Gone(id),
    }))
}

/// An operation with what only the engine knows of it while it is open.
struct Stored {
    op: Op,
    owner: Option<String>,
    fence: Option<i64>,
    attempt: Option<i32>,
    due: Option<Time>,
}

async fn find(asked: &Asked<'_>, id: OpId) -> Result<Option<Stored>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS}, d.owner, d.fence, d.attempt, d.due FROM {FROM} \
         LEFT JOIN due d ON d.op = o.id WHERE o.id = $1"
    );
    let rows = asked.query(&sql, &[&id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Stored {
        op: row::op(row)?,
        owner: get(row, AFTER)?,
        fence: get(row, AFTER + 1)?,
        attempt: get(row, AFTER + 2)?,
        due: row::time(row, AFTER + 3)?,
    }))
}

/// The answer to a create that was repeated because its answer was lost.
fn mine(new: &NewOp, before: Stored) -> Result<Created, EngineError> {
    if before.op.tenant != new.tenant {
        return Err(EngineError::invalid("the id is taken"));
    }
    let owner = before.owner.as_deref();
    let take = new.take.as_ref().filter(|take| owner == Some(take.worker.as_str()));
    Ok(match (take, before.fence, before.due) {
        (Some(take), Some(1), Some(until)) => {
            let attempt = row::unsigned32(before.attempt.unwrap_or(1))?;
            claimed(before.op, take, attempt, until)
        }
        _ => Created::New(Box::new(before.op)),
    })
}
