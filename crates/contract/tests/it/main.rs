//! The contract engine from outside: shipped contracts, laws, stories, wrong files.
#![allow(missing_docs, clippy::string_slice, reason = "a test binary")]

mod laws;
mod shipped;
mod stories;
mod story;
mod wrong;
