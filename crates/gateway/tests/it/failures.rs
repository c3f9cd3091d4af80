//! A failure is what the contract says is one, whatever its status: for repeats, for the circuit, for
//! the vendor's limit and for the counters. Open2b says no inside a 200, and its 503 is no outage.

use crate::gateway::{Called, Made, Started, before};
use crate::routes::{get, heads, route};
use candor_gateway::limits::{Rate, SlidingRule, UpstreamLimits};
use candor_gateway::{BreakerSettings, Route, Upstream};
use candor_hostile::{Answer, Hostile};
use std::time::Duration;

/// The row `field.malformed`: the caller's mistake, told inside a 200.
fn refused() -> Answer {
    let error =
        r#"{"field":"name","type":"Malformed","description":"name is not syntactically correct"}"#;
    Answer::json(format!(r#"{{"status":"error","error":{error}}}"#))
}

/// The row `rate-limited`: the vendor's limit, told as a 503 with the seconds to wait.
fn limited(seconds: &str) -> Answer {
    let busy = Answer::of_type("text/plain", "Service Unavailable").status(503);
    busy.with("X-Wait-Seconds", seconds)
}

/// The row `not-the-api.200`: somebody answers in the API's place.
fn page() -> Answer {
    Answer::of_type("text/html", "<html><title>Down for maintenance</title></html>")
}

fn fine() -> Answer {
    Answer::json(r#"{"status":"ok"}"#)
}

fn before_open2b(upstream: &Hostile, protected: Upstream) -> Started {
    let route = Route { upstream: protected, ..route(upstream, "open2b") };
    Made { routes: vec![route], ..before("http://127.0.0.1:1/") }.start()
}

/// An upstream with a circuit that two failures open.
fn fragile() -> Upstream {
    let breaker = BreakerSettings { failures: 2, ..BreakerSettings::default() };
    Upstream::new(Some(breaker), None, UpstreamLimits::default())
}

fn at_most(calls: u32) -> Upstream {
    let rate = Rate::new(calls, Duration::from_mins(5)).unwrap();
    let rule = SlidingRule::new(rate, Duration::ZERO).unwrap();
    Upstream::new(None, None, UpstreamLimits::new(None, Some(rule)))
}

async fn post(gateway: &Started) -> Called {
    gateway.send(&crate::gateway::post("/shop/things", "", r#"{"name":"\u0000"}"#)).await
}

fn row(answer: &Called) -> &str {
    answer.header("candor-row").strip_prefix("open2b@7.8/").unwrap()
}

#[tokio::test]
async fn an_error_in_a_200_is_not_repeated_and_a_503_that_tells_a_wait_is() {
    let upstream = Hostile::http1(refused().turn()).unwrap();
    let gateway = before_open2b(&upstream, Upstream::default());
    let answer = post(&gateway).await;
    assert_eq!((answer.status(), row(&answer)), (422, "field.malformed"));
    assert_eq!(answer.header("candor-attempts"), "1");
    assert_eq!(heads(&upstream).len(), 1);
    // It was not executed, so that a POST may be sent again as well.
    let script = candor_hostile::Script::from(limited("0").turn()).then(fine().turn());
    let upstream = Hostile::http1(script).unwrap();
    let answer = post(&before_open2b(&upstream, Upstream::default())).await;
    assert_eq!((answer.status(), answer.header("candor-class")), (200, "ok"));
    assert_eq!(answer.header("candor-attempts"), "2");
}

#[tokio::test]
async fn the_circuit_opens_by_what_is_ill_and_not_by_what_is_refused() {
    for (answer, opens) in [
        (refused(), false),
        (limited("600"), false),
        (page(), true),
        (Answer::json(r#"{"oops":true}"#).status(500), true),
    ] {
        let upstream = Hostile::http1(answer.turn()).unwrap();
        let gateway = before_open2b(&upstream, fragile());
        let mut classes = Vec::new();
        for _ in 0..4 {
            classes.push(post(&gateway).await.header("candor-class").to_owned());
        }
        let open = classes.last().is_some_and(|class| class == "circuit_open");
        assert_eq!(open, opens, "{answer:?} {classes:?}");
        let gauge = format!("candor_circuit_open{{upstream=\"shop\"}} {}", u8::from(opens));
        assert!(gateway.view().metrics().contains(&gauge), "{answer:?}");
    }
}

#[tokio::test]
async fn what_works_in_between_keeps_the_circuit_closed() {
    let script = candor_hostile::Script::from(page().turn()).then(refused().turn());
    let script = script.then(page().turn()).then(refused().turn());
    let upstream = Hostile::http1(script).unwrap();
    let gateway = before_open2b(&upstream, fragile());
    let mut rows = Vec::new();
    for _ in 0..4 {
        rows.push(row(&post(&gateway).await).to_owned());
    }
    let expected = ["not-the-api.200", "field.malformed", "not-the-api.200", "field.malformed"];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn each_attempt_counts_for_the_vendors_limit_whatever_it_came_to() {
    let script = candor_hostile::Script::from(refused().turn()).then(limited("0").turn());
    let upstream = Hostile::http1(script.then(fine().turn())).unwrap();
    let gateway = before_open2b(&upstream, at_most(3));
    let first = post(&gateway).await;
    assert_eq!((first.status(), row(&first)), (422, "field.malformed"));
    let second = post(&gateway).await;
    assert_eq!((second.status(), second.header("candor-attempts")), (200, "2"));
    let third = get(&gateway, "/shop/things", "").await;
    assert_eq!((third.status(), third.header("candor-outcome")), (429, "unsent"));
    assert!(third.header("retry-after").parse::<u64>().unwrap() > 290);
    assert_eq!(heads(&upstream).len(), 3);
}

#[tokio::test]
async fn a_repeat_that_the_vendors_limit_does_not_allow_is_none() {
    let upstream = Hostile::http1(limited("0").turn()).unwrap();
    let gateway = before_open2b(&upstream, at_most(1));
    let answer = post(&gateway).await;
    assert_eq!((answer.status(), row(&answer)), (429, "rate-limited"));
    let decision = answer.json()["attempts"][0]["decision"].as_str().unwrap().to_owned();
    assert!(decision.starts_with("not repeated: "), "{decision}");
    assert_eq!(heads(&upstream).len(), 1);
}

#[tokio::test]
async fn counters_tell_the_class_and_not_the_status() {
    let script = candor_hostile::Script::from(refused().turn()).then(limited("600").turn());
    let upstream = Hostile::http1(script.then(page().turn()).then(fine().turn())).unwrap();
    let gateway = before_open2b(&upstream, Upstream::default());
    for status in [422, 429, 502, 200] {
        assert_eq!(post(&gateway).await.status(), status);
    }
    let metrics = gateway.view().metrics();
    for (class, origin, outcome) in [
        ("unprocessable", "caller", "refused"),
        ("rate_limited", "caller", "refused"),
        ("not_the_api", "intermediary", "unknown"),
        ("ok", "upstream", "applied"),
    ] {
        let line = format!(
            "candor_calls_total{{upstream=\"shop\",class=\"{class}\",origin=\"{origin}\",outcome=\"{outcome}\"}} 1\n"
        );
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    assert!(metrics.contains("candor_attempts_total{upstream=\"shop\"} 4\n"), "{metrics}");
}
