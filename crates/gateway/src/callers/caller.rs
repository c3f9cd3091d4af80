//! A caller that is known: its name, its rights, its account.

use super::settings::Rights;
use crate::clock::Clock;
use crate::limits::{Account, Admission, Told};
use candor_facts::{Held, HeldKind};
use http::{HeaderMap, HeaderName};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::time::Instant;

/// Who calls. Cheap to clone; clones share one account.
#[derive(Debug, Clone)]
pub struct Caller {
    member: Arc<Member>,
    shown: Shown,
}

/// What all calls of a caller share.
#[derive(Debug)]
pub(super) struct Member {
    name: Arc<str>,
    id: Arc<str>,
    grant: Arc<Grant>,
    account: Account,
}

/// Rights, compiled.
#[derive(Debug)]
pub(super) struct Grant {
    routes: Option<HashSet<String>>,
    told: Arc<Told>,
}

/// By what a caller was known.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// By nothing.
    Nothing,
    /// By a field of its request.
    Field(HeaderName),
    /// By its certificate.
    Certificate,
}

impl Caller {
    pub(super) fn new(member: &Arc<Member>, shown: Shown) -> Self {
        Self { member: Arc::clone(member), shown }
    }

    /// The caller where nobody is set up: it may do everything.
    pub(super) fn anonymous() -> Self {
        let member = Member::new("anonymous".into(), Grant::new(Rights::default()));
        Self { member: Arc::new(member), shown: Shown::Nothing }
    }

    /// Its name. Not unique: an issuer may give somebody the name of a caller that is set up.
    pub fn name(&self) -> &Arc<str> {
        &self.member.name
    }

    /// What tells it from all others: its name, after its issuer and `#` where only that one knows it.
    pub fn id(&self) -> &Arc<str> {
        &self.member.id
    }

    /// Lets one of its calls through, perhaps after it has waited in line.
    ///
    /// # Errors
    /// The call is held back: `NotPermitted` where it may not use this route, and else as
    /// [`Account::admit`] does.
    pub async fn admit(
        &self,
        route: &str,
        clock: &Clock,
        deadline: Instant,
    ) -> Result<Admission, Held> {
        self.member.grant.permits(route)?;
        self.member.account.admit(clock, deadline).await
    }

    /// Adds how its limits stand to an answer's header, whether its call was let through or not.
    pub fn tell(&self, clock: &Clock, headers: &mut HeaderMap) {
        self.member.account.tell(clock, headers);
    }

    /// Takes out of a request what this caller showed the gateway: it is not for the vendor. Other
    /// credentials stay.
    pub fn hide_credentials(&self, headers: &mut HeaderMap) {
        match &self.shown {
            Shown::Nothing | Shown::Certificate => {}
            Shown::Field(name) => drop(headers.remove(name)),
        }
    }
}

impl Member {
    pub(super) fn new(name: Arc<str>, grant: Arc<Grant>) -> Self {
        let account = Account::of(Arc::clone(&grant.told));
        Self { id: Arc::clone(&name), name, grant, account }
    }

    /// Somebody whom an issuer names, and nobody else.
    pub(super) fn of_issuer(issuer: &str, name: Arc<str>, grant: Arc<Grant>) -> Self {
        Self { id: [issuer, "#", &name].concat().into(), ..Self::new(name, grant) }
    }

    /// The same caller, after `before` was known by this name for some time.
    pub(super) fn after(&self, before: &Self) -> Self {
        Self::going_on(Arc::clone(&self.name), Arc::clone(&self.grant), before)
    }

    /// A caller with these rights who has used what `before` has.
    pub(super) fn going_on(name: Arc<str>, grant: Arc<Grant>, before: &Self) -> Self {
        let account = Account::after(Arc::clone(&grant.told), &before.account);
        Self { name, id: Arc::clone(&before.id), grant, account }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether a new one could take its place.
    pub(super) fn is_as_new(&self, clock: &Clock) -> bool {
        self.account.is_as_new(clock)
    }
}

impl Grant {
    pub(super) fn new(rights: Rights) -> Arc<Self> {
        let routes = rights.routes.map(|routes| routes.into_iter().collect());
        Arc::new(Self { routes, told: Told::new(rights.terms) })
    }

    fn permits(&self, route: &str) -> Result<(), Held> {
        if self.routes.as_ref().is_none_or(|routes| routes.contains(route)) {
            return Ok(());
        }
        let detail = format!("the caller may not use the route `{route}`");
        Err(Held::new(HeldKind::NotPermitted, detail))
    }
}
