//! Retention: taking away what is past its time, a bounded part at a time.

use super::link::Link;
use crate::document::REMAINS_KEPT;
use crate::time::millis;
use crate::{EngineError, Swept};

/// The most rows of a kind in one statement, so that it stays short.
const MOST: usize = 1000;

pub(super) async fn sweep(link: &Link, n: usize) -> Result<Swept, EngineError> {
    let n = i64::try_from(n.min(MOST)).unwrap_or(0);
    let ops = "WITH e AS (DELETE FROM ended WHERE op IN (SELECT op FROM ended \
            WHERE expires <= now_ms() ORDER BY expires LIMIT $1 FOR UPDATE SKIP LOCKED) \
            RETURNING op), \
        o AS (DELETE FROM ops o USING e WHERE o.id = e.op RETURNING o.id) \
        SELECT count(*)::bigint FROM o";
    let keys = "WITH k AS (DELETE FROM keys WHERE (tenant, key) IN (SELECT tenant, key FROM keys \
            WHERE expires <= now_ms() LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1) \
        SELECT count(*)::bigint FROM k";
    let quotas = "WITH q AS (DELETE FROM quotas WHERE key IN (SELECT key FROM quotas \
            WHERE idle_at <= now_ms() LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1) \
        SELECT count(*)::bigint FROM q";
    let documents = format!(
        "WITH d AS (DELETE FROM documents WHERE name IN (SELECT name FROM documents \
            WHERE body IS NULL AND changed <= now_ms() - {} LIMIT $1 FOR UPDATE SKIP LOCKED) \
            RETURNING 1) SELECT count(*)::bigint FROM d",
        millis(REMAINS_KEPT)
    );
    Ok(Swept {
        ops: count(link, ops, n).await?,
        keys: count(link, keys, n).await?,
        quotas: count(link, quotas, n).await?,
        documents: count(link, &documents, n).await?,
    })
}

async fn count(link: &Link, sql: &str, n: i64) -> Result<u64, EngineError> {
    let rows = link.write(sql, &[&n]).await?;
    rows.first().map_or(Ok(0), |row| super::row::unsigned(super::row::get(row, 0)?))
}
