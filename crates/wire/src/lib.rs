//! How we call: a guarded HTTP client whose failures are typed facts.
//!
//! [`Client::send`] takes a call from a checked [`Target`] to a complete answer. Whatever fails on
//! the way is a [`candor_facts::Fault`]: its kind, which belongs to one phase, and how much of the
//! request had left. It knows no contract: it does not say what an answer means, and repeats
//! nothing that may have been acted on.
//!
//! Only addresses that the [`Guard`] admits are called. Redirects are never followed, and nothing
//! is decompressed.

pub mod body;
mod cause;
mod client;
mod connect;
pub mod decode;
mod exchange;
mod gate;
mod guard;
mod http2;
mod leaf;
mod message;
mod path;
mod pool;
mod resolve;
mod roots;
mod sent;
mod stream;
mod target;
mod tls;

pub use async_trait::async_trait;
pub use client::{Client, ClientSettings, HeadLimits, SetupError};
pub use guard::{Guard, Refused, Why};
pub use message::{BODY_LIMIT, Outbound, Received, TOTAL, Timeouts, Timing};
pub use path::{PathError, RequestPath};
pub use pool::PoolLimits;
pub use resolve::{Resolve, ResolveError, SystemResolver};
pub use roots::{Certificate, RevocationList, certificates, revocation_lists};
pub use target::{ClientIdentity, Target, TargetError, TargetPolicy, TlsVersion, Versions};
