//! The journey: from the caller's request to the caller's answer.
//!
//! A caller asks for a callback by name; the gateway checks the payload, builds the documented
//! request, calls the partner's handler, and turns every ending into an answer that says what
//! happened, whose doing it is, whether it took effect and what to do. Start reading in `journey`.
//!
//! What an ending *means* is said by the contract; how bytes move is the wire's business.

mod admin;
mod admit;
mod breaker;
mod budget;
mod call;
mod callback;
pub mod callers;
mod clock;
mod counts;
mod credentials;
mod described;
mod dialect;
mod door;
mod errand;
mod forwarded;
mod intake;
mod journey;
mod keys;
pub mod limits;
mod listen;
mod named;
mod names;
mod operations;
mod outlive;
mod pace;
mod passing;
mod proxy;
mod redact;
mod reload;
mod reply;
mod routes;
mod setup;
mod tokens;
mod trace;

pub use admin::{Admin, AdminListener, AdminSettings, View};
pub use breaker::BreakerSettings;
pub use budget::BudgetSettings;
pub use call::{Answered, Call, Checker, Done, Ended, Passes, Upstream, Watch};
pub use callback::{Callback, Declared, Durability, Promote, Response, SerialKey, SerialRule};
pub use clock::Clock;
pub use credentials::{ClientAuth, ClientCredentials, Credentials};
pub use described::{Described, Mode};
pub use dialect::{AnswerAs, Dialects};
pub use door::DoorLimits;
pub use keys::{Flaw, KeyError, KeySettings, SigningKeys};
pub use listen::{
    ClientCertificates, ListenError, PeerCertificate, Replaced, Running, TlsError, TlsFiles,
    TlsSettings, start,
};
pub use named::NamedTargets;
pub use names::{
    ATTEMPTS, CLASS, CONTRACT, ERROR_ID, OPERATION, ORIGIN, OUTCOME, REQUEST_ID, RETRY, ROW, TARGET,
};
pub use operations::{Ledger, Operations};
pub use pace::{MAX_WAIT, Plan, RetryPolicy};
pub use routes::{Route, Routes};
pub use setup::{Access, Company, CyberApp, Limits, Setup, Tenant, TokenSettings};
