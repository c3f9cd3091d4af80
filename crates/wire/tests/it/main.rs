//! The client against hostile peers, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod faults;
mod guard;
mod kit;
mod peer;
mod reuse;
mod tls;
