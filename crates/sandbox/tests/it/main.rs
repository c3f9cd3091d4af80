//! The callback handler over loopback, called as a gateway calls it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod callbacks;
mod conditions;
mod gateway;
mod identity;
