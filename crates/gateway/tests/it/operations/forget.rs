//! Callbacks that nobody waits for: repeated by their policy, and put aside where they fail for good.

use super::kit::{GOOD, Store, busy, keeping, soon};
use crate::handler::{Handler, http, ok};
use candor_gateway::Durability;
use candor_ledger::State;
use serde_json::json;
use std::time::Duration;

fn forgotten() -> Durability {
    Durability { forget: true, ..Durability::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_repeated_by_its_policy_and_then_put_aside() {
    let (store, handler) = (Store::new(), busy().await);
    let mut made = keeping(&store, &handler);
    made.durability = forgotten();
    made.retry = Some(soon(2));
    let gateway = made.start();
    let promised = gateway.call(GOOD).await;
    assert_eq!(promised.status(), 202);
    let id = promised.operation();
    for sends in 1..=3 {
        store.until(&id, |op| op.attempts_made >= sends || op.state.is_final()).await;
        // The ledger's clock stands; the wait of the policy is over when it has moved.
        store.clock.advance(Duration::from_millis(10));
    }
    let op = store.until(&id, |op| op.state.is_final()).await;
    assert_eq!((op.state, op.dead_letter), (State::Failed, true));
    let bodies: Vec<_> = handler.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let shown = gateway.get(&id, "").await;
    let numbers: Vec<_> =
        shown.member("attempts").as_array().unwrap().iter().map(|a| a["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(shown.member("attempts")[2]["decision"], "not repeated: the attempts are used up");
    let dead = gateway.ask("GET", "/operations?tenant=acme&deadLetter=true", "").await;
    assert_eq!(dead.member("operations")[0]["id"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_sends_it_says_so() {
    let (store, handler) = (Store::new(), busy().await);
    let mut made = keeping(&store, &handler);
    made.durability = forgotten();
    made.retry = Some(soon(1));
    let gateway = made.start();
    let id = gateway.call(GOOD).await.operation();
    store.until(&id, |op| op.attempts_made == 1).await;
    let waiting = gateway.get(&id, "").await;
    assert_eq!(waiting.member("status"), "retrying");
    assert_eq!(waiting.member("completedTime"), json!(null));
    // Cancelled meanwhile, it is not sent again, and what is known is what the last send found.
    gateway.act(&id, "cancel").await;
    let op = store.until(&id, |op| op.state.is_final()).await;
    assert_eq!(op.state, State::Cancelled);
    assert_eq!(gateway.get(&id, "").await.member("outcome"), "refused");
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_redriven_with_the_same_request_id() {
    let handler = Handler::plain(|number, seen| {
        Some(if number == 0 { http("500 Oops", "", "{}") } else { ok(seen, "{}") })
    })
    .await;
    let store = Store::new();
    let mut made = keeping(&store, &handler);
    made.durability = forgotten();
    let gateway = made.start();
    let id = gateway.call(GOOD).await.operation();
    store.until(&id, |op| op.dead_letter).await;
    let redriven = gateway.act(&id, "redrive").await;
    assert_eq!(redriven.status(), 202);
    let new = redriven.operation();
    assert_ne!(new, id);
    store.until(&new, |op| op.state == State::Succeeded).await;
    assert_eq!(gateway.get(&id, "").await.member("redrivenAs"), new.as_str());
    let seen = handler.seen();
    assert_eq!(seen[0].json()["request_id"], seen[1].json()["request_id"]);
    assert_eq!(gateway.act(&id, "redrive").await.operation(), new, "once is enough");
    assert_eq!(gateway.act(&new, "redrive").await.status(), 409);
    let dead = gateway.ask("GET", "/operations?tenant=acme&deadLetter=true", "").await;
    assert_eq!(dead.member("operations"), json!([]));
}
