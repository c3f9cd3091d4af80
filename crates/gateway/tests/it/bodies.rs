//! A success is the same bytes as without the gateway: of any size, in both directions, over HTTP/1.1
//! and over HTTP/2. `CANDOR_BODIES=1000` compares as many over each.

use crate::gateway::{Made, before};
use crate::routes::route;
use crate::stream::caller::{Answered, Caller};
use crate::stream::identity::Identity;
use crate::stream::pieces::Pieces;
use crate::stream::upstream;
use candor_gateway::{ClientCertificates, Route, TlsFiles, TlsSettings};
use candor_hostile::Hostile;
use candor_wire::{Target, TargetPolicy, TlsVersion};
use std::net::SocketAddr;
use std::time::Duration;

/// The largest body.
const MOST: u64 = 16 << 20;
/// Sizes at which something changes.
const EDGES: [u64; 9] = [
    0,
    1,
    (64 << 10) - 1,
    64 << 10,
    (64 << 10) + 1,
    (256 << 10) - 1,
    256 << 10,
    (256 << 10) + 1,
    MOST,
];

/// The edges, and sizes whose logarithms are spread evenly.
fn sizes(count: usize, random: &mut fastrand::Rng) -> Vec<u64> {
    #[expect(clippy::cast_precision_loss, reason = "a size, not a sum")]
    let most = (MOST as f64).ln();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "up to 16 MiB")]
    let some = std::iter::repeat_with(|| (random.f64() * most).exp() as u64);
    EDGES.into_iter().chain(some).take(count).collect()
}

fn made(upstream: SocketAddr, identity: Option<&Identity>) -> Made {
    let scheme = if identity.is_some() { "https" } else { "http" };
    let policy = TargetPolicy {
        allow_http: true,
        allow_cidrs: vec!["127.0.0.0/8".parse().unwrap()],
        platform_roots: false,
        extra_roots: identity.iter().map(|identity| identity.certificate.clone()).collect(),
        ..TargetPolicy::default()
    };
    let target = Target::parse(&format!("{scheme}://{upstream}/"), &policy).unwrap();
    let nobody = Hostile::refuses().unwrap();
    // A test machine may have better things to do for a while.
    let timeout = Duration::from_secs(30);
    let route = Route { target, timeout, ..route(&nobody, "http") };
    Made { routes: vec![route], ..before("http://127.0.0.1:1/") }
}

/// TLS as files have it.
fn settings(identity: &Identity) -> TlsSettings {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let certificate = write("certificate.pem", &identity.certificate_pem);
    let key = write("key.pem", &identity.key_pem);
    let clients = ClientCertificates::Unasked;
    TlsSettings::read(&TlsFiles { certificate, key, clients, least: TlsVersion::V1_3 }).unwrap()
}

/// The same call with the gateway and without it.
async fn same(direct: &mut Caller, through: &mut Caller, path: &str) -> Answered {
    let expected = direct.call("GET", path, Pieces::none()).await;
    let answered = through.call("GET", &format!("/shop{path}"), Pieces::none()).await;
    assert_eq!(answered, expected, "{path}");
    assert!(expected.status == 200 && expected.body.is_ok(), "{expected:?}");
    answered
}

/// How many bodies were compared, and how many bytes they had.
async fn compare(count: usize, identity: Option<&Identity>) -> (usize, u64) {
    let mut random = fastrand::Rng::with_seed(7);
    let upstream = upstream::start(identity).await;
    let gateway = Made { tls: identity.map(settings), ..made(upstream, identity) }.start();
    let mut direct = Caller::of(upstream, identity);
    let mut through = Caller::of(gateway.address(), identity);
    let mut bytes = 0;
    for size in sizes(count, &mut random) {
        let body = Pieces::some(size, &mut random);
        let down = same(&mut direct, &mut through, &format!("/bytes/{body}")).await;
        assert_eq!(down.body.as_ref().unwrap().length, size);
        let back = ["/shop/echo/x", "/shop/mirror/x"][random.usize(..2)];
        let echoed = through.call("PUT", back, body).await;
        assert_eq!(echoed, down, "{back} {body}");
        bytes += 3 * size;
    }
    (count, bytes)
}

/// How many bodies are compared over each version.
fn count() -> usize {
    std::env::var("CANDOR_BODIES").ok().and_then(|count| count.parse().ok()).unwrap_or(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bodies_over_http1_are_the_same_bytes_as_without_the_gateway() {
    let (count, bytes) = compare(count(), None).await;
    println!("HTTP/1.1: {count} bodies down, {count} there and back, {bytes} bytes, all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bodies_over_http2_are_the_same_bytes_as_without_the_gateway() {
    let (count, bytes) = compare(count(), Some(&Identity::new())).await;
    println!("HTTP/2: {count} bodies down, {count} there and back, {bytes} bytes, all the same");
}
