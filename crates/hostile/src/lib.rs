//! The hostile upstream: loopback servers that fail on purpose.
//!
//! A [`Hostile`] follows a [`Script`]: one turn for each request, the last one again and again. A
//! turn of HTTP/1.1 is a [`Turn`], what is read, said and done, byte by byte, because most of the
//! trouble is not HTTP at all; a turn of HTTP/2 is a [`StreamTurn`]. The modules hold the troubles
//! by kind, and [`catalogue`] lists them by name, so that a test can walk them all.
//!
//! ```
//! use candor_hostile::{Hostile, Script, bodies, connection};
//!
//! # fn main() -> std::io::Result<()> {
//! let script = Script::from(connection::resets_after(10)).then(bodies::html().turn());
//! let upstream = Hostile::http1(script)?;
//! // … the program under test calls `upstream.url("/things")` …
//! assert_eq!(upstream.seen().may_have_applied(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! The truth about sends is told **at the upstream**: [`Hostile::seen`] knows each connection and
//! each request that was received, even partly, with its bytes and in the order of time. A request
//! may have been applied when it was received whole and the protocol did not disclaim it.
//!
//! A server has a thread and a runtime of its own, so that it serves tests with and without one. It
//! binds 127.0.0.1 on a free port, is bounded in time, connections and memory, and ends on drop.
//!
//! This is a test kit and nothing else: it is the opposite side of the wire, and uses none of the
//! other rooms.

pub mod answer;
pub mod bodies;
pub mod catalogue;
pub mod certificate;
pub mod connection;
pub mod framing;
pub mod handshake;
pub mod heads;
mod http1;
mod http2;
mod line;
mod progress;
pub mod script;
pub mod seen;
mod server;
pub mod streams;
mod tap;
mod tls;

pub use answer::Answer;
pub use certificate::Certificate;
pub use script::{End, Script, Step, Turn, Until};
pub use seen::{Event, Request, Seen, What};
pub use server::Hostile;
pub use streams::{Part, StreamEnd, StreamTurn, Takes};
