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

/// `{"type":…}` of a success, compressed with gzip by hand: one stored block needs no library.
fn gzip(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(body);
    bytes.extend(crc32(body).to_le_bytes());
    bytes.extend(u32::from(length).to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_answer_is_read_for_the_verdict_and_passed_on_as_it_came() {
    let upstream = candor_hostile::Hostile::http1(
        candor_hostile::Answer::of_type("application/json", gzip(b"{\"no\":\"envelope\"}"))
            .with("Content-Encoding", "gzip")
            .turn(),
    )
    .unwrap();
    let problem = before(upstream.url("/")).start().call(GOOD).await.json();
    assert_eq!(problem["row"], "response-schema");
    let places: Vec<&str> =
        problem["fields"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert!(places.contains(&"/type"), "the body was read: {places:?}");

    let bomb =
        candor_hostile::Hostile::http1(candor_hostile::bodies::gzip_bomb(32).turn()).unwrap();
    let problem = before(bomb.url("/")).start().call(GOOD).await.json();
    assert_eq!(problem["attempts"][0]["fault"], "body_too_large", "{problem}");
}
