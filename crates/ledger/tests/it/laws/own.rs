//! Owning: fences, leases, settlements, cancelling, dead letters, waiting.

use crate::laws::laws;
use crate::world::{LEASE, World, done, failed, new_op, queue, tenant, with_fence, worker};
use bytes::Bytes;
use candor_ledger::{
    AttemptRecord, Cancelled, EngineError, Fence, MOST_ATTEMPTS, Note, Redriven, Renewed, Settle,
    Settled, State, wait,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

laws!(
    a_fence_is_given_once_and_grows,
    racing_workers_share_no_operation,
    only_the_last_fence_settles,
    a_final_state_never_changes,
    the_same_settlement_may_be_repeated,
    a_lease_that_has_passed_frees_the_operation,
    a_renewal_keeps_the_operation_and_its_notes,
    an_operation_goes_on_later,
    a_released_claim_does_not_count,
    the_first_attempts_are_kept,
    a_failure_has_an_error_and_nothing_else_has_one,
    what_nobody_has_begun_is_cancelled_for_certain,
    who_has_begun_is_asked_to_cancel,
    a_waiting_operation_is_hurried_to_its_cancelling,
    a_dead_letter_is_redriven_once,
    a_waiter_is_woken_by_the_end,
    a_waiter_sees_a_change,
    queues_are_apart,
);

async fn a_fence_is_given_once_and_grows(world: World) {
    world.accept(new_op("t")).await;
    let mut last = Fence(0);
    for _ in 0..5 {
        let claim = world.claim_one().await;
        assert!(claim.fence > last);
        last = claim.fence;
        world.advance(LEASE + Duration::from_mins(1));
    }
}

async fn racing_workers_share_no_operation(world: World) {
    for _ in 0..200 {
        world.accept(new_op("t")).await;
    }
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let engine = Arc::clone(&world.engine);
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let me = worker(&number.to_string());
                let claims = engine.claim(&queue(), &me, 7, LEASE).await.unwrap();
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|claim| claim.op.id));
            }
        });
    }
    let mut all: Vec<_> = workers.join_all().await.concat();
    assert_eq!(all.len(), 200);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 200);
}

async fn only_the_last_fence_settles(world: World) {
    world.accept(new_op("t")).await;
    let stalled = world.claim_one().await;
    world.advance(LEASE + Duration::from_mins(1));
    let owner = world.claim_one().await;
    assert_eq!(world.settle(&stalled, done("late")).await, Settled::Lost);
    let renewed = world.engine.renew(&stalled, LEASE, Note::progress("late")).await.unwrap();
    assert_eq!(renewed, Renewed::Lost);
    assert_eq!(world.get(&owner.op).await.progress, Bytes::new());
    assert_eq!(world.settle(&with_fence(&owner, 99), done("forged")).await, Settled::Lost);
    assert_eq!(world.settle(&owner, done("mine")).await, Settled::Recorded);
    assert_eq!(world.settle(&stalled, done("mine")).await, Settled::Lost);
    assert_eq!(world.get(&owner.op).await.result, "mine");
}

async fn a_final_state_never_changes(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    world.settle(&claim, done("r")).await;
    let ended = world.get(&claim.op).await;
    for settle in [done("other"), failed(true), Settle::Release] {
        assert_eq!(world.settle(&claim, settle).await, Settled::Lost);
    }
    let renewed = world.engine.renew(&claim, LEASE, Note::default()).await.unwrap();
    assert_eq!(renewed, Renewed::Lost);
    let cancelled = world.engine.cancel(&claim.op.tenant, &claim.op.id).await.unwrap();
    assert_eq!(cancelled, Cancelled::Ended(State::Succeeded));
    world.advance(10 * LEASE);
    assert_eq!(world.claim_all().await, []);
    assert_eq!(world.get(&claim.op).await, ended);
}

async fn the_same_settlement_may_be_repeated(world: World) {
    for settle in [done("r"), failed(false), Settle::Cancelled { result: "c".into() }] {
        world.accept(new_op("t")).await;
        let claim = world.claim_one().await;
        assert_eq!(world.settle(&claim, settle.clone()).await, Settled::Recorded);
        let ended = world.get(&claim.op).await;
        assert_eq!(world.settle(&claim, settle).await, Settled::Recorded);
        assert_eq!(world.get(&claim.op).await, ended);
    }
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    let later = Settle::RetryAfter { wait: LEASE };
    assert_eq!(world.settle(&claim, later.clone()).await, Settled::Recorded);
    assert_eq!(world.settle(&claim, later).await, Settled::Recorded);
    assert_eq!(world.settle(&claim, done("r")).await, Settled::Lost, "it was given back");
}

async fn a_lease_that_has_passed_frees_the_operation(world: World) {
    world.accept(new_op("t")).await;
    let first = world.claim_one().await;
    assert_eq!((first.attempt, first.owner_died), (1, false));
    let noted = world.engine.renew(&first, LEASE, Note::progress("about to send")).await.unwrap();
    assert!(matches!(noted, Renewed::Kept { cancel_requested: false, .. }));
    assert_eq!(world.claim_all().await, []);
    world.advance(LEASE + Duration::from_mins(1));
    let second = world.claim_one().await;
    assert_eq!((second.attempt, second.owner_died), (2, true));
    assert_eq!(second.op.progress, "about to send");
    assert_eq!(second.op.started, world.get(&first.op).await.started);
}

async fn a_renewal_keeps_the_operation_and_its_notes(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    for step in 0..4 {
        world.advance(LEASE / 2);
        let note = Note {
            progress: Some(format!("step {step}").into()),
            declared: Some("copying".to_owned()),
            attempt: None,
        };
        let renewed = world.engine.renew(&claim, LEASE, note).await.unwrap();
        assert!(matches!(renewed, Renewed::Kept { .. }));
        assert_eq!(world.claim_all().await, []);
    }
    let op = world.get(&claim.op).await;
    assert_eq!((&op.progress[..], op.declared.as_deref()), (&b"step 3"[..], Some("copying")));
    assert!(op.rev > claim.op.rev);
    assert_eq!(world.settle(&claim, done("r")).await, Settled::Recorded);
}

async fn an_operation_goes_on_later(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    let note = Note::progress("poll 1");
    let later = Settle::RetryAfter { wait: Duration::from_secs(100) };
    assert_eq!(world.engine.settle(&claim, later, note).await.unwrap(), Settled::Recorded);
    assert_eq!(world.claim_all().await, []);
    assert_eq!(world.state(&claim.op).await, State::InProgress);
    world.advance(Duration::from_secs(160));
    let next = world.claim_one().await;
    assert_eq!((next.attempt, next.owner_died), (2, false));
    assert_eq!(next.op.progress, "poll 1");
}

async fn a_released_claim_does_not_count(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    assert_eq!(world.settle(&claim, Settle::Release).await, Settled::Recorded);
    let next = world.claim_one().await;
    assert_eq!((next.attempt, next.owner_died), (1, false));
    assert!(next.fence > claim.fence);
}

async fn the_first_attempts_are_kept(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    let record = |number: u32| Note {
        attempt: Some(AttemptRecord { number, json: format!("{{\"number\":{number}}}") }),
        ..Note::default()
    };
    for number in 1..=MOST_ATTEMPTS + 6 {
        for _repeated in 0..2 {
            world.engine.renew(&claim, LEASE, record(number)).await.unwrap();
        }
    }
    let op = world.get(&claim.op).await;
    assert_eq!((op.attempts.len(), op.attempts_made), (64, 70));
    assert_eq!(op.attempts[63], r#"{"number":64}"#);
    let broken = AttemptRecord { number: 99, json: "{\n}".to_owned() };
    let note = Note { attempt: Some(broken), ..Note::default() };
    let error = world.engine.renew(&claim, LEASE, note).await.unwrap_err();
    assert!(matches!(error, EngineError::Invalid { .. }));
}

async fn a_failure_has_an_error_and_nothing_else_has_one(world: World) {
    for settle in [done("r"), failed(false), Settle::Cancelled { result: "c".into() }] {
        world.accept(new_op("t")).await;
        let claim = world.claim_one().await;
        world.settle(&claim, settle.clone()).await;
        let op = world.get(&claim.op).await;
        assert_eq!(Some(op.state), settle.state());
        assert_eq!(op.error.is_some(), op.state == State::Failed);
        assert!(op.completed.is_some() && op.expires.is_some());
    }
}

async fn what_nobody_has_begun_is_cancelled_for_certain(world: World) {
    let op = world.accept(new_op("t")).await;
    let cancelled = world.engine.cancel(&op.tenant, &op.id).await.unwrap();
    assert_eq!(cancelled, Cancelled::BeforeStart);
    let op = world.get(&op).await;
    assert_eq!((op.state, op.cancel_requested, op.started), (State::Cancelled, true, None));
    assert_eq!(world.claim_all().await, []);
    let again = world.engine.cancel(&op.tenant, &op.id).await.unwrap();
    assert_eq!(again, Cancelled::Ended(State::Cancelled));
    let nothing = world.engine.cancel(&op.tenant, &Uuid::now_v7()).await.unwrap();
    assert_eq!(nothing, Cancelled::NotFound);
}

async fn who_has_begun_is_asked_to_cancel(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    let cancelled = world.engine.cancel(&claim.op.tenant, &claim.op.id).await.unwrap();
    assert_eq!(cancelled, Cancelled::Requested);
    let renewed = world.engine.renew(&claim, LEASE, Note::default()).await.unwrap();
    assert!(matches!(renewed, Renewed::Kept { cancel_requested: true, .. }));
    let known = Settle::Cancelled { result: r#"{"outcome":"unknown"}"#.into() };
    assert_eq!(world.settle(&claim, known).await, Settled::Recorded);
    assert_eq!(world.state(&claim.op).await, State::Cancelled);
}

async fn a_waiting_operation_is_hurried_to_its_cancelling(world: World) {
    world.accept(new_op("t")).await;
    let claim = world.claim_one().await;
    world.settle(&claim, Settle::RetryAfter { wait: 10 * LEASE }).await;
    let cancelled = world.engine.cancel(&claim.op.tenant, &claim.op.id).await.unwrap();
    assert_eq!(cancelled, Cancelled::Requested);
    assert!(world.claim_one().await.op.cancel_requested);
}

async fn a_dead_letter_is_redriven_once(world: World) {
    let dead = world.dead_letter(new_op("t")).await;
    assert!(dead.dead_letter);
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let redrive = async |new| world.engine.redrive(&dead.tenant, &dead.id, new).await.unwrap();
    assert_eq!(redrive(first).await, Redriven::As(first));
    assert_eq!(redrive(first).await, Redriven::As(first));
    assert_eq!(redrive(second).await, Redriven::Before(first));
    let old = world.get(&dead).await;
    assert_eq!((old.state, old.dead_letter, old.redriven_as), (State::Failed, false, Some(first)));
    let claim = world.claim_one().await;
    assert_eq!((claim.op.id, &claim.op.request), (first, &dead.request));
    assert_eq!(claim.attempt, 1);
    let running = world.engine.redrive(&dead.tenant, &first, second).await.unwrap();
    assert_eq!(running, Redriven::NotDead(State::InProgress));
    let nobodys = world.engine.redrive(&tenant("other"), &dead.id, second).await.unwrap();
    assert_eq!(nobodys, Redriven::NotFound);
}

async fn a_waiter_is_woken_by_the_end(world: World) {
    let op = world.accept(new_op("t")).await;
    let engine = Arc::clone(&world.engine);
    let (who, id) = (op.tenant.clone(), op.id);
    let waiter = tokio::spawn(async move {
        wait(&*engine, &who, &id, None, Duration::from_mins(1)).await.unwrap().unwrap()
    });
    let claim = world.claim_one().await;
    world.settle(&claim, done("r")).await;
    assert_eq!(waiter.await.unwrap().state, State::Succeeded);
    let nothing = wait(&*world.engine, &tenant("other"), &id, None, LEASE).await.unwrap();
    assert_eq!(nothing, None);
}

async fn a_waiter_sees_a_change(world: World) {
    let op = world.accept(new_op("t")).await;
    let now = wait(&*world.engine, &op.tenant, &op.id, None, Duration::ZERO).await.unwrap();
    assert_eq!(now.unwrap().rev, op.rev);
    world.claim_one().await;
    let changed = wait(&*world.engine, &op.tenant, &op.id, Some(op.rev), LEASE).await.unwrap();
    assert_eq!(changed.unwrap().state, State::InProgress);
}

async fn queues_are_apart(world: World) {
    world.accept(new_op("t")).await;
    let other = candor_ledger::Queue::new("deliveries").unwrap();
    let claims = world.engine.claim(&other, &worker("w"), 10, LEASE).await.unwrap();
    assert_eq!(claims, []);
    assert_eq!(world.engine.depth(&other).await.unwrap().due, 0);
    let depth = world.engine.depth(&queue()).await.unwrap();
    assert_eq!((depth.due, depth.owned), (1, 0));
    assert!(depth.oldest_due.is_some());
    world.claim_one().await;
    let depth = world.engine.depth(&queue()).await.unwrap();
    assert_eq!((depth.due, depth.owned, depth.oldest_due), (0, 1, None));
}
