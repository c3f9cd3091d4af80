//! The opposite side: services that fail for real reasons.
//!
//! A sandbox is an honest service with state. Its code never looks at which error somebody would
//! like to see: it follows its rules over its state, and a failure is reached by bringing about
//! its cause, such as a contract that nobody signed, a used-up rate limit or a backend that is
//! down. So what is learnt against it holds against the service that it stands for.
//!
//! Sandboxes listen on loopback only, and keep everything in memory. This crate does not know the
//! gateway, nor how the gateway calls: both sides of a call are written apart on purpose.

pub mod callback;
mod clock;

pub use clock::Clock;
