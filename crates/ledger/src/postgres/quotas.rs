//! Where windows of quotas are kept. A window's row is locked while it is asked, and the time is read
//! when the lock is held: a unit never counts from a moment before others were granted.

use super::row::get;
use super::turn::{Turn, Turns};
use crate::quota::Window;
use crate::{EngineError, Grant, QuotaKey, QuotaRule, Time};

pub(super) async fn grant(
    turns: &Turns,
    key: QuotaKey,
    want: u32,
    rule: QuotaRule,
) -> Result<Grant, EngineError> {
    let grant = turns.run(move |turn| {
        Box::pin(async move {
            let mut window = load(turn, &key).await?;
            let grant = window.grant(&key, moment(turn).await?, want, &rule);
            if grant.granted > 0 {
                store(turn, &key, &window).await?;
            }
            Ok(grant)
        })
    });
    grant.await
}

pub(super) async fn give_back(turns: &Turns, grant: Grant, unused: u32) -> Result<(), EngineError> {
    let given_back = turns.run(move |turn| {
        Box::pin(async move {
            let mut window = load(turn, &grant.key).await?;
            window.give_back(&grant, unused);
            store(turn, &grant.key, &window).await
        })
    });
    given_back.await
}

/// A window, locked until the end of the transaction.
async fn load(turn: &Turn<'_>, key: &QuotaKey) -> Result<Window, EngineError> {
    let sql = "INSERT INTO quotas (key, counted, idle_at) VALUES ($1, '{}', 0) \
        ON CONFLICT (key) DO NOTHING";
    turn.query(sql, &[&key.as_str()]).await?;
    let sql = "SELECT counted FROM quotas WHERE key = $1 FOR UPDATE";
    let rows = turn.query(sql, &[&key.as_str()]).await?;
    let gone = || EngineError::unavailable(std::time::Duration::ZERO, "the quota was swept");
    Window::from_json(get(rows.first().ok_or_else(gone)?, 0)?)
}

async fn moment(turn: &Turn<'_>) -> Result<Time, EngineError> {
    let rows = turn.query("SELECT moment_ms()", &[]).await?;
    let row = rows.first().ok_or_else(|| EngineError::corrupt("the server has no time"))?;
    Ok(Time::from_millis(get(row, 0)?))
}

async fn store(turn: &Turn<'_>, key: &QuotaKey, window: &Window) -> Result<(), EngineError> {
    let sql = "UPDATE quotas SET counted = $2, idle_at = $3 WHERE key = $1";
    let idle_at = window.idle_at().as_millis();
    turn.query(sql, &[&key.as_str(), &window.to_json()?, &idle_at]).await.map(drop)
}
