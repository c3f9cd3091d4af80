//! Serial keys: calls on one resource run one at a time.

use super::kit::{GOOD, Store, held, keeping, seen};
use candor_contract::json::Pointer;
use candor_gateway::{Durability, SerialKey, SerialRule};
use candor_ledger::State;
use serde_json::json;

fn one_at_a_time(waiting: u32) -> Durability {
    let key = SerialKey::Payload(Pointer::parse("/login").unwrap());
    Durability { serial: Some(SerialRule { key, waiting }), ..Durability::default() }
}

const ASYNC: &str = "Prefer: respond-async\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_one_resource_wait_for_each_other() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = one_at_a_time(1);
    let gateway = made.start();
    let first = gateway.call_with(ASYNC, GOOD).await;
    let second = gateway.call_with(ASYNC, GOOD).await;
    assert_eq!(second.member("status"), "pending");
    assert_eq!(second.member("resourceId"), "a");
    let full = gateway.call_with(ASYNC, GOOD).await;
    assert_eq!((full.status(), full.header("candor-class")), (409, "busy"));
    assert_eq!(full.operation(), first.operation());
    // Another resource is not in the way.
    let other = gateway.call_with(ASYNC, r#"{"login":"b"}"#).await;
    assert_eq!(other.member("status"), "inProgress");
    assert_eq!(seen(&handler, 2).await.len(), 2);
    gate.open(3);
    assert_eq!(gateway.get(&second.operation(), "&wait=10").await.member("status"), "succeeded");
    let (one, two) = (store.op(&first.operation()).await, store.op(&second.operation()).await);
    assert!(one.completed <= two.started);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_wait_for_a_call_that_waits() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = one_at_a_time(1);
    let gateway = made.start();
    gateway.call_with(ASYNC, GOOD).await;
    seen(&handler, 1).await;
    gate.open(2);
    let second = gateway.call(GOOD).await;
    assert_eq!((second.status(), second.header("candor-attempts")), (200, "1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_a_busy_resource_may_be_refused() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = one_at_a_time(0);
    let gateway = made.start();
    let first = gateway.call_with(ASYNC, GOOD).await;
    let refused = gateway.call(GOOD).await;
    assert_eq!((refused.status(), refused.operation()), (409, first.operation()));
    assert_eq!(refused.header("candor-retry"), "safe; why=unsent");
    gate.open(1);
    store.until(&first.operation(), |op| op.state.is_final()).await;
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_cancelled_for_certain() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = one_at_a_time(1);
    let gateway = made.start();
    let first = gateway.call_with(ASYNC, GOOD).await;
    let second = gateway.call_with(ASYNC, GOOD).await.operation();
    let cancelled = gateway.act(&second, "cancel").await;
    assert_eq!((cancelled.status(), cancelled.member("status")), (200, json!("cancelled")));
    assert_eq!(cancelled.member("outcome"), "unsent");
    gate.open(1);
    store.until(&first.operation(), |op| op.state.is_final()).await;
    assert_eq!(store.op(&second).await.state, State::Cancelled);
    assert_eq!(handler.seen().len(), 1);
}
