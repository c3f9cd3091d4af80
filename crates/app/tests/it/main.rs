//! The binary from outside, and the house as a whole.
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

mod chaos;
mod clients;
mod config;
mod deploy;
mod explain;
mod guide;
mod ledger;
mod operations;
mod quota;
mod reach;
mod readme;
mod reload;
mod run;
mod sandbox;
mod serve;
mod tidy;
