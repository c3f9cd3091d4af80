//! One request and its answer, on one HTTP/1.1 connection; what both versions share of it.

use crate::body::Floor;
use crate::cause;
use crate::message::{Outbound, Timeouts};
use crate::pool::Connection;
use crate::sent::{Flood, Payload};
use crate::tls;
use crate::upload::{Late, Supervised, Upload};
use candor_facts::{Fault, FaultKind, Sent};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The bounds of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) timeouts: Timeouts,
    deadline: Instant,
    pub(crate) body_limit: usize,
    pub(crate) body_floor: Option<Floor>,
}

/// Why there is no answer.
pub(crate) enum Trouble {
    /// The connection was closed before anything was sent; the request comes back.
    Unsent(Box<Request<Upload>>, Fault),
    /// It failed.
    Fault(Fault),
}

impl Call {
    pub(crate) fn of(request: &Outbound, deadline: Instant) -> Self {
        Self {
            timeouts: request.timeouts,
            deadline,
            body_limit: request.body_limit,
            body_floor: request.body_floor,
        }
    }

    /// The end of a phase that begins now.
    pub(crate) fn until(&self, phase: Duration) -> Instant {
        self.deadline.min(Instant::now() + phase)
    }

    /// The end of a phase that began then.
    pub(crate) fn until_after(&self, began: Instant, phase: Duration) -> Instant {
        self.deadline.min(began + phase)
    }

    /// The same call with so much more time: what passing on an upload took is not counted.
    pub(crate) fn later(&self, by: Duration) -> Self {
        Self { deadline: self.deadline + by, ..*self }
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Trouble {
    /// Whether no further call should be made on a shared connection that gave this trouble.
    pub(crate) fn ends_the_connection(&self) -> bool {
        match self {
            Self::Unsent(..) => true,
            Self::Fault(fault) => fault.kind == FaultKind::GoneAway,
        }
    }
}

/// Sends the request and waits for the answer's head.
pub(crate) async fn head(
    connection: &mut Connection,
    request: Request<Payload>,
    upload: Option<&Supervised>,
    call: &Call,
    until: Instant,
) -> Result<Response<Incoming>, Trouble> {
    let Connection { sender, meter, .. } = connection;
    // Pinned here, so that it is not moved into what bounds it.
    let exchange = pin!(async move {
        if let Err(error) = sender.ready().await {
            return Err((error, Some(request)));
        }
        sender.try_send_request(request).await.map_err(|mut failed| {
            let request = failed.take_message();
            (failed.into_error(), request)
        })
    });
    match in_time(exchange, upload, call, until).await {
        Ok(Ok(response)) => {
            meter.headed();
            unambiguous(response).map_err(|words| malformed(words, meter.seal()))
        }
        Ok(Err((error, request))) => Err(broken(&error, request, upload, meter.seal())),
        Err(whose) => Err(Trouble::Fault(too_late(whose, meter.seal()))),
    }
}

/// Waits for an answer until then. Where an upload is passed on, its time begins at the upload's end.
pub(crate) async fn in_time<T>(
    answer: impl Future<Output = T>,
    upload: Option<&Supervised>,
    call: &Call,
    until: Instant,
) -> Result<T, Late> {
    match upload {
        None => timeout_at(until, answer).await.map_err(|_| Late::Upstream),
        // The rare and larger half is boxed, so that the common half stays small.
        Some(upload) => Box::pin(upload.wait(answer, call)).await,
    }
}

/// Refuses heads that others on the way may have read differently: chunks and a length together
/// (RFC 9112, section 6.1), and a switch to a protocol that was not asked for (RFC 9110, section
/// 15.2.2), after which nothing is HTTP any more.
fn unambiguous<B>(response: Response<B>) -> Result<Response<B>, &'static str> {
    let headers = response.headers();
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        Err("the head has both Transfer-Encoding and Content-Length")
    } else if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        Err("the peer switched protocols without having been asked to")
    } else {
        Ok(response)
    }
}

fn malformed(words: &str, sent: Sent) -> Trouble {
    Trouble::Fault(Fault::new(FaultKind::HeadMalformed, sent, words))
}

// === what went wrong ===

/// The connection ended, or what came is not an answer, or the caller's own body broke off.
fn broken(
    error: &hyper::Error,
    request: Option<Request<Payload>>,
    upload: Option<&Supervised>,
    sent: Sent,
) -> Trouble {
    if let Some(fault) = upload.and_then(|upload| upload.failure(sent)) {
        return Trouble::Fault(fault);
    }
    let fault = Fault::new(head_kind(error, sent), sent, cause::words(error));
    let begun = upload.is_some_and(Supervised::is_begun);
    match request {
        Some(request) if sent == Sent::Nothing && !begun => {
            Trouble::Unsent(Box::new(request.map(Payload::into_upload)), fault)
        }
        Some(_) | None => Trouble::Fault(fault),
    }
}

fn head_kind(error: &hyper::Error, sent: Sent) -> FaultKind {
    if let Some(kind) = tls::fault(error) {
        kind
    } else if error.is_parse_too_large() || cause::find::<Flood>(error).is_some() {
        FaultKind::HeadTooLarge
    } else if error.is_parse() || spoke_unasked(error) {
        FaultKind::HeadMalformed
    } else if sent == Sent::All {
        FaultKind::HeadClosed
    } else {
        FaultKind::SendBroken
    }
}

/// Whether the peer spoke before it was asked, as servers of other protocols do. The HTTP library
/// has no question for it; it is the one error of its own that cancels a request without being
/// about the end of the connection.
fn spoke_unasked(error: &hyper::Error) -> bool {
    let reason = std::error::Error::source(error).and_then(|e| e.downcast_ref::<hyper::Error>());
    error.is_canceled()
        && reason.is_some_and(|reason| {
            !reason.is_incomplete_message()
                && !reason.is_closed()
                && cause::find::<std::io::Error>(reason).is_none()
        })
}

/// The time was up while sending, or while waiting for the head.
pub(crate) fn too_late(whose: Late, sent: Sent) -> Fault {
    match (whose, sent) {
        (Late::Caller, _) => {
            Fault::new(FaultKind::UploadTimedOut, sent, "the caller's body stopped coming")
        }
        (Late::Upstream, Sent::All) => {
            Fault::new(FaultKind::HeadTimedOut, sent, "no answer in time")
        }
        (Late::Upstream, Sent::Nothing | Sent::Part) => {
            Fault::new(FaultKind::SendTimedOut, sent, "the request was not sent in time")
        }
    }
}
