//! A gateway with a ledger, a handler that answers when it is let, and an engine that fails on demand.

use crate::gateway::{Called, ID, Made, Started, before, post};
use crate::handler::{Handler, Seen, http, ok};
use candor_gateway::{Durability, Ledger, Operations, Promote, RetryPolicy};
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{
    Bells, Cancelled, Claim, Created, Cursor, Deleted, Depth, Document, DocumentName, Engine,
    EngineError, Filter, Finding, Grant, Health, NewOp, Note, Op, OpId, Page, Put, Queue, QuotaKey,
    QuotaRule, Redriven, Renewed, Rev, SetClock, Settle, Settled, Swept, Tenant, Time, Worker,
};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const GOOD: &str = r#"{"login":"a"}"#;
/// How long an owner may be silent, by the ledger's clock, which stands.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A ledger in a folder of its own, whose clock stands until it is moved.
pub(super) struct Store {
    folder: TempDir,
    pub(super) clock: SetClock,
    pub(super) engine: Arc<Switched>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap(), SetClock::at(Time::from_millis(1_790_000_000_000)))
    }

    fn at(folder: TempDir, clock: SetClock) -> Self {
        let path = folder.path().join("ledger.db");
        let settings = Settings { clock: Arc::new(clock.clone()), ..Settings::new(path) };
        let engine = Sqlite::open(settings).unwrap();
        let engine = Arc::new(Switched { engine: Arc::new(engine), down: AtomicBool::new(false) });
        Self { folder, clock, engine }
    }

    /// What a machine would find on its disk if this one stopped now.
    pub(super) fn after_a_crash(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ledger.db", "ledger.db-wal"] {
            copy(self.folder.path(), folder.path(), name);
        }
        Self::at(folder, self.clock.clone())
    }

    pub(super) fn operations(&self) -> Operations {
        Self::operations_by(Arc::clone(&self.engine) as Arc<dyn Engine>)
    }

    pub(super) fn operations_by(engine: Arc<dyn Engine>) -> Operations {
        let ledger = Ledger::new(engine).unwrap();
        Operations { after: Duration::from_secs(20), lease: LEASE, ..Operations::new(ledger) }
    }

    /// The operation as the ledger has it.
    pub(super) async fn op(&self, id: &str) -> Op {
        let tenant = Tenant::new("acme").unwrap();
        self.engine.engine.get(&tenant, &id.parse().unwrap()).await.unwrap().unwrap()
    }

    /// Waits until the operation is as it should be.
    pub(super) async fn until(&self, id: &str, right: impl Fn(&Op) -> bool) -> Op {
        let waits = async {
            loop {
                let op = self.op(id).await;
                if right(&op) {
                    return op;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), waits).await;
        assert!(waited.is_ok(), "{:#?}", self.op(id).await);
        waited.unwrap()
    }

    pub(super) async fn count(&self) -> usize {
        self.engine.engine.dump(None, 100).await.unwrap().len()
    }
}

fn copy(from: &Path, to: &Path, name: &str) {
    if from.join(name).exists() {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// A gateway that keeps its calls in `store`.
pub(super) fn keeping(store: &Store, handler: &Handler) -> Made {
    let operations = Some(store.operations());
    let target = format!("http://{}/", handler.address);
    Made { operations, workers: 1, tenants: vec!["acme", "other"], ..before(target) }
}

pub(super) fn promoted(promote: Promote) -> Durability {
    Durability { promote, ..Durability::default() }
}

pub(super) fn soon(times: u32) -> RetryPolicy {
    let interval = Duration::from_millis(1);
    RetryPolicy { times, interval, delta: None, max: None, fast_first: false }
}

/// Holds requests until they are let through.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<usize>, Condvar)>);

impl Gate {
    pub(super) fn open(&self, requests: usize) {
        *self.0.0.lock().unwrap() += requests;
        self.0.1.notify_all();
    }

    pub(super) fn pass(&self) {
        tokio::task::block_in_place(|| {
            let (open, changed) = &*self.0;
            let limit = Duration::from_secs(20);
            let closed = |open: &mut usize| *open == 0;
            let waited = changed.wait_timeout_while(open.lock().unwrap(), limit, closed);
            *waited.unwrap().0 -= 1;
        });
    }
}

/// A handler that answers every request once it is let through.
pub(super) async fn held() -> (Handler, Gate) {
    let gate = Gate::default();
    let ours = gate.clone();
    let handler = Handler::plain(move |_, seen| {
        ours.pass();
        Some(ok(seen, r#"{"done":true}"#))
    });
    (handler.await, gate)
}

pub(super) async fn good() -> Handler {
    Handler::plain(|_, seen| Some(ok(seen, r#"{"done":true}"#))).await
}

pub(super) async fn busy() -> Handler {
    Handler::plain(|_, _| Some(http("429 Too Many Requests", "", "{}"))).await
}

/// Waits until the handler has seen so many requests.
pub(super) async fn seen(handler: &Handler, count: usize) -> Vec<Seen> {
    let waits = async {
        while handler.seen().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap();
    handler.seen()
}

impl Started {
    /// Calls the callback with these further fields.
    pub(super) async fn call_with(&self, fields: &str, payload: &str) -> Called {
        self.send(&post(&format!("/callbacks/{ID}?tenant=acme"), fields, payload)).await
    }

    pub(super) async fn ask(&self, method: &str, target: &str, fields: &str) -> Called {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
             Content-Length: 0\r\n{fields}\r\n"
        );
        self.send(&request).await
    }

    pub(super) async fn get(&self, id: &str, rest: &str) -> Called {
        self.ask("GET", &format!("/operations/{id}?tenant=acme{rest}"), "").await
    }

    /// `cancel`, `redrive`.
    pub(super) async fn act(&self, id: &str, action: &str) -> Called {
        self.ask("POST", &format!("/operations/{id}/{action}?tenant=acme"), "").await
    }
}

impl Called {
    pub(super) fn operation(&self) -> String {
        let id = self.header("candor-operation");
        assert!(!id.is_empty(), "{self:#?}");
        id.to_owned()
    }

    pub(super) fn member(&self, name: &str) -> Value {
        self.json()[name].clone()
    }
}

/// An engine that can be switched off.
#[derive(Debug)]
pub(super) struct Switched {
    pub(super) engine: Arc<dyn Engine>,
    down: AtomicBool,
}

impl Switched {
    /// A switch of its own before the same engine.
    pub(super) fn beside(other: &Self) -> Arc<Self> {
        Arc::new(Self { engine: Arc::clone(&other.engine), down: AtomicBool::new(false) })
    }

    pub(super) fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&dyn Engine, EngineError> {
        if self.down.load(Ordering::SeqCst) {
            let why = "switched off".to_owned();
            return Err(EngineError::Unavailable { retry_after: Duration::from_secs(3), why });
        }
        Ok(&*self.engine)
    }
}

#[candor_wire::async_trait]
impl Engine for Switched {
    async fn create(&self, op: NewOp) -> Result<Created, EngineError> {
        self.up()?.create(op).await
    }
    async fn claim(
        &self,
        queue: &Queue,
        worker: &Worker,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claim>, EngineError> {
        self.up()?.claim(queue, worker, max, lease).await
    }
    async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        note: Note,
    ) -> Result<Renewed, EngineError> {
        self.up()?.renew(claim, lease, note).await
    }
    async fn settle(
        &self,
        claim: &Claim,
        settle: Settle,
        note: Note,
    ) -> Result<Settled, EngineError> {
        self.up()?.settle(claim, settle, note).await
    }
    async fn get(&self, tenant: &Tenant, id: &OpId) -> Result<Option<Op>, EngineError> {
        self.up()?.get(tenant, id).await
    }
    async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        n: usize,
    ) -> Result<Page, EngineError> {
        self.up()?.list(tenant, filter, after, n).await
    }
    async fn cancel(&self, tenant: &Tenant, id: &OpId) -> Result<Cancelled, EngineError> {
        self.up()?.cancel(tenant, id).await
    }
    async fn delete(&self, tenant: &Tenant, id: &OpId) -> Result<Deleted, EngineError> {
        self.up()?.delete(tenant, id).await
    }
    async fn redrive(
        &self,
        tenant: &Tenant,
        id: &OpId,
        new: OpId,
    ) -> Result<Redriven, EngineError> {
        self.up()?.redrive(tenant, id, new).await
    }
    async fn quota(
        &self,
        key: &QuotaKey,
        want: u32,
        rule: &QuotaRule,
    ) -> Result<Grant, EngineError> {
        self.up()?.quota(key, want, rule).await
    }
    async fn quota_return(&self, grant: Grant, unused: u32) -> Result<(), EngineError> {
        self.up()?.quota_return(grant, unused).await
    }
    async fn put(
        &self,
        name: &DocumentName,
        expect: Option<Rev>,
        body: bytes::Bytes,
    ) -> Result<Put, EngineError> {
        self.up()?.put(name, expect, body).await
    }
    async fn remove(&self, name: &DocumentName, expect: Rev) -> Result<Put, EngineError> {
        self.up()?.remove(name, expect).await
    }
    async fn document(&self, name: &DocumentName) -> Result<Option<Document>, EngineError> {
        self.up()?.document(name).await
    }
    async fn changes(&self, since: Rev, n: usize) -> Result<Vec<Document>, EngineError> {
        self.up()?.changes(since, n).await
    }
    async fn sweep(&self, n: usize) -> Result<Swept, EngineError> {
        self.up()?.sweep(n).await
    }
    async fn depth(&self, queue: &Queue) -> Result<Depth, EngineError> {
        self.up()?.depth(queue).await
    }
    async fn health(&self) -> Result<Health, EngineError> {
        self.up()?.health().await
    }
    async fn check(&self) -> Result<Vec<Finding>, EngineError> {
        self.up()?.check().await
    }
    async fn dump(&self, after: Option<Cursor>, n: usize) -> Result<Vec<Op>, EngineError> {
        self.up()?.dump(after, n).await
    }
    fn bells(&self) -> &Bells {
        self.engine.bells()
    }
}
