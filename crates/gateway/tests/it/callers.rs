//! Who may call, how often, and what the vendor sees of it.

use crate::gateway::{Made, Started, before};
use crate::routes::{get, heads, route};
use candor_gateway::callers::{ApiKey, CallerSettings, Callers, CallersSettings, Rights};
use candor_gateway::limits::{CallerRate, Rate, SlidingRule, Terms, UpstreamLimits};
use candor_gateway::{Credentials, Limits, Route, Upstream};
use candor_hostile::{Answer, Hostile};
use std::time::Duration;

/// The SHA-256 of `key-of-billing-0001`.
const HASH: &str = "sha256:0d575941dce1fa38d25c009f5a00ad98ffcc526a283e5b3c1f1c9339ce495975";

pub(crate) fn billing(rights: Rights) -> Callers {
    let keys = vec![ApiKey { hash: HASH.parse().unwrap(), expires: None }];
    let billing = CallerSettings {
        name: "billing".to_owned(),
        keys,
        certificates: Vec::new(),
        subjects: Vec::new(),
        rights,
    };
    let settings = CallersSettings { callers: vec![billing], ..CallersSettings::default() };
    Callers::new(settings).unwrap()
}

fn upstream() -> Hostile {
    Hostile::http1(Answer::json("{}").turn()).unwrap()
}

fn through(routes: Vec<Route>, callers: Callers) -> Started {
    Made { routes, callers, anybody: false, ..before("http://127.0.0.1:1/") }.start()
}

pub(crate) const KEY: &str = "X-Api-Key: key-of-billing-0001\r\n";

#[tokio::test]
async fn nobody_calls_who_is_not_known() {
    let upstream = upstream();
    let gateway = through(vec![route(&upstream, "http")], billing(Rights::default()));
    for fields in ["", "X-Api-Key: wrong\r\n", "Authorization: Bearer wrong\r\n"] {
        let answer = get(&gateway, "/shop", fields).await;
        assert_eq!(
            (answer.status(), answer.header("candor-row")),
            (401, "http@1/held.unauthenticated")
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"candor\"");
    }
    assert_eq!(heads(&upstream).len(), 0);
    assert_eq!(get(&gateway, "/shop", KEY).await.status(), 200);
}

#[tokio::test]
async fn what_a_caller_shows_the_gateway_is_not_for_the_vendor() {
    let upstream = upstream();
    let gateway = through(vec![route(&upstream, "http")], billing(Rights::default()));
    let fields = format!("{KEY}Authorization: Bearer for-the-vendor\r\n");
    assert_eq!(get(&gateway, "/shop", &fields).await.status(), 200);
    let head = &heads(&upstream)[0];
    assert!(head.contains("authorization: bearer for-the-vendor"), "{head}");
    assert!(!head.contains("key-of-billing"), "{head}");
    let fields = "Authorization: Bearer key-of-billing-0001\r\n";
    assert_eq!(get(&gateway, "/shop", fields).await.status(), 200);
    assert!(!heads(&upstream)[1].contains("authorization"));
}

#[tokio::test]
async fn a_caller_uses_its_routes_alone() {
    let upstream = upstream();
    let rights = Rights { routes: Some(vec!["other".to_owned()]), terms: Terms::default() };
    let other =
        Route { name: "other".to_owned(), prefix: "/other".to_owned(), ..route(&upstream, "http") };
    let gateway = through(vec![route(&upstream, "http"), other], billing(rights));
    let answer = get(&gateway, "/shop", KEY).await;
    assert_eq!((answer.status(), answer.header("candor-class")), (403, "permission_denied"));
    assert_eq!(get(&gateway, "/other", KEY).await.status(), 200);
}

#[tokio::test]
async fn a_caller_is_told_how_its_limits_stand() {
    let upstream = upstream();
    let rate = CallerRate::Window(Rate::new(2, Duration::from_mins(10)).unwrap());
    let terms = Terms { rate: Some(rate), ..Terms::default() };
    let gateway = through(vec![route(&upstream, "http")], billing(Rights { routes: None, terms }));
    for left in [1, 0] {
        let answer = get(&gateway, "/shop", KEY).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.header("ratelimit").contains(&format!("r={left}")), "{answer:?}");
    }
    let answer = get(&gateway, "/shop", KEY).await;
    assert_eq!((answer.status(), answer.header("candor-row")), (429, "http@1/held.rate-limited"));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 500);
    assert_eq!((answer.header("candor-outcome"), heads(&upstream).len()), ("unsent", 2));
}

#[tokio::test]
async fn a_vendors_limit_is_kept_before_it_answers() {
    let upstream = upstream();
    let rule =
        SlidingRule::new(Rate::new(2, Duration::from_mins(5)).unwrap(), Duration::ZERO).unwrap();
    let limited = Route {
        upstream: Upstream::new(None, None, UpstreamLimits::new(None, Some(rule))),
        credentials: Credentials::Callers,
        ..route(&upstream, "http")
    };
    let gateway = through(vec![limited], Callers::default());
    let statuses = [(); 3].map(|()| get(&gateway, "/shop", ""));
    let mut seen = Vec::new();
    for answer in statuses {
        let answer = answer.await;
        seen.push((answer.status(), answer.header("candor-outcome").to_owned()));
    }
    let outcomes: Vec<_> =
        seen.iter().map(|(status, outcome)| (*status, outcome.as_str())).collect();
    assert_eq!(outcomes, [(200, "applied"), (200, "applied"), (429, "unsent")]);
    assert_eq!(heads(&upstream).len(), 2);
}

#[tokio::test]
async fn more_calls_than_the_gateway_bears_are_turned_away() {
    let upstream = Hostile::http1(candor_hostile::connection::mute_before_the_head()).unwrap();
    let limits = Limits { calls: 2, total: Duration::from_millis(300), ..Limits::default() };
    let routes = vec![route(&upstream, "http")];
    let gateway = Made { routes, limits, ..before("http://127.0.0.1:1/") }.start();
    let (one, two) = tokio::join!(get(&gateway, "/shop", ""), get(&gateway, "/shop", ""));
    let mut statuses = [one.status(), two.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [503, 504]);
    let shed = if one.status() == 503 { one } else { two };
    assert_eq!((shed.header("candor-class"), shed.header("retry-after")), ("shed", "1"));
}

#[test]
fn nobody_listens_to_everybody_by_accident() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let open = Made { listen, anybody: false, ..before("http://127.0.0.1:1/") };
    let error = open.try_start().err().unwrap().to_string();
    assert!(error.contains("callers: anybody"), "{error}");
    let known = Made {
        listen,
        anybody: false,
        callers: billing(Rights::default()),
        ..before("http://127.0.0.1:1/")
    };
    assert!(known.try_start().is_ok());
}
