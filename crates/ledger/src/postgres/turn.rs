//! Transactions of several statements, each on a connection that is nobody else's meanwhile.

use super::error::Kind;
use super::link::{Session, Values};
use super::settings::Road;
use crate::EngineError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_postgres::Row;

/// The connections for transactions.
#[derive(Debug)]
pub(super) struct Turns {
    road: Road,
    seats: Vec<Arc<Mutex<Option<Session>>>>,
    next: AtomicUsize,
}

impl Turns {
    pub(super) fn new(road: &Road, count: usize) -> Self {
        let seats = (0..count.max(1)).map(|_| Arc::default()).collect();
        Self { road: road.clone(), seats, next: AtomicUsize::new(0) }
    }

    /// Runs a transaction to its end, also where whoever asked goes away meanwhile.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, EngineError>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t Turn<'t>) -> Work<'t, T> + Send + 'static,
    {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.seats.len().max(1);
        let gone = || EngineError::unknown("the transaction was broken off");
        let seat = Arc::clone(self.seats.get(number).ok_or_else(gone)?);
        let road = self.road.clone();
        let ground: Handle = road.ground.clone();
        ground.spawn(transact(road, seat, work)).await.map_err(|_| gone())?
    }
}

/// The work of a transaction.
pub(super) type Work<'t, T> =
    std::pin::Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 't>>;

/// A transaction under way. Until it is committed, its loss means that nothing was written.
#[derive(Debug)]
pub(super) struct Turn<'t>(&'t Session);

impl Turn<'_> {
    pub(super) async fn query(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, EngineError> {
        self.0.query(Kind::Read, sql, values).await
    }
}

async fn transact<T, W>(
    road: Road,
    seat: Arc<Mutex<Option<Session>>>,
    work: W,
) -> Result<T, EngineError>
where
    T: Send + 'static,
    W: for<'t> FnOnce(&'t Turn<'t>) -> Work<'t, T> + Send + 'static,
{
    let mut seat = seat.lock().await;
    let session = match seat.take().filter(Session::is_usable) {
        Some(session) => session,
        None => Session::connect(&road).await?,
    };
    session.run(Kind::Read, "BEGIN").await?;
    let turn = Turn(&session);
    let end = work(&turn).await;
    match end {
        Ok(value) => {
            session.run(Kind::Write, "COMMIT").await?;
            *seat = Some(session);
            Ok(value)
        }
        // The session is dropped with its transaction, which the server rolls back.
        Err(error) => Err(error),
    }
}
