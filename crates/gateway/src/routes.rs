//! Which vendor's API a request is for, told by the beginning of its path.

use crate::call::Upstream;
use candor_contract::Table;
use candor_wire::Target;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// A way to an upstream.
#[derive(Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
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
}

/// What an upstream is shown of who calls.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// What the caller shows.
    Callers,
    /// This field, in place of any that the caller sends. Its value is a secret.
    Field(HeaderName, HeaderValue),
}

/// All routes.
#[derive(Debug, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// The routes, of which the one with the longest prefix that fits is taken.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
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

    /// The route for a path.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        self.0.iter().find(|route| route.rest(path).is_some())
    }

    /// The route of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Route> {
        self.0.iter().find(|route| route.name == name)
    }
}

impl Route {
    /// What is left of a path after the prefix.
    pub(crate) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.prefix.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}
