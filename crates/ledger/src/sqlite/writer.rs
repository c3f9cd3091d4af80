//! The thread that writes: group commit by draining a queue.

use super::checkpoint::Checkpoints;
use super::error;
use crate::bell::Rung;
use crate::{Bells, Clock, EngineError, OpenError, Time};
use rusqlite::Connection;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// The most jobs in one transaction: enough for every caller of a busy gateway, few enough that the
/// first one does not wait for the last.
const BATCH: usize = 512;
/// When to try again where the queue is full.
const FULL_QUEUE: Duration = Duration::from_millis(100);
/// When to try again where the thread has gone.
const GONE: Duration = Duration::from_secs(5);

/// What a job works with.
pub(super) struct Db<'c> {
    pub(super) conn: &'c Connection,
    /// One moment for a whole batch.
    pub(super) now: Time,
    /// Struck once the batch is committed.
    pub(super) rung: RefCell<Rung>,
}

/// Something to be done within a transaction. It may be done again after a rollback.
trait Job: Send {
    fn run(&mut self, db: &Db<'_>) -> Result<(), EngineError>;
    fn answer(self: Box<Self>, end: Result<(), EngineError>);
}

struct Work<F, T> {
    run: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, EngineError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: Fn(&Db<'_>) -> Result<T, EngineError> + Send,
    T: Send,
{
    fn run(&mut self, db: &Db<'_>) -> Result<(), EngineError> {
        self.done = Some((self.run)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, end: Result<(), EngineError>) {
        let Self { done, reply, .. } = *self;
        let lost = || EngineError::unknown("the writer lost an answer");
        // Whoever asked may have gone; what was committed stays.
        drop(reply.send(end.and_then(|()| done.ok_or_else(lost))));
    }
}

/// The queue to the thread that writes.
pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        mut conn: Connection,
        checkpoint: Connection,
        clock: Arc<dyn Clock>,
        bells: Arc<Bells>,
        queue: usize,
    ) -> Result<Self, OpenError> {
        let checkpoints = Checkpoints::start(&mut conn, checkpoint)?;
        let (jobs, waiting) = sync_channel(queue);
        let desk = Desk { conn, clock, bells, checkpoints, latest: Time::default() };
        let run = move || desk.serve(&waiting);
        let thread = thread::Builder::new().name("ledger-write".to_owned()).spawn(run);
        let thread = thread.map_err(|error| OpenError::Settings(error.to_string()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has `work` done within a transaction, and answers once that is on the disk.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Fn(&Db<'_>) -> Result<T, EngineError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { run: work, done: None, reply });
        let gone = || EngineError::unavailable(GONE, "the writer has stopped");
        match self.jobs.as_ref().ok_or_else(gone)?.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                let why = "too many writes are waiting";
                return Err(EngineError::unavailable(FULL_QUEUE, why));
            }
            Err(TrySendError::Disconnected(_)) => return Err(gone()),
        }
        answer.await.unwrap_or_else(|_| Err(EngineError::unknown("the writer has stopped")))
    }
}

/// What waits is written before the engine is gone.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(_)) = ended {
            tracing::error!("the thread that writes the ledger ended by a panic");
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// Where the thread that writes sits.
struct Desk {
    conn: Connection,
    clock: Arc<dyn Clock>,
    bells: Arc<Bells>,
    checkpoints: Checkpoints,
    /// The latest time seen: leases never see it go back.
    latest: Time,
}

impl Desk {
    fn serve(mut self, waiting: &Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Ok(first) = waiting.recv() {
            batch.push(first);
            batch.extend(waiting.try_iter().take(BATCH - 1));
            self.latest = self.clock.now().max(self.latest);
            self.write(&mut batch);
            self.checkpoints.look(&self.conn);
        }
        self.checkpoints.last(&self.conn);
    }

    /// Writes a batch as a whole; where that fails, each job by itself, so that none fails for
    /// another's sake.
    fn write(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        match self.transact(batch) {
            Err(error) if batch.len() > 1 && error.nothing_written() => {
                for job in batch.drain(..) {
                    let mut alone = vec![job];
                    let end = self.transact(&mut alone);
                    for job in alone {
                        job.answer(end.clone());
                    }
                }
            }
            end => batch.drain(..).for_each(|job| job.answer(end.clone())),
        }
    }

    fn transact(&self, batch: &mut [Box<dyn Job>]) -> Result<(), EngineError> {
        let db = Db { conn: &self.conn, now: self.latest, rung: RefCell::default() };
        let begin = "BEGIN IMMEDIATE";
        self.conn.prepare_cached(begin)?.execute([])?;
        let written = batch.iter_mut().try_for_each(|job| job.run(&db));
        let end = written.and_then(|()| {
            let committed = self.conn.prepare_cached("COMMIT").and_then(|mut s| s.execute([]));
            committed.map(drop).map_err(error::at_commit)
        });
        match end {
            Ok(()) => db.rung.borrow_mut().strike(&self.bells),
            // SQLite has rolled back by itself after some errors; then there is nothing to do.
            Err(_) if !self.conn.is_autocommit() => self.conn.execute_batch("ROLLBACK")?,
            Err(_) => {}
        }
        end
    }
}
