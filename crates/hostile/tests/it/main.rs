//! The hostile upstream from outside: raw sockets see what its scripts say, and it counts what they
//! send.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and stands on the other side of the socket"
)]

mod bodies;
mod counts;
mod http1;
mod http2;
mod kit;
mod tls;
mod walk;
