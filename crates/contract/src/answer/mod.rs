//! Answering: a verdict in the form that the caller reads.
//!
//! The default form is `application/problem+json` (RFC 9457), which carries everything. A contract
//! can serve as a form too; what it cannot carry is a [`Loss`] with a name. Words and statuses are
//! chosen here and nowhere else.

mod foreign;
mod problem;
mod status;

pub use foreign::{Loss, Projection};
pub use problem::read as read_problem;
pub(crate) use status::class_of_status;
pub use status::for_caller as caller_status;

use crate::emit::Written;
use crate::table::Table;
use candor_facts::{Answer, Verdict};

/// The wire form of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Dialect<'t> {
    /// `application/problem+json`.
    Problem,
    /// The form of a contract.
    Contract(&'t Table),
}

impl Dialect<'_> {
    /// Writes `verdict`.
    pub fn write(&self, verdict: &Verdict) -> Written {
        match self {
            Self::Problem => problem::write(verdict, None),
            Self::Contract(table) => foreign::write(table, verdict),
        }
    }

    /// Writes `verdict` under `status`, where HTTP has one for the very reason that the verdict
    /// gives. In a contract's own form the row decides.
    pub fn write_as(&self, status: Option<u16>, verdict: &Verdict) -> Written {
        match self {
            Self::Problem => problem::write(verdict, status),
            Self::Contract(table) => foreign::write(table, verdict),
        }
    }

    /// What of `verdict` survives being written and read again.
    pub fn project(&self, verdict: &Verdict) -> Projection {
        match self {
            Self::Problem => Projection::of(verdict),
            Self::Contract(table) => foreign::project(table, verdict),
        }
    }

    /// Reads an answer that was written in this form. `None` where it is not one.
    pub fn read(&self, answer: &Answer<'_>) -> Option<Projection> {
        match self {
            Self::Problem => problem::read(answer.body).as_ref().map(Projection::of),
            Self::Contract(table) => Some(foreign::read(table, answer)),
        }
    }

    /// What this form cannot carry, by name.
    pub fn losses(&self) -> Vec<Loss> {
        match self {
            Self::Problem => Vec::new(),
            Self::Contract(table) => foreign::losses(table),
        }
    }
}
