//! Callers who are slow, many, or deaf.

use crate::gateway::{Started, before};
use crate::raw;
use std::io::{Read, Write};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(60);
const REQUEST: &[u8] = b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n";

fn hurried() -> Started {
    let mut made = before("http://127.0.0.1:1/");
    made.door.head_time = SHORT;
    made.door.idle_time = SHORT;
    made.start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_is_answered_408() {
    let gateway = hurried();
    for begun in [&b"G"[..], b"P", b"GET /x HTTP/1.1\r\nHost: g\r\nA: b", b"\r\nGET"] {
        let mut slow = raw::connect(gateway.address());
        slow.write_all(begun).unwrap();
        let answers = raw::answers(&raw::read_to_end(&mut slow));
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses, [408], "{begun:?}");
    }
}

/// A byte now and then does not keep a connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_is_answered_408() {
    let gateway = hurried();
    let mut slow = raw::connect(gateway.address());
    slow.write_all(b"GET /x HTTP/1.1\r\n").unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut begun = [0; 12];
    let answered = (0..200).any(|_| {
        slow.write_all(b"A").unwrap();
        slow.read_exact(&mut begun).is_ok()
    });
    assert!(answered && &begun == b"HTTP/1.1 408");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed() {
    let gateway = hurried();
    let mut mute = raw::connect(gateway.address());
    assert_eq!(raw::read_to_end(&mut mute), b"");
    let mut kept = raw::connect(gateway.address());
    for _ in 0..2 {
        kept.write_all(REQUEST).unwrap();
        std::thread::sleep(SHORT / 2);
    }
    assert_eq!(raw::answers(&raw::read_to_end(&mut kept)).len(), 2);
}

/// A call may take longer than a caller may be silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_waits_for_its_answer_is_not_silent() {
    use crate::gateway::{ID, post};
    use crate::handler::{Handler, ok};
    let handler = Handler::plain(|_, seen| {
        std::thread::sleep(SHORT * 3);
        Some(ok(seen, "{}"))
    })
    .await;
    let mut made = before(format!("http://{}/", handler.address));
    (made.door.head_time, made.door.idle_time) = (SHORT, SHORT);
    let gateway = made.start();
    let target = format!("/callbacks/{ID}?tenant=acme");
    let request = post(&target, "", r#"{"login":"a"}"#);
    assert_eq!(gateway.send(&request).await.status(), 200);
}

/// An answer that nobody takes is given up: here the keys, asked for until no buffer holds more.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_does_not_read_is_cut_off() {
    let mut made = before("http://127.0.0.1:1/");
    made.door.write_time = SHORT;
    let gateway = made.start();
    let mut deaf = raw::connect(gateway.address());
    deaf.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let asks = b"GET /api/idp/v1/keys HTTP/1.1\r\nHost: g\r\n\r\n".repeat(1000);
    let error = (0..10_000).find_map(|_| deaf.write_all(&asks).err()).expect("an end");
    let cut = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
    assert!(cut.contains(&error.kind()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_tenth_of_the_places_puts_off() {
    let mut made = before("http://127.0.0.1:1/");
    made.limits.connections = 10;
    let gateway = made.start();
    let ask = |stream: &mut std::net::TcpStream| {
        stream.write_all(REQUEST).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).map(|()| String::from_utf8_lossy(&answer[9..]).into_owned())
    };
    let mut kept: Vec<_> = (0..9).map(|_| raw::connect(gateway.address())).collect();
    for stream in &mut kept {
        assert_eq!(ask(stream).unwrap(), "404");
    }
    let answers = raw::exchange(gateway.address(), &[REQUEST]);
    assert_eq!((answers.len(), answers[0].status.as_u16()), (1, 503));
    assert_eq!(answers[0].headers["retry-after"], "1");
    assert_eq!(raw::json(&answers[0])["class"], "shed");
    // What was put off keeps no place.
    drop(kept.pop());
    let free = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        ask(&mut raw::connect(gateway.address())).is_ok_and(|status| status == "404")
    });
    assert!(free);
}

#[tokio::test(flavor = "multi_thread")]
async fn places_beyond_the_limit_are_not_served() {
    let mut made = before("http://127.0.0.1:1/");
    made.limits.connections = 2;
    let gateway = made.start();
    let mut kept: Vec<_> = (0..2).map(|_| raw::connect(gateway.address())).collect();
    for stream in &mut kept {
        stream.write_all(REQUEST).unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
    let mut third = raw::connect(gateway.address());
    let _sent = third.write_all(REQUEST);
    assert!(matches!(third.read(&mut [0]), Ok(0) | Err(_)));
}
