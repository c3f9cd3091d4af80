//! Calls to vendors: what goes on, what comes back, and in which form.

use crate::gateway::{Called, Made, Started, before};
use candor_contract::Library;
use candor_gateway::{
    AnswerAs, ClientAuth, ClientCredentials, Credentials, NamedTargets, Route, Upstream,
};
use candor_hostile::{Answer, Hostile, Script};
use candor_wire::{Target, TargetPolicy};
use http::HeaderValue;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// A route to `upstream` for all paths below `/shop`.
pub(crate) fn route(upstream: &Hostile, contract: &str) -> Route {
    let library = Library::shipped().unwrap();
    Route {
        name: "shop".to_owned(),
        host: None,
        prefix: "/shop".to_owned(),
        target: target(&upstream.url("/base")),
        table: library.get(contract).unwrap(),
        upstream: Upstream::default(),
        credentials: Credentials::Callers,
        repeats: true,
        timeout: Duration::from_secs(5),
        answer_as: None,
        raw: 4096,
        forwarded: false,
        described: None,
    }
}

fn policy() -> TargetPolicy {
    let allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()];
    TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() }
}

pub(crate) fn target(url: &str) -> Target {
    Target::parse(url, &policy()).unwrap()
}

fn through(routes: Vec<Route>) -> Started {
    Made { routes, ..before("http://127.0.0.1:1/") }.start()
}

pub(crate) async fn get(gateway: &Started, path: &str, fields: &str) -> Called {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{fields}\r\n");
    gateway.send(&request).await
}

/// The heads that an upstream received.
pub(crate) fn heads(upstream: &Hostile) -> Vec<String> {
    let seen = upstream.seen();
    seen.requests.iter().map(|r| String::from_utf8_lossy(&r.bytes).to_ascii_lowercase()).collect()
}

fn conflict() -> Answer {
    Answer::json(r#"{"error":{"code":1003,"message":"x","token":"planted"}}"#).status(409)
}

#[tokio::test]
async fn a_request_goes_on_below_the_targets_path() {
    let upstream = Hostile::http1(Answer::json("{}").turn()).unwrap();
    let gateway = through(vec![route(&upstream, "http")]);
    let answer = get(&gateway, "/shop/a%20b?x=1&y", "X-Own: 1\r\nAuthorization: mine\r\n").await;
    assert_eq!((answer.status(), answer.header("candor-class")), (200, "ok"));
    let head = &heads(&upstream)[0];
    assert!(head.starts_with("get /base/a%20b?x=1&y http/1.1\r\n"), "{head}");
    assert!(head.contains("x-own: 1\r\n") && head.contains("authorization: mine\r\n"), "{head}");
    assert!(head.contains("\r\ntraceparent: 00-"), "{head}");
}

#[tokio::test]
async fn a_prefix_is_whole_segments_and_the_longest_wins() {
    let (one, two) = (Answer::json("1"), Answer::json("2"));
    let (one, two) = (Hostile::http1(one.turn()).unwrap(), Hostile::http1(two.turn()).unwrap());
    let deeper =
        Route { name: "deeper".to_owned(), prefix: "/shop/in".to_owned(), ..route(&two, "http") };
    let gateway = through(vec![route(&one, "http"), deeper]);
    for (path, body) in [("/shop", "1"), ("/shop/inn", "1"), ("/shop/in", "2"), ("/shop/in/x", "2")]
    {
        assert_eq!(get(&gateway, path, "").await.0.body, body.as_bytes(), "{path}");
    }
    assert_eq!(get(&gateway, "/shopping", "").await.status(), 404);
}

#[tokio::test]
async fn a_host_is_asked_before_a_prefix() {
    let (one, two) = (Answer::json("1"), Answer::json("2"));
    let (one, two) = (Hostile::http1(one.turn()).unwrap(), Hostile::http1(two.turn()).unwrap());
    let by_host = Route {
        name: "by-host".to_owned(),
        host: Some("gateway".to_owned()),
        prefix: String::new(),
        ..route(&two, "http")
    };
    let gateway = through(vec![route(&one, "http"), by_host]);
    assert_eq!(get(&gateway, "/shop", "").await.0.body, b"2");
    for (host, body) in [("GATEWAY:81", "2"), ("other", "1"), ("[::1]:81", "1")] {
        let request = format!("GET /shop HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(gateway.send(&request).await.0.body, body.as_bytes(), "{host}");
    }
}

#[tokio::test]
async fn a_failure_is_answered_in_the_form_that_the_caller_or_the_route_wishes() {
    let upstream = Hostile::http1(conflict().turn()).unwrap();
    let default = route(&upstream, "acronis-platform");
    let passing = Route {
        name: "passing".to_owned(),
        prefix: "/as-it-came".to_owned(),
        answer_as: Some(AnswerAs::AsItCame),
        ..route(&upstream, "acronis-platform")
    };
    let gateway = through(vec![default, passing]);
    let problem = ("application/problem+json", 409);
    let vendors = ("application/json", 409);
    let cases = [
        ("/shop", "", problem),
        ("/shop", "Accept: application/json;dialect=upstream\r\n", vendors),
        ("/as-it-came", "Accept: */*\r\n", vendors),
        ("/as-it-came", "Accept: application/problem+json\r\n", problem),
    ];
    for (path, accept, (media, status)) in cases {
        let answer = get(&gateway, path, accept).await;
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (status, media),
            "{path} {accept}"
        );
        assert_eq!(answer.header("candor-row"), "acronis-platform@2/1003");
        assert!(!answer.header("candor-error-id").is_empty());
        if media == vendors.0 {
            assert_eq!(answer.0.body, conflict().body);
        }
    }
    let solace = get(&gateway, "/shop", "Accept: application/json;dialect=solace-cloud\r\n").await;
    assert!(solace.json()["errorId"].is_string(), "{solace:?}");
}

#[tokio::test]
async fn what_the_vendor_said_is_shown_bounded_and_without_its_secrets() {
    let upstream = Hostile::http1(conflict().turn()).unwrap();
    let bounded =
        Route { prefix: "/bounded".to_owned(), raw: 10, ..route(&upstream, "acronis-platform") };
    let silent =
        Route { prefix: "/silent".to_owned(), raw: 0, ..route(&upstream, "acronis-platform") };
    let gateway = through(vec![route(&upstream, "acronis-platform"), bounded, silent]);
    let raw = get(&gateway, "/shop", "").await.json()["raw"].clone();
    assert_eq!(raw["content_type"], "application/json");
    assert_eq!(raw["body"], r#"{"error":{"code":1003,"message":"x","token":"[redacted]"}}"#);
    let raw = get(&gateway, "/bounded", "").await.json()["raw"].clone();
    assert_eq!((&raw["body"], &raw["cut"]), (&r#"{"error":{"#.into(), &true.into()));
    assert!(get(&gateway, "/silent", "").await.json().get("raw").is_none());
}

#[tokio::test]
async fn the_routes_own_credentials_are_shown_and_their_refusal_is_the_gateways_fault() {
    let refused = Answer::json(r#"{"error":{"code":401,"message":"no"}}"#).status(401);
    let upstream = Hostile::http1(refused.turn()).unwrap();
    let own = Route {
        credentials: Credentials::Field("x-key".parse().unwrap(), HeaderValue::from_static("ours")),
        ..route(&upstream, "acronis-platform")
    };
    let gateway = through(vec![own]);
    let answer = get(&gateway, "/shop", "Authorization: mine\r\nX-Key: mine\r\n").await;
    assert_eq!((answer.status(), answer.header("candor-origin")), (502, "gateway"));
    let head = &heads(&upstream)[0];
    assert!(head.contains("x-key: ours\r\n") && !head.contains("mine"), "{head}");
    let callers = through(vec![route(&upstream, "acronis-platform")]);
    let answer = get(&callers, "/shop", "Authorization: mine\r\n").await;
    assert_eq!((answer.status(), answer.header("candor-origin")), (401, "caller"));
}

#[tokio::test]
async fn in_development_a_caller_names_the_target() {
    let upstream = Hostile::http1(conflict().turn()).unwrap();
    let library = Library::shipped().unwrap();
    let tables = library.tables().iter().map(|t| (t.name().to_owned(), Arc::clone(t))).collect();
    let named_targets = Some(NamedTargets::new(policy(), tables));
    let gateway = Made { named_targets, ..before("http://127.0.0.1:1/") }.start();
    let target = format!("Candor-Target: {}\r\n", upstream.url("/base"));
    let answer = get(&gateway, "/x?y=1", &target).await;
    assert_eq!(answer.header("candor-row"), "http@1/status.409");
    let fields = format!("{target}Candor-Contract: acronis-platform\r\n");
    let answer = get(&gateway, "/x?y=1", &fields).await;
    assert_eq!(answer.header("candor-row"), "acronis-platform@2/1003");
    let head = &heads(&upstream)[1];
    assert!(head.starts_with("get /base/x?y=1 ") && !head.contains("candor-"), "{head}");
    for (field, words) in [
        ("Candor-Target: x\r\n".to_owned(), "not a URL"),
        (format!("{target}Candor-Contract: open2c\r\n"), "did you mean `open2b`"),
        ("Candor-Target: http://169.254.169.254/\r\n".to_owned(), ""),
    ] {
        let answer = get(&gateway, "/x", &field).await;
        assert_eq!(answer.header("candor-outcome"), "unsent");
        assert!(String::from_utf8_lossy(&answer.0.body).contains(words), "{answer:?}");
    }
    let without = through(vec![]);
    assert_eq!(get(&without, "/x", &target).await.status(), 404);
}

fn tokens(server: &Hostile, auth: ClientAuth) -> Credentials {
    let secret = SecretString::from("s3cret/planted");
    let parameters = vec![("scope".to_owned(), "read write".to_owned())];
    let id = "client".to_owned();
    let server = target(&server.url("/token"));
    Credentials::OAuth(Arc::new(ClientCredentials::new(server, id, secret, auth, parameters)))
}

fn token(token: &str) -> Answer {
    Answer::json(format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":3600}}"#))
}

fn refusal() -> Answer {
    Answer::json(r#"{"error":{"code":401,"message":"no"}}"#).status(401)
}

#[tokio::test]
async fn a_token_is_fetched_once_and_shown_to_all_calls() {
    let server = Hostile::http1(token("one").turn()).unwrap();
    let upstream = Hostile::http1(Answer::json("{}").turn()).unwrap();
    let credentials = tokens(&server, ClientAuth::Basic);
    let gateway = through(vec![Route { credentials, ..route(&upstream, "http") }]);
    for _ in 0..3 {
        assert_eq!(get(&gateway, "/shop", "Authorization: mine\r\n").await.status(), 200);
    }
    assert!(heads(&upstream).iter().all(|head| head.contains("authorization: bearer one\r\n")));
    let asked = heads(&server);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("post /token http/1.1\r\n"), "{asked:?}");
    assert!(
        asked[0].contains("authorization: basic y2xpzw50onmzy3jldcuyrnbsyw50zwq=\r\n"),
        "{asked:?}"
    );
    assert!(asked[0].ends_with("grant_type=client_credentials&scope=read+write"), "{asked:?}");
}

#[tokio::test]
async fn a_withdrawn_token_is_renewed_once() {
    let script = Script::from(token("one").turn()).then(token("two").turn());
    let server = Hostile::http1(script).unwrap();
    let script =
        Script::from(refusal().turn()).then(Answer::json("{}").turn()).then(refusal().turn());
    let upstream = Hostile::http1(script).unwrap();
    let credentials = tokens(&server, ClientAuth::Body);
    let gateway = through(vec![Route { credentials, ..route(&upstream, "acronis-platform") }]);
    let answer = get(&gateway, "/shop", "").await;
    assert_eq!((answer.status(), answer.header("candor-attempts")), (200, "2"));
    // From now on no token helps: one more is tried, and then the refusal is told.
    let answer = get(&gateway, "/shop", "").await;
    assert_eq!((answer.status(), answer.header("candor-attempts")), (502, "2"));
    assert_eq!(answer.json()["attempts"][0]["decision"], "repeated with other credentials");
    assert_eq!(heads(&server).len(), 3);
    assert!(heads(&server)[0].ends_with("&client_id=client&client_secret=s3cret%2fplanted"));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let refused = Answer::json(r#"{"error":"invalid_client","secret":"planted"}"#).status(401);
    let broken = Answer::json("no json");
    for (answer, status, row) in
        [(refused, 502, "http@1/held.credentials"), (broken, 503, "http@1/held.no-token")]
    {
        let server = Hostile::http1(answer.turn()).unwrap();
        let upstream = Hostile::http1(Answer::json("{}").turn()).unwrap();
        let credentials = tokens(&server, ClientAuth::Basic);
        let gateway = through(vec![Route { credentials, ..route(&upstream, "http") }]);
        let answer = get(&gateway, "/shop", "").await;
        assert_eq!((answer.status(), answer.header("candor-row")), (status, row));
        assert_eq!(answer.header("candor-outcome"), "unsent");
        assert!(!String::from_utf8_lossy(&answer.0.body).contains("planted"));
        assert_eq!(heads(&upstream).len(), 0);
    }
}
