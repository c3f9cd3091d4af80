//! The Atlassian backup management API, version 2: backups of sites by policy, restores of them,
//! exports to a customer's own storage and imports back from it.
//!
//! A call walks in one line: the weather in front, the path, who calls and as what, how often, then
//! the rules of its route. Everything is checked before anything changes. Jobs are moments in the
//! state: whether one is waiting, running or over is read off the time of the call, so that a moved
//! clock finishes them.
//!
//! Not here: the console and its pages, app and OAuth access (the API takes API tokens alone), and
//! the contents of backups. The reference says little about the forms of jobs and reports; what is
//! inferred is said so where it stands.

mod access;
mod aws;
mod backups;
mod check;
mod exports;
mod fields;
mod found;
mod imports;
mod job;
mod limits;
mod page;
mod place;
mod policies;
mod refusals;
mod restores;
mod routes;
mod schedule;
pub mod state;
mod storages;
mod visit;

pub use state::State;

use crate::stage::{Api, Body, Call, Refusal, Reply, World};
use jiff::Timestamp;
use visit::Visit;

/// The Atlassian backup management API.
#[derive(Debug)]
pub struct AtlassianBackup;

impl Api for AtlassianBackup {
    const NAME: &'static str = "atlassian-backup";
    const BASE: &'static str = "/public/backup-management/v2";
    const REACH: &'static str = include_str!("../../reach/atlassian-backup.http");
    type State = State;

    fn found(now: Timestamp) -> State {
        found::found(now)
    }

    fn answer(world: &mut World<State>, call: &Call) -> Result<Reply, Refusal> {
        in_front(world, call)?;
        let (target, org, id) = routes::lookup(call)?;
        schedule::advance(world, call.now);
        let caller = access::admit(&world.state, call, &org)?;
        limits::take(&mut world.state.limits, target, &caller, &org, call.now)?;
        in_time(world, call)?;
        (target.serve)(&mut Visit { world, call, caller, org, id })
    }

    fn check(state: &State) -> Result<(), String> {
        check::check(state)
    }
}

/// The weather before the API's own door.
fn in_front(world: &World<State>, call: &Call) -> Result<(), Refusal> {
    if world.conditions.portal_page {
        return Err(Refusal::row("not-the-api.2xx"));
    }
    if world.in_maintenance(call.now) {
        let why = "A service that is needed to handle the request does not answer";
        return Err(Refusal::row("503").message(why));
    }
    Ok(())
}

/// A read that takes too long is given up; a write goes on, as the document speaks of GET alone.
fn in_time(world: &World<State>, call: &Call) -> Result<(), Refusal> {
    if call.body == Body::Broken {
        return Err(refusals::malformed());
    }
    if call.method.is_safe() && world.conditions.too_slow() {
        let why = "The GET request could not be handled within the time limit";
        return Err(Refusal::row("504").message(why));
    }
    Ok(())
}
