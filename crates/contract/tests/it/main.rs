//! The contract engine from outside: shipped contracts, laws, stories, wrong files.
#![allow(
    missing_docs,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test binary"
)]

mod documented;
mod explain;
mod file_schemas;
mod laws;
mod openapi;
#[path = "../documented/mod.rs"]
mod rows;
mod shipped;
mod stories;
mod story;
mod torture;
mod wrong;
