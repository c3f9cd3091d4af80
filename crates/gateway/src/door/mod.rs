//! The door: what of HTTP is let in, and what is refused with a clear answer.
//!
//! hyper parses messages; RFC 9112 allows it to be lenient, and a gateway must not be: what two
//! parsers on the way read differently is how one request hides another. `head` looks at the bytes
//! of a request's head before hyper sees them, and follows bodies only as far as it takes to know
//! where the next head begins (`chunks`). `guard` stands between the socket and hyper: it hands on
//! what is well-formed, in place and without a copy, and puts a request of its own in the place of
//! one that is not, which the service answers with the refusal. `rules` judges what is parsed, the
//! same for HTTP/1.1 and HTTP/2. Nothing here answers: a refusal is a [`Refusal`] or a
//! [`candor_facts::Held`].

mod bounds;
mod chunks;
pub(crate) mod guard;
mod head;
pub(crate) mod link;
pub(crate) mod quiet;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

pub use bounds::DoorLimits;

use candor_facts::{Held, HeldKind};

/// Why the bytes of a request are not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: HeldKind,
    /// For caller and operator: what was seen. Never a part of the request.
    pub(crate) detail: &'static str,
}

impl Refusal {
    pub(crate) const fn new(kind: HeldKind, detail: &'static str) -> Self {
        Self { kind, detail }
    }

    /// As it is told. What is put off may come again in a second.
    pub(crate) fn held(self) -> Held {
        let after = (self.kind == HeldKind::Shed).then_some(1);
        Held { after, ..Held::new(self.kind, self.detail) }
    }
}
