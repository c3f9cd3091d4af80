//! Reading a body that has bounds.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is larger than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It broke off, or is framed wrongly.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

/// The whole of a body of at most `most` bytes.
pub(super) async fn read(mut body: Incoming, most: usize) -> Result<Bytes, BodyError> {
    let mut whole = BytesMut::new();
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLarge(most));
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(BodyError::Broken)?;
        whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if whole.len() > most {
            return Err(BodyError::TooLarge(most));
        }
    }
    Ok(whole.freeze())
}
