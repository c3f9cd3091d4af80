//! The callback gateway from outside: real sockets, a real handler that fails for real causes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking, and stands on the other side of the socket"
)]

mod answers;
mod bodies;
mod bounds;
mod callers;
mod described;
mod evidence;
mod failures;
mod gateway;
mod handler;
mod hang_up;
mod http2;
mod matrix;
mod operations;
mod proxy;
mod raw;
mod refused;
mod reload;
mod request;
mod retries;
mod routes;
mod rows;
mod slow;
mod stop;
mod streams;
mod strict;
mod tls;

#[allow(dead_code, reason = "measurements use the rest of it")]
#[path = "../stream/mod.rs"]
mod stream;
