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
    made.timeout = Duration::from_millis(200);
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
    let last = "not repeated: the attempts are used up";
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

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_keeps_failing_is_given_a_rest() {
    let handler = Handler::plain(|_, _| Some(http("503 Busy", "", ""))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    for _ in 0..5 {
        assert_eq!(gateway.call(GOOD).await.json()["row"], "5xx");
    }
    let called = gateway.call(GOOD).await;
    let problem = called.json();
    assert_eq!(
        (&problem["class"], &problem["outcome"]),
        (&"circuit_open".into(), &"unsent".into())
    );
    assert_eq!((called.status(), called.header("retry-after")), (503, "5"));
    assert_eq!(handler.seen().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_mistakes_open_no_circuit() {
    let handler = Handler::plain(|_, _| Some(http("401 Unauthorized", "", ""))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    for _ in 0..8 {
        assert_eq!(gateway.call(GOOD).await.json()["row"], "401");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_stay_within_the_budget() {
    let handler = Handler::plain(|_, _| Some(http("429 Too Many Requests", "", ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.retry = Some(soon(3));
    let gateway = made.start();
    for _ in 0..50 {
        assert_eq!(gateway.call(GOOD).await.status(), 429);
    }
    // A fifth of the calls, and the reserve; what the first call pays in finds it full.
    let sent = handler.seen().len();
    assert!((50 + 9 + 10..=50 + 10 + 10).contains(&sent), "{sent}");
}

/// What a told wait decides: the number of sends, and the reason for the last decision.
async fn told(headers: &'static str) -> (usize, String) {
    let handler = Handler::plain(move |_, _| Some(http("429 Too Many", headers, ""))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.retry = Some(soon(1));
    let problem = made.start().call(GOOD).await.json();
    let last = problem["attempts"].as_array().unwrap().last().unwrap()["decision"].clone();
    (handler.seen().len(), last.as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_tell_a_wait_has_its_decision() {
    let spent = "not repeated: the attempts are used up";
    let too_long = "not repeated: the wait that was told is too long";
    let no_time = "not repeated: the wait is longer than the time left";
    let table = [
        ("", 2, spent),
        ("Retry-After: -1\r\n", 2, spent),
        ("Retry-After: 1e9\r\n", 2, spent),
        ("Retry-After: soon\r\n", 2, spent),
        ("Retry-After: 0\r\n", 2, spent),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 2, spent),
        ("Retry-After: 1000000000\r\n", 1, too_long),
        ("Retry-After: 99999999999999999999999999\r\n", 1, too_long),
        ("Retry-After: Tue, 01 Jan 2999 00:00:00 GMT\r\n", 1, too_long),
        ("Retry-After: 120\r\n", 1, no_time),
        // The callback document's row knows Retry-After; the other header says nothing to it.
        ("X-Wait-Seconds: 999\r\nRetry-After: 0\r\n", 2, spent),
        ("X-Wait-Seconds: 999\r\n", 2, spent),
    ];
    for (headers, sends, decision) in table {
        assert_eq!(told(headers).await, (sends, decision.to_owned()), "{headers}");
    }
}
