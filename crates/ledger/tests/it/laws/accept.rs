//! Accepting: once by id, once by key, within bounds; and forgetting.

use crate::laws::laws;
use crate::world::{LEASE, World, done, new_op, queue, tenant, worker};
use candor_ledger::{
    Created, Deleted, EngineError, Fence, Idempotency, Keep, NewOp, Settled, State, Take,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

laws!(
    a_create_is_idempotent_by_its_id,
    a_create_is_idempotent_by_its_key,
    a_key_is_forgotten_after_its_time,
    a_key_outlives_its_operation,
    racing_senders_of_a_key_get_one_operation,
    an_operation_can_be_begun_as_it_is_accepted,
    a_repeated_create_gets_its_claim_back,
    what_is_asked_for_later_waits,
    a_tenant_has_no_more_than_its_bound,
    an_ended_operation_is_forgotten_after_its_retention,
    an_open_operation_is_neither_deleted_nor_forgotten,
    what_cannot_be_kept_is_refused,
);

const DAY: Duration = Duration::from_hours(24);

fn keyed(key: &str, body: u8) -> NewOp {
    let idempotency = Idempotency { key: key.to_owned(), fingerprint: [body; 32], keep: DAY };
    NewOp { idempotency: Some(idempotency), ..new_op("t") }
}

async fn a_create_is_idempotent_by_its_id(world: World) {
    let new = new_op("t");
    let op = world.accept(new.clone()).await;
    assert_eq!(op.state, State::Pending);
    assert_eq!(op.request, new.request);
    assert_eq!(world.accept(new.clone()).await.id, op.id);
    assert_eq!(world.claim_all().await.len(), 1);
    let stolen = NewOp { tenant: tenant("other"), ..new };
    assert!(matches!(world.engine.create(stolen).await, Err(EngineError::Invalid { .. })));
}

async fn a_create_is_idempotent_by_its_key(world: World) {
    let op = world.accept(keyed("k", 1)).await;
    assert_eq!(world.create(keyed("k", 1)).await, Created::InProgress(op.id));
    assert_eq!(world.create(keyed("k", 2)).await, Created::Mismatch(op.id));
    let other = NewOp { tenant: tenant("other"), ..keyed("k", 2) };
    world.accept(other).await;
    for claim in world.claim_all().await {
        assert_eq!(world.settle(&claim, done("answer")).await, Settled::Recorded);
    }
    let Created::Replay(replay) = world.create(keyed("k", 1)).await else { panic!() };
    assert_eq!((replay.id, &replay.result[..]), (op.id, &b"answer"[..]));
    assert_eq!(world.create(keyed("k", 2)).await, Created::Mismatch(op.id));
}

async fn a_key_is_forgotten_after_its_time(world: World) {
    let op = world.accept(keyed("k", 1)).await;
    world.advance(Duration::from_hours(23));
    assert_eq!(world.create(keyed("k", 1)).await, Created::InProgress(op.id));
    world.advance(Duration::from_hours(2));
    assert_ne!(world.accept(keyed("k", 2)).await.id, op.id);
    // A key that was taken over is remembered for its full time again.
    world.advance(Duration::from_hours(23));
    assert_eq!(world.engine.sweep(100).await.unwrap().keys, 0);
    world.advance(Duration::from_hours(2));
    assert_eq!(world.engine.sweep(100).await.unwrap().keys, 1);
}

async fn a_key_outlives_its_operation(world: World) {
    let soon = Keep { succeeded: Duration::from_secs(1), failed: Duration::from_secs(1) };
    let op = world.accept(NewOp { keep: soon, ..keyed("k", 1) }).await;
    world.settle(&world.claim_one().await, done("")).await;
    world.advance(Duration::from_hours(1));
    assert_eq!(world.engine.sweep(100).await.unwrap().ops, 0, "its key still names it");
    assert_eq!(world.engine.delete(&op.tenant, &op.id).await.unwrap(), Deleted::Gone);
    assert_eq!(world.create(keyed("k", 1)).await, Created::Gone(op.id));
}

/// 10,000 keys with 8 racing senders each on SQLite, 1,000 on PostgreSQL.
async fn racing_senders_of_a_key_get_one_operation(world: World) {
    let sqlite = world.engine.health().await.unwrap().engine.starts_with("SQLite");
    let keys = if sqlite { 10_000 } else { 1_000 };
    let mut made = HashSet::new();
    let mut answers = 0;
    for chunk in (0..keys).collect::<Vec<u32>>().chunks(250) {
        let mut senders = JoinSet::new();
        for (key, _) in chunk.iter().flat_map(|key| (0..8).map(move |sender| (key, sender))) {
            let (engine, op) = (Arc::clone(&world.engine), keyed(&key.to_string(), 1));
            let key = *key;
            senders.spawn(async move { (key, engine.create(op).await.unwrap()) });
        }
        while let Some(sender) = senders.join_next().await {
            let (key, created) = sender.unwrap();
            answers += 1;
            match created {
                Created::New(_) => assert!(made.insert(key), "{key} was made twice"),
                Created::InProgress(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((made.len(), answers), (keys as usize, keys * 8));
    assert_eq!(world.engine.depth(&queue()).await.unwrap().due, u64::from(keys));
}

fn taken(new: NewOp) -> NewOp {
    NewOp { take: Some(Take { worker: worker("creator"), lease: LEASE }), ..new }
}

async fn an_operation_can_be_begun_as_it_is_accepted(world: World) {
    let Created::Taken(claim) = world.create(taken(new_op("t"))).await else { panic!() };
    assert_eq!((claim.fence, claim.attempt, claim.owner_died), (Fence(1), 1, false));
    assert_eq!(claim.op.state, State::InProgress);
    assert_eq!(world.claim_all().await, []);
    assert_eq!(world.settle(&claim, done("r")).await, Settled::Recorded);
    assert_eq!(world.state(&claim.op).await, State::Succeeded);
}

async fn a_repeated_create_gets_its_claim_back(world: World) {
    let new = taken(keyed("k", 1));
    let Created::Taken(first) = world.create(new.clone()).await else { panic!() };
    let Created::Taken(again) = world.create(new.clone()).await else { panic!() };
    assert_eq!((first.fence, first.op.id), (again.fence, again.op.id));
    world.advance(LEASE + Duration::from_mins(1));
    assert_eq!(world.claim_one().await.fence, Fence(2));
    assert!(matches!(world.create(new).await, Created::New(_)), "somebody else has it now");
}

async fn what_is_asked_for_later_waits(world: World) {
    world.accept(NewOp { delay: Duration::from_secs(100), ..new_op("t") }).await;
    assert_eq!(world.claim_all().await, []);
    assert_eq!(world.engine.depth(&queue()).await.unwrap().later, 1);
    world.advance(Duration::from_secs(160));
    world.claim_one().await;
}

async fn a_tenant_has_no_more_than_its_bound(world: World) {
    let bounded = |tenant| NewOp { bound: Some(2), ..new_op(tenant) };
    let keyed = NewOp { bound: Some(2), ..keyed("k", 1) };
    let first = world.accept(keyed.clone()).await;
    world.accept(bounded("t")).await;
    assert_eq!(world.create(bounded("t")).await, Created::Crowded { open: 2 });
    let again = NewOp { id: Uuid::now_v7(), ..keyed };
    assert_eq!(world.create(again).await, Created::InProgress(first.id), "a repeat needs no room");
    world.accept(bounded("u")).await;
    world.accept(new_op("t")).await;
    for claim in world.claim_all().await {
        world.settle(&claim, done("")).await;
    }
    world.accept(bounded("t")).await;
}

async fn an_ended_operation_is_forgotten_after_its_retention(world: World) {
    let keep = Keep { succeeded: Duration::from_secs(100), failed: Duration::from_mins(5) };
    let success = world.accept(NewOp { keep, ..new_op("t") }).await;
    let failure = world.accept(NewOp { keep, ..new_op("t") }).await;
    for claim in world.claim_all().await {
        let settle = if claim.op.id == success.id { done("") } else { crate::world::failed(false) };
        world.settle(&claim, settle).await;
    }
    assert_eq!(world.engine.sweep(100).await.unwrap().total(), 0);
    world.advance(Duration::from_secs(200));
    assert_eq!(world.engine.sweep(100).await.unwrap().ops, 1);
    assert_eq!(world.engine.get(&success.tenant, &success.id).await.unwrap(), None);
    assert_eq!(world.state(&failure).await, State::Failed);
    world.advance(Duration::from_secs(200));
    assert_eq!(world.engine.sweep(100).await.unwrap().ops, 1);
}

async fn an_open_operation_is_neither_deleted_nor_forgotten(world: World) {
    let op = world.accept(new_op("t")).await;
    world.advance(1000 * DAY);
    assert_eq!(world.engine.sweep(100).await.unwrap().ops, 0);
    let deleted = world.engine.delete(&op.tenant, &op.id).await.unwrap();
    assert_eq!(deleted, Deleted::NotEnded(State::Pending));
    world.settle(&world.claim_one().await, done("")).await;
    assert_eq!(world.engine.delete(&op.tenant, &op.id).await.unwrap(), Deleted::Gone);
    assert_eq!(world.engine.delete(&op.tenant, &op.id).await.unwrap(), Deleted::NotFound);
}

async fn what_cannot_be_kept_is_refused(world: World) {
    let bad = NewOp { resource_id: Some("a\0b".to_owned()), ..new_op("t") };
    let large = NewOp { request: vec![0; candor_ledger::LARGEST_BODY + 1].into(), ..new_op("t") };
    for op in [bad, large] {
        let error = world.engine.create(op).await.unwrap_err();
        assert!(matches!(error, EngineError::Invalid { .. }), "{error}");
        assert!(error.nothing_written());
    }
}
