//! The body of an answer to a caller: whole, or passed on as it comes from the upstream.

use crate::call::Onward;
use crate::journey::Place;
use crate::operations::Events;
use bytes::Bytes;
use candor_facts::Fault;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use std::pin::Pin;
use std::task::{Context, Poll};
use uuid::Uuid;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// It comes from the upstream. Where it breaks off there, it breaks off here: the head is gone
    /// already, so that nothing else can be said.
    Passing(Box<Passing>),
    /// It is told as it happens, here.
    Events(Box<Events>),
}

/// A body on its way from an upstream to a caller.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) onward: Onward,
    /// The id of its call.
    pub(crate) request_id: Uuid,
    /// What the call takes up until it has passed.
    pub(crate) _place: Option<Box<Place>>,
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Self::Passing(passing) => {
                let frame = Pin::new(&mut passing.onward.flow).poll_frame(cx);
                if let Poll::Ready(Some(Err(fault))) = &frame {
                    tracing::warn!(request_id = %passing.request_id, kind = fault.kind.name(), detail = fault.detail,
                        "an answer broke off while it was passed on");
                }
                frame
            }
            Self::Events(events) => {
                events.poll_next(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Passing(passing) => passing.onward.flow.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Passing(passing) => passing.onward.flow.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
