//! Whatever bytes an upstream answers with, over a real socket: the client gives an answer or a typed
//! fault, and every contract a verdict. Nothing hangs: the peer closes after its bytes.
//!
//! Seeds: `fuzz/seed.sh`. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run response`.
#![no_main]

use candor_facts::{Answer, Check, Ending, Exchange, Fault, Request, Sent};
use candor_fuzz::library;
use candor_wire::{Client, ClientSettings, Outbound, Received, Target, TargetPolicy, Timeouts};
use http::Method;
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A client, and a peer that says what it is told to.
struct Pair {
    runtime: Runtime,
    listener: TcpListener,
    client: Client,
    target: Target,
}

thread_local!(static PAIR: RefCell<Pair> = RefCell::new(Pair::new()));

fuzz_target!(|bytes: &[u8]| PAIR.with_borrow(|pair| pair.check(bytes)));

impl Pair {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()];
        let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let target = Target::parse(&url, &policy).unwrap();
        let client = Client::new(ClientSettings::default()).unwrap();
        Self { runtime, listener, client, target }
    }

    fn check(&self, bytes: &[u8]) {
        let ended = self.runtime.block_on(async {
            let call = self.client.send(&self.target, self.outbound());
            tokio::join!(call, self.answer(bytes)).0
        });
        match &ended {
            Ok(received) => judge_answer(received),
            Err(fault) => judge_fault(fault),
        }
    }

    fn outbound(&self) -> Outbound {
        let soon = Duration::from_secs(2);
        let timeouts = Timeouts { head: soon, body: soon, ..Timeouts::default() };
        let body = "{}".into();
        Outbound { timeouts, body, ..Outbound::new(Method::POST, self.target.path()) }
    }

    /// Reads the request, gives the bytes and closes.
    async fn answer(&self, bytes: &[u8]) {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _read = stream.read(&mut request).await;
        let _written = stream.write_all(bytes).await;
        let _closed = stream.shutdown().await;
        // Until the other side has closed as well, so that no reset overtakes the bytes.
        while matches!(stream.read(&mut request).await, Ok(count) if count > 0) {}
    }
}

fn judge_answer(received: &Received) {
    let answer = Answer {
        status: received.status,
        reason: received.reason.as_deref(),
        headers: &received.headers,
        body: &received.body,
        check: Check::NotMade,
    };
    judge(Ending::Answer(answer));
}

/// All of the request had left before the bytes came, or the fault says otherwise itself.
fn judge_fault(fault: &Fault) {
    assert_ne!(fault.sent, Sent::Nothing, "{fault:?}");
    judge(Ending::Fault(fault));
}

fn judge(ending: Ending<'_>) {
    for table in library().tables() {
        let request = Request { method: &Method::POST, ..Request::default() };
        let reading = table.classify(&Exchange { request, ending, ended_at: Some(0) });
        let unsure = matches!(ending, Ending::Fault(_));
        // Nothing that broke off is repeated without a key.
        assert!(!(unsure && reading.retry.safe), "{:?}", reading.row.id);
    }
}
