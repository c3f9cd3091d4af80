//! What was written: YAML with places, and mistakes that point at them.
//!
//! Contracts and configuration are read in two steps. Here the file becomes a tree in which every
//! node knows its place; elsewhere the tree is given a meaning, and every mistake found on the way
//! is collected, so that one run reports them all. This module knows no key and no rule.

mod diagnostic;
mod read;
mod syntax;
mod yaml;

pub use diagnostic::{Diagnosis, Problem, Problems};
pub use read::{
    Map, boolean, duration, each, integer, list, name_of, nearest, one_of, scalar, text,
};
pub(crate) use read::{hint, parse_duration};

pub use yaml::{Entry, Limits, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Value, parse, parse_within};
