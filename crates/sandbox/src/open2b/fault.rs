//! The eight field errors, and where in a request they are.

use crate::stage::Refusal;
use std::fmt;

/// How much of a name that a caller made up is told back, in characters.
const TOLD_BACK: usize = 100;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such field.
    Unknown,
    /// The key may not use it.
    AccessDenied,
    /// It must be there.
    Missing,
    /// It must be there, because the named one is.
    MissingWith(String),
    /// It is not written as its type is.
    Malformed,
    /// It is written rightly, and not a value that is taken.
    InvalidValue,
    /// It must not be there, because the named one is.
    InvalidWith(String),
    /// It is a method, and belongs to a module that the store does not have.
    NotInstalled,
}

/// Where a field is: `conditions.ids[2]`. Written only where something is wrong there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    /// The request itself.
    Request,
    /// A member of an object.
    Member(&'p Path<'p>, &'p str),
    /// An element of a list.
    Element(&'p Path<'p>, usize),
}

/// A fault, and the field that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    field: String,
    fault: Fault,
}

impl Fault {
    /// This fault, of this field.
    pub(super) fn at(self, field: impl fmt::Display) -> Wrong {
        Wrong { field: field.to_string(), fault: self }
    }
}

/// The row of the contract that says so.
///
/// The documents write a field with a capital where it begins the sentence, as in "Name is not
/// syntactically correct" for `name`.
impl From<Wrong> for Refusal {
    fn from(Wrong { field, fault }: Wrong) -> Self {
        let subject = capitalized(&field);
        match fault {
            Fault::Unknown => {
                Self::row("field.unknown").at("unknown").named("field", shortened(&field))
            }
            Fault::AccessDenied => Self::row("field.access-denied").at(field),
            Fault::Missing => Self::row("field.missing").at(field).named("", subject),
            Fault::MissingWith(other) => {
                Self::row("field.missing-combination").related(field, other).named("", subject)
            }
            Fault::Malformed => Self::row("field.malformed").at(field).named("", subject),
            Fault::InvalidValue => Self::row("field.invalid-value").at(field).named("", subject),
            Fault::InvalidWith(other) => {
                Self::row("field.invalid-combination").related(field, other).named("", subject)
            }
            Fault::NotInstalled => {
                Self::row("method.not-available").at(field.clone()).named("method", field)
            }
        }
    }
}

/// For those who load a world.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, fault } = self;
        let field = shortened(field);
        match fault {
            Fault::Unknown => write!(f, "{field} is unknown"),
            Fault::AccessDenied => write!(f, "{field} is not for everyone"),
            Fault::Missing => write!(f, "{field} is missing"),
            Fault::MissingWith(other) => write!(f, "{field} is missing, which {other} requires"),
            Fault::Malformed => write!(f, "{field} is malformed"),
            Fault::InvalidValue => write!(f, "{field} is not a valid value"),
            Fault::InvalidWith(other) => write!(f, "{field} does not go with {other}"),
            Fault::NotInstalled => write!(f, "{field} is not installed"),
        }
    }
}

impl<'p> Path<'p> {
    /// A member below.
    pub(super) fn member(&'p self, name: &'p str) -> Self {
        Path::Member(self, name)
    }

    /// An element below.
    pub(super) fn element(&'p self, at: usize) -> Self {
        Path::Element(self, at)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Request => Ok(()),
            Path::Member(Path::Request, name) => f.write_str(name),
            Path::Member(above, name) => write!(f, "{above}.{name}"),
            Path::Element(above, at) => write!(f, "{above}[{at}]"),
        }
    }
}

fn capitalized(field: &str) -> String {
    let mut letters = field.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn shortened(field: &str) -> String {
    field.chars().take(TOLD_BACK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_program_would() {
        let conditions = Path::Request.member("conditions");
        let ids = conditions.member("ids");
        assert_eq!(ids.element(2).to_string(), "conditions.ids[2]");
        assert_eq!(Path::Request.member("limit").to_string(), "limit");
    }

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(capitalized("name"), "Name");
        assert_eq!(capitalized("conditions.ids[2]"), "Conditions.ids[2]");
        assert_eq!(capitalized(""), "");
    }
}
