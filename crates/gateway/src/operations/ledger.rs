//! The ledger as this process uses it: what runs here, what is still to be recorded, and how the
//! engine is.
//!
//! Made once for a process and shared by every setup that it serves by.

use super::counts::Counts;
use super::keep::Watched;
use crate::limits::Pools;
use candor_ledger::{Engine, EngineError, Health, OpId, Queue, Worker};
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// The queue of callbacks.
const CALLBACKS: &str = "callbacks";

/// The ledger of a running gateway.
pub struct Ledger {
    pub(crate) engine: Arc<dyn Engine>,
    /// What is held here of limits that several gateways share.
    pub(crate) pools: Pools,
    /// The owner of what runs here.
    pub(super) worker: Worker,
    pub(super) queue: Queue,
    pub(super) counts: Counts,
    /// What runs here, so that a wish to cancel it is heard at once.
    running: Mutex<HashMap<OpId, Arc<Watched>>>,
    /// How many outcomes wait in memory to be recorded.
    owing: AtomicUsize,
    /// How the engine was when it was looked at last.
    standing: Mutex<Standing>,
    closing: watch::Sender<bool>,
}

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    Well(Box<Health>),
    Ill(EngineError),
}

impl Ledger {
    /// The ledger in `engine`, with a name of its own for this process.
    ///
    /// # Errors
    /// None that can happen: the names are ones that every ledger takes.
    pub fn new(engine: Arc<dyn Engine>) -> Result<Arc<Self>, EngineError> {
        Ok(Arc::new(Self {
            engine,
            pools: Pools::default(),
            worker: Worker::new(format!("candor-{}", Uuid::new_v4()))?,
            queue: Queue::new(CALLBACKS)?,
            counts: Counts::default(),
            running: Mutex::default(),
            owing: AtomicUsize::new(0),
            standing: Mutex::default(),
            closing: watch::Sender::new(false),
        }))
    }

    /// Whoever waits for an operation is answered, and no further one is begun.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Ready when nobody should wait any longer.
    pub(super) async fn closed(&self) {
        // The sender lives as long as this does.
        drop(self.closing.subscribe().wait_for(|closing| *closing).await);
    }

    pub(super) fn begun(&self, id: OpId, watched: &Arc<Watched>) {
        self.running().insert(id, Arc::clone(watched));
    }

    pub(super) fn ended(&self, id: &OpId) {
        self.running().remove(id);
    }

    /// Tells what runs here of a wish to cancel it.
    pub(super) fn cancel_here(&self, id: &OpId) {
        if let Some(watched) = self.running().get(id) {
            watched.cancel();
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<OpId, Arc<Watched>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An outcome waits to be recorded. While there is one, nothing is claimed here: the claim could
    /// be of the very operation whose outcome is known.
    pub(super) fn owe(&self) -> Owed<'_> {
        self.owing.fetch_add(1, Ordering::AcqRel);
        Owed(&self.owing)
    }

    pub(super) fn owes(&self) -> bool {
        self.owing.load(Ordering::Acquire) > 0
    }

    /// Takes note of how the engine is; told to the operator where that has changed.
    pub(super) fn stands(&self, standing: Standing) {
        let mut before = self.standing();
        match (&*before, &standing) {
            (Standing::Ill(_), Standing::Well(_)) => tracing::info!("the ledger is there again"),
            (Standing::Unknown | Standing::Well(_), Standing::Ill(error)) => {
                tracing::error!(%error, "the ledger fails");
            }
            (
                Standing::Unknown | Standing::Well(_) | Standing::Ill(_),
                Standing::Unknown | Standing::Well(_) | Standing::Ill(_),
            ) => {}
        }
        *before = standing;
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is, in a line for operators.
    pub(crate) fn told(&self) -> String {
        match &*self.standing() {
            Standing::Unknown => "ledger: not looked at yet\n".to_owned(),
            Standing::Well(health) => {
                let warnings = health.warnings.iter().map(|warning| format!("; {warning}"));
                format!("ledger: {}, well{}\n", health.engine, warnings.collect::<String>())
            }
            Standing::Ill(error) => format!("ledger: {error}\n"),
        }
    }

    /// Its counters, as Prometheus reads them.
    pub(crate) fn metrics(&self) -> String {
        let up = match &*self.standing() {
            Standing::Unknown => None,
            Standing::Well(_) => Some(true),
            Standing::Ill(_) => Some(false),
        };
        self.counts.write(up).unwrap_or_default()
    }
}

/// Shows neither engine nor operations.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// An outcome that waits to be recorded, until this is dropped.
#[derive(Debug)]
pub(super) struct Owed<'l>(&'l AtomicUsize);

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

thread_local! {
    /// What is under way on this thread: a worker is a thread, and waits for what is its own.
    static UNDER_WAY: Cell<usize> = const { Cell::new(0) };
}

/// How many operations are in the hands of this thread.
pub(crate) fn under_way() -> usize {
    UNDER_WAY.get()
}

/// An operation in the hands of this thread, until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(());

impl UnderWay {
    pub(super) fn new() -> Self {
        UNDER_WAY.set(UNDER_WAY.get() + 1);
        Self(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.set(UNDER_WAY.get().saturating_sub(1));
    }
}
