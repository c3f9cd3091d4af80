//! Calls over HTTP/2: what befalls a stream befalls one call, and says how much of it had left.

use crate::frames::{
    CANCEL, DATA, END_HEADERS, END_STREAM, HEADERS, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM,
    RESET, bounded_speaker, field, settings, speaker,
};
use crate::kit::{SHORT, assert_fault, client, get, hurried, open_policy, post};
use crate::peer::{Peer, reset, say};
use candor_facts::{Fault, FaultKind, Outcome, Sent};
use candor_wire::{Client, ClientSettings, Outbound, PoolLimits, Received, Target, TargetPolicy};
use candor_wire::{HeadLimits, Versions};
use http::{StatusCode, Version};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// An upstream that is known to speak HTTP/2 over plain TCP.
fn target(address: SocketAddr) -> Target {
    let policy = TargetPolicy { prior_knowledge: true, http: Versions::Http2Only, ..open_policy() };
    Target::parse(&format!("http://{address}/base"), &policy).unwrap()
}

/// So many calls at once.
async fn at_once(count: usize, client: &Client, target: &Target) -> Vec<Result<Received, Fault>> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (client, target) = (client.clone(), target.clone());
        calls.spawn(async move { client.send(&target, post(&target, "body")).await });
    }
    calls.join_all().await
}

/// What becomes of a POST, and then of a second call to the same peer.
async fn twice(peer: &Peer, first: Outbound) -> (Result<Received, Fault>, Result<Received, Fault>) {
    let (client, target) = (client(), target(peer.address));
    (client.send(&target, first).await, client.send(&target, get(&target)).await)
}

// === one connection for all ===

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_share_one_connection() {
    let peer = speaker(|mut raw| async move { raw.keep_answering().await }).await;
    let (client, target) = (client(), target(peer.address));
    for _ in 0..5 {
        for answer in at_once(40, &client, &target).await {
            let answer = answer.unwrap();
            assert_eq!((answer.version, answer.status), (Version::HTTP_2, StatusCode::OK));
            assert_eq!(answer.body, "fine");
        }
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn calls_that_wait_for_one_connection_share_what_failed() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    for result in at_once(10, &client(), &target(address)).await {
        assert_fault(result, FaultKind::ConnectionRefused, Sent::Nothing);
    }
}

#[tokio::test]
async fn the_peers_bound_on_streams_is_kept() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let peer = bounded_speaker(settings(2, 65_535), move |mut raw| {
        let seen = Arc::clone(&seen);
        async move {
            // The first answer comes when the settings are known.
            let first = raw.asked().await.unwrap();
            raw.answer(first).await;
            let mut open = Vec::new();
            let patience = Duration::from_millis(30);
            loop {
                match tokio::time::timeout(patience, raw.asked()).await {
                    Ok(Some(stream)) => open.push(stream),
                    Ok(None) => return,
                    Err(_) => {
                        seen.fetch_max(open.len(), Ordering::SeqCst);
                        for stream in open.drain(..) {
                            raw.answer(stream).await;
                        }
                    }
                }
            }
        }
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    client.send(&target, get(&target)).await.unwrap();
    assert!(at_once(7, &client, &target).await.iter().all(Result::is_ok));
    assert_eq!((most.load(Ordering::SeqCst), peer.accepted()), (2, 1));
}

#[tokio::test]
async fn who_gets_no_stream_in_time_has_sent_nothing() {
    let peer = bounded_speaker(settings(1, 65_535), |mut raw| async move {
        let first = raw.asked().await.unwrap();
        raw.answer(first).await;
        while raw.next().await.is_some() {}
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    client.send(&target, get(&target)).await.unwrap();
    let other = (client.clone(), target.clone());
    let long = tokio::spawn(async move { other.0.send(&other.1, get(&other.1)).await });
    tokio::task::yield_now().await;
    let request = hurried(post(&target, "body"), |timeouts| timeouts.head = SHORT);
    let result = client.send(&target, request).await;
    assert_fault(result, FaultKind::SendTimedOut, Sent::Nothing);
    long.abort();
}

#[tokio::test]
async fn the_request_goes_out_as_it_should() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = Peer::new(move |stream| {
        let tell = tell.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                tell.send(request.into_parts().0).unwrap();
                let answer = http::Response::builder().status(204).body(()).unwrap();
                respond.send_response(answer, true).unwrap();
            }
        }
    })
    .await;
    let target = target(peer.address);
    let mut asked = post(&target, "{}");
    asked.path = target.join("/things?x=1").unwrap();
    for (name, value) in
        [("host", "evil.example"), ("connection", "x-hop"), ("x-hop", "1"), ("x-id", "7")]
    {
        asked.headers.insert(name, value.parse().unwrap());
    }
    assert_eq!(client().send(&target, asked).await.unwrap().status, StatusCode::NO_CONTENT);
    let head = heard.recv().await.unwrap();
    assert_eq!(head.uri, format!("http://{}/base/things?x=1", peer.address).as_str());
    let mut fields: Vec<_> = head.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    fields.sort_unstable();
    assert_eq!(fields, [("content-length", b"2".as_slice()), ("x-id", b"7")]);
}

// === streams that end badly ===

#[tokio::test]
async fn a_refused_stream_is_unsent_and_not_sent_again() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw| {
        let tell = tell.clone();
        async move {
            let mut code = REFUSED_STREAM;
            while let Some(stream) = raw.asked().await {
                tell.send(stream).unwrap();
                match std::mem::replace(&mut code, NO_ERROR) {
                    NO_ERROR => raw.answer(stream).await,
                    code => raw.reset(stream, code).await,
                }
            }
        }
    })
    .await;
    let address = target(peer.address);
    let (first, second) = twice(&peer, post(&address, "body")).await;
    let fault = first.unwrap_err();
    assert_eq!(fault.kind, FaultKind::StreamRefused, "{}", fault.detail);
    assert_eq!((fault.sent, fault.evidence()), (Sent::All, Outcome::Unsent));
    assert_eq!(second.unwrap().body, "fine");
    assert_eq!((heard.recv().await, heard.recv().await), (Some(1), Some(3)));
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_reset_before_the_head_is_told_by_what_had_left() {
    for code in [NO_ERROR, INTERNAL_ERROR, CANCEL, 0xb, 0xd] {
        let peer = speaker(move |mut raw| async move {
            let stream = raw.asked().await.unwrap();
            raw.reset(stream, code).await;
            raw.keep_answering().await;
        })
        .await;
        let address = target(peer.address);
        let (first, second) = twice(&peer, post(&address, "body")).await;
        assert_fault(first, FaultKind::HeadClosed, Sent::All);
        assert!(second.is_ok() && peer.accepted() == 1);
    }
    let peer = speaker(|mut raw| async move {
        let head = raw.until(HEADERS).await.unwrap();
        raw.reset(head.stream, INTERNAL_ERROR).await;
        raw.keep_answering().await;
    })
    .await;
    let address = target(peer.address);
    let (first, second) = twice(&peer, post(&address, vec![b'x'; 1 << 20])).await;
    assert_fault(first, FaultKind::SendBroken, Sent::Part);
    assert!(second.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_reset_within_the_body_truncates_it() {
    for code in [NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM] {
        let peer = speaker(move |mut raw| async move {
            let stream = raw.asked().await.unwrap();
            raw.head(stream, &[]).await;
            raw.send(DATA, 0, stream, b"so far").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            raw.reset(stream, code).await;
            raw.keep_answering().await;
        })
        .await;
        let address = target(peer.address);
        let (first, second) = twice(&peer, get(&address)).await;
        let fault = first.unwrap_err();
        assert_eq!(fault.kind, FaultKind::BodyTruncated, "{}", fault.detail);
        assert_eq!((fault.sent, fault.evidence()), (Sent::All, Outcome::Unknown));
        assert!(second.is_ok() && peer.accepted() == 1);
    }
}

#[tokio::test]
async fn an_answer_before_the_whole_request_is_an_answer() {
    let peer = speaker(|mut raw| async move {
        let head = raw.until(HEADERS).await.unwrap();
        raw.answer(head.stream).await;
        raw.reset(head.stream, NO_ERROR).await;
        raw.keep_answering().await;
    })
    .await;
    let address = target(peer.address);
    let (first, second) = twice(&peer, post(&address, vec![b'x'; 1 << 20])).await;
    assert_eq!(first.unwrap().body, "fine");
    assert!(second.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_time_out_cancels_the_stream_and_not_the_connection() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw| {
        let tell = tell.clone();
        async move {
            while let Some(frame) = raw.next().await {
                match (frame.kind, frame.flags & END_STREAM, frame.stream) {
                    (RESET, _, _) => tell.send(frame).unwrap(),
                    // No head for the first request, which ends in DATA; no body for the second.
                    (HEADERS, END_STREAM, 3) => raw.head(3, &[]).await,
                    (HEADERS, END_STREAM, stream) => raw.answer(stream).await,
                    _ => {}
                }
            }
        }
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    let request = hurried(post(&target, "body"), |timeouts| timeouts.head = SHORT);
    let result = client.send(&target, request).await;
    assert_fault(result, FaultKind::HeadTimedOut, Sent::All);
    let request = hurried(get(&target), |timeouts| timeouts.body = SHORT);
    let result = client.send(&target, request).await;
    assert_fault(result, FaultKind::BodyTimedOut, Sent::All);
    client.send(&target, get(&target)).await.unwrap();
    for stream in [1, 3] {
        let frame = heard.recv().await.unwrap();
        assert_eq!((frame.stream, frame.payload), (stream, CANCEL.to_be_bytes().to_vec()));
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_peer_that_opens_no_window_makes_sending_time_out() {
    let peer =
        bounded_speaker(settings(100, 0), |mut raw| async move { raw.keep_answering().await })
            .await;
    let address = target(peer.address);
    let request = hurried(post(&address, vec![b'x'; 1 << 20]), |timeouts| timeouts.head = SHORT);
    let (first, second) = twice(&peer, request).await;
    assert_fault(first, FaultKind::SendTimedOut, Sent::Part);
    assert!(second.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_large_body_is_refused_on_its_stream_alone() {
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        raw.head(stream, &[]).await;
        for _ in 0..4 {
            raw.send(DATA, 0, stream, &[b'x'; 1024]).await;
        }
        raw.keep_answering().await;
    })
    .await;
    let address = target(peer.address);
    let request = Outbound { body_limit: 2048, ..get(&address) };
    let (first, second) = twice(&peer, request).await;
    assert_fault(first, FaultKind::BodyTooLarge, Sent::All);
    assert!(second.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_body_of_another_length_than_announced_is_malformed() {
    for (length, body) in [("9", b"short".as_slice()), ("3", b"longer")] {
        let peer = speaker(move |mut raw| async move {
            let stream = raw.asked().await.unwrap();
            raw.head(stream, &field("content-length", length)).await;
            raw.send(DATA, END_STREAM, stream, body).await;
            raw.keep_answering().await;
        })
        .await;
        let address = target(peer.address);
        let (first, second) = twice(&peer, get(&address)).await;
        assert_fault(first, FaultKind::BodyMalformed, Sent::All);
        assert!(second.is_ok() && peer.accepted() == 1);
    }
}

// === heads ===

/// What becomes of a GET whose answer's head has these bytes.
async fn headed(head: Vec<u8>, kind: FaultKind) {
    let peer = speaker(move |mut raw| {
        let head = head.clone();
        async move {
            let stream = raw.asked().await.unwrap();
            let (first, rest) = head.split_at(head.len().min(16_384));
            let whole = if rest.is_empty() { END_HEADERS } else { 0 };
            raw.send(HEADERS, END_STREAM | whole, stream, first).await;
            let pieces: Vec<_> = rest.chunks(16_384).collect();
            for (at, piece) in pieces.iter().enumerate() {
                let flags = if at + 1 == pieces.len() { END_HEADERS } else { 0 };
                raw.send(9, flags, stream, piece).await;
            }
            raw.keep_answering().await;
        }
    })
    .await;
    let address = target(peer.address);
    let (first, _) = twice(&peer, get(&address)).await;
    assert_fault(first, kind, Sent::All);
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let giant = "x".repeat(127 + 128 * 255);
    headed([&[0x88][..], &field("x-giant", &giant)].concat(), FaultKind::HeadTooLarge).await;
    let many = field("x", "y").repeat(101);
    headed([&[0x88][..], &many].concat(), FaultKind::HeadTooLarge).await;
    // What the HTTP/2 layer itself stops at, it does not tell from any other breach.
    let far_too_large = field("x-giant", &giant).repeat(5);
    headed([&[0x88][..], &far_too_large].concat(), FaultKind::HeadMalformed).await;
}

#[tokio::test]
async fn a_head_that_breaks_the_protocol_is_malformed() {
    let without_status = field("x", "y");
    headed(without_status, FaultKind::HeadMalformed).await;
    headed([&[0x88][..], &field("X-Upper", "y")].concat(), FaultKind::HeadMalformed).await;
    headed([&[0x88][..], &field("connection", "close")].concat(), FaultKind::HeadMalformed).await;
    // An index that is in no table.
    headed(vec![0xff, 0x7f], FaultKind::HeadMalformed).await;
}

#[tokio::test]
async fn interim_answers_without_end_time_out() {
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        for _ in 0..1000 {
            raw.send(HEADERS, END_HEADERS, stream, &[8, 3, b'1', b'0', b'3']).await;
        }
        raw.keep_answering().await;
    })
    .await;
    let address = target(peer.address);
    let (first, second) = twice(&peer, hurried(get(&address), |t| t.head = SHORT)).await;
    assert_fault(first, FaultKind::HeadTimedOut, Sent::All);
    assert!(second.is_ok() && peer.accepted() == 1);
}

#[tokio::test]
async fn a_peer_of_another_protocol_is_malformed() {
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new(move |mut stream| async move {
        say(&mut stream, refusal.as_bytes()).await;
        while stream.read(&mut [0; 4096]).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let target = target(peer.address);
    let fault = client().send(&target, get(&target)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::HeadMalformed, "{}", fault.detail);
}

// === connections that end ===

#[tokio::test]
async fn a_stream_that_a_leaving_peer_did_not_take_is_unsent() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let peer = speaker(move |mut raw| async move {
            let first = raw.asked().await.unwrap();
            raw.answer(first).await;
            if raw.asked().await.is_some() {
                raw.go_away(first, code).await;
                raw.keep_answering().await;
            }
        })
        .await;
        let (client, target) = (client(), target(peer.address));
        client.send(&target, get(&target)).await.unwrap();
        let fault = client.send(&target, post(&target, "body")).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::GoneAway, "{}", fault.detail);
        assert_eq!(fault.evidence(), Outcome::Unsent);
        client.send(&target, get(&target)).await.unwrap();
        assert_eq!(peer.accepted(), 2);
    }
}

#[tokio::test]
async fn a_stream_that_a_leaving_peer_took_is_answered() {
    let peer = speaker(|mut raw| async move {
        let stream = raw.asked().await.unwrap();
        raw.go_away(stream, NO_ERROR).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        raw.answer(stream).await;
        raw.keep_answering().await;
    })
    .await;
    let address = target(peer.address);
    let (first, second) = twice(&peer, post(&address, "body")).await;
    assert_eq!(first.unwrap().body, "fine");
    assert!(second.is_ok() && peer.accepted() == 2);
}

#[tokio::test]
async fn a_stream_that_a_leaving_peer_took_and_lost_is_unknown() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let peer = speaker(move |mut raw| async move {
            let stream = raw.asked().await.unwrap();
            raw.go_away(stream, code).await;
        })
        .await;
        let target = target(peer.address);
        let fault = client().send(&target, post(&target, "body")).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::HeadClosed, "{}", fault.detail);
        assert_eq!(fault.evidence(), Outcome::Unknown);
    }
}

#[tokio::test]
async fn the_end_of_the_connection_ends_every_call_on_it() {
    for by_reset in [false, true] {
        let peer = speaker(move |mut raw| async move {
            for _ in 0..5 {
                raw.asked().await.unwrap();
            }
            if by_reset {
                reset(raw.0);
            }
        })
        .await;
        let (client, target) = (client(), target(peer.address));
        for result in at_once(5, &client, &target).await {
            assert_fault(result, FaultKind::HeadClosed, Sent::All);
        }
        assert_eq!(peer.accepted(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_ended_while_idle_is_replaced() {
    for farewell in [false, true] {
        let peer = speaker(move |mut raw| async move {
            let stream = raw.asked().await.unwrap();
            raw.answer(stream).await;
            if farewell {
                raw.go_away(stream, NO_ERROR).await;
                while raw.next().await.is_some() {}
            }
        })
        .await;
        let (client, target) = (client(), target(peer.address));
        for _ in 0..3 {
            let answer = client.send(&target, post(&target, "body")).await.unwrap();
            assert!(!answer.timing.reused);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(peer.accepted(), 3);
    }
}

#[tokio::test]
async fn a_peer_that_gives_no_sign_of_life_is_dead() {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw| {
        let tell = tell.clone();
        async move {
            raw.asked().await.unwrap();
            tell.send(()).unwrap();
            while raw.next().await.is_some() {}
        }
    })
    .await;
    let (client, target) = (client(), target(peer.address));
    let hour = Duration::from_hours(1);
    let patient = Outbound { deadline: Instant::now() + hour, ..post(&target, "body") };
    let patient = hurried(patient, |timeouts| timeouts.head = hour);
    let call = tokio::spawn(async move { client.send(&target, patient).await });
    heard.recv().await.unwrap();
    tokio::time::pause();
    let paused = Instant::now();
    assert_fault(call.await.unwrap(), FaultKind::HeadClosed, Sent::All);
    assert!(paused.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn an_old_or_idle_connection_is_not_used_again() {
    let peer = speaker(|mut raw| async move { raw.keep_answering().await }).await;
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
async fn nobody_coming_back_closes_a_shared_connection() {
    let (tell, mut ended) = mpsc::unbounded_channel();
    let peer = speaker(move |mut raw| {
        let tell = tell.clone();
        async move {
            raw.keep_answering().await;
            tell.send(()).unwrap();
        }
    })
    .await;
    let target = target(peer.address);
    let pool = PoolLimits { idle: Duration::from_millis(30), ..PoolLimits::default() };
    let head = HeadLimits::default();
    let client = Client::new(ClientSettings { pool, head, ..ClientSettings::default() }).unwrap();
    client.send(&target, get(&target)).await.unwrap();
    ended.recv().await.unwrap();
}
