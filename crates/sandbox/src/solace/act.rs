//! What a rule is given: the world, the call, and who calls.

use super::refuse::{broken, missing, not_permitted};
use super::world::{Service, State, Touch};
use crate::stage::{Call, Refusal, Reply, World};

/// What a rule answers.
pub(super) type Answer = Result<Reply, Refusal>;

/// Who calls.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The user that the token stands for.
    pub(super) user_id: String,
    /// What the token may do.
    pub(super) permissions: Vec<String>,
    /// Whether it may do this only to what the user owns.
    pub(super) own_only: bool,
}

/// A call that was let in, on its way to a rule.
pub(super) struct Act<'a> {
    /// The world.
    pub(super) world: &'a mut World<State>,
    /// The call.
    pub(super) call: &'a Call,
    /// Who calls.
    pub(super) caller: Caller,
    /// The segments that the path leaves open.
    pub(super) open: Vec<String>,
}

impl Act<'_> {
    /// An open segment of the path.
    pub(super) fn segment(&self, at: usize) -> &str {
        self.open.get(at).map_or("", String::as_str)
    }

    /// The service that the path names, if there is one that the caller may see.
    pub(super) fn service(&self) -> Result<(&str, &Service), Refusal> {
        let id = self.segment(0);
        let service = self.world.state.services.get(id);
        let service = service.ok_or_else(|| missing("event broker service", id))?;
        if self.may_see(service) { Ok((id, service)) } else { Err(not_permitted()) }
    }

    /// Whether a service is not kept from the caller.
    pub(super) fn may_see(&self, service: &Service) -> bool {
        !self.caller.own_only || service.owned_by == self.caller.user_id
    }

    /// Whether a change can be kept.
    pub(super) fn committable(&self) -> Result<(), Refusal> {
        if self.world.conditions.store_offline {
            return Err(broken("An unexpected server error occurred."));
        }
        Ok(())
    }

    /// The caller, now.
    pub(super) fn touch(&self) -> Touch {
        Touch { by: self.caller.user_id.clone(), at: self.call.now }
    }

    /// A new id, in the form that Solace gives them.
    pub(super) fn new_id(&mut self) -> String {
        self.world.ids.short(11)
    }
}
