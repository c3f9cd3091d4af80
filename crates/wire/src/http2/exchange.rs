//! One request and its answer, on one stream.

use super::cause::{self, Cause};
use super::payload::{Paced, Progress};
use super::{Multiplexed, NoSlot, Slot};
use crate::arriving::{Arriving, Source};
use crate::client::HeadLimits;
use crate::exchange::{Call, Trouble, in_time, too_late};
use crate::message::Timing;
use crate::upload::{Supervised, Upload};
use bytes::Bytes;
use candor_facts::{Fault, FaultKind, Sent};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// Sends `request` and waits for the answer's head. Whatever is given up is cancelled on its stream,
/// and the other calls on the connection do not notice.
pub(crate) async fn run(
    connection: &Arc<Multiplexed>,
    request: Request<Upload>,
    call: &Call,
    mut timing: Timing,
) -> Result<Arriving, Trouble> {
    let started = Instant::now();
    let until = call.until_after(started, call.timeouts.head);
    let slot = match connection.slot(until).await {
        Ok(slot) => Some(slot),
        Err(none) => return Err(without_slot(none, request)),
    };
    let (parts, body) = request.into_parts();
    let (content, upload) = body.set_out();
    let (body, progress) = Paced::new(content);
    let request = Request::from_parts(parts, body);
    let response = head(connection, request, &progress, upload.as_ref(), call, until).await?;
    let headed = Instant::now();
    timing.upload = upload.as_ref().map(Supervised::took).unwrap_or_default();
    timing.head = headed.duration_since(started).saturating_sub(timing.upload);
    let (parts, incoming) = response.into_parts();
    let (body, connection) = (Whole(incoming), Arc::clone(connection));
    let incomplete = Box::new(Incomplete { body, slot, connection, progress });
    Ok(Arriving::new(parts, Source::Shared(incomplete), upload, call, headed, timing))
}

async fn head(
    connection: &Multiplexed,
    request: Request<Paced>,
    progress: &Arc<Progress>,
    upload: Option<&Supervised>,
    call: &Call,
    until: Instant,
) -> Result<Response<Incoming>, Trouble> {
    let exchange = connection.sender.clone().try_send_request(request);
    match in_time(exchange, upload, call, until).await {
        Ok(Ok(response)) => bounded(response, connection.head, progress.sent()),
        Ok(Err(mut failed)) => {
            let request = failed.take_message();
            Err(broken(connection, &failed.into_error(), request, upload, progress.sent()))
        }
        Err(whose) => Err(Trouble::Fault(too_late(whose, progress.sent()))),
    }
}

// === the bounds of a head ===

/// What the peer is told to be the largest header list. More than the bound, so that a head that is
/// too large can be told from a malformed one: what is larger still, the HTTP/2 layer refuses in
/// the same words as any other breach.
pub(super) fn told_header_list(head: HeadLimits) -> u32 {
    u32::try_from(head.bytes.saturating_mul(4)).unwrap_or(u32::MAX)
}

fn bounded(
    response: Response<Incoming>,
    limits: HeadLimits,
    sent: Sent,
) -> Result<Response<Incoming>, Trouble> {
    let headers = response.headers();
    if headers.len() <= limits.fields && list_size(headers) <= limits.bytes {
        return Ok(response);
    }
    let words = format!("the head has {} fields, {} bytes", headers.len(), list_size(headers));
    Err(Trouble::Fault(Fault::new(FaultKind::HeadTooLarge, sent, words)))
}

/// The size of a header list: each field counts 32 bytes more than its text (RFC 9113, section
/// 6.5.2).
fn list_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

// === what went wrong ===

fn without_slot(none: NoSlot, request: Request<Upload>) -> Trouble {
    let fault = |kind, words| Fault::new(kind, Sent::Nothing, words);
    match none {
        NoSlot::Closed => {
            let words = "the connection ended before the request was handed to it";
            Trouble::Unsent(Box::new(request), fault(FaultKind::SendBroken, words))
        }
        NoSlot::Late => {
            let words = "all streams of the connection were taken";
            Trouble::Fault(fault(FaultKind::SendTimedOut, words))
        }
    }
}

/// The stream or the connection ended. A request that comes back was never handed over.
fn broken(
    connection: &Multiplexed,
    error: &hyper::Error,
    request: Option<Request<Paced>>,
    upload: Option<&Supervised>,
    sent: Sent,
) -> Trouble {
    let sent = if request.is_some() { Sent::Nothing } else { sent };
    if let Some(fault) = upload.and_then(|upload| upload.failure(sent)) {
        return Trouble::Fault(fault);
    }
    let tls = connection.tls_fault.get().copied();
    let kind = tls.unwrap_or_else(|| head_kind(cause::cause(error), sent));
    let fault = Fault::new(kind, sent, crate::cause::words(error));
    match request {
        Some(request) => Trouble::Unsent(Box::new(request.map(Paced::into_upload)), fault),
        None => Trouble::Fault(fault),
    }
}

fn head_kind(cause: Cause, sent: Sent) -> FaultKind {
    match (cause, sent) {
        (Cause::Refused, _) => FaultKind::StreamRefused,
        (Cause::GoneAway, _) => FaultKind::GoneAway,
        (Cause::Misspoken, _) => FaultKind::HeadMalformed,
        (Cause::Ended, Sent::All) => FaultKind::HeadClosed,
        (Cause::Ended, Sent::Nothing | Sent::Part) => FaultKind::SendBroken,
    }
}

// === the answer's body ===

/// An answer whose body is on its way, with the stream that it holds.
#[derive(Debug)]
pub(crate) struct Incomplete {
    body: Whole,
    slot: Option<Slot>,
    connection: Arc<Multiplexed>,
    progress: Arc<Progress>,
}

impl Incomplete {
    /// The rest of the body.
    pub(crate) fn body(&mut self) -> &mut (impl Body<Data = Bytes, Error = BodyError> + Unpin) {
        &mut self.body
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    /// The stream is free for another call.
    pub(crate) fn release(&mut self) {
        self.slot = None;
    }

    /// How much of the request may have left.
    pub(crate) fn sent(&self) -> Sent {
        self.progress.sent()
    }

    /// A fault of the body; where TLS ended the connection, it is that.
    pub(crate) fn explained(&self, fault: Fault) -> Fault {
        let kind = self.connection.tls_fault.get().copied().unwrap_or(fault.kind);
        Fault { kind, ..fault }
    }
}

/// A body that has ended only where the peer said so. The HTTP layer takes a reset without an error
/// for an end, but a peer may send one only after the end (RFC 9113, section 8.1).
#[derive(Debug)]
struct Whole(Incoming);

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("the stream was reset, without an error, before the body's end")]
    Reset,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        Poll::Ready(match frame {
            None if !self.0.is_end_stream() => Some(Err(BodyError::Reset)),
            None => None,
            Some(frame) => Some(frame.map_err(BodyError::Http)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
