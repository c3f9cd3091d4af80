//! What a caller of a kept call is answered: the outcome where it comes in time, an operation where not.

use super::kit::{GOOD, Store, good, held, keeping, promoted, seen};
use crate::gateway::before;
use crate::handler::{Handler, http};
use candor_gateway::Promote;
use serde_json::json;
use std::time::Duration;

const SHORT: Option<Duration> = Some(Duration::from_millis(60));

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_in_time_is_answered_as_without_a_ledger() {
    let (store, handler) = (Store::new(), good().await);
    let kept = keeping(&store, &handler).start();
    let plain = before(format!("http://{}/", handler.address)).start();
    let (one, other) = (kept.call(GOOD).await, plain.call(GOOD).await);
    assert_eq!((one.status(), other.status()), (200, 200));
    // The ids are their own; all else is the same, byte by byte.
    let without_ids = |called: &crate::gateway::Called| {
        let body = String::from_utf8(called.0.body.clone()).unwrap();
        body.replace(called.header("candor-request-id"), "-")
    };
    assert_eq!(without_ids(&one), without_ids(&other));
    for (name, value) in &other.0.headers {
        if !["date", "candor-request-id"].contains(&name.as_str()) {
            assert_eq!(one.0.headers.get(name), Some(value), "{name}");
        }
    }
    assert_eq!(one.0.headers.len(), other.0.headers.len() + 1);
    let op = kept.get(&one.operation(), "").await;
    assert_eq!(op.member("status"), "succeeded");
    assert_eq!(op.member("error"), json!(null));
    assert_eq!(op.member("result")["body"]["payload"], json!({"done": true}));
    assert_eq!(op.member("attempts")[0]["status"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_the_same_in_the_answer_and_in_the_operation() {
    let handler = Handler::plain(|_, _| Some(http("403 Forbidden", "", "{}"))).await;
    let store = Store::new();
    let gateway = keeping(&store, &handler).start();
    let failed = gateway.call(GOOD).await;
    assert_eq!((failed.status(), failed.header("candor-class")), (502, "permission_denied"));
    let op = gateway.get(&failed.operation(), "").await;
    assert_eq!(op.member("status"), "failed");
    assert_eq!(op.member("error")["errorId"], failed.header("candor-error-id"));
    assert_eq!(op.member("error")["message"], failed.json()["message"]);
    assert_eq!(op.member("verdict")["row"], "403");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_time_the_caller_gets_an_operation_and_the_call_goes_on() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::After(SHORT));
    let gateway = made.start();
    let promised = gateway.call(GOOD).await;
    assert_eq!((promised.status(), promised.header("candor-outcome")), (202, "accepted"));
    assert_eq!(promised.header("retry-after"), "20");
    let id = promised.operation();
    assert_eq!(promised.header("location"), format!("/operations/{id}?tenant=acme"));
    assert_eq!(promised.member("status"), "inProgress");
    assert_eq!(promised.member("operationType"), crate::gateway::ID);
    assert_eq!(promised.member("resourceId"), "acme");
    assert_eq!(promised.member("completedTime"), json!(null));
    gate.open(1);
    let ended = gateway.get(&id, "&wait=10").await;
    assert_eq!((ended.status(), ended.member("status")), (200, json!("succeeded")));
    assert_eq!(ended.member("outcome"), "applied");
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_heeded_and_named() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    for (preference, applied) in
        [("respond-async", "respond-async"), ("respond-async, wait=0", "respond-async, wait=0")]
    {
        let promised = gateway.call_with(&format!("Prefer: {preference}\r\n"), GOOD).await;
        assert_eq!((promised.status(), promised.header("preference-applied")), (202, applied));
    }
    gate.open(3);
    let waited = gateway.call_with("Prefer: wait=20\r\n", GOOD).await;
    assert_eq!(waited.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_may_promise_always_or_never() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Always);
    let gateway = made.start();
    let promised = gateway.call_with("Prefer: wait=20\r\n", GOOD).await;
    assert_eq!(promised.status(), 202);
    assert_eq!(gateway.get(&promised.operation(), "&wait=10").await.member("status"), "succeeded");

    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Never);
    let gateway = made.start();
    let before = store.count().await;
    let called = gateway.call_with("Prefer: respond-async\r\n", GOOD).await;
    assert_eq!((called.status(), called.header("candor-operation")), (200, ""));
    assert_eq!(store.count().await, before, "the ledger knows nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_reached_the_handler_says_so() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.url = "http://127.0.0.1:1/".to_owned();
    let failed = made.start().call(GOOD).await;
    assert_eq!((failed.status(), failed.header("candor-outcome")), (503, "unsent"));
    assert_eq!(store.op(&failed.operation()).await.state, candor_ledger::State::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_what_was_promised() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Always);
    let gateway = made.start();
    let id = gateway.call(GOOD).await.operation();
    seen(&handler, 1).await;
    let stopping = tokio::task::spawn_blocking(move || gateway.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stopping.is_finished());
    gate.open(1);
    stopping.await.unwrap();
    assert_eq!(store.op(&id).await.state, candor_ledger::State::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn solaces_form_is_one_that_its_contract_reads() {
    use candor_contract::Library;
    use candor_facts::{Answer, Check, Ending, Exchange, Request};
    let library = Library::shipped().unwrap();
    let table = library.get("solace-cloud").unwrap();
    let row = |called: &crate::gateway::Called| {
        let answer = Answer {
            status: called.0.status,
            reason: None,
            headers: &called.0.headers,
            body: &called.0.body,
            check: Check::NotMade,
        };
        let ending = Ending::Answer(answer);
        let exchange = Exchange { request: Request::default(), ending, ended_at: None };
        let reading = table.classify(&exchange);
        (reading.row.id.clone(), reading.upstream_error_id)
    };
    let accept = "Accept: application/json;dialect=solace-cloud\r\n";
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let promised = gateway.call_with(&format!("{accept}Prefer: respond-async\r\n"), GOOD).await;
    assert_eq!(row(&promised), ("operation.in-progress".to_owned(), None));
    assert_eq!(promised.json()["data"]["status"], "INPROGRESS");
    assert_eq!(promised.json()["meta"], json!({}));
    gate.open(1);
    let target = format!("/operations/{}?tenant=acme&wait=10", promised.operation());
    let ended = gateway.ask("GET", &target, accept).await;
    assert_eq!(row(&ended), ("operation.succeeded".to_owned(), None));

    let refusing = Handler::plain(|_, _| Some(http("401 No", "", "{}"))).await;
    let mut made = keeping(&store, &refusing);
    made.durability = promoted(Promote::Always);
    made.answer_as = Some("solace-cloud");
    let gateway = made.start();
    let id = gateway.call(GOOD).await.operation();
    store.until(&id, |op| op.state.is_final()).await;
    let failed = gateway.get(&id, "").await;
    let (found, error_id) = row(&failed);
    assert_eq!(found, "operation.failed");
    let stored = store.op(&id).await.error.unwrap();
    assert_eq!(error_id, Some(stored.error_id.to_string()));
}
