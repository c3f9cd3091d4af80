//! In development: a target that the caller names, by `Candor-Target: https://api.example.com` and,
//! where it is not plain HTTP, `Candor-Contract: open2b`.
//!
//! Whoever can name a target can have the gateway call anything. So this is served on loopback alone,
//! and the guard stands before these targets as before all others.

use crate::call::Upstream;
use crate::credentials::Credentials;
use crate::dialect::Dialects;
use crate::names::{CONTRACT, TARGET};
use crate::routes::Route;
use candor_contract::{Table, nearest};
use candor_facts::{Held, HeldKind};
use candor_wire::{Target, TargetPolicy};
use http::{HeaderMap, HeaderName};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The contract of a target whose contract is not named.
const DEFAULT: &str = "http";
/// How many targets are remembered; when there are more, all are forgotten.
const MOST: usize = 256;
/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a failing answer is shown.
const RAW: usize = 4 * 1024;

/// The targets that callers named.
#[derive(Debug)]
pub struct NamedTargets {
    policy: TargetPolicy,
    contracts: Dialects,
    routes: Mutex<HashMap<(String, String), Arc<Route>>>,
}

impl NamedTargets {
    /// Targets under one policy, of any of these contracts.
    pub fn new(policy: TargetPolicy, contracts: Dialects) -> Self {
        Self { policy, contracts, routes: Mutex::default() }
    }

    /// The route to the target that a request names, where it names one.
    ///
    /// # Errors
    /// The call is held back: no URL, no such contract.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Result<Option<Arc<Route>>, Held> {
        let Some(url) = text(headers, &TARGET)? else { return Ok(None) };
        let contract = text(headers, &CONTRACT)?.unwrap_or(DEFAULT);
        let key = (url.to_owned(), contract.to_owned());
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(&key) {
            return Ok(Some(Arc::clone(route)));
        }
        let route = Arc::new(self.route(url, contract)?);
        if routes.len() >= MOST {
            routes.clear();
        }
        routes.insert(key, Arc::clone(&route));
        Ok(Some(route))
    }

    fn route(&self, url: &str, contract: &str) -> Result<Route, Held> {
        let target = Target::parse(url, &self.policy).map_err(|error| {
            Held::new(HeldKind::Malformed, format!("`{TARGET}` cannot be called: {error}"))
        })?;
        Ok(Route {
            name: target.origin().to_owned(),
            host: None,
            prefix: String::new(),
            target,
            table: self.table(contract)?,
            upstream: Upstream::default(),
            credentials: Credentials::Callers,
            repeats: true,
            timeout: TIMEOUT,
            answer_as: None,
            raw: RAW,
            forwarded: false,
            described: None,
        })
    }

    fn table(&self, name: &str) -> Result<Arc<Table>, Held> {
        self.contracts.get(name).cloned().ok_or_else(|| {
            let near = nearest(name, self.contracts.keys().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let name: String = name.chars().take(100).collect();
            Held::new(HeldKind::Malformed, format!("there is no contract `{name}`{hint}"))
        })
    }
}

/// The text of a field that is there once.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Held> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| {
        Held::new(HeldKind::Malformed, format!("`{name}` has more than visible ASCII"))
    })
}
