//! The names by which a ledger tells things apart, checked at birth.

use crate::EngineError;
use std::fmt;
use std::sync::Arc;

/// The longest name, in bytes.
pub const LONGEST_NAME: usize = 256;

/// Checks that `text` can be stored by every engine: not too long, no control characters.
pub(crate) fn check(what: &str, text: &str, longest: usize) -> Result<(), EngineError> {
    if text.len() > longest {
        return Err(EngineError::invalid(format!("{what} is longer than {longest} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(EngineError::invalid(format!("{what} has a control character")));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// This name: 1 to 256 bytes without control characters, else
            /// [`EngineError::Invalid`].
            pub fn new(name: impl AsRef<str>) -> Result<Self, EngineError> {
                let name = name.as_ref();
                if name.is_empty() {
                    return Err(EngineError::invalid(concat!($what, " is empty")));
                }
                check($what, name, LONGEST_NAME)?;
                Ok(Self(name.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use name;

name! {
    /// Whose an operation is. What belongs to one tenant is never shown to another.
    Tenant, "a tenant's name"
}

name! {
    /// Which workers an operation is for.
    Queue, "a queue's name"
}

name! {
    /// A worker: unique in the fleet, such as a node's name with a number.
    Worker, "a worker's name"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_plain() {
        assert!(Tenant::new("t-1").is_ok());
        assert!(Tenant::new("").is_err());
        assert!(Tenant::new("a\0b").is_err());
        assert!(Tenant::new("x".repeat(LONGEST_NAME)).is_ok());
        assert!(Tenant::new("x".repeat(LONGEST_NAME + 1)).is_err());
    }
}
