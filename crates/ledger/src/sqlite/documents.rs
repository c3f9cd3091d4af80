//! Documents and their revisions.

use super::row;
use super::writer::Db;
use crate::bell::Ring;
use crate::document::{LastChange, settled};
use crate::{Document, DocumentName, EngineError, Put, Rev, Time};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Changes, makes or removes a document.
pub(super) fn change(
    db: &Db<'_>,
    name: &DocumentName,
    expect: Option<Rev>,
    body: Option<&Bytes>,
) -> Result<Put, EngineError> {
    let last = last(db, name)?;
    if let Some(put) = settled(last.as_ref(), expect, body) {
        return Ok(put);
    }
    let sql = "UPDATE revisions SET last = last + 1 RETURNING last";
    let rev: i64 = db.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let sql = "INSERT INTO documents (name, rev, replaced, body, changed) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT (name) DO UPDATE SET rev = excluded.rev, replaced = excluded.replaced, \
        body = excluded.body, changed = excluded.changed";
    let replaced = expect.map(|rev| row::signed(rev.0));
    let now = db.now.as_millis();
    let values = params![name.as_str(), rev, replaced, body.map(|body| &body[..]), now];
    db.conn.prepare_cached(sql)?.execute(values)?;
    db.rung.borrow_mut().note(Ring::Documents);
    Ok(Put::Done(Rev(row::unsigned(rev)?)))
}

fn last(db: &Db<'_>, name: &DocumentName) -> Result<Option<LastChange>, EngineError> {
    let sql = "SELECT rev, replaced, body FROM documents WHERE name = ?";
    let mut select = db.conn.prepare_cached(sql)?;
    let found = select.query_row([name.as_str()], |row| {
        Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
    });
    let Some((rev, replaced, body)) = found.optional()? else { return Ok(None) };
    Ok(Some(LastChange {
        rev: Rev(row::unsigned(rev)?),
        replaced: replaced.map(row::unsigned).transpose()?.map(Rev),
        body: body.map(Bytes::from),
    }))
}

pub(super) fn get(db: &Connection, name: &DocumentName) -> Result<Option<Document>, EngineError> {
    let sql = "SELECT name, rev, body, changed FROM documents WHERE name = ? AND body IS NOT NULL";
    let mut select = db.prepare_cached(sql)?;
    select.query_row([name.as_str()], |row| Ok(document(row))).optional()?.transpose()
}

pub(super) fn changes(db: &Connection, since: Rev, n: usize) -> Result<Vec<Document>, EngineError> {
    let sql = "SELECT name, rev, body, changed FROM documents WHERE rev > ? ORDER BY rev LIMIT ?";
    let mut select = db.prepare_cached(sql)?;
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let rows = select.query_map([row::signed(since.0), n], |row| Ok(document(row)))?;
    rows.map(|row| row?).collect()
}

fn document(row: &Row<'_>) -> Result<Document, EngineError> {
    Ok(Document {
        name: DocumentName::new(row.get::<_, String>(0)?)?,
        rev: Rev(row::unsigned(row.get(1)?)?),
        body: row.get::<_, Option<Vec<u8>>>(2)?.map(Bytes::from),
        changed: Time::from_millis(row.get(3)?),
    })
}
