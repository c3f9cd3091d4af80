//! A JSON text as a flat, borrowed document: what bodies are read into.
//!
//! A body on the way through is read once, looked at in a few places and forwarded as the same
//! bytes. For that a [`Document`] holds one entry for each value in the order of the text; a
//! container knows how many entries lie below it, so that stepping over it costs nothing. Text
//! without escapes is borrowed from the input. `serde_json` reads the text; this module only keeps
//! what it saw.
//!
//! What is refused although some readers accept it: **duplicate member names**, because a gateway
//! and an upstream that each pick another one of two values would act on different requests
//! (RFC 8259, section 4, leaves the choice open); a byte order mark; text that is not UTF-8 (RFC
//! 8259, section 8.1); anything after the value; more than [`MAX_DEPTH`] levels or [`MAX_NODES`]
//! entries.
//!
//! Numbers are kept as `u64`, `i64` or `f64`, whichever `serde_json` chooses: an integer beyond
//! those ranges becomes the nearest `f64`, and `1.50` is read back as `1.5`. This holds as long as
//! nothing in the build turns on `serde_json`'s `arbitrary_precision`.
//!
//! This is not a value to build or to change, and not a replacement for `serde_json::Value` where
//! speed is of no concern.

mod error;
mod fast;
mod node;
mod pointer;
mod read;
mod special;
mod write;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

pub(crate) use error::shown_name;
pub use error::{JsonError, JsonErrorKind};
pub use node::{Elements, Kind, Members, Node};
pub use pointer::{Pointer, PointerError};
pub(crate) use write::Writer;

/// The most levels of arrays and objects that a document may have.
///
/// `serde_json` stops at 127 with an error that cannot be told apart by type from any other mistake
/// in the text; this limit is one less, so that the refusal is ours and says what it is.
pub const MAX_DEPTH: usize = 126;

/// The most entries that a document may have; each value and each member name is one.
///
/// An entry takes 24 bytes, so this bounds a document to 24 MB beside its text.
pub const MAX_NODES: usize = 1_000_000;

/// The number of members from which an object gets an index by name.
///
/// Up to here comparing names one by one is faster than hashing them; beyond, it would let a wide
/// object cost the square of its width.
const INDEXED_FROM: usize = 32;

/// A parsed JSON text.
pub struct Document<'a> {
    /// All values in the order of the text, each container before what it holds; an object's
    /// members alternate between name and value. Never empty.
    entries: Vec<Entry<'a>>,
}

/// One value, or the name of a member.
enum Entry<'a> {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    /// A string value, or a member's name in front of its value.
    Text(Cow<'a, str>),
    /// `below` counts all entries of the elements, at all levels.
    Array {
        len: u32,
        below: u32,
    },
    Object {
        len: u32,
        below: u32,
        index: Option<Box<Index<'a>>>,
    },
}

/// For a wide object: where each member's value lies, counted from the entry after the object's.
type Index<'a> = HashMap<Cow<'a, str>, usize>;

// === impl Document ===

impl<'a> Document<'a> {
    /// Reads `bytes` as one JSON text.
    ///
    /// Fails with the first mistake in the text, or the first limit that it exceeds; what those are
    /// is told above.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, JsonError> {
        read::document(bytes)
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_, 'a> {
        Node::first_of(&self.entries).unwrap_or(Node::NULL)
    }

    /// The value that `pointer` leads to, if there is one.
    pub fn pointer(&self, pointer: &Pointer) -> Option<Node<'_, 'a>> {
        pointer.tokens().try_fold(self.root(), Node::child)
    }

    /// Whether `test` holds for some value that `pattern` leads to: a pointer in which `*` stands
    /// for every element of an array. Looks at no value twice.
    pub fn some(&self, pattern: &Pointer, mut test: impl FnMut(Node<'_, 'a>) -> bool) -> bool {
        some_below(self.root(), pattern.tokens(), &mut test)
    }
}

/// One level of [`Document::some`]; as deep as the pattern is long.
fn some_below<'d, 'a, 'p>(
    node: Node<'d, 'a>,
    mut tokens: impl Iterator<Item = &'p str> + Clone,
    test: &mut dyn FnMut(Node<'d, 'a>) -> bool,
) -> bool {
    match tokens.next() {
        None => test(node),
        Some(Pointer::EACH) if node.kind() == Kind::Array => {
            node.elements().any(|element| some_below(element, tokens.clone(), test))
        }
        Some(token) => node.child(token).is_some_and(|child| some_below(child, tokens, test)),
    }
}

/// Tells the size only: what a body holds may be a secret.
impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("entries", &self.entries.len()).finish()
    }
}

// === impl Entry ===

impl Entry<'_> {
    /// The number of entries that belong to this one and follow it.
    fn below(&self) -> usize {
        match self {
            Self::Array { below, .. } | Self::Object { below, .. } => *below as usize,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
