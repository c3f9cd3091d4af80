//! Retention: taking away what is past its time, a bounded part at a time.

use super::end;
use super::writer::Db;
use crate::document::REMAINS_KEPT;
use crate::time::millis;
use crate::{EngineError, Swept};
use rusqlite::params;

/// The most rows of a kind in one transaction, so that other writers do not wait long.
const MOST: usize = 1000;

pub(super) fn sweep(db: &Db<'_>, n: usize) -> Result<Swept, EngineError> {
    let n = i64::try_from(n.min(MOST)).unwrap_or(0);
    let now = db.now.as_millis();
    let sql = "SELECT seq FROM ops WHERE expires <= ? ORDER BY expires LIMIT ?";
    let mut select = db.conn.prepare_cached(sql)?;
    let ended = select.query_map([now, n], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    ended.iter().try_for_each(|seq| end::forget(db, *seq))?;
    let take = |table: &str, past: &str, now: i64| {
        let sql = format!(
            "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {past} LIMIT ?)"
        );
        db.conn.prepare_cached(&sql)?.execute(params![now, n])
    };
    let remains = now.saturating_sub(millis(REMAINS_KEPT));
    Ok(Swept {
        ops: count(ended.len()),
        keys: count(take("keys", "expires <= ?", now)?),
        quotas: count(take("quotas", "idle_at <= ?", now)?),
        documents: count(take("documents", "body IS NULL AND changed <= ?", remains)?),
    })
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
