//! Which vendor's API a request is for, told by its host and by the beginning of its path.

use crate::call::Upstream;
use crate::credentials::Credentials;
use crate::described::Described;
use crate::dialect::AnswerAs;
use candor_contract::Table;
use candor_wire::Target;
use http::header::HOST;
use http::request::Parts;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

/// A way to an upstream.
#[derive(Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// The host that callers name, without a port; `None` where any will do.
    pub host: Option<String>,
    /// How the paths begin that it takes, such as `/open2b`: whole segments, taken off before the
    /// rest goes below the target's own path. Empty for all paths.
    pub prefix: String,
    /// Where it leads.
    pub target: Target,
    /// What its endings mean.
    pub table: Arc<Table>,
    /// The upstream's health.
    pub upstream: Upstream,
    /// What it is shown.
    pub credentials: Credentials,
    /// Whether calls are repeated where contract and evidence allow it.
    pub repeats: bool,
    /// How long one attempt may take up to the answer's head, and its body where that is read.
    pub timeout: Duration,
    /// The form of failures; the gateway's where `None`.
    pub answer_as: Option<AnswerAs>,
    /// How many bytes of the upstream's failing answer a verdict shows; 0 for none.
    pub raw: usize,
    /// Whether the upstream is told who called, by `Forwarded` (RFC 7239).
    pub forwarded: bool,
    /// What its requests and answers must be like, where that is described.
    pub described: Option<Described>,
}

/// All routes.
#[derive(Debug, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// The routes. Those for a host are asked first, then those with longer prefixes.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| Reverse((route.host.is_some(), route.prefix.len())));
        Self(routes)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    /// Whether an upstream is told who called.
    pub(crate) fn tell_who_calls(&self) -> bool {
        self.0.iter().any(|route| route.forwarded)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Route> {
        self.0.iter_mut()
    }

    /// The route for a request.
    pub(crate) fn find(&self, head: &Parts) -> Option<&Route> {
        self.0.iter().find(|route| route.takes(head))
    }

    /// The route of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Route> {
        self.0.iter().find(|route| route.name == name)
    }
}

impl Route {
    fn takes(&self, head: &Parts) -> bool {
        self.rest(head.uri.path()).is_some()
            && self.host.as_deref().is_none_or(|host| {
                named(head).is_some_and(|named| named.eq_ignore_ascii_case(host))
            })
    }

    /// What is left of a path after the prefix.
    pub(crate) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.prefix.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// The host that a request names, without its port (RFC 9110, section 7.2).
fn named(head: &Parts) -> Option<&str> {
    if let Some(host) = head.uri.host() {
        return Some(host);
    }
    let host = head.headers.get(HOST)?.to_str().ok()?;
    // An IPv6 address has its colons in brackets.
    let port = host.rfind(':').filter(|colon| host.rfind(']').is_none_or(|end| end < *colon));
    host.get(..port.unwrap_or(host.len()))
}
