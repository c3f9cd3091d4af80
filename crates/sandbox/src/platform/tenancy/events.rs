//! What happened to tenants, for those who listen.
//!
//! Of the Event Manager only the listening is played, at the tenant topic, without subscriptions of
//! one's own: any subscription sees what its caller may see.

use super::tenants::some_ids;
use super::{Caller, Tenancy, moment};
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How many events are kept; beyond it the oldest is forgotten.
const MOST: usize = 200;
/// How many events an answer has where nobody says, and how many it may have.
const USUAL: usize = 100;
/// When to ask again, in seconds.
const LATER: &str = "30";

/// The last events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    /// How many there were, ever: the offset of the next one.
    pub(crate) count: u64,
    /// The last of them.
    pub(crate) last: VecDeque<Event>,
}

/// Something that happened to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    /// Its place among all.
    pub(crate) offset: u64,
    /// What happened.
    pub(crate) what: What,
    /// The tenant.
    pub(crate) tenant_id: String,
    /// When.
    pub(crate) at: Timestamp,
}

/// What can happen to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It is gone.
    Deleted,
}

// === impl Events ===

impl Events {
    /// Notes what happened.
    pub(super) fn note(&mut self, what: What, tenant: &str, at: Timestamp) {
        let event = Event { offset: self.count, what, tenant_id: tenant.to_owned(), at };
        self.count = self.count.saturating_add(1);
        self.last.push_back(event);
        while self.last.len() > MOST {
            self.last.pop_front();
        }
    }
}

impl Event {
    fn shown(&self) -> Value {
        let what = match self.what {
            What::Created => "created",
            What::Updated => "updated",
            What::Deleted => "deleted",
        };
        json!({
            "offset": self.offset,
            "topic_id": "cti.a.p.em.topic.v1.0~a.p.tenant.v1.0",
            "type": format!("cti.a.p.em.event.v1.0~a.p.tenant.{what}.v1.0"),
            "tenant_id": self.tenant_id,
            "subject": self.tenant_id,
            "time": moment(self.at),
        })
    }
}

/// The events from an offset on. Where there are none: 202, and when to ask again.
///
/// # Errors
/// 400: the query.
pub(super) fn fetch(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    for name in ["subscription_id", "consumer_id"] {
        let id = desk.call.query(name).ok_or_else(|| bad(&format!("`{name}` is missing.")))?;
        some_ids(&id.to_ascii_lowercase()).map_err(|_| bad(&format!("`{name}` is not a UUID.")))?;
    }
    let offset = number(desk, "offset")?.ok_or_else(|| bad("`offset` is missing."))?;
    let limit =
        number(desk, "limit")?.map_or(USUAL, |limit| usize::try_from(limit).unwrap_or(USUAL));
    let tenancy = desk.tenancy();
    let seen = |event: &&Event| tenancy.hears(&caller, &event.tenant_id);
    let from = tenancy.events.last.iter().filter(|event| event.offset >= offset);
    let items: Vec<Value> = from.filter(seen).take(limit.min(USUAL)).map(Event::shown).collect();
    if items.is_empty() {
        return Ok(Reply::empty(StatusCode::ACCEPTED).with(RETRY_AFTER, LATER));
    }
    let next = items.last().and_then(|item| item.get("offset")?.as_u64()).map(|at| at + 1);
    Ok(Reply::json(StatusCode::OK, &json!({ "items": items, "next_offset": next })))
}

impl Tenancy {
    /// Whether what happens to a tenant is the caller's concern; of one that is gone, by its parent.
    fn hears(&self, caller: &Caller, id: &str) -> bool {
        let parent = || self.tenants.get(&self.deleted(id)?.0.parent_id);
        let there = self.tenants.get(id).or_else(parent);
        there.is_some_and(|tenant| self.may_see(caller, tenant).is_ok())
    }
}

fn number(desk: &Desk<'_>, name: &str) -> Result<Option<u64>, Refusal> {
    let text = desk.call.query(name);
    let read =
        text.map(|text| text.parse().map_err(|_| bad(&format!("`{name}` is not a number."))));
    read.transpose()
}

fn bad(info: &str) -> Refusal {
    errors::http(400).info(info)
}
