//! Documents and their revisions, and the wake-up when one changes.

use super::Postgres;
use super::ground::Ground;
use super::link::Link;
use super::row::{self, get as column};
use super::settings::Road;
use super::turn::Turn;
use crate::bell::{Ring, jittered};
use crate::document::{LastChange, settled};
use crate::{Bells, Document, DocumentName, EngineError, Put, Rev, Time};
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::{AsyncMessage, Row};

/// The channel on which changes are told of. Operations are not: a notification takes a lock of the
/// whole server at its commit, which documents, changed rarely, can afford.
const CHANNEL: &str = "candor_documents";
/// How long the listener waits before it connects again.
const AGAIN: Duration = Duration::from_secs(1);

/// Changes, makes or removes a document.
pub(super) async fn change(
    engine: &Postgres,
    name: DocumentName,
    expect: Option<Rev>,
    body: Option<Bytes>,
) -> Result<Put, EngineError> {
    let work = engine.turns.run(move |turn| {
        Box::pin(async move { change_in_turn(turn, &name, expect, body.as_ref()).await })
    });
    let put = work.await?;
    engine.bells.ring(Ring::Documents);
    Ok(put)
}

async fn change_in_turn(
    turn: &Turn<'_>,
    name: &DocumentName,
    expect: Option<Rev>,
    body: Option<&Bytes>,
) -> Result<Put, EngineError> {
    // Whoever changes a document waits here for whoever did before.
    let sql = "SELECT last FROM revisions FOR UPDATE";
    let rows = turn.query(sql, &[]).await?;
    let last_rev = rows.first().map_or(Ok(0), |row| column::<i64>(row, 0))?;
    let last = last(turn, name).await?;
    if let Some(put) = settled(last.as_ref(), expect, body) {
        return Ok(put);
    }
    let rev = last_rev.saturating_add(1);
    turn.query("UPDATE revisions SET last = $1", &[&rev]).await?;
    let sql = "INSERT INTO documents (name, rev, replaced, body, changed) \
        VALUES ($1, $2, $3, $4, now_ms()) ON CONFLICT (name) DO UPDATE SET rev = excluded.rev, \
        replaced = excluded.replaced, body = excluded.body, changed = excluded.changed";
    let replaced = expect.map(|rev| row::signed(rev.0));
    let body = body.map(|body| &body[..]);
    turn.query(sql, &[&name.as_str(), &rev, &replaced, &body]).await?;
    turn.query("SELECT pg_notify($1, '')", &[&CHANNEL]).await?;
    Ok(Put::Done(Rev(row::unsigned(rev)?)))
}

async fn last(turn: &Turn<'_>, name: &DocumentName) -> Result<Option<LastChange>, EngineError> {
    let sql = "SELECT rev, replaced, body FROM documents WHERE name = $1";
    let rows = turn.query(sql, &[&name.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(LastChange {
        rev: Rev(row::unsigned(column(row, 0)?)?),
        replaced: column::<Option<i64>>(row, 1)?.map(row::unsigned).transpose()?.map(Rev),
        body: column::<Option<&[u8]>>(row, 2)?.map(Bytes::copy_from_slice),
    }))
}

pub(super) async fn get(link: &Link, name: &DocumentName) -> Result<Option<Document>, EngineError> {
    let sql = "SELECT name, rev, body, changed FROM documents WHERE name = $1 \
        AND body IS NOT NULL";
    let rows = link.read(sql, &[&name.as_str()]).await?;
    rows.first().map(document).transpose()
}

pub(super) async fn changes(
    link: &Link,
    since: Rev,
    n: usize,
) -> Result<Vec<Document>, EngineError> {
    let sql = "SELECT name, rev, body, changed FROM documents WHERE rev > $1 ORDER BY rev LIMIT $2";
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let rows = link.read(sql, &[&row::signed(since.0), &n]).await?;
    rows.iter().map(document).collect()
}

fn document(row: &Row) -> Result<Document, EngineError> {
    Ok(Document {
        name: DocumentName::new(column::<&str>(row, 0)?)?,
        rev: Rev(row::unsigned(column(row, 1)?)?),
        body: column::<Option<&[u8]>>(row, 2)?.map(Bytes::copy_from_slice),
        changed: Time::from_millis(column(row, 3)?),
    })
}

/// Rings for changes that other nodes make, for as long as the ground is there.
pub(super) fn listen(ground: &Ground, road: Road, bells: Arc<Bells>) {
    ground.handle().spawn(async move {
        loop {
            if let Err(error) = hear(&road, &bells).await {
                tracing::debug!(%error, "nothing is heard of changed documents");
            }
            // What was missed meanwhile is found by looking.
            bells.ring(Ring::Documents);
            tokio::time::sleep(jittered(AGAIN)).await;
        }
    });
}

async fn hear(road: &Road, bells: &Bells) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = road.config.connect(road.tls.clone()).await?;
    let ask = format!("LISTEN {CHANNEL}");
    let asked = client.batch_execute(&ask);
    tokio::pin!(asked);
    let mut waiting = true;
    loop {
        tokio::select! {
            answer = &mut asked, if waiting => {
                answer?;
                waiting = false;
            }
            message = poll_fn(|cx| connection.poll_message(cx)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => bells.ring(Ring::Documents),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
