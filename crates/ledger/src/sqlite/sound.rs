//! Whether a file is sound, and how it is.

use crate::{EngineError, Finding, Health, Time};
use rusqlite::Connection;
use std::path::Path;

/// What must never be found, and how it is looked for.
const RULES: [(&str, &str); 6] = [
    (
        "every operation has a request",
        "SELECT count(*) FROM ops o LEFT JOIN requests r ON r.seq = o.seq WHERE r.seq IS NULL",
    ),
    (
        "every request has an operation",
        "SELECT count(*) FROM requests r LEFT JOIN ops o ON o.seq = r.seq WHERE o.seq IS NULL",
    ),
    (
        "an operation is owned only while it is in progress",
        "SELECT count(*) FROM ops WHERE owner IS NOT NULL AND state <> 1",
    ),
    (
        "an operation that was begun has a fence and a beginning",
        "SELECT count(*) FROM ops WHERE state = 1 AND (fence < 1 OR started IS NULL)",
    ),
    (
        "of a serial key one operation is owned",
        "SELECT count(*) FROM (SELECT 1 FROM ops WHERE serial IS NOT NULL AND owner IS NOT NULL \
         GROUP BY tenant, serial HAVING count(*) > 1)",
    ),
    (
        "no document is newer than the last revision",
        "SELECT count(*) FROM documents WHERE rev > (SELECT last FROM revisions)",
    ),
];
/// How many findings of SQLite's own check are told.
const MOST: usize = 20;

pub(super) fn check(db: &Connection) -> Result<Vec<Finding>, EngineError> {
    let sql = format!("PRAGMA integrity_check({MOST})");
    let mut pragma = db.prepare(&sql)?;
    let rows = pragma.query_map([], |row| row.get::<_, String>(0))?;
    let lines = rows.collect::<Result<Vec<_>, _>>()?;
    let bad = lines.into_iter().filter(|line| line != "ok");
    let mut findings: Vec<_> = bad.map(|line| Finding::new("the file is whole", line)).collect();
    for (rule, sql) in RULES {
        match db.query_row(sql, [], |row| row.get(0)).map_err(EngineError::from) {
            Ok(breaches) => findings.extend(Finding::counted(rule, breaches)),
            // What cannot be read breaks every rule; the rest is looked at all the same.
            Err(EngineError::Corrupt { why }) => findings.push(Finding::new(rule, why)),
            Err(error) => return Err(error),
        }
    }
    Ok(findings)
}

pub(super) fn health(db: &Connection, path: &Path, now: Time) -> Result<Health, EngineError> {
    let version: String = db.query_row("SELECT sqlite_version()", [], |row| row.get(0))?;
    let size = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        std::fs::metadata(name).map_or(0, |file| file.len())
    };
    Ok(Health {
        engine: format!("SQLite {version}"),
        durable: true,
        synchronous_standbys: None,
        warnings: Vec::new(),
        bytes: size("") + size("-wal"),
        now,
    })
}
