//! A gateway that stops in the middle: what another one makes of what it finds.

use super::kit::{GOOD, LEASE, Store, Switched, good, held, keeping, promoted, seen, soon};
use candor_contract::json::Pointer;
use candor_gateway::{Durability, Promote, SerialKey, SerialRule};
use candor_ledger::{Engine, State};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const ASYNC: &str = "Prefer: respond-async\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_flight_ends_as_unknown_where_repeats_are_not_wanted() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let id = gateway.call_with(ASYNC, GOOD).await.operation();
    seen(&handler, 1).await;
    let found = store.after_a_crash();
    let next = good().await;
    let second = keeping(&found, &next).start();
    assert_eq!(found.op(&id).await.state, State::InProgress, "its lease has not passed");
    found.clock.advance(LEASE);
    let op = found.until(&id, |op| op.state.is_final()).await;
    assert_eq!(op.state, State::Failed);
    let shown = second.get(&id, "").await;
    assert_eq!(
        (shown.member("outcome"), shown.member("class")),
        (json!("unknown"), json!("connection_lost"))
    );
    let attempt = &shown.member("attempts")[0];
    assert_eq!((&attempt["sent"], &attempt["fault"]), (&json!("all"), &json!("head_closed")));
    assert_eq!(attempt["decision"], "not repeated: no repeats are set up");
    assert_eq!(
        shown.member("verdict")["detail"],
        "the gateway stopped while the call was under way"
    );
    assert_eq!(next.seen().len(), 0);
    gate.open(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_flight_is_sent_again_with_its_id_where_contract_and_callback_allow_it() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.retry = Some(soon(1));
    let gateway = made.start();
    let id = gateway.call_with(ASYNC, GOOD).await.operation();
    let before = seen(&handler, 1).await.remove(0);
    let found = store.after_a_crash();
    found.clock.advance(LEASE);
    let next = good().await;
    let mut made = keeping(&found, &next);
    made.retry = Some(soon(1));
    let second = made.start();
    let op = found.until(&id, |op| op.state.is_final()).await;
    assert_eq!(op.state, State::Succeeded);
    let after = next.seen();
    assert_eq!((after.len(), &after[0].body), (1, &before.body), "byte by byte");
    let attempts = second.get(&id, "").await.member("attempts");
    assert_eq!((&attempts[0]["number"], &attempts[0]["fault"]), (&json!(1), &json!("head_closed")));
    assert_eq!(attempts[0]["decision"], "repeated at once");
    assert_eq!((&attempts[1]["number"], &attempts[1]["status"]), (&json!(2), &json!(200)));
    assert!(second.view().metrics().contains("candor_operations_total{status=\"taken_over\"} 1"));
    gate.open(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_waiting_runs_after_a_crash() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let key = SerialKey::Payload(Pointer::parse("/login").unwrap());
    let serial = Some(SerialRule { key, waiting: 5 });
    let durability = Durability { serial, ..Durability::default() };
    let mut made = keeping(&store, &handler);
    made.durability = durability.clone();
    let gateway = made.start();
    let first = gateway.call_with(ASYNC, GOOD).await.operation();
    let second = gateway.call_with(ASYNC, GOOD).await.operation();
    seen(&handler, 1).await;
    let found = store.after_a_crash();
    found.clock.advance(LEASE);
    let next = good().await;
    let mut made = keeping(&found, &next);
    made.durability = durability;
    let _gateway = made.start();
    assert_eq!(found.until(&first, |op| op.state.is_final()).await.state, State::Failed);
    assert_eq!(found.until(&second, |op| op.state.is_final()).await.state, State::Succeeded);
    assert_eq!(next.seen().len(), 1);
    gate.open(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_stays_after_a_crash() {
    let (store, handler) = (Store::new(), good().await);
    let key = "Idempotency-Key: \"once\"\r\n";
    let first = keeping(&store, &handler).start().call_with(key, GOOD).await;
    let found = store.after_a_crash();
    found.clock.advance(LEASE);
    let gateway = keeping(&found, &handler).start();
    let again = gateway.call_with(key, GOOD).await;
    assert_eq!((again.status(), &again.0.body), (200, &first.0.body));
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_outcome_of_a_stalled_owner_is_not_recorded() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let stalled = Switched::beside(&store.engine);
    let mut made = keeping(&store, &handler);
    made.operations = Some(Store::operations_by(Arc::clone(&stalled) as Arc<dyn Engine>));
    made.durability = promoted(Promote::After(Some(Duration::from_millis(50))));
    let gateway = made.start();
    let id = gateway.call(GOOD).await.operation();
    seen(&handler, 1).await;
    // It hears and says nothing until somebody else has taken its operation over.
    stalled.down(true);
    store.clock.advance(LEASE);
    let second = keeping(&store, &handler).start();
    let ended = store.until(&id, |op| op.state.is_final()).await;
    assert_eq!(ended.state, State::Failed);
    stalled.down(false);
    gate.open(1);
    let lost = "candor_operations_total{status=\"lost\"} 1";
    let waits = async {
        while !gateway.view().metrics().contains(lost) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap();
    assert_eq!(store.op(&id).await, ended);
    assert_eq!(second.get(&id, "").await.member("outcome"), "unknown");
    assert_eq!(handler.seen().len(), 1);
}
