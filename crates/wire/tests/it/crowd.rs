//! Many calls at once to peers that refuse, leave and break off: what a fault says of its request
//! must be true.

use crate::kit::{client, open_policy, post};
use crate::peer::Peer;
use candor_facts::Outcome;
use candor_wire::{Outbound, Target, TargetPolicy, Versions};
use h2::Reason;
use http::{HeaderName, HeaderValue};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CALL: HeaderName = HeaderName::from_static("x-call");

type Acted = Arc<Mutex<HashSet<u64>>>;

/// Acts on most requests. Every seventh is refused; after some, the connection is left politely or
/// broken off.
async fn moody(stream: TcpStream, acted: Acted, mood: u64) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut count = 0;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        count += 1;
        let call: u64 = request.headers()[CALL].to_str().unwrap().parse().unwrap();
        if count % 7 == 0 {
            respond.send_reset(Reason::REFUSED_STREAM);
            continue;
        }
        assert!(acted.lock().unwrap().insert(call), "call {call} was sent twice");
        if let Ok(mut body) = respond.send_response(http::Response::new(()), false) {
            body.send_data("fine".into(), true).ok();
        }
        match (count, mood % 3) {
            (25, 0) => connection.graceful_shutdown(),
            (40, 1) => connection.abrupt_shutdown(Reason::INTERNAL_ERROR),
            (60, 2) => return,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_that_is_said_to_be_unsent_was_acted_upon() {
    let acted = Acted::default();
    let moods = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&acted);
    let peer = Peer::new(move |stream| {
        moody(stream, Arc::clone(&seen), moods.fetch_add(1, Ordering::Relaxed))
    })
    .await;
    let policy = TargetPolicy { prior_knowledge: true, http: Versions::Http2Only, ..open_policy() };
    let url = format!("http://{}", peer.address);
    let (client, target) = (client(), Target::parse(&url, &policy).unwrap());
    let (mut answered, mut unsent, mut unknown) = (0, 0, 0);
    for wave in 0..60 {
        let mut calls = JoinSet::new();
        for call in wave * 50..(wave + 1) * 50 {
            let (client, target) = (client.clone(), target.clone());
            calls.spawn(async move {
                let mut request: Outbound = post(&target, vec![b'x'; 1000]);
                request.headers.insert(CALL, HeaderValue::from(call));
                (call, client.send(&target, request).await)
            });
        }
        for (call, result) in calls.join_all().await {
            let was_acted_upon = acted.lock().unwrap().contains(&call);
            match result.map_err(|fault| (fault.evidence(), fault)) {
                Ok(answer) => {
                    assert_eq!(answer.body, "fine");
                    assert!(was_acted_upon);
                    answered += 1;
                }
                Err((Outcome::Unsent, fault)) => {
                    assert!(!was_acted_upon, "{call}: {fault:?}");
                    unsent += 1;
                }
                Err(_) => unknown += 1,
            }
        }
    }
    println!("{answered} answered, {unsent} unsent, {unknown} unknown");
    assert!(answered > 1000 && unsent > 100, "{answered} answered, {unsent} unsent");
}
