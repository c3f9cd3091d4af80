//! Bodies that pass through: byte for byte, in both directions, whatever their size.

use crate::gateway::{Made, Started, before};
use crate::routes::{get, heads, route};
use candor_gateway::Route;
use candor_hostile::{Answer, Hostile};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// An upstream that sends back what it is sent, as it comes.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || echoes(stream.unwrap()));
        }
    });
    format!("http://{address}/")
}

fn echoes(mut stream: TcpStream) {
    let mut buffer = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut part) {
                Ok(count @ 1..) => buffer.extend_from_slice(&part[..count]),
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let mut body = buffer.split_off(end);
        buffer.clear();
        let length = head.split("content-length: ").nth(1);
        let length = length.map(|l| l.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        let chunked = head.contains("transfer-encoding: chunked");
        let over = |body: &[u8]| match length {
            Some(length) => body.len() >= length,
            None => !chunked || body.ends_with(b"0\r\n\r\n"),
        };
        while !over(&body) {
            match stream.read(&mut part) {
                Ok(count @ 1..) => body.extend_from_slice(&part[..count]),
                _ => return,
            }
        }
        // Chunks go back as they came.
        let framing = match length {
            Some(length) => format!("Content-Length: {length}"),
            None if chunked => "Transfer-Encoding: chunked".to_owned(),
            None => "Content-Length: 0".to_owned(),
        };
        let kind = "Content-Type: application/octet-stream";
        let head = format!("HTTP/1.1 200 OK\r\n{kind}\r\n{framing}\r\n\r\n");
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

fn through_to(url: &str) -> Started {
    let idle = Hostile::http1(Answer::json("{}").turn()).unwrap();
    let target = crate::routes::target(url);
    let route = Route { target, ..route(&idle, "http") };
    Made { routes: vec![route], ..before("http://127.0.0.1:1/") }.start()
}

/// Sends a body in pieces, and reads what comes back.
fn exchange(gateway: &Started, framing: &str, pieces: Vec<Vec<u8>>) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    let head = format!("PUT /shop/x HTTP/1.1\r\nHost: g\r\nConnection: close\r\n{framing}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sends = std::thread::spawn(move || {
        pieces.iter().all(|piece| writer.write_all(piece).is_ok());
    });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    sends.join().unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).unwrap(), body)
}

fn chunked(body: &[u8], size: usize) -> Vec<Vec<u8>> {
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    body.chunks(size).map(chunk).chain([b"0\r\n\r\n".to_vec()]).collect()
}

/// The bytes of chunks.
fn whole(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut body = vec![0; length];
    random.fill(&mut body);
    body
}

#[test]
fn a_body_comes_back_byte_for_byte_whatever_its_size_and_framing() {
    let gateway = through_to(&echo());
    let sizes = [0, 1, 63, 64, 65, 1000, 65_535, 256 * 1024, 256 * 1024 + 1, 3_000_000];
    for (seed, size) in (1..).zip(sizes) {
        let body = noise(size, seed);
        let framing = format!("Content-Length: {size}");
        let (head, back) = exchange(&gateway, &framing, vec![body.clone()]);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{size}: {head}");
        assert!(back == body, "{size} bytes with their length");
        let pieces = chunked(&body, 10_000);
        let (head, back) = exchange(&gateway, "Transfer-Encoding: chunked", pieces);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{size}: {head}");
        let back = if head.contains("chunked") { whole(&back) } else { back };
        assert!(back == body, "{size} bytes in chunks");
    }
}

#[test]
fn a_large_upload_that_breaks_off_is_the_callers_doing_and_nothing_goes_on() {
    let upstream = Hostile::http1(Answer::json("{}").turn()).unwrap();
    let gateway = through_to(&upstream.url("/"));
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream
        .write_all(b"PUT /shop/x HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\n")
        .unwrap();
    stream.write_all(&noise(300_000, 1)).unwrap();
    assert!(upstream.saw(Duration::from_secs(5), |seen| seen.begun() == 1));
    drop(stream);
    assert!(upstream.saw(Duration::from_secs(5), |seen| {
        seen.events.iter().any(|event| matches!(event.what, candor_hostile::What::Ended(_)))
    }));
    assert_eq!(upstream.seen().complete(), 0);
}

#[tokio::test]
async fn an_upload_that_passes_on_is_sent_once() {
    let refused = Answer::json("{}").status(503).with("Retry-After", "0");
    let upstream = Hostile::http1(refused.turn()).unwrap();
    let gateway = through_to(&upstream.url("/"));
    let body = noise(600_000, 1);
    let send = move || exchange(&gateway, "Content-Length: 600000", vec![body]);
    let (head, _) = tokio::task::spawn_blocking(send).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("candor-attempts: 1\r\n"), "{head}");
    assert_eq!(heads(&upstream).len(), 1);
}

#[tokio::test]
async fn a_coded_success_passes_as_it_came_and_a_coded_page_is_seen_through() {
    let json = br#"{"id":1,"text":"a text that is long enough to be worth compressing, it seems"}"#;
    let page =
        b"<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>";
    for (body, class) in [(&json[..], "ok"), (&page[..], "not_the_api")] {
        let coded = gzipped(body);
        let answer = Answer::json(coded.clone()).with("Content-Encoding", "gzip");
        let upstream = Hostile::http1(answer.turn()).unwrap();
        let gateway = Made {
            routes: vec![route(&upstream, "acronis-platform")],
            ..before("http://127.0.0.1:1/")
        };
        let answer = get(&gateway.start(), "/shop", "Accept-Encoding: gzip\r\n").await;
        assert_eq!(answer.header("candor-class"), class, "{answer:?}");
        if class == "ok" {
            assert_eq!((answer.header("content-encoding"), &answer.0.body), ("gzip", &coded));
        }
        assert!(heads(&upstream)[0].contains("accept-encoding: gzip\r\n"));
    }
}

/// Stored blocks: compressed as little as can be (RFC 1951, section 3.2.4; RFC 1952).
fn gzipped(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let mut coded = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    coded.extend(length.to_le_bytes());
    coded.extend((!length).to_le_bytes());
    coded.extend(body);
    coded.extend(crc32(body).to_le_bytes());
    coded.extend(u32::from(length).to_le_bytes());
    coded
}

fn crc32(body: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !body.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
