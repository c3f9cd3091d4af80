//! What happened: exchanges, faults and verdicts, as plain values.
//!
//! This crate holds the vocabulary that all other rooms share. It has no opinions and does no
//! I/O: *meaning* is given in `candor-contract`, *bytes* move in `candor-wire`. The verdict's types
//! live here so that whatever stores or sends a verdict need not know how it was reached.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod class;
mod exchange;
mod fault;
mod held;
mod verdict;
mod violation;

pub use class::{Class, Origin, Outcome};
pub use exchange::{Answer, Check, Ending, Exchange, Request};
pub use fault::{Fault, FaultKind, Phase, Sent};
pub use held::{Held, HeldKind};
pub use verdict::{Attempt, FieldError, How, Next, Raw, Retry, Verdict, Who, Why};
pub use violation::Violation;
