//! A gateway that is killed while it makes calls, and started again on what it left.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ID: &str = "cti.a.p.acgw.callback.v1.0~test.app";

/// A partner's handler that is mute until it is told to speak, and the requests that it has seen.
#[derive(Clone, Default)]
struct Handler {
    speaks: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Handler {
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ours = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let handler = ours.clone();
                std::thread::spawn(move || handler.serve(stream.unwrap()));
            }
        });
        address
    }

    fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream) {
            self.seen.lock().unwrap().push(request.clone());
            if !self.speaks.load(Ordering::SeqCst) {
                // Whoever asked is killed meanwhile.
                std::thread::sleep(Duration::from_secs(20));
                return;
            }
            let body = format!(
                r#"{{"type":"done","request_id":{},"response_id":"0b9bbd9f-6ad0-4c5f-a1d4-3a5e7f6c1f11"}}"#,
                request["request_id"]
            );
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.get_mut().write_all((head + &body).as_bytes()).unwrap();
        }
    }

    fn seen(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let seen = self.seen.lock().unwrap().clone();
            if seen.len() >= count {
                return seen;
            }
            assert!(Instant::now() < until, "{seen:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn configure(folder: &Path, handler: &str) {
    let callback = |name: &str, more: &str| {
        format!(
            "  {ID}.{name}.v1.0:\n    request: {{ type: ask, schema: {{ type: object }} }}\n    \
             responses: {{ \"200\": {{ type: done }} }}\n    promote: always\n    timeout: 30s\n{more}"
        )
    };
    let text = format!(
        "listen: 127.0.0.1:0\noperations: {{ lease: 1s }}\npredefined_callbacks: false\n\
         cyberapps:\n  app:\n    name: App\n    endpoint_id: e\n    url: http://{handler}/\n    \
         allow_http: true\n    allow_addresses: [127.0.0.0/8]\n\
         tenants:\n  acme: {{ app: {{ identity: a, secrets: {{ password: s3cret }} }} }}\n\
         callbacks:\n{}{}{}",
        callback("once", ""),
        callback("again", "    retry: { interval: 1s, times: 2 }\n"),
        callback("turn", "    serial: { key: /id }\n"),
    );
    std::fs::write(folder.join("candor.yaml"), text).unwrap();
}

/// `candor serve` with the configuration in `folder`.
struct Gateway {
    child: Child,
    address: String,
}

impl Gateway {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["serve", "candor.yaml"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_owned();
        Self { child, address }
    }

    fn kill(mut self) {
        // SIGKILL: it has no time to do anything.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn send(&self, request: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }

    fn call(&self, name: &str) -> String {
        let request = format!(
            "POST /callbacks/{ID}.{name}.v1.0?tenant=acme HTTP/1.1\r\nHost: g\r\n\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n\
             {{\"id\":1}}"
        );
        self.send(&request)["id"].as_str().unwrap().to_owned()
    }

    /// The operation when it has ended.
    fn end_of(&self, id: &str) -> Value {
        self.send(&format!(
            "GET /operations/{id}?tenant=acme&wait=20 HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"
        ))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_gateway_forgets_nothing_and_repeats_nothing_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let handler = Handler::default();
    configure(folder.path(), &handler.start());
    let gateway = Gateway::start(folder.path());
    let once = gateway.call("once");
    let again = gateway.call("again");
    let first = gateway.call("turn");
    let second = gateway.call("turn");
    let before = handler.seen(3);
    gateway.kill();
    handler.speaks.store(true, Ordering::SeqCst);

    let gateway = Gateway::start(folder.path());
    let once = gateway.end_of(&once);
    assert_eq!((&once["status"], &once["outcome"]), (&"failed".into(), &"unknown".into()));
    assert_eq!(once["attempts"][0]["fault"], "head_closed");
    let again = gateway.end_of(&again);
    assert_eq!(
        (&again["status"], &again["attempts"][1]["number"]),
        (&"succeeded".into(), &2.into())
    );
    assert_eq!(gateway.end_of(&first)["outcome"], "unknown");
    assert_eq!(gateway.end_of(&second)["status"], "succeeded");
    let after = handler.seen(5);
    assert_eq!(after.len(), 5, "two more: the repeated one, and the one that waited");
    let repeated = after[3..]
        .iter()
        .find(|request| request["context"]["callback_id"] == format!("{ID}.again.v1.0"));
    let original = before
        .iter()
        .find(|request| request["context"]["callback_id"] == format!("{ID}.again.v1.0"));
    assert_eq!(repeated, original, "the same request, its id and all");
}
