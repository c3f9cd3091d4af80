//! HTTP/2, frame by frame: what RFC 9113 and RFC 7541 want answered, and what floods are ended. The
//! cases follow the sections of the RFCs.

use crate::gateway::{ID, before};
use crate::handler::{Handler, ok};
use crate::raw;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
/// `CONTINUATION`
const MORE: u8 = 9;

/// `END_STREAM`, and in other frames
const END: u8 = 1;
const ACK: u8 = 1;
/// `END_HEADERS`
const COMPLETE: u8 = 4;
const PADDED: u8 = 8;
/// `PRIORITY`
const PRIORITISED: u8 = 32;

/// `:method: GET`, `:scheme: http`, `:path: /` of the static table, and `:authority: g`.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 0x01, b'g'];
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 0x01, b'g'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field as a literal that is not indexed (RFC 7541, section 6.2.2), below 127 bytes each.
fn field(name: &str, value: &str) -> Vec<u8> {
    let part = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], part(name), part(value)].concat()
}

fn headers(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, COMPLETE | END, stream, block)
}

fn with(name: &str, value: &str) -> Vec<u8> {
    headers(1, &[GET.to_vec(), field(name, value)].concat())
}

fn settings(id: u16, value: u32) -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

/// Opens a stream whose body is still to come.
fn open(stream: u32) -> Vec<u8> {
    frame(HEADERS, COMPLETE, stream, POST)
}

struct Raw(TcpStream);

impl Raw {
    fn greet(address: SocketAddr) -> Self {
        let mut stream = raw::connect(address);
        stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).unwrap();
        Self(stream)
    }

    fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], head[4], stream, payload))
    }

    /// Sends `frames`, and gives what came of them until one of the `expected` came, or nothing more:
    /// `C1` is an error of the connection with code 1, `S1` one of a stream, `404` an answer, `pong`
    /// that the connection lives, `end` its end.
    fn outcome(&mut self, frames: &[u8], expected: &str) -> BTreeSet<String> {
        let ping = frame(PING, 0, 0, b"are you?");
        let _cut_off = self.0.write_all(&[frames, &ping].concat());
        let mut found = BTreeSet::new();
        let mut pongs = 0;
        while let Some((kind, flags, _, payload)) = self.next() {
            let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            let word = match kind {
                GOAWAY => format!("C{}", code(4)),
                RESET => format!("S{}", code(0)),
                HEADERS => status(&payload),
                PING if flags & ACK != 0 && payload == b"are you?" => "pong".to_owned(),
                _ => continue,
            };
            // What a stream comes to may come after the pong.
            let settled = expected.split(' ').any(|one| found.contains(one) || one == word);
            if word == "pong" {
                pongs += 1;
                std::thread::sleep(Duration::from_millis(2));
                let _cut_off = self.0.write_all(&ping);
            }
            found.insert(word);
            if found.contains("pong") && settled || pongs > 20 {
                return found;
            }
        }
        found.insert("end".to_owned());
        found
    }
}

/// The status of an answer: of the static table, or a literal with its name.
fn status(block: &[u8]) -> String {
    match block {
        [index @ 0x88..=0x8e, ..] => {
            ["200", "204", "206", "304", "400", "404", "500"][usize::from(index - 0x88)].to_owned()
        }
        // Huffman's code for 501 and 431.
        [0x48 | 0x08, 0x82 | 0x83, 0x6c, 0x01, ..] => "501".to_owned(),
        [0x48 | 0x08, 0x82 | 0x83, 0x69, 0x90, ..] => "431".to_owned(),
        other => format!("{:02x?}", &other[..other.len().min(8)]),
    }
}

/// Frames, and what must come of them: one of these words.
type Case = (&'static str, Vec<u8>, &'static str);

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let large = vec![0; 16_385];
    let get = |block: &[u8]| headers(1, &[GET, block].concat());
    let begun = frame(HEADERS, END, 1, GET);
    let twice = |frames: &[u8]| [headers(1, GET), frames.to_vec()].concat();
    let opened = |frames: &[u8]| [open(1), frames.to_vec()].concat();
    let reset =
        |frames: &[u8]| [open(1), frame(RESET, 0, 1, &[0, 0, 0, 8]), frames.to_vec()].concat();
    vec![
        ("a request", headers(1, GET), "404"),
        ("4.1 an unknown frame", frame(0x16, 0, 0, b"what"), "pong"),
        ("4.1 an unknown flag", frame(PING, 0x16, 0, b"12345678"), "pong"),
        ("4.1 the reserved bit", frame(PING, 0, 0x8000_0000, b"12345678"), "pong"),
        ("4.2 large data", opened(&frame(DATA, 0, 1, &large)), "C6 S6"),
        ("4.2 a large head", frame(HEADERS, COMPLETE | END, 1, &large), "C6"),
        ("4.3 a bad block", headers(1, &[0x82, 0x86, 0x84, 0x40]), "C9 C1"),
        (
            "4.3 a frame within a block",
            [begun.clone(), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9])].concat(),
            "C1",
        ),
        ("4.3 another stream within a block", [begun.clone(), headers(3, GET)].concat(), "C1"),
        ("5.1 data when idle", frame(DATA, END, 1, b"x"), "C1 C5"),
        ("5.1 a reset when idle", frame(RESET, 0, 1, &[0, 0, 0, 8]), "C1"),
        ("5.1 a window when idle", frame(WINDOW, 0, 1, &[0, 0, 0, 100]), "C1"),
        ("5.1 more of a block when idle", frame(MORE, COMPLETE, 1, GET), "C1"),
        ("5.1 data after the end", twice(&frame(DATA, END, 1, b"x")), "C5 S5 C1"),
        ("5.1 a head after the end", twice(&headers(1, GET)), "C5 S5 C1 S1"),
        ("5.1 more of a block after the end", twice(&frame(MORE, COMPLETE, 1, GET)), "C1 C5"),
        ("5.1 a head after a reset", reset(&headers(1, GET)), "C5 S5 C1"),
        ("5.1 more of a block after a reset", reset(&frame(MORE, COMPLETE, 1, GET)), "C1 C5"),
        ("5.1.1 an even stream", headers(2, GET), "C1"),
        ("5.1.1 a lower stream", [headers(5, GET), headers(3, GET)].concat(), "C1"),
        ("5.5 an unknown frame within a block", [begun, frame(0x16, 0, 0, b"what")].concat(), "C1"),
        ("6.1 data of no stream", frame(DATA, END, 0, b"x"), "C1"),
        ("6.1 too much padding", opened(&frame(DATA, END | PADDED, 1, &[6, b'x'])), "C1"),
        ("6.2 a head of no stream", headers(0, GET), "C1"),
        ("6.2 too much padding", frame(HEADERS, COMPLETE | END | PADDED, 1, &[9, 0x82]), "C1"),
        (
            "6.2 a head with a priority",
            frame(HEADERS, COMPLETE | END | PRIORITISED, 1, &[&[0, 0, 0, 0, 9], GET].concat()),
            "404",
        ),
        ("6.3 a priority of no stream", frame(PRIORITY, 0, 0, &[0, 0, 0, 0, 9]), "C1"),
        (
            "6.3 a priority of another size",
            opened(&frame(PRIORITY, 0, 1, &[0, 0, 0, 9])),
            "S6 C6 C1",
        ),
        ("6.4 a reset of no stream", frame(RESET, 0, 0, &[0, 0, 0, 8]), "C1"),
        ("6.4 a reset of another size", opened(&frame(RESET, 0, 1, &[0, 0, 8])), "C6 C1"),
        ("6.5 an acknowledgement that says something", frame(SETTINGS, ACK, 0, &[0; 6]), "C6 C1"),
        ("6.5 settings of a stream", frame(SETTINGS, 0, 1, &[]), "C1"),
        ("6.5 settings of another size", frame(SETTINGS, 0, 0, &[0, 3, 0]), "C6 C1"),
        ("6.5.2 push, neither on nor off", settings(2, 2), "C1"),
        ("6.5.2 a window too large", settings(4, 0x8000_0000), "C3 C1"),
        ("6.5.2 frames too small", settings(5, 16_383), "C1"),
        ("6.5.2 frames too large", settings(5, 0x0100_0000), "C1"),
        ("6.5.2 an unknown setting", settings(0x99, 1), "pong"),
        (
            "6.6 a push by a client",
            opened(&frame(PUSH, COMPLETE, 1, &[&[0, 0, 0, 2], GET].concat())),
            "C1",
        ),
        ("6.7 a ping of a stream", frame(PING, 0, 1, b"12345678"), "C1"),
        ("6.7 a ping of another size", frame(PING, 0, 0, b"C6 C1"), "C6 C1"),
        ("6.7 a pong that nobody asked for", frame(PING, ACK, 0, b"12345678"), "pong"),
        ("6.8 a farewell of a stream", frame(GOAWAY, 0, 1, &[0; 8]), "C1"),
        ("6.9 a window of nothing", frame(WINDOW, 0, 0, &[0; 4]), "C1"),
        ("6.9 a stream's window of nothing", opened(&frame(WINDOW, 0, 1, &[0; 4])), "S1 C1"),
        ("6.9 a window of another size", frame(WINDOW, 0, 0, &[0, 0, 1]), "C6 C1"),
        ("6.9.1 a window that overflows", frame(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff]), "C3"),
        (
            "6.9.1 a stream's window that overflows",
            opened(&frame(WINDOW, 0, 1, &[0x7f, 0xff, 0xff, 0xff])),
            "S3 C3",
        ),
        (
            "6.9.2 a window that overflows by a setting",
            opened(&[frame(WINDOW, 0, 1, &[0x7f, 0, 0, 0]), settings(4, 0x7fff_ffff)].concat()),
            "C3",
        ),
        ("6.10 more of a block of no stream", frame(MORE, COMPLETE, 0, GET), "C1"),
        (
            "6.10 more of a block that is complete",
            [open(1), frame(MORE, COMPLETE, 1, GET)].concat(),
            "C1 C5",
        ),
        (
            "6.10 a block in pieces",
            [
                frame(HEADERS, END, 1, &GET[..2]),
                frame(MORE, 0, 1, &GET[2..3]),
                frame(MORE, COMPLETE, 1, &GET[3..]),
            ]
            .concat(),
            "404",
        ),
        (
            "8.1 trailers that do not end",
            opened(
                &[frame(DATA, 0, 1, b"x"), frame(HEADERS, COMPLETE, 1, &field("a", "b"))].concat(),
            ),
            "S1 C1",
        ),
        (
            "8.1.1 less than announced",
            headers(1, &[POST.to_vec(), field("content-length", "1")].concat()),
            "S1",
        ),
        (
            "8.1.1 more than announced",
            [
                frame(
                    HEADERS,
                    COMPLETE,
                    1,
                    &[POST.to_vec(), field("content-length", "1")].concat(),
                ),
                frame(DATA, END, 1, b"xy"),
            ]
            .concat(),
            "S1",
        ),
        ("8.2.1 a name in capitals", with("A", "b"), "S1 C1"),
        ("8.2.1 a value with a line feed", with("a", "b\nc"), "S1 C1"),
        ("8.2.2 a field of the connection", with("connection", "keep-alive"), "S1"),
        ("8.2.2 chunks", with("transfer-encoding", "chunked"), "S1"),
        ("8.2.2 a TE that is not for trailers", with("te", "gzip"), "S1"),
        ("8.2.2 a TE for trailers", with("te", "trailers"), "404"),
        ("8.3 an unknown pseudo field", with(":what", "b"), "S1 C1"),
        ("8.3 a pseudo field of answers", with(":status", "200"), "S1"),
        (
            "8.3 a pseudo field after the others",
            headers(1, &[&[0x82, 0x86][..], &field("a", "b"), &[0x84]].concat()),
            "S1",
        ),
        (
            "8.3 a pseudo field in trailers",
            opened(&headers(1, &field(":method", "GET"))),
            "S1 C1 404",
        ),
        ("8.3.1 no method", headers(1, &[0x86, 0x84]), "S1"),
        ("8.3.1 no scheme", headers(1, &[0x82, 0x84]), "S1"),
        ("8.3.1 no path", headers(1, &[0x82, 0x86]), "S1 400"),
        ("8.3.1 an empty path", headers(1, &[vec![0x82, 0x86], field(":path", "")].concat()), "S1"),
        ("8.3.1 two methods", get(&[0x82]), "S1"),
        ("8.3.1 two schemes", get(&[0x86]), "S1"),
        ("8.3.1 two paths", get(&[0x84]), "S1"),
        ("8.3.1 no host", headers(1, &[0x82, 0x86, 0x84]), "400"),
        (
            "8.3.1 a host in the field alone",
            headers(1, &[vec![0x82, 0x86, 0x84], field("host", "g")].concat()),
            "404",
        ),
        ("8.3.1 another host in the field", with("host", "other"), "400"),
        (
            "8.3.1 two hosts in the field",
            get(&[field("host", "g"), field("host", "g")].concat()),
            "400",
        ),
        ("8.3.1 a look-alike", with("content_length", "1"), "400"),
        (
            "8.5 a tunnel",
            headers(1, &[field(":method", "CONNECT"), field(":authority", "g:443")].concat()),
            "501",
        ),
        ("7541, 2.3.3 an index of nothing", get(&[0xfe]), "C9 C1"),
        ("7541, 4.2 an update that is not at the beginning", get(&[0x21]), "C9 C1"),
        (
            "7541, 5.2 a code of a string that is padded too much",
            get(&[0, 1, b'a', 0x82, 0xff, 0xff]),
            "C9 C1",
        ),
        ("7541, 6.1 the index 0", get(&[0x80]), "C9 C1"),
        (
            "7541, 6.3 a table that is too large",
            headers(1, &[&[0x3f, 0xff, 0xff, 0x03], GET].concat()),
            "C9 C1",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_frame_is_answered_as_the_rfc_says() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 80);
    for (name, frames, expected) in cases {
        let found = Raw::greet(gateway.address()).outcome(&frames, expected);
        let fits = expected.split(' ').any(|one| found.contains(one));
        // What is no error leaves the connection as it was; what is one is no answer.
        let lives = found.contains("pong") || expected.starts_with('C') || expected.contains(" C");
        if !fits || !lives {
            wrong.push(format!("{name}: {expected} wanted, {found:?} found"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(handler.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_preface_is_not_http2() {
    let gateway = before("http://127.0.0.1:1/").start();
    let bad = PREFACE.to_ascii_lowercase();
    let answers = raw::exchange(gateway.address(), &[&bad]);
    assert_eq!(answers[0].status.as_u16(), 400);
    for cut in [1, 3, 14, 23] {
        let mut raw = Raw(raw::connect(gateway.address()));
        let all = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &headers(1, GET)].concat();
        raw.0.write_all(&all[..cut]).unwrap();
        std::thread::sleep(Duration::from_millis(15));
        assert!(raw.outcome(&all[cut..], "404").contains("404"), "{cut}");
    }
}

/// A whole call over HTTP/2, by a client that others wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_http2_is_made() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    let stream = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let driven = tokio::spawn(connection);
    for login in ["a", "b"] {
        let request = http::Request::post(format!("http://g/callbacks/{ID}?tenant=acme"))
            .header("content-type", "application/json")
            .body(())
            .unwrap();
        let (answer, mut body) = client.send_request(request, false).unwrap();
        body.send_data(format!("{{\"login\":\"{login}\"}}").into(), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        client = client.ready().await.unwrap();
    }
    drop(client);
    driven.await.unwrap().unwrap();
    assert_eq!(handler.seen().len(), 2);
}

/// The streams of one caller are bounded; the others are refused, and can be opened later.
#[tokio::test(flavor = "multi_thread")]
async fn streams_beyond_the_limit_are_refused() {
    let gateway = before("http://127.0.0.1:1/").start();
    let frames: Vec<u8> = (0..150).flat_map(|n| open(2 * n + 1)).collect();
    let found = Raw::greet(gateway.address()).outcome(&frames, "S7 C1");
    assert!(found.contains("S7") || found.contains("C1"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_end_the_connection() {
    let gateway = before("http://127.0.0.1:1/").start();
    let again =
        |count: u32, each: &dyn Fn(u32) -> Vec<u8>| (0..count).flat_map(each).collect::<Vec<u8>>();
    let resets =
        again(5000, &|n| [open(2 * n + 1), frame(RESET, 0, 2 * n + 1, &[0, 0, 0, 8])].concat());
    let mistakes =
        again(5000, &|n| [open(2 * n + 1), frame(WINDOW, 0, 2 * n + 1, &[0; 4])].concat());
    let block = [vec![0; 1], vec![1, b'a', 0x7f, 0x80, 0x7f], vec![b'x'; 16_255]].concat();
    let pieces = again(1000, &|_| frame(MORE, 0, 1, &block));
    let continued = [frame(HEADERS, END, 1, GET), pieces].concat();
    let empty = again(100_000, &|_| frame(MORE, 0, 1, &[]));
    let emptied = [frame(HEADERS, END, 1, GET), empty].concat();
    for (name, frames) in
        [("resets", resets), ("mistakes", mistakes), ("fields", continued), ("nothing", emptied)]
    {
        let found = Raw::greet(gateway.address()).outcome(&frames, "C11");
        assert!(found.contains("end"), "{name}: {found:?}");
        let after = Raw::greet(gateway.address()).outcome(&headers(1, GET), "404");
        assert!(after.contains("404"), "{name}: {after:?}");
    }
}

/// More fields than are taken are answered, and cost the connection nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_too_large_is_answered_431() {
    let gateway = before("http://127.0.0.1:1/").start();
    let many: Vec<u8> = (0..300).flat_map(|n| field(&format!("a{n}"), &"x".repeat(120))).collect();
    let mut frames = frame(HEADERS, END, 1, GET);
    for (number, piece) in many.chunks(16_000).enumerate() {
        let last = if (number + 1) * 16_000 >= many.len() { COMPLETE } else { 0 };
        frames.extend(frame(MORE, last, 1, piece));
    }
    let found = Raw::greet(gateway.address()).outcome(&frames, "431");
    assert!(found.contains("431"), "{found:?}");
}

/// An answer that the caller leaves unread is given up, and with it what it holds.
#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_the_connection() {
    let mut made = before("http://127.0.0.1:1/");
    made.door.idle_time = Duration::from_millis(60);
    made.door.write_time = Duration::from_millis(60);
    let gateway = made.start();
    let mut raw = Raw::greet(gateway.address());
    // No window: the answer's body cannot be sent.
    let found = raw.outcome(&[settings(4, 0), headers(1, GET)].concat(), "404");
    assert!(found.contains("pong"));
    let mut kinds = Vec::new();
    while let Some((kind, ..)) = raw.next() {
        kinds.push(kind);
    }
    // First the stream is given up, then the connection.
    let at = |kind| kinds.iter().position(|found| *found == kind);
    assert!(at(RESET).is_some() && at(RESET) < at(GOAWAY), "{kinds:?}");
}
