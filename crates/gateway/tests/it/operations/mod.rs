//! Operations: calls that outlive their callers, and gateways.

mod answer;
mod api;
mod crash;
mod engine;
mod forget;
mod key;
mod kit;
mod serial;
