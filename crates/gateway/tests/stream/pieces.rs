//! Bodies cut from one block of noise, and how they are told apart.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::str::FromStr;
use std::sync::LazyLock;
use std::task::{self, Poll};

/// The block, which begins anew at its end.
static NOISE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut noise = vec![0; 17 << 20];
    fastrand::Rng::with_seed(1).fill(&mut noise);
    noise.into()
});

/// A body: where it starts in the noise, how long it is, how large its pieces are, and whether its
/// length is told. Written `at-length-piece-told`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) at: usize,
    pub(crate) left: u64,
    pub(crate) piece: usize,
    pub(crate) told: bool,
}

/// What somebody read: its length and its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) length: u64,
    pub(crate) hash: String,
}

impl Pieces {
    pub(crate) fn none() -> Self {
        Self { at: 0, left: 0, piece: 1, told: true }
    }

    /// A body of this length from somewhere, in pieces of some size, framed in one way or the other.
    pub(crate) fn some(length: u64, random: &mut fastrand::Rng) -> Self {
        let piece = 1 << random.u32(10..20);
        Self { at: random.usize(..NOISE.len()), left: length, piece, told: random.bool() }
    }

    fn next(&mut self) -> Bytes {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let end = NOISE.len().min(self.at + self.piece.min(left));
        let piece = NOISE.slice(self.at..end);
        self.at = end % NOISE.len();
        self.left -= piece.len() as u64;
        piece
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let more = self.left > 0;
        Poll::Ready(more.then(|| Ok(Frame::data(self.next()))))
    }

    fn is_end_stream(&self) -> bool {
        self.told && self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.told { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.at, self.left, self.piece, self.told)
    }
}

impl FromStr for Pieces {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(());
        Ok(Self {
            at: part()?.parse().map_err(drop)?,
            left: part()?.parse().map_err(drop)?,
            piece: part()?.parse().map_err(drop)?,
            told: part()?.parse().map_err(drop)?,
        })
    }
}

/// Reads a body to its end.
pub(crate) async fn read<B>(body: B) -> Result<Whole, B::Error>
where
    B: Body<Data = Bytes>,
{
    let (mut body, mut hash, mut length) = (pin!(body), Context::new(&SHA256), 0);
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(data) = frame.into_data() {
            hash.update(&data);
            length += data.len() as u64;
        }
    }
    Ok(Whole { length, hash: STANDARD.encode(hash.finish()) })
}
