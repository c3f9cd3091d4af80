//! Over a socket: what an HTTP library would answer on its own has the API's answer too.

use super::{CONNECTOR, Open2b};
use crate::gateway::connect;
use candor_contract::Library;
use candor_sandbox::serve::{Front, Listening};
use candor_sandbox::stage::{Seed, Stage};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TARGET: &str = "/api/v13/commerce.products.count";

/// The status line of the answer to a request, sent as it stands.
async fn status_line(listening: &Listening, request: &str) -> String {
    let mut stream = connect(listening.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap().lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn reason_phrases_and_framing_travel_as_documented() {
    let stage = Stage::<Open2b>::new(&Library::shipped().unwrap(), Seed::Fixed(1)).unwrap();
    let front = Front::One(Arc::new(stage));
    let listening = Listening::start("127.0.0.1:0".parse().unwrap(), front).await.unwrap();
    for (framing, body, expected) in [
        ("Content-Length: 2", "{}", "200 OK"),
        ("Content-Length: two", "", "405 Invalid Content-Length header"),
        ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", "405 Missing Content-Length header"),
        ("Content-Length: 1", "{", "400 Bad Request, malformed JSON data"),
    ] {
        let request = format!(
            "POST {TARGET} HTTP/1.1\r\nHost: store\r\nX-Key: {CONNECTOR}\r\n\
             Content-Type: application/json\r\nConnection: close\r\n{framing}\r\n\r\n{body}"
        );
        assert_eq!(status_line(&listening, &request).await, format!("HTTP/1.1 {expected}"));
    }
    let get = format!("GET {TARGET} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n");
    assert_eq!(status_line(&listening, &get).await, "HTTP/1.1 405 Method Not Allowed");
}
