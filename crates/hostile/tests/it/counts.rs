//! What the upstream knows of what it received.

use crate::kit::{GET, POST, SOON, call, call_briefly, connect};
use candor_hostile::{Answer, Hostile, Script, Turn, Until, What, connection};
use std::io::Write;

fn fine() -> Turn {
    Answer::json("{}").turn().closes()
}

#[test]
fn a_request_is_told_with_its_bytes() {
    let upstream = Hostile::http1(fine()).unwrap();
    call(&upstream, POST);
    let seen = upstream.seen();
    let request = &seen.requests[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/things"));
    assert_eq!((request.header("x-id"), request.body()), (Some("7"), &b"body"[..]));
    assert_eq!((request.bytes.as_slice(), request.complete), (POST.as_bytes(), true));
    assert_eq!((seen.bytes, seen.may_have_applied()), (POST.len() as u64, 1));
}

#[test]
fn a_request_that_was_read_in_part_is_not_complete() {
    for (turn, received) in [
        (connection::resets_on_accept(), 0),
        (connection::resets_after(10), 10),
        (connection::resets_after_the_requests_head(), POST.len() - 4),
        (Turn::new().reads(Until::Bytes(POST.len() - 1)).resets(), POST.len() - 1),
        (Turn::new().reads(Until::Bytes(POST.len())).resets(), POST.len()),
        (Turn::new().reads(Until::Bytes(10_000)).resets(), POST.len()),
        (connection::resets_before_the_head(), POST.len()),
    ] {
        let upstream = Hostile::http1(turn).unwrap();
        call(&upstream, POST);
        let seen = upstream.seen();
        assert_eq!(seen.bytes, received as u64);
        assert_eq!(seen.begun(), usize::from(received > 0));
        assert_eq!(seen.complete(), usize::from(received == POST.len()));
        assert_eq!(seen.partly() + seen.complete(), seen.begun());
    }
}

#[test]
fn a_client_that_breaks_off_leaves_a_part() {
    let upstream = Hostile::http1(fine()).unwrap();
    connect(&upstream).write_all(&POST.as_bytes()[..20]).unwrap();
    assert!(upstream.saw(SOON, |seen| seen.events.iter().any(|e| e.what == What::Ended(0))));
    let seen = upstream.seen();
    assert_eq!((seen.begun(), seen.partly(), seen.requests[0].length), (1, 1, 20));
}

#[test]
fn events_are_in_the_order_of_time() {
    let script = Script::from(connection::resets_after(5)).then(fine());
    let upstream = Hostile::http1(script).unwrap();
    call(&upstream, GET);
    call(&upstream, GET);
    let ended = |seen: &candor_hostile::Seen| {
        seen.events.iter().filter(|e| matches!(e.what, What::Ended(_))).count() == 2
    };
    assert!(upstream.saw(SOON, ended));
    let seen = upstream.seen();
    let whats: Vec<What> = seen.events.iter().map(|event| event.what).collect();
    for what in [
        What::Accepted(0),
        What::Began(0),
        What::Ended(0),
        What::Accepted(1),
        What::Began(1),
        What::Completed(1),
        What::Ended(1),
    ] {
        assert!(whats.contains(&what), "{what:?}");
    }
    assert!(seen.events.is_sorted_by_key(|event| event.at));
    assert_eq!(seen.began_at().len(), 2);
}

#[test]
fn a_body_beyond_what_is_kept_is_counted() {
    let upstream = Hostile::http1(fine()).unwrap();
    let size = candor_hostile::seen::KEPT * 2;
    let head = format!("POST / HTTP/1.1\r\nContent-Length: {size}\r\n\r\n");
    call(&upstream, &(head.clone() + &"x".repeat(size)));
    let seen = upstream.seen();
    let request = &seen.requests[0];
    assert_eq!(request.length, (head.len() + size) as u64);
    assert_eq!((request.bytes.len(), request.complete), (candor_hostile::seen::KEPT, true));
}

#[test]
fn chunks_of_a_request_are_read_to_their_end() {
    let upstream = Hostile::http1(fine()).unwrap();
    call(&upstream, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    assert_eq!(upstream.seen().complete(), 1);
}

#[test]
fn a_script_without_turns_closes_everything() {
    let upstream = Hostile::http1(Vec::new()).unwrap();
    assert!(call(&upstream, GET).0.is_empty());
}

#[test]
fn everything_ends_on_drop() {
    let upstream = Hostile::http1(connection::mute_on_accept()).unwrap();
    call_briefly(&upstream, GET);
    let mut open = connect(&upstream);
    let address = upstream.address();
    drop(upstream);
    assert_ne!(crate::kit::read(&mut open, SOON).1, crate::kit::Ended::Silent);
    assert!(std::net::TcpStream::connect(address).is_err());
}
