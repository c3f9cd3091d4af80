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
        (post(&target.replace("acme", "acne"), "", "{}"), 404, "not_found", "did you mean `acme`"),
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
