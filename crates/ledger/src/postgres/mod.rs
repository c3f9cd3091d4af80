//! The shared engine: one PostgreSQL server, several nodes.
//!
//! Every operation on the ledger is one statement, or one short transaction. Creates and settlements
//! of a node are gathered into statements of many rows, over two connections each, so that a commit
//! is shared. Time is the database's. Nothing is held open while a call is made.
//!
//! LISTEN is a wake-up for changes of documents and nothing else; operations are polled.

mod accept;
mod batch;
mod claim;
mod create;
mod documents;
mod end;
mod error;
mod ground;
mod link;
mod open;
mod query;
mod quotas;
mod redrive;
mod row;
mod settings;
mod sound;
mod sweep;
mod tls;
mod turn;

pub use open::upgrade;
pub use settings::{ClockOffset, Settings};

use crate::{
    Bells, Cancelled, Claim, Created, Cursor, Deleted, Depth, Document, DocumentName, Engine,
    EngineError, Filter, Finding, Grant, Health, MOST_AT_ONCE, NewOp, Note, Op, OpId, OpenError,
    Page, Put, Queue, QuotaKey, QuotaRule, Redriven, Renewed, Rev, Settle, Settled, Swept, Tenant,
    Worker, document,
};
use accept::Creates;
use async_trait::async_trait;
use batch::Batcher;
use bytes::Bytes;
use end::Settles;
use ground::Ground;
use link::Link;
use std::sync::Arc;
use std::time::Duration;
use turn::Turns;

/// The shared engine.
#[derive(Debug)]
pub struct Postgres {
    bells: Arc<Bells>,
    /// For statements that write: each waits for the disk.
    link: Link,
    /// For statements that read, which need not wait behind those.
    reads: Link,
    /// For transactions of several statements.
    turns: Turns,
    creates: Batcher<Creates>,
    settles: Batcher<Settles>,
    /// Where the connections live; dropped last.
    _ground: Ground,
}

impl Postgres {
    /// Connects to the ledger on a server; makes it where there is none and `settings` say so.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let bells = Arc::new(Bells::default());
        let ground = Ground::start()?;
        let road = settings.road(&ground)?;
        open::prepare(&road, &settings).await?;
        let queue = settings.queue;
        documents::listen(&ground, road.clone(), Arc::clone(&bells));
        let link = || Link::new(road.clone());
        Ok(Self {
            turns: Turns::new(&road, settings.connections),
            creates: Batcher::start(&ground, [link(), link()].map(Creates), queue),
            settles: Batcher::start(&ground, [link(), link()].map(Settles), queue),
            link: link(),
            reads: link(),
            bells,
            _ground: ground,
        })
    }
}

#[async_trait]
impl Engine for Postgres {
    async fn create(&self, op: NewOp) -> Result<Created, EngineError> {
        op.check()?;
        create::create(self, op).await
    }

    async fn claim(
        &self,
        queue: &Queue,
        worker: &Worker,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claim>, EngineError> {
        claim::claim(self, queue, worker, max.min(MOST_AT_ONCE), lease).await
    }

    async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        note: Note,
    ) -> Result<Renewed, EngineError> {
        note.check()?;
        claim::renew(self, claim, lease, &note).await
    }

    async fn settle(
        &self,
        claim: &Claim,
        settle: Settle,
        note: Note,
    ) -> Result<Settled, EngineError> {
        settle.check()?;
        note.check()?;
        end::settle(self, claim, settle, note).await
    }

    async fn get(&self, tenant: &Tenant, id: &OpId) -> Result<Option<Op>, EngineError> {
        query::get(&self.reads, tenant, id).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        n: usize,
    ) -> Result<Page, EngineError> {
        query::list(&self.reads, tenant, filter, after, n.min(MOST_AT_ONCE)).await
    }

    async fn cancel(&self, tenant: &Tenant, id: &OpId) -> Result<Cancelled, EngineError> {
        end::cancel(self, tenant, id).await
    }

    async fn delete(&self, tenant: &Tenant, id: &OpId) -> Result<Deleted, EngineError> {
        end::delete(self, tenant, id).await
    }

    async fn redrive(
        &self,
        tenant: &Tenant,
        id: &OpId,
        new: OpId,
    ) -> Result<Redriven, EngineError> {
        redrive::redrive(self, tenant.clone(), *id, new).await
    }

    async fn quota(
        &self,
        key: &QuotaKey,
        want: u32,
        rule: &QuotaRule,
    ) -> Result<Grant, EngineError> {
        quotas::grant(&self.turns, key.clone(), want, *rule).await
    }

    async fn quota_return(&self, grant: Grant, unused: u32) -> Result<(), EngineError> {
        quotas::give_back(&self.turns, grant, unused).await
    }

    async fn put(
        &self,
        name: &DocumentName,
        expect: Option<Rev>,
        body: Bytes,
    ) -> Result<Put, EngineError> {
        document::check_document(Some(&body))?;
        documents::change(self, name.clone(), expect, Some(body)).await
    }

    async fn remove(&self, name: &DocumentName, expect: Rev) -> Result<Put, EngineError> {
        documents::change(self, name.clone(), Some(expect), None).await
    }

    async fn document(&self, name: &DocumentName) -> Result<Option<Document>, EngineError> {
        documents::get(&self.reads, name).await
    }

    async fn changes(&self, since: Rev, n: usize) -> Result<Vec<Document>, EngineError> {
        documents::changes(&self.reads, since, n.min(MOST_AT_ONCE)).await
    }

    async fn sweep(&self, n: usize) -> Result<Swept, EngineError> {
        sweep::sweep(&self.link, n).await
    }

    async fn depth(&self, queue: &Queue) -> Result<Depth, EngineError> {
        query::depth(&self.reads, queue).await
    }

    async fn health(&self) -> Result<Health, EngineError> {
        sound::health(&self.reads).await
    }

    async fn check(&self) -> Result<Vec<Finding>, EngineError> {
        sound::check(&self.reads).await
    }

    async fn dump(&self, after: Option<Cursor>, n: usize) -> Result<Vec<Op>, EngineError> {
        query::dump(&self.reads, after, n.min(MOST_AT_ONCE)).await
    }

    fn bells(&self) -> &Bells {
        &self.bells
    }
}
