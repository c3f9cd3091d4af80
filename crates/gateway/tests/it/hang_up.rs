//! Callers who go away, and calls that end badly: the call goes on, and so does the process.

use crate::gateway::{ID, before, post};
use crate::handler::{Handler, ok};
use candor_gateway::RetryPolicy;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Waits until the handler was asked so often.
async fn asked(handler: &Handler, times: usize) {
    let come = async {
        while handler.seen().len() < times {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let come = tokio::time::timeout(Duration::from_secs(5), come).await;
    assert!(come.is_ok(), "the handler was asked {} times", handler.seen().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_cancels_nothing() {
    let handler = Handler::plain(|number, seen| (number == 1).then(|| ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.timeout = Duration::from_millis(100);
    let interval = Duration::from_millis(1);
    let policy = RetryPolicy { times: 1, interval, delta: None, max: None, fast_first: false };
    made.retry = Some(policy);
    let gateway = made.start();
    let mut caller = TcpStream::connect(gateway.address()).unwrap();
    let request = post(&format!("/callbacks/{ID}?tenant=acme"), "", r#"{"login":"a"}"#);
    caller.write_all(request.as_bytes()).unwrap();
    asked(&handler, 1).await;
    drop(caller);
    asked(&handler, 2).await;
}

/// The resolver of these tests panics at a name that it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_call() {
    let gateway = before("http://unheard-of.test/").start();
    for _ in 0..2 {
        let called = gateway.call(r#"{"login":"a"}"#).await;
        assert_eq!(called.status(), 500);
        assert_eq!(
            (called.header("candor-outcome"), called.header("candor-origin")),
            ("unknown", "gateway")
        );
    }
    assert_eq!(gateway.call("{}").await.status(), 422);
}
