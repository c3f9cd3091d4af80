//! An engine with a time that can be moved, and short words for what tests do with it.

use crate::server;
use candor_ledger::postgres::{ClockOffset, Postgres};
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{
    Claim, Created, Engine, Fence, NewOp, Note, Op, OpError, OpId, Queue, SetClock, Settle,
    Settled, State, Tenant, Time, Worker,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// A lease that is long next to the time that a test takes.
pub(crate) const LEASE: Duration = Duration::from_secs(1000);

/// An engine under test.
pub(crate) struct World {
    pub(crate) engine: Arc<dyn Engine>,
    time: Moves,
    /// The folder of a file, for as long as the engine works with it.
    _folder: Option<TempDir>,
}

enum Moves {
    Clock(SetClock),
    Offset(ClockOffset),
}

/// A folder in memory, where the machine has such a thing: most tests need no disk.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = folder();
        let clock = SetClock::at(Time::from_millis(1_800_000_000_000));
        let settings = Settings {
            clock: Arc::new(clock.clone()),
            ..Settings::new(folder.path().join("ledger.db"))
        };
        let engine = Arc::new(Sqlite::open(settings).unwrap());
        Self { engine, time: Moves::Clock(clock), _folder: Some(folder) }
    }

    /// None where there is no PostgreSQL on the machine.
    pub(crate) async fn postgres(name: &str) -> Option<Self> {
        let settings = server::database(name).await?;
        let offset = settings.clock_offset.clone();
        let engine = Arc::new(Postgres::open(settings).await.unwrap());
        Some(Self { engine, time: Moves::Offset(offset), _folder: None })
    }

    pub(crate) fn advance(&self, by: Duration) {
        match &self.time {
            Moves::Clock(clock) => clock.advance(by),
            Moves::Offset(offset) => offset.advance(by),
        }
    }

    pub(crate) async fn create(&self, op: NewOp) -> Created {
        self.engine.create(op).await.unwrap()
    }

    /// Accepts an operation that must be new.
    pub(crate) async fn accept(&self, op: NewOp) -> Op {
        match self.create(op).await {
            Created::New(op) => *op,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn claim_all(&self) -> Vec<Claim> {
        self.engine.claim(&queue(), &worker("w"), 1000, LEASE).await.unwrap()
    }

    /// Claims the only operation that can be.
    pub(crate) async fn claim_one(&self) -> Claim {
        let mut claims = self.claim_all().await;
        assert_eq!(claims.len(), 1, "{claims:?}");
        claims.pop().unwrap()
    }

    pub(crate) async fn settle(&self, claim: &Claim, settle: Settle) -> Settled {
        self.engine.settle(claim, settle, Note::default()).await.unwrap()
    }

    pub(crate) async fn get(&self, op: &Op) -> Op {
        self.engine.get(&op.tenant, &op.id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, op: &Op) -> State {
        self.get(op).await.state
    }

    /// Accepts an operation, has it fail and leaves it as a dead letter.
    pub(crate) async fn dead_letter(&self, op: NewOp) -> Op {
        let op = self.accept(op).await;
        let claim = self.claim_one().await;
        assert_eq!(claim.op.id, op.id);
        assert_eq!(self.settle(&claim, failed(true)).await, Settled::Recorded);
        self.get(&op).await
    }
}

pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

pub(crate) fn worker(name: &str) -> Worker {
    Worker::new(name).unwrap()
}

pub(crate) fn queue() -> Queue {
    Queue::new("calls").unwrap()
}

pub(crate) fn new_op(tenant_name: &str) -> NewOp {
    NewOp::new(tenant(tenant_name), queue(), r#"{"ask":1}"#)
}

pub(crate) fn done(result: &'static str) -> Settle {
    Settle::Succeeded { result: result.into() }
}

pub(crate) fn failed(dead_letter: bool) -> Settle {
    let error = OpError { message: "it failed".to_owned(), error_id: Uuid::from_u128(7) };
    Settle::Failed { error, result: "{}".into(), dead_letter }
}

/// A claim as a stalled owner would still hold it.
pub(crate) fn with_fence(claim: &Claim, fence: u64) -> Claim {
    Claim { fence: Fence(fence), ..claim.clone() }
}

pub(crate) fn ids(ops: &[Op]) -> Vec<OpId> {
    ops.iter().map(|op| op.id).collect()
}
