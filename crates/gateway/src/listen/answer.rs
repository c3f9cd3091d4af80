//! One request: let in, answered, and delivered.

use super::Shared;
use super::place::Place;
use super::tls::PeerCertificate;
use crate::door::link::{Did, Link, UnderWay};
use crate::door::{Refusal, rules};
use crate::forwarded::Origin;
use crate::intake::Intake;
use crate::journey::{self, Trip};
use crate::outlive::Outliving;
use crate::passing::ReplyBody;
use crate::reply::{self, Reply};
use bytes::Bytes;
use candor_facts::{Fault, HeldKind};
use http::header::{CONNECTION, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How much of a body is given to HTTP/2 at a time. What it has been given it keeps until the caller
/// takes it, for as long as the stream lives.
const PIECE: usize = 64 * 1024;

/// What all requests of a connection share.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) worker: usize,
    pub(super) link: Rc<Link>,
    /// Why every request is refused, if it is.
    pub(super) refusal: Option<Refusal>,
    pub(super) peer: Option<PeerCertificate>,
    pub(super) origin: Origin,
    /// A call keeps the place of its connection.
    pub(super) _place: Rc<Place>,
}

/// An answer on its way.
pub(super) type Delivered = Result<Response<Delivery>, Infallible>;

impl Desk {
    /// Answers a request. A caller who hangs up ends its connection, but not the call: what may have
    /// arrived at a handler goes on to its end. A panic ends the call, nothing else.
    pub(super) fn answer(
        self: &Rc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Delivered> + use<> {
        let desk = Rc::clone(self);
        let (under_way, refusal) = self.link.arrive();
        let refusal = self.refusal.or(refusal);
        async move {
            let at_once = request.version() != Version::HTTP_2;
            let call = call(Rc::clone(&desk), request, refusal);
            let mut call = Outliving::new(call, reply::undelivered);
            let reply = poll_fn(|cx| {
                let polled = Pin::new(&mut call).poll(cx);
                if polled.is_pending() {
                    under_way.link().note(Did::Wait);
                }
                polled
            });
            let reply = reply.await;
            let reply =
                reply.unwrap_or_else(|_| reply::panicked(&desk.shared.house.load().gateway));
            let piece = if at_once { usize::MAX } else { PIECE };
            Ok(reply.map(|body| Delivery { body, rest: Bytes::new(), piece, under_way }))
        }
    }
}

async fn call(desk: Rc<Desk>, request: Request<Incoming>, refusal: Option<Refusal>) -> Reply {
    let (mut head, body) = request.into_parts();
    let mut body = Intake::new(body);
    if let Some(peer) = &desk.peer {
        head.extensions.insert(peer.clone());
    }
    let asks_first = head.headers.contains_key(EXPECT);
    let reply = reply_to(&desk, refusal, &mut head, &mut body).await;
    // Who asks first whether to send (RFC 9110, section 10.1.1) sends nothing after a refusal.
    if body.is_left() && !asks_first {
        tokio::task::spawn_local(async move {
            body.linger().await;
            drop(desk);
        });
    }
    reply
}

async fn reply_to(
    desk: &Desk,
    refusal: Option<Refusal>,
    head: &mut Parts,
    body: &mut Intake,
) -> Reply {
    let house = desk.shared.house.load_full();
    let gateway = &house.gateway;
    if gateway.setup.routes.tell_who_calls() {
        head.extensions.insert(desk.origin);
    }
    let admitted = match refusal {
        Some(refusal) => Err(refusal.held()),
        None => rules::admit(head),
    };
    match admitted {
        Ok(()) => journey::answer(gateway, house.client(desk.worker), head, body).await,
        Err(held) => {
            let trip = Trip::nameless(&gateway.setup.limits);
            closing(reply::held(gateway, &trip, &held), head.version)
        }
    }
}

/// After a request that is refused at the door nothing more is read of its connection.
fn closing(mut reply: Reply, version: Version) -> Reply {
    // HTTP/2 has no such field (RFC 9113, section 8.2.2), and knows streams apart.
    if version != Version::HTTP_2 {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

/// The body of an answer while it is delivered.
pub(super) struct Delivery {
    body: ReplyBody,
    /// What was taken of it and not given yet.
    rest: Bytes,
    /// How much is given at a time.
    piece: usize,
    under_way: UnderWay,
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.rest.is_empty() {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Pending => {
                    self.under_way.link().note(Did::Wait);
                    return Poll::Pending;
                }
                ended @ Poll::Ready(_) => return ended,
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        self.under_way.link().note(Did::Move);
        let count = self.piece.min(self.rest.len());
        let piece = self.rest.split_to(count);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        // The upper bound first: it must not lie below the lower one.
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(body.lower().saturating_add(rest));
        hint
    }
}

// === refusals of whole connections ===

/// The operator's bound is near: whoever comes later is put off while there still is room to say so.
pub(super) const SCARCE: Refusal = Refusal::new(
    HeldKind::Shed,
    "there are nearly as many connections as are kept; come again later",
);
/// Plain HTTP on a port for TLS.
pub(super) const WRONG_PORT: Refusal =
    Refusal::new(HeldKind::Malformed, "this port speaks HTTPS: use `https://`");
