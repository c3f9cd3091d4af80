//! What ended a stream, told by type. The only file that names the HTTP/2 library.

use crate::cause;
use h2::{Error as Http2Error, Reason};
use std::error::Error;

/// What makes the HTTP layer cancel a stream, where it is the cause of a body's error.
pub(crate) type Cancelled = Http2Error;

/// A stream that is not needed any more (RFC 9113, section 7, CANCEL).
pub(crate) fn cancelled() -> Cancelled {
    Reason::CANCEL.into()
}

/// What ended a stream before its answer was whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The peer reset the stream, saying that it had not acted on it (RFC 9113, section 8.7).
    Refused,
    /// The peer is going away and did not take the stream (RFC 9113, section 6.8). The library
    /// gives this reason only to streams above the last one that the peer took, and to those that
    /// were never begun.
    GoneAway,
    /// What the peer sent is not HTTP/2.
    Misspoken,
    /// Anything else: another reset, or the end of the connection.
    Ended,
}

/// The cause among those of `error`.
pub(super) fn cause(error: &(dyn Error + 'static)) -> Cause {
    let Some(error) = cause::find::<Http2Error>(error) else { return Cause::Ended };
    let remote = error.is_remote();
    if remote && error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM) {
        Cause::Refused
    } else if remote && error.is_go_away() {
        Cause::GoneAway
    } else if error.is_library() {
        Cause::Misspoken
    } else {
        Cause::Ended
    }
}

/// Whether the library found that the peer broke the protocol.
pub(crate) fn is_misspoken(error: &(dyn Error + 'static)) -> bool {
    cause(error) == Cause::Misspoken
}
