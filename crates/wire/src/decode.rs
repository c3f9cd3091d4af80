//! Bodies, decoded of their content codings (RFC 9110, section 8.4), for reading only.
//!
//! The only file that names a compression library. What is passed on stays as it was sent; this is
//! for whoever must look inside. Memory is bounded however large the body says to be.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use candor_facts::FaultKind;
use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::{HeaderMap, header};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, Read};

/// The bounds of a decoded body.
#[derive(Debug, Clone, Copy)]
pub struct DecodeLimit {
    /// The most bytes that it may have: 8 MiB.
    pub bytes: usize,
    /// How many times larger than the coded body it may be: 100. Bodies of up to 64 KiB are
    /// exempt, for a short text of few words compresses better than that without being a bomb.
    pub ratio: usize,
}

/// Why a body was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is larger than its bound.
    #[error("the decoded body is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// It has a coding that is not known here.
    #[error("the content coding is not one of gzip, deflate, br and zstd")]
    UnknownCoding,
    /// It was coded more than twice.
    #[error("the body has more than {MOST_CODINGS} content codings")]
    TooDeep,
    /// It is not what its coding says, or ends too early.
    #[error("the body is not {coding} as it says")]
    Malformed {
        /// The coding.
        coding: &'static str,
        /// What the decoder said, where it said something.
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something follows its end. Whoever does not mind finds the decoded body here.
    #[error("{extra} bytes follow the end of the coded body")]
    Trailing {
        /// How many bytes follow.
        extra: usize,
        /// The body up to there, decoded.
        body: Bytes,
    },
}

/// How often a body may have been coded.
const MOST_CODINGS: usize = 2;

/// Up to this size the ratio is not looked at.
const SMALL: usize = 64 * 1024;

/// The largest window of Zstandard as a content coding (RFC 9659, section 3).
const ZSTD_WINDOW: u64 = 8 * 1024 * 1024;

/// How many members or frames may follow each other: each costs a decoder's setting up, however
/// little is in it.
const MOST_PARTS: usize = 1024;

/// How much is decoded at a time.
const PIECE: usize = 16 * 1024;

impl Default for DecodeLimit {
    fn default() -> Self {
        Self { bytes: 8 * 1024 * 1024, ratio: 100 }
    }
}

impl DecodeError {
    /// The fault that this is, where the body is an answer's.
    pub fn fault(&self) -> FaultKind {
        match self {
            Self::TooLarge { .. } => FaultKind::BodyTooLarge,
            Self::UnknownCoding
            | Self::TooDeep
            | Self::Malformed { .. }
            | Self::Trailing { .. } => FaultKind::BodyMalformed,
        }
    }
}

/// Undoes the content codings that `headers` name, last first. A body without codings, and an
/// empty one, is returned as the same bytes.
///
/// Takes time in proportion to what comes out; memory is that, twice at most while it grows, and
/// the window of the coding (16 MiB for Brotli, 8 MiB for Zstandard).
///
/// # Errors
/// See [`DecodeError`]; nothing is decoded beyond `limit`.
pub fn decode(headers: &HeaderMap, body: &Bytes, limit: DecodeLimit) -> Result<Bytes, DecodeError> {
    let codings = codings(headers)?;
    if body.is_empty() {
        return Ok(body.clone());
    }
    let room = body.len().saturating_mul(limit.ratio).max(SMALL).min(limit.bytes);
    let mut decoded = body.clone();
    for coding in codings.iter().rev() {
        decoded = undo(*coding, &decoded, room)?;
    }
    Ok(decoded)
}

/// The beginning of a body whose own beginning is `begun`, without the content codings that
/// `headers` name: what can be told of it so far, up to 64 KiB. Empty where that is nothing yet, as
/// with Zstandard before its first block is whole, and where `begun` is not what its coding says.
///
/// # Errors
/// A coding is unknown, or there are too many.
pub fn beginning(headers: &HeaderMap, begun: &Bytes) -> Result<Bytes, DecodeError> {
    let codings = codings(headers)?;
    Ok(codings.iter().rev().fold(begun.clone(), |begun, coding| undo_so_far(*coding, &begun)))
}

// === codings ===

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of this name; `None` for `identity`, which changes nothing.
    fn named(name: &str) -> Result<Option<Self>, DecodeError> {
        let names: [(&str, Option<Self>); 6] = [
            ("identity", None),
            ("gzip", Some(Self::Gzip)),
            ("x-gzip", Some(Self::Gzip)),
            ("deflate", Some(Self::Deflate)),
            ("br", Some(Self::Brotli)),
            ("zstd", Some(Self::Zstd)),
        ];
        let found = names.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, coding)| coding).ok_or(DecodeError::UnknownCoding)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// The codings in the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, DecodeError> {
    let mut found = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let list = value.to_str().map_err(|_| DecodeError::UnknownCoding)?;
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            found.extend(Coding::named(name)?);
        }
    }
    if found.len() > MOST_CODINGS { Err(DecodeError::TooDeep) } else { Ok(found) }
}

fn undo(coding: Coding, body: &[u8], room: usize) -> Result<Bytes, DecodeError> {
    let mut out = Out { bytes: Vec::new(), room };
    let ended = match coding {
        Coding::Gzip => gzip(body, &mut out),
        Coding::Deflate => deflate(body, &mut out),
        Coding::Brotli => brotli(body, &mut out),
        Coding::Zstd => zstd(body, &mut out),
    };
    let decoded = Bytes::from(out.bytes);
    match ended {
        Ok(0) => Ok(decoded),
        Ok(extra) => Err(DecodeError::Trailing { extra, body: decoded }),
        Err(Stop::Full) => Err(DecodeError::TooLarge { limit: room }),
        Err(Stop::Wrong(cause)) => Err(DecodeError::Malformed { coding: coding.name(), cause }),
    }
}

/// What comes out before the body stops; that it stops is expected.
fn undo_so_far(coding: Coding, begun: &[u8]) -> Bytes {
    let mut out = Out { bytes: Vec::new(), room: SMALL };
    let stopped = match coding {
        Coding::Gzip => gzip(begun, &mut out),
        Coding::Deflate => inflate(begun, is_zlib(begun), &mut out),
        Coding::Brotli => brotli(begun, &mut out),
        Coding::Zstd => zstd(begun, &mut out),
    };
    drop(stopped);
    out.bytes.into()
}

/// What has been decoded, and how much it may become.
struct Out {
    bytes: Vec<u8>,
    room: usize,
}

/// Why a decoder stopped before the end.
enum Stop {
    Full,
    Wrong(Option<Box<dyn std::error::Error + Send + Sync>>),
}

impl Out {
    fn push(&mut self, piece: &[u8]) -> Result<(), Stop> {
        if piece.len() > self.room.saturating_sub(self.bytes.len()) {
            return Err(Stop::Full);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn take_all(&mut self, mut reader: impl Read) -> Result<(), Stop> {
        let mut piece = [0; PIECE];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => self.push(piece.get(..count).unwrap_or_default())?,
                Err(error) => return Err(wrong(error)),
            }
        }
    }
}

fn wrong(cause: impl std::error::Error + Send + Sync + 'static) -> Stop {
    Stop::Wrong(Some(Box::new(cause)))
}

// === the decoders: each returns how many bytes follow the end ===

/// One member after another (RFC 1952, section 2.2).
fn gzip(mut body: &[u8], out: &mut Out) -> Result<usize, Stop> {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    for _ in 0..MOST_PARTS {
        let mut member = GzDecoder::new(body);
        out.take_all(&mut member)?;
        body = member.into_inner();
        if !body.starts_with(&MAGIC) {
            return Ok(body.len());
        }
    }
    Err(Stop::Wrong(None))
}

/// By the standard a zlib stream (RFC 9110, section 8.4.1.2); some servers send a bare deflate
/// stream, which can look like the other by chance.
fn deflate(body: &[u8], out: &mut Out) -> Result<usize, Stop> {
    let as_zlib = if is_zlib(body) { inflate(body, true, out) } else { Err(Stop::Wrong(None)) };
    match as_zlib {
        Err(Stop::Wrong(_)) => {
            out.bytes.clear();
            inflate(body, false, out)
        }
        ended => ended,
    }
}

/// RFC 1950, section 2.2: the method, and a check over the first two bytes.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn inflate(mut body: &[u8], zlib: bool, out: &mut Out) -> Result<usize, Stop> {
    let mut decoder = Decompress::new(zlib);
    let mut piece = [0; PIECE];
    loop {
        let (read, written) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(body, &mut piece, FlushDecompress::None).map_err(wrong)?;
        let read = usize::try_from(decoder.total_in() - read).unwrap_or(usize::MAX);
        let written = usize::try_from(decoder.total_out() - written).unwrap_or(usize::MAX);
        out.push(piece.get(..written).unwrap_or_default())?;
        body = body.get(read..).unwrap_or_default();
        match status {
            Status::StreamEnd => return Ok(body.len()),
            Status::Ok | Status::BufError if read == 0 && written == 0 => return Err(cut()),
            Status::Ok | Status::BufError => {}
        }
    }
}

/// Without the large windows that RFC 9841 adds: those are no content coding.
fn brotli(body: &[u8], out: &mut Out) -> Result<usize, Stop> {
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let mut piece = [0; PIECE];
    let (mut left, mut read, mut total) = (body.len(), 0, 0);
    loop {
        let (mut free, mut written) = (PIECE, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            body,
            &mut free,
            &mut written,
            &mut piece,
            &mut total,
            &mut state,
        );
        out.push(piece.get(..written).unwrap_or_default())?;
        match result {
            BrotliResult::ResultSuccess => return Ok(left),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput => return Err(cut()),
            BrotliResult::ResultFailure => return Err(Stop::Wrong(None)),
        }
    }
}

/// One frame after another; skippable ones are skipped (RFC 8878, section 3.1).
fn zstd(mut body: &[u8], out: &mut Out) -> Result<usize, Stop> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(ZSTD_WINDOW);
    for frames in 0..MOST_PARTS {
        if body.is_empty() {
            return Ok(0);
        }
        let before = body;
        match decoder.init(&mut body) {
            Ok(()) => frame(&mut decoder, &mut body, out)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                body = body.get(length..).ok_or_else(cut)?;
            }
            Err(FrameDecoderError::ReadFrameHeaderError(_)) if frames > 0 => {
                return Ok(before.len());
            }
            Err(error) => return Err(wrong(error)),
        }
    }
    Err(Stop::Wrong(None))
}

fn frame(decoder: &mut FrameDecoder, body: &mut &[u8], out: &mut Out) -> Result<(), Stop> {
    while !decoder.is_finished() {
        decoder.decode_blocks(&mut *body, BlockDecodingStrategy::UptoBlocks(1)).map_err(wrong)?;
        out.take_all(&mut *decoder)?;
    }
    out.take_all(&mut *decoder)?;
    match decoder.get_checksum_from_data() {
        Some(stated) if decoder.get_calculated_checksum() != Some(stated) => Err(Stop::Wrong(None)),
        Some(_) | None => Ok(()),
    }
}

fn cut() -> Stop {
    wrong(io::Error::from(io::ErrorKind::UnexpectedEof))
}

#[cfg(test)]
mod tests;
