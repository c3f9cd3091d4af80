//! Random sequences of everything that can be asked of an engine, next to a model that is simple
//! enough to be believed.
//!
//! The model's time goes in steps of 100 s, and everything that ends does so half a step from them,
//! so that the time that a real server takes decides nothing.

use crate::world::{World, failed, ids, queue, tenant, worker};
use candor_ledger::{
    Cancelled, Claim, Created, Cursor, Deleted, Depth, Filter, Idempotency, Keep, NewOp, Note, Op,
    OpId, Redriven, Renewed, Serial, Settle, Settled, State, Take,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use uuid::Uuid;

const LEASE: u64 = 350;
const RETRY: u64 = 250;
const LATER: u64 = 150;
const KEEP_SUCCEEDED: u64 = 450;
const KEEP_FAILED: u64 = 650;
const KEEP_KEY: u64 = 550;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[derive(Debug, Clone)]
enum Step {
    Create {
        tenant: u8,
        key: Option<u8>,
        body: u8,
        serial: Option<(u8, u32)>,
        bound: Option<u32>,
        take: bool,
        later: bool,
    },
    CreateAgain(Index),
    Claim(usize),
    Renew(Index, u8),
    Settle(Index, u8),
    Cancel(u8, Index),
    Delete(u8, Index),
    Redrive(u8, Index),
    Advance(u64),
    Sweep,
    Look(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let create = (
        0_u8..2,
        prop::option::of(0_u8..3),
        prop::bool::weighted(0.2),
        prop::option::of((0_u8..2, 0_u32..3)),
        prop::option::weighted(0.2, 1_u32..4),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
    );
    let create = create.prop_map(|(tenant, key, body, serial, bound, take, later)| Step::Create {
        tenant,
        key,
        body: u8::from(body),
        serial,
        bound,
        take,
        later,
    });
    prop_oneof![
        6 => create,
        1 => any::<Index>().prop_map(Step::CreateAgain),
        4 => (1_usize..4).prop_map(Step::Claim),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(claim, note)| Step::Renew(claim, note)),
        5 => (any::<Index>(), 0_u8..6).prop_map(|(claim, how)| Step::Settle(claim, how)),
        2 => (0_u8..2, any::<Index>()).prop_map(|(tenant, op)| Step::Cancel(tenant, op)),
        1 => (0_u8..2, any::<Index>()).prop_map(|(tenant, op)| Step::Delete(tenant, op)),
        1 => (0_u8..2, any::<Index>()).prop_map(|(tenant, op)| Step::Redrive(tenant, op)),
        3 => (1_u64..8).prop_map(|steps| Step::Advance(steps * 100)),
        1 => Just(Step::Sweep),
        2 => (0_u8..2).prop_map(Step::Look),
    ]
}

fn tenant_name(number: u8) -> String {
    format!("tenant-{number}")
}

/// What the model knows of an operation.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "a model is plain, not small")]
struct Known {
    seq: usize,
    tenant: String,
    serial: Option<String>,
    state: State,
    due: u64,
    owned: bool,
    /// Whether it was begun as it was accepted.
    by_maker: bool,
    fence: u64,
    attempt: u32,
    cancel_requested: bool,
    expires: Option<u64>,
    key_until: u64,
    dead: bool,
    redriven_as: Option<OpId>,
    progress: Vec<u8>,
}

impl Known {
    fn is_open(&self) -> bool {
        !self.state.is_final()
    }
}

/// The model, and the engine that must agree with it.
struct Pair {
    world: World,
    now: u64,
    ops: BTreeMap<OpId, Known>,
    keys: HashMap<(String, String), ([u8; 32], OpId, u64)>,
    asked: Vec<NewOp>,
    all: Vec<OpId>,
    claims: Vec<Claim>,
}

impl Pair {
    fn new(world: World) -> Self {
        Self {
            world,
            now: 1000,
            ops: BTreeMap::new(),
            keys: HashMap::new(),
            asked: Vec::new(),
            all: Vec::new(),
            claims: Vec::new(),
        }
    }

    async fn take_step(&mut self, step: Step) {
        match step {
            Step::Create { tenant: number, key, body, serial, bound, take, later } => {
                let idempotency = key.map(|key| Idempotency {
                    key: format!("key-{key}"),
                    fingerprint: [body; 32],
                    keep: seconds(KEEP_KEY),
                });
                let serial =
                    serial.map(|(key, waiting)| Serial { key: format!("s{key}"), waiting });
                let take = take.then(|| Take { worker: worker("maker"), lease: seconds(LEASE) });
                let keep =
                    Keep { succeeded: seconds(KEEP_SUCCEEDED), failed: seconds(KEEP_FAILED) };
                let delay = seconds(if later { LATER } else { 0 });
                let new = NewOp::new(tenant(&tenant_name(number)), queue(), vec![body]);
                let new = NewOp { idempotency, serial, bound, take, keep, delay, ..new };
                self.asked.push(new.clone());
                self.create(new).await;
            }
            Step::CreateAgain(which) if !self.asked.is_empty() => {
                self.create(which.get(&self.asked).clone()).await;
            }
            Step::Claim(max) => self.claim(max).await,
            Step::Renew(which, note) if !self.claims.is_empty() => {
                self.renew(which.get(&self.claims).clone(), note).await;
            }
            Step::Settle(which, how) if !self.claims.is_empty() => {
                self.settle(which.get(&self.claims).clone(), how).await;
            }
            Step::Cancel(tenant, which) if !self.all.is_empty() => {
                self.cancel(&tenant_name(tenant), *which.get(&self.all)).await;
            }
            Step::Delete(tenant, which) if !self.all.is_empty() => {
                self.delete(&tenant_name(tenant), *which.get(&self.all)).await;
            }
            Step::Redrive(tenant, which) if !self.all.is_empty() => {
                self.redrive(&tenant_name(tenant), *which.get(&self.all)).await;
            }
            Step::Advance(by) => {
                self.now += by;
                self.world.advance(seconds(by));
            }
            Step::Sweep => self.sweep().await,
            Step::Look(tenant) => self.look(&tenant_name(tenant)).await,
            Step::CreateAgain(_)
            | Step::Renew(..)
            | Step::Settle(..)
            | Step::Cancel(..)
            | Step::Delete(..)
            | Step::Redrive(..) => {}
        }
    }

    /// Open operations under the same serial key, in their order.
    fn line(&self, tenant: &str, serial: &str) -> Vec<(OpId, &Known)> {
        let mut line: Vec<_> = self.ops.iter().map(|(id, known)| (*id, known)).collect();
        line.retain(|(_, known)| {
            known.is_open() && known.tenant == tenant && known.serial.as_deref() == Some(serial)
        });
        line.sort_by_key(|(_, known)| known.seq);
        line
    }

    fn mine(&self, new: &NewOp) -> Option<(bool, OpId)> {
        let known = self.ops.get(&new.id)?;
        let taken = known.by_maker && known.is_open() && known.owned && known.fence == 1;
        Some((taken, new.id))
    }

    /// The answer that a create must get, and whether it makes something.
    fn expected(&self, new: &NewOp) -> (Expected, bool) {
        let owner = new.tenant.as_str().to_owned();
        let mine = |(taken, id)| if taken { Expected::Taken(id) } else { Expected::New(id) };
        if let Some(key) = &new.idempotency
            && let Some((fingerprint, id, until)) = self.keys.get(&(owner.clone(), key.key.clone()))
            && *until > self.now
        {
            let expected = match self.ops.get(id) {
                _ if *fingerprint != key.fingerprint => Expected::Mismatch(*id),
                Some(_) if *id == new.id => self.mine(new).map_or(Expected::Gone(*id), mine),
                Some(known) if known.is_open() => Expected::InProgress(*id),
                Some(_) => Expected::Replay(*id),
                None => Expected::Gone(*id),
            };
            return (expected, false);
        }
        if let Some(found) = self.mine(new) {
            return (mine(found), false);
        }
        let mut taken = new.take.is_some();
        if let Some(serial) = &new.serial {
            let line = self.line(&owner, &serial.key);
            if let Some((first, _)) = line.first() {
                if line.len() > serial.waiting as usize {
                    return (Expected::Busy(*first), false);
                }
                taken = false;
            }
        }
        let open = self.ops.values().filter(|known| known.is_open() && known.tenant == owner);
        let open = u32::try_from(open.count()).unwrap();
        if new.bound.is_some_and(|bound| open >= bound) {
            return (Expected::Crowded(open), false);
        }
        (if taken { Expected::Taken(new.id) } else { Expected::New(new.id) }, true)
    }

    async fn create(&mut self, new: NewOp) {
        let (expected, made) = self.expected(&new);
        let created = self.world.create(new.clone()).await;
        let found = match &created {
            Created::New(op) => Expected::New(op.id),
            Created::Taken(claim) => Expected::Taken(claim.op.id),
            Created::Replay(op) => Expected::Replay(op.id),
            Created::InProgress(id) => Expected::InProgress(*id),
            Created::Mismatch(id) => Expected::Mismatch(*id),
            Created::Gone(id) => Expected::Gone(*id),
            Created::Busy { conflict } => Expected::Busy(*conflict),
            Created::Crowded { open } => Expected::Crowded(*open),
        };
        assert_eq!(found, expected);
        let taken = matches!(created, Created::Taken(_));
        if let Created::Taken(claim) = created {
            self.claims.push(*claim);
        }
        if made {
            self.remember(&new, taken);
        }
    }

    fn remember(&mut self, new: &NewOp, taken: bool) {
        let key_until = new.idempotency.as_ref().map_or(0, |_| self.now + KEEP_KEY);
        if let Some(key) = &new.idempotency {
            let name = (new.tenant.as_str().to_owned(), key.key.clone());
            self.keys.insert(name, (key.fingerprint, new.id, key_until));
        }
        let wait = if taken { LEASE } else { new.delay.as_secs() };
        let serial = new.serial.as_ref().map(|serial| serial.key.clone());
        self.add(new.id, new.tenant.as_str(), serial, wait, key_until);
        if taken {
            let known = self.ops.get_mut(&new.id).unwrap();
            (known.state, known.owned, known.by_maker) = (State::InProgress, true, true);
            (known.fence, known.attempt) = (1, 1);
        }
    }

    fn add(&mut self, id: OpId, owner: &str, serial: Option<String>, wait: u64, key_until: u64) {
        let known = Known {
            seq: self.all.len(),
            tenant: owner.to_owned(),
            serial,
            state: State::Pending,
            due: self.now + wait,
            owned: false,
            by_maker: false,
            fence: 0,
            attempt: 0,
            cancel_requested: false,
            expires: None,
            key_until,
            dead: false,
            redriven_as: None,
            progress: Vec::new(),
        };
        self.ops.insert(id, known);
        self.all.push(id);
    }

    async fn claim(&mut self, max: usize) {
        let claimable = |(id, known): (&OpId, &Known)| {
            let first = known.serial.as_ref().is_none_or(|serial| {
                self.line(&known.tenant, serial).first().is_some_and(|(first, _)| first == id)
            });
            (known.is_open() && known.due <= self.now && first).then_some((*id, known.due))
        };
        let mut claimable: HashMap<OpId, u64> = self.ops.iter().filter_map(claimable).collect();
        let engine = &self.world.engine;
        let claims = engine.claim(&queue(), &worker("w"), max, seconds(LEASE)).await.unwrap();
        assert_eq!(claims.len(), claimable.len().min(max));
        let mut latest = 0;
        for claim in claims {
            let due = claimable.remove(&claim.op.id).expect("it could not be claimed");
            latest = latest.max(due);
            let known = self.ops.get_mut(&claim.op.id).unwrap();
            assert_eq!(claim.owner_died, known.owned);
            known.fence += 1;
            known.attempt += 1;
            (known.state, known.owned, known.due) = (State::InProgress, true, self.now + LEASE);
            assert_eq!((claim.fence.0, claim.attempt), (known.fence, known.attempt));
            assert_eq!(claim.op.cancel_requested, known.cancel_requested);
            assert_eq!(claim.op.progress, known.progress);
            assert_eq!(claim.op.state, State::InProgress);
            self.claims.push(claim);
        }
        assert!(claimable.values().all(|due| *due >= latest), "who waits longest comes first");
    }

    async fn renew(&mut self, claim: Claim, note: u8) {
        let noted = Note::progress(vec![note]);
        let renewed = self.world.engine.renew(&claim, seconds(LEASE), noted).await.unwrap();
        let owner = |known: &&mut Known| known.owned && known.fence == claim.fence.0;
        match self.ops.get_mut(&claim.op.id).filter(owner) {
            Some(known) => {
                (known.due, known.progress) = (self.now + LEASE, vec![note]);
                let Renewed::Kept { cancel_requested, .. } = renewed else { panic!("lost") };
                assert_eq!(cancel_requested, known.cancel_requested);
            }
            None => assert_eq!(renewed, Renewed::Lost),
        }
    }

    async fn settle(&mut self, claim: Claim, how: u8) {
        let settle = match how {
            0 => Settle::Succeeded { result: "s".into() },
            1 => failed(true),
            2 => failed(false),
            3 => Settle::Cancelled { result: "c".into() },
            4 => Settle::RetryAfter { wait: seconds(RETRY) },
            _ => Settle::Release,
        };
        let settled = self.world.settle(&claim, settle.clone()).await;
        let now = self.now;
        let Some(known) = self.ops.get_mut(&claim.op.id) else {
            return assert_eq!(settled, Settled::Lost);
        };
        let recorded = match (known.fence == claim.fence.0, known.is_open(), known.owned) {
            (false, ..) => false,
            (true, false, _) => Some(known.state) == settle.state(),
            (true, true, false) => settle.state().is_none(),
            (true, true, true) => {
                known.owned = false;
                match settle.state() {
                    Some(state) => {
                        end(known, state, now);
                        known.dead = how == 1;
                    }
                    None => known.due = now + if how == 4 { RETRY } else { 0 },
                }
                known.attempt -= u32::from(how == 5);
                true
            }
        };
        assert_eq!(settled == Settled::Recorded, recorded, "{settle:?} of {known:?}");
    }

    async fn cancel(&mut self, owner: &str, id: OpId) {
        let cancelled = self.world.engine.cancel(&tenant(owner), &id).await.unwrap();
        let now = self.now;
        let known = self.ops.get_mut(&id).filter(|known| known.tenant == owner);
        let expected = match known {
            None => Cancelled::NotFound,
            Some(known) if known.state == State::Pending => {
                known.cancel_requested = true;
                end(known, State::Cancelled, now);
                Cancelled::BeforeStart
            }
            Some(known) if known.is_open() => {
                known.cancel_requested = true;
                if !known.owned {
                    known.due = known.due.min(now);
                }
                Cancelled::Requested
            }
            Some(known) => Cancelled::Ended(known.state),
        };
        assert_eq!(cancelled, expected);
    }

    async fn delete(&mut self, owner: &str, id: OpId) {
        let deleted = self.world.engine.delete(&tenant(owner), &id).await.unwrap();
        let known = self.ops.get(&id).filter(|known| known.tenant == owner);
        let expected = match known {
            None => Deleted::NotFound,
            Some(known) if known.is_open() => Deleted::NotEnded(known.state),
            Some(_) => Deleted::Gone,
        };
        assert_eq!(deleted, expected);
        if deleted == Deleted::Gone {
            self.ops.remove(&id);
        }
    }

    async fn redrive(&mut self, owner: &str, id: OpId) {
        let new = Uuid::now_v7();
        let redriven = self.world.engine.redrive(&tenant(owner), &id, new).await.unwrap();
        let known = self.ops.get_mut(&id).filter(|known| known.tenant == owner);
        let expected = match known {
            None => Redriven::NotFound,
            Some(Known { redriven_as: Some(before), .. }) => Redriven::Before(*before),
            Some(known) if !known.dead => Redriven::NotDead(known.state),
            Some(known) => {
                known.dead = false;
                known.redriven_as = Some(new);
                let serial = known.serial.clone();
                self.add(new, owner, serial, 0, 0);
                Redriven::As(new)
            }
        };
        assert_eq!(redriven, expected);
    }

    async fn sweep(&mut self) {
        let swept = self.world.engine.sweep(1000).await.unwrap();
        let before = self.ops.len();
        let now = self.now;
        self.ops.retain(|_, known| known.expires.is_none_or(|expires| expires > now));
        assert_eq!(usize::try_from(swept.ops).unwrap(), before - self.ops.len());
    }

    /// Compares all that a tenant can see, and how much there is to do.
    async fn look(&self, owner: &str) {
        let engine = &self.world.engine;
        let mine = |wanted: &dyn Fn(&Known) -> bool| {
            let mine = self.ops.iter().filter(|(_, known)| known.tenant == owner && wanted(known));
            let mut mine: Vec<OpId> = mine.map(|(id, _)| *id).collect();
            mine.reverse();
            mine
        };
        let (mut seen, mut after): (Vec<Op>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = engine.list(&tenant(owner), &Filter::default(), after, 3).await.unwrap();
            seen.extend(page.ops);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids(&seen), mine(&|_| true));
        for op in &seen {
            let known = &self.ops[&op.id];
            assert_eq!((op.state, op.dead_letter), (known.state, known.dead));
            assert_eq!(op.cancel_requested, known.cancel_requested);
            assert_eq!(
                (op.redriven_as, &op.progress[..]),
                (known.redriven_as, &known.progress[..])
            );
            assert_eq!(op.error.is_some(), known.state == State::Failed);
            assert_eq!(op.expires.is_some(), known.expires.is_some());
            assert_eq!(engine.get(&tenant(owner), &op.id).await.unwrap().as_ref(), Some(op));
        }
        for state in State::ALL {
            let filter = Filter { states: vec![state], ..Filter::default() };
            let page = engine.list(&tenant(owner), &filter, None, 100).await.unwrap();
            assert_eq!(ids(&page.ops), mine(&|known| known.state == state));
        }
        let filter = Filter { dead_letters: true, ..Filter::default() };
        let page = engine.list(&tenant(owner), &filter, None, 100).await.unwrap();
        assert_eq!(ids(&page.ops), mine(&|known| known.dead));
        self.measure().await;
    }

    async fn measure(&self) {
        let open = || self.ops.values().filter(|known| known.is_open());
        let count = |wanted: &dyn Fn(&&Known) -> bool| open().filter(wanted).count() as u64;
        let depth: Depth = self.world.engine.depth(&queue()).await.unwrap();
        assert_eq!(depth.owned, count(&|known| known.owned));
        assert_eq!(depth.due, count(&|known| !known.owned && known.due <= self.now));
        assert_eq!(depth.later, count(&|known| !known.owned && known.due > self.now));
        assert_eq!(depth.oldest_due.is_some(), depth.due > 0);
    }
}

fn end(known: &mut Known, state: State, now: u64) {
    let keep = if state == State::Succeeded { KEEP_SUCCEEDED } else { KEEP_FAILED };
    known.state = state;
    known.expires = Some((now + keep).max(known.key_until));
}

#[derive(Debug, PartialEq)]
enum Expected {
    New(OpId),
    Taken(OpId),
    Replay(OpId),
    InProgress(OpId),
    Mismatch(OpId),
    Gone(OpId),
    Busy(OpId),
    Crowded(u32),
}

/// More cases than a usual run has, where this says how many times as many.
const TIMES: &str = "CANDOR_LEDGER_CASES";

fn agree(cases: u32, name: &str, world: impl AsyncFn(u32) -> Option<World>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let times = std::env::var(TIMES).ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let config = Config { cases: cases * times, failure_persistence: None, ..Config::default() };
    let case = std::cell::Cell::new(0);
    let steps = prop::collection::vec(step(), 1..60);
    let run = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async {
            case.set(case.get() + 1);
            let Some(world) = world(case.get()).await else { return };
            let mut pair = Pair::new(world);
            for step in steps {
                Box::pin(pair.take_step(step)).await;
            }
            for number in 0..2 {
                pair.look(&tenant_name(number)).await;
            }
            assert_eq!(pair.world.engine.check().await.unwrap(), []);
        });
        Ok(())
    });
    if let Err(error) = run {
        panic!("{name}: {error}");
    }
}

#[test]
fn sqlite_agrees_with_the_model() {
    agree(256, "SQLite", async |_| Some(World::sqlite()));
}

#[test]
fn postgres_agrees_with_the_model() {
    agree(24, "PostgreSQL", async |case| World::postgres(&format!("model_{case}")).await);
}
