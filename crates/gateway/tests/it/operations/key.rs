//! `Idempotency-Key`: a request that is repeated is not carried out twice.

use super::kit::{GOOD, Store, good, held, keeping, promoted, seen};
use crate::gateway::before;
use crate::handler::{Handler, http};
use candor_gateway::Promote;

const KEY: &str = "Idempotency-Key: \"8e03978e-40d5-43dd\"\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_answer() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::Never);
    let gateway = made.start();
    let first = gateway.call_with(KEY, GOOD).await;
    let again = gateway.call_with(KEY, GOOD).await;
    assert_eq!((first.status(), &first.0.body), (again.status(), &again.0.body));
    for (name, value) in first.0.headers.iter().filter(|(name, _)| *name != "date") {
        assert_eq!(again.0.headers.get(name), Some(value), "{name}");
    }
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_failure_is_told_again_with_its_id() {
    let handler = Handler::plain(|_, _| Some(http("500 Oops", "", "{}"))).await;
    let store = Store::new();
    let gateway = keeping(&store, &handler).start();
    let first = gateway.call_with(KEY, GOOD).await;
    let again = gateway.call_with(KEY, GOOD).await;
    assert_eq!((first.status(), &first.0.body), (again.status(), &again.0.body));
    assert_eq!(first.header("candor-error-id"), again.header("candor-error-id"));
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    let first = gateway.call_with(KEY, GOOD).await;
    let other = gateway.call_with(KEY, r#"{"login":"b"}"#).await;
    assert_eq!((other.status(), other.header("candor-class")), (422, "unprocessable"));
    assert_eq!(other.operation(), first.operation());
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_under_way_is_not_begun_again() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let fields = format!("{KEY}Prefer: respond-async\r\n");
    let first = gateway.call_with(&fields, GOOD).await;
    seen(&handler, 1).await;
    let again = gateway.call_with(KEY, GOOD).await;
    assert_eq!((again.status(), again.header("candor-class")), (409, "busy"));
    assert_eq!(again.operation(), first.operation());
    gate.open(1);
    store.until(&first.operation(), |op| op.state.is_final()).await;
    assert_eq!(gateway.call_with(KEY, GOOD).await.status(), 200);
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_racing_senders_one_is_heard() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.workers = 2;
    let gateway = made.start();
    let call = || gateway.call_with(KEY, GOOD);
    let answers = tokio::join!(call(), call(), call(), call(), call(), call(), call(), call());
    let answers: [_; 8] = answers.into();
    assert!(answers.iter().all(|called| [200, 409].contains(&called.status())));
    assert_eq!((handler.seen().len(), store.count().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_not_carried_out_again() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    let id = gateway.call_with(KEY, GOOD).await.operation();
    let target = format!("/operations/{id}?tenant=acme");
    assert_eq!(gateway.ask("DELETE", &target, "").await.status(), 204);
    let again = gateway.call_with(KEY, GOOD).await;
    assert_eq!((again.status(), again.header("candor-class")), (410, "gone"));
    assert_eq!(handler.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    for fields in ["Idempotency-Key: bare\r\n", "Idempotency-Key: \"\"\r\n", &KEY.repeat(2)] {
        assert_eq!(gateway.call_with(fields, GOOD).await.status(), 400, "{fields}");
    }
    assert_eq!(handler.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_a_key_is_not_pretended_to_be_heeded() {
    let handler = good().await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    assert_eq!(gateway.call_with(KEY, GOOD).await.status(), 501);
    assert_eq!(handler.seen().len(), 0);
}
