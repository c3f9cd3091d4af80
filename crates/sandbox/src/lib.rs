//! The opposite side: services that fail for real reasons.
//!
//! A sandbox is an honest service with state. Its code never looks at which error somebody would
//! like to see: it follows its rules over its state, and a failure is reached by bringing about
//! its cause, such as a contract that nobody signed, a used-up rate limit or a backend that is
//! down. So what is learnt against it holds against the service that it stands for.
//!
//! Four APIs play on one [`stage`]; the callback handler of a partner, which verifies tokens over
//! the network, is built apart in [`callback`]. Sandboxes listen on loopback only. This crate does
//! not know the gateway, nor how the gateway calls: both sides of a call are written apart on
//! purpose.

pub mod backup;
pub mod callback;
pub mod house;
mod keep;
pub mod open2b;
pub mod platform;
pub mod reach;
pub mod serve;
pub mod solace;
pub mod stage;

pub use keep::{KeepError, Keeper};
