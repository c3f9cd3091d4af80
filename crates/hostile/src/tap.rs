//! What the HTTP/2 library may see of a connection: everything, up to a stream that is not taken.
//!
//! The library takes each stream that it reads. To go away before a stream was taken, its head must
//! be kept from the library; so the frames are walked here (RFC 9113, section 4.1), and each new
//! stream asks for its turn.

use crate::line::{Line, Socket};
use crate::server::Cursor;
use crate::streams::{StreamTurn, Takes};
use bytes::{Buf, BytesMut};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

/// The client's first bytes (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// The head of a frame.
const FRAME: usize = 9;
/// The type `HEADERS`.
const HEADERS: u8 = 1;

/// The turns of the streams that were let through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<u32, Option<StreamTurn>>>>);

impl Turns {
    pub(crate) fn take(&self, stream: u32) -> Option<StreamTurn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&stream).flatten()
    }

    fn put(&self, stream: u32, turn: Option<StreamTurn>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream, turn);
    }
}

/// The connection as the library sees it.
pub(crate) struct Tap<S> {
    line: Line<S>,
    script: Cursor<StreamTurn>,
    turns: Turns,
    withheld: mpsc::UnboundedSender<(u32, StreamTurn)>,
    /// Read, and not judged yet.
    raw: BytesMut,
    /// Judged, and not read by the library yet.
    passed: BytesMut,
    /// What of the current frame, or of the preface, is still to come.
    left: usize,
    last_stream: u32,
    blocked: bool,
}

impl<S: Socket> Tap<S> {
    /// Tells `withheld` of the stream that is not taken; nothing is read after it.
    pub(crate) fn new(
        line: Line<S>,
        script: Cursor<StreamTurn>,
        turns: Turns,
        withheld: mpsc::UnboundedSender<(u32, StreamTurn)>,
    ) -> Self {
        let (raw, passed) = (BytesMut::new(), BytesMut::new());
        let (left, last_stream, blocked) = (PREFACE, 0, false);
        Self { line, script, turns, withheld, raw, passed, left, last_stream, blocked }
    }

    /// Lets through what may be seen of what was read.
    fn judge(&mut self) {
        while !self.blocked && !self.raw.is_empty() {
            if self.left == 0 {
                let Some(head) = self.raw.first_chunk::<FRAME>() else { return };
                let [length @ .., kind, _, _, _, _, _] = *head;
                let [.., id1, id2, id3, id4] = *head;
                let stream = u32::from_be_bytes([id1, id2, id3, id4]) & 0x7fff_ffff;
                if kind == HEADERS && stream > self.last_stream && !self.opens(stream) {
                    self.blocked = true;
                    return;
                }
                self.left =
                    FRAME + length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            }
            let now = self.left.min(self.raw.len());
            self.left -= now;
            self.passed.extend_from_slice(&self.raw.split_to(now));
        }
    }

    /// Takes the turn of a new stream; whether it may be seen.
    fn opens(&mut self, stream: u32) -> bool {
        self.last_stream = stream;
        match self.script.next() {
            Some(turn) if turn.takes == Takes::Nothing => {
                // Whoever has ended needs no telling.
                drop(self.withheld.send((stream, turn)));
                false
            }
            turn => {
                self.turns.put(stream, turn);
                true
            }
        }
    }

    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; 16 * 1024];
        let mut buffer = ReadBuf::new(&mut piece);
        std::task::ready!(Pin::new(&mut self.line).poll_read(cx, &mut buffer))?;
        self.raw.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: Socket> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.passed.is_empty() {
            if self.blocked {
                // Nothing more comes; the connection is ended by whoever was told.
                return Poll::Pending;
            }
            if std::task::ready!(self.fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
            self.judge();
        }
        let count = self.passed.len().min(into.remaining());
        into.put_slice(self.passed.get(..count).unwrap_or_default());
        self.passed.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(cx)
    }
}
