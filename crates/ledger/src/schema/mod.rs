//! The schema's versions, and the steps between them.
//!
//! A version is the number of steps that were taken. Steps are never changed, only added; each is
//! taken as a whole or not at all.

use crate::OpenError;

/// One step, in the words of each engine.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// The steps, in their order.
pub(crate) const STEPS: [Step; 3] = [
    Step {
        sqlite: include_str!("sqlite/1-operations.sql"),
        postgres: include_str!("postgres/1-operations.sql"),
    },
    Step {
        sqlite: include_str!("sqlite/2-quotas.sql"),
        postgres: include_str!("postgres/2-quotas.sql"),
    },
    Step {
        sqlite: include_str!("sqlite/3-documents.sql"),
        postgres: include_str!("postgres/3-documents.sql"),
    },
];

/// The schema's version that this program works with.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer steps than that")]
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// The steps that lead from version `found` to the current one.
pub(crate) fn missing(found: u32) -> impl Iterator<Item = (u32, &'static Step)> {
    (1..).zip(&STEPS).skip(usize::try_from(found).unwrap_or(usize::MAX))
}

/// Refuses to work with another version than the current one.
pub(crate) fn admit(found: u32) -> Result<(), OpenError> {
    match found.cmp(&SCHEMA_VERSION) {
        std::cmp::Ordering::Less => Err(OpenError::Older { found, known: SCHEMA_VERSION }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { found, known: SCHEMA_VERSION }),
    }
}
