//! The troubles of HTTP/2, by a client that follows the protocol.

use crate::kit::{SHORT, SOON};
use bytes::Bytes;
use candor_hostile::{Answer, Hostile, Script, StreamTurn, bodies, catalogue, streams};
use h2::Reason;
use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::net::TcpStream;

/// How a call ended: status and body, or what came of it.
type Called = Result<(StatusCode, Vec<u8>), h2::Error>;

async fn connect(to: &Hostile) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(to.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    // Its errors arrive at the streams as well.
    tokio::spawn(async move { drop(connection.await) });
    client
}

async fn call(client: SendRequest<Bytes>, body: &'static str) -> Called {
    let mut client = client.ready().await?;
    let request = Request::post("http://x/things").header("x-id", "7").body(()).unwrap();
    let (response, mut sending) = client.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        // A stream that has been refused meanwhile tells so below.
        drop(sending.send_data(Bytes::from(body), true));
    }
    let (head, mut body) = response.await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        bytes.extend_from_slice(&piece);
    }
    Ok((head.status, bytes))
}

async fn once(turn: StreamTurn) -> (Called, candor_hostile::Seen) {
    let upstream = Hostile::http2(turn).unwrap();
    let called = call(connect(&upstream).await, "body").await;
    let settled = |seen: &candor_hostile::Seen| {
        seen.requests.iter().all(|r| r.complete || r.disclaimed) && seen.begun() > 0
    };
    upstream.saw(SHORT, settled);
    (called, upstream.seen())
}

#[tokio::test]
async fn an_answer_arrives_and_the_request_is_told() {
    let (called, seen) = once(bodies::html().into()).await;
    let (status, body) = called.unwrap();
    assert!(status == StatusCode::OK && body.starts_with(b"<!doctype"));
    let request = &seen.requests[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/things"));
    assert_eq!((request.header("x-id"), request.body()), (Some("7"), &b"body"[..]));
    assert_eq!((request.stream, request.length, request.complete), (Some(1), 4, true));
}

#[tokio::test]
async fn a_refused_stream_is_disclaimed() {
    let (called, seen) = once(streams::refuses()).await;
    assert_eq!(called.unwrap_err().reason(), Some(Reason::REFUSED_STREAM));
    assert_eq!((seen.begun(), seen.may_have_applied()), (1, 0));
}

#[tokio::test]
async fn going_away_before_names_the_stream_before() {
    let (called, seen) = once(streams::goes_away_before()).await;
    let error = called.unwrap_err();
    assert!(error.is_go_away() && error.is_remote(), "{error:?}");
    assert_eq!((seen.begun(), seen.complete(), seen.may_have_applied()), (1, 0, 0));
    assert!(seen.requests[0].disclaimed);
}

#[tokio::test]
async fn going_away_before_a_later_stream_leaves_the_earlier_one_alone() {
    let fine = StreamTurn::answers(Answer::json("{}"));
    let upstream = Hostile::http2(Script::from(fine).then(streams::goes_away_before())).unwrap();
    let client = connect(&upstream).await;
    call(client.clone(), "one").await.unwrap();
    assert!(call(client, "two").await.unwrap_err().is_go_away());
    let seen = upstream.seen();
    assert_eq!((seen.connections, seen.begun(), seen.may_have_applied()), (1, 2, 1));
}

#[tokio::test]
async fn going_away_after_leaves_the_effect_open() {
    for turn in [streams::goes_away_after(), streams::goes_away_to_calm()] {
        let (called, seen) = once(turn).await;
        called.unwrap_err();
        assert_eq!((seen.complete(), seen.may_have_applied()), (1, 1));
    }
    let (called, _) = once(streams::answers_and_goes_away()).await;
    assert_eq!(called.unwrap().1, br#"{"status":"ok"}"#);
}

#[tokio::test]
async fn a_stream_is_reset_where_the_script_says() {
    for (turn, reason) in [
        (streams::resets_before_the_head(streams::CANCEL), Reason::CANCEL),
        (streams::resets_after_the_head(), Reason::INTERNAL_ERROR),
        (streams::resets_in_the_body(), Reason::INTERNAL_ERROR),
        (streams::refuses_in_the_body(), Reason::REFUSED_STREAM),
        (streams::resets_after_the_body(), Reason::CANCEL),
    ] {
        let (called, seen) = once(turn.clone()).await;
        assert_eq!(called.unwrap_err().reason(), Some(reason), "{turn:?}");
        assert_eq!(seen.may_have_applied(), 1, "{turn:?}");
    }
}

#[tokio::test]
async fn a_connection_is_lost_where_the_script_says() {
    for turn in [
        streams::closes_before_the_head(),
        streams::closes_in_the_body(),
        streams::connection_resets_before_the_head(),
        streams::connection_resets_in_the_body(),
    ] {
        let (called, seen) = once(turn.clone()).await;
        assert!(!called.unwrap_err().is_reset(), "{turn:?}");
        assert_eq!(seen.may_have_applied(), 1, "{turn:?}");
    }
    let (called, seen) = once(streams::closes_after_the_requests_head()).await;
    called.unwrap_err();
    assert_eq!((seen.partly(), seen.may_have_applied()), (1, 0));
}

#[tokio::test]
async fn an_early_end_and_hints_are_seen() {
    let (called, _) = once(streams::ends_too_early()).await;
    // The client of this test holds the length against the body.
    assert_eq!(called.unwrap_err().reason(), Some(Reason::PROTOCOL_ERROR));
    assert_eq!(once(streams::informational(3)).await.0.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn every_trouble_is_followed_by_a_fine_answer() {
    for trouble in catalogue::http2() {
        let fine = StreamTurn::answers(Answer::json("fine"));
        let upstream = Hostile::http2(Script::from(trouble.turn).then(fine)).unwrap();
        let patience = if trouble.stalls { SHORT } else { SOON };
        let called = tokio::time::timeout(patience, call(connect(&upstream).await, "body")).await;
        assert_eq!(called.is_err(), trouble.stalls, "{}", trouble.name);
        let (_, body) = call(connect(&upstream).await, "body").await.unwrap();
        assert_eq!(body, b"fine", "{}", trouble.name);
    }
}

#[tokio::test]
async fn silence_lasts() {
    let upstream = Hostile::http2(streams::mute_before_the_head()).unwrap();
    let client = connect(&upstream).await;
    let called = tokio::time::timeout(SHORT, call(client, "body")).await;
    assert!(called.is_err() && upstream.saw(SOON, |seen| seen.complete() == 1));
}

#[tokio::test]
async fn streams_of_one_connection_take_their_own_turns() {
    let fine = StreamTurn::answers(Answer::json("{}"));
    let script = Script::from(streams::mute_before_the_head()).then(streams::refuses()).then(fine);
    let upstream = Hostile::http2(script).unwrap();
    let client = connect(&upstream).await;
    let first = tokio::spawn(call(client.clone(), ""));
    while upstream.seen().begun() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(call(client.clone(), "").await.is_err());
    assert!(call(client, "").await.is_ok());
    first.abort();
    let seen = upstream.seen();
    assert_eq!((seen.connections, seen.complete(), seen.may_have_applied()), (1, 3, 2));
}
