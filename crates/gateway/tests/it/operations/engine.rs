//! An engine that does not answer: plain calls flow, kept ones are refused, outcomes are not lost.

use super::kit::{GOOD, Store, good, held, keeping, promoted, seen};
use candor_gateway::Promote;
use candor_ledger::State;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_remembered_is_not_begun() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    store.engine.down(true);
    let refused = gateway.call(GOOD).await;
    assert_eq!((refused.status(), refused.header("candor-class")), (503, "engine_unavailable"));
    assert_eq!((refused.header("retry-after"), refused.header("candor-outcome")), ("3", "unsent"));
    let keyed = gateway.call_with("Idempotency-Key: \"k\"\r\n", GOOD).await;
    assert_eq!(keyed.status(), 503);
    assert_eq!(gateway.ask("GET", "/operations?tenant=acme", "").await.status(), 503);
    assert_eq!(handler.seen().len(), 0);
    store.engine.down(false);
    assert_eq!(gateway.call(GOOD).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_not_kept_flow() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Never);
    let gateway = made.start();
    store.engine.down(true);
    assert_eq!(gateway.call(GOOD).await.status(), 200);
    store.engine.down(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_waits_for_the_engine_and_its_caller_does_not() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let (called, ()) = tokio::join!(gateway.call(GOOD), async {
        seen(&handler, 1).await;
        store.engine.down(true);
        gate.open(1);
    });
    assert_eq!(called.status(), 200);
    let id = called.operation();
    assert_eq!(store.op(&id).await.state, State::InProgress);
    tokio::time::sleep(Duration::from_millis(100)).await;
    store.engine.down(false);
    assert_eq!(store.until(&id, |op| op.state.is_final()).await.state, State::Succeeded);
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_so_many_open_operations_and_no_more() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Always);
    made.operations.as_mut().unwrap().most_per_tenant = 1;
    let gateway = made.start();
    assert_eq!(gateway.call(GOOD).await.status(), 202);
    let crowded = gateway.call(GOOD).await;
    assert_eq!((crowded.status(), crowded.header("candor-class")), (429, "rate_limited"));
    gate.open(1);
}
