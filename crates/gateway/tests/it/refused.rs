//! Bad input from callers: each has one clear answer, and nothing is sent.

use crate::gateway::{ID, before, post};
use crate::handler::{Handler, ok};
use serde_json::Value;

fn problem(called: &crate::gateway::Called) -> (u16, String, String) {
    let body = called.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (called.status(), text("class"), text("detail"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_of_a_caller_has_its_answer_and_sends_nothing() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.limits.request_body = 1000;
    let gateway = made.start();
    let target = format!("/callbacks/{ID}?tenant=acme");
    let large = format!("{{\"login\":\"{}\"}}", "x".repeat(1000));
    let table = [
        (post(&target, "", &large), 413, "payload_too_large", "larger than 1000 bytes"),
        (post(&target, "", "{\"login\": \n nope}"), 400, "invalid_request", "line 2, column"),
        (post(&target, "", "{\"a\":1,\"a\":2}"), 400, "invalid_request", "line 1, column"),
        (post("/callbacks/x?tenant=acme", "", "{}"), 404, "not_found", "no callback `x`"),
        (post(&target.replace("echo", "ecko"), "", "{}"), 404, "not_found", "did you mean"),
        (post(&format!("/callbacks/{ID}"), "", "{}"), 400, "invalid_request", "add `?tenant="),
        (post(&target.replace("acme", "acne"), "", "{}"), 404, "not_found", "no tenant `acne`"),
        (post(&format!("{target}&tenant=b"), "", "{}"), 400, "invalid_request", "`tenant` twice"),
        (post(&format!("{target}&tenat=b"), "", "{}"), 400, "invalid_request", "mean `tenant`"),
        (post(&target, "Origin: null\r\n", "{}"), 400, "invalid_request", "a web page"),
        (
            post(&target, "", "{}").replace("Host: gateway\r\n", ""),
            400,
            "invalid_request",
            "its host",
        ),
        (post("/api/idp/v1/keys", "", ""), 405, "method_not_allowed", "read with GET"),
        (post("/elsewhere", "", "{}"), 404, "not_found", "/callbacks/<id>"),
        (post(&target, "", "{}").replace("POST", "PUT"), 405, "method_not_allowed", "POST"),
        (
            post(&target, "", "{}").replace("application/json", "text/plain"),
            415,
            "unsupported_media_type",
            "`text/plain`",
        ),
    ];
    for (request, status, class, words) in table {
        let (found, found_class, detail) = problem(&gateway.send(&request).await);
        assert_eq!((found, found_class.as_str()), (status, class), "{detail}");
        assert!(detail.contains(words), "{detail} / {words}");
    }
    assert_eq!(handler.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_special_use_is_not_called() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.allow = Vec::new();
    let called = made.start().call(r#"{"login":"a"}"#).await;
    let (status, class, _) = problem(&called);
    assert_eq!((status, class.as_str(), handler.count()), (502, "target_not_allowed", 0));
    assert_eq!(called.json()["outcome"], Value::from("unsent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_may_be_percent_encoded() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    let target =
        format!("/callbacks/{}?tenant=acme", ID.replace('~', "%7E").replace("echo", "%65cho"));
    assert_eq!(gateway.send(&post(&target, "", r#"{"login":"a"}"#)).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_405_names_what_is_allowed() {
    let gateway = before("http://127.0.0.1:1/").start();
    for (path, allowed) in
        [("/api/idp/v1/keys", "GET, HEAD"), (&format!("/callbacks/{ID}"), "POST")]
    {
        let called = gateway.send(&post(path, "", "{}").replace("POST", "PUT")).await;
        assert_eq!((called.status(), called.header("allow")), (405, allowed));
    }
}

/// The caller sends all of it before it reads; its answer must not be lost on the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_far_too_large_still_gets_its_answer() {
    let gateway = before("http://127.0.0.1:1/").start();
    let large = "x".repeat(20_000_000);
    let kept = "GET / HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n";
    for (target, status) in [(format!("/callbacks/{ID}?tenant=acme"), 413), ("/".to_owned(), 404)] {
        for closes in [true, false] {
            let open = || post(&target, "", &large).replace("Connection: close\r\n", "") + kept;
            let request = if closes { post(&target, "", &large) } else { open() };
            assert_eq!(gateway.send(&request).await.status(), status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_wrote_is_repeated_in_part() {
    let gateway = before("http://127.0.0.1:1/").start();
    let long = "x".repeat(50_000);
    let media =
        post(&format!("/callbacks/{ID}?tenant=acme"), "", "{}").replace("application/json", &long);
    for request in [
        post(&format!("/callbacks/{long}"), "", "{}"),
        post(&format!("/{long}"), "", "{}"),
        post(&format!("/callbacks/{ID}?{long}=1"), "", "{}"),
        media,
    ] {
        assert!(gateway.send(&request).await.0.body.len() < 2000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_time_is_not_begun() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.limits.total = std::time::Duration::ZERO;
    let called = made.start().call(r#"{"login":"a"}"#).await;
    let (status, class, _) = problem(&called);
    assert_eq!((status, class.as_str(), handler.count()), (504, "deadline_exceeded", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_asks_first_is_not_told_to_send() {
    let gateway = before("http://127.0.0.1:1/").start();
    let asks = "Expect: 100-continue\r\nContent-Length: 9000000\r\n";
    let request = post("/", "", "").replace("Content-Length: 0\r\n", asks);
    // The connection is closed at once, for nothing more is expected of the caller.
    let answer = tokio::time::timeout(std::time::Duration::from_secs(1), gateway.send(&request));
    assert_eq!(answer.await.unwrap().status(), 404);
}
