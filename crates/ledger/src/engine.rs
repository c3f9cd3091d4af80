//! The port: what every engine does, in the ledger's own terms.
//!
//! Nothing here says how. Two engines stand behind it, and one suite of laws holds both:
//!
//! 1. A create is idempotent by its id, and by its key until the key is forgotten.
//! 2. A fence is given to one claim only, and grows with every claim of an operation.
//! 3. At any time at most one fence can settle an operation.
//! 4. A final state never changes; the same settlement by the same fence may be repeated.
//! 5. An operation whose lease has passed can be claimed again.
//! 6. What is granted of a quota never exceeds its limit in any window.
//! 7. A watcher reaches the last revision of every document.
//! 8. What was acknowledged outlives the death of any process, and a power cut.
//! 9. Nothing of one tenant is visible to another.

use crate::{
    Bells, Cancelled, Claim, Created, Cursor, Deleted, Depth, Document, DocumentName, EngineError,
    Filter, Finding, Grant, Health, NewOp, Note, Op, OpId, Page, Put, Queue, QuotaKey, QuotaRule,
    Redriven, Renewed, Rev, Settle, Settled, Swept, Tenant, Worker,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt::Debug;
use std::time::Duration;

/// The most operations that are claimed or listed at once.
pub const MOST_AT_ONCE: usize = 1000;

/// An engine: what remembers.
///
/// Every method may fail with an [`EngineError`], which says whether something was written. A write
/// that ended as [`EngineError::Unknown`] may be repeated as it was, with the same id, fence or
/// revision; only [`Engine::quota`] and [`Engine::quota_return`] must not (see there).
#[async_trait]
pub trait Engine: Debug + Send + Sync + 'static {
    /// Accepts an operation: it, its key and its place in the queue together, or nothing.
    async fn create(&self, op: NewOp) -> Result<Created, EngineError>;

    /// Hands at most `max` operations of a queue to `worker`, each for `lease`: those that have
    /// waited longest, and whose serial key is free.
    async fn claim(
        &self,
        queue: &Queue,
        worker: &Worker,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claim>, EngineError>;

    /// Keeps an operation for another `lease` from now, and notes what is to be noted, together.
    async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        note: Note,
    ) -> Result<Renewed, EngineError>;

    /// Ends a worker's turn, and notes what is to be noted, together.
    async fn settle(
        &self,
        claim: &Claim,
        settle: Settle,
        note: Note,
    ) -> Result<Settled, EngineError>;

    /// An operation of a tenant.
    async fn get(&self, tenant: &Tenant, id: &OpId) -> Result<Option<Op>, EngineError>;

    /// At most `n` of a tenant's operations, newest first, from behind a cursor on.
    async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        n: usize,
    ) -> Result<Page, EngineError>;

    /// Cancels an operation that nobody has begun; of one that was begun, asks its owner to.
    async fn cancel(&self, tenant: &Tenant, id: &OpId) -> Result<Cancelled, EngineError>;

    /// Deletes an operation that has ended. Its idempotency key stays until it is forgotten.
    async fn delete(&self, tenant: &Tenant, id: &OpId) -> Result<Deleted, EngineError>;

    /// Asks for the same as a dead letter did, as a new operation with the id `new`. The dead
    /// letter leaves the list; its state stays. Neither bounds of tenants nor of serial keys count.
    async fn redrive(&self, tenant: &Tenant, id: &OpId, new: OpId)
    -> Result<Redriven, EngineError>;

    /// Takes at most `want` units of a quota. Repeated after [`EngineError::Unknown`] it takes more;
    /// the first ones are lost until their window has passed.
    async fn quota(
        &self,
        key: &QuotaKey,
        want: u32,
        rule: &QuotaRule,
    ) -> Result<Grant, EngineError>;

    /// Gives units back that were not used. Not to be repeated: units that could not be given back
    /// are lost until their window has passed.
    async fn quota_return(&self, grant: Grant, unused: u32) -> Result<(), EngineError>;

    /// Changes a document whose revision is `expect`, or makes it where that is none.
    async fn put(
        &self,
        name: &DocumentName,
        expect: Option<Rev>,
        body: Bytes,
    ) -> Result<Put, EngineError>;

    /// Removes a document whose revision is `expect`.
    async fn remove(&self, name: &DocumentName, expect: Rev) -> Result<Put, EngineError>;

    /// A document; none where there is none, or none any more.
    async fn document(&self, name: &DocumentName) -> Result<Option<Document>, EngineError>;

    /// The first `n` changes after a revision, in order, the last change of each document alone.
    async fn changes(&self, since: Rev, n: usize) -> Result<Vec<Document>, EngineError>;

    /// Takes away at most `n` rows of each kind that are past their retention.
    async fn sweep(&self, n: usize) -> Result<Swept, EngineError>;

    /// How much a queue has to do.
    async fn depth(&self, queue: &Queue) -> Result<Depth, EngineError>;

    /// How the engine is.
    async fn health(&self) -> Result<Health, EngineError>;

    /// What is wrong with what is stored; nothing where all is well. Reads everything.
    async fn check(&self) -> Result<Vec<Finding>, EngineError>;

    /// At most `n` operations of all tenants, in the order of their ids, from behind a cursor on:
    /// for an export by the operator.
    async fn dump(&self, after: Option<Cursor>, n: usize) -> Result<Vec<Op>, EngineError>;

    /// What rings when something changes in this process.
    fn bells(&self) -> &Bells;
}
