//! Callers as a request finds them: by key, certificate and token.

mod mint;

use super::*;
use crate::limits::{CallerRate, ConcurrencyRule, LineRule, RATE_LIMIT, Rate, Terms};
use candor_wire::{ClientSettings, Target, TargetPolicy};
use mint::Mint;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

const NOW: i64 = 1_795_000_000;
const ISSUER: &str = "https://login.example/";

fn clock() -> Clock {
    Clock::Set(Arc::new(AtomicI64::new(NOW * 1000)))
}

fn client() -> Client {
    Client::new(ClientSettings::default()).unwrap()
}

fn caller(name: &str, keys: &[&str]) -> CallerSettings {
    let key = |key: &&str| ApiKey { hash: Digest::of(key.as_bytes()), expires: None };
    CallerSettings {
        name: name.to_owned(),
        keys: keys.iter().map(key).collect(),
        certificates: Vec::new(),
        subjects: Vec::new(),
        rights: Rights::default(),
    }
}

fn callers(all: Vec<CallerSettings>) -> Callers {
    Callers::new(CallersSettings { callers: all, ..CallersSettings::default() }).unwrap()
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// The name of the caller, or why there is none.
async fn who(callers: &Callers, fields: &[(&'static str, &str)]) -> Result<String, HeldKind> {
    known(callers, fields, None).await.map(|caller| caller.name().to_string())
}

async fn known(
    callers: &Callers,
    fields: &[(&'static str, &str)],
    peer: Option<&PeerIdentity>,
) -> Result<Caller, HeldKind> {
    let headers = headers(fields);
    callers.identify(&client(), &headers, peer, &clock()).await.map_err(|held| held.kind)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may fail")]
fn ok(name: &str) -> Result<String, HeldKind> {
    Ok(name.to_owned())
}

const NOBODY: Result<String, HeldKind> = Err(HeldKind::Unauthenticated);

// === nobody set up ===

#[tokio::test]
async fn where_nobody_is_set_up_everybody_is_anonymous() {
    let callers = Callers::new(CallersSettings::default()).unwrap();
    assert!(callers.is_open() && Callers::default().is_open());
    assert_eq!(who(&callers, &[("x-api-key", "whatever")]).await, ok("anonymous"));
    let caller = known(&callers, &[], None).await.unwrap();
    for _ in 0..100 {
        let _admission = caller.admit("any", &clock(), Instant::now()).await.unwrap();
    }
}

// === API keys ===

#[tokio::test]
async fn a_key_is_shown_in_its_own_field_or_as_a_bearer_token() {
    let callers = callers(vec![caller("one", &["k1", "k2"]), caller("two", &["k3"])]);
    assert!(!callers.is_open());
    assert_eq!(who(&callers, &[("x-api-key", "k1")]).await, ok("one"));
    assert_eq!(who(&callers, &[("x-api-key", "k2")]).await, ok("one"));
    assert_eq!(who(&callers, &[("authorization", "Bearer k3")]).await, ok("two"));
    assert_eq!(who(&callers, &[("authorization", "bearer k3")]).await, ok("two"));
}

#[tokio::test]
async fn what_is_wrong_missing_or_there_twice_is_nobody_s() {
    let callers = callers(vec![caller("one", &["k1"])]);
    for fields in [
        &[][..],
        &[("x-api-key", "k2")],
        &[("x-api-key", "")],
        &[("x-api-key", "k1"), ("x-api-key", "k1")],
        &[("x-api-key", "k2"), ("authorization", "Bearer k1")],
        &[("authorization", "Basic k1")],
        &[("authorization", "k1")],
        &[("authorization", "Bearer a.b.c")],
        &[("authorization", "Bearer k1"), ("authorization", "Bearer k1")],
    ] {
        assert_eq!(who(&callers, fields).await, NOBODY, "{fields:?}");
    }
}

#[tokio::test]
async fn a_key_is_taken_until_it_expires() {
    let key = |text: &str, expires: i64| ApiKey {
        hash: Digest::of(text.as_bytes()),
        expires: Some(jiff::Timestamp::from_second(expires).unwrap()),
    };
    let keys = vec![key("old", NOW), key("new", NOW + 1)];
    let callers = callers(vec![CallerSettings { keys, ..caller("one", &[]) }]);
    assert_eq!(who(&callers, &[("x-api-key", "old")]).await, NOBODY);
    assert_eq!(who(&callers, &[("x-api-key", "new")]).await, ok("one"));
}

#[tokio::test]
async fn what_the_gateway_was_shown_is_hidden_and_the_rest_is_not() {
    let callers = callers(vec![caller("one", &["k1"])]);
    let fields = [("x-api-key", "k1"), ("authorization", "Bearer for-the-vendor")];
    let mut shown = headers(&fields);
    known(&callers, &fields, None).await.unwrap().hide_credentials(&mut shown);
    assert_eq!(shown, headers(&fields[1..]));
    let fields = [("authorization", "Bearer k1"), ("x-other", "stays")];
    let mut shown = headers(&fields);
    known(&callers, &fields, None).await.unwrap().hide_credentials(&mut shown);
    assert_eq!(shown, headers(&fields[1..]));
}

#[tokio::test]
async fn no_refusal_and_no_debug_output_shows_a_key() {
    let callers = callers(vec![caller("one", &["planted-1"])]);
    for fields in [[("x-api-key", "planted-2")], [("authorization", "Bearer planted-2")]] {
        let headers = headers(&fields);
        let held = callers.identify(&client(), &headers, None, &clock()).await.unwrap_err();
        assert!(!format!("{held:?}").contains("planted"));
    }
    assert!(!format!("{callers:?}").contains("planted"));
}

#[test]
fn settings_that_cannot_hold_are_refused() {
    let new = |callers| {
        let settings = CallersSettings { callers, ..CallersSettings::default() };
        Callers::new(settings).unwrap_err().to_string()
    };
    let known_by_subject = CallerSettings {
        subjects: vec![Subject { issuer: "x".to_owned(), subject: "y".to_owned() }],
        ..caller("one", &[])
    };
    assert!(new(vec![caller("", &["k"])]).starts_with("a caller's name is"));
    assert!(new(vec![caller("a\nb", &["k"])]).starts_with("a caller's name is"));
    assert!(new(vec![caller("one", &[])]).contains("known by nothing"));
    assert!(new(vec![caller("one", &["k"]), caller("one", &["l"])]).contains("have the name"));
    assert!(new(vec![caller("one", &["k"]), caller("two", &["k"])]).contains("have the key"));
    assert!(new(vec![known_by_subject]).contains("which is not set up"));
}

// === certificates ===

#[tokio::test]
async fn a_certificate_is_known_by_a_name_or_as_a_whole() {
    let der = |name: &str| {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    };
    let [one, two, other] = ["one.example", "two.example", "other.example"].map(der);
    let mark = |mark| vec![mark];
    let callers = callers(vec![
        CallerSettings {
            certificates: mark(CertificateMark::Name("One.Example".to_owned())),
            ..caller("one", &["k1"])
        },
        CallerSettings {
            certificates: mark(CertificateMark::Fingerprint(Digest::of(&two))),
            ..caller("two", &[])
        },
    ]);
    let who = async |der: &[u8], fields: &[(&'static str, &str)]| {
        let peer = PeerIdentity::from_der(der).unwrap();
        known(&callers, fields, Some(&peer)).await.map(|caller| caller.name().to_string())
    };
    assert_eq!(who(&one, &[]).await, ok("one"));
    assert_eq!(who(&two, &[("authorization", "Bearer for-the-vendor")]).await, ok("two"));
    assert_eq!(who(&two, &[("x-api-key", "k1")]).await, ok("one"));
    assert_eq!(who(&other, &[]).await, NOBODY);
}

// === what a caller may do ===

#[tokio::test(start_paused = true)]
async fn a_caller_may_use_its_routes_within_its_limits() {
    let rate = CallerRate::Window(Rate::new(2, Duration::from_mins(1)).unwrap());
    let line = LineRule { places: 0, ..LineRule::default() };
    let terms = Terms {
        rate: Some(rate),
        concurrency: Some(ConcurrencyRule { calls: 1, line }),
        quota: None,
    };
    let rights = Rights { routes: Some(vec!["open2b".to_owned()]), terms };
    let callers = callers(vec![CallerSettings { rights, ..caller("one", &["k1"]) }]);
    let caller = known(&callers, &[("x-api-key", "k1")], None).await.unwrap();
    let admit = async |route| {
        let admission = caller.admit(route, &clock(), Instant::now()).await;
        admission.map_err(|held| held.kind)
    };
    assert_eq!(admit("solace").await.unwrap_err(), HeldKind::NotPermitted);
    let first = admit("open2b").await.unwrap();
    assert_eq!(admit("open2b").await.unwrap_err(), HeldKind::DeadlineExceeded);
    drop(first);
    assert_eq!(admit("open2b").await.unwrap_err(), HeldKind::RateLimited);
    let mut told = HeaderMap::new();
    caller.tell(&clock(), &mut told);
    assert_eq!(told[RATE_LIMIT], "\"default\";r=0;t=60");
}

// === tokens ===

fn issuer(keys: KeySource, others: Option<Rights>) -> IssuerSettings {
    IssuerSettings {
        issuer: ISSUER.to_owned(),
        audiences: vec!["candor".to_owned()],
        keys,
        name_claim: "sub".to_owned(),
        others,
    }
}

fn trusting(issuer: IssuerSettings, callers: Vec<CallerSettings>) -> Callers {
    let settings = CallersSettings { callers, issuers: vec![issuer], ..CallersSettings::default() };
    Callers::new(settings).unwrap()
}

fn file(text: &str) -> (NamedTempFile, KeySource) {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let source = KeySource::File(file.path().to_owned());
    (file, source)
}

fn set(mints: &[&Mint]) -> String {
    let keys: Vec<_> = mints.iter().map(|mint| mint.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn claims(subject: &str) -> serde_json::Value {
    json!({ "iss": ISSUER, "aud": "candor", "sub": subject, "exp": NOW + 300 })
}

async fn bearer_of(callers: &Callers, token: &str) -> Result<String, HeldKind> {
    who(callers, &[("authorization", &format!("Bearer {token}"))]).await
}

#[tokio::test]
async fn tokens_of_all_three_algorithms_are_taken() {
    let mints = [Mint::rsa("r"), Mint::ec("e"), Mint::ed("d")];
    let (_file, keys) = file(&set(&mints.each_ref()));
    let callers = trusting(issuer(keys, Some(Rights::default())), vec![caller("one", &["k1"])]);
    for mint in &mints {
        let token = mint.token(&claims("alice"));
        assert_eq!(bearer_of(&callers, &token).await, ok("alice"));
        let (start, end) = token.rsplit_once('.').unwrap();
        let other = mint.token(&claims("bob"));
        let (_, signature) = other.rsplit_once('.').unwrap();
        assert_eq!(bearer_of(&callers, &format!("{start}.{signature}")).await, NOBODY);
        assert_eq!(bearer_of(&callers, &format!("{start}.")).await, NOBODY);
        assert_eq!(bearer_of(&callers, &format!("{start}.{end}=")).await, NOBODY);
        assert_eq!(bearer_of(&callers, &format!("{start}.{end}.{end}")).await, NOBODY);
    }
    assert_eq!(who(&callers, &[("authorization", "Bearer k1")]).await, ok("one"));
}

#[tokio::test]
async fn a_token_must_fit_its_key_its_issuer_its_audience_and_the_time() {
    let (mint, foreign) = (Mint::ec("e"), Mint::ec("e"));
    let (_file, keys) = file(&set(&[&mint, &Mint::rsa("r")]));
    let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims("alice");
        claims[name] = value;
        mint.token(&claims)
    };
    let good = claims("alice");
    assert_eq!(bearer_of(&callers, &mint.token(&good)).await, ok("alice"));
    assert_eq!(
        bearer_of(&callers, &mint.token_as(&json!({ "alg": "ES256" }), &good)).await,
        ok("alice")
    );
    for bad in [
        foreign.token(&good),
        with("iss", json!("https://login.example")),
        with("iss", json!([ISSUER])),
        with("aud", json!("other")),
        with("exp", json!(NOW - 60)),
        with("nbf", json!(NOW + 61)),
        with("sub", json!("")),
        with("sub", json!(7)),
        with("sub", json!("two\nlines")),
        mint.token_as(&json!({ "alg": "none", "kid": "e" }), &good),
        mint.token_as(&json!({ "alg": "HS256", "kid": "e" }), &good),
        mint.token_as(&json!({ "alg": "ES256", "kid": "r" }), &good),
        mint.token_as(&json!({ "alg": "RS256", "kid": "e" }), &good),
        mint.token_as(&json!({ "alg": "ES256", "kid": "unknown" }), &good),
        mint.token_as(&json!({ "alg": "ES256", "kid": "e", "crit": ["x"] }), &good),
    ] {
        assert_eq!(bearer_of(&callers, &bad).await, NOBODY, "{bad}");
    }
}

#[tokio::test]
async fn a_subject_is_a_caller_that_is_set_up_or_one_of_the_others_or_nobody() {
    let mint = Mint::ed("d");
    let (_file, keys) = file(&set(&[&mint]));
    let subjects = vec![Subject { issuer: ISSUER.to_owned(), subject: "0oa17".to_owned() }];
    let listed = || CallerSettings { subjects: subjects.clone(), ..caller("billing", &[]) };
    let strict = trusting(issuer(keys.clone(), None), vec![listed()]);
    assert_eq!(bearer_of(&strict, &mint.token(&claims("0oa17"))).await, ok("billing"));
    assert_eq!(
        bearer_of(&strict, &mint.token(&claims("billing"))).await,
        Err(HeldKind::NotPermitted)
    );
    let open = trusting(issuer(keys, Some(Rights::default())), vec![listed()]);
    assert_eq!(bearer_of(&open, &mint.token(&claims("0oa17"))).await, ok("billing"));
    assert_eq!(bearer_of(&open, &mint.token(&claims("0oa18"))).await, ok("0oa18"));
}

#[tokio::test]
async fn keys_for_something_else_verify_nothing() {
    let mint = Mint::rsa("r");
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = mint.jwk();
        jwk[name] = value;
        jwk
    };
    let unusable = [
        with("use", json!("enc")),
        with("key_ops", json!(["encrypt"])),
        with("alg", json!("RS512")),
        with("alg", json!("RSA-OAEP")),
        json!({ "kty": "oct", "kid": "r", "k": "c2VjcmV0" }),
        json!({ "kty": "EC", "crv": "P-384", "kid": "r", "x": "AA", "y": "AA" }),
        json!({ "kty": "AKP", "kid": "r" }),
        json!("no key"),
    ];
    let only = json!({ "keys": unusable }).to_string();
    let (_file, keys) = file(&only);
    let settings = CallersSettings {
        issuers: vec![issuer(keys, Some(Rights::default()))],
        ..CallersSettings::default()
    };
    assert!(matches!(Callers::new(settings), Err(CallersError::NoKeys(_))));
    let mut beside = unusable.to_vec();
    beside.push(with("alg", json!("RS256")));
    let (_file, keys) = file(&json!({ "keys": beside }).to_string());
    let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
    assert_eq!(bearer_of(&callers, &mint.token(&claims("alice"))).await, ok("alice"));
}

#[test]
fn a_key_set_that_cannot_be_read_is_found_at_once() {
    let new = |keys| {
        let issuers = vec![issuer(keys, None)];
        Callers::new(CallersSettings { issuers, ..CallersSettings::default() }).unwrap_err()
    };
    let (_file, large) = file(&" ".repeat(256 * 1024 + 1));
    assert!(matches!(new(large), CallersError::KeyFile { .. }));
    assert!(matches!(new(KeySource::File("missing.json".into())), CallersError::KeyFile { .. }));
    let (_file, empty) = file("{\"keys\":[]}");
    assert!(matches!(new(empty), CallersError::NoKeys(_)));
}

// === keys that change ===

#[tokio::test(start_paused = true)]
async fn a_new_key_is_looked_for_once_a_minute_at_most() {
    let (old, new, newest) = (Mint::ed("1"), Mint::ed("2"), Mint::ed("3"));
    let (file, keys) = file(&set(&[&old]));
    let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
    let asks = async |mint: &Mint| bearer_of(&callers, &mint.token(&claims("a"))).await.is_ok();
    std::fs::write(file.path(), set(&[&old, &new])).unwrap();
    assert!(!asks(&new).await, "it was read a moment ago");
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(asks(&new).await && asks(&old).await);
    std::fs::write(file.path(), set(&[&newest])).unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert!(!asks(&newest).await && asks(&old).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(asks(&newest).await && !asks(&old).await);
}

#[tokio::test(start_paused = true)]
async fn keys_are_renewed_beside_the_calls_and_outlive_their_issuer_s_failures() {
    let (mint, new) = (Mint::ed("1"), Mint::ed("2"));
    let (file, keys) = file(&set(&[&mint]));
    let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
    let asks = async |mint: &Mint| bearer_of(&callers, &mint.token(&claims("a"))).await;
    std::fs::write(file.path(), set(&[&new])).unwrap();
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(asks(&mint).await, ok("a"), "the old set is used meanwhile");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(asks(&mint).await, NOBODY);
    std::fs::write(file.path(), "broken").unwrap();
    for _ in 0..23 {
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(asks(&new).await, ok("a"));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::advance(Duration::from_hours(1)).await;
    assert_eq!(asks(&new).await, Err(HeldKind::KeysUnavailable));
}

/// Serves what stands in `answer` on a loopback port, and counts how often.
async fn serve(answer: String) -> (KeySource, Arc<AtomicU32>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/keys.json", listener.local_addr().unwrap());
    let allow_cidrs = vec!["127.0.0.1/32".parse().unwrap()];
    let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    let count = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&count);
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counts.fetch_add(1, Ordering::Relaxed);
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            assert!(asked[..read].starts_with(b"GET /keys.json HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    (KeySource::Url(Target::parse(&url, &policy).unwrap()), count, task)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_who_wait() {
    let (mint, other) = (Mint::ed("1"), Mint::ed("2"));
    let (keys, count, server) = serve(answer("200 OK", &set(&[&mint]))).await;
    let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
    let (token, unknown) = (mint.token(&claims("a")), other.token(&claims("a")));
    let both = tokio::join!(bearer_of(&callers, &token), bearer_of(&callers, &token));
    assert_eq!(both, (ok("a"), ok("a")));
    for _ in 0..10 {
        assert_eq!(bearer_of(&callers, &unknown).await, NOBODY);
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
    server.abort();
}

#[tokio::test]
async fn an_issuer_without_keys_is_not_the_caller_s_fault() {
    let mint = Mint::ed("1");
    let good = set(&[&mint]);
    let large = format!("{}{good}", " ".repeat(256 * 1024));
    for answer in [
        answer("500 Internal Server Error", &good),
        answer("302 Found", &good),
        answer("200 OK", &large),
        answer("200 OK", "<html>"),
    ] {
        let (keys, count, server) = serve(answer).await;
        let callers = trusting(issuer(keys, Some(Rights::default())), Vec::new());
        for _ in 0..3 {
            let token = mint.token(&claims("a"));
            assert_eq!(bearer_of(&callers, &token).await, Err(HeldKind::KeysUnavailable));
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
        server.abort();
    }
}

// === another setup ===

/// Whether a caller is let through: its rate is one call a minute.
async fn passes(callers: &Callers, token: &str) -> Result<(), HeldKind> {
    let shown = format!("Bearer {token}");
    let caller = known(callers, &[("authorization", &shown)], None).await?;
    let admission = caller.admit("any", &clock(), Instant::now()).await;
    admission.map(drop).map_err(|held| held.kind)
}

fn once_in(time: Duration) -> Rights {
    let rate = Some(CallerRate::Window(Rate::new(1, time).unwrap()));
    Rights { routes: None, terms: Terms { rate, ..Terms::default() } }
}

#[tokio::test]
async fn whom_an_issuer_names_has_used_what_it_had_used_and_the_keys_stay() {
    let minute = Duration::from_mins(1);
    let mint = Mint::ed("1");
    let (keys, count, server) = serve(answer("200 OK", &set(&[&mint]))).await;
    let KeySource::Url(target) = keys else { panic!("a URL") };
    let made = |rights: Rights| {
        let subjects = vec![Subject { issuer: ISSUER.to_owned(), subject: "a".to_owned() }];
        let listed = CallerSettings { subjects, rights: rights.clone(), ..caller("listed", &[]) };
        trusting(issuer(KeySource::Url(target.clone()), Some(rights)), vec![listed])
    };
    let before = made(once_in(minute));
    let (listed, other) = (mint.token(&claims("a")), mint.token(&claims("b")));
    for token in [&listed, &other] {
        assert_eq!(passes(&before, token).await, Ok(()));
    }
    // The issuer is not to be had any more; its keys are.
    server.abort();
    let mut again = made(once_in(minute));
    again.go_on(&before);
    let mut changed = made(once_in(2 * minute));
    changed.go_on(&before);
    for token in [&listed, &other] {
        assert_eq!(passes(&again, token).await, Err(HeldKind::RateLimited));
        assert_eq!(passes(&changed, token).await, Ok(()));
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn one_account_goes_on_by_whatever_its_caller_is_known() {
    let made = |keys: &[&str]| {
        let rights = once_in(Duration::from_mins(1));
        callers(vec![CallerSettings { rights, ..caller("one", keys) }])
    };
    let (before, mut after) = (made(&["k1"]), made(&["k2", "k3"]));
    assert_eq!(passes(&before, "k1").await, Ok(()));
    after.go_on(&before);
    for key in ["k2", "k3"] {
        assert_eq!(passes(&after, key).await, Err(HeldKind::RateLimited));
    }
    assert_eq!(passes(&after, "k1").await, Err(HeldKind::Unauthenticated));
}
