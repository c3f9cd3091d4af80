//! The embedded engine: one file of one process.
//!
//! One thread writes. It takes what has queued up meanwhile into one transaction, so that many
//! callers share one flush to the disk and nobody waits for a timer. Readers have connections of
//! their own and are never in its way.
//!
//! The file is in WAL mode with `synchronous=FULL`: what was acknowledged outlives a power cut. A lock
//! on `<file>.lock` keeps a second process out; readers that only look (a check, an export) need none.

mod checkpoint;
mod claim;
mod create;
mod documents;
mod end;
mod error;
mod open;
mod query;
mod quotas;
mod readers;
mod row;
mod sound;
mod sweep;
mod writer;

pub use open::{Settings, upgrade};

use crate::{
    Bells, Cancelled, Claim, Created, Cursor, Deleted, Depth, Document, DocumentName, Engine,
    EngineError, Filter, Finding, Grant, Health, MOST_AT_ONCE, NewOp, Note, Op, OpId, OpenError,
    Page, Put, Queue, QuotaKey, QuotaRule, Redriven, Renewed, Rev, Settle, Settled, Swept, Tenant,
    Worker, document,
};
use async_trait::async_trait;
use bytes::Bytes;
use open::Opened;
use readers::Readers;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use writer::Writer;

/// The embedded engine.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    bells: Arc<Bells>,
    clock: Arc<dyn crate::Clock>,
    readers: Readers,
    /// None where the file was opened to be looked at.
    writer: Option<Writer>,
    /// Held for as long as the writer lives: another process is refused.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the ledger in a file, makes it where there is none and `settings` say so.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        let bells = Arc::new(Bells::default());
        let Opened { writer, checkpoint, lock, path } = open::open(&settings)?;
        let readers = Readers::start(&path, settings.readers)?;
        let writer = Writer::start(
            writer,
            checkpoint,
            Arc::clone(&settings.clock),
            Arc::clone(&bells),
            settings.queue,
        )?;
        let clock = settings.clock;
        Ok(Self { path, bells, clock, readers, writer: Some(writer), _lock: Some(lock) })
    }

    /// Opens the ledger in a file to look at it, also beside a process that works with it.
    pub fn open_read_only(settings: &Settings) -> Result<Self, OpenError> {
        open::look(&settings.path)?;
        Ok(Self {
            path: settings.path.clone(),
            bells: Arc::default(),
            clock: Arc::clone(&settings.clock),
            readers: Readers::start(&settings.path, 1)?,
            writer: None,
            _lock: None,
        })
    }

    fn writer(&self) -> Result<&Writer, EngineError> {
        let why = || "it was opened to be looked at".to_owned();
        self.writer.as_ref().ok_or_else(|| EngineError::ReadOnly { why: why() })
    }
}

#[async_trait]
impl Engine for Sqlite {
    async fn create(&self, op: NewOp) -> Result<Created, EngineError> {
        op.check()?;
        self.writer()?.run(move |db| create::create(db, &op)).await
    }

    async fn claim(
        &self,
        queue: &Queue,
        worker: &Worker,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claim>, EngineError> {
        let (queue, worker, max) = (queue.clone(), worker.clone(), max.min(MOST_AT_ONCE));
        self.writer()?.run(move |db| claim::claim(db, &queue, &worker, max, lease)).await
    }

    async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        note: Note,
    ) -> Result<Renewed, EngineError> {
        note.check()?;
        let (id, fence) = (claim.op.id, claim.fence);
        self.writer()?.run(move |db| claim::renew(db, id, fence, lease, &note)).await
    }

    async fn settle(
        &self,
        claim: &Claim,
        settle: Settle,
        note: Note,
    ) -> Result<Settled, EngineError> {
        settle.check()?;
        note.check()?;
        let (id, fence) = (claim.op.id, claim.fence);
        self.writer()?.run(move |db| end::settle(db, id, fence, &settle, &note)).await
    }

    async fn get(&self, tenant: &Tenant, id: &OpId) -> Result<Option<Op>, EngineError> {
        let (tenant, id) = (tenant.clone(), *id);
        self.readers.run(move |db| query::get(db, &tenant, id)).await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        n: usize,
    ) -> Result<Page, EngineError> {
        let (tenant, filter, n) = (tenant.clone(), filter.clone(), n.min(MOST_AT_ONCE));
        self.readers.run(move |db| query::list(db, &tenant, &filter, after, n)).await
    }

    async fn cancel(&self, tenant: &Tenant, id: &OpId) -> Result<Cancelled, EngineError> {
        let (tenant, id) = (tenant.clone(), *id);
        self.writer()?.run(move |db| end::cancel(db, &tenant, id)).await
    }

    async fn delete(&self, tenant: &Tenant, id: &OpId) -> Result<Deleted, EngineError> {
        let (tenant, id) = (tenant.clone(), *id);
        self.writer()?.run(move |db| end::delete(db, &tenant, id)).await
    }

    async fn redrive(
        &self,
        tenant: &Tenant,
        id: &OpId,
        new: OpId,
    ) -> Result<Redriven, EngineError> {
        let (tenant, id) = (tenant.clone(), *id);
        self.writer()?.run(move |db| create::redrive(db, &tenant, id, new)).await
    }

    async fn quota(
        &self,
        key: &QuotaKey,
        want: u32,
        rule: &QuotaRule,
    ) -> Result<Grant, EngineError> {
        let (key, rule) = (key.clone(), *rule);
        self.writer()?.run(move |db| quotas::grant(db, &key, want, &rule)).await
    }

    async fn quota_return(&self, grant: Grant, unused: u32) -> Result<(), EngineError> {
        self.writer()?.run(move |db| quotas::give_back(db, &grant, unused)).await
    }

    async fn put(
        &self,
        name: &DocumentName,
        expect: Option<Rev>,
        body: Bytes,
    ) -> Result<Put, EngineError> {
        document::check_document(Some(&body))?;
        let name = name.clone();
        self.writer()?.run(move |db| documents::change(db, &name, expect, Some(&body))).await
    }

    async fn remove(&self, name: &DocumentName, expect: Rev) -> Result<Put, EngineError> {
        let name = name.clone();
        self.writer()?.run(move |db| documents::change(db, &name, Some(expect), None)).await
    }

    async fn document(&self, name: &DocumentName) -> Result<Option<Document>, EngineError> {
        let name = name.clone();
        self.readers.run(move |db| documents::get(db, &name)).await
    }

    async fn changes(&self, since: Rev, n: usize) -> Result<Vec<Document>, EngineError> {
        let n = n.min(MOST_AT_ONCE);
        self.readers.run(move |db| documents::changes(db, since, n)).await
    }

    async fn sweep(&self, n: usize) -> Result<Swept, EngineError> {
        self.writer()?.run(move |db| sweep::sweep(db, n)).await
    }

    async fn depth(&self, queue: &Queue) -> Result<Depth, EngineError> {
        let (queue, now) = (queue.clone(), self.clock.now());
        self.readers.run(move |db| query::depth(db, &queue, now)).await
    }

    async fn health(&self) -> Result<Health, EngineError> {
        let (path, now) = (self.path.clone(), self.clock.now());
        self.readers.run(move |db| sound::health(db, &path, now)).await
    }

    async fn check(&self) -> Result<Vec<Finding>, EngineError> {
        self.readers.run(sound::check).await
    }

    async fn dump(&self, after: Option<Cursor>, n: usize) -> Result<Vec<Op>, EngineError> {
        let n = n.min(MOST_AT_ONCE);
        self.readers.run(move |db| query::dump(db, after, n)).await
    }

    fn bells(&self) -> &Bells {
        &self.bells
    }
}
