//! Gathering what several callers want into one statement: group commit without a timer. What comes
//! while a statement is under way goes into the next one.

use super::ground::Ground;
use crate::EngineError;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The most rows in one statement.
const MOST: usize = 256;
/// When to try again where too many wait.
const FULL_QUEUE: Duration = Duration::from_millis(100);
/// How often a statement is tried where the server asks to try again.
const TRIES: u32 = 3;

/// What can be done for many at once.
pub(super) trait Batch: Send + Sync + 'static {
    /// What one caller wants.
    type Job: Send + Sync;
    /// What it gets.
    type Answer: Send;

    /// What no two jobs of one statement may have in common.
    fn names(job: &Self::Job) -> Vec<Vec<u8>>;

    /// Does all jobs or none; an answer each, in their order.
    fn run(
        &self,
        jobs: &[&Self::Job],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, EngineError>> + Send;
}

type Reply<A> = oneshot::Sender<Result<A, EngineError>>;
type Waiting<B> = (<B as Batch>::Job, Reply<<B as Batch>::Answer>);

/// The queue to a task that does jobs in batches.
pub(super) struct Batcher<B: Batch>(mpsc::Sender<Waiting<B>>);

impl<B: Batch> Batcher<B> {
    /// Starts a task for each of `batches`, which take jobs in turns: while one statement waits for
    /// the disk, the next one is on its way.
    pub(super) fn start<const N: usize>(ground: &Ground, batches: [B; N], queue: usize) -> Self {
        let (jobs, waiting) = mpsc::channel(queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        for batch in batches {
            ground.handle().spawn(serve(batch, Arc::clone(&waiting)));
        }
        Self(jobs)
    }

    pub(super) async fn run(&self, job: B::Job) -> Result<B::Answer, EngineError> {
        let (reply, answer) = oneshot::channel();
        let full = |_| EngineError::unavailable(FULL_QUEUE, "too many writes are waiting");
        self.0.try_send((job, reply)).map_err(full)?;
        answer.await.unwrap_or_else(|_| Err(EngineError::unknown("the writer has stopped")))
    }
}

impl<B: Batch> fmt::Debug for Batcher<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

async fn serve<B: Batch>(batch: B, waiting: Arc<Mutex<mpsc::Receiver<Waiting<B>>>>) {
    let mut held: Vec<Waiting<B>> = Vec::new();
    loop {
        if held.is_empty() && waiting.lock().await.recv_many(&mut held, MOST).await == 0 {
            return;
        }
        let now;
        (now, held) = distinct::<B>(held);
        let (jobs, replies): (Vec<_>, Vec<_>) = now.into_iter().unzip();
        let jobs: Vec<_> = jobs.iter().collect();
        let answers = answers(&batch, &jobs).await;
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Whoever asked may have gone; what was committed stays.
            drop(reply.send(answer));
        }
    }
}

/// Those that have nothing in common, and the rest.
fn distinct<B: Batch>(held: Vec<Waiting<B>>) -> (Vec<Waiting<B>>, Vec<Waiting<B>>) {
    let mut seen = HashSet::new();
    held.into_iter().partition(|(job, _)| {
        let names = B::names(job);
        let fresh = names.iter().all(|name| !seen.contains(name));
        seen.extend(names);
        fresh
    })
}

/// An answer for each job. Where all together are refused, each is tried by itself, so that none
/// fails for another's sake.
async fn answers<B: Batch>(batch: &B, jobs: &[&B::Job]) -> Vec<Result<B::Answer, EngineError>> {
    match tried(batch, jobs).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(EngineError::Invalid { .. } | EngineError::Full { .. }) if jobs.len() > 1 => {
            let mut answers = Vec::with_capacity(jobs.len());
            for job in jobs {
                let answer = tried(batch, &[job]).await;
                answers.push(answer.and_then(|answer| answer.into_iter().next().ok_or_else(lost)));
            }
            answers
        }
        Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn tried<B: Batch>(batch: &B, jobs: &[&B::Job]) -> Result<Vec<B::Answer>, EngineError> {
    let mut tries = 1;
    loop {
        match batch.run(jobs).await {
            Err(EngineError::Unavailable { retry_after, .. })
                if retry_after.is_zero() && tries < TRIES =>
            {
                tries += 1;
            }
            end => return end,
        }
    }
}

fn lost() -> EngineError {
    EngineError::unknown("the server gave no answer for a row")
}
