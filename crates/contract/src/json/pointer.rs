//! JSON Pointer (RFC 6901): the way to one value in a document.

use std::fmt;
use std::str::FromStr;

/// A parsed JSON Pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pointer {
    /// Without escapes.
    tokens: Vec<String>,
}

/// Why a text is not a JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// The text is not empty and does not start with `/`.
    #[error("a JSON Pointer is empty or starts with `/`")]
    NoSlash,
    /// A `~` is followed by something else than `0` or `1`.
    #[error("in a JSON Pointer `~` is written as `~0`, and `/` within a name as `~1`")]
    BadEscape,
}

// === impl Pointer ===

impl Pointer {
    /// The step that stands for every element of an array, in the conditions of a contract. RFC
    /// 6901 has no such step; in an object it is a member's name like any other.
    pub const EACH: &'static str = "*";

    /// The pointer to the whole document; its text is empty.
    pub const fn root() -> Self {
        Self { tokens: Vec::new() }
    }

    /// Reads a pointer in its string form (RFC 6901, section 3), not in that of a URI fragment.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let tokens = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
        Ok(Self { tokens: tokens.split('/').map(unescape).collect::<Result<_, _>>()? })
    }

    /// Adds a step: a member's name, or an element's index in decimal. It is written as it is,
    /// without escapes.
    pub fn push(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    /// The steps from the root, without escapes.
    pub fn tokens(&self) -> impl Iterator<Item = &str> + Clone {
        self.tokens.iter().map(String::as_str)
    }

    /// Whether this is the pointer to the whole document.
    pub fn is_root(&self) -> bool {
        self.tokens.is_empty()
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| write!(f, "/{}", escape(token)))
    }
}

/// A token's index into an array: digits without leading zeros. `-`, the element after the last, is
/// never there.
pub(super) fn array_index(token: &str) -> Option<usize> {
    let canonical = token.bytes().all(|byte| byte.is_ascii_digit())
        && (token == "0" || !token.starts_with('0'));
    if canonical { token.parse().ok() } else { None }
}

/// `~` first, so that the one of `~1` stays as it is.
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> Result<String, PointerError> {
    let mut parts = token.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = match part.as_bytes().first() {
            Some(b'0') => ('~', part.strip_prefix('0')),
            Some(b'1') => ('/', part.strip_prefix('1')),
            _ => return Err(PointerError::BadEscape),
        };
        plain.push(escaped);
        plain.push_str(rest.unwrap_or_default());
    }
    Ok(plain)
}
