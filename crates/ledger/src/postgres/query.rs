//! Looking at operations.

use super::link::Link;
use super::row::{self, COLUMNS, FROM, get as column};
use crate::{Cursor, Depth, EngineError, Filter, Op, OpId, Page, Queue, State, Tenant, Time};
use tokio_postgres::types::ToSql;

/// A value for a statement.
type Value<'v> = &'v (dyn ToSql + Sync);

pub(super) async fn get(
    link: &Link,
    tenant: &Tenant,
    id: &OpId,
) -> Result<Option<Op>, EngineError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE o.id = $1 AND o.tenant = $2");
    let rows = link.read(&sql, &[id, &tenant.as_str()]).await?;
    rows.first().map(row::op).transpose()
}

/// A page of a list. Each wanted state is a run in the wanted order; the newest of all runs are the
/// newest of the list.
pub(super) async fn list(
    link: &Link,
    tenant: &Tenant,
    filter: &Filter,
    after: Option<Cursor>,
    n: usize,
) -> Result<Page, EngineError> {
    let tenant = tenant.as_str();
    let (from, before) = (filter.from.map(Time::as_millis), filter.before.map(Time::as_millis));
    // Nothing is older than the first id, and nothing newer than the last.
    let after = after.map_or(OpId::max(), |Cursor(id)| id);
    let limit = i64::try_from(n).unwrap_or(i64::MAX).saturating_add(1);
    let parts = [
        (" AND o.resource_id = ", filter.resource_id.as_ref().map(value)),
        (" AND o.operation_type = ", filter.operation_type.as_ref().map(value)),
        (" AND o.created_by = ", filter.created_by.as_ref().map(value)),
        (" AND o.created >= ", from.as_ref().map(value)),
        (" AND o.created < ", before.as_ref().map(value)),
    ];
    let mut values: Vec<Value<'_>> = vec![&tenant, &after, &limit];
    let mut conditions = String::new();
    for (part, wanted) in parts {
        let Some(wanted) = wanted else { continue };
        values.push(wanted);
        conditions = format!("{conditions}{part}${}", values.len());
    }
    let runs = runs(filter, &conditions).join(" UNION ALL ");
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE o.id IN \
         (SELECT id FROM ({runs}) r ORDER BY id DESC LIMIT $3) ORDER BY o.id DESC"
    );
    let rows = link.read(&sql, &values).await?;
    Ok(Page::cut(rows.iter().map(row::op).collect::<Result<_, _>>()?, n))
}

fn value<T: ToSql + Sync>(value: &T) -> Value<'_> {
    value
}

/// Where a run comes from, and the id and the tenant by which an index has it in its order.
const ALL: (&str, &str) = ("ops o", "o.id");
const OPEN: (&str, &str) = ("due d JOIN ops o ON o.id = d.op", "d.op");
const ENDED: (&str, &str) = ("ended e JOIN ops o ON o.id = e.op", "e.op");

/// The runs of a list: of open operations by their places in the queue, of ended ones by state.
fn runs(filter: &Filter, conditions: &str) -> Vec<String> {
    let run = |(from, id): (&str, &str), condition: &str| {
        let (table, _) = id.split_once('.').unwrap_or_default();
        format!(
            "(SELECT {id} AS id FROM {from} WHERE {table}.tenant = $1 AND {id} < $2 \
             {condition}{conditions} ORDER BY {id} DESC LIMIT $3)"
        )
    };
    let codes: Vec<_> = filter.states.iter().map(|state| state.code().to_string()).collect();
    let within = match codes.join(", ") {
        codes if codes.is_empty() => String::new(),
        codes => format!("AND o.state IN ({codes})"),
    };
    if filter.dead_letters {
        return vec![run(ENDED, &format!("AND e.dead {within}"))];
    }
    if filter.states.is_empty() || filter.resource_id.is_some() {
        return vec![run(ALL, &within)];
    }
    let by_state = |state: &State| match state {
        State::Pending => run(OPEN, "AND d.fence = 0"),
        State::InProgress => run(OPEN, "AND d.fence > 0"),
        State::Succeeded | State::Failed | State::Cancelled => {
            run(ENDED, &format!("AND e.state = {}", state.code()))
        }
    };
    filter.states.iter().map(by_state).collect()
}

/// Operations of all tenants, oldest first.
pub(super) async fn dump(
    link: &Link,
    after: Option<Cursor>,
    n: usize,
) -> Result<Vec<Op>, EngineError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE o.id > $1 ORDER BY o.id LIMIT $2");
    let after = after.map_or(OpId::nil(), |Cursor(id)| id);
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let rows = link.read(&sql, &[&after, &n]).await?;
    rows.iter().map(row::op).collect()
}

pub(super) async fn depth(link: &Link, queue: &Queue) -> Result<Depth, EngineError> {
    let sql = "SELECT count(*) FILTER (WHERE owner IS NULL AND due <= now_ms()), \
        count(*) FILTER (WHERE owner IS NULL AND due > now_ms()), \
        count(*) FILTER (WHERE owner IS NOT NULL), \
        min(due) FILTER (WHERE owner IS NULL AND due <= now_ms()) FROM due WHERE queue = $1";
    let rows = link.read(sql, &[&queue.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(Depth::default()) };
    Ok(Depth {
        due: row::unsigned(column(row, 0)?)?,
        later: row::unsigned(column(row, 1)?)?,
        owned: row::unsigned(column(row, 2)?)?,
        oldest_due: row::time(row, 3)?,
    })
}
