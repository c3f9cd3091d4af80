//! A place in a document, and what can be asked of it.

use super::Entry;
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt;

/// One value of a [`Document`](super::Document): a handle of three words, copied freely.
#[derive(Clone, Copy)]
pub struct Node<'d, 'a> {
    entry: &'d Entry<'a>,
    /// The entries of everything that this value holds.
    below: &'d [Entry<'a>],
}

/// The six kinds of JSON values (RFC 8259, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any form.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// The members of an object, in the order of the text.
#[derive(Clone)]
pub struct Members<'d, 'a> {
    rest: &'d [Entry<'a>],
}

/// The elements of an array, in order.
#[derive(Clone)]
pub struct Elements<'d, 'a> {
    rest: &'d [Entry<'a>],
}

// === impl Node ===

impl<'d, 'a> Node<'d, 'a> {
    /// A `null` that belongs to no document.
    pub(super) const NULL: Self = Self { entry: &Entry::Null, below: &[] };

    /// The value whose entry is the first of `entries`; those behind it are ignored.
    pub(super) fn first_of(entries: &'d [Entry<'a>]) -> Option<Self> {
        let (entry, rest) = entries.split_first()?;
        Some(Self { entry, below: rest.get(..entry.below())? })
    }

    /// What kind of value this is.
    pub fn kind(self) -> Kind {
        match self.entry {
            Entry::Null => Kind::Null,
            Entry::Bool(_) => Kind::Bool,
            Entry::Number(_) => Kind::Number,
            Entry::Text(_) => Kind::String,
            Entry::Array { .. } => Kind::Array,
            Entry::Object { .. } => Kind::Object,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        matches!(self.entry, Entry::Null)
    }

    /// A string's text, without escapes.
    pub fn as_str(self) -> Option<&'d str> {
        if let Entry::Text(text) = self.entry { Some(text) } else { None }
    }

    /// A boolean's value.
    pub fn as_bool(self) -> Option<bool> {
        if let Entry::Bool(value) = self.entry { Some(*value) } else { None }
    }

    /// A number; it displays as JSON text.
    pub fn as_number(self) -> Option<&'d Number> {
        if let Entry::Number(number) = self.entry { Some(number) } else { None }
    }

    /// What a scalar says, for comparing it with text: a string as it is, numbers and booleans as
    /// their JSON text. `None` for null, arrays and objects.
    pub fn scalar_text(self) -> Option<Cow<'d, str>> {
        match self.entry {
            Entry::Text(text) => Some(Cow::Borrowed(text)),
            Entry::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Entry::Number(number) => Some(Cow::Owned(number.to_string())),
            Entry::Null | Entry::Array { .. } | Entry::Object { .. } => None,
        }
    }

    /// The number of members or elements; 0 for scalars.
    pub fn len(self) -> usize {
        match self.entry {
            Entry::Array { len, .. } | Entry::Object { len, .. } => *len as usize,
            Entry::Null | Entry::Bool(_) | Entry::Number(_) | Entry::Text(_) => 0,
        }
    }

    /// Whether there are no members or elements, as in all scalars.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The members of an object; none for other kinds.
    pub fn members(self) -> Members<'d, 'a> {
        Members::of(if self.kind() == Kind::Object { self.below } else { &[] })
    }

    /// The elements of an array; none for other kinds.
    pub fn elements(self) -> Elements<'d, 'a> {
        Elements { rest: if self.kind() == Kind::Array { self.below } else { &[] } }
    }

    /// The value of an object's member of that name.
    pub fn get(self, name: &str) -> Option<Self> {
        match self.entry {
            Entry::Object { index: Some(index), .. } => {
                Self::first_of(self.below.get(*index.get(name)?..)?)
            }
            Entry::Object { index: None, .. } => {
                self.members().find(|(other, _)| *other == name).map(|(_, value)| value)
            }
            Entry::Null
            | Entry::Bool(_)
            | Entry::Number(_)
            | Entry::Text(_)
            | Entry::Array { .. } => None,
        }
    }

    /// The value that one token of a pointer leads to: a member by its name, an element by its
    /// index (RFC 6901, section 4: digits without leading zeros).
    pub(super) fn child(self, token: &str) -> Option<Self> {
        if self.kind() == Kind::Array {
            return self.elements().nth(super::pointer::array_index(token)?);
        }
        self.get(token)
    }

    /// A copy of the value in the form that is not for the hot path.
    pub fn to_value(self) -> Value {
        match self.entry {
            Entry::Null => Value::Null,
            Entry::Bool(value) => Value::Bool(*value),
            Entry::Number(number) => Value::Number(number.clone()),
            Entry::Text(text) => Value::String(text.clone().into_owned()),
            Entry::Array { .. } => self.elements().map(Node::to_value).collect(),
            Entry::Object { .. } => Value::Object(
                self.members().map(|(name, value)| (name.to_owned(), value.to_value())).collect(),
            ),
        }
    }

    /// What tells this value from all others of all living documents.
    pub(crate) fn address(self) -> usize {
        std::ptr::from_ref(self.entry).addr()
    }
}

/// Tells kind and size only: what a body holds may be a secret.
impl fmt::Debug for Node<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("kind", &self.kind()).field("len", &self.len()).finish()
    }
}

// === impl Kind ===

impl Kind {
    /// The name that JSON Schema gives this kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

// === impl Members ===

impl<'d, 'a> Members<'d, 'a> {
    /// The members in `entries`, where names and values alternate.
    pub(super) fn of(entries: &'d [Entry<'a>]) -> Self {
        Self { rest: entries }
    }
}

impl<'d, 'a> Iterator for Members<'d, 'a> {
    type Item = (&'d str, Node<'d, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (Entry::Text(name), rest) = self.rest.split_first()? else { return None };
        let value = Node::first_of(rest)?;
        self.rest = rest.get(1 + value.below.len()..)?;
        Some((name, value))
    }
}

impl fmt::Debug for Members<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}

// === impl Elements ===

impl<'d, 'a> Iterator for Elements<'d, 'a> {
    type Item = Node<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = Node::first_of(self.rest)?;
        self.rest = self.rest.get(1 + element.below.len()..)?;
        Some(element)
    }
}

impl fmt::Debug for Elements<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elements").finish_non_exhaustive()
    }
}
