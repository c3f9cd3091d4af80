//! What is let in and what is refused, byte by byte. Nothing that is refused reaches a handler, and
//! every refusal says what it is and ends the connection.

use crate::gateway::{ID, Started, before, post};
use crate::handler::{Handler, ok};
use crate::raw;

/// Bytes, the statuses that answer them, and words of the last answer's detail.
type Case = (String, &'static [u16], &'static str);

/// A request for nothing, with these fields.
fn get(fields: &str) -> String {
    format!("GET /x HTTP/1.1\r\nHost: g\r\n{fields}Connection: close\r\n\r\n")
}

/// A request for nothing, with this first line.
fn line(line: &str) -> String {
    format!("{line}\r\nHost: g\r\nConnection: close\r\n\r\n")
}

fn host(host: &str) -> String {
    get("").replace("Host: g\r\n", host)
}

fn chunked(body: &str) -> String {
    post(&format!("/callbacks/{ID}?tenant=acme"), "Transfer-Encoding: chunked\r\n", "")
        .replace("Content-Length: 0\r\n", "")
        + body
}

/// 404 is the answer of a request that was let in: there is no such thing.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let smuggled = "GET /y HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n";
    let mut cases: Vec<Case> = vec![
        // --- framing
        (
            get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
            &[400],
            "send one",
        ),
        (
            get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n",
            &[400],
            "send one",
        ),
        (get("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc", &[400], "given twice"),
        (get("Content-Length: 3\r\nContent-Length: 4\r\n") + "abc", &[400], "given twice"),
        (get("Content-Length: 3, 3\r\n") + "abc", &[400], "not a number"),
        (get("Content-Length: +3\r\n") + "abc", &[400], "not a number"),
        (get("Content-Length: -3\r\n"), &[400], "not a number"),
        (get("Content-Length: 0x3\r\n"), &[400], "not a number"),
        (get("Content-Length: 3 3\r\n"), &[400], "not a number"),
        (get("Content-Length:\r\n"), &[400], "not a number"),
        (get("Content-Length: 99999999999999999999999\r\n"), &[400], "not a number"),
        (get("Content-Length: \u{b}3\r\n"), &[400], "control characters"),
        (get("Content_Length: 3\r\n"), &[400], "`_` for `-`"),
        (get("transfer_encoding: chunked\r\n"), &[400], "`_` for `-`"),
        (get("Transfer-Encoding: gzip, chunked\r\n"), &[501], "no transfer coding"),
        (get("Transfer-Encoding: chunked, chunked\r\n"), &[501], "no transfer coding"),
        (get("Transfer-Encoding: identity, chunked\r\n"), &[501], "no transfer coding"),
        (get("Transfer-Encoding: gzip\r\n"), &[400], "no end"),
        (get("Transfer-Encoding: xchunked\r\n"), &[400], "no end"),
        (get("Transfer-Encoding: chunked;q=1\r\n"), &[400], "no end"),
        (get("Transfer-Encoding: chunked, identity\r\n"), &[400], "no end"),
        (get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), &[400], "no end"),
        (get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), &[400], "no end"),
        (get("Transfer-Encoding : chunked\r\n"), &[400], "before the colon"),
        (
            line("GET /x HTTP/1.0").replace("Host", "Transfer-Encoding: chunked\r\nHost"),
            &[400],
            "HTTP/1.0",
        ),
        // --- lines
        (get("").replace("\r\n", "\n"), &[400], "CR LF"),
        (get("").replace("Host: g\r\n", "Host: g\n"), &[400], "CR LF"),
        (get("").replacen("\r\n", "\n", 1), &[400], "CR LF"),
        (get("A: b\r\n").replace("close\r\n\r\n", "close\r\n\n"), &[400], "CR LF"),
        ("\n".to_owned() + &get(""), &[400], "CR LF"),
        ("\r\n".to_owned() + &get(""), &[404], "nothing is served"),
        (get("A: b\r\n c\r\n"), &[400], "begins with a blank"),
        (get("").replace("Host", " Host"), &[400], "begins with a blank"),
        (get("A\r\n"), &[400], "no colon"),
        (get("A b: c\r\n"), &[400], "before the colon"),
        (get(": b\r\n"), &[400], "name has characters"),
        (get("A\u{e4}: b\r\n"), &[400], "name has characters"),
        (get("A: b\0c\r\n"), &[400], "control characters"),
        (get("A: b\rc\r\n"), &[400], "control characters"),
        (get("A: b\u{1b}c\r\n"), &[400], "control characters"),
        (get("A: b\u{7f}\r\n"), &[400], "control characters"),
        (get("A: \u{e4}\tb\r\n"), &[404], "nothing is served"),
        (get("A:\r\n"), &[404], "nothing is served"),
        // --- the first line
        (line("GET  /x HTTP/1.1"), &[400], "first line"),
        (line("GET /x  HTTP/1.1"), &[400], "first line"),
        (line("GET /x y HTTP/1.1"), &[400], "first line"),
        (line("GET\t/x HTTP/1.1"), &[400], "first line"),
        (line("GET /x"), &[400], "first line"),
        (line("GET"), &[400], "first line"),
        (line("G@T /x HTTP/1.1"), &[400], "first line"),
        (line("GET /x http/1.1"), &[400], "first line"),
        (line("GET /x HTTP/1.1x"), &[400], "first line"),
        (line("GET /x HTTP/11"), &[400], "first line"),
        (line("GET /x HTTP/1.2"), &[505], "are spoken"),
        (line("GET /x HTTP/0.9"), &[505], "are spoken"),
        (line("GET /x HTTP/3.0"), &[505], "are spoken"),
        (line("PRI * HTTP/2.0"), &[505], "are spoken"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}".to_owned(), &[400], "not HTTP"),
        (" GET / HTTP/1.1\r\n\r\n".to_owned(), &[400], "not HTTP"),
        (line("get /x HTTP/1.1"), &[404], "nothing is served"),
        (line("BREW /x HTTP/1.1"), &[404], "nothing is served"),
        (line("GET /x HTTP/1.0"), &[404], "nothing is served"),
        (line("GET /x HTTP/1.0").replace("Host: g\r\n", ""), &[404], "nothing is served"),
        // --- the target
        (line("GET x HTTP/1.1"), &[400], "the target"),
        (line("GET http:/x HTTP/1.1"), &[400], "the target"),
        (line("GET /x#y HTTP/1.1"), &[400], "the target"),
        (line("GET /x\\y HTTP/1.1"), &[400], "the target"),
        (line("GET /<x> HTTP/1.1"), &[400], "the target"),
        (line("GET /\u{e4} HTTP/1.1"), &[400], "the target"),
        (line("GET /\0 HTTP/1.1"), &[400], "the target"),
        (line("GET * HTTP/1.1"), &[400], "not a path"),
        (line("OPTIONS * HTTP/1.1"), &[501], "not offered"),
        (line("TRACE /x HTTP/1.1"), &[501], "not offered"),
        (line("CONNECT g:443 HTTP/1.1"), &[501], "no tunnels"),
        (line("CONNECT /x HTTP/1.1"), &[501], "no tunnels"),
        (line("GET http://g/x HTTP/1.1"), &[404], "nothing is served"),
        (line("GET http://G:80/x HTTP/1.1"), &[404], "nothing is served"),
        (line("GET http://other/x HTTP/1.1"), &[400], "different hosts"),
        (line("GET http://g:81/x HTTP/1.1"), &[400], "different hosts"),
        (line("GET ftp://g/x HTTP/1.1"), &[400], "`https` URL"),
        (line("GET http://u@g/x HTTP/1.1"), &[400], "host is not"),
        // --- the host
        (host(""), &[400], "its host once"),
        (host("Host: g\r\nHost: g\r\n"), &[400], "its host once"),
        (host("Host: g\r\nhost: h\r\n"), &[400], "its host once"),
        (host("Host:\r\n"), &[400], "`Host` is not"),
        (host("Host: a b/c\r\n"), &[400], "`Host` is not"),
        (host("Host: u@g\r\n"), &[400], "`Host` is not"),
        (host("Host: g:http\r\n"), &[400], "`Host` is not"),
        (host("Host: g:65536\r\n"), &[400], "`Host` is not"),
        (host("Host: g, h\r\n"), &[400], "`Host` is not"),
        (host("Host: [::1\r\n"), &[400], "`Host` is not"),
        (host("Host: [::1]:8080\r\n"), &[404], "nothing is served"),
        // --- what is expected and proposed
        (get("Expect: 200-ok\r\n"), &[417], "100-continue"),
        (get("Expect: 100-Continue\r\n"), &[404], "nothing is served"),
        (get("Upgrade: websocket\r\n"), &[501], "no other protocol"),
        (get("Upgrade: h2c, websocket\r\n"), &[501], "no other protocol"),
        (get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), &[404], "nothing is served"),
        // --- bounds
        (get(&"A: b\r\n".repeat(98)), &[404], "nothing is served"),
        (get(&"A: b\r\n".repeat(99)), &[431], "100 fields"),
        (get(&format!("A: {}\r\n", "b".repeat(32_000))), &[404], "nothing is served"),
        (get(&format!("A: {}\r\n", "b".repeat(33_000))), &[431], "32 KiB"),
        (get(&"A: b\r\n".repeat(100_000)), &[431], "100 fields"),
        (line(&format!("GET /{} HTTP/1.1", "x".repeat(16_000))), &[404], "nothing is served"),
        (line(&format!("GET /{} HTTP/1.1", "x".repeat(17_000))), &[414], "16 KiB"),
        ("G".repeat(40_000), &[414], "16 KiB"),
        // --- bodies and what follows them
        (
            get("Content-Length: 3\r\n").replace("Connection: close\r\n", "") + "abc" + smuggled,
            &[404, 404],
            "",
        ),
        (
            get("Content-Length: 3\r\n").replace("Connection: close\r\n", "") + "abcd" + smuggled,
            &[404, 404],
            "",
        ),
        (
            get("Content-Length: 3\r\n").replace("Connection: close\r\n", "") + "abc\n" + smuggled,
            &[404, 400],
            "CR LF",
        ),
        (
            get("").replace("Connection: close\r\n", "") + "GET /y HTTP/1.1\r\n\r\n",
            &[404, 400],
            "its host",
        ),
        (
            get("").replace("Connection: close\r\n", "") + "garbage\r\n\r\n" + smuggled,
            &[404, 400],
            "first line",
        ),
    ];
    // --- chunks
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "5;\0\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello",
        "\r\n",
        "2\r\n{}\r\n0\r\nA: b\n\r\n",
    ] {
        cases.push((chunked(body), &[400], "framed wrongly"));
    }
    cases
}

async fn started() -> (Handler, Started) {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    (handler, gateway)
}

fn check(case: &Case, address: std::net::SocketAddr, pieces: &[&[u8]]) {
    let (request, statuses, words) = case;
    let shown: String = request.chars().take(200).collect();
    let answers = raw::exchange(address, pieces);
    let found: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    let last = answers.last().unwrap_or_else(|| panic!("no answer to {shown:?}"));
    assert_eq!((found.as_slice(), &shown), (*statuses, &shown), "{}", raw::detail(last));
    assert_eq!(last.headers["content-type"], "application/problem+json", "{shown:?}");
    assert_eq!(raw::json(last)["status"], *statuses.last().unwrap(), "{shown:?}");
    assert_eq!(last.headers["candor-outcome"], "unsent", "{shown:?}");
    assert!(raw::detail(last).contains(words), "{shown:?}: {}", raw::detail(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_let_in_or_refused_as_the_table_says() {
    let (handler, gateway) = started().await;
    let cases = cases();
    assert!(cases.len() > 110);
    for case in &cases {
        check(case, gateway.address(), &[case.0.as_bytes()]);
    }
    assert_eq!(handler.count(), 0);
}

/// However the bytes are cut into packets, they mean the same.
#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_judged_as_the_whole() {
    let (handler, gateway) = started().await;
    for case in cases().iter().filter(|(request, ..)| request.len() < 1000) {
        let bytes = case.0.as_bytes();
        for cut in [1, 7, bytes.len() / 2, bytes.len().saturating_sub(3)] {
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            check(case, gateway.address(), &[one, other]);
        }
    }
    let large = cases().into_iter().find(|(request, ..)| request.len() > 32_000).unwrap();
    let pieces: Vec<&[u8]> = large.0.as_bytes().chunks(1500).collect();
    check(&large, gateway.address(), &pieces);
    assert_eq!(handler.count(), 0);
}

/// The good ones of all kinds do reach the handler, one after the other on one connection.
#[tokio::test(flavor = "multi_thread")]
async fn well_formed_calls_are_made_in_their_order() {
    let (handler, gateway) = started().await;
    let kept = |request: String| request.replace("Connection: close\r\n", "");
    let target = format!("/callbacks/{ID}?tenant=acme");
    let sized = post(&target, "", r#"{"login":"sized"}"#);
    let chunks =
        chunked("A;x=\"y\"\r\n{\"login\":\"\r\n6\r\nchunks\r\n2\r\n\"}\r\n0\r\nA: b\r\n\r\n");
    let all = kept(sized.clone()) + &kept(chunks) + "\r\n" + &kept(sized.clone()) + &sized;
    for size in [all.len(), 700, 97, 13] {
        let before = handler.seen().len();
        let pieces: Vec<&[u8]> = all.as_bytes().chunks(size).collect();
        let answers = raw::exchange(gateway.address(), &pieces);
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses, [200; 4], "{size}");
        let logins: Vec<_> = handler.seen()[before..]
            .iter()
            .map(|seen| seen.json()["payload"]["login"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(logins, ["sized", "chunks", "sized", "sized"], "{size}");
    }
}

/// A refusal waits for the answers before it, which belong to the same caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_comes_in_its_turn() {
    let (handler, gateway) = started().await;
    let target = format!("/callbacks/{ID}?tenant=acme");
    let good = post(&target, "", r#"{"login":"a"}"#).replace("Connection: close\r\n", "");
    let all = good.clone() + &good + "GET /x HTTP/1.1\nHost: g\r\n\r\n" + &good;
    let answers = raw::exchange(gateway.address(), &[all.as_bytes()]);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!((statuses.as_slice(), handler.seen().len()), (&[200, 200, 400][..], 2));
    assert_eq!(answers[2].headers["connection"], "close");
}
