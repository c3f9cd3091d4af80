//! What the caller gets: successes as they came, declared responses first, words in sets.

use crate::gateway::{before, response};
use crate::handler::{Handler, envelope, http, ok};
use serde_json::json;

const GOOD: &str = r#"{"login":"a"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_success_passes_on_as_it_came() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, r#"{ "b" : 1, "a":[ ] }"#))).await;
    let called = before(format!("http://{}/", handler.address)).start().call(GOOD).await;
    assert_eq!(called.status(), 200);
    let body = String::from_utf8(called.0.body.clone()).unwrap();
    assert!(body.contains(r#"{ "b" : 1, "a":[ ] }"#), "{body}");
    assert_eq!(called.header("content-type"), "application/json");
    assert_eq!(called.header("candor-outcome"), "applied");
    assert_eq!(called.header("candor-row"), "acronis-callback@1/response.200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_response_wins_over_the_default_rows() {
    let handler = Handler::plain(|_, seen| {
        Some(http("401 Unauthorized", "", &envelope(seen, "response.denied", "{}")))
    })
    .await;
    let mut made = before(format!("http://{}/", handler.address));
    made.responses.push(response(401, "response.denied", Some(json!({}))));
    let called = made.start().call(GOOD).await;
    assert_eq!(called.json()["row"], "response.401");
    assert_eq!(called.json()["class"], "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_status_with_another_body_is_a_response_schema_error() {
    let handler = Handler::plain(|_, _| Some(http("401 Unauthorized", "", "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.responses.push(response(401, "response.denied", None));
    assert_eq!(made.start().call(GOOD).await.json()["row"], "response-schema");
}

#[tokio::test(flavor = "multi_thread")]
async fn err_message_is_shown_where_the_callback_says_so() {
    let body =
        r#"{"request_id":"x","response_id":"y","err_message":"The contract is not signed."}"#;
    for shows in [true, false] {
        let handler = Handler::plain(move |_, _| Some(http("409 Conflict", "", body))).await;
        let mut made = before(format!("http://{}/", handler.address));
        made.shows_err_message = shows;
        let problem = made.start().call(GOOD).await.json();
        let shown = problem["message"] == "The contract is not signed.";
        assert_eq!((shown, &problem["row"]), (shows, &json!("unexpected-4xx")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_corrected_texts_are_a_set_of_their_own() {
    let handler = Handler::plain(|_, _| Some(http("410 Gone", "", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.message_set = "corrected";
    let message = made.start().call(GOOD).await.json()["message"].clone();
    assert_eq!(
        message,
        "Response from Example Backup service cannot be processed due to invalid format."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_can_be_written_in_another_dialect() {
    let handler =
        Handler::plain(|_, _| Some(http("429 Too Many Requests", "Retry-After: 9\r\n", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.answer_as = Some("open2b");
    let called = made.start().call(GOOD).await;
    assert_eq!((called.status(), called.header("x-wait-seconds")), (503, "9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer() {
    let handler = Handler::plain(|_, seen| {
        let auth = seen.header("x-cyberapp-auth").unwrap_or_default().len();
        Some(http("500 Oops", "", &format!("{{\"length\":{auth}}}")))
    })
    .await;
    let called = before(format!("http://{}/", handler.address)).start().call(GOOD).await;
    let text = format!("{:?}", called.0);
    assert!(!text.contains("planted") && !text.contains("Bearer"), "{text}");
}
