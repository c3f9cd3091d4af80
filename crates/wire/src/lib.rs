//! How we call: a guarded HTTP client whose failures are typed facts.
//!
//! [`Client::send`] takes a call from a checked [`Target`] to a complete answer. Whatever fails on
//! the way is a [`candor_facts::Fault`]: its kind, which belongs to one phase, and how much of the
//! request had left. It knows no contract: it does not say what an answer means, and repeats
//! nothing that may have been acted on.
//!
//! Only addresses that the [`Guard`] admits are called, directly or through the site's own proxy
//! ([`ProxySettings`]). Redirects are never followed, and nothing is decompressed; [`decode`] does
//! that for whoever must read a coded body.
//!
//! A body may be passed on as it comes, in both directions: a request's as [`Passing`], an answer's
//! as [`Flow`]. Neither is gathered anywhere.
//!
//! HTTP/1.1 has a pool of connections for each target. HTTP/2, where the target chooses it in the
//! TLS handshake, has one connection for all calls: 100 streams or what the peer allows, windows of
//! 1 MiB for a stream and 4 MiB for the connection, a sign of life asked for after 15 s of silence
//! and waited for during 5 s. A fault there is a stream's own, and says how much of *this* request
//! was handed over. A refused stream is unsent, and is not sent again here.

mod arriving;
pub mod body;
mod bounded;
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
mod proxy;
mod resolve;
mod road;
mod roots;
mod sent;
mod stream;
mod target;
mod tls;
mod tunnel;
mod upload;

pub use arriving::{Arriving, Flow};
pub use async_trait::async_trait;
pub use bounded::{Bounded, PassLimit};
pub use client::{Client, ClientSettings, HeadLimits, SetupError};
pub use guard::{Guard, Refused, Why};
pub use message::{BODY_LIMIT, Outbound, Received, TOTAL, Timeouts, Timing};
pub use path::{PathError, RequestPath};
pub use pool::PoolLimits;
pub use proxy::{NoProxy, ProxyCredentials, ProxyError, ProxySettings, WayOut};
pub use resolve::{Resolve, ResolveError, SystemResolver};
pub use roots::{
    Certificate, PrivateKey, RevocationList, certificates, private_key, revocation_lists,
};
pub use target::{ClientIdentity, Target, TargetError, TargetPolicy, TlsVersion, Versions};
pub use upload::{Passing, Upload};
