//! The wire of each trouble with a connection, a head or a frame.

use crate::kit::{Ended, GET, POST, SHORT, call, call_briefly, connect, read, text};
use candor_hostile::{Answer, Hostile, Turn, Until, connection, framing, heads};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

fn with(turn: Turn) -> Hostile {
    Hostile::http1(turn).unwrap()
}

#[test]
fn a_closed_port_refuses_and_a_full_one_does_not_answer() {
    let refuses = Hostile::refuses().unwrap();
    let error = TcpStream::connect(refuses.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let full = Hostile::never_accepts().unwrap();
    let error = TcpStream::connect_timeout(&full.address(), SHORT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!((refuses.seen().connections, full.seen().connections), (0, 0));
}

#[test]
fn connections_end_as_the_script_says() {
    let half = "HTTP/1.1 200 Scripted";
    let whole = "{\"status\":\"ok\"}";
    for (turn, start, end, how) in [
        (connection::resets_on_accept(), "", "", Ended::Reset),
        (connection::closes_on_accept(), "", "", Ended::Closed),
        (connection::resets_after(10), "", "", Ended::Reset),
        (connection::closes_after(10), "", "", Ended::Closed),
        (connection::resets_after_the_requests_head(), "", "", Ended::Reset),
        (connection::closes_after_the_requests_head(), "", "", Ended::Closed),
        (connection::closes_before_the_head(), "", "", Ended::Closed),
        (connection::resets_before_the_head(), "", "", Ended::Reset),
        (connection::closes_in_the_head(), half, "", Ended::Closed),
        (connection::closes_before_the_body(), half, "\r\n\r\n", Ended::Closed),
        (connection::closes_in_the_body(), half, "\r\n\r\n{\"statu", Ended::Closed),
        (connection::resets_in_the_body(), half, "\r\n\r\n{\"statu", Ended::Reset),
        (connection::closes_after_the_answer(), half, whole, Ended::Closed),
    ] {
        let (bytes, ended) = call(&with(turn.clone()), POST);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(ended, how, "{turn:?}");
        assert!(text.starts_with(start) && text.ends_with(end), "{text:?} of {turn:?}");
    }
}

#[test]
fn silence_falls_where_the_script_says() {
    for (turn, end, complete) in [
        (connection::mute_on_accept(), "", 0),
        (connection::mute_after(10), "", 0),
        (connection::mute_before_the_head(), "", 1),
        (connection::mute_in_the_head(), "\r\nContent-Type: a", 1),
        (connection::mute_before_the_body(), "\r\n\r\n", 1),
        (connection::mute_in_the_body(), "{\"statu", 1),
    ] {
        let upstream = with(turn.clone());
        let (bytes, ended) = call_briefly(&upstream, POST);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!((ended, upstream.seen().complete()), (Ended::Silent, complete), "{turn:?}");
        assert!(text.ends_with(end), "{text:?} of {turn:?}");
    }
}

#[test]
fn what_drips_arrives_in_the_end() {
    let pause = Duration::from_micros(100);
    assert!(text(call(&with(connection::drips_the_head(pause)), GET)).ends_with("\"ok\"}"));
    let body = format!("\r\n\r\n{}", "x".repeat(20));
    assert!(text(call(&with(connection::drips_the_body(20, pause)), GET)).ends_with(&body));
}

#[test]
fn lengths_lie_by_as_much_as_they_are_told_to() {
    for (turn, length, body) in [
        (framing::announces_more(5), "Content-Length: 20\r\n", 15),
        (framing::announces_less(5), "Content-Length: 10\r\n", 15),
        (framing::trails_bytes(), "Content-Length: 15\r\n", 24),
        (framing::two_lengths(), "Content-Length: 15\r\nContent-Length: 16\r\n", 15),
        (framing::negative_length(), "Content-Length: -1\r\n", 15),
        (framing::until_close(), "Content-Type: application/json\r\n\r\n", 15),
    ] {
        let answer = text(call_briefly(&with(turn), GET));
        let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
        assert!(format!("{head}\r\n\r\n").contains(length), "{head}");
        assert_eq!(rest.len(), body, "{rest}");
    }
}

#[test]
fn chunks_are_broken_where_the_script_says() {
    for (turn, piece) in [
        (framing::bad_chunk_size(), "\r\n\r\nnonsense\r\n"),
        (framing::chunk_without_line_end(), "}XX0\r\n"),
        (framing::overflowing_chunk_size(), "\r\n\r\nfffffffffffffffff\r\n"),
        (framing::no_last_chunk(), "f\r\n{\"status\":\"ok\"}\r\n"),
        (framing::chunk_extensions(100_000), "xxxx\r\n{\"status\""),
    ] {
        let answer = text(call(&with(turn), GET));
        assert!(answer.contains("Transfer-Encoding: chunked\r\n") && answer.contains(piece));
    }
    assert!(text(call(&with(framing::chunk_extension_flood(100)), GET)).len() > 100 * 1024);
}

#[test]
fn heads_are_wrong_as_the_script_says() {
    for (turn, start) in [
        (heads::ssh_banner(), "SSH-2.0-"),
        (heads::smtp_banner(), "220 "),
        (heads::no_head(), "{"),
        (heads::http2_status_line(), "HTTP/2.0 200"),
        (heads::long_status(), "HTTP/1.1 2000"),
        (heads::informational(2), "HTTP/1.1 103"),
        (heads::answers_after_the_requests_head(), "HTTP/1.1 413"),
        (heads::duplicate_headers(), "HTTP/1.1 200"),
    ] {
        let answer = text(call_briefly(&with(turn), GET));
        assert!(answer.starts_with(start), "{answer}");
    }
    assert!(text(call(&with(heads::giant_header(1 << 20)), GET)).len() > 1 << 20);
    let hinted = text(call_briefly(&with(heads::informational(50)), GET));
    assert_eq!(hinted.matches("HTTP/1.1 103").count(), 50);
    assert!(hinted.contains("HTTP/1.1 200"));
}

#[test]
fn a_banner_comes_before_anything_is_asked() {
    let (bytes, ended) = read(&mut connect(&with(heads::ssh_banner())), SHORT);
    assert_eq!((bytes.starts_with(b"SSH-2.0"), ended), (true, Ended::Silent));
}

#[test]
fn a_kept_connection_serves_turn_after_turn() {
    let script = candor_hostile::Script::from(Answer::json("1").turn())
        .then(Answer::json("2").turn())
        .then(Turn::new().reads(Until::Head).resets());
    let upstream = Hostile::http1(script).unwrap();
    let mut stream = connect(&upstream);
    for expected in [1, 2] {
        stream.write_all(POST.as_bytes()).unwrap();
        let (bytes, ended) = read(&mut stream, SHORT);
        let ending = format!("\r\n\r\n{expected}");
        assert!(bytes.ends_with(ending.as_bytes()) && ended == Ended::Silent);
    }
    stream.write_all(POST.as_bytes()).unwrap();
    assert_eq!(read(&mut stream, crate::kit::SOON).1, Ended::Reset);
    let seen = upstream.seen();
    assert_eq!((seen.connections, seen.begun(), seen.complete()), (1, 3, 2));
}

#[test]
fn a_kept_connection_that_was_not_read_to_the_end_is_closed() {
    let upstream = with(Turn::new().reads(Until::Head).says(Answer::json("1").bytes()).keeps());
    let (bytes, ended) = call(&upstream, POST);
    assert!(bytes.ends_with(b"\r\n\r\n1"));
    assert_eq!((ended, upstream.seen().complete()), (Ended::Closed, 0));
}
