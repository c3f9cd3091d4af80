//! The sandbox: the callback handler over loopback, called as a gateway calls it; the other APIs
//! without sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod backup;
mod callbacks;
mod conditions;
mod gateway;
mod identity;
mod kit;
mod open2b;
mod platform;
mod rows;
mod solace;
mod wrong;
