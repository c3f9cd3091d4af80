//! The client against hostile peers, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod crowd;
mod faults;
mod flow;
mod frames;
mod guard;
mod handshakes;
mod http2;
mod kit;
mod peer;
mod proxy;
mod reuse;
mod tls;
mod tls_kit;
mod upload;
