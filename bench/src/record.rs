//! What Candor sends to an upstream, recorded once: the same bytes are then sent through nginx, so
//! that the upstream is asked the same by all.

use crate::contender;
use crate::message::{self, PATIENCE};
use crate::scenario::{Expected, Scenario};
use crate::stage::Cores;
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc;

/// Has Candor make one call to an upstream that writes down what it gets.
///
/// # Errors
/// Candor does not start, calls nobody, or does not pass on the answer.
pub fn record(
    scenario: &'static Scenario,
    cores: Cores,
    candor: &Path,
    folder: &Path,
) -> Result<Vec<u8>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let upstream = listener.local_addr()?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || drop(tell.send(answer_one(&listener, scenario))));
    let config = scenario.config_for(upstream);
    scenario.lay_out(folder)?;
    let (_candor, address) =
        contender::serve(&config, scenario.log, cores.contender, candor, folder)?;
    let request = scenario.request(address, scenario.call.payload);
    answers(&scenario.expected(true), address, &request)?;
    told.recv_timeout(PATIENCE).context("Candor called nobody")?
}

/// Whether a request is answered as it must be.
///
/// # Errors
/// It is not; the message has what was answered.
pub fn answers(expected: &Expected, to: SocketAddr, request: &[u8]) -> Result<()> {
    let bytes = message::exchange(to, request)?;
    let answer = message::answer(&bytes)?.context("no answer")?;
    ensure!(
        expected.is(answer.status, answer.body),
        "not the answer expected, but:\n{}",
        String::from_utf8_lossy(&bytes)
    );
    Ok(())
}

/// Answers one request as the upstream does, and returns its bytes.
fn answer_one(listener: &TcpListener, scenario: &Scenario) -> Result<Vec<u8>> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = message::read(&mut stream, message::request_length)?;
    let body = scenario.answer.body().write(&request).context("the request has no id")?;
    let (status, length) = (scenario.answer.status, body.len());
    // The reason is left out, as a server may (RFC 9112, section 4).
    let head = format!(
        "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &body].concat())?;
    Ok(request)
}
