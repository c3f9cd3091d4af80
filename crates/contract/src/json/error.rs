//! Why a text was refused, and where.

use std::fmt;

/// A text that is not a JSON document, or not one that is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The byte within the line, from 1: the one that is wrong, or the last one read before the
    /// mistake was seen.
    pub column: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// The text breaks the grammar of RFC 8259.
    Syntax {
        /// What was found or expected, for people; holds no part of the text.
        problem: String,
    },
    /// An object has two members of this name.
    DuplicateKey(String),
    /// There are more than [`MAX_DEPTH`](super::MAX_DEPTH) levels of arrays and objects.
    TooDeep,
    /// There are more than [`MAX_NODES`](super::MAX_NODES) values and names.
    TooManyNodes,
    /// The bytes are not UTF-8.
    NotUtf8,
}

/// The most characters of a name that a message shows.
const SHOWN: usize = 64;

/// A member's name as a message shows it: in backquotes, without control characters, and cut when
/// it is long, since it was chosen by whoever wrote the body.
pub(crate) fn shown_name(name: &str) -> String {
    let mut characters = name.chars();
    let start: String = characters.by_ref().take(SHOWN).flat_map(char::escape_debug).collect();
    let rest = if characters.next().is_some() { "…" } else { "" };
    format!("`{start}{rest}`")
}

// === impl JsonError ===

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for JsonError {}

// === impl JsonErrorKind ===

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { problem } => write!(f, "not valid JSON: {problem}"),
            Self::DuplicateKey(name) => {
                write!(f, "the member {} occurs twice; each name must occur once", shown_name(name))
            }
            Self::TooDeep => {
                write!(f, "more than {} levels of arrays and objects", super::MAX_DEPTH)
            }
            Self::TooManyNodes => write!(f, "more than {} values and names", super::MAX_NODES),
            Self::NotUtf8 => f.write_str("not UTF-8; JSON must be encoded as UTF-8"),
        }
    }
}
