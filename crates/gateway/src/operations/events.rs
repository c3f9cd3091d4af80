//! An operation as it happens: server-sent events (HTML Living Standard, 9.2), one for each change.
//!
//! An event's id is the operation's revision, so that a client that lost its connection goes on where
//! it was (`Last-Event-ID`). The stream ends with the operation.

use super::ledger::Ledger;
use super::shape::Form;
use crate::journey::Place;
use crate::passing::ReplyBody;
use crate::reply::Reply;
use bytes::Bytes;
use candor_ledger::{Op, Rev};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// The media type of events.
const EVENTS: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How often something is said where nothing happens, so that nobody on the way closes the connection.
const BEAT: Duration = Duration::from_secs(10);
/// How many events may wait for a client that is slow.
const WAITING: usize = 4;

/// The body of an answer that tells events as they happen.
#[derive(Debug)]
pub(crate) struct Events {
    told: mpsc::Receiver<Bytes>,
    /// What the call takes up for as long as it listens.
    _place: Option<Box<Place>>,
}

impl Events {
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.told.poll_recv(cx)
    }
}

/// Whether a client asks for events.
pub(super) fn are_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = accept.flat_map(|value| value.split(','));
    ranges.any(|range| {
        let media = range.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case(EVENTS)
    })
}

/// The revision that a client has seen.
fn seen(headers: &HeaderMap) -> Option<Rev> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok().map(Rev)
}

/// The answer that tells of an operation from `op` on.
pub(super) fn reply(
    ledger: &Arc<Ledger>,
    form: Form,
    headers: &HeaderMap,
    op: Op,
    place: Option<Box<Place>>,
) -> Reply {
    let (tell, told) = mpsc::channel(WAITING);
    let told_before = seen(headers).is_some_and(|seen| seen >= op.rev);
    tokio::task::spawn_local(follow(Arc::clone(ledger), form, op, told_before, tell));
    let events = Events { told, _place: place };
    let mut reply = Response::new(ReplyBody::Events(Box::new(events)));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Tells of every change until the operation has ended, or nobody listens.
async fn follow(
    ledger: Arc<Ledger>,
    form: Form,
    mut op: Op,
    mut told_before: bool,
    tell: mpsc::Sender<Bytes>,
) {
    loop {
        if !told_before && tell.send(event(form, &op)).await.is_err() {
            return;
        }
        if op.state.is_final() {
            return;
        }
        let wait = candor_ledger::wait(&*ledger.engine, &op.tenant, &op.id, Some(op.rev), BEAT);
        let next = tokio::select! {
            next = wait => next,
            () = ledger.closed() => return,
            () = tell.closed() => return,
        };
        told_before = match next {
            // Deleted meanwhile.
            Ok(None) => return,
            Ok(Some(next)) => {
                let same = next.rev == op.rev;
                op = next;
                same
            }
            Err(_) => {
                tokio::time::sleep(BEAT / 10).await;
                true
            }
        };
        if told_before && tell.send(Bytes::from_static(b": nothing new\n\n")).await.is_err() {
            return;
        }
    }
}

fn event(form: Form, op: &Op) -> Bytes {
    // JSON has no line breaks where it is written without blanks.
    let name = if op.state.is_final() { "ended" } else { "changed" };
    format!("event: {name}\nid: {}\ndata: {}\n\n", op.rev.0, form.one(op)).into()
}
