//! What stands in front of the API, and what it stands on: the weather.

use super::state::State;
use crate::stage::{Call, Conditions, Refusal, Reply, World};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};

/// With which statuses a store that has moved may say so; the documents list these.
pub(super) const MOVED: [u16; 5] = [300, 301, 302, 303, 307];

/// What a proxy shows that wants something of its own first.
const PORTAL: &str = "<!doctype html><title>Welcome</title><p>Sign in to use this network.</p>";

/// The page of something in front, where it answers in place of the API.
///
/// # Errors
/// The store lives elsewhere, is down for maintenance, or takes too long. The documents tell only of
/// the first; the others are what HTTP says.
pub(super) fn passed(world: &World<State>, call: &Call) -> Result<Option<Reply>, Refusal> {
    let conditions = &world.conditions;
    if let Some(base) = &conditions.moved_to {
        let path = call.uri.path_and_query().map_or("/", |target| target.as_str());
        let location = format!("{}{path}", base.trim_end_matches('/'));
        let moved = Refusal::row("redirect").status(world.state.store.moved_status);
        return Err(moved.header(LOCATION, location));
    }
    if conditions.portal_page {
        let page = Reply { body: PORTAL.into(), ..Reply::empty(StatusCode::OK) };
        return Ok(Some(page.with(CONTENT_TYPE, "text/html; charset=utf-8")));
    }
    match world.maintenance_left(call.now) {
        Some(0) => return Err(Refusal::row("status.503")),
        Some(left) => return Err(Refusal::row("status.503").wait(left)),
        None => {}
    }
    if conditions.too_slow() { Err(Refusal::row("status.504")) } else { Ok(None) }
}

/// Whether a change can be kept.
///
/// # Errors
/// It cannot. The documents name an "internal system error" without its form; inferred.
pub(super) fn writable(conditions: &Conditions) -> Result<(), Refusal> {
    if conditions.store_offline { Err(Refusal::row("status.5xx").status(500)) } else { Ok(()) }
}
