//! What callers ask of operations: to see, to wait, to cancel, to forget.

use super::kit::{GOOD, Store, good, held, keeping, promoted, seen, soon};
use crate::gateway::Started;
use crate::handler::{Handler, http};
use candor_gateway::Promote;
use candor_gateway::callers::{ApiKey, CallerSettings, Callers, CallersSettings, Digest, Rights};
use candor_ledger::State;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

async fn waiting(gateway: &Started) -> String {
    let promised = gateway.call_with("Prefer: respond-async\r\n", GOOD).await;
    assert_eq!(promised.status(), 202);
    promised.operation()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_with_the_operation_or_with_its_time() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let id = waiting(&gateway).await;
    let still = gateway.get(&id, "&wait=0").await;
    assert_eq!((still.status(), still.header("retry-after")), (200, "1"));
    // Who has seen this much is told when there is more.
    let fields = format!("If-None-Match: {}\r\n", still.header("etag"));
    let target = format!("/operations/{id}?tenant=acme");
    assert_eq!(gateway.ask("GET", &target, &fields).await.status(), 304);
    let preferring = format!("{fields}Prefer: wait=10\r\n");
    let (ended, ()) = tokio::join!(gateway.ask("GET", &target, &preferring), async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        gate.open(1);
    });
    assert_eq!(ended.member("status"), "succeeded");
    assert_eq!(ended.header("retry-after"), "");
}

/// The events of an operation: name and data.
fn events(gateway: &Started, id: &str) -> impl Iterator<Item = (String, Value)> + use<> {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    let head = format!(
        "GET /operations/{id}?tenant=acme HTTP/1.1\r\nHost: g\r\nAccept: text/event-stream\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut name = String::new();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut name);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((name.clone(), serde_json::from_str(data).unwrap()));
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_told_as_it_happens() {
    let gate = super::kit::Gate::default();
    let ours = gate.clone();
    let handler = Handler::plain(move |number, seen| {
        ours.pass();
        Some(match number {
            0 => http("429 Too Many Requests", "", "{}"),
            _ => crate::handler::ok(seen, "{}"),
        })
    })
    .await;
    let store = Store::new();
    let mut made = keeping(&store, &handler);
    made.retry = Some(soon(2));
    let gateway = made.start();
    let id = waiting(&gateway).await;
    let mut events = events(&gateway, &id);
    let told = tokio::task::spawn_blocking(move || {
        let first = events.next().unwrap();
        gate.open(1);
        let second = events.next().unwrap();
        gate.open(1);
        (first, second, events.next().unwrap(), events.next())
    });
    let (first, second, third, after) = told.await.unwrap();
    assert_eq!((first.0.as_str(), &first.1["status"]), ("changed", &json!("inProgress")));
    assert_eq!(second.1["attempts"][0]["status"], 429);
    assert_eq!((third.0.as_str(), &third.1["status"]), ("ended", &json!("succeeded")));
    assert_eq!(third.1["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(after, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_is_not_repeated_and_says_what_is_known() {
    let gate = super::kit::Gate::default();
    let ours = gate.clone();
    let handler = Handler::plain(move |_, _| {
        ours.pass();
        Some(http("429 Too Many Requests", "", "{}"))
    })
    .await;
    let store = Store::new();
    let mut made = keeping(&store, &handler);
    made.retry = Some(soon(5));
    let gateway = made.start();
    let id = waiting(&gateway).await;
    seen(&handler, 1).await;
    let cancelled = gateway.act(&id, "cancel").await;
    assert_eq!((cancelled.status(), cancelled.member("cancelRequested")), (202, json!(true)));
    gate.open(5);
    let op = store.until(&id, |op| op.state.is_final()).await;
    assert_eq!((op.state, handler.seen().len()), (State::Cancelled, 1));
    let shown = gateway.get(&id, "").await;
    assert_eq!((shown.member("outcome"), shown.member("error")), (json!("refused"), json!(null)));
    assert_eq!(shown.member("verdict")["row"], "429");
    assert_eq!(gateway.act(&id, "cancel").await.status(), 200, "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_too_late_hides_no_success() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let id = waiting(&gateway).await;
    seen(&handler, 1).await;
    assert_eq!(gateway.act(&id, "cancel").await.status(), 202);
    gate.open(1);
    assert_eq!(store.until(&id, |op| op.state.is_final()).await.state, State::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_ended_is_forgotten() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let id = waiting(&gateway).await;
    let target = format!("/operations/{id}?tenant=acme");
    let refused = gateway.ask("DELETE", &target, "").await;
    assert_eq!(
        (refused.status(), refused.header("candor-row")),
        (409, "acronis-callback@1/held.conflict")
    );
    gate.open(1);
    store.until(&id, |op| op.state.is_final()).await;
    assert_eq!(gateway.ask("DELETE", &target, "").await.status(), 204);
    for method in ["DELETE", "GET"] {
        assert_eq!(gateway.ask(method, &target, "").await.status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_go_on() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(gateway.call(GOOD).await.operation());
    }
    let listed = |called: &crate::gateway::Called| {
        let ops = called.member("operations").as_array().unwrap().clone();
        ops.iter().map(|op| op["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = gateway.ask("GET", "/operations?tenant=acme&status=succeeded&limit=2", "").await;
    assert_eq!(listed(&first), [ids[2].clone(), ids[1].clone()]);
    let link = first.header("link").to_owned();
    let next = link.split(['<', '>']).nth(1).unwrap();
    let second = gateway.ask("GET", next, "").await;
    assert_eq!((listed(&second), second.member("next")), (vec![ids[0].clone()], json!(null)));
    let none = gateway.ask("GET", "/operations?tenant=acme&status=failed", "").await;
    assert_eq!(listed(&none), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_refused_with_a_reason() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    let unknown = "/operations/0192f3c1-0000-7000-8000-000000000000?tenant=acme";
    for (method, target, status) in [
        ("GET", "/operations", 400),
        ("GET", "/operations?tenant=nobody", 404),
        ("GET", "/operations?tenant=acme&stat=failed", 400),
        ("GET", "/operations?tenant=acme&limit=many", 400),
        ("GET", "/operations/x?tenant=acme", 404),
        ("GET", unknown, 404),
        ("POST", unknown, 405),
        ("GET", "/operations/x/stop?tenant=acme", 404),
        ("DELETE", "/operations?tenant=acme", 405),
    ] {
        assert_eq!(gateway.ask(method, target, "").await.status(), status, "{method} {target}");
    }
    let allow = gateway.ask("PUT", unknown, "").await;
    assert_eq!(allow.header("allow"), "GET, HEAD, DELETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_others() {
    let (store, handler) = (Store::new(), good().await);
    let gateway = keeping(&store, &handler).start();
    let id = gateway.call(GOOD).await.operation();
    for (method, path) in [
        ("GET", format!("/operations/{id}")),
        ("DELETE", format!("/operations/{id}")),
        ("POST", format!("/operations/{id}/cancel")),
        ("POST", format!("/operations/{id}/redrive")),
    ] {
        let called = gateway.ask(method, &format!("{path}?tenant=other"), "").await;
        assert_eq!(called.status(), 404, "{method} {path}");
    }
    let listed = gateway.ask("GET", "/operations?tenant=other", "").await;
    assert_eq!(listed.member("operations"), json!([]));
    assert_eq!(gateway.get(&id, "").await.status(), 200);
}

fn caller(name: &str, routes: Option<Vec<String>>) -> CallerSettings {
    CallerSettings {
        name: name.to_owned(),
        keys: vec![ApiKey { hash: Digest::of(format!("key-of-{name}").as_bytes()), expires: None }],
        certificates: Vec::new(),
        subjects: Vec::new(),
        rights: Rights { routes, ..Rights::default() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn named_callers_see_what_they_asked_for_themselves() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    let only = Some(vec!["callbacks".to_owned()]);
    let callers = vec![caller("one", None), caller("two", None), caller("three", only)];
    made.callers = Callers::new(CallersSettings { callers, ..CallersSettings::default() }).unwrap();
    let gateway = made.start();
    let fields = |key: &str| format!("X-Api-Key: key-of-{key}\r\nIdempotency-Key: \"same\"\r\n");
    let one = gateway.call_with(&fields("one"), GOOD).await;
    let two = gateway.call_with(&fields("two"), GOOD).await;
    assert_ne!(one.operation(), two.operation(), "their keys do not meet");
    let target = format!("/operations/{}?tenant=acme", one.operation());
    for (key, status) in [("one", 200), ("two", 404), ("three", 403)] {
        let fields = format!("X-Api-Key: key-of-{key}\r\n");
        assert_eq!(gateway.ask("GET", &target, &fields).await.status(), status, "{key}");
    }
    let listed = gateway.ask("GET", "/operations?tenant=acme", "X-Api-Key: key-of-two\r\n").await;
    assert_eq!(listed.member("operations").as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_is_kept_and_how_the_ledger_is() {
    let (store, handler) = (Store::new(), good().await);
    let mut made = keeping(&store, &handler);
    made.durability = promoted(Promote::After(None));
    let gateway = made.start();
    gateway.call(GOOD).await;
    let metrics = gateway.view().metrics();
    for line in [
        "candor_operations_total{status=\"accepted\"} 1",
        "candor_operations_total{status=\"succeeded\"} 1",
        "candor_ledger_up 1",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
    assert!(gateway.view().told().starts_with("ledger: SQLite "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_nobody_who_only_listens() {
    let (store, (handler, gate)) = (Store::new(), held().await);
    let gateway = keeping(&store, &handler).start();
    let id = waiting(&gateway).await;
    let mut events = events(&gateway, &id);
    let listening = tokio::task::spawn_blocking(move || {
        let first = events.next();
        (first.is_some(), events.count())
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopping = tokio::task::spawn_blocking(move || gateway.stop());
    // Who listens is let go, though the operation goes on.
    assert_eq!(listening.await.unwrap(), (true, 0));
    assert!(!stopping.is_finished());
    gate.open(1);
    stopping.await.unwrap();
    assert_eq!(store.op(&id).await.state, State::Succeeded);
}
