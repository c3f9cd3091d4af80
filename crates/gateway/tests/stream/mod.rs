//! Both sides of bodies that pass through: an upstream that sends and takes them, callers that compare
//! them, and what slow callers do. Nothing is kept whole, so that a body may have any size.

pub(crate) mod caller;
pub(crate) mod identity;
pub(crate) mod pieces;
pub(crate) mod process;
pub(crate) mod slow;
pub(crate) mod upstream;
