//! What it means: contracts, classification, retry advice and answers.
//!
//! A contract states how an API reports its outcomes. Here it is read ([`document`]), checked,
//! compiled to a [`Table`], and used: to classify an exchange, to say whether it may be repeated, to
//! answer a caller and to explain. Everything is pure: no I/O, no clock, no randomness.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::string_slice, reason = "tests fail by panicking")
)]

pub mod answer;
mod check;
mod classify;
mod defaults;
pub mod document;
mod emit;
pub mod explain;
pub mod file_schema;
pub mod form;
mod general;
pub mod json;
mod library;
mod look;
pub mod notation;
pub mod openapi;
mod path;
mod path_style;
mod retry;
pub mod row;
pub mod schema;
mod table;
mod template;
pub mod transcript;
mod wait;
mod words;

pub use answer::{Dialect, caller_status};
/// A field at fault is part of what is written.
pub use candor_facts::FieldError;
pub use classify::{Reading, SETTLING};
pub use emit::{Parts, Written};
pub use library::Library;
pub use notation::nearest;
pub use path::PathPattern;
pub use path_style::to_pointer as field_pointer;
pub use row::Row;
pub use table::Table;
pub use template::{Captures, Template, TemplateError};
pub use words::{Words, accept_language};
