//! A caller that sends bytes as they are, and reads what comes back until the connection ends.

use candor_contract::transcript::{self, Transcript};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for an end that should come at once.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends `pieces`, each in a packet of its own, and gives all answers, in order. The gateway must end
/// the connection.
pub(crate) fn exchange(address: SocketAddr, pieces: &[&[u8]]) -> Vec<Transcript> {
    let mut stream = connect(address);
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        // A refusal may come, and the connection end, before all is sent.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    answers(&read_to_end(&mut stream))
}

pub(crate) fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// One answer after the other.
pub(crate) fn answers(mut bytes: &[u8]) -> Vec<Transcript> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let head = 4 + bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
        let length = text
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        found.push(transcript::read(&bytes[..head + length]).unwrap());
        bytes = &bytes[head + length..];
    }
    found
}

pub(crate) fn json(answer: &Transcript) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

pub(crate) fn detail(answer: &Transcript) -> String {
    json(answer)["detail"].as_str().unwrap_or_default().to_owned()
}
