//! The guard and hyper, on the same bytes: hyper never refuses what the guard lets in, and both see
//! heads begin at the same places.

use super::DoorLimits;
use super::guard::Guard;
use super::link::Link;
use bytes::Bytes;
use candor_wire::body::ReadLimit;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// What requests are made of, good and bad.
const PARTS: [&str; 40] = [
    "GET / HTTP/1.1\r\n",
    "POST /a?b=c HTTP/1.1\r\n",
    "HEAD /x HTTP/1.0\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "GET http://h/ HTTP/1.1\r\n",
    "GET /\u{e4}[]|{}^\"<> HTTP/1.1\r\n",
    "get / HTTP/1.1\r\n",
    "CONNECT h:1 HTTP/1.1\r\n",
    "Host: h\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length:\t3 \r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "transfer-encoding: Chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "A: b\u{e4}\t c\r\n",
    "A:\r\n",
    " folded\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "hello",
    "5\r\nhello\r\n",
    "5;a=b\r\nhello\r\n",
    "A\r\n0123456789\r\n",
    "0\r\n\r\n",
    "0\r\nA: b\r\n\r\n",
    "00\r\n\r\n",
    "\0",
    " ",
    ":",
    "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
];

/// Some good requests, then parts as they come; here and there a byte is another one.
fn stream(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.usize(..3) {
        bytes.extend_from_slice(PARTS[PARTS.len() - 1 - random.usize(..3)].as_bytes());
    }
    for _ in 0..random.usize(1..12) {
        bytes.extend_from_slice(PARTS[random.usize(..PARTS.len())].as_bytes());
    }
    if random.u8(..3) == 0 {
        let at = random.usize(..bytes.len());
        bytes[at] = random.u8(..);
    }
    bytes
}

/// What hyper made of it: what its service was asked, and whether it stood for a refusal.
async fn seen(bytes: &[u8], pieces: usize) -> (Vec<(bool, bool)>, Vec<u8>) {
    let (mut caller, gateway) = tokio::io::duplex(1 << 20);
    let link = Rc::new(Link::default());
    let asked = RefCell::new(Vec::new());
    let service = service_fn(|request: Request<Incoming>| {
        let (under_way, refusal) = link.arrive();
        let stands_in = request.headers().get("host").is_some_and(|host| host == "refused");
        asked.borrow_mut().push((stands_in, refusal.is_some()));
        async move {
            let limit = ReadLimit {
                bytes: 1 << 20,
                until: Instant::now() + Duration::from_hours(1),
                floor: None,
            };
            let _body = candor_wire::body::read(request.into_body(), &limit).await;
            drop(under_way);
            let answer = Response::builder().header("by", "service").body(Full::<Bytes>::default());
            Ok::<_, Infallible>(answer.unwrap())
        }
    });
    let guard = Guard::http1(gateway, Rc::clone(&link), &DoorLimits::default());
    let serving = http1::Builder::new().serve_connection(TokioIo::new(guard), service);
    let calling = async {
        for piece in bytes.chunks(pieces) {
            // The connection may end before all is said.
            if caller.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        // The time of a head passes, and what is not complete is refused.
        let mut answers = Vec::new();
        caller.read_to_end(&mut answers).await.unwrap();
        answers
    };
    let (_ended, answers) = tokio::join!(serving, calling);
    (asked.into_inner(), answers)
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

#[tokio::test(start_paused = true)]
async fn hyper_agrees_with_the_guard() {
    let mut random = fastrand::Rng::with_seed(42);
    let (mut let_in, mut refused) = (0, 0);
    for _ in 0..2000 {
        let bytes = stream(&mut random);
        let pieces = [bytes.len(), 1 + random.usize(..20)][random.usize(..2)];
        let (asked, answers) = seen(&bytes, pieces).await;
        let shown = bytes.escape_ascii();
        for (stands_in, is_refusal) in &asked {
            assert_eq!(stands_in, is_refusal, "{shown}");
            *(if *is_refusal { &mut refused } else { &mut let_in }) += 1;
        }
        // hyper says nothing of its own, but that a body may be sent.
        let own = count(&answers, b" 100 Continue\r\n");
        let all = count(&answers, b"HTTP/1.1 ") + count(&answers, b"HTTP/1.0 ");
        assert_eq!(all - own, count(&answers, b"by: service"), "{shown}");
    }
    assert!(let_in > 1000 && refused > 1000, "{let_in} {refused}");
}
