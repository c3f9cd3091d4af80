//! Repeats: only where the document allows them, with the same request.

use crate::gateway::before;
use crate::handler::{Handler, http, ok};
use candor_gateway::RetryPolicy;
use std::time::Duration;

const GOOD: &str = r#"{"login":"a"}"#;

fn soon(times: u32) -> RetryPolicy {
    let interval = Duration::from_millis(1);
    RetryPolicy { times, interval, delta: None, max: None, fast_first: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_handler_is_asked_again_with_the_same_request() {
    let handler = Handler::plain(|number, seen| (number == 2).then(|| ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.timeout = Duration::from_millis(60);
    made.retry = Some(soon(3));
    let called = made.start().call(GOOD).await;
    assert_eq!((called.status(), called.header("candor-attempts")), (200, "3"));
    let bodies: Vec<String> = handler.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_error_is_not_repeated() {
    let handler = Handler::plain(|_, _| Some(http("500 Oops", "", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.retry = Some(soon(3));
    let problem = made.start().call(GOOD).await.json();
    assert_eq!(handler.seen().len(), 1);
    let decision = problem["attempts"][0]["decision"].as_str().unwrap();
    assert_eq!(decision, "not repeated: the document does not allow it");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_end_with_the_policy() {
    let handler = Handler::plain(|_, _| Some(http("429 Too Many Requests", "", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.retry = Some(soon(2));
    let problem = made.start().call(GOOD).await.json();
    assert_eq!(handler.seen().len(), 3);
    let decisions: Vec<&str> = problem["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["decision"].as_str().unwrap())
        .collect();
    let again = "repeated after 1 ms";
    let last = "not repeated: the policy's attempts are used up";
    assert_eq!(decisions, [again, again, last]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_beyond_the_time_left_is_told_and_not_waited_for() {
    let handler =
        Handler::plain(|_, _| Some(http("429 Too Many", "Retry-After: 120\r\n", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.retry = Some(soon(2));
    let called = made.start().call(GOOD).await;
    assert_eq!((called.header("retry-after"), handler.seen().len()), ("120", 1));
}
