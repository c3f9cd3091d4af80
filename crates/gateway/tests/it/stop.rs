//! Start and stop: one process a port, and an end that loses no call.

use crate::gateway::{ID, before, post};
use crate::handler::{Handler, ok};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_not_shared() {
    let first = before("http://127.0.0.1:1/").start();
    let mut second = before("http://127.0.0.1:1/");
    second.listen = first.address();
    let error = second.try_start().err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on {}", first.address()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_idle_connections_at_once() {
    let gateway = before("http://127.0.0.1:1/").start();
    let mut idle = TcpStream::connect(gateway.address()).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n").unwrap();
    let _first_byte = idle.read(&mut [0]).unwrap();
    let silent = TcpStream::connect(gateway.address()).unwrap();
    let before = Instant::now();
    gateway.stop();
    assert!(before.elapsed() < Duration::from_secs(2));
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_call_end_and_refuses_new_ones() {
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let handler = Handler::plain(move |_, seen| {
        tokio::task::block_in_place(|| gone.lock().unwrap().recv()).unwrap();
        Some(ok(seen, "{}"))
    })
    .await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    let address = gateway.address();
    let mut caller = TcpStream::connect(address).unwrap();
    let request = post(&format!("/callbacks/{ID}?tenant=acme"), "", r#"{"login":"a"}"#);
    caller.write_all(request.as_bytes()).unwrap();
    while handler.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let stopping = tokio::task::spawn_blocking(move || gateway.stop());
    let refused = async {
        while TcpStream::connect(address).is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), refused).await.expect("new callers are refused");
    go.send(()).unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    stopping.await.unwrap();
}
