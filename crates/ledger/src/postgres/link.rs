//! One connection, made anew where it is lost.

use super::error::{Kind, SOON, judge};
use super::settings::Road;
use crate::EngineError;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

/// How long an answer may take: a little longer than the server allows a statement.
const ANSWER: Duration = Duration::from_secs(7);
/// How long nobody tries again after the server could not be reached.
const REST: Duration = Duration::from_millis(200);
/// How many statements are kept prepared.
const MOST_PREPARED: usize = 256;

/// Values for a statement.
pub(super) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

/// A connection that several may use at once, each for single statements.
#[derive(Debug)]
pub(super) struct Link {
    road: Road,
    current: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Arc<Session>>,
    /// Until when nobody tries, and why.
    rest: Option<(Instant, EngineError)>,
}

impl Link {
    pub(super) fn new(road: Road) -> Self {
        Self { road, current: tokio::sync::Mutex::default() }
    }

    /// The connection as it stands; a new one where it was lost. Failing, nothing was written.
    pub(super) async fn session(&self) -> Result<Arc<Session>, EngineError> {
        let mut state = self.current.lock().await;
        if let Some(session) = state.session.as_ref().filter(|session| session.is_usable()) {
            return Ok(Arc::clone(session));
        }
        if let Some((until, error)) = &state.rest
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        match Session::connect(&self.road).await {
            Ok(session) => {
                let session = Arc::new(session);
                *state = State { session: Some(Arc::clone(&session)), rest: None };
                Ok(session)
            }
            Err(error) => {
                *state =
                    State { session: None, rest: Some((Instant::now() + REST, error.clone())) };
                Err(error)
            }
        }
    }

    /// The rows that a reading statement finds.
    pub(super) async fn read(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, EngineError> {
        self.session().await?.query(Kind::Read, sql, values).await
    }

    /// The rows that a writing statement returns.
    pub(super) async fn write(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, EngineError> {
        self.session().await?.query(Kind::Write, sql, values).await
    }
}

/// A connection as long as it lasts.
pub(super) struct Session {
    client: Client,
    prepared: Mutex<HashMap<String, Statement>>,
    /// The offset of the clock that was set last.
    offset: AtomicI64,
    road: Road,
    useless: AtomicBool,
}

impl Session {
    pub(super) async fn connect(road: &Road) -> Result<Self, EngineError> {
        let (config, tls) = (Arc::clone(&road.config), road.tls.clone());
        let ground = road.ground.clone();
        // The connection is made where it will live.
        let made = road.ground.spawn(async move {
            let (client, connection) = config.connect(tls).await?;
            ground.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "a connection to the ledger was lost");
                }
            });
            Ok::<_, tokio_postgres::Error>(client)
        });
        let unreachable = |why: String| EngineError::unavailable(SOON, why);
        let late = || unreachable("the server did not let us in in time".to_owned());
        let made = timeout(ANSWER, made).await.map_err(|_| late())?;
        let made = made.map_err(|error| unreachable(error.to_string()))?;
        let client = made.map_err(|error| unreachable(told(&error)))?;
        Ok(Self {
            client,
            prepared: Mutex::default(),
            offset: AtomicI64::new(0),
            road: road.clone(),
            useless: AtomicBool::new(false),
        })
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.useless.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Gives the connection up: whoever comes next makes a new one.
    pub(super) fn give_up(&self) {
        self.useless.store(true, Ordering::Relaxed);
    }

    pub(super) async fn query(
        &self,
        kind: Kind,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, EngineError> {
        self.set_offset().await?;
        let statement = self.prepare(sql).await?;
        self.answer(kind, self.client.query(&statement, values)).await
    }

    /// Runs statements without values.
    pub(super) async fn run(&self, kind: Kind, sql: &str) -> Result<(), EngineError> {
        self.answer(kind, self.client.batch_execute(sql)).await
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, EngineError> {
        if let Some(statement) = self.prepared().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.answer(Kind::Read, self.client.prepare(sql)).await?;
        let mut prepared = self.prepared();
        if prepared.len() >= MOST_PREPARED {
            prepared.clear();
        }
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn set_offset(&self) -> Result<(), EngineError> {
        let offset = self.road.offset.millis();
        if self.offset.load(Ordering::SeqCst) == offset {
            return Ok(());
        }
        self.run(Kind::Read, &format!("SET candor.clock_offset_ms = '{offset}'")).await?;
        self.offset.store(offset, Ordering::SeqCst);
        Ok(())
    }

    async fn answer<T>(
        &self,
        kind: Kind,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, EngineError> {
        match timeout(ANSWER, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let (error, useless) = judge(&error, kind);
                if useless {
                    self.give_up();
                }
                Err(error)
            }
            Err(_) => {
                self.give_up();
                Err(kind.lost("the server did not answer in time"))
            }
        }
    }
}

/// An error with its causes: the library's own words leave them out.
fn told(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("useless", &self.useless).finish_non_exhaustive()
    }
}
