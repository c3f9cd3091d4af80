//! What is described and not held.

use std::fmt;

/// A part of a valid description that is not held, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// The file in which it stands.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What is not held, for people.
    pub text: String,
}

/// What a [`Note`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// A path that no request can have, or that another one hides.
    Path,
    /// An `operationId` that is there twice.
    OperationId,
    /// Servers of a single path or operation.
    Servers,
    /// A slot in a path without its parameter, or the other way round.
    Slot,
    /// A parameter of which only is held that it is there.
    Parameter,
    /// A reference to what is not among the files.
    Reference,
    /// What stands beside a `$ref` in 3.0, where it says nothing.
    BesideReference,
    /// `discriminator`.
    Discriminator,
    /// A pattern that cannot be run in linear time.
    Pattern,
    /// Another part of a schema that is not held.
    Schema,
}

impl NoteKind {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::OperationId => "operation-id",
            Self::Servers => "servers",
            Self::Slot => "slot",
            Self::Parameter => "parameter",
            Self::Reference => "reference",
            Self::BesideReference => "beside-reference",
            Self::Discriminator => "discriminator",
            Self::Pattern => "pattern",
            Self::Schema => "schema",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}
