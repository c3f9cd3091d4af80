//! Looking after operations.

use super::act::{Act, Answer};
use super::operation::Operation;
use super::page::{LARGEST_PAGE, Page, expanded, sorted};
use super::refuse::{missing, not_permitted};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use http::header::RETRY_AFTER;

/// `GET .../operations`, the newest first.
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let service_id = act.segment(0);
    let operations = of_service(act, service_id)?;
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let settings = &act.world.state.settings;
    let view = |(id, operation): &(&String, &Operation)| operation.view(id, act.call.now, settings);
    let mut items: Vec<_> = operations.iter().map(view).collect();
    if act.call.query("sort").is_some() {
        items = sorted(act.call, items, &["createdTime", "operationType", "status", "id"])?;
    }
    Ok(page.answer(items))
}

/// `GET .../operations/{operationId}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (service_id, id) = (act.segment(0), act.segment(1));
    let operations = of_service(act, service_id)?;
    let found = operations.into_iter().find(|(known, _)| *known == id);
    let (_, operation) = found.ok_or_else(|| missing("operation", id))?;
    let logs = !expanded(act.call, &["progressLogs"])?.is_empty();
    let now = act.call.now;
    let whole = operation.whole(id, now, &act.world.state.settings, logs);
    let reply = Reply::json(StatusCode::OK, &whole);
    let ended = operation.ended.is_some();
    Ok(if ended { reply } else { reply.with(RETRY_AFTER, &operation.wait(now)) })
}

/// The operations of a service, the newest first. They are there longer than a service that was
/// deleted by one of them.
fn of_service<'a>(
    act: &'a Act<'_>,
    service_id: &str,
) -> Result<Vec<(&'a String, &'a Operation)>, Refusal> {
    let state = &act.world.state;
    let all = state.operations.iter();
    let mut own: Vec<_> = all.filter(|(_, operation)| operation.service_id == service_id).collect();
    own.sort_by_key(|(_, operation)| std::cmp::Reverse(operation.created_time));
    match state.services.get(service_id) {
        Some(service) if act.may_see(service) => Ok(own),
        Some(_) => Err(not_permitted()),
        None => {
            own.retain(|(_, operation)| {
                !act.caller.own_only || operation.created_by == act.caller.user_id
            });
            if own.is_empty() { Err(missing("event broker service", service_id)) } else { Ok(own) }
        }
    }
}
