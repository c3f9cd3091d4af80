//! What we remember: operations, quotas and documents.
//!
//! One port, [`Engine`], with two engines behind it: [`sqlite::Sqlite`], a file of this process, and
//! [`postgres::Postgres`], shared by several. Whatever may become an operation is here before its
//! first byte leaves, and whoever owns it is known by a [`Fence`].
//!
//! The ledger knows no HTTP and no contract: what was asked, how far it is and what came of it are
//! bytes to it. It sends nothing and decides nothing about repeats; it says who may act, and keeps
//! what they noted.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod bell;
mod check;
mod document;
mod engine;
mod error;
mod export;
mod look;
mod operation;
pub mod postgres;
mod quota;
mod schema;
pub mod sqlite;
mod text;
mod time;
mod wait;
mod work;

pub use bell::{Bell, Bells, jittered};
pub use check::Finding;
pub use document::{Document, DocumentName, LARGEST_DOCUMENT, Put, REMAINS_KEPT, Watcher};
pub use engine::{Engine, MOST_AT_ONCE};
pub use error::{EngineError, OpenError};
pub use export::{ExportError, export};
pub use look::{Cursor, Depth, Filter, Health, Page, Swept};
pub use operation::{
    Fence, Idempotency, Keep, LARGEST_ATTEMPT, LARGEST_BODY, LARGEST_PROGRESS, LONGEST_LABEL,
    MOST_ATTEMPTS, NewOp, Op, OpError, OpId, Rev, Serial, State, Take,
};
pub use quota::{Grant, QuotaKey, QuotaRule};
pub use schema::SCHEMA_VERSION;
pub use text::{LONGEST_NAME, Queue, Tenant, Worker};
pub use time::{Clock, SetClock, SystemClock, Time};
pub use wait::wait;
pub use work::{
    AttemptRecord, Cancelled, Claim, Created, Deleted, Note, Redriven, Renewed, Settle, Settled,
};
