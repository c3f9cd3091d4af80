//! The threads that read, each with a connection of its own.

use super::open;
use crate::{EngineError, OpenError};
use rusqlite::Connection;
use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// How many reads may wait.
const QUEUE: usize = 1024;
/// When to try again where too many wait.
const FULL_QUEUE: Duration = Duration::from_millis(100);

/// The queue to the threads that read. They end with it.
pub(super) struct Readers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path, count: usize) -> Result<Self, OpenError> {
        let (jobs, waiting) = sync_channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::new();
        for _ in 0..count.max(1) {
            let (conn, waiting) = (open::reader(path)?, Arc::clone(&waiting));
            let run = move || serve(&conn, &waiting);
            let thread = thread::Builder::new().name("ledger-read".to_owned()).spawn(run);
            threads.push(thread.map_err(|error| OpenError::Settings(error.to_string()))?);
        }
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// Has `work` done by one of them.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |conn| drop(reply.send(work(conn))));
        let gone = || EngineError::unavailable(FULL_QUEUE, "a reader has stopped");
        let full = |_| EngineError::unavailable(FULL_QUEUE, "too many reads are waiting");
        self.jobs.as_ref().ok_or_else(gone)?.try_send(job).map_err(full)?;
        answer.await.map_err(|_| gone())?
    }
}

fn serve(conn: &Connection, waiting: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: one thread waits for a job, the others for the lock.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job(conn);
    }
}

/// All connections are closed before the engine is gone.
impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads the ledger ended by a panic");
            }
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}
