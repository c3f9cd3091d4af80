//! Looking at operations.

use super::row::{self, COLUMNS};
use crate::{Cursor, Depth, EngineError, Filter, Op, OpId, Page, Queue, State, Tenant, Time};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

pub(super) fn get(db: &Connection, tenant: &Tenant, id: OpId) -> Result<Option<Op>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ops o JOIN requests r ON r.seq = o.seq \
         WHERE o.id = ? AND o.tenant = ?"
    );
    let select = db.prepare_cached(&sql)?;
    let stored = row::first(select, params![id.as_bytes(), tenant.as_str()])?;
    Ok(stored.map(|stored| stored.op))
}

/// A page of a list. Each wanted state is a run of an index in the wanted order; the newest of all
/// runs are the newest of the list.
pub(super) fn list(
    db: &Connection,
    tenant: &Tenant,
    filter: &Filter,
    after: Option<Cursor>,
    n: usize,
) -> Result<Page, EngineError> {
    let (conditions, mut values) = conditions(tenant, filter, after);
    let limit = values.len() + 1;
    values.push(Value::Integer(i64::try_from(n).unwrap_or(i64::MAX).saturating_add(1)));
    let states = if filter.states.is_empty() { &State::ALL[..] } else { &filter.states };
    let run = |condition: &str| {
        format!(
            "SELECT * FROM (SELECT o.id AS id FROM ops o WHERE {conditions}{condition} \
             ORDER BY o.id DESC LIMIT ?{limit})"
        )
    };
    let codes: Vec<String> = states.iter().map(|state| state.code().to_string()).collect();
    let runs = if filter.resource_id.is_some() || filter.dead_letters {
        run(&format!(" AND +o.state IN ({})", codes.join(", ")))
    } else {
        let runs = codes.iter().map(|code| run(&format!(" AND o.state = {code}")));
        runs.collect::<Vec<_>>().join(" UNION ALL ")
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM ops o JOIN requests r ON r.seq = o.seq \
         WHERE o.id IN (SELECT id FROM ({runs}) ORDER BY id DESC LIMIT ?{limit}) \
         ORDER BY o.id DESC"
    );
    let found = row::all(db.prepare_cached(&sql)?, params_from_iter(values))?;
    Ok(Page::cut(found.into_iter().map(|stored| stored.op).collect(), n))
}

/// What a filter asks for but states, as numbered parameters.
fn conditions(tenant: &Tenant, filter: &Filter, after: Option<Cursor>) -> (String, Vec<Value>) {
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    let time = |time: Option<Time>| time.map(|time| Value::Integer(time.as_millis()));
    let parts = [
        ("o.tenant = ", Some(Value::Text(tenant.as_str().to_owned()))),
        ("o.resource_id = ", text(&filter.resource_id)),
        ("o.operation_type = ", text(&filter.operation_type)),
        ("o.created_by = ", text(&filter.created_by)),
        ("o.created >= ", time(filter.from)),
        ("o.created < ", time(filter.before)),
        ("o.dead = ", filter.dead_letters.then_some(Value::Integer(1))),
        ("o.id < ", after.map(|Cursor(id)| Value::Blob(id.as_bytes().to_vec()))),
    ];
    let parts = parts.into_iter().filter_map(|(part, value)| Some((part, value?)));
    let (parts, values): (Vec<_>, Vec<_>) = parts.unzip();
    let numbered = (1..).zip(parts).map(|(number, part)| format!("{part}?{number}"));
    (numbered.collect::<Vec<_>>().join(" AND "), values)
}

/// Operations of all tenants, oldest first.
pub(super) fn dump(
    db: &Connection,
    after: Option<Cursor>,
    n: usize,
) -> Result<Vec<Op>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ops o JOIN requests r ON r.seq = o.seq \
         WHERE o.id > ? ORDER BY o.id LIMIT ?"
    );
    let after = after.map_or(OpId::nil(), |Cursor(id)| id);
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let found = row::all(db.prepare_cached(&sql)?, params![after.as_bytes(), n])?;
    Ok(found.into_iter().map(|stored| stored.op).collect())
}

pub(super) fn depth(db: &Connection, queue: &Queue, now: Time) -> Result<Depth, EngineError> {
    let sql = "SELECT count(*) FILTER (WHERE owner IS NULL AND due <= ?2), \
        count(*) FILTER (WHERE owner IS NULL AND due > ?2), \
        count(*) FILTER (WHERE owner IS NOT NULL), \
        min(due) FILTER (WHERE owner IS NULL AND due <= ?2) \
        FROM ops WHERE queue = ?1 AND due IS NOT NULL";
    let mut select = db.prepare_cached(sql)?;
    let (due, later, owned, oldest) = select
        .query_row(params![queue.as_str(), now.as_millis()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    Ok(Depth {
        due: row::unsigned(due)?,
        later: row::unsigned(later)?,
        owned: row::unsigned(owned)?,
        oldest_due: row::time(oldest),
    })
}
