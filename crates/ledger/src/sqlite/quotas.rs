//! Where windows of quotas are kept.

use super::writer::Db;
use crate::quota::Window;
use crate::{EngineError, Grant, QuotaKey, QuotaRule};
use rusqlite::{OptionalExtension, params};

pub(super) fn grant(
    db: &Db<'_>,
    key: &QuotaKey,
    want: u32,
    rule: &QuotaRule,
) -> Result<Grant, EngineError> {
    let mut window = load(db, key)?;
    let grant = window.grant(key, db.now, want, rule);
    if grant.granted > 0 {
        store(db, key, &window)?;
    }
    Ok(grant)
}

pub(super) fn give_back(db: &Db<'_>, grant: &Grant, unused: u32) -> Result<(), EngineError> {
    let mut window = load(db, &grant.key)?;
    window.give_back(grant, unused);
    store(db, &grant.key, &window)
}

fn load(db: &Db<'_>, key: &QuotaKey) -> Result<Window, EngineError> {
    let sql = "SELECT counted FROM quotas WHERE key = ?";
    let mut select = db.conn.prepare_cached(sql)?;
    let found = select.query_row([key.as_str()], |row| row.get::<_, String>(0)).optional()?;
    found.map_or_else(|| Ok(Window::default()), |text| Window::from_json(&text))
}

fn store(db: &Db<'_>, key: &QuotaKey, window: &Window) -> Result<(), EngineError> {
    let sql = "INSERT INTO quotas (key, counted, idle_at) VALUES (?, ?, ?) ON CONFLICT (key) \
        DO UPDATE SET counted = excluded.counted, idle_at = excluded.idle_at";
    let values = params![key.as_str(), window.to_json()?, window.idle_at().as_millis()];
    db.conn.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
