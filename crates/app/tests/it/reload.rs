//! A gateway whose configuration changes, and one that is stopped, under load.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const REQUEST: &[u8] = b"GET /shop/x HTTP/1.1\r\nHost: gateway\r\n\r\n";

/// What an upstream has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Seen {
    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// An upstream that answers after `delay`, and what it sees.
fn upstream(delay: Duration) -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Seen::default());
    let counted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let counted = Arc::clone(&counted);
            counted.connections.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || answers(&mut stream.unwrap(), delay, &counted.requests));
        }
    });
    (address, seen)
}

fn answers(stream: &mut TcpStream, delay: Duration, seen: &AtomicUsize) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        head.extend_from_slice(&part[..count]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            seen.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(delay);
            if stream.write_all(ANSWER).is_err() {
                return;
            }
        }
    }
}

/// `candor serve` with a configuration that changes, and what it logs.
struct Gateway {
    child: Child,
    address: String,
    admin: String,
    log: mpsc::Receiver<String>,
}

impl Gateway {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["serve", "candor.yaml", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("CANDOR_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut address = || {
            let line = lines.next().unwrap();
            let after = line.split("http://").nth(1).unwrap();
            after.split('/').next().unwrap().to_owned()
        };
        let (address, admin) = (address(), address());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, log) = mpsc::channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok())
        });
        Self { child, address, admin, log }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits for a line with these words.
    fn says(&self, words: &str) -> String {
        let next = || self.log.recv_timeout(Duration::from_secs(20)).unwrap();
        std::iter::repeat_with(next).find(|line| line.contains(words)).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, upstream: &str, timeout: usize) {
    let text = format!(
        "admin: {{ listen: 127.0.0.1:0 }}\nroutes:\n  shop:\n    url: http://{upstream}/\n    \
         contract: http\n    allow_http: true\n    allow_addresses: [127.0.0.0/8]\n    \
         timeout: {timeout}s\n"
    );
    std::fs::write(folder.join("candor.yaml"), text).unwrap();
}

/// Callers who call one after the other until they are told to stop, or their connection ends; how
/// many calls they had answered.
fn callers(address: &str, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<usize>> {
    let call = |_| {
        let (address, stop) = (address.to_owned(), Arc::clone(stop));
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let mut answered = 0;
            while !stop.load(Ordering::SeqCst) && answers_one(&mut stream) {
                answered += 1;
            }
            answered
        })
    };
    (0..4).map(call).collect()
}

/// Whether one more call was answered with a success.
fn answers_one(stream: &mut TcpStream) -> bool {
    if stream.write_all(REQUEST).is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.ends_with(b"}") {
        match stream.read(&mut part) {
            Ok(count @ 1..) => answer.extend_from_slice(&part[..count]),
            Ok(_) | Err(_) => return false,
        }
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    true
}

#[test]
fn a_hundred_reloads_under_load_fail_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, seen) = upstream(Duration::ZERO);
    configure(folder.path(), &upstream, 1);
    let gateway = Gateway::start(folder.path());
    let stop = Arc::new(AtomicBool::new(false));
    let callers = callers(&gateway.address, &stop);
    for number in 0..100 {
        configure(folder.path(), &upstream, 2 + number);
        gateway.signal("-HUP");
        gateway.says("the configuration was read again");
    }
    assert!(callers.iter().all(|caller| !caller.is_finished()), "a caller lost its connection");
    stop.store(true, Ordering::SeqCst);
    let answered: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    assert_eq!(answered, seen.requests());
    // One for each caller, at most: what was kept stayed, whatever was replaced.
    assert!(seen.connections.load(Ordering::SeqCst) <= 4);
    // The counters went on, whatever was replaced.
    let metrics = gateway.get("/metrics");
    let line = format!(
        r#"candor_calls_total{{upstream="shop",class="ok",origin="upstream",outcome="applied"}} {answered}"#
    );
    assert!(metrics.contains(&line), "{metrics}");
}

#[test]
fn a_bad_configuration_changes_nothing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, _) = upstream(Duration::ZERO);
    configure(folder.path(), &upstream, 5);
    let gateway = Gateway::start(folder.path());
    std::fs::write(folder.path().join("candor.yaml"), "routes: { shop: { url: 5 } }\n").unwrap();
    // A changed file is seen without a signal.
    gateway.says("nothing was changed");
    std::fs::write(folder.path().join("candor.yaml"), "").unwrap();
    gateway.says("candor.yaml is empty");
    let mut stream = TcpStream::connect(&gateway.address).unwrap();
    assert!(answers_one(&mut stream));
    configure(folder.path(), &upstream, 6);
    gateway.says("the configuration was read again");
    assert!(answers_one(&mut stream));
}

#[test]
fn at_a_stop_each_call_that_was_begun_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, seen) = upstream(Duration::from_millis(100));
    configure(folder.path(), &upstream, 5);
    let mut gateway = Gateway::start(folder.path());
    assert!(gateway.get("/readyz").ends_with("ready\n"));
    let callers = callers(&gateway.address, &Arc::new(AtomicBool::new(false)));
    std::thread::sleep(Duration::from_millis(250));
    gateway.signal("-TERM");
    let answered: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    assert!(answered >= 4);
    assert_eq!(answered, seen.requests());
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0));
}

#[test]
fn operators_are_shown_what_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "127.0.0.1:1", 5);
    let gateway = Gateway::start(folder.path());
    for (path, words) in [("/healthz", "200 OK"), ("/readyz", "200 OK"), ("/x", "404 Not Found")] {
        assert!(gateway.get(path).starts_with(&format!("HTTP/1.1 {words}")), "{path}");
    }
    let mut stream = TcpStream::connect(&gateway.admin).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nOrigin: http://evil\r\n\r\n").unwrap();
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer[..12], b"HTTP/1.1 403");
}

/// A route must not lead back into this process, by the operators' door no more than by the callers'.
#[test]
fn no_call_comes_back_to_the_operators_door() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "127.0.0.1:1", 5);
    let gateway = Gateway::start(folder.path());
    for own in [&gateway.admin, &gateway.address] {
        configure(folder.path(), own, 6);
        gateway.signal("-HUP");
        gateway.says("the configuration was read again");
        let mut stream = TcpStream::connect(&gateway.address).unwrap();
        stream
            .write_all(b"GET /shop/metrics HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("candor-class: target_not_allowed\r\n"), "{answer}");
    }
}

#[test]
fn what_takes_a_restart_is_named() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "127.0.0.1:1", 5);
    let gateway = Gateway::start(folder.path());
    let path = folder.path().join("candor.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("127.0.0.1:0 }", "127.0.0.1:0, key: other }")).unwrap();
    gateway.signal("-HUP");
    assert!(gateway.says("some changes take a restart").contains("admin"));
}
