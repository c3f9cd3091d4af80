//! The ledger's laws, held by both engines, and what is each engine's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod killed;
mod laws;
mod model;
mod postgres;
mod server;
mod sqlite;
mod world;
