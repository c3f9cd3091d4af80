//! Whether what is stored is sound, and how the server is.

use super::link::Link;
use super::open::{shown, synchronous_standbys};
use super::row::{get, unsigned};
use crate::{EngineError, Finding, Health, Time};

/// What must never be found, and how it is looked for.
const RULES: [(&str, &str); 7] = [
    (
        "an open operation has a place in its queue",
        "SELECT count(*) FROM ops o LEFT JOIN due d ON d.op = o.id \
         WHERE o.state < 2 AND d.op IS NULL",
    ),
    (
        "an ended operation is among those that have ended",
        "SELECT count(*) FROM ops o LEFT JOIN ended e ON e.op = o.id \
         WHERE o.state >= 2 AND (e.op IS NULL OR e.state <> o.state OR e.tenant <> o.tenant)",
    ),
    (
        "a place in a queue has an open operation",
        "SELECT count(*) FROM due d LEFT JOIN ops o ON o.id = d.op \
         WHERE o.id IS NULL OR o.state >= 2 OR o.tenant <> d.tenant",
    ),
    (
        "what is among those that have ended is an operation",
        "SELECT count(*) FROM ended e LEFT JOIN ops o ON o.id = e.op WHERE o.id IS NULL",
    ),
    (
        "an operation that was begun has a fence and a beginning",
        "SELECT count(*) FROM ops o JOIN due d ON d.op = o.id \
         WHERE (o.state = 1) <> (d.fence > 0) OR (o.state = 1) <> (o.started IS NOT NULL)",
    ),
    (
        "of a serial key one operation is owned",
        "SELECT count(*) FROM (SELECT 1 FROM due WHERE serial IS NOT NULL AND owner IS NOT NULL \
         GROUP BY tenant, serial HAVING count(*) > 1) twice",
    ),
    (
        "no document is newer than the last revision",
        "SELECT count(*) FROM documents WHERE rev > (SELECT last FROM revisions)",
    ),
];
/// How many dead rows, next to living ones, slow the queue down.
const BLOAT: &str = "SELECT relname::text FROM pg_stat_user_tables WHERE schemaname = current_schema() \
    AND n_dead_tup > 20000 AND n_dead_tup > n_live_tup";

pub(super) async fn check(link: &Link) -> Result<Vec<Finding>, EngineError> {
    let mut findings = Vec::new();
    for (rule, sql) in RULES {
        let rows = link.read(sql, &[]).await?;
        let breaches = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        findings.extend(Finding::counted(rule, breaches));
    }
    Ok(findings)
}

pub(super) async fn health(link: &Link) -> Result<Health, EngineError> {
    let session = link.session().await?;
    let sql = "SELECT now_ms(), coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint \
        FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'";
    let rows = link.read(sql, &[]).await?;
    let row = rows.first().ok_or_else(|| EngineError::corrupt("the server has no tables"))?;
    let standbys = synchronous_standbys(&session).await?;
    let durable = shown(&session, "fsync").await? == "on"
        && shown(&session, "synchronous_commit").await? != "off";
    let mut warnings = Vec::new();
    if standbys == 0 {
        let words =
            "there is no synchronous standby: what was acknowledged can be lost with the server";
        warnings.push(words.to_owned());
    }
    for row in link.read(BLOAT, &[]).await? {
        let table: String = get(&row, 0)?;
        warnings.push(format!("the table {table} has more dead rows than living ones"));
    }
    Ok(Health {
        engine: format!("PostgreSQL {}", shown(&session, "server_version").await?),
        durable,
        synchronous_standbys: Some(standbys),
        warnings,
        bytes: unsigned(get(row, 1)?)?,
        now: Time::from_millis(get(row, 0)?),
    })
}
