//! A call that was let in, at its route: what the rules of the routes look at.

use super::refusals::bad;
use super::state::State;
use crate::stage::{Call, Ids, Refusal, World};
use jiff::Timestamp;

/// How long an id may be, in bytes.
const LONGEST_ID: usize = 128;

/// A call that was let in.
pub(super) struct Visit<'w> {
    /// The world.
    pub(super) world: &'w mut World<State>,
    /// The call.
    pub(super) call: &'w Call,
    /// Whose account it is.
    pub(super) caller: String,
    /// The organization of the path.
    pub(super) org: String,
    /// The other id of the path; empty where it has none.
    pub(super) id: String,
}

impl Visit<'_> {
    /// The moment.
    pub(super) fn now(&self) -> Timestamp {
        self.call.now
    }

    /// What is remembered.
    pub(super) fn state(&self) -> &State {
        &self.world.state
    }

    /// What is remembered, to be changed, and where ids come from. Asked for once all is checked.
    ///
    /// # Errors
    /// Nothing can be stored at present.
    pub(super) fn commit(&mut self) -> Result<(&mut State, &mut Ids), Refusal> {
        if self.world.conditions.store_offline {
            let why = "Something went wrong and we don't know what";
            return Err(Refusal::row("500").message(why));
        }
        Ok((&mut self.world.state, &mut self.world.ids))
    }
}

/// An id, as far as its looks go. What ids look like is not documented; one with blanks or control
/// characters is none.
///
/// # Errors
/// It is empty, too long, or has such characters.
pub(super) fn id_like(name: &str, text: &str) -> Result<(), Refusal> {
    match text {
        "" => Err(bad(name, "must not be blank")),
        text if text.len() > LONGEST_ID => Err(bad(name, "is too long")),
        text if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(bad(name, "is not an identifier"))
        }
        _ => Ok(()),
    }
}
