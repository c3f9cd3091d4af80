//! Serial keys: one at a time, in order, up to a bound.

use crate::laws::laws;
use crate::world::{LEASE, World, done, new_op, queue, worker};
use candor_ledger::{Created, NewOp, Serial, Settle, Take};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

laws!(
    calls_on_one_resource_run_in_order,
    no_more_wait_than_may,
    a_serial_operation_is_begun_at_once_only_where_it_is_first,
    a_cancelled_one_lets_the_next_go,
    tenants_keys_never_meet,
    racing_creates_of_a_serial_key_run_one_at_a_time,
);

fn serial(tenant: &str, waiting: u32) -> NewOp {
    let serial = Serial { key: "installation-1".to_owned(), waiting };
    NewOp { serial: Some(serial), ..new_op(tenant) }
}

async fn calls_on_one_resource_run_in_order(world: World) {
    let mut expected = Vec::new();
    for _ in 0..4 {
        expected.push(world.accept(serial("t", 10)).await.id);
    }
    let mut ran = Vec::new();
    for round in 0..4 {
        let claim = world.claim_one().await;
        if round == 1 {
            // One that goes on later keeps its place.
            world.settle(&claim, Settle::RetryAfter { wait: Duration::from_secs(100) }).await;
            assert_eq!(world.claim_all().await, []);
            world.advance(Duration::from_secs(160));
            let claim = world.claim_one().await;
            world.settle(&claim, done("")).await;
        } else {
            world.settle(&claim, done("")).await;
        }
        ran.push(claim.op.id);
    }
    assert_eq!(ran, expected);
}

async fn no_more_wait_than_may(world: World) {
    let first = world.accept(serial("t", 0)).await;
    assert_eq!(world.create(serial("t", 0)).await, Created::Busy { conflict: first.id });
    world.accept(serial("t", 1)).await;
    assert_eq!(world.create(serial("t", 1)).await, Created::Busy { conflict: first.id });
    let claim = world.claim_one().await;
    assert_eq!(claim.op.id, first.id);
    world.settle(&claim, done("")).await;
    world.accept(serial("t", 1)).await;
}

async fn a_serial_operation_is_begun_at_once_only_where_it_is_first(world: World) {
    let take = || Some(Take { worker: worker("w"), lease: LEASE });
    let first = NewOp { take: take(), ..serial("t", 5) };
    let Created::Taken(claim) = world.create(first).await else { panic!() };
    let second = world.accept(NewOp { take: take(), ..serial("t", 5) }).await;
    assert_eq!(world.claim_all().await, []);
    world.settle(&claim, done("")).await;
    assert_eq!(world.claim_one().await.op.id, second.id);
}

async fn a_cancelled_one_lets_the_next_go(world: World) {
    let first = world.accept(serial("t", 5)).await;
    let second = world.accept(serial("t", 5)).await;
    let third = world.accept(serial("t", 5)).await;
    world.engine.cancel(&first.tenant, &first.id).await.unwrap();
    let claim = world.claim_one().await;
    assert_eq!(claim.op.id, second.id);
    world.engine.cancel(&third.tenant, &third.id).await.unwrap();
    world.settle(&claim, done("")).await;
    assert_eq!(world.claim_all().await, []);
}

async fn tenants_keys_never_meet(world: World) {
    world.accept(serial("t", 0)).await;
    world.accept(serial("u", 0)).await;
    assert_eq!(world.claim_all().await.len(), 2);
}

async fn racing_creates_of_a_serial_key_run_one_at_a_time(world: World) {
    let mut senders = JoinSet::new();
    for _ in 0..40 {
        let engine = Arc::clone(&world.engine);
        senders.spawn(async move { engine.create(serial("t", 1000)).await.unwrap() });
    }
    let mut ran = 0;
    while ran < 40 {
        let claims = world.engine.claim(&queue(), &worker("w"), 50, LEASE).await.unwrap();
        assert!(claims.len() <= 1);
        for claim in claims {
            world.settle(&claim, done("")).await;
            ran += 1;
        }
        if ran < 40 {
            tokio::task::yield_now().await;
        }
    }
    assert!(senders.join_all().await.iter().all(|made| matches!(made, Created::New(_))));
}
