//! Reading a body that has bounds.

use crate::stage::Body;
use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// How much of a body that is too large is still taken in and thrown away, so that the sender gets
/// to the answer, in bytes.
const DRAINED: usize = 64 * 1024 * 1024;

/// The body, if it has at most `most` bytes.
pub(crate) async fn read(mut body: Incoming, most: usize) -> Body {
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Broken };
        let data = frame.data_ref().map_or(&[][..], |data| data);
        length += data.len();
        if length > DRAINED {
            break;
        }
        if length <= most {
            whole.extend_from_slice(data);
        }
    }
    if length > most { Body::TooLarge } else { Body::Whole(whole.freeze()) }
}
