//! What goes on when the setup is replaced: what is still the same goes on as it stands.
//!
//! | of | known by | goes on |
//! |---|---|---|
//! | an upstream | the name of its route or `CyberApp` | its counters |
//! | the same | its origin too | its limits, each where its rule is the same: the vendor counts on |
//! | the same | its URL and its policy too | its kept connections, its circuit, its budget |
//! | a shared limit | its name and its rule | what is held of it here; the ledger counts on anyway |
//! | a caller | its name | its accounts, each where its limit is the same |
//! | an issuer | its name | the keys from the same URL, and the accounts of whom it names |
//!
//! Not here: how the new setup takes effect. Each call goes on with the setup that it began with.

use crate::call::Upstream;
use crate::credentials::Credentials;
use crate::setup::Setup;
use candor_wire::Target;
use std::sync::Arc;

/// How much the place that an upstream is called at is what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// It is another server.
    Another,
    /// It is the same server, at another path or under another policy.
    SameOrigin,
    /// It is the same in all.
    Same,
}

/// What goes on where both are held by the same rule.
pub(crate) fn kept<T, R: PartialEq>(
    new: Option<&Arc<T>>,
    old: Option<&Arc<T>>,
    rule: impl Fn(&T) -> R,
) -> Option<Arc<T>> {
    let same = old.filter(|old| new.is_some_and(|new| rule(new) == rule(old)));
    same.or(new).cloned()
}

impl Setup {
    /// Goes on where `before` stood.
    pub(crate) fn go_on(&mut self, before: &Self) {
        self.callers.go_on(&before.callers);
        for route in self.routes.iter_mut() {
            let Some(old) = before.routes.named(&route.name) else { continue };
            go_on((&mut route.target, &mut route.upstream), (&old.target, &old.upstream));
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
                go_on((&mut new.target, &mut new.upstream), (&old.target, &old.upstream));
            }
        });
    }
}

/// Goes on with an upstream and the way to it.
fn go_on(new: (&mut Target, &mut Upstream), old: (&Target, &Upstream)) {
    let (target, upstream) = new;
    let likeness = if target.is_like(old.0) {
        target.clone_from(old.0);
        Likeness::Same
    } else if target.origin() == old.0.origin() {
        Likeness::SameOrigin
    } else {
        Likeness::Another
    };
    upstream.go_on(old.1, likeness);
}
