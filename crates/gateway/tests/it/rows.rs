//! Each of the 13 documented rows, by a real cause on loopback, with its text byte for byte.

use crate::gateway::{Called, before};
use crate::handler::{Certificate, Handler, NAME, Seen, envelope, http, ok};
use serde_json::Value;
use std::time::Duration;

const NO_CREDENTIALS: &str = "Connection to Example Backup service could not be established due to \
                              invalid credentials.";
const UNREADABLE: &str =
    "Response from to Example Backup service cannot be processed due to invalid format.";
const NO_CONNECTION: &str = "Connection to Example Backup service could not be established.";
const NO_CERTIFICATE: &str = "Connection to Example Backup service could not be established due to \
                              invalid certificate.";
const NOT_SENT: &str = "Request to Example Backup was not sent due to invalid format.";

const GOOD: &str = r#"{"login":"a"}"#;

#[derive(Debug, PartialEq)]
struct Told {
    row: String,
    message: Option<String>,
    class: String,
    outcome: String,
    safe: bool,
    status: u16,
}

fn told(called: &Called) -> Told {
    let body = called.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(called.header("content-type"), "application/problem+json");
    assert_eq!(called.header("candor-class"), text("class"));
    assert_eq!(called.header("candor-error-id"), text("error_id"));
    assert_eq!(body["status"], called.status());
    Told {
        row: text("row"),
        message: body.get("message").map(|m| m.as_str().unwrap().to_owned()),
        class: text("class"),
        outcome: text("outcome"),
        safe: body["retry"]["safe"] == Value::Bool(true),
        status: called.status(),
    }
}

fn expect(
    called: &Called,
    row: &str,
    message: &str,
    class: &str,
    outcome: &str,
    safe: bool,
    status: u16,
) {
    let message = (!message.is_empty()).then(|| message.to_owned());
    let [row, class, outcome] = [row, class, outcome].map(str::to_owned);
    assert_eq!(told(called), Told { row, message, class, outcome, safe, status });
}

/// What a caller gets when the handler answers this.
async fn answered(answer: impl Fn(&Seen) -> String + Send + Sync + 'static) -> Called {
    let handler = Handler::plain(move |_, seen| Some(answer(seen))).await;
    let called = before(format!("http://{}/", handler.address)).start().call(GOOD).await;
    assert_eq!(handler.count(), 1);
    called
}

#[tokio::test(flavor = "multi_thread")]
async fn the_five_statuses() {
    let table = [
        ("401 Unauthorized", "401", NO_CREDENTIALS, "unauthenticated", "refused", false, 502),
        ("403 Forbidden", "403", NO_CREDENTIALS, "permission_denied", "refused", false, 502),
        ("410 Gone", "410", UNREADABLE, "gone", "refused", false, 502),
        ("429 Too Many Requests", "429", "", "rate_limited", "refused", true, 429),
        ("500 Internal Server Error", "5xx", NO_CONNECTION, "internal", "unknown", false, 502),
        ("503 Service Unavailable", "5xx", NO_CONNECTION, "internal", "unknown", false, 502),
        ("599 Whatever", "5xx", NO_CONNECTION, "internal", "unknown", false, 502),
    ];
    for (line, row, message, class, outcome, safe, status) in table {
        let called = answered(move |_| http(line, "", "")).await;
        expect(&called, row, message, class, outcome, safe, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_says_when_to_come_back() {
    let called = answered(|_| http("429 Too Many Requests", "Retry-After: 17\r\n", "")).await;
    assert_eq!(called.header("retry-after"), "17");
    assert_eq!(called.json()["retry"]["after"], 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_that_no_response_has() {
    for line in ["202 Accepted", "204 No Content", "302 Found", "301 Moved Permanently"] {
        let called = answered(move |_| http(line, "Location: http://127.0.0.1:1/\r\n", "")).await;
        expect(
            &called,
            "unexpected-2xx-3xx",
            UNREADABLE,
            "unexpected_status",
            "unknown",
            false,
            502,
        );
    }
    for line in ["404 Not Found", "400 Bad Request", "418 Teapot"] {
        let called = answered(move |_| http(line, "", "{}")).await;
        expect(&called, "unexpected-4xx", UNREADABLE, "unexpected_status", "refused", false, 502);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_another_form() {
    let wrong: [fn(&Seen) -> String; 6] = [
        |seen| ok(seen, "[]"),
        |seen| http("200 OK", "", &envelope(seen, "response.other", "{}")),
        |seen| ok(seen, "{}").replace("request_id\":\"", "request_id\":\"0"),
        |_| http("200 OK", "", r#"{"type":"response.ok"}"#),
        |_| {
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<html>hi</html"
                .to_owned()
        },
        |_| http("200 OK", "", "{\"type\": "),
    ];
    for answer in wrong {
        let called = answered(answer).await;
        expect(&called, "response-schema", UNREADABLE, "response_schema", "unknown", false, 502);
        assert!(!called.json()["fields"].as_array().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_and_an_unknown_name() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let called = before(closed).start().call(GOOD).await;
    expect(&called, "unreachable", NO_CONNECTION, "unreachable", "unsent", true, 503);
    assert_eq!(called.json()["attempts"][0]["fault"], "connection_refused");

    let mut made = before("https://no-such-host.invalid/");
    made.own_resolver = false;
    let called = made.start().call(GOOD).await;
    expect(&called, "unreachable", NO_CONNECTION, "unreachable", "unsent", true, 503);
    assert_eq!(called.json()["attempts"][0]["fault"], "no_such_name");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_where_tls_is_expected() {
    let port = Handler::that_speaks_plain_http_only().await;
    let called = before(format!("https://{NAME}:{port}/")).start().call(GOOD).await;
    expect(&called, "tls-handshake-failed", NO_CONNECTION, "tls_handshake", "unsent", false, 502);
    assert_eq!(called.json()["attempts"][0]["fault"], "not_tls");
}

async fn over_tls(certificate: Certificate) -> Called {
    let root = certificate.root.clone();
    let handler = Handler::tls(certificate).await;
    let mut made = before(format!("https://{NAME}:{}/", handler.address.port()));
    made.roots = vec![root];
    made.start().call(GOOD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_trusted() {
    let table = [
        (Certificate::expired(), "certificate_expired"),
        (Certificate::self_signed(), "self_signed"),
        (Certificate::for_another_name(), "wrong_name"),
    ];
    for (certificate, fault) in table {
        let called = over_tls(certificate).await;
        expect(&called, "invalid-certificate", NO_CERTIFICATE, "certificate", "unsent", false, 502);
        assert_eq!(called.json()["attempts"][0]["fault"], fault);
    }
    assert_eq!(over_tls(Certificate::good()).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_handler() {
    let handler = Handler::plain(|_, _| None).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.timeout = Duration::from_millis(100);
    let called = made.start().call(GOOD).await;
    expect(&called, "timed-out", NO_CONNECTION, "timed_out", "unknown", true, 504);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_hangs_up_after_it_was_asked() {
    let called = answered(|_| String::new()).await;
    expect(&called, "connection-lost", NO_CONNECTION, "connection_lost", "unknown", true, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_payload_is_never_sent() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    for payload in ["{}", r#"{"login":1}"#, "[]", "null", r#"{"login":"a","age":"old"}"#, ""] {
        let called = gateway.call(payload).await;
        expect(&called, "request-schema", NOT_SENT, "request_schema", "unsent", false, 422);
    }
    assert_eq!(handler.count(), 0);
    let fields = gateway.call(r#"{"login":1,"age":"x"}"#).await.json()["fields"].clone();
    assert_eq!((&fields[0]["pointer"], &fields[1]["pointer"]), (&"/login".into(), &"/age".into()));
}
