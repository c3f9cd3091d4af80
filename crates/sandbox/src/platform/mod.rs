//! The Acronis platform API: account management, as a partner's back end uses it.
//!
//! Two floors over one state: `tenancy` (tokens, clients, the tree of tenants, users) and
//! `services` (offering items and quotas, locations and storages, applications, brand, legal
//! documents, registration). A call walks: what stands in front of the API, the route, the token,
//! and then the rule, which sees the world through a `Desk`.
//!
//! Not here: the services themselves. Nothing is backed up.

mod desk;
mod errors;
mod founded;
mod members;
mod services;
mod tenancy;

use crate::stage::{Api, Call, Found, Refusal, Reply, Route, World, find};
use desk::Desk;
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use services::Services;
use tenancy::Tenancy;

/// The Acronis platform API.
#[derive(Debug)]
pub struct AcronisPlatform;

/// What it remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Who is there.
    tenancy: Tenancy,
    /// What they may use.
    services: Services,
}

/// A rule: it answers a call, given the open segments of the path.
type Rule = fn(&mut Desk<'_>, &[String]) -> Result<Reply, Refusal>;

/// How long a request target may be, in bytes.
const LONGEST_TARGET: usize = 8 * 1024;

impl Api for AcronisPlatform {
    const NAME: &'static str = "acronis-platform";
    const BASE: &'static str = "";
    const REACH: &'static str = concat!(
        include_str!("../../reach/acronis-platform.http"),
        "\n",
        include_str!("../../reach/acronis-platform-services.http")
    );
    type State = State;

    fn found(now: Timestamp) -> State {
        founded::state(now)
    }

    fn answer(world: &mut World<State>, call: &Call) -> Result<Reply, Refusal> {
        if world.conditions.portal_page {
            return Ok(portal());
        }
        if world.in_maintenance(call.now) || world.conditions.too_slow() {
            return Err(errors::unavailable());
        }
        if call.uri.to_string().len() > LONGEST_TARGET {
            return Err(errors::http(414));
        }
        world.state.advance(call.now);
        let (rule, open) = route(call)?;
        rule(&mut Desk::open(world, call), &open)
    }

    fn check(state: &State) -> Result<(), String> {
        state.tenancy.check()?;
        state.services.check(&state.tenancy)
    }
}

impl State {
    /// Lets time pass on both floors.
    fn advance(&mut self, now: Timestamp) {
        for gone in self.tenancy.advance(now) {
            self.services.tenant_deleted(&gone);
        }
    }
}

fn route(call: &Call) -> Result<(Rule, Vec<String>), Refusal> {
    let mut allowed = Vec::new();
    // Services first: they have `/tenants/usages`, which is no id of a tenant.
    for floor in [services::ROUTES, tenancy::ROUTES] {
        match find(floor, &call.method, call.path()) {
            Found::Target(rule, open) => return Ok((*rule, open)),
            Found::OtherMethods(methods) => allowed.push(methods),
            Found::Nothing => {}
        }
    }
    if allowed.is_empty() {
        return Err(errors::http(404));
    }
    Err(errors::http(405).header(ALLOW, allowed.join(", ")))
}

/// A sign-in page in the API's place.
fn portal() -> Reply {
    let page = "<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>\n";
    let reply = Reply { body: page.into(), ..Reply::empty(StatusCode::OK) };
    reply.with(CONTENT_TYPE, "text/html; charset=utf-8")
}

/// A line of a floor's routes.
const fn at(method: http::Method, path: &'static str, target: Rule) -> Route<Rule> {
    Route { method, path, target }
}
