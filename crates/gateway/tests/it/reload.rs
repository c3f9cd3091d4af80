//! Another setup for a running gateway: it counts from the next request on, and disturbs nothing.

use crate::callers::{KEY, billing};
use crate::gateway::{ID, Made, before, post};
use crate::handler::{Handler, ok};
use crate::raw;
use crate::routes::{get, heads, route};
use candor_gateway::callers::{Callers, Rights};
use candor_gateway::limits::{
    CallerRate, Period, QuotaRule, Rate, SlidingRule, Terms, UpstreamLimits,
};
use candor_gateway::{BreakerSettings, Route, Upstream};
use candor_hostile::{Answer, Hostile};
use candor_wire::{Target, TargetPolicy};
use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_next_request_is_served_by_the_other_setup() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let url = format!("http://{}/", handler.address);
    let gateway = before(url.clone()).start();
    let target = format!("/callbacks/{ID}?tenant=acme");
    let call = post(&target, "", r#"{"login":"abc"}"#).replace("Connection: close\r\n", "");
    let mut kept = raw::connect(gateway.address());
    let mut status = |request: &str| {
        kept.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            kept.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        kept.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        head[9..12].to_owned()
    };
    assert_eq!(status(&call), "200");
    let mut other = before(url.clone());
    other.listen = gateway.address();
    other.limits.request_body = 5;
    assert!(!gateway.replace(other).needs_restart.is_empty(), "port 0 was asked for before");
    assert_eq!(status(&call), "413");
    let _named = gateway.replace(before(url));
    assert_eq!(status(&call), "200");
    // The resolver of these tests is another one each time, and so are the connections to upstreams.
    assert_eq!(handler.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_named() {
    let gateway = before("http://127.0.0.1:1/").start();
    assert_eq!(gateway.replace(before("http://127.0.0.1:1/")).needs_restart, [""; 0]);
    let mut other = before("http://127.0.0.1:1/");
    other.listen = "127.0.0.1:1".parse().unwrap();
    other.workers = 5;
    assert_eq!(gateway.replace(other).needs_restart, ["listen", "workers"]);
}

/// Kept connections to upstreams outlive a reload that does not concern them.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_upstreams_stay() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let url = format!("http://{}/", handler.address);
    let allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()];
    let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    let target = Target::parse(&url, &policy).unwrap();
    let made = || {
        let mut made = before(url.clone());
        (made.own_resolver, made.workers, made.target) = (false, 1, Some(target.clone()));
        made
    };
    let gateway = made().start();
    for _ in 0..3 {
        assert_eq!(gateway.call(r#"{"login":"a"}"#).await.status(), 200);
        let _named = gateway.replace(made());
    }
    assert_eq!(handler.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_ends_as_it_began() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let handler = Handler::plain(move |_, seen| {
        tokio::task::block_in_place(|| gone.lock().unwrap().recv()).unwrap();
        Some(ok(seen, "{}"))
    })
    .await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    let target = format!("/callbacks/{ID}?tenant=acme");
    let mut caller = raw::connect(gateway.address());
    caller.write_all(post(&target, "", r#"{"login":"a"}"#).as_bytes()).unwrap();
    while handler.seen().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let mut other = before("http://127.0.0.1:1/");
    other.limits.response_body = 1;
    let _named = gateway.replace(other);
    go.send(()).unwrap();
    assert_eq!(raw::answers(&raw::read_to_end(&mut caller))[0].status.as_u16(), 200);
    assert_eq!(gateway.call(r#"{"login":"a"}"#).await.status(), 503);
}

// === What is still the same goes on ===

/// A setup with these routes, as a file is read again: all of it is made anew.
fn again(routes: Vec<Route>) -> Made {
    Made { routes, own_resolver: false, workers: 1, ..before("http://127.0.0.1:1/") }
}

fn fine() -> Hostile {
    Hostile::http1(Answer::json("{}").turn()).unwrap()
}

fn ill() -> Hostile {
    Hostile::http1(Answer::json("{}").status(500).turn()).unwrap()
}

/// A route under these protections that repeats nothing.
fn protected(upstream: &Hostile, protection: Upstream) -> Route {
    Route { upstream: protection, repeats: false, ..route(upstream, "http") }
}

fn opens_after(failures: u32) -> BreakerSettings {
    BreakerSettings { failures, ..BreakerSettings::default() }
}

fn at_most(calls: u32) -> UpstreamLimits {
    let rate = Rate::new(calls, Duration::from_mins(5)).unwrap();
    UpstreamLimits::new(None, Some(SlidingRule::new(rate, Duration::ZERO).unwrap()))
}

#[tokio::test]
async fn a_connection_stays_where_url_and_policy_do() {
    let upstream = fine();
    let gateway = again(vec![route(&upstream, "http")]).start();
    for _ in 0..3 {
        assert_eq!(get(&gateway, "/shop", "").await.status(), 200);
        let _named = gateway.replace(again(vec![route(&upstream, "http")]));
    }
    assert_eq!(upstream.seen().connections, 1);
    let allow_cidrs = vec!["127.0.0.0/9".parse().unwrap()];
    let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    let target = Target::parse(&upstream.url("/base"), &policy).unwrap();
    let _named = gateway.replace(again(vec![Route { target, ..route(&upstream, "http") }]));
    assert_eq!(get(&gateway, "/shop", "").await.status(), 200);
    assert_eq!(upstream.seen().connections, 2);
}

#[tokio::test]
async fn an_open_circuit_stays_open_for_the_same_endpoint() {
    let (one, other) = (ill(), fine());
    let circuit = || Upstream::new(Some(opens_after(2)), None, UpstreamLimits::default());
    let gateway = again(vec![protected(&one, circuit())]).start();
    for _ in 0..2 {
        assert_eq!(get(&gateway, "/shop", "").await.status(), 502);
    }
    let _named = gateway.replace(again(vec![protected(&one, circuit())]));
    assert_eq!(get(&gateway, "/shop", "").await.header("candor-class"), "circuit_open");
    let _named = gateway.replace(again(vec![protected(&other, circuit())]));
    assert_eq!(get(&gateway, "/shop", "").await.status(), 200);
    assert_eq!(heads(&one).len(), 2);
    let metrics = gateway.view().metrics();
    assert!(metrics.contains("candor_attempts_total{upstream=\"shop\"} 3\n"), "{metrics}");
}

#[tokio::test]
async fn a_vendors_limit_counts_on_whatever_else_changes() {
    let upstream = fine();
    let limited = |failures, calls| {
        let protection = Upstream::new(Some(opens_after(failures)), None, at_most(calls));
        again(vec![protected(&upstream, protection)])
    };
    let gateway = limited(5, 2).start();
    for _ in 0..2 {
        assert_eq!(get(&gateway, "/shop", "").await.status(), 200);
    }
    // By the same rule beside another circuit, and by a higher limit, below another path.
    for (made, statuses) in [(limited(7, 2), [429, 429]), (limited(7, 3), [200, 429])] {
        let _named = gateway.replace(made);
        for status in statuses {
            assert_eq!(get(&gateway, "/shop", "").await.status(), status);
        }
    }
    let target = crate::routes::target(&upstream.url("/elsewhere"));
    let protection = Upstream::new(Some(opens_after(7)), None, at_most(3));
    let moved = Route { target, ..protected(&upstream, protection) };
    let _named = gateway.replace(again(vec![moved]));
    assert_eq!(get(&gateway, "/shop", "").await.status(), 429);
    assert_eq!(heads(&upstream).len(), 3);
}

#[tokio::test]
async fn a_callers_spent_limits_stay_spent() {
    let upstream = fine();
    let rated = |calls, quota| {
        let rate = Rate::new(calls, Duration::from_mins(10)).unwrap();
        let terms = Terms {
            rate: Some(CallerRate::Window(rate)),
            quota: Some(QuotaRule { calls: quota, per: Period::Month }),
            concurrency: None,
        };
        billing(Rights { routes: None, terms })
    };
    let made = |callers: Callers| Made {
        callers,
        anybody: false,
        ..again(vec![route(&upstream, "http")])
    };
    let gateway = made(rated(2, 10)).start();
    for _ in 0..2 {
        assert_eq!(get(&gateway, "/shop", KEY).await.status(), 200);
    }
    let _named = gateway.replace(made(rated(2, 10)));
    let held = get(&gateway, "/shop", KEY).await;
    assert_eq!((held.status(), held.header("candor-class")), (429, "rate_limited"));
    // Another rate begins anew; of another quota is used what was used of the one before.
    for (quota, class) in [(10, "ok"), (4, "ok"), (4, "quota_exceeded"), (5, "ok")] {
        let _named = gateway.replace(made(rated(100 + quota, quota)));
        let answer = get(&gateway, "/shop", KEY).await;
        assert_eq!(answer.header("candor-class"), class, "{quota}");
    }
    // Under another name it is another caller.
    let _named = gateway.replace(again(vec![route(&upstream, "http")]));
    assert_eq!(get(&gateway, "/shop", "").await.status(), 200);
}
