//! The Solace PubSub+ Cloud REST API, version 2: Mission Control and the platform.
//!
//! An account with environments, datacenters and event broker services. What takes longer than two
//! seconds is answered by a 202 with a `Location`, and becomes an operation; how long work is planned
//! to take is a setting of the world, so that anything can be made immediate or slow.
//!
//! A call is walked through in this order: a page in front of the API, path and method, the token,
//! its permission, its limit, the weather behind the API, then the rule: what the path names, the
//! body, the rules about it, conflicts with other work, whether the change can be kept, the change.
//! A refusal changes nothing but the token's limit. The API documents no redirect, so a world that
//! has moved goes on answering.
//!
//! Not here: brokers that carry messages. The SEMP proxy knows queues, and that is all.

mod act;
mod auth;
mod births;
mod body;
mod certificates;
mod check;
mod classes;
mod datacenters;
mod environments;
mod found;
pub mod operation;
mod operations;
mod page;
mod people;
mod plan;
mod profile_fields;
mod profiles;
mod refuse;
mod routes;
mod semp;
mod services;
mod shown;
pub mod work;
pub mod world;
mod write;

use crate::stage::{Api, Call, Refusal, Reply, World};
use act::{Act, Answer};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use world::State;

/// The Solace PubSub+ Cloud REST API.
#[derive(Debug)]
pub struct SolaceCloud;

impl Api for SolaceCloud {
    const NAME: &'static str = "solace-cloud";
    const BASE: &'static str = "";
    const REACH: &'static str = include_str!("../../reach/solace-cloud.http");
    type State = State;

    fn found(now: Timestamp) -> State {
        found::state(now)
    }

    fn answer(world: &mut World<State>, call: &Call) -> Result<Reply, Refusal> {
        world.state.advance(call.now);
        walk(world, call).map_err(|refusal| refusal.error_id(world.ids.uuid().to_string()))
    }

    fn check(state: &State) -> Result<(), String> {
        check::state(state)
    }
}

/// From the door to the rule.
fn walk(world: &mut World<State>, call: &Call) -> Answer {
    if world.conditions.portal_page {
        return Ok(portal());
    }
    let (place, open) = routes::look(call)?;
    let (token, caller) = auth::admit(&world.state, call)?;
    let caller = caller.with(&place.permit)?;
    auth::take(&mut world.state, &token, call.now)?;
    behind(world, call.now)?;
    (place.rule)(&mut Act { world, call, caller, open })
}

/// What is wrong behind the API.
fn behind(world: &World<State>, now: Timestamp) -> Result<(), Refusal> {
    if let Some(left) = world.maintenance_left(now) {
        return Err(refuse::unavailable(Some(left)));
    }
    if world.conditions.too_slow() { Err(refuse::too_slow()) } else { Ok(()) }
}

/// A sign-in page where an answer of the API should be.
fn portal() -> Reply {
    let page = "<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>";
    let body = Bytes::from_static(page.as_bytes());
    Reply { body, ..Reply::empty(StatusCode::OK) }.with(CONTENT_TYPE, "text/html; charset=utf-8")
}
