//! What callers ask of operations.
//!
//! | request | answer |
//! |---|---|
//! | `GET /operations?tenant=…` | a list, newest first |
//! | `GET /operations/{id}?tenant=…` | one; with `wait` when it has changed or ended, with `Accept: text/event-stream` as it happens |
//! | `DELETE /operations/{id}` | forgotten, where it has ended |
//! | `POST /operations/{id}/cancel` | cancelled, where nothing was sent; else what is known |
//! | `POST /operations/{id}/redrive` | the same again, for a dead letter |
//!
//! An operation belongs to the tenant of its call. A caller that is known by name sees those that it
//! asked for itself; where callers have no names, everybody sees those of the tenant that is named.

use super::list::{self, Listing};
use super::prefer::Preferences;
use super::shape::{self, Form};
use super::{Ledger, events, held};
use crate::admit;
use crate::journey::{Gateway, Trip};
use crate::names;
use crate::reply::{self, Reply};
use candor_facts::{Held, HeldKind};
use candor_ledger::{Cancelled, Deleted, Op, OpId, Redriven, Rev, State, Tenant};
use http::header::{IF_NONE_MATCH, LINK, LOCATION};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Where operations are.
pub(crate) const OPERATIONS: &str = "/operations";
/// The longest wait, in seconds.
const LONGEST_WAIT: u64 = 60;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'p> {
    All,
    One(&'p str),
    Cancel(&'p str),
    Redrive(&'p str),
}

/// Whether a path is one of operations.
pub(crate) fn is_asked(path: &str) -> bool {
    path.strip_prefix(OPERATIONS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The methods of what is at `path`, as `Allow` names them.
pub(crate) fn allowed(path: &str) -> &'static str {
    match place(path) {
        Some(Place::One(_)) => "GET, HEAD, DELETE",
        Some(Place::Cancel(_) | Place::Redrive(_)) => "POST",
        Some(Place::All) | None => "GET, HEAD",
    }
}

fn place(path: &str) -> Option<Place<'_>> {
    let rest = path.strip_prefix(OPERATIONS)?;
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
    let place = match (segments.next(), segments.next()) {
        (None, _) => Place::All,
        (Some(id), None) => Place::One(id),
        (Some(id), Some("cancel")) => Place::Cancel(id),
        (Some(id), Some("redrive")) => Place::Redrive(id),
        (Some(_), Some(_)) => return None,
    };
    segments.next().is_none().then_some(place)
}

/// Answers a question about operations.
pub(crate) async fn answer(
    gateway: &Gateway,
    trip: &mut Trip,
    head: &Parts,
) -> Result<Reply, Held> {
    admit::a_program_asks(head)?;
    let operations = gateway.setup.operations.as_ref().ok_or_else(|| nothing(head))?;
    let desk = Desk { gateway, ledger: &operations.ledger, form: Form::of(gateway, trip) };
    let reads = [Method::GET, Method::HEAD].contains(&head.method);
    match place(head.uri.path()).ok_or_else(|| nothing(head))? {
        Place::All if reads => desk.list(trip, head).await,
        Place::One(id) if reads => desk.get(trip, head, id).await,
        Place::One(id) if head.method == Method::DELETE => desk.delete(trip, head, id).await,
        Place::Cancel(id) if head.method == Method::POST => desk.cancel(trip, head, id).await,
        Place::Redrive(id) if head.method == Method::POST => desk.redrive(trip, head, id).await,
        Place::All | Place::One(_) | Place::Cancel(_) | Place::Redrive(_) => {
            let detail = format!("this takes {}", allowed(head.uri.path()));
            Err(Held::new(HeldKind::MethodNotAllowed, detail))
        }
    }
}

/// What all questions need.
struct Desk<'d> {
    gateway: &'d Gateway,
    ledger: &'d Arc<Ledger>,
    form: Form,
}

impl Desk<'_> {
    async fn list(&self, trip: &Trip, head: &Parts) -> Result<Reply, Held> {
        let (tenant, query) = list::query(head, &list::PARAMETERS)?;
        let tenant = self.tenant(&tenant)?;
        let Listing { mut filter, after, limit } = Listing::read(query)?;
        if let Some(own) = self.own(trip) {
            if filter.created_by.as_deref().is_some_and(|other| other != own) {
                let detail = "a caller sees the operations that it asked for itself";
                return Err(Held::new(HeldKind::NotPermitted, detail));
            }
            filter.created_by = Some(own.to_owned());
        }
        let page = self.ledger.engine.list(&tenant, &filter, after, limit).await;
        let page = page.map_err(|error| held(&error))?;
        let mut reply = shape::listed(self.form, &page);
        if let Some(next) = page.next {
            reply::put(reply.headers_mut(), LINK, Listing::link(head, next));
        }
        Ok(reply)
    }

    async fn get(&self, trip: &mut Trip, head: &Parts, id: &str) -> Result<Reply, Held> {
        let (op, query) = self.find(trip, head, id, &["tenant", "wait"]).await?;
        if events::are_wanted(&head.headers) {
            let place = trip.place.take();
            return Ok(events::reply(self.ledger, self.form, &head.headers, op, place));
        }
        let seen = seen(&head.headers);
        let wait = match query {
            Some(text) => text.parse().map_err(|_| wrong_wait())?,
            None => Preferences::of(&head.headers).wait.map_or(0, |wait| wait.as_secs()),
        };
        let most = Duration::from_secs(wait.min(LONGEST_WAIT));
        let news = op.state.is_final() || seen.is_some_and(|seen| op.rev > seen);
        let op = if news || most.is_zero() { op } else { self.wait(op, seen, most).await? };
        if seen == Some(op.rev) {
            return Ok(shape::empty(StatusCode::NOT_MODIFIED));
        }
        Ok(shape::shown(StatusCode::OK, self.form, &op))
    }

    /// The operation when it has changed or ended, or when the time is over.
    async fn wait(&self, op: Op, seen: Option<Rev>, most: Duration) -> Result<Op, Held> {
        let waited = tokio::select! {
            waited = candor_ledger::wait(&*self.ledger.engine, &op.tenant, &op.id, seen, most) => waited,
            () = self.ledger.closed() => return Ok(op),
        };
        waited.map_err(|error| held(&error))?.ok_or_else(|| missing(&op.id.to_string()))
    }

    async fn delete(&self, trip: &Trip, head: &Parts, id: &str) -> Result<Reply, Held> {
        let (op, _) = self.find(trip, head, id, &["tenant"]).await?;
        let deleted = self.ledger.engine.delete(&op.tenant, &op.id).await;
        match deleted.map_err(|error| held(&error))? {
            Deleted::Gone => Ok(shape::empty(StatusCode::NO_CONTENT)),
            Deleted::NotEnded(_) => {
                let detail = "the operation has not ended: cancel it first";
                Err(Held::new(HeldKind::Conflict, detail))
            }
            Deleted::NotFound => Err(missing(id)),
        }
    }

    async fn cancel(&self, trip: &Trip, head: &Parts, id: &str) -> Result<Reply, Held> {
        let (op, _) = self.find(trip, head, id, &["tenant"]).await?;
        let cancelled = self.ledger.engine.cancel(&op.tenant, &op.id).await;
        let status = match cancelled.map_err(|error| held(&error))? {
            Cancelled::BeforeStart => {
                self.ledger.counts.end(State::Cancelled);
                StatusCode::OK
            }
            Cancelled::Requested => {
                self.ledger.cancel_here(&op.id);
                StatusCode::ACCEPTED
            }
            Cancelled::Ended(_) => StatusCode::OK,
            Cancelled::NotFound => return Err(missing(id)),
        };
        let now = self.ledger.engine.get(&op.tenant, &op.id).await.ok().flatten();
        Ok(shape::shown(status, self.form, now.as_ref().unwrap_or(&op)))
    }

    async fn redrive(&self, trip: &Trip, head: &Parts, id: &str) -> Result<Reply, Held> {
        let (op, _) = self.find(trip, head, id, &["tenant"]).await?;
        let redriven = self.ledger.engine.redrive(&op.tenant, &op.id, Uuid::now_v7()).await;
        let new = match redriven.map_err(|error| held(&error))? {
            Redriven::As(new) => {
                self.ledger.counts.accept();
                new
            }
            Redriven::Before(before) => before,
            Redriven::NotDead(_) => {
                let detail = "the operation is not on the list of dead letters";
                return Err(Held::new(HeldKind::Conflict, detail));
            }
            Redriven::NotFound => return Err(missing(id)),
        };
        let found = self.ledger.engine.get(&op.tenant, &new).await;
        let new = found.map_err(|error| held(&error))?.ok_or_else(|| missing(id))?;
        let mut reply = shape::shown(StatusCode::ACCEPTED, self.form, &new);
        reply::put(reply.headers_mut(), LOCATION, shape::location(&new));
        reply::put_id(reply.headers_mut(), names::OPERATION, new.id);
        Ok(reply)
    }

    /// The operation that a path names, and how long is to be waited, where the caller may see it.
    async fn find(
        &self,
        trip: &Trip,
        head: &Parts,
        id: &str,
        known: &[&'static str],
    ) -> Result<(Op, Option<String>), Held> {
        let (tenant, mut query) = list::query(head, known)?;
        let tenant = self.tenant(&tenant)?;
        let own = self.own(trip);
        let id: OpId = id.parse().map_err(|_| missing(id))?;
        let found = self.ledger.engine.get(&tenant, &id).await.map_err(|error| held(&error))?;
        // What is somebody else's is answered as what is not there.
        let seen = found.filter(|op| own.is_none_or(|own| op.created_by == own));
        seen.map(|op| (op, query.remove("wait"))).ok_or_else(|| missing(&id.to_string()))
    }

    /// The tenant of this name. Who else is one is not told.
    fn tenant(&self, name: &str) -> Result<Tenant, Held> {
        let known = self.gateway.setup.tenants.contains_key(name);
        let tenant = Tenant::new(name).ok().filter(|_| known);
        tenant.ok_or_else(|| Held::new(HeldKind::NotFound, "there is no such tenant"))
    }

    /// Whose operations alone are shown, where callers have names.
    fn own<'t>(&self, trip: &'t Trip) -> Option<&'t str> {
        let caller = trip.caller.as_ref().filter(|_| !self.gateway.setup.callers.is_open());
        caller.map(|caller| &**caller.id())
    }
}

/// The revision that a caller has seen.
fn seen(headers: &HeaderMap) -> Option<Rev> {
    let tag = headers.get(IF_NONE_MATCH)?.to_str().ok()?;
    tag.trim().trim_start_matches("W/").trim_matches('"').parse().ok().map(Rev)
}

fn missing(id: &str) -> Held {
    let id: String = id.chars().take(100).collect();
    Held::new(HeldKind::NotFound, format!("there is no operation `{id}`"))
}

fn nothing(head: &Parts) -> Held {
    let path: String = head.uri.path().chars().take(200).collect();
    Held::new(HeldKind::NotFound, format!("nothing is served at {path}"))
}

fn wrong_wait() -> Held {
    Held::new(HeldKind::Malformed, "`wait` is a number of seconds, at most 60")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_operations_and_what_is_done_with_them() {
        assert_eq!(place("/operations"), Some(Place::All));
        assert_eq!(place("/operations/"), Some(Place::All));
        assert_eq!(place("/operations/a"), Some(Place::One("a")));
        assert_eq!(place("/operations/a/cancel"), Some(Place::Cancel("a")));
        assert_eq!(place("/operations/a/redrive"), Some(Place::Redrive("a")));
        assert_eq!(place("/operations/a/stop"), None);
        assert_eq!(place("/operations/a/cancel/x"), None);
        assert!(!is_asked("/operationsx") && is_asked("/operations/x"));
    }
}
