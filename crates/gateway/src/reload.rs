//! What goes on when the setup is replaced: counters, circuits, budgets and tokens of upstreams that
//! are still there.
//!
//! Not here: how the new setup takes effect. Each call goes on with the setup that it began with.

use crate::credentials::Credentials;
use crate::setup::Setup;
use std::sync::Arc;

impl Setup {
    /// Goes on where `before` stood. An upstream is known by the name of its route or `CyberApp`.
    pub(crate) fn go_on(&mut self, before: &Self) {
        for route in self.routes.iter_mut() {
            let Some(old) = before.routes.named(&route.name) else { continue };
            route.upstream.go_on(&old.upstream);
            if let (Credentials::OAuth(new), Credentials::OAuth(old)) =
                (&mut route.credentials, &old.credentials)
                && new.is_like(old)
            {
                *new = Arc::clone(old);
            }
        }
        let cyberapps = before.cyberapps.iter();
        cyberapps.for_each(|(name, old)| {
            if let Some(new) = self.cyberapps.get_mut(name) {
                new.upstream.go_on(&old.upstream);
            }
        });
    }
}
