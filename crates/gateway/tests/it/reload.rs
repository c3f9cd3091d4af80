//! Another setup for a running gateway: it counts from the next request on, and disturbs nothing.

use crate::gateway::{ID, before, post};
use crate::handler::{Handler, ok};
use crate::raw;
use candor_wire::{Target, TargetPolicy};
use std::io::{Read, Write};
use std::sync::mpsc;

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
