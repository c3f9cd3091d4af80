//! What idle connections of callers cost: `cargo run --release --example idle -- 10000`.
//!
//! Opens so many connections from a second process, asks once on each, and prints how the memory of
//! the gateway grows. `plain` opens them and asks nothing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a program for whoever measures"
)]

use candor_contract::Library;
use candor_gateway::{
    Clock, DoorLimits, KeySettings, Limits, Routes, Setup, SigningKeys, TokenSettings,
};
use candor_wire::Guard;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const REQUEST: &[u8] = b"GET /api/idp/v1/keys HTTP/1.1\r\nHost: g\r\n\r\n";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["callers", address, count, asks] => {
            callers(address.parse().unwrap(), count.parse().unwrap(), *asks == "asks");
        }
        [count] => measure(count.parse().unwrap(), "asks"),
        [count, "plain"] => measure(count.parse().unwrap(), "plain"),
        _ => println!("give a number of connections"),
    }
}

fn measure(count: usize, asks: &str) {
    let gateway = candor_gateway::start(setup(count)).unwrap();
    let address = gateway.address().to_string();
    let before = resident();
    let mut callers = Command::new(std::env::current_exe().unwrap())
        .args(["callers", &address, &count.to_string(), asks])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(callers.stdout.take().unwrap()).read_line(&mut said).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let after = resident();
    println!("{} connections ({asks}): {before} KiB before, {after} KiB after", said.trim());
    println!("{} bytes each", (after - before) * 1024 / count);
    drop(callers.stdin.take());
    callers.wait().unwrap();
    gateway.stop();
}

/// Opens the connections, and keeps them until its input ends.
fn callers(address: SocketAddr, count: usize, asks: bool) {
    let mut kept = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).unwrap();
        if asks {
            stream.write_all(REQUEST).unwrap();
            let _some = stream.read(&mut [0; 4096]).unwrap();
        }
        kept.push(stream);
    }
    println!("{}", kept.len());
    std::io::stdout().flush().unwrap();
    let _end = std::io::stdin().read(&mut [0]).unwrap();
}

/// What is resident of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn setup(count: usize) -> Setup {
    let library = Library::shipped().unwrap();
    let clock = Clock::default();
    let keys = SigningKeys::in_memory(KeySettings::default(), clock.now().as_second()).unwrap();
    let long = Duration::from_mins(5);
    Setup {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        tls: None,
        door: DoorLimits { head_time: long, idle_time: long, ..DoorLimits::default() },
        workers: 2,
        limits: Limits { connections: count * 2, ..Limits::default() },
        answer_as: candor_gateway::AnswerAs::Problem,
        dialects: candor_gateway::Dialects::default(),
        callers: candor_gateway::callers::Callers::default(),
        anybody: false,
        named_targets: None,
        message_set: String::new(),
        token: TokenSettings::default(),
        keys: Arc::new(keys),
        datacenter_url: String::new(),
        fallback: library.get("acronis-callback").unwrap(),
        callbacks: HashMap::new(),
        cyberapps: HashMap::new(),
        routes: Routes::default(),
        tenants: HashMap::new(),
        guard: Guard::default(),
        operations: None,
        proxy: None,
        resolver: None,
        clock,
    }
}
