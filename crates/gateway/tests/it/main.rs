//! The callback gateway from outside: real sockets, a real handler that fails for real causes.
#![allow(missing_docs, reason = "a test binary")]

mod answers;
mod gateway;
mod handler;
mod refused;
mod request;
mod retries;
mod rows;
