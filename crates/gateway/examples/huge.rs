//! What a body of 1 GiB costs in memory, down and up, over HTTP/1.1 and HTTP/2:
//! `huge path/to/candor`. Ends with 1 where a byte differs, or more than 50 MiB were resident at any
//! time. `just huge` runs it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a program for whoever measures, which fails by panicking"
)]

#[allow(dead_code, reason = "each program uses a part of it")]
#[path = "../tests/stream/mod.rs"]
mod stream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use stream::caller::Caller;
use stream::identity::Identity;
use stream::pieces::{self, Pieces};
use stream::process::Process;
use stream::upstream;

const HUGE: Pieces = Pieces { at: 0, left: 1 << 30, piece: 64 << 10, told: true };
/// The most that may be resident, in KiB.
const MOST: u64 = 50 << 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(program) = std::env::args().nth(1).map(PathBuf::from) else {
        println!("name the program");
        return ExitCode::FAILURE;
    };
    let Ok(expected) = pieces::read(HUGE).await;
    let identity = Identity::new();
    let mut good = true;
    for (version, identity) in [("HTTP/1.1", None), ("HTTP/2", Some(&identity))] {
        let upstream = upstream::start(identity).await;
        let candor = Process::start(&program, upstream, identity);
        let mut caller = Caller::of(candor.address, identity);
        println!("{version}: {} KiB resident before", candor.resident());
        for (way, method, path, body) in [
            ("down", "GET", format!("/shop/bytes/{HUGE}"), Pieces::none()),
            ("up", "PUT", "/shop/sink/x".to_owned(), HUGE),
        ] {
            let begun = Instant::now();
            let (whole, took) = match way {
                "down" => (caller.call(method, &path, body).await.body.unwrap(), begun.elapsed()),
                _ => (caller.told(method, &path, body).await, begun.elapsed()),
            };
            let peak = candor.peak();
            good &= whole == expected && peak < MOST;
            let same = if whole == expected { "the same bytes" } else { "OTHER BYTES" };
            println!("{version}: 1 GiB {way} in {took:.1?}, {same}, {peak} KiB resident at most");
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
