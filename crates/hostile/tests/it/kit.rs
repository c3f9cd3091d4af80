//! A client of raw sockets.

use candor_hostile::Hostile;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long something that must happen may take, on however slow a machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// How long a test waits for what never comes.
pub(crate) const SHORT: Duration = Duration::from_millis(60);

pub(crate) const GET: &str = "GET /things HTTP/1.1\r\nHost: x\r\n\r\n";
pub(crate) const POST: &str =
    "POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nX-Id: 7\r\n\r\nbody";

/// How a connection ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Closed,
    Reset,
    Silent,
}

pub(crate) fn connect(to: &Hostile) -> TcpStream {
    TcpStream::connect(to.address()).unwrap()
}

/// Sends `request` on a connection of its own, and reads to its end.
pub(crate) fn call(to: &Hostile, request: &str) -> (Vec<u8>, Ended) {
    let mut stream = connect(to);
    // The server may have gone by then. A reset is told once: here, or when reading.
    let written = stream.write_all(request.as_bytes());
    let reset = written.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
    let (bytes, ended) = read(&mut stream, SOON);
    (bytes, if reset { Ended::Reset } else { ended })
}

/// The same, with no more patience than a test has for what never comes.
pub(crate) fn call_briefly(to: &Hostile, request: &str) -> (Vec<u8>, Ended) {
    let mut stream = connect(to);
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut stream, SHORT)
}

/// Reads to the end of the connection, for so long in all.
pub(crate) fn read(stream: &mut TcpStream, patience: Duration) -> (Vec<u8>, Ended) {
    let until = Instant::now() + patience;
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // No time at all would be no limit.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        match stream.read(&mut piece) {
            Ok(0) => return (bytes, Ended::Closed),
            Ok(_) if left.is_zero() => return (bytes, Ended::Silent),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return (bytes, Ended::Silent);
            }
            Err(_) => return (bytes, Ended::Reset),
        }
    }
}

pub(crate) fn text((bytes, _): (Vec<u8>, Ended)) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
