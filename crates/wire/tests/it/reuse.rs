//! Connections are kept, and a kept one that has gone stale is replaced where nothing was sent.

use crate::kit::{assert_fault, client, get, post, target};
use crate::peer::{Peer, request, reset, say};
use candor_facts::{FaultKind, Sent};
use candor_wire::{Client, ClientSettings, PoolLimits};
use http::StatusCode;
use std::time::Duration;

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

#[tokio::test]
async fn a_connection_is_used_again() {
    let peer = Peer::that_keeps_answering(FINE).await;
    let (client, target) = (client(), target(peer.address));
    for round in 0..20 {
        let answer = client.send(&target, post(&target, "body")).await.unwrap();
        assert_eq!((answer.status, answer.timing.reused), (StatusCode::OK, round > 0));
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_used_again_across_threads() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n";
    let peer = Peer::that_keeps_answering(chunked).await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..200 {
        client.send(&target, get(&target)).await.unwrap();
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_client_works_on_a_local_set() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let peer = Peer::that_keeps_answering(FINE).await;
            let (client, target) = (client(), target(peer.address));
            let calls = (0..2).map(|_| {
                let (client, target) = (client.clone(), target.clone());
                let call = async move { client.send(&target, get(&target)).await.map(drop) };
                tokio::task::spawn_local(call)
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.unwrap().unwrap();
            }
        })
        .await;
}

#[tokio::test]
async fn targets_share_no_connection() {
    let peer = Peer::that_keeps_answering(FINE).await;
    let client = client();
    for target in [target(peer.address), target(peer.address)] {
        client.send(&target, get(&target)).await.unwrap();
    }
    assert_eq!(peer.accepted(), 2);
}

/// Whatever follows a complete answer must not be taken for the next one.
#[tokio::test]
async fn a_connection_with_something_left_on_it_is_not_used_again() {
    const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n";
    for first in [FINE, chunked] {
        for rest in [EVIL, "\r\n", "x", &"x".repeat(100_000)] {
            let answer: &'static str = format!("{first}{rest}").leak();
            let peer = Peer::that_keeps_answering(answer).await;
            let (client, target) = (client(), target(peer.address));
            for _ in 0..20 {
                let answer = client.send(&target, post(&target, "body")).await.unwrap();
                assert_eq!(answer.body, "fine");
            }
            assert_eq!(peer.accepted(), 20, "{rest:.10}");
        }
    }
}

/// The same, where the rest comes late: when the connection is kept already.
#[tokio::test]
async fn a_kept_connection_that_speaks_unasked_is_not_used_again() {
    let peer = Peer::new(|mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, FINE.as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        say(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").await;
        std::future::pending::<()>().await;
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..3 {
        let answer = client.send(&target, post(&target, "body")).await.unwrap();
        assert_eq!(answer.body, "fine");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(peer.accepted(), 3);
}

#[tokio::test]
async fn an_old_or_idle_connection_is_not_used_again() {
    let peer = Peer::that_keeps_answering(FINE).await;
    let target = target(peer.address);
    let day = Duration::from_hours(24);
    for (idle, lifetime) in [(Duration::ZERO, day), (day, Duration::ZERO)] {
        let before = peer.accepted();
        let pool = PoolLimits { idle, lifetime, per_target: 8 };
        let client = Client::new(ClientSettings { pool, ..ClientSettings::default() }).unwrap();
        client.send(&target, get(&target)).await.unwrap();
        client.send(&target, get(&target)).await.unwrap();
        assert_eq!(peer.accepted() - before, 2);
    }
}

#[tokio::test]
async fn nobody_coming_back_closes_a_kept_connection() {
    let (tell, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let peer = Peer::new(move |stream| {
        let tell = tell.clone();
        async move {
            crate::peer::keep_answering(stream, FINE).await;
            tell.send(()).unwrap();
        }
    })
    .await;
    let target = target(peer.address);
    let pool = PoolLimits { idle: Duration::from_millis(30), ..PoolLimits::default() };
    let client = Client::new(ClientSettings { pool, ..ClientSettings::default() }).unwrap();
    client.send(&target, get(&target)).await.unwrap();
    ended.recv().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let peer = Peer::that_answers(FINE).await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..3 {
        let answer = client.send(&target, post(&target, "body")).await.unwrap();
        assert!(!answer.timing.reused);
        // Time for the end of the connection to arrive.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(peer.accepted(), 3);
}

#[tokio::test]
async fn what_was_sent_on_a_kept_connection_is_not_sent_again() {
    let peer = Peer::new(|mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, FINE.as_bytes()).await;
        request(&mut stream).await;
        reset(stream);
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    client.send(&target, post(&target, "one")).await.unwrap();
    let result = client.send(&target, post(&target, "two")).await;
    assert_fault(result, FaultKind::HeadClosed, Sent::All);
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn an_answer_before_the_request_has_left_ends_the_connection() {
    let peer = Peer::new(|mut stream| async move {
        say(&mut stream, b"").await;
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut [0; 100]).await.unwrap();
        say(&mut stream, b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..2 {
        let large = vec![b'x'; 32 * 1024 * 1024];
        let answer = client.send(&target, post(&target, large)).await.unwrap();
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(peer.accepted(), 2);
}
