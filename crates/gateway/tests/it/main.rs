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
mod bounds;
mod callers;
mod described;
mod evidence;
mod gateway;
mod handler;
mod hang_up;
mod http2;
mod matrix;
mod raw;
mod refused;
mod reload;
mod request;
mod retries;
mod routes;
mod rows;
mod stop;
mod streams;
mod strict;
mod tls;
