//! A partner's handler that takes its time, and writes down what reached it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::random::Random;

/// What reached the handler of one job, a line each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) request_id: String,
    /// The whole request, as text.
    pub(super) body: String,
}

/// The handler, and its book.
#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) address: String,
    seen: Arc<Mutex<BTreeMap<u64, Vec<Sent>>>>,
    /// The longest time that it takes for an answer, in milliseconds.
    longest: u64,
}

impl Upstream {
    pub(super) fn start(seed: u64, longest: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ours = Self { address, seen: Arc::default(), longest };
        let upstream = ours.clone();
        std::thread::spawn(move || {
            for (number, stream) in (seed..).zip(listener.incoming()) {
                let (upstream, random) = (upstream.clone(), Random::new(number));
                std::thread::spawn(move || upstream.serve(stream.unwrap(), random));
            }
        });
        ours
    }

    pub(super) fn seen(&self) -> BTreeMap<u64, Vec<Sent>> {
        self.seen.lock().unwrap().clone()
    }

    fn serve(&self, stream: TcpStream, mut random: Random) {
        let mut stream = BufReader::new(stream);
        while let Some(body) = read(&mut stream) {
            let request: Value = serde_json::from_str(&body).unwrap();
            let request_id = request["request_id"].as_str().unwrap().to_owned();
            let job = request["payload"]["job"].as_u64().unwrap();
            let sent = Sent { request_id: request_id.clone(), body };
            self.seen.lock().unwrap().entry(job).or_default().push(sent);
            std::thread::sleep(Duration::from_millis(random.below(self.longest)));
            // Whoever asked may be dead by now.
            if stream.get_mut().write_all(answer(&request_id).as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn answer(request_id: &str) -> String {
    let body = format!(
        r#"{{"type":"done","request_id":"{request_id}","response_id":"0b9bbd9f-6ad0-4c5f-a1d4-3a5e7f6c1f11"}}"#
    );
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The next request's body; none where the connection has ended, or breaks off within it.
fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
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
    String::from_utf8(body).ok()
}
