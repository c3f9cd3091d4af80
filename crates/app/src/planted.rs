//! Faults on purpose: an engine that does wrong what `CANDOR_PLANTED_FAULT` names, for tests that prove
//! that such a fault is noticed. Compiled with the feature `planted-faults` alone, which nothing that is
//! shipped has.

use async_trait::async_trait;
use bytes::Bytes;
use candor_ledger::{
    Bells, Cancelled, Claim, Clock, Created, Cursor, Deleted, Depth, Document, DocumentName,
    Engine, EngineError, Filter, Finding, Grant, Health, NewOp, Note, Op, OpId, Page, Put, Queue,
    QuotaKey, QuotaRule, Redriven, Renewed, Rev, Settle, Settled, State, Swept, SystemClock,
    Tenant, Worker,
};
use std::sync::Arc;
use std::time::Duration;

/// Names the fault.
const FAULT: &str = "CANDOR_PLANTED_FAULT";
/// How long after its acknowledgement an operation is written.
const LATE: Duration = Duration::from_millis(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A new operation is acknowledged before it is written.
    AckBeforeCommit,
    /// An owner that has lost its operation is told that it has it, and that its outcome is recorded.
    NoFenceCheck,
}

/// An engine with a fault.
#[derive(Debug)]
struct Planted {
    engine: Arc<dyn Engine>,
    fault: Fault,
}

/// The engine with the fault that is asked for; as it is where none is.
pub(crate) fn plant(engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
    let fault = match std::env::var(FAULT).as_deref() {
        Ok("ack-before-commit") => Fault::AckBeforeCommit,
        Ok("no-fence-check") => Fault::NoFenceCheck,
        Ok(_) | Err(_) => return engine,
    };
    Arc::new(Planted { engine, fault })
}

impl Planted {
    /// Says that an operation is accepted, and writes it some time later.
    fn soon(&self, new: NewOp) -> Created {
        let (engine, op) = (Arc::clone(&self.engine), made_up(&new));
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            drop(engine.create(NewOp { take: None, ..new }).await);
        });
        Created::New(Box::new(op))
    }
}

/// The operation as it will be.
fn made_up(new: &NewOp) -> Op {
    Op {
        id: new.id,
        tenant: new.tenant.clone(),
        queue: new.queue.clone(),
        resource_id: new.resource_id.clone(),
        operation_type: new.operation_type.clone(),
        created_by: new.created_by.clone(),
        state: State::Pending,
        declared: None,
        created: SystemClock.now(),
        started: None,
        completed: None,
        expires: None,
        cancel_requested: false,
        error: None,
        dead_letter: false,
        redriven_as: None,
        serial: None,
        attempts: Vec::new(),
        attempts_made: 0,
        rev: Rev(0),
        request: new.request.clone(),
        progress: Bytes::new(),
        result: Bytes::new(),
    }
}

#[async_trait]
impl Engine for Planted {
    async fn create(&self, op: NewOp) -> Result<Created, EngineError> {
        if self.fault == Fault::AckBeforeCommit && op.idempotency.is_none() {
            return Ok(self.soon(op));
        }
        self.engine.create(op).await
    }

    async fn claim(
        &self,
        queue: &Queue,
        worker: &Worker,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claim>, EngineError> {
        self.engine.claim(queue, worker, max, lease).await
    }

    async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        note: Note,
    ) -> Result<Renewed, EngineError> {
        match self.engine.renew(claim, lease, note).await? {
            Renewed::Lost if self.fault == Fault::NoFenceCheck => {
                Ok(Renewed::Kept { until: claim.until, cancel_requested: false })
            }
            renewed @ (Renewed::Kept { .. } | Renewed::Lost) => Ok(renewed),
        }
    }

    async fn settle(
        &self,
        claim: &Claim,
        settle: Settle,
        note: Note,
    ) -> Result<Settled, EngineError> {
        match self.engine.settle(claim, settle, note).await? {
            Settled::Lost if self.fault == Fault::NoFenceCheck => Ok(Settled::Recorded),
            settled @ (Settled::Recorded | Settled::Lost) => Ok(settled),
        }
    }

    // === as it is ===

    async fn get(&self, tenant: &Tenant, id: &OpId) -> Result<Option<Op>, EngineError> {
        self.engine.get(tenant, id).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        n: usize,
    ) -> Result<Page, EngineError> {
        self.engine.list(tenant, filter, after, n).await
    }

    async fn cancel(&self, tenant: &Tenant, id: &OpId) -> Result<Cancelled, EngineError> {
        self.engine.cancel(tenant, id).await
    }

    async fn delete(&self, tenant: &Tenant, id: &OpId) -> Result<Deleted, EngineError> {
        self.engine.delete(tenant, id).await
    }

    async fn redrive(
        &self,
        tenant: &Tenant,
        id: &OpId,
        new: OpId,
    ) -> Result<Redriven, EngineError> {
        self.engine.redrive(tenant, id, new).await
    }

    async fn quota(
        &self,
        key: &QuotaKey,
        want: u32,
        rule: &QuotaRule,
    ) -> Result<Grant, EngineError> {
        self.engine.quota(key, want, rule).await
    }

    async fn quota_return(&self, grant: Grant, unused: u32) -> Result<(), EngineError> {
        self.engine.quota_return(grant, unused).await
    }

    async fn put(
        &self,
        name: &DocumentName,
        expect: Option<Rev>,
        body: Bytes,
    ) -> Result<Put, EngineError> {
        self.engine.put(name, expect, body).await
    }

    async fn remove(&self, name: &DocumentName, expect: Rev) -> Result<Put, EngineError> {
        self.engine.remove(name, expect).await
    }

    async fn document(&self, name: &DocumentName) -> Result<Option<Document>, EngineError> {
        self.engine.document(name).await
    }

    async fn changes(&self, since: Rev, n: usize) -> Result<Vec<Document>, EngineError> {
        self.engine.changes(since, n).await
    }

    async fn sweep(&self, n: usize) -> Result<Swept, EngineError> {
        self.engine.sweep(n).await
    }

    async fn depth(&self, queue: &Queue) -> Result<Depth, EngineError> {
        self.engine.depth(queue).await
    }

    async fn health(&self) -> Result<Health, EngineError> {
        self.engine.health().await
    }

    async fn check(&self) -> Result<Vec<Finding>, EngineError> {
        self.engine.check().await
    }

    async fn dump(&self, after: Option<Cursor>, n: usize) -> Result<Vec<Op>, EngineError> {
        self.engine.dump(after, n).await
    }

    fn bells(&self) -> &Bells {
        self.engine.bells()
    }
}
